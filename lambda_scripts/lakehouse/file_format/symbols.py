"""The symbol of a file that has no column for it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..errors import FileRefusedError
from .text import shown

_ENDING = re.compile(r"(\.(csv|txt))?(\.gz)?$", re.IGNORECASE)

NOT_SYMBOLS = {
    "HISTORICALDATA": "Nasdaq.com's downloads are named HistoricalData_1700000000000.csv",
    "HISTORICALQUOTES": "Nasdaq.com's older downloads are named HistoricalQuotes.csv",
    "DAILY": "Alpha Vantage's downloads are named daily_adjusted_AAPL.csv",
}
"""Names under which a source offers every symbol's file."""


def from_key(key: str, folder: str, default: str = "") -> str:
    """The symbol, in upper case, of the file at this key.

    It is, in this order: the value of a `symbol=` folder below `folder` (which ends in a slash); the first
    folder there that is not `name=value`; the default; the file name up to its first `_` or blank, without its
    ending.

    Raises FileRefusedError when nothing of that names a symbol.
    """
    below = key.removeprefix(folder) if key.startswith(folder) else key.rpartition("/")[2]
    *folders, name = below.split("/")
    named = [unquote(part.partition("=")[2]) for part in folders if part.lower().startswith("symbol=")]
    plain = [part for part in folders if "=" not in part]
    found = next((part.strip() for part in (*named, *plain, default) if part.strip()), "")
    if found:
        return found.upper()
    symbol = re.split(r"[_\s]", _ENDING.sub("", name), maxsplit=1)[0].upper()
    if not symbol or symbol in NOT_SYMBOLS:
        raise FileRefusedError(
            f"no symbol column, and the file name {shown(name)} does not name one: put the file in a folder"
            f" {folder}SYMBOL/ or rename it to SYMBOL_…"
        )
    return symbol
