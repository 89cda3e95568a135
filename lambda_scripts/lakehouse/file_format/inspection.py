"""What the first lines of a raw file tell, so that one SQL statement can read every file's rows.

A CSV SerDe would go by column order and one date format; here each file's own header and rows are asked. For whatever has to
be decided there are three outcomes: the file gives evidence, which is followed; it gives none, a default is taken, and
`assumed` says so; or it contradicts itself, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ..clock import milliseconds_text
from . import calendar, columns, dates, encodings, fields, instruments, numbers, symbols, units
from .aliases import READ
from .header import Header, is_header_line, names_others
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
    exchange_at: int | None
    instrument_at: int | None
    main_instruments: str | None
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
    text = Text(source.key, read)
    header, encoding_assumed = encodings.find_header(text)
    header_lines = [line for line in text.sample[: header.length] if line.strip()]
    rows = _Rows(header, list(_rows(text.sample, header_lines)), text.undecodable)

    settled = NO_ROWS
    if rows.values:
        # The sample's lines come first when a text is iterated: those beyond it are what remains.
        more = _column(header, header.binding.columns["date"], _rows(_beyond(text), header_lines))
        settled = dates.settle(
            rows.column("date"),
            more,
            day_first=day_first,
            month_first_source=rows.is_of_month_first_source,
            utc=rows.date_name_says_utc,
            english=rows.is_english,
        )
    marks = numbers.marks(rows.prices, rows.column("volume"), header.delimiter, rows.is_english)
    unit = units.of_volume(header.names, header.binding, rows.trades(marks))
    symbol = _symbol(source.key, header, folder, default_symbol)
    rows.require_days_of_one_instrument(settled.style, symbol.symbol if symbol else None)

    at = header.binding.columns
    has_volume = "volume" in at and marks.volume is not None
    return FileFormat(
        source=source.path,
        modified=milliseconds_text(source.modified),
        header=re.sub("\ufffd+", "\ufffd", "\n".join([*header_lines, *rows.header_lines])),
        fields=len(header.names),
        symbol=symbol.symbol if symbol else None,
        symbol_at=at.get("symbol"),
        date_at=at["date"],
        open_at=at.get("open"),
        high_at=at.get("high"),
        low_at=at.get("low"),
        close_at=at["close"],
        adj_close_at=at.get("adj_close"),
        volume_at=at["volume"] if has_volume else None,
        date_shape=settled.style.shape,
        year_at=settled.style.year_at,
        month_at=settled.style.month_at,
        day_at=settled.style.day_at,
        date_divisor=settled.style.divisor,
        header_names="\n".join(name.lower() for name in header.names),
        delimiter=header.delimiter,
        decimal_marks=marks.prices * len(columns.PRICES) + (marks.volume or "."),
        volume_factor=unit.factor,
        year_base=settled.style.year_base,
        day_shift=settled.style.day_shift,
        exchange_at=at.get("exchange") if "symbol" in at else None,
        instrument_at=rows.instrument_at,
        main_instruments="," + ",".join(instruments.MAIN) + "," if rows.instrument_at else None,
        has_rows=bool(rows.values),
        assumed=_joined(
            symbol.assumed if symbol else None,
            encoding_assumed,
            *settled.assumed,
            *marks.assumed,
            unit.assumed if has_volume else None,
            *header.binding.assumed,
            None if "volume" in at or any("volume" in each for each in header.binding.assumed) else "no volume column",
        ),
    )


class _Rows:
    """The rows of a file's first range, and what their columns tell.

    Raises FileRefusedError when they show that the file's lines, fields or columns can't be told apart.
    """

    def __init__(self, header: Header, lines: Sequence[str], undecodable: str | None) -> None:
        self._header = header
        self._at = header.binding.columns
        self.header_lines: list[str] = []
        """Lines among the rows that name columns as the header does, or units: no rows either."""
        split = ((line, self._split(line)) for line in lines)
        self.values = [values for line, values in split if not self._is_header_again(line, values)]
        self._require_fields(lines)
        self._require_decoded(undecodable)

    def column(self, meaning: str) -> list[str]:
        """The texts of one meaning's column, those of rows that do not reach it left out."""
        position = self._at.get(meaning)
        return [values[position - 1] for values in self.values if position and len(values) >= position]

    @cached_property
    def prices(self) -> list[str]:
        """The texts of all price columns, those that say that there is none left out."""
        return [text for meaning in columns.PRICES for text in self.column(meaning) if not numbers.is_missing(text)]

    @property
    def is_of_month_first_source(self) -> bool:
        """Whether the file has marks of a source that writes months before days: American ones."""
        return (
            "closelast" in map(columns.letters, self._header.names)
            or any("$" in price for price in self.prices)
            or any(map(dates.has_half_days, self.column("date")))
        )

    @property
    def date_name_says_utc(self) -> bool:
        name = columns.letters(self._header.names[self._at["date"] - 1])
        return "utc" in name or "gmt" in name

    @property
    def is_english(self) -> bool:
        """Whether the close or the date has an English name."""
        names = [columns.letters(self._header.names[self._at[meaning] - 1]) for meaning in ("date", "close")]
        return any(word in name for name in names for word in ("date", "time", "clos", "last", "price", "settle", "day"))

    @property
    def instrument_at(self) -> int | None:
        """The position of the column of series or boards, where the file has the main one."""
        return self._at.get("instrument") if instruments.are_told(self.column("instrument")) else None

    def trades(self, marks: numbers.Marks) -> Iterator[tuple[float, float, float]]:
        """Closes, volumes and amounts of money of the rows that have all three."""
        positions = [self._at.get(meaning, 0) for meaning in ("close", "volume", "amount")]
        if not all(positions) or marks.volume is None:
            return
        for values in self.values:
            if len(values) >= max(positions):
                close, volume, amount = (values[at - 1] for at in positions)
                found = (
                    numbers.value(close, marks.prices),
                    numbers.value(volume, marks.volume),
                    numbers.value(amount, marks.prices),
                )
                if found[0] is not None and found[1] is not None and found[2] is not None:
                    yield found[0], found[1], found[2]

    def require_days_of_one_instrument(self, style: dates.DateStyle, symbol: str | None) -> None:
        """Raise FileRefusedError when the rows are not one a day of each symbol: weekly bars, or a column tells several apart."""
        rows = [
            (values, style.day(values[self._at["date"] - 1])) for values in self.values if len(values) >= max(self._at.values())
        ]
        calendar.require_days([day for _, day in rows if day])
        symbol_at = self._at.get("symbol")
        keyed = [(values, (values[symbol_at - 1] if symbol_at else symbol or "", str(day))) for values, day in rows if day]
        if self.instrument_at:
            return
        read = {position for meaning, position in self._at.items() if meaning in READ or meaning == "exchange"}
        several = instruments.rows_of_shared_days(keyed, self._at["close"])
        if not several:
            return
        calendar.require_whole_days([values[self._at["date"] - 1] for group in several for values in group])
        telling = instruments.telling_column(several, read)
        if telling:
            name, example = self._header.names[telling - 1], several[0][0][telling - 1]
            calendar.require_whole_days([values[telling - 1] for group in several for values in group])
            raise refused(
                Kind.SYMBOL,
                f"several rows a day, told apart by column {shown(name, 30)} ({shown(example, 30)}): rename it to symbol if it"
                " names one, else write a file for each of its values",
            )

    def _split(self, line: str) -> list[str]:
        values = fields.split(line, self._header.delimiter)
        if values is None:
            raise refused(
                Kind.LINES,
                f"a quote does not close within its line ({shown(line)}), and a quoted line break cannot be"
                " told from a stray quote: write each row on one line and double the quotes inside fields",
            )
        return values

    def _is_header_again(self, line: str, values: Sequence[str]) -> bool:
        if not is_header_line(line, values, self._header):
            return False
        if names_others(values, self._header):
            raise refused(
                Kind.SECOND_HEADER,
                f"a second header inside the file names other columns ({shown(line)}): write a file for each header",
            )
        return True

    def _require_fields(self, lines: Sequence[str]) -> None:
        count = len(self._header.names)
        longer = [any(values[count:]) for values in self.values]
        if len(longer) > 1 and all(longer):
            raise refused(
                Kind.FIELDS,
                f"every row has more fields than the header's {count} (such as {shown(lines[-1])}): save it"
                " with decimal points if these are decimal commas, else name every column",
            )

    def _require_decoded(self, undecodable: str | None) -> None:
        """Text that is not UTF-8 may stand beside what is read, not in it."""
        if undecodable and any("\ufffd" in text for meaning in READ for text in self.column(meaning)):
            raise refused(Kind.ENCODING, f"not UTF-8 but perhaps Latin-1 or Windows-1252 ({undecodable}): save it as CSV UTF-8")


def _rows(lines: Iterable[str], header_lines: Collection[str]) -> Iterator[str]:
    """The lines that are rows: not blank, and not the header, which files that were put together repeat."""
    return (line for line in lines if line.strip() and line not in header_lines)


def _beyond(text: Text) -> Iterator[str]:
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


def _symbol(key: str, header: Header, folder: str, default: str) -> symbols.Named | None:
    """The file's symbol; None where its rows have a column for it."""
    if "symbol" in header.binding.columns:
        return None
    return symbols.Named(header.symbol) if header.symbol else symbols.from_key(key, folder, default)


def _joined(*phrases: str | None) -> str | None:
    return "; ".join(phrase for phrase in phrases if phrase) or None
