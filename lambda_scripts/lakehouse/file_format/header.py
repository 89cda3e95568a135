"""The header of a file: which of its first lines it is, and what its columns mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import FileRefusedError
from . import columns, dates, fields
from .text import shown

LINES_SEARCHED = 30
"""Macrotrends and CryptoDataDownload put lines of their own above the header, fifteen at most."""

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "pipes"}
_NUMBER = re.compile(r"[-$]?\d[\d.,]*")
_LEVEL_NAMES = {"", "price", "attributes"}


@dataclass(frozen=True)
class Header:
    """`length` counts the file's lines up to the header's end; `columns` has each meaning's 1-based position;
    `symbol` is set where the header itself names the one symbol of the file."""

    length: int
    names: tuple[str, ...]
    columns: dict[str, int]
    symbol: str | None = None


def find_header(lines: Sequence[str]) -> Header:
    """The header among a file's first lines: the first line that names a date and a close.

    Lines above it that are not rows (titles, disclaimers, Excel's `sep=,`) are passed over. yfinance's three
    lines, as pandas writes columns of two levels, are one header.

    Raises FileRefusedError when there is none, saying why.
    """
    above: list[str] = []
    for at, line in enumerate(lines[:LINES_SEARCHED]):
        names = fields.split(line)
        if names is None or not line.strip():
            continue
        if is_row(names):
            if not above:
                raise FileRefusedError(
                    f"no header, the first line is already a row ({shown(line)}): put a line such as"
                    " 'date,open,high,low,close,volume' above it"
                )
            break
        above.append(line)
        if levels := _levels(lines[at : at + 3]):
            return Header(at + 3, *levels)
        bound = columns.bind(names)
        if all(meaning in bound for meaning in columns.REQUIRED):
            return Header(at + 1, _without_trailing_blanks(names), bound)
    raise FileRefusedError(_why_none(above))


def is_row(values: Sequence[str]) -> bool:
    """Whether the fields are a row's: a date and a number among them."""
    others = [value for value in values if not dates.styles(value)]
    return len(others) < len(values) and any(_NUMBER.fullmatch(value) for value in others)


def _levels(lines: Sequence[str]) -> tuple[tuple[str, ...], dict[str, int], str | None] | None:
    """Names, columns and symbol where the lines are `Price,Close,High…`, `Ticker,AAPL,AAPL…`, `Date,,…`."""
    rows = [fields.split(line) or [] for line in lines]
    if len(rows) < 3 or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return None
    names, symbols, index = rows
    is_index = "date" in columns.meanings(index[:1]) and not any(index[1:])
    if not is_index or columns.letters(names[0]) not in _LEVEL_NAMES:
        return None
    if len(set(symbols[1:])) > 1:
        raise FileRefusedError(
            f"several symbols side by side ({shown(','.join(symbols[1:]))}): write a file per symbol, or"
            " stack them into rows with a symbol column"
        )
    names = [index[0], *names[1:]]
    bound = columns.bind(names)
    if "close" not in bound:
        return None
    return tuple(names), bound, symbols[1].upper() or None


def _without_trailing_blanks(names: Sequence[str]) -> tuple[str, ...]:
    last = max(position for position, name in enumerate(names, start=1) if name)
    return tuple(names[:last])


def _why_none(lines: Sequence[str]) -> str:
    """Why none of the lines is a header, by the one that comes nearest to being one."""
    for delimiter, plural in _OTHER_DELIMITERS.items():
        for line in lines:
            values = [value.strip(' "') for value in line.split(delimiter)]
            if len(values) > 1 and (len(columns.meanings(values)) > 1 or is_row(values)):
                return f"fields are separated by {plural} ({shown(line)}): save it with commas"
    named = [columns.meanings(fields.split(line) or []) for line in lines]
    if not named:
        return "no header, nor any line that can be split at commas: put one above the rows"
    best = max(range(len(named)), key=lambda at: len(named[at]))
    missing = next(meaning for meaning in columns.REQUIRED if meaning not in named[best])
    remedy = f"rename it to {missing}, or add the alias in lambda_scripts/lakehouse/file_format/columns.py"
    return f"{missing} column not found among {shown(lines[best], 100)}: {remedy}"
