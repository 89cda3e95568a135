"""The commands of docs/, run as a person would paste them: in one shell, page after page.

shell = Shell(environment)
shell.run(commands(page))       # each fenced `sh` block of the page; what it printed
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

from tests import aws_cli
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

# The AWS CLI of version 1 asks SQS at its own address whatever AWS_ENDPOINT_URL says. docs/README.md has the same line.
EVERY_SERVICE = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'


def environment() -> dict[str, str]:
    """The variables of a new terminal: none of AWS's or the lake's, and the AWS CLI of this Python's environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAKE_"))}
    programs = (str(aws_cli.folder()), str(Path(sys.executable).parent), os.environ["PATH"])
    return kept | {"AWS_PAGER": "", "PATH": os.pathsep.join(programs)}


class CommandFailedError(AssertionError):
    """A command of a page failed; the message has the block and what it printed."""


def commands(page: Path) -> list[str]:
    """The `sh` blocks of a page, in order."""
    return [token.content for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")) if token.info == "sh"]


def shown(page: Path) -> list[str]:
    """What the page shows as printed (its one `text` block), line by line, up to its dots."""
    (block,) = [each.content for each in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")) if each.info == "text"]
    return block.partition("…")[0].splitlines()


class Shell:
    """One bash that keeps its variables from block to block, as a person's terminal does."""

    _END = "the-block-has-ended"

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, block: str) -> str:
        """Run a block up to its end or its first command that fails; returns what it printed. Raises CommandFailedError."""
        assert self._bash.stdin and self._bash.stdout
        # A failing command ends the shell, so that what follows it in the block is not run; the end is then read as such.
        self._bash.stdin.write(f"set -e\n{block}\nset +e\necho {self._END}\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == self._END:
                return "".join(printed)
            printed.append(line)
        raise CommandFailedError(f"{block}\nprinted\n{''.join(printed)}")

    def close(self) -> None:
        if self._bash.stdin:
            self._bash.stdin.close()
        self._bash.wait(PATIENCE_SECONDS)
