"""What a burst, and one new day, cost: `python -m tests.benchmark`. Prints the figures that docs/performance.md quotes."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from rich.console import Console
from rich.table import Table

from tests.lakes import Lake
from tests.local_aws import LocalAccount

Row = Callable[[date, float, int], str]
UNIX_EPOCH = date(1970, 1, 1)

# Ten of the shapes of tests/sources: header and row.
LAYOUTS: tuple[tuple[str, Row], ...] = (
    ("Date,Open,High,Low,Close,Adj Close,Volume", lambda d, c, v: f"{d},{c - 1},{c + 2},{c - 2},{c},{c},{v}"),
    ("Date,Close/Last,Volume,Open,High,Low", lambda d, c, v: f"{d:%m/%d/%Y},${c},{v},${c - 1},${c + 2},${c - 2}"),
    ("Date,Price,Open,High,Low,Vol.,Change %", lambda d, c, v: f'"{d:%b %d, %Y}",{c},{c - 1},{c + 2},{c - 2},{v / 1000}K,0.1%'),
    ("timestamp,open,high,low,close,volume", lambda d, c, v: f"{d},{c - 1},{c + 2},{c - 2},{c},{v}"),
    ("<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", lambda d, c, v: f"D,{d:%Y%m%d},0,{c - 1},{c + 2},{c - 2},{c},{v}"),
    (",Close,High,Low,Open,Volume", lambda d, c, v: f"{d} 00:00:00-05:00,{c},{c + 2},{c - 2},{c - 1},{v}"),
    ("date,close", lambda d, c, v: f"{d:%d-%m-%Y},{c}"),
    ("Volume,Date,Note,Close", lambda d, c, v: f'{v}.0,{d:%d.%m.%Y},"a, b",{c}'),
    ("Date,Close,Adjusted Close,Volume", lambda d, c, v: f"{d.day}-{d:%b-%Y},{c},{c},{v}"),
    ("time,o,h,l,c,v", lambda d, c, v: f"{(d - UNIX_EPOCH).days * 86_400},{c - 1},{c + 2},{c - 2},{c},{v}"),
)


def trading_days(first: date, count: int) -> list[date]:
    """So many weekdays from a first one on."""
    days: list[date] = []
    while len(days) < count:
        if first.weekday() < 5:
            days.append(first)
        first += timedelta(days=1)
    return days


def prices(days: list[date], start: float, layout: tuple[str, Row] = LAYOUTS[0]) -> str:
    header, row = layout
    rows = (row(day, start + number % 17, 1_000 + number) for number, day in enumerate(days))
    return "\n".join([header, *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--history-years", type=int, default=20)
    parser.add_argument("--engine", choices=("duckdb", "trino"), default="duckdb")
    asked = parser.parse_args()

    table = Table("what", "seconds", "statements", "longest, bytes", "MB scanned", "crawls", "S3 requests", title="Measured")
    by_name = Table("statement", "times", title=f"Athena's statements for {asked.files:,} files in {len(LAYOUTS)} layouts")
    by_step = Table("batch of files", "requests", "kB read", "seconds", title="Looking at them")
    with LocalAccount(asked.engine) as account:
        account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
        lake = Lake(account)
        days = trading_days(date(2025, 1, 2), asked.rows)
        files = {f"S{number:04d}_2025.csv": prices(days, 50 + number % 100) for number in range(asked.files)}
        measure(table, lake, f"{asked.files:,} files of {asked.rows} rows at once, empty account", files)
        loads = lake.query("SELECT count(*) AS loads, count(DISTINCT source) AS files FROM stocks_loads")
        assert loads == [{"loads": str(asked.files), "files": str(asked.files)}], loads
    with LocalAccount(asked.engine) as account:
        account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
        lake = Lake(account)
        files = {
            f"S{number:04d}_2025.csv": prices(days, 50 + number % 100, LAYOUTS[number % len(LAYOUTS)])
            for number in range(asked.files)
        }
        measure(table, lake, f"the same in {len(LAYOUTS)} layouts", files)
        totals = lake.query("SELECT sum(rows) AS dropped, sum(accepted) AS accepted FROM stocks_loads")
        assert totals == [dict.fromkeys(("dropped", "accepted"), str(asked.files * asked.rows))], totals
        statements = Counter(line["statement"] for line in lake.logged("athena"))
        assert statements["load/parsed_rows"] == len(lake.logged("loaded")), statements
        for name, times in sorted(statements.items()):
            by_name.add_row(name, str(times))
        for line in lake.logged("inspect"):
            by_step.add_row(
                *(f"{value:,}" for value in (line["files"], line["requests"], line["bytes"] // 1_000, line["seconds"]))
            )
    with LocalAccount(asked.engine) as account:
        account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
        lake = Lake(account)
        days = trading_days(date(2025 - asked.history_years, 1, 3), asked.history_years * 260)
        measure(table, lake, f"{asked.history_years} years of one symbol in one file", {"AAPL.csv": prices(days, 100)})
        measure(table, lake, "one new day of it", {"AAPL_new.csv": prices([days[-1] + timedelta(days=1)], 101)})
    for printed in (table, by_name, by_step):
        Console(width=120).print(printed)


def measure(table: Table, lake: Lake, what: str, files: dict[str, str]) -> None:
    before = lake.account.statistics
    start = time.monotonic()
    lake.drop(files)
    seconds = time.monotonic() - start
    after = lake.account.statistics
    requests = {operation: count for operation, count in (after.calls - before.calls).items() if operation.startswith("s3:")}
    table.add_row(
        what,
        f"{seconds:.1f}",
        str(after.statements - before.statements),
        f"{after.longest_statement_bytes:,}",
        f"{(after.bytes_scanned - before.bytes_scanned) / 1e6:.2f}",
        str(after.crawls - before.crawls),
        f"{sum(requests.values()):,}",
    )


if __name__ == "__main__":
    main()
