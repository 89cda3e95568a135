"""What a burst, and one new day, cost: `python -m tests.benchmark`. Prints the figures that docs/performance.md quotes."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from rich.console import Console
from rich.table import Table

from tests.lakes import Lake
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName

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


@dataclass(frozen=True)
class Benchmark:
    """What is asked for, and the tables that are filled in."""

    files: int
    rows: int
    history_years: int
    engine: EngineName
    measured: Table
    statements: Table
    inspecting: Table
    parsing: Table
    results: Table

    def burst(self) -> None:
        """Many files of one layout at once, and the reading of a statement's result."""
        with self._lake() as lake:
            measure(
                self.measured, lake, f"{self.files:,} files of {self.rows} rows at once, empty account", self._files(LAYOUTS[:1])
            )
            loads = lake.query("SELECT count(*) AS loads, count(DISTINCT source) AS files FROM stocks_loads")
            assert loads == [{"loads": str(self.files), "files": str(self.files)}], loads
            parses = sum(line["statement"] == "load/parsed_rows" for line in lake.logged("athena"))
            manifests = [line["partitions"] for line in lake.logged("register") if line["table"] == "stocks_staging_lines"]
            files = [line["files"] for line in lake.logged("loaded")]
            self.parsing.add_row(f"{max(files):,}", str(max(manifests)), str(parses), str(len(files)))
            read_a_result(self.results, lake)

    def layouts(self) -> None:
        """As many files in ten layouts."""
        with self._lake() as lake:
            measure(
                self.measured, lake, f"{self.files:,} files of {self.rows} rows in {len(LAYOUTS)} layouts", self._files(LAYOUTS)
            )
            totals = lake.query("SELECT sum(rows) AS dropped, sum(accepted) AS accepted FROM stocks_loads")
            assert totals == [dict.fromkeys(("dropped", "accepted"), str(self.files * self.rows))], totals
            statements = Counter(line["statement"] for line in lake.logged("athena"))
            assert statements["load/parsed_rows"] == len(lake.logged("loaded")), statements
            for name, times in sorted(statements.items()):
                self.statements.add_row(name, str(times))
            for line in lake.logged("inspect"):
                self.inspecting.add_row(
                    *(f"{value:,}" for value in (line["files"], line["requests"], line["bytes"] // 1_000, line["seconds"]))
                )

    def history(self) -> None:
        """A long history of one symbol, and one new day of it."""
        with self._lake() as lake:
            days = trading_days(date(2025 - self.history_years, 1, 3), self.history_years * 260)
            measure(self.measured, lake, f"{self.history_years} years of one symbol in one file", {"AAPL.csv": prices(days, 100)})
            measure(self.measured, lake, "one new day of it", {"AAPL_new.csv": prices([days[-1] + timedelta(days=1)], 101)})

    @contextmanager
    def _lake(self) -> Iterator[Lake]:
        with LocalAccount(self.engine) as account:
            account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
            yield Lake(account)

    def _files(self, layouts: Sequence[tuple[str, Row]]) -> dict[str, str]:
        days = trading_days(date(2025, 1, 2), self.rows)
        return {
            f"S{number:04d}_2025.csv": prices(days, 50 + number % 100, layouts[number % len(layouts)])
            for number in range(self.files)
        }


PARTS = {"burst": Benchmark.burst, "layouts": Benchmark.layouts, "history": Benchmark.history}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--history-years", type=int, default=20)
    parser.add_argument("--engine", choices=("duckdb", "trino"), default="duckdb")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="the parts to measure; all, unless given")
    asked = parser.parse_args()
    tables = [
        Table("what", "seconds", "statements", "longest, bytes", "MB scanned", "crawls", "S3 requests", title="Measured"),
        Table("statement", "times", title=f"Athena's statements for {asked.files:,} files in {len(LAYOUTS)} layouts"),
        Table("batch of files", "requests", "kB read", "seconds", title="Inspecting them"),
        Table("largest batch, files", "manifests", "parse statements", "batches", title="Parsing them"),
        Table("rows", "by", "requests", "seconds", title="Reading a statement's result"),
    ]
    benchmark = Benchmark(asked.files, asked.rows, asked.history_years, asked.engine, *tables)
    for part in asked.only:
        PARTS[part](benchmark)
    for filled in tables:
        if filled.row_count:
            Console(width=120).print(filled)


def measure(table: Table, lake: Lake, what: str, files: dict[str, str]) -> None:
    before = lake.account.statistics
    start = time.monotonic()
    for key, body in files.items():
        lake.account.drop(f"raw/stocks/{key}", body)
    lake.account.wait_until_idle(3_600)
    assert not lake.account.dead_letters
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


def read_a_result(table: Table, lake: Lake, rows: int = 5_000) -> None:
    """Read the result of one query page by page, and as the one object that it is stored as."""
    athena, s3 = lake.account.client("athena"), lake.account.client("s3")
    query_id = athena.start_query_execution(
        QueryString=f"SELECT symbol, trade_date, close, volume, source FROM stocks_processed LIMIT {rows}",
        QueryExecutionContext={"Database": lake.account.database},
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/pipeline/athena-results/"},
    )["QueryExecutionId"]
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    while execution["Status"]["State"] != "SUCCEEDED":
        time.sleep(0.1)
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    start = time.monotonic()
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
    found = sum(len(page["ResultSet"]["Rows"]) for page in pages) - 1
    table.add_row(f"{found:,}", "GetQueryResults", str(len(pages)), f"{time.monotonic() - start:.2f}")
    start = time.monotonic()
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{lake.bucket}/")
    body = s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read()
    table.add_row(f"{len(body.splitlines()) - 1:,}", "GetObject", "1", f"{time.monotonic() - start:.2f}")


if __name__ == "__main__":
    main()
