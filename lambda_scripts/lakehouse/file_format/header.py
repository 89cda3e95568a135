"""The header of a file: which of its first lines it is, what separates its fields, and what its columns mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import columns, dates, fields, file_names
from .aliases import CURRENCIES, READ
from .columns import Binding
from .refusals import Kind, refused
from .text import shown

LINES_SEARCHED = 30
"""Macrotrends and CryptoDataDownload put lines of their own above the header, fifteen at most."""

MAY_BE_HEADER = "^[^0-9]{7}"
"""How a header line beyond the header begins."""

NAME = r"^(?:[0-9]{1,2}\. )?[^0-9]*[^\x00-\x40\x5b-\x60\x7b-\x7f][^0-9]*[0-9]?$"
"""A name of a column in such a line: with a letter, of whatever script, and no digits but as in `1. open` and `DATE1`."""

NAMED_AT_LEAST = 3
"""A line of letters is a header when so many of them are names with a meaning."""

_NUMBER = re.compile(r"[-$]?\d[\d.,]*")
_MAY_BE_HEADER = re.compile(MAY_BE_HEADER)
_NAME = re.compile(NAME)
_VOLUMES_IN = re.compile(r"\bvol(?:ume)?s?\W+(?:(?:is|are) )?in (\w+)", re.IGNORECASE)
_LEVEL_NAMES = {"", "price", "attributes", "ticker", "tickers", "symbol", "symbols"}


@dataclass(frozen=True)
class Header:
    """`length` counts the file's lines up to the header's end; `binding` says which columns are read;
    `symbol` is set where a line of the header names the one symbol of the file."""

    length: int
    names: tuple[str, ...]
    binding: Binding
    delimiter: str = ","
    symbol: str | None = None


def find_header(lines: Sequence[str]) -> Header:
    """The header among a file's first lines: the first line that names a date and a close, at the delimiter that makes it one.

    Lines above it that are not rows (titles, disclaimers, Excel's `sep=,`) are passed over. yfinance's three
    lines, as pandas writes columns of two levels, are one header.

    Raises FileRefusedError when there is none, saying why.
    """
    first_lines = [line for line in lines[:LINES_SEARCHED] if line.strip()]
    above: dict[str, list[str]] = {}
    for delimiter in fields.DELIMITERS:
        if not any(delimiter in line for line in first_lines):
            continue
        header, above[delimiter] = _find(lines, delimiter)
        if header:
            return header
    raise _why_none(first_lines, above)


def is_row(values: Sequence[str]) -> bool:
    """Whether the fields are a row's: a date and a number among them."""
    others = [value for value in values if not dates.styles(value)]
    return len(others) < len(values) and any(_NUMBER.fullmatch(value) for value in others)


def is_header_line(line: str, values: Sequence[str], header: Header) -> bool:
    """Whether a line beyond the header names columns: a name of the header's where the date stands; or names where date and
    prices stand (or volume and adjusted close where the close is the only price), and not one for all, as NaN is. The parse
    statement tells such lines alike; below a header of date and close alone, only a line with a known name is told here.
    """
    if not _MAY_BE_HEADER.match(line):
        return False
    if _has_known_name_for_date(values, header):
        return True
    at = header.binding.columns
    places = [at[meaning] for meaning in ("date", "open", "high", "low", "close") if meaning in at]
    if len(places) < 3:
        places += [at[meaning] for meaning in ("adj_close", "volume") if meaning in at]
    if len(values) < max(places):
        return False
    found = [values[place - 1] for place in places]
    are_told = len(set(found[1:])) > 1 if len(places) > 2 else len(set(found)) > 1 and bool(columns.meanings(found))
    return are_told and all(map(_NAME.match, found))


def unit_of_volume(values: Sequence[str], header: Header) -> float | None:
    """What a line of units below the header, `,USD,USD,USD,USD,('000)`, says of the volume; None where it is not one.

    A number is not a unit: 1000 may be the volume of a row without prices.
    """
    at = header.binding.columns
    places = [at[meaning] for meaning in ("date", "open", "high", "low", "close") if meaning in at]
    if "volume" not in at or len(values) < max(*places, at["volume"]):
        return None
    if any(char.isdecimal() for place in places for char in values[place - 1]) or values[at["volume"] - 1].isdecimal():
        return None
    return columns.factor(values[at["volume"] - 1])


def unit_in_titles(lines: Sequence[str]) -> float | None:
    """What the lines above the header say of the volume: `Prices in pence. Volumes in thousands`."""
    found = next(filter(None, map(_VOLUMES_IN.search, lines)), None)
    return columns.factor(found[1]) if found else None


def names_others(values: Sequence[str], header: Header, below_header: bool) -> bool:
    """Whether a header line binds columns otherwise than the file's own header. Names that mean nothing do so as well, but
    `below_header`, where they are units, types or descriptions of the columns.
    """
    if [value.lower() for value in values[: len(header.names)]] == [name.lower() for name in header.names]:
        return False
    if len(columns.meanings(values)) < NAMED_AT_LEAST and not _has_known_name_for_date(values, header):
        return not below_header
    found, own = columns.bind(values).columns, header.binding.columns
    return any(found.get(meaning) != own.get(meaning) for meaning in READ)


def _has_known_name_for_date(values: Sequence[str], header: Header) -> bool:
    at = header.binding.columns["date"]
    text = values[at - 1].lower() if len(values) >= at else ""
    return text != "" and text in map(str.lower, header.names)


def _find(lines: Sequence[str], delimiter: str) -> tuple[Header | None, list[str]]:
    """The header at this delimiter, and the lines that may have been meant for one."""
    above: list[str] = []
    for at, line in enumerate(lines[:LINES_SEARCHED]):
        names = fields.split(line, delimiter)
        if names is None or not line.strip():
            continue
        if is_row(names):
            break
        above.append(line)
        if levels := _levels(lines[at : at + 3], delimiter):
            names, binding, symbol = levels
            return Header(at + 3, tuple(names), binding, delimiter, symbol), above
        found = columns.meanings(names)
        if len(found) > 1:
            columns.require_prices(names)
        symbols = _symbols_below(names, lines[at + 1 : at + 2], delimiter)
        binding = columns.bind(names)
        if binding.is_of_prices:
            return Header(at + 1 + len(symbols), _without_trailing_blanks(names), binding, delimiter, *symbols), above
    return None, above


def _levels(lines: Sequence[str], delimiter: str) -> tuple[list[str], Binding, str | None] | None:
    """Names, columns and symbol where the lines are `Price,Close,High…`, `Ticker,AAPL,AAPL…`, `Date,,…`, in either order."""
    rows = [fields.split(line, delimiter) or [] for line in lines]
    if len(rows) < 3 or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return None
    *levels, index = rows
    is_index = "date" in columns.meanings(index[:1]) and not any(index[1:])
    if not is_index or any(columns.letters(level[0]) not in _LEVEL_NAMES for level in levels):
        return None
    names, symbols = levels if "close" in columns.meanings(levels[0][1:]) else reversed(levels)
    _require_one(symbols[1:])
    names = [index[0], *names[1:]]
    binding = columns.bind(names)
    return (names, binding, symbols[1].upper() or None) if "close" in binding.columns else None


def _symbols_below(names: Sequence[str], lines: Sequence[str], delimiter: str) -> list[str]:
    """The symbol where the line below the names is one of two levels, `,MSFT,MSFT…` (yfinance's table after reset_index), in a
    list that is empty where it is not.
    """
    values = fields.split(lines[0], delimiter) if lines else None
    if not values or len(values) != len(names) or not {"date", "close"} <= columns.meanings(names):
        return []
    symbols = [value for value in values if value]
    at_dates = [value for name, value in zip(names, values, strict=True) if columns.meanings([name]) == {"date"}]
    # In capitals, unlike units and types; a currency is a unit too.
    may_be = [value for value in symbols if value.isupper() and file_names.is_symbol(value) and value.lower() not in CURRENCIES]
    if len(symbols) < 2 or any(at_dates) or len(may_be) < len(symbols):
        return []
    _require_one(symbols)
    return [symbols[0].upper()]


def _require_one(symbols: Sequence[str]) -> None:
    """Raise FileRefusedError where the columns are of several symbols."""
    if len(set(symbols)) > 1:
        raise refused(
            Kind.COLUMNS,
            f"several symbols side by side ({shown(','.join(symbols))}): write a file per symbol, or"
            " stack them into rows with a symbol column",
        )


def _without_trailing_blanks(names: Sequence[str]) -> tuple[str, ...]:
    last = max(position for position, name in enumerate(names, start=1) if name)
    return tuple(names[:last])


def _why_none(lines: Sequence[str], above: dict[str, list[str]]) -> Exception:
    """Why none of the lines is a header, by the one that comes nearest to being one."""
    if lines and any(is_row(fields.split(lines[0], delimiter) or []) for delimiter in fields.DELIMITERS):
        return refused(
            Kind.HEADER,
            f"no header, the first line is already a row ({shown(lines[0])}): put a line such as"
            " 'date,open,high,low,close,volume' above it",
        )
    named = [(len(columns.meanings(fields.split(line, at) or [])), line, at) for at, some in above.items() for line in some]
    broken = next((line for line in lines if line.count('"') % 2), None)
    if not named and broken:
        return refused(
            Kind.LINES,
            f"no header: a quote does not close within its line ({shown(broken)}), as where a column name has a line break:"
            " write the header on one line",
        )
    if not named:
        return refused(Kind.HEADER, "no header, nor any line that can be split into fields: put one above the rows")
    count, line, delimiter = max(named, key=lambda each: each[0])
    found = columns.meanings(fields.split(line, delimiter) or [])
    missing = next((meaning for meaning in columns.REQUIRED if meaning not in found), "close")
    remedy = f"rename it to {missing}, or add the alias in lambda_scripts/lakehouse/file_format/aliases.py"
    return refused(Kind.HEADER, f"{missing} column not found among {shown(line, 100)}: {remedy}")
