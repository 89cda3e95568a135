"""What the first look at a raw file finds, so that one SQL statement can read every file's rows.

A CSV SerDe would go by column order and one date format; here each file's own header and rows are asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from ..clock import milliseconds_text
from ..errors import FileRefusedError
from . import columns, dates, fields, symbols
from .header import Header, find_header
from .text import Read, Text, shown

NO_ROWS = dates.DateStyle(shape=None)
"""The date style of a file with a header and no rows."""

# 12,5 or 1.234,50, where 1,234.50 and 12,345 are thousands.
_DECIMAL_COMMA = re.compile(r",(\d{1,2}|\d{4,})\D*$|\.\d+,\d")


@dataclass(frozen=True)
class Source:
    """A raw object as S3 lists it; `modified` carries its time zone."""

    bucket: str
    key: str
    modified: datetime

    @property
    def path(self) -> str:
        """Its `s3://` path, as Athena's `"$path"` gives it."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class FileFormat:
    """What the parse statement must know of a file.

    The `…_at` are 1-based positions of fields, null where there is no such column.

    header: the lines up to the header's end that are not blank, as they stand less byte order mark and line
        ends, joined by line feeds; nearly always one. A line of the file that equals one of them is no row.
    fields: how many fields the header has, trailing unnamed ones aside.
    symbol: the file's symbol in upper case; null exactly where `symbol_at` is not.
    modified: UTC, as `2026-11-24 06:45:20.000`.
    date_shape, year_at, month_at, day_at, date_divisor: see `dates.DateStyle`; without rows all are null.
    has_rows: whether any line follows the header that is not blank and not the header again.
    """

    source: str
    modified: str
    header: str
    fields: int
    symbol: str | None
    symbol_at: int | None
    date_at: int
    open_at: int | None
    high_at: int | None
    low_at: int | None
    close_at: int
    adj_close_at: int | None
    volume_at: int | None
    date_shape: str | None
    year_at: int | None
    month_at: int | None
    day_at: int | None
    date_divisor: int | None
    has_rows: bool

    def record(self) -> dict[str, Any]:
        """The head as one JSON object's fields."""
        return asdict(self)


def inspect(
    source: Source,
    read: Read,
    *,
    folder: str = "raw/stocks/",
    default_symbol: str = "",
    day_first: bool = True,
) -> FileFormat:
    """Look at a raw file's first 64 kB, and at more only where day and month of its dates stay open.

    `read(key, start, length)` gives that range of the object: fewer bytes where the object ends in it, none
    past its end. `folder` and `default_symbol` settle the symbol of a file without a column for it (see
    `symbols.from_key`); `day_first` the order of dates where no row of the file does.

    Raises FileRefusedError, whose message is the reason in one sentence with evidence and remedy, when the file
    can't be read right; errors of `read` pass through.
    """
    text = Text(source.key, read)
    header = find_header(text.sample)
    header_lines = [line for line in text.sample[: header.length] if line.strip()]
    _require_readable(header, _rows(text.sample, header_lines))

    at = header.columns
    rows = _rows(text, header_lines)
    first = next(rows, None)
    style = NO_ROWS
    if first is not None:
        style = dates.settle(_column(at["date"], chain([first], rows)), day_first)
    symbol = None
    if "symbol" not in at:
        symbol = header.symbol or symbols.from_key(source.key, folder, default_symbol)
    return FileFormat(
        source=source.path,
        modified=milliseconds_text(source.modified),
        header="\n".join(header_lines),
        fields=len(header.names),
        symbol=symbol,
        symbol_at=at.get("symbol"),
        date_at=at["date"],
        open_at=at.get("open"),
        high_at=at.get("high"),
        low_at=at.get("low"),
        close_at=at["close"],
        adj_close_at=at.get("adj_close"),
        volume_at=at.get("volume"),
        date_shape=style.shape,
        year_at=style.year_at,
        month_at=style.month_at,
        day_at=style.day_at,
        date_divisor=style.divisor,
        has_rows=first is not None,
    )


def _rows(lines: Iterable[str], header_lines: Collection[str]) -> Iterator[str]:
    """The lines that are rows: not blank, and not the header, which files that were put together repeat."""
    return (line for line in lines if line.strip() and line not in header_lines)


def _column(position: int, rows: Iterable[str]) -> Iterator[str]:
    """The texts of one column; rows that do not reach it, or can't be split, have none."""
    for row in rows:
        # All rows of a large file may pass here; without quotes its commas are its separators.
        values = fields.split(row) if '"' in row else row.split(",", position)
        if values and len(values) >= position:
            yield values[position - 1].strip()


def _require_readable(header: Header, rows: Iterable[str]) -> None:
    """Raise FileRefusedError when these rows show that the file's lines or numbers can't be told apart."""
    prices = [header.columns[meaning] for meaning in columns.PRICES if meaning in header.columns]
    longer = []
    for row in rows:
        values = fields.split(row)
        if values is None:
            raise FileRefusedError(
                f"a quote does not close within its line ({shown(row)}), and a quoted line break cannot be"
                " told from a stray quote: write each row on one line and double the quotes inside fields"
            )
        for name, price in [(header.names[at - 1], values[at - 1]) for at in prices if at <= len(values)]:
            if _DECIMAL_COMMA.search(price):
                raise FileRefusedError(
                    f"decimal comma in column {shown(name, 30)} ({shown(price, 30)}): save it with decimal points"
                )
        longer.append(any(values[len(header.names) :]))
    if len(longer) > 1 and all(longer):
        raise FileRefusedError(
            f"every row has more fields than the header's {len(header.names)} (such as {shown(row)}): save it"
            " with decimal points if these are decimal commas, else name every column"
        )
