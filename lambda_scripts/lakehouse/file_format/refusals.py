"""The reasons for which a file as a whole is refused: a closed list."""

from __future__ import annotations

from enum import Enum

from ..errors import FileRefusedError


class Kind(Enum):
    """Each with what a person reads in docs/files.md."""

    NAME = "a name or key that Athena can't read"
    NOT_TEXT = "not CSV text: empty, a workbook, a page, JSON, an archive, a gzip that does not unpack"
    ENCODING = "UTF-16, or a column that is read holds text that is not UTF-8"
    LINES = "a quoted line break or stray quote, or a line beyond 1 MB"
    HEADER = "no header, or a header without a date or close column"
    COLUMNS = "two columns with one meaning, or symbols side by side"
    SECOND_HEADER = "a second header inside the file that names other columns"
    FIELDS = "every row has more fields than the header"
    TRANSACTIONS = "transactions of an account, not prices"
    SYMBOL = "no symbol, or two different ones, or several companies, told apart only by a column that is not known"
    CONTRACTS = "futures, options, bonds or odd lots under the symbol of a share"
    DATES = "dates in no known style, or in one that leaves their order open"
    BARS = "bars of weeks or months, or of minutes or hours, not days"
    DECIMALS = "numbers that can be read in two ways"


def refused(kind: Kind, reason: str) -> FileRefusedError:
    """The error to raise: its text is the reason in one sentence, with evidence and remedy."""
    return FileRefusedError(reason, kind.name)
