"""What the README's first command prints, for the README: `python -m cogapp -r -I . README.md` writes it anew."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.tables import REPOSITORY

ROWS = 3


def first_command() -> str:
    """The tables of `run dataset` as a block, each cut to a few rows."""
    command = [sys.executable, "-m", "tests.local_aws", "run", "dataset"]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    lines: list[str] = []
    rows = 0
    for line in printed.splitlines():
        is_row = line.startswith("  ") and bool(lines) and rows > 0
        if line.startswith(" ─"):
            rows = 1
        elif is_row and line.strip() and not line.startswith("  Not shown"):
            rows += 1
        elif not line.strip():
            rows = rows if rows == 1 else 0
        if rows > ROWS + 1:
            if rows == ROWS + 2:
                lines.append("  …")
            continue
        if not line.startswith("  Not shown"):
            lines.append(line.rstrip())
    text = "\n".join(lines).strip()
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return f"```text\n{text}\n```\n"
