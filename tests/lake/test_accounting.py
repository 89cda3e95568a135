"""Every row of every file is accepted, superseded or rejected, whatever the files are.

Files are generated from rows whose fate is known, written as some source might write them, a few of them damaged, and
dropped by the dozen into one lake. A file is held against what its rows must become; of a damaged one at least every line
must be accounted for. `ACCOUNTING_BATCHES=100` tries more batches than the run of every day does.
"""

from __future__ import annotations

import gzip
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lakes import Lake, opened
from tests.local_aws.account import EngineName

BATCHES = {"duckdb": 5, "trino": 3}
FIRST_DAY = date(2016, 1, 4)
DAYS = 20
SETTLING_DAY = date(2016, 1, 28)
"""The last row's: it settles which is the day and which the month."""

DAMAGE = b',,";\n\r  0059-/.xx$\t\v\x1c\xff'
"""Bytes that break fields, lines, numbers and dates; few that break the text, since those get the file refused."""

NEVER = "someday"
FUTURE = datetime.now(timezone.utc).date() + timedelta(days=60)


def _epoch(day: date, units_a_second: int) -> str:
    return str(int(datetime(day.year, day.month, day.day, 9, tzinfo=timezone.utc).timestamp()) * units_a_second)


STYLES: dict[str, Callable[[date], str]] = {
    "iso": lambda day: f"{day}",
    "iso with a time": lambda day: f"{day} 16:00:00-05:00",
    "year first": lambda day: f"{day.year}/{day.month}/{day.day}",
    "day first": lambda day: f"{day:%d/%m/%Y}",
    "day first, unpadded": lambda day: f"{day.day}.{day.month}.{day.year}",
    "month first": lambda day: f"{day:%m/%d/%Y}",
    "compact": lambda day: f"{day:%Y%m%d}",
    "month name": lambda day: f"{day:%b %d, %Y}",
    "month name inside": lambda day: f"{day:%d-%B-%Y}",
    "seconds": lambda day: _epoch(day, 1),
    "milliseconds": lambda day: _epoch(day, 1_000),
}
NAMES = {
    "symbol": ("Symbol", "ticker", "<TICKER>"),
    "date": ("Date", "DATE", "trade_date", "<DATE>"),
    "open": ("Open", "open_price"),
    "high": ("High", "HIGH"),
    "low": ("Low", " low "),
    "close": ("Close", "close", "Close/Last"),
    "adj_close": ("Adj Close", "adjclose", "Adjusted Close"),
    "volume": ("Volume", "Vol.", "volume"),
    "noise": ("Change %", "Note"),
}
PRICES = ("open", "high", "low", "close", "adj_close")
NUMBERS: tuple[Callable[[float], str], ...] = (
    lambda number: f"{number:.2f}",
    lambda number: f"{number:,.2f}",
    lambda number: f"${number:,.2f}",
    repr,
)
VOLUMES: tuple[Callable[[int], str], ...] = (
    str,
    lambda volume: f"{volume:,}",
    lambda volume: f"{volume / 1000!r}K",
    "{}.0".format,
)
END_OF_LINE = re.compile(rb"\r\n|\n|\r")

# What is wrong with a row: the column that is spoilt, by what, and the reason that must be given.
DEFECTS = {
    "no date": ("date", "null", "no date"),
    "unreadable date": ("date", NEVER, "the date is unreadable or not in the style of its file"),
    "no close": ("close", "N/A", "no close"),
    "text for a close": ("close", "n.m.", "the close is not a number"),
    "close of zero": ("close", "0.00", "the close is not above zero"),
    "close below zero": ("close", "-3", "the close is not above zero"),
    "no symbol": ("symbol", "", "no symbol"),
}
# No price is lost to a volume: what is written for it, and what is read.
ODD_VOLUMES: dict[str, tuple[str, str | None]] = {
    "volume below zero": ("-5", None),
    "part of a share": ("10.5", "11"),
    "text for a volume": ("many", None),
}
FUTURE_DATE, FEWER, MORE, DIFFERING = (
    "the date is in the future",
    "fewer fields than the header",
    "more fields than the header",
    "the file has differing rows for this symbol and day",
)


@dataclass(frozen=True)
class Row:
    day: int
    cents: int
    volume: int
    second_symbol: bool
    fate: str
    """good, one of DEFECTS or ODD_VOLUMES, future, fewer or more."""


@dataclass(frozen=True)
class Draft:
    """A file as it is to be written."""

    columns: tuple[str, ...]
    spelling: int
    style: str
    number: int
    volume: int
    rows: tuple[Row, ...]
    shares_a_symbol: bool
    quotes_all: bool
    mark: bool
    end: str
    ends_last_line: bool
    blank_every: int
    header_every: int
    surplus_commas: int
    packed: bool
    damage: tuple[int, ...]
    """Bytes to put into the body at even steps; none for a file that is whole."""
    cut: int
    """Bytes to cut off the end."""


@st.composite
def drafts(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Draft:
    optional = [name for name in NAMES if name not in ("date", "close")]
    left_out = draw(st.sets(st.sampled_from(optional), max_size=4))
    damaged = draw(st.integers(0, 3)) == 0
    if damaged:
        # A damaged symbol might be another file's.
        left_out |= {"symbol"}
    columns = draw(st.permutations([name for name in NAMES if name not in left_out]))
    fates = [
        *["good"] * 8,
        *ODD_VOLUMES,
        "future",
        "fewer",
        "more",
        *(name for name, (at, *_) in DEFECTS.items() if at in columns),
    ]
    row = st.builds(
        Row,
        day=st.integers(0, DAYS - 1),
        cents=st.integers(200, 500_000),
        volume=st.integers(0, 10**6).map(lambda volume: volume * 100),
        second_symbol=st.booleans(),
        fate=st.sampled_from(fates),
    )
    drawn = draw(st.lists(row, min_size=1, max_size=14))
    repeats = draw(st.lists(st.sampled_from(drawn), max_size=2))
    first, last = Row(0, 1_000, 100, False, "good"), Row((SETTLING_DAY - FIRST_DAY).days, 1_000, 100, False, "good")
    # Two neighbouring days: all days five apart were bars of weeks.
    second = Row(1, 1_000, 100, False, "good")
    return Draft(
        columns=tuple(columns),
        spelling=draw(st.integers(0, 11)),
        style=draw(st.sampled_from(sorted(STYLES))),
        number=draw(st.integers(0, len(NUMBERS) - 1)),
        volume=draw(st.integers(0, len(VOLUMES) - 1)),
        rows=(first, second, *drawn, *repeats, last),
        shares_a_symbol=not damaged and draw(st.integers(0, 2)) == 0,
        quotes_all=draw(st.booleans()),
        mark=draw(st.booleans()),
        end=draw(st.sampled_from(("\n", "\r\n", "\r"))),
        ends_last_line=draw(st.booleans()),
        blank_every=draw(st.integers(0, 3)),
        header_every=draw(st.sampled_from((0, 0, 0, 4))),
        surplus_commas=draw(st.integers(0, 2)),
        packed=draw(st.integers(0, 3)) == 0,
        damage=tuple(draw(st.lists(st.sampled_from(DAMAGE), min_size=1, max_size=4))) if damaged else (),
        cut=draw(st.integers(0, 40)) if damaged else 0,
    )


@dataclass(frozen=True)
class Written:
    """A file's bytes before packing, and what each of its rows must become."""

    key: str
    draft: Draft
    content: bytes
    offered: Mapping[tuple[str, date], Mapping[str, str | None]]
    """The values of its candidates, as Athena prints them, by symbol and day."""
    rejected: Counter[tuple[str, str]]
    """Its rejected rows: record and reason."""

    @property
    def is_damaged(self) -> bool:
        return bool(self.draft.damage)

    @property
    def body(self) -> bytes:
        return gzip.compress(self.content) if self.draft.packed else self.content

    def lines(self) -> list[str]:
        """Its data lines, told apart by what a line is alone: neither blank nor the header."""
        header, *lines = END_OF_LINE.split(self.content.removeprefix(b"\xef\xbb\xbf"))
        return [line.decode(errors="replace") for line in lines if line.strip() and line != header]


def write(draft: Draft, name: str, batch: str) -> Written:
    """The draft as a file of that name in that batch, its symbols the file's own or shared by the batch."""
    symbol = f"{batch}SHARED" if draft.shares_a_symbol else name
    key = f"{symbol}_{name}.csv" + (".gz" if draft.packed else "")
    header = _line(draft, [NAMES[column][draft.spelling % len(NAMES[column])] for column in draft.columns])
    text, rejected = [header], Counter[tuple[str, str]]()
    by_day: dict[tuple[str, date], list[tuple[str, dict[str, str | None]]]] = defaultdict(list)
    for number, row in enumerate(draft.rows, start=1):
        if draft.blank_every and number % draft.blank_every == 0:
            text.append(" " * (number % 2))
        if draft.header_every and number % draft.header_every == 0:
            text.append(header)
        row_symbol = symbol + "B" * (row.second_symbol and "symbol" in draft.columns)
        record, reason = _record(draft, row, row_symbol)
        text.append(record)
        if reason:
            rejected[record, reason] += 1
        else:
            by_day[row_symbol, FIRST_DAY + timedelta(days=row.day)].append((record, _values(draft, row)))
    offered = {}
    for at, rows in by_day.items():
        prices = [{name: values[name] for name in PRICES} for _, values in rows]
        volumes = {values["volume"] for _, values in rows}
        if all(each == prices[0] for each in prices) and (len(rows) == 2 or len(volumes - {None}) < 2):
            offered[at] = {**prices[0], "volume": min((volume for volume in volumes if volume), key=int, default=None)}
        else:
            rejected.update((record, DIFFERING) for record, _ in rows)
    whole = "\ufeff" * draft.mark + draft.end.join(text) + draft.end * draft.ends_last_line
    return Written(key, draft, _damaged(draft, whole.encode(), len(header) + 5), offered, rejected)


def _record(draft: Draft, row: Row, symbol: str) -> tuple[str, str | None]:
    """The row's line, and the reason for which it must be rejected."""
    day = FUTURE if row.fate == "future" else FIRST_DAY + timedelta(days=row.day)
    cells: dict[str, str] = {
        "symbol": symbol.lower() if row.volume % 200 else symbol,
        "date": STYLES[draft.style](day),
        "volume": VOLUMES[draft.volume](row.volume),
        "noise": '12.5%, "so"',
    }
    cells |= {name: NUMBERS[draft.number](price) for name, price in _prices(row).items()}
    reason = FUTURE_DATE if row.fate == "future" else None
    if row.fate in ODD_VOLUMES:
        cells["volume"], _ = ODD_VOLUMES[row.fate]
    if row.fate in DEFECTS:
        column, cells_text, reason = DEFECTS[row.fate]
        cells[column] = cells_text
    values = [cells[column] for column in draft.columns]
    if row.fate == "fewer":
        return _joined(draft, values[:-1]), FEWER
    if row.fate == "more":
        return _joined(draft, [*values, *[""] * draft.surplus_commas, "x"]), MORE
    return _line(draft, values), reason


def _prices(row: Row) -> dict[str, float]:
    return {name: (row.cents + extra) / 100 for name, extra in zip(PRICES, (0, 50, -50, 10, -100), strict=True)}


def _values(draft: Draft, row: Row) -> dict[str, str | None]:
    values: dict[str, str | None] = {name: str(price) for name, price in _prices(row).items()}
    values["volume"] = ODD_VOLUMES[row.fate][1] if row.fate in ODD_VOLUMES else str(row.volume)
    return {name: value if name in draft.columns else None for name, value in values.items()}


def _line(draft: Draft, cells: Sequence[str]) -> str:
    return _joined(draft, cells) + "," * draft.surplus_commas


def _joined(draft: Draft, cells: Sequence[str]) -> str:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if draft.quotes_all or "," in cell else cell

    return ",".join(map(quoted, cells))


def _damaged(draft: Draft, content: bytes, header_bytes: int) -> bytes:
    """The content with bytes of its body replaced and its end cut off; the header stays."""
    if not draft.damage:
        return content
    body = bytearray(content)
    step = (len(body) - header_bytes) // (len(draft.damage) + 1)
    for number, byte in enumerate(draft.damage, start=1):
        body[header_bytes + number * step] = byte
    return bytes(body[: max(header_bytes, len(body) - draft.cut)])


class Tally:
    """What was dropped into the lake, and what became of it."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.batches = 0
        self.counts: Counter[str] = Counter()

    def check(self, batch: Sequence[Draft]) -> None:
        """Drop the files at once, and hold each against what must become of it."""
        self.batches += 1
        prefix = f"B{self.batches:04d}"
        files = [write(draft, f"{prefix}F{number:02d}", prefix) for number, draft in enumerate(batch)]
        # A load record counts what its batch accepted, whatever a later one supersedes.
        self._lake.drop_in_one_event({file.key: file.body for file in files})
        own = f"s3://{self._lake.bucket}/raw/stocks/{prefix}"
        loads = {row["source"]: row for row in self._rows("stocks_loads", own)}
        accepted, rejected = self._by_source("stocks_processed", own), self._by_source("stocks_rejected", own)
        sources = {f"s3://{self._lake.bucket}/raw/stocks/{file.key}": file for file in files}
        assert loads.keys() == sources.keys()
        winners = _winners(sources, loads)
        for source, file in sources.items():
            self._check_file(file, loads[source], accepted[source], rejected[source])
            if not file.is_damaged:
                _check_values(source, file, winners, accepted[source], rejected[source])

    def _check_file(
        self,
        file: Written,
        load: Mapping[str, str | None],
        accepted: Sequence[Mapping[str, Any]],
        rejected: Sequence[Mapping[str, Any]],
    ) -> None:
        """Every line is accounted for, and every rejected one can be read."""
        said = f"{file.key}: {file.content!r}: {load}"
        counts = {name: int(load[name] or 0) for name in ("rows", "accepted", "superseded", "rejected")}
        assert counts["rows"] == counts["accepted"] + counts["superseded"] + counts["rejected"], said
        assert (counts["accepted"], counts["rejected"]) == (len(accepted), len(rejected)), said
        if load["status"] == "refused":
            assert file.is_damaged and load["reason"] and counts["rows"] == 0, said
        else:
            lines = file.lines()
            assert load["status"] == "loaded" and counts["rows"] == len(lines), said
            assert all(row["reason"] for row in rejected), said
            assert Counter(_text(row["record"]) for row in rejected) <= Counter(map(_text, lines)), said
        self.counts.update({f"files {load['status']}": 1, "files damaged": file.is_damaged, **counts})

    def _by_source(self, table: str, prefix: str) -> dict[str | None, list[dict[str, str | None]]]:
        found = defaultdict(list)
        for row in self._rows(table, prefix):
            found[row["source"]].append(row)
        return found

    def _rows(self, table: str, prefix: str) -> list[dict[str, str | None]]:
        return self._lake.query(f"SELECT * FROM {table} WHERE source LIKE '{prefix}%'")


def _winners(files: Mapping[str, Written], loads: Mapping[str | None, Mapping[str, str | None]]) -> dict[tuple[str, date], str]:
    """The source that must have each symbol and day: the newest of those that offer it, by name where they are equally new."""
    sources: dict[tuple[str, date], list[str]] = defaultdict(list)
    for source, file in files.items():
        for at in () if file.is_damaged else file.offered:
            sources[at].append(source)
    return {at: max(offering, key=lambda each: (loads[each]["source_modified"], each)) for at, offering in sources.items()}


def _check_values(
    source: str,
    file: Written,
    winners: Mapping[tuple[str, date], str],
    accepted: Sequence[Mapping[str, str | None]],
    rejected: Sequence[Mapping[str, str | None]],
) -> None:
    """The rows of a file that is whole have become what they must."""
    found = {(row["symbol"], row["trade_date"]): {name: row[name] for name in (*PRICES, "volume")} for row in accepted}
    expected = {(symbol, str(day)): file.offered[symbol, day] for symbol, day in file.offered if winners[symbol, day] == source}
    assert found == expected, f"{file.key}: {file.content!r}"
    assert Counter((row["record"], row["reason"]) for row in rejected) == file.rejected, f"{file.key}: {file.content!r}"


def _text(record: str | None) -> str:
    """The record with each run of marks for bytes that are not UTF-8 as one: how many marks there are is the reader's choice."""
    return re.sub("\ufffd+", "\ufffd", record or "")


def test_every_row_of_any_mixture_of_files_is_accounted_for(engine: EngineName, capsys: pytest.CaptureFixture[str]) -> None:
    batches = int(os.environ.get("ACCOUNTING_BATCHES", BATCHES[engine]))
    with opened(engine, reports=False) as lake:
        tally = Tally(lake)

        @settings(
            max_examples=batches,
            derandomize=True,
            deadline=None,
            database=None,
            # A failing batch is told with the file at fault; making it smaller would take a batch a step.
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        )
        @given(st.lists(drafts(), min_size=10, max_size=40))
        def holds(batch: list[Draft]) -> None:
            tally.check(batch)

        holds()
    with capsys.disabled():
        print(f"\n{tally.batches} batches on {engine}: " + ", ".join(f"{count} {what}" for what, count in tally.counts.items()))
    assert tally.batches >= batches
    assert all(tally.counts[outcome] for outcome in ("accepted", "superseded", "rejected", "files damaged", "files refused"))
