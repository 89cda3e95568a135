"""What the lake must hold after a drop, computed another way: plain Python over the files' text.

It follows docs and table definitions, not the SQL, and shares no code with lambda_scripts. It reads the dataset's three
formats and simple CSVs like them; files that would be refused are not for it.
"""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any, NamedTuple

Row = dict[str, Any]
"""A table's row by column name: numbers as float and int, days as date, missing values as None."""

PRICES = ("open", "high", "low", "close", "adj_close")
NAMES = {
    "symbol": "symbol",
    "ticker": "symbol",
    "date": "date",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "adj close": "adj_close",
    "adj_close": "adj_close",
    "adjusted_close": "adj_close",
    "volume": "volume",
}
DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d")
MISSING = {"", "-", "null", "n/a", "nan"}


@dataclass(frozen=True)
class RawFile:
    """One version of one file; `key` is the whole key, below raw/stocks/."""

    key: str
    body: bytes
    modified: datetime


class Outcome(NamedTuple):
    """Where a file's rows ended."""

    rows: int
    accepted: int
    superseded: int
    rejected: int


@dataclass(frozen=True)
class Lake:
    """The tables, each in the order of its key: symbol, then time."""

    processed: list[Row]
    monthly: list[Row]
    yearly: list[Row]
    outcomes: dict[str, Outcome]


def lake(files: Iterable[RawFile], bucket: str) -> Lake:
    """The lake that these drops, in their order, lead to; a later file of the same key replaces the earlier."""
    latest = {file.key: file for file in files}
    offered, read = [], {}
    for file in latest.values():
        rows, rejected, equal = _parsed(file, f"s3://{bucket}/{file.key}")
        offered += rows
        read[file.key] = (len(rows) + rejected + equal, rejected)
    winners: dict[tuple[str, date], Row] = {}
    for row in sorted(offered, key=lambda row: (row["source_modified"], row["source"])):
        winners[row["symbol"], row["trade_date"]] = row
    processed = [winners[key] for key in sorted(winners)]
    accepted: dict[str, int] = defaultdict(int)
    for row in processed:
        accepted[row["source"]] += 1
    outcomes = {}
    for key, (count, rejected) in read.items():
        kept = accepted[f"s3://{bucket}/{key}"]
        outcomes[key] = Outcome(count, kept, count - rejected - kept, rejected)
    return Lake(processed, monthly(processed), yearly(processed), outcomes)


def monthly(processed: Sequence[Row]) -> list[Row]:
    """monthly_stock_reporting of these rows, which are in the order of symbol and day."""
    reports = []
    for history in _by("symbol", processed):
        previous: Row | None = None
        for rows in _by("year month", history):
            report = _period(rows, previous, history)
            reports.append({
                "symbol": rows[0]["symbol"],
                "year": rows[0]["year"],
                "month": rows[0]["month"],
                **report,
                "highest_price": _extreme(max, rows, "high"),
                "lowest_price": _extreme(min, rows, "low"),
            })  # fmt: skip
            previous = rows[-1]
    return reports


def yearly(processed: Sequence[Row]) -> list[Row]:
    """yearly_stock_reporting of these rows, which are in the order of symbol and day."""
    reports = []
    for history in _by("symbol", processed):
        previous: Row | None = None
        for rows in _by("year", history):
            report = _period(rows, previous, history)
            reports.append({
                "symbol": rows[0]["symbol"],
                "year": rows[0]["year"],
                **report,
                "yearly_high": _extreme(max, rows, "high"),
                "yearly_low": _extreme(min, rows, "low"),
                "max_drawdown_pct": _max_drawdown_pct(_levels(rows)),
            })  # fmt: skip
            previous = rows[-1]
    return reports


def _period(rows: Sequence[Row], previous: Row | None, history: Sequence[Row]) -> Row:
    """What both reports say of a period; `previous` is the last row before it, `history` all rows of the symbol."""
    opens = [row["open"] for row in rows if row["open"] is not None]
    volumes = [row["volume"] for row in rows if row["volume"] is not None]
    ranges = [row["daily_range"] for row in rows if row["daily_range"] is not None]
    first = history.index(rows[0])
    daily = [
        change
        for at in range(first, first + len(rows))
        if at > 0 and (change := _change(history[at - 1], history[at])) is not None
    ]
    change = _change(previous, rows[-1], since=rows[0]) if previous else None
    return {
        "trading_days": len(rows),
        "open_price": opens[0] if opens else None,
        "close_price": rows[-1]["close"],
        "avg_close_price": statistics.fmean(row["close"] for row in rows),
        "total_volume": sum(volumes) if volumes else None,
        "avg_daily_range": statistics.fmean(ranges) if ranges else None,
        "return_pct": None if change is None else 100 * change,
        "volatility": statistics.stdev(daily) if len(daily) > 1 else None,
    }


def _change(earlier: Row, later: Row, since: Row | None = None) -> float | None:
    """The adjusted close's change as a fraction; None where over a calendar year lies between."""
    if (since or later)["trade_date"].year - earlier["trade_date"].year > 1:
        return None
    both_adjusted = earlier["adj_close"] is not None and later["adj_close"] is not None
    column = "adj_close" if both_adjusted else "close"
    return float(later[column] / earlier[column] - 1)


def _levels(rows: Sequence[Row]) -> list[float]:
    """What a fall is measured on: the adjusted closes where every row has one, else the closes."""
    column = "adj_close" if all(row["adj_close"] is not None for row in rows) else "close"
    return [float(row[column]) for row in rows]


def _max_drawdown_pct(prices: Sequence[float]) -> float:
    return min(100 * (price / max(prices[: at + 1]) - 1) for at, price in enumerate(prices))


def _extreme(choose: Any, rows: Sequence[Row], column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return choose(values) if values else None


def _by(columns: str, rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in columns.split())].append(row)
    return list(groups.values())


def _parsed(file: RawFile, source: str) -> tuple[list[Row], int, int]:
    """The file's distinct good rows, and how many rows were rejected and how many repeated another."""
    header, *lines = [values for values in csv.reader(file.body.decode("utf-8-sig").splitlines()) if any(values)]
    names = [NAMES.get(name.strip().lower(), "") for name in header]
    lines = [values for values in lines if values != header]
    whole = [dict(zip(names, map(str.strip, values), strict=True)) for values in lines if len(values) == len(names)]
    date_format = _date_format([row["date"] for row in whole])
    symbol = _symbol_of_key(file.key)
    by_day: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for texts in whole:
        row = _typed(texts, date_format, texts.get("symbol", symbol).upper())
        if row:
            by_day[row["symbol"], row["trade_date"]].append(row)
    good = [rows for rows in by_day.values() if all(row == rows[0] for row in rows)]
    repeated = sum(len(rows) - 1 for rows in good)
    found = [{**rows[0], "source": source, "source_modified": file.modified.astimezone(timezone.utc)} for rows in good]
    return found, len(lines) - len(found) - repeated, repeated


def _typed(texts: dict[str, str], date_format: str, symbol: str) -> Row | None:
    """The row with its values read, or None where it is to be rejected."""
    day = _day(texts["date"], date_format)
    values = {name: _number(texts.get(name, "")) for name in (*PRICES, "volume")}
    close, high, low, volume = (values[name] for name in ("close", "high", "low", "volume"))
    unread = any(values[name] is None and texts.get(name, "").lower() not in MISSING for name in ("close", "volume"))
    if day is None or not symbol or unread or close is None or close <= 0:
        return None
    if high is not None and low is not None and high < low:
        return None
    if volume is not None and (volume < 0 or volume != int(volume)):
        return None
    return {
        "symbol": symbol,
        "trade_date": day,
        **values,
        "volume": None if volume is None else int(volume),
        "daily_change": None if values["open"] is None else close - values["open"],
        "daily_range": None if high is None or low is None else high - low,
        "year": f"{day:%Y}",
        "month": f"{day:%m}",
    }


def _date_format(texts: Sequence[str]) -> str:
    """The format in which most of the texts are dates, the first where several are equal."""
    return max(DATE_FORMATS, key=lambda form: sum(_day(text, form) is not None for text in texts))


@cache
def _day(text: str, date_format: str) -> date | None:
    try:
        day = datetime.strptime(text.partition(" ")[0], date_format).date()
    except ValueError:
        return None
    return day if day <= datetime.now(timezone.utc).date() + timedelta(days=1) else None


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").replace("$", ""))
    except ValueError:
        return None


def _symbol_of_key(key: str) -> str:
    folder, _, name = key.removeprefix("raw/stocks/").rpartition("/")
    return folder.partition("/")[0] or name.removesuffix(".csv").partition("_")[0].partition(" ")[0]
