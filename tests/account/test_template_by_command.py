"""docs/template_setup.md by command, in an account of `serve --empty`: what is dropped reaches the reports, and `check` is ok."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.account.template import REPOSITORY
from tests.docs.commands import EVERY_SERVICE, Shell, commands, environment
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

DOCS = REPOSITORY / "docs"


@pytest.fixture
def exports() -> Iterator[str]:
    """The lines that `serve --empty` prints for a shell, while it serves."""
    command = [sys.executable, "-m", "tests.local_aws", "serve", "--empty", "--port", "0", "--page-port", "0"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield "".join(server.stdout.readline() for _ in range(4))
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE_SECONDS) == 0


@pytest.mark.thorough("every command of the page by the AWS CLI")
def test_by_the_commands_of_the_page_a_lake_works_and_is_had_again_after_its_stack_went(exports: str, tmp_path: Path) -> None:
    for folder in ("lambda_scripts", "sql", "docs", "dataset"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shell = Shell(tmp_path, environment())
    shell.run(exports + EVERY_SERVICE)
    assert shell.run("aws s3 ls") == "" == shell.run("aws iam list-roles --query 'Roles[]' --output text")
    shell.run(commands(DOCS / "template_setup.md")[0])
    check_and_drop, look = commands(DOCS / "first_upload.md")
    shell.run(check_and_drop)
    for name in ("raw_to_processed", "processed_to_reporting"):
        checked = json.loads((tmp_path / f"check_{name}.json").read_text(encoding="utf-8"))
        assert [line for line in checked["checks"] if not line["ok"]] == []
    reports = printed(shell, look)
    shell.run(AWAY)
    shell.run(commands(DOCS / "template_setup.md")[1])
    shell.run(AGAIN)
    assert printed(shell, look) == reports
    shell.close()


# What "Away with it" says of having it all again.
AWAY = "aws cloudformation delete-stack --stack-name stocks-lakehouse"
AGAIN = """
aws cloudformation deploy --stack-name stocks-lakehouse --template-file docs/cloudformation.yaml \\
  --capabilities CAPABILITY_NAMED_IAM --parameter-overrides "BucketName=$bucket" "CodeBucket=$code" ExistingBucket=yes
echo '{"action": "reprocess"}' > event.json
aws lambda invoke --cli-read-timeout 300 --function-name stocks_raw_to_processed --payload fileb://event.json reprocessed.json
"""


def printed(shell: Shell, look: str) -> list[str]:
    """What the query prints once all reports are there: a header, and a line for each symbol and year."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found := shell.run(f"({look}) || true").splitlines()) != 38:
        assert time.monotonic() < deadline, found
    return found
