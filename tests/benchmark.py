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
    by_step = Table("batch of files", "requests", "kB read", "seconds", title="Inspecting them")
    by_batch = Table("batch of files", "manifests", "parse statements", title="Parsing them")
    by_page = Table("rows", "by", "requests", "seconds", title="Reading a statement's result")
    with LocalAccount(asked.engine) as account:
        account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
        lake = Lake(account)
        days = trading_days(date(2025, 1, 2), asked.rows)
        files = {f"S{number:04d}_2025.csv": prices(days, 50 + number % 100) for number in range(asked.files)}
        measure(table, lake, f"{asked.files:,} files of {asked.rows} rows at once, empty account", files)
        loads = lake.query("SELECT count(*) AS loads, count(DISTINCT source) AS files FROM stocks_loads")
        assert loads == [{"loads": str(asked.files), "files": str(asked.files)}], loads
        parses = sum(line["statement"] == "load/parsed_rows" for line in lake.logged("athena"))
        manifests = [line["partitions"] for line in lake.logged("register") if line["table"] == "stocks_staging_lines"]
        by_batch.add_row(f"{max(line['files'] for line in lake.logged('loaded')):,}", str(max(manifests)), str(parses))
        read_a_result(by_page, lake)
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
    for printed in (table, by_name, by_step, by_batch, by_page):
        Console(width=120).print(printed)


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
