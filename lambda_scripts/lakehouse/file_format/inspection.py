"""What the first lines of a raw file tell, so that one SQL statement can read every file's rows.

A CSV SerDe would go by column order and one date format; here each file's own header and rows are asked. For whatever has to
be decided there are three outcomes: the file gives evidence, which is followed; it gives none, a default is taken, and
`assumed` says so; or it contradicts itself, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from ..clock import milliseconds_text
from . import columns, dates, encodings, fields, file_names, keys, numbers, symbols, units
from .first_rows import FirstRows
from .header import Header, is_row, unit_in_titles
from .refusals import Kind, refused
from .text import Read, Text, shown

NO_ROWS = dates.Settled(dates.DateStyle(shape=None))
"""The date style of a file with a header and no rows."""


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
    """How one file is to be read: a row of stocks_staging_sources, whose columns tell what each field means.

    `header` holds the file's lines up to the header's end, those that are not blank; `has_rows` says whether any other line is
    there; `assumed` what the file gave no evidence for.
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
    header_names: str
    delimiter: str
    decimal_marks: str
    volume_factor: float
    year_base: int
    day_shift: int
    evening_from: int | None
    exchange_at: int | None
    instrument_at: int | None
    main_instruments: str | None
    symbol_digits: int | None
    has_rows: bool
    assumed: str | None

    def record(self) -> dict[str, Any]:
        """The format as one JSON object's fields."""
        return asdict(self)


def inspect(
    source: Source,
    read: Read,
    *,
    folder: str = "raw/stocks/",
    default_symbol: str = "",
    day_first: bool = True,
) -> FileFormat:
    """Inspect a raw file's first 64 kB, and more only where day and month of its dates stay open.

    `read(key, start, length)` gives that range of the object: fewer bytes where the object ends in it, none
    past its end. `folder` and `default_symbol` settle the symbol of a file without a column for it (see
    `symbols.from_key`); `day_first` the order of dates where nothing in the file does.

    Raises FileRefusedError, whose message is the reason in one sentence with evidence and remedy, when the file
    can't be read right; errors of `read` pass through.
    """
    keys.require_readable(source.key)
    text = Text(source.key, read)
    header, encoding_assumed = encodings.find_header(text)
    header_lines = [line for line in text.sample[: header.length] if line.strip()]
    rows = FirstRows(header, list(_rows(text.sample, header_lines)), text.undecodable, text.is_whole)
    if "symbol" not in header.binding.columns:
        _require_one_table(text.sample, header)

    settled = _settled(text, header, header_lines, rows, day_first, source.key)
    marks = numbers.marks(rows.prices_of_symbols, rows.column("volume"), header.delimiter, rows.is_english)
    factors = (rows.volume_factor, header.binding.factor, unit_in_titles(header_lines[:-1]))
    binding = replace(header.binding, factor=next((factor for factor in factors if factor is not None), None))
    unit = units.of_volume(header.names, binding, rows.trades(marks))
    symbol = _symbol(source.key, header, folder, default_symbol)
    symbols.require_agreement(rows.column("symbol"), source.key, folder)
    codes = rows.symbol_codes()
    rows.require_shares(symbol.symbol)
    says_long_bars = rows.says_long_bars or (
        # Many symbols of one day may be a week's or a month's drop.
        (symbol.symbol is not None or len(set(rows.column("date"))) > 1)
        and file_names.says_long_bars(symbols.stem_of(source.key.rpartition("/")[2]))
    )
    rows.require_days_of_one_instrument(settled.style, symbol.symbol, says_long_bars)
    rows.require_one_currency()

    at = header.binding.columns
    has_volume = "volume" in at and marks.volume is not None
    says_volume = "volume" in at or any(phrase.startswith("volume ") for phrase in header.binding.assumed)
    return FileFormat(
        source=source.path,
        modified=milliseconds_text(source.modified),
        header=re.sub("\ufffd+", "\ufffd", "\n".join([*header_lines, *rows.header_lines])),
        fields=len(header.names),
        symbol=symbol.symbol,
        volume_at=at["volume"] if has_volume else None,
        **_positions(at),
        **_date_fields(settled.style),
        evening_from=settled.evening_from,
        header_names="\n".join(name.lower() for name in header.names),
        delimiter=header.delimiter,
        decimal_marks=("?" if marks.is_open and not text.is_whole else marks.prices) * len(columns.PRICES)
        + (marks.volume or "."),
        volume_factor=unit.factor,
        exchange_at=at.get("exchange") if "symbol" in at and all(rows.column("exchange")) else None,
        instrument_at=rows.instrument[0] if rows.instrument else None,
        main_instruments=rows.instrument[1] if rows.instrument else None,
        symbol_digits=codes.digits,
        has_rows=bool(rows.values),
        assumed=_joined(
            symbol.assumed,
            codes.assumed,
            rows.markets,
            encoding_assumed,
            *settled.assumed,
            *marks.assumed,
            unit.assumed if has_volume else None,
            *header.binding.assumed,
            _missing_prices(at),
            None if says_volume else "no volume column",
        ),
    )


def _settled(
    text: Text, header: Header, header_lines: Sequence[str], rows: FirstRows, day_first: bool, key: str
) -> dates.Settled:
    """The style of the file's dates; lines beyond its first range are read only while their order is open."""
    if not rows.values:
        return NO_ROWS
    more = _column(header, header.binding.columns["date"], _rows(_beyond(text), header_lines))
    settled = dates.settle(
        rows.column("date"),
        more,
        day_first=day_first,
        month_first_source=rows.is_of_month_first_source,
        american_marks=rows.has_american_marks,
        named=dates.of_key(key),
        utc=rows.date_name_says_utc,
        english=rows.is_english,
    )
    if moments := rows.moments:
        dates.require_unshifted(settled.style, moments)
    return settled


def _require_one_table(lines: Sequence[str], header: Header) -> None:
    """Raise FileRefusedError where the header stands again under another title: several symbols, one below the other."""
    named = lines[header.length - 1]
    ends = [at for at, line in enumerate(lines) if line == named] if lines.count(named) > 1 else []
    titles = {}
    for at in ends:
        above = next((line for line in reversed(lines[:at]) if line.strip()), "")
        values = fields.split(above, header.delimiter) or []
        if above and sum(map(bool, values)) < min(3, len(header.names)) and not is_row(values):
            titles[above] = at
    if len(titles) > 1:
        raise refused(
            Kind.SYMBOL,
            f"several tables, one below the other, under titles ({', '.join(shown(each, 30) for each in list(titles)[:2])}):"
            " write a file for each, or one table with a symbol column",
        )


def _positions(at: Mapping[str, int]) -> dict[str, Any]:
    """The positions of symbol, date and prices under the names that they have in a file format."""
    return {f"{meaning}_at": at.get(meaning) for meaning in ("symbol", "date", *columns.PRICES)}


def _date_fields(style: dates.DateStyle) -> dict[str, Any]:
    """A date style under the names that it has in a file format."""
    return {
        "date_shape": style.shape,
        "year_at": style.year_at,
        "month_at": style.month_at,
        "day_at": style.day_at,
        "date_divisor": style.divisor,
        "year_base": style.year_base,
        "day_shift": style.day_shift,
    }


def _rows(lines: Iterable[str], header_lines: Collection[str]) -> Iterator[str]:
    """The lines that are rows: not blank, and not the header, which files that were put together repeat."""
    return (line for line in lines if line.strip() and line not in header_lines)


def _beyond(text: Text) -> Iterator[str]:
    """The lines beyond the sample, which come first when a text is iterated."""
    lines = iter(text)
    for _ in text.sample:
        next(lines)
    yield from lines


def _column(header: Header, position: int, rows: Iterable[str]) -> Iterator[str]:
    """The texts of one column; rows that do not reach it, or can't be split, have none."""
    for row in rows:
        # All rows of a large file may pass here; without quotes its delimiters are its separators.
        values = fields.split(row, header.delimiter) if '"' in row else row.split(header.delimiter, position)
        if values and len(values) >= position:
            yield values[position - 1].strip()


def _symbol(key: str, header: Header, folder: str, default: str) -> symbols.Named:
    """The file's symbol; of none where its rows have a column for it."""
    if "symbol" in header.binding.columns:
        return symbols.Named(None)
    if header.binding.symbol:
        return symbols.from_header(header.binding.symbol, key, folder)
    return symbols.Named(header.symbol) if header.symbol else symbols.from_key(key, folder, default)


def _missing_prices(at: Mapping[str, int]) -> str | None:
    missing = [price for price in ("open", "high", "low") if price not in at]
    return f"no {' or '.join(missing)} column" if missing else None


def _joined(*phrases: str | None) -> str | None:
    return "; ".join(phrase for phrase in phrases if phrase) or None
