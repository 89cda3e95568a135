"""Known prices, written as people write them: every way in which a file may differ, and still says the same.

writing = draw(writings(symbol))
writing.name, writing.content      a file to drop
writing.prices                     what the lake has to show of it
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

MEANINGS = ("date", "open", "high", "low", "close", "adj_close", "volume")

# Column names by language, as brokers and sources of the country write them.
HEADERS: dict[str, dict[str, str]] = {
    "English": dict(zip(MEANINGS, ("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"), strict=True)),
    "snake case": {"date": "trade_date", "open": "open_price", "high": "high_price", "low": "low_price", "close": "close_price",
                   "adj_close": "adjusted_close", "volume": "volume"},
    "MetaStock": dict(zip(MEANINGS, ("<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<ADJ CLOSE>", "<VOL>"), strict=True)),
    "German": {"date": "Datum", "open": "Eröffnung", "high": "Hoch", "low": "Tief", "close": "Schlusskurs", "volume": "Volumen"},
    "French": {"date": "Date", "open": "Ouverture", "high": "Plus haut", "low": "Plus bas", "close": "Clôture",
               "volume": "Volume"},
    "Spanish": {"date": "Fecha", "open": "Apertura", "high": "Máximo", "low": "Mínimo", "close": "Cierre", "volume": "Volumen"},
    "Italian": {"date": "Data", "open": "Apertura", "high": "Massimo", "low": "Minimo", "close": "Chiusura", "volume": "Volume"},
    "Portuguese": {"date": "Data", "open": "Abertura", "high": "Máxima", "low": "Mínima", "close": "Fechamento",
                   "volume": "Volume"},
    "Polish": {"date": "Data", "open": "Otwarcie", "high": "Najwyzszy", "low": "Najnizszy", "close": "Zamkniecie",
               "volume": "Wolumen"},
    "Korean": {"date": "날짜", "open": "시가", "high": "고가", "low": "저가", "close": "종가", "volume": "거래량"},
    "Chinese": {"date": "日期", "open": "开盘", "high": "最高", "low": "最低", "close": "收盘"},
    "Japanese": {"date": "日付", "open": "始値", "high": "高値", "low": "安値", "close": "終値", "volume": "出来高"},
}  # fmt: skip

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December")  # fmt: skip
_NEW_YORK, _BERLIN, _TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


def _epoch(day: date, zone: Any = timezone.utc, hour: int = 0) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp())


def _utc(day: date, zone: Any, hour: int) -> str:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S+00:00")


# How a day is written. Those in AMBIGUOUS leave day and month open unless the days tell.
DATES: dict[str, Callable[[date], str]] = {
    "2016-01-04": lambda day: f"{day:%Y-%m-%d}",
    "2016/1/4": lambda day: f"{day.year}/{day.month}/{day.day}",
    "2016.01.04": lambda day: f"{day:%Y.%m.%d}",
    "20160104": lambda day: f"{day:%Y%m%d}",
    "20160104.0": lambda day: f"{day:%Y%m%d}.0",
    "04-Jan-2016": lambda day: f"{day:%d}-{_MONTHS[day.month - 1]}-{day.year}",
    "04JAN2016": lambda day: f"{day:%d}{_MONTHS[day.month - 1].upper()}{day.year}",
    "4-Jan-16": lambda day: f"{day.day}-{_MONTHS[day.month - 1]}-{day:%y}",
    "Jan 04, 2016": lambda day: f"{_MONTHS[day.month - 1]} {day:%d}, {day.year}",
    "January 4, 2016": lambda day: f"{_LONG[day.month - 1]} {day.day}, {day.year}",
    "Mon, 04 Jan 2016": lambda day: f"{day:%a}, {day:%d} {_MONTHS[day.month - 1]} {day.year}",
    "2016年1月4日": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "105/01/04": lambda day: f"{day.year - 1911}/{day:%m/%d}",
    "2016-01-04 00:00:00": lambda day: f"{day:%Y-%m-%d} 00:00:00",
    "2016-01-04T00:00:00.000Z": lambda day: f"{day:%Y-%m-%d}T00:00:00.000Z",
    "2016-01-04 00:00:00-05:00": lambda day: datetime(day.year, day.month, day.day, tzinfo=_NEW_YORK).isoformat(" "),
    "New York midnight in UTC": lambda day: _utc(day, _NEW_YORK, 0),
    "Berlin midnight in UTC": lambda day: _utc(day, _BERLIN, 0),
    "Tokyo midnight in UTC": lambda day: _utc(day, _TOKYO, 0),
    "epoch seconds": lambda day: str(_epoch(day)),
    "epoch milliseconds": lambda day: str(_epoch(day) * 1000),
    "epoch of New York's close": lambda day: str(_epoch(day, _NEW_YORK, 16) * 1000),
    "04/01/2016": lambda day: f"{day:%d/%m/%Y}",
    "04.01.2016": lambda day: f"{day:%d.%m.%Y}",
    "4-1-2016": lambda day: f"{day.day}-{day.month}-{day.year}",
    "01/04/2016": lambda day: f"{day:%m/%d/%Y}",
    "1/4/2016 16:00:00": lambda day: f"{day.month}/{day.day}/{day.year} 16:00:00",
}

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

# Decimal mark and thousands separator.
NUMBERS = {"1234.5": (".", ""), "1,234.5": (".", ","), "1 234.5": (".", " "), "1'234.5": (".", "'"), "1234,5": (",", ""),
           "1.234,5": (",", "."), "1 234,5": (",", " "), "1\u00a0234,5": (",", "\u00a0")}  # fmt: skip

MISSING = ("", "null", "N/A", "-", "NaN", "—", "\\N", "<NA>", ".", "(null)", "#N/A N/A")

NOISE = ("Change %", "Turnover", "Dividends", "Stock Splits", "Market Cap", "Trades", "VWAP")

# File names and folders that tell the symbol, where no column does.
NAMES = ("{}.csv", "{}_2016.csv", "{}_2010_2020.csv", "{} (1).csv", "NASDAQ_{}, 1D.csv", "{}_us_d.csv", "symbol={}/prices.csv",
         "ticker={}/2016.csv", "{} Historical Data.csv", "daily_adjusted_{}.csv")  # fmt: skip


@dataclass(frozen=True)
class Price:
    """One day as it is: numbers of two decimals, None where the day has none."""

    day: date
    open: float | None
    high: float | None
    low: float | None
    close: float
    adj_close: float | None
    volume: int | None


@dataclass(frozen=True)
class Writing:
    """A file, the prices that it holds, and how it writes them."""

    symbol: str
    name: str
    content: bytes
    prices: list[Price]
    style: Mapping[str, Any] = field(compare=False)

    def __repr__(self) -> str:
        text = gzip.decompress(self.content) if self.name.endswith(".gz") else self.content
        return f"{self.name} {dict(self.style)}\n{text.decode(errors='replace')[:900]}"


@st.composite
def prices(draw: st.DrawFn, columns: frozenset[str]) -> list[Price]:
    """Neighbouring trading days of one share, some of them left out, at any level of prices."""
    start = draw(st.dates(date(1998, 1, 1), date(2025, 6, 1)))
    days = [start + timedelta(days=ahead) for ahead in range(draw(st.integers(12, 45)))]
    days = [day for day in days if day.weekday() < 5]
    level = draw(st.sampled_from([3.0, 45.0, 180.0, 1_450.0, 23_000.0]))
    seed = draw(st.randoms(use_true_random=False))
    factor = draw(st.sampled_from([1.0, 0.5, 0.97]))
    found = []
    for day in days:
        level = max(1.0, level * (1 + seed.uniform(-0.02, 0.02)))
        low, high = round(level * 0.985, 2), round(level * 1.015, 2)
        opened, close = round(seed.uniform(low, high), 2), round(seed.uniform(low, high), 2)
        found.append(
            Price(
                day,
                opened if "open" in columns else None,
                high if "high" in columns else None,
                low if "low" in columns else None,
                close,
                round(close * factor, 2) if "adj_close" in columns else None,
                seed.randrange(1_000, 90_000_000) if "volume" in columns else None,
            )
        )
    return found


@st.composite
def writings(draw: st.DrawFn, symbol: str) -> Writing:
    """A file of known prices in any combination of the ways above."""
    language = draw(st.sampled_from(sorted(HEADERS)))
    header = HEADERS[language]
    optional = [name for name in ("open", "high", "low", "adj_close", "volume") if name in header]
    columns = frozenset({"date", "close", *(name for name in optional if draw(st.integers(0, 9)) > 0)})
    days = draw(prices(columns))
    has_symbol_column = draw(st.booleans())
    number = draw(st.sampled_from(sorted(NUMBERS)))
    delimiter = DELIMITERS[draw(st.sampled_from(sorted(DELIMITERS)))]
    style = {
        "language": language,
        "dates": draw(st.sampled_from(sorted(DATES))),
        "numbers": number,
        "delimiter": delimiter,
        "currency": draw(st.sampled_from(["", "", "", "$", " €", "€ "])),
        "descending": draw(st.booleans()),
        "quoted": draw(st.booleans()),
        "line end": draw(st.sampled_from(["\n", "\r\n"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "latin-1"])),
        "missing": draw(st.sampled_from(MISSING)),
        "blank lines": draw(st.booleans()),
        "header again": draw(st.integers(0, 9)) == 0,
        "gzip": draw(st.integers(0, 4)) == 0,
    }
    noise = draw(st.lists(st.sampled_from(NOISE), max_size=3, unique=True))
    order = draw(st.permutations([*sorted(columns), *noise, *(["symbol"] if has_symbol_column else [])]))
    days = [_with_gaps(day, index, draw) for index, day in enumerate(days)]
    name = f"export {symbol}.csv" if has_symbol_column else draw(st.sampled_from(NAMES)).format(symbol)
    content = _text(style, header, order, days, symbol)
    body = content.encode("utf-8" if style["encoding"] == "latin-1" and not _fits(content) else str(style["encoding"]))
    if style["gzip"]:
        name, body = f"{name}.gz", gzip.compress(body, mtime=0)
    return Writing(symbol, name, body, days, {**style, "columns": order})


def _fits(content: str) -> bool:
    try:
        content.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _with_gaps(day: Price, index: int, draw: st.DrawFn) -> Price:
    """Now and then a day without a volume or an open."""
    if index > 2 and draw(st.integers(0, 15)) == 0:
        return Price(day.day, None, day.high, day.low, day.close, day.adj_close, None)
    return day


def _text(style: Mapping[str, Any], header: Mapping[str, str], order: list[str], days: list[Price], symbol: str) -> str:
    delimiter, end = str(style["delimiter"]), str(style["line end"])

    def line(cells: list[str]) -> str:
        quote = style["quoted"]
        return delimiter.join(f'"{cell}"' if quote or delimiter in cell else cell for cell in cells)

    names = line([header.get(name, "Symbol" if name == "symbol" else name) for name in order])
    rows = [
        line([_cell(style, name, day, symbol) for name in order]) for day in (reversed(days) if style["descending"] else days)
    ]
    if style["header again"]:
        rows.insert(len(rows) // 2, names)
    if style["blank lines"]:
        rows.append("")
    return end.join([names, *rows]) + end


def _cell(style: Mapping[str, Any], name: str, day: Price, symbol: str) -> str:
    if name == "symbol":
        return symbol
    if name == "date":
        return DATES[style["dates"]](day.day)
    if name in NOISE:
        return "0"
    value = getattr(day, name)
    if value is None:
        return str(style["missing"])
    decimal, thousands = NUMBERS[style["numbers"]]
    text = f"{value:,.2f}" if name != "volume" else f"{value:,}"
    text = text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    if name == "volume" or not style["currency"]:
        return text
    currency = str(style["currency"])
    return currency + text if currency[-1] in "$ " else text + currency
