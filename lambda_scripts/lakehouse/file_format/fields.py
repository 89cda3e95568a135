"""How one line of a CSV file falls into fields.

Athena reads the files line by line and splits the lines in SQL; what is decided here about a file's first
lines holds for all of them only because both sides split alike. The patterns therefore keep to what the regular
expressions of Python and of Athena share, and the parse statement has the same texts.
"""

from __future__ import annotations

import re

# Spreadsheets guard a text by writing ="007": it counts as quoted.
FIELDS = {
    ",": r',(?: *=?"(?:[^"]|"")*" *|[^",]*)',
    ";": r';(?: *=?"(?:[^"]|"")*" *|[^";]*)',
    "\t": r'\t(?: *=?"(?:[^"]|"")*" *|[^"\t]*)',
    "|": r'\|(?: *=?"(?:[^"]|"")*" *|[^"|]*)',
}
"""By delimiter: one field with the delimiter before it, of a line that one was put before."""

DELIMITERS = tuple(FIELDS)

TRIMMED = r'^.\s*(?:="|")?\s*|\s*"?\s*$'
"""What is cut from a field: its delimiter, blanks and quotes."""

BLANKS = "\u00a0\u2009\u202f"
"""No-break, thin and narrow no-break space are blanks here: tables copied from a page have them, and numbers."""

_FIELDS = {delimiter: re.compile(pattern) for delimiter, pattern in FIELDS.items()}
_AS_BLANKS = str.maketrans(dict.fromkeys(BLANKS, " "))


def split(line: str, delimiter: str = ",") -> list[str] | None:
    """The line's fields, trimmed and unquoted; None when its quotes do not pair up within the line."""
    if '"' not in line:
        return list(map(_plain, line.split(delimiter)))
    found = _FIELDS[delimiter].findall(delimiter + line)
    if sum(map(len, found)) != len(line) + 1:
        return None
    return [_unquoted(field[1:]) for field in found]


def _plain(field: str) -> str:
    return field.strip() if field.isascii() else field.translate(_AS_BLANKS).strip()


def _unquoted(field: str) -> str:
    field = _plain(field)
    quoted = field.removeprefix("=")
    if len(quoted) > 1 and quoted.startswith('"'):
        return quoted[1:-1].replace('""', '"').strip()
    return field
