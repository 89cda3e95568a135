"""What a burst, and one new day, cost: `python -m tests.benchmark`. Prints the figures that docs/performance.md quotes."""

from __future__ import annotations

import argparse
import io
import time
from datetime import date, timedelta

from rich.console import Console
from rich.table import Table

from tests.lakes import Lake
from tests.local_aws import LocalAccount

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"


def trading_days(first: date, count: int) -> list[date]:
    """So many weekdays from a first one on."""
    days: list[date] = []
    while len(days) < count:
        if first.weekday() < 5:
            days.append(first)
        first += timedelta(days=1)
    return days


def prices(days: list[date], start: float) -> str:
    text = io.StringIO()
    text.write(HEADER)
    for number, day in enumerate(days):
        close = start + number % 17
        text.write(f"{day},{close - 1},{close + 2},{close - 2},{close},{close},{1_000 + number}\n")
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--history-years", type=int, default=20)
    parser.add_argument("--engine", choices=("duckdb", "trino"), default="duckdb")
    asked = parser.parse_args()

    table = Table("what", "seconds", "statements", "longest, bytes", "MB scanned", "crawls", "S3 requests", title="Measured")
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
        days = trading_days(date(2025 - asked.history_years, 1, 3), asked.history_years * 260)
        measure(table, lake, f"{asked.history_years} years of one symbol in one file", {"AAPL.csv": prices(days, 100)})
        measure(table, lake, "one new day of it", {"AAPL_new.csv": prices([days[-1] + timedelta(days=1)], 101)})
    Console().print(table)


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
