"""The rows of a file's first range: what its columns tell together."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from . import calendar, columns, dates, fields, file_names, instruments, numbers
from .aliases import READ
from .header import Header, is_header_line, names_others, unit_of_volume
from .refusals import Kind, refused
from .text import shown

_AMERICAN = re.compile(r"[-+]?(?:US ?)?\$ ?[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?")

_FLAGS = frozenset(["y", "n", "yes", "no", "true", "false"])
"""What columns such as `Index Member` and `Bank Holiday` hold, which are not companies."""


class Codes(NamedTuple):
    """How many digits the symbols of a file have, where shorter ones are to be filled up with zeros, and what was assumed."""

    digits: int | None = None
    assumed: str | None = None


class FirstRows:
    """The rows of a file's first range, and what their columns tell.

    Raises FileRefusedError when they show that the file's lines, fields or columns can't be told apart.
    """

    def __init__(self, header: Header, lines: Sequence[str], undecodable: str | None, is_whole: bool) -> None:
        self._header = header
        self._is_whole = is_whole
        self._at = header.binding.columns
        self.volume_factor: float | None = None
        """The unit of the volume where a line below the header names it."""
        self.header_lines: list[str] = []
        """Lines among the rows that name columns as the header does, or units: not data rows."""
        split = ((line, self._split(line)) for line in lines)
        self.values = [
            values
            for at, (line, values) in enumerate(split)
            if not (at == 0 and self._is_of_units(line, values)) and not self._is_header_again(line, values, at == 0)
        ]
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
    def prices_of_symbols(self) -> list[list[str]]:
        """The same for each symbol."""
        prices: dict[str, list[str]] = defaultdict(list)
        for meaning in columns.PRICES:
            if meaning in self._at:
                for symbol, texts in self._of_symbols(self._at[meaning]).items():
                    prices[symbol] += texts
        return list(prices.values())

    @property
    def is_of_month_first_source(self) -> bool:
        """Whether the file is of a source that writes months before days: Nasdaq.com."""
        return "closelast" in map(columns.letters, self._header.names)

    @property
    def has_american_marks(self) -> bool:
        """Whether prices are in plain dollars, or times of day in halves of it, under an English header. R$, A$ and HK$ are of
        those who write the day first, and so is $ 1.234,50.
        """
        in_dollars = [price for price in self.prices if "$" in price]
        has_dollars = bool(in_dollars) and all(map(_AMERICAN.fullmatch, in_dollars))
        return self.is_english and (has_dollars or any(map(dates.has_half_days, self.column("date"))))

    @property
    def says_long_bars(self) -> bool:
        """Whether a column says that the rows are bars of weeks or months."""
        return any(period.upper() in ("W", "M", "Q", "Y") for period in self.column("period"))

    @property
    def moments(self) -> list[str]:
        """The dates with the times of day behind that a column of their own has; none where there is no such column."""
        names = list(map(columns.letters, self._header.names))
        at, time_at = self._at["date"] - 1, names.index("time") if "time" in names else self._at["date"] - 1
        return [f"{values[at]} {values[time_at]}" for values in self.values if at != time_at and len(values) > max(at, time_at)]

    @property
    def date_name_says_utc(self) -> bool:
        name = columns.letters(self._header.names[self._at["date"] - 1])
        return "utc" in name or "gmt" in name

    @property
    def is_english(self) -> bool:
        """Whether the close or the date has an English name."""
        names = [columns.letters(self._header.names[self._at[meaning] - 1]) for meaning in ("date", "close")]
        return any(word in name for name in names for word in ("date", "time", "clos", "last", "price", "settle", "day"))

    @cached_property
    def instrument(self) -> tuple[int, str] | None:
        """The position of the column that tells which rows are the share's, and what it says of them: the series or boards of
        shares, if the file has the main one; else the name of the one company of the first range, where more rows follow.
        """
        if instruments.are_told(self.column("instrument")):
            return self._at["instrument"], instruments.LISTED
        for position, texts in self._naming_columns():
            if not self._is_whole and len(set(texts)) == 1 and instruments.is_plain(texts[0]):
                return position, f",{texts[0].upper()},"
        return None

    def _naming_columns(self) -> Iterator[tuple[int, list[str]]]:
        """The columns of unknown names that name companies, each with its position and texts; none next to a symbol column."""
        read = {position for meaning, position in self._at.items() if meaning in READ or meaning == "exchange"}
        for position, name in enumerate(self._header.names, start=1):
            if "symbol" in self._at or position in read or not any(word in columns.letters(name) for word in instruments.NAMING):
                continue
            texts = [values[position - 1] for values in self.values if len(values) >= len(self._header.names)]
            if texts and all(map(instruments.is_text, texts)):
                yield position, texts

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
                    numbers.value(volume, marks.volume, is_volume=True),
                    numbers.value(amount, marks.prices),
                )
                if found[0] is not None and found[1] is not None and found[2] is not None:
                    yield found[0], found[1], found[2]

    def symbol_codes(self) -> Codes:
        """How many digits the codes in the symbol column have, where its name tells that shorter ones have lost their zeros.

        Raises FileRefusedError when what seems to be the symbol column holds something else (CoinMarketCap's name, an id), or
        when only codes without their zeros stand there: 700 may be of Hong Kong or of Shenzhen.
        """
        at = self._at.get("symbol")
        name = self._header.names[at - 1] if at else ""
        meaning, texts = columns.meaning_of(name), self.column("symbol")
        if not meaning or not texts:
            return Codes()
        if meaning.alias.rank > 2 and all(map(str.isdecimal, texts)):
            raise refused(
                Kind.SYMBOL,
                f"column {shown(name, 30)} would be the symbol but holds numbers ({shown(texts[0], 30)}):"
                " rename it to symbol if it is one, else remove it",
            )
        digits = meaning.alias.digits
        short = [text for text in texts if text.isdecimal() and len(text) < (digits or 0)]
        if any(text.startswith("0") for text in short):
            return Codes()
        is_told = any(text.isdecimal() and len(text) == digits for text in texts)
        if short and not is_told:
            raise refused(
                Kind.SYMBOL,
                f"codes of column {shown(name, 30)} have lost their zeros ({shown(short[0], 30)}): write them as text with"
                f" {digits} digits",
            )
        return Codes(digits if is_told else None, f"symbols filled up with zeros to {digits} digits" if short else None)

    def require_shares(self, symbol: str | None) -> None:
        """Raise FileRefusedError when the rows are of bonds, odd lots or block deals alone; or of futures and options under the
        symbol of what they are on, which has no digit, as those of contracts have.
        """
        series = [text for text in self.column("instrument") if not numbers.is_missing(text)]
        if instruments.are_of_others(series):
            raise refused(
                Kind.CONTRACTS,
                f"all rows are of series or boards that are not of the share ({shown(series[0], 30)}): drop those of the share",
            )
        contracts = [text for text in self.column("contract") if not numbers.is_missing(text) and numbers.value(text) != 0]
        symbols = self.column("symbol") or [symbol or ""]
        if contracts and not all(any(char.isdecimal() for char in text) for text in symbols):
            name = self._header.names[self._at["contract"] - 1]
            raise refused(
                Kind.CONTRACTS,
                f"futures, options or bonds under the symbol of a share (column {shown(name, 30)}, such as"
                f" {shown(contracts[0], 30)}): drop prices of the share, or make the contract part of the symbol",
            )

    def require_days_of_one_instrument(self, style: dates.DateStyle, symbol: str | None, says_long_bars: bool) -> None:
        """Raise FileRefusedError when the rows are not one a day of each symbol: weekly bars, or a column tells several apart."""
        rows = [
            (values, style.day(values[self._at["date"] - 1])) for values in self.values if len(values) >= max(self._at.values())
        ]
        close_at = self._at["close"]
        symbol_at = self._at.get("symbol")
        days = defaultdict(list)
        for values, day in rows:
            if day and not numbers.is_missing(values[close_at - 1]):
                days[values[symbol_at - 1] if symbol_at else ""].append(day)
        calendar.require_days(list(days.values()), says_long_bars)
        keyed = [(values, (values[symbol_at - 1] if symbol_at else symbol or "", str(day))) for values, day in rows if day]
        if not symbol_at:
            self._require_no_title()
        if not instruments.are_told(self.column("instrument")):
            self._require_one_a_day(instruments.rows_of_shared_days(keyed, close_at), keyed)
        self._require_one_name()

    def require_one_currency(self) -> None:
        """Raise FileRefusedError when a symbol's rows are in several currencies, by a column or by what stands with closes."""
        by_column = self._of_symbols(self._at["currency"]) if "currency" in self._at else {}
        with_closes = self._of_symbols(self._at["close"])
        for symbol, closes in with_closes.items():
            named = [text if text == "GBp" else text.upper() for text in by_column.get(symbol, [])]
            for found in (named, filter(None, map(numbers.currency, closes))):
                several = list(dict.fromkeys(found))
                if len(several) > 1:
                    of = f"rows of {shown(symbol, 30)}" if symbol else "rows"
                    raise refused(
                        Kind.SYMBOL,
                        f"{of} in several currencies ({shown(several[0], 30)}, {shown(several[1], 30)}): give each a symbol of"
                        " its own",
                    )

    @property
    def markets(self) -> str | None:
        """What to say where a symbol's rows are of several exchanges: it has moved, or they are several listings."""
        by_symbol = self._of_symbols(self._at["market"]) if "market" in self._at else {}
        several = next((names for texts in by_symbol.values() if len(names := list(dict.fromkeys(texts))) > 1), None)
        return f"rows of several exchanges: {shown(several[0], 30)}, {shown(several[1], 30)}" if several else None

    def _of_symbols(self, at: int) -> dict[str, list[str]]:
        """The texts of a column by symbol, those left out that say that there is none."""
        symbol_at = self._at.get("symbol")
        found: dict[str, list[str]] = defaultdict(list)
        for values in self.values:
            if len(values) >= max(at, symbol_at or 0) and not numbers.is_missing(values[at - 1]):
                found[values[symbol_at - 1] if symbol_at else ""].append(values[at - 1])
        return found

    def _require_no_title(self) -> None:
        """Raise FileRefusedError when a name stands alone between rows, as above the table of another company."""
        texts = [[value for value in values if value] for values in self.values]
        at = [position for position, found in enumerate(texts) if len(found) > 1]
        for found in texts[min(at, default=0) : max(at, default=0)]:
            # A lone date is a day without trade.
            is_title = len(found) == 1 and any(map(str.isalpha, found[0])) and not dates.styles(found[0])
            is_remark = is_title and (numbers.is_missing(found[0]) or found[0].startswith("#"))
            if is_title and not is_remark and not file_names.is_word(found[0]):
                raise refused(
                    Kind.SYMBOL,
                    f"a title between the rows ({shown(found[0], 30)}), perhaps of another company: write a file for each, or one"
                    " table with a symbol column",
                )

    def _require_one_name(self) -> None:
        """Raise FileRefusedError when a column that names companies, and is not known for a symbol column, has several."""
        for position, texts in self._naming_columns():
            names = list(dict.fromkeys(texts))
            changes = sum(one != next_one for one, next_one in itertools.pairwise(texts))
            # One company below the other; what changes to and fro is a trend or a status.
            if (
                names[1:]
                and not _FLAGS.issuperset(map(str.lower, names))
                and len(names) <= len(texts) / 2
                and changes == len(names) - 1
            ):
                raise refused(
                    Kind.SYMBOL,
                    f"column {shown(self._header.names[position - 1], 30)} names several ({shown(names[0], 30)},"
                    f" {shown(names[1], 30)}): rename it to symbol, or write a file for each",
                )

    def _require_one_a_day(self, several: Sequence[Sequence[Sequence[str]]], keyed: Sequence[instruments.Keyed]) -> None:
        """Raise FileRefusedError when the groups, of rows of one symbol and day, are parts of days, or told by a column."""
        of_parts = [[values[self._at["date"] - 1] for values in group] for group in several]
        moments = next((texts for texts in of_parts if len(texts) > 2 and len(set(texts)) == len(texts)), None)
        if moments:
            raise calendar.of_parts_of_days(moments)
        are_most = 2 * len(several) >= len({key for _, key in keyed})
        if not several or (len(several) < 2 and not are_most):
            return
        if are_most:
            calendar.require_whole_days([text for texts in of_parts for text in texts])
        read = {position for meaning, position in self._at.items() if meaning in READ or meaning == "exchange"}
        telling = instruments.telling_column(several, read)
        if not telling:
            return
        name, example = self._header.names[telling - 1], several[0][0][telling - 1]
        if columns.meanings([name]) == {"date"}:
            raise calendar.of_parts_of_days([values[telling - 1] for values in several[0]])
        if are_most:
            calendar.require_whole_days([values[telling - 1] for group in several for values in group])
        # On few days any text may differ; a name stands in many rows.
        elif 2 * len({values[telling - 1] for values, _ in keyed}) > len(keyed):
            return
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

    def _is_header_again(self, line: str, values: Sequence[str], below_header: bool) -> bool:
        if not is_header_line(line, values, self._header):
            return False
        if names_others(values, self._header, below_header):
            raise refused(
                Kind.SECOND_HEADER,
                f"a second header inside the file names other columns ({shown(line)}): write a file for each header",
            )
        if line not in self.header_lines:
            self.header_lines.append(line)
        return True

    def _is_of_units(self, line: str, values: Sequence[str]) -> bool:
        self.volume_factor = unit_of_volume(values, self._header)
        if self.volume_factor is not None:
            self.header_lines.append(line)
        return self.volume_factor is not None

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
        """Text that is not UTF-8 may stand next to what is read, not in it."""
        if undecodable and any(map(self._has_unread, self.values)):
            raise refused(Kind.ENCODING, f"not UTF-8 but perhaps Latin-1 or Windows-1252 ({undecodable}): save it as CSV UTF-8")

    def _has_unread(self, values: Sequence[str]) -> bool:
        """Whether a whole row has such text where it is read; footnotes are not data rows."""
        return len(values) >= len(self._header.names) and any(
            "\ufffd" in values[position - 1] for meaning, position in self._at.items() if meaning in READ
        )
