"""How one line of a CSV file falls into fields.

Athena reads the files line by line and splits the lines in SQL; what is decided here about a file's first
lines holds for all of them only because both sides split alike. `FIELD` therefore keeps to what the regular
expressions of Python and of Athena share, and the parse statement has the same text.
"""

from __future__ import annotations

import re

FIELD = r',(?: *"(?:[^"]|"")*" *|[^",]*)'
"""One field with the comma before it, of a line that a comma was put before."""

_FIELD = re.compile(FIELD)


def split(line: str) -> list[str] | None:
    """The line's fields, trimmed and unquoted; None when its quotes do not pair up within the line."""
    found = _FIELD.findall("," + line)
    if sum(map(len, found)) != len(line) + 1:
        return None
    return [_unquoted(field[1:].strip()) for field in found]


def _unquoted(field: str) -> str:
    if len(field) > 1 and field.startswith('"'):
        return field[1:-1].replace('""', '"').strip()
    return field
