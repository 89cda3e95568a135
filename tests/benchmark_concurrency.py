"""What becomes of an upload where few invocations at once are reserved, for docs/performance.md.

The function really runs on each event. Time is the account's: a batch takes as long as one takes in AWS, and an event that finds
no slot is tried again after a second, two, four, at most five minutes, for six hours.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from unittest import mock

from rich.console import Console
from rich.table import Table

from lambda_scripts.lakehouse import load
from lambda_scripts.lakehouse.clock import Clock
from lambda_scripts.lakehouse.lake import Lake as Opened
from lambda_scripts.lakehouse.queue.inbox import Marker
from tests.lakes import RAW, Lake, act, csv, day
from tests.local_aws import LocalAccount

DELAYS_SECONDS = (1.0, 300.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--batch-seconds", type=int, default=15)
    parser.add_argument("--upload-seconds", type=int, nargs="+", default=[100])
    parser.add_argument("--reserved", type=int, nargs="+", default=[1])
    asked = parser.parse_args()
    title = f"{asked.events:,} files, {asked.batch_seconds} s a batch"
    table = Table(
        "reserved", "uploaded in, s", "batches", "hours", "loaded", "events given up", "loaded after reprocess", title=title
    )
    for reserved in asked.reserved:
        for upload_seconds in asked.upload_seconds:
            found = measure(reserved, asked.events, upload_seconds, asked.batch_seconds)
            table.add_row(*(f"{value:,}" for value in (reserved, upload_seconds, *found)))
    Console(width=120).print(table)


def measure(reserved: int, events: int, upload_seconds: int, batch_seconds: int) -> tuple[int, float, int, int, int]:
    """Batches, hours, files loaded, events dropped, and files loaded after reprocess, of one setting."""
    with LocalAccount(concurrency=reserved + 1, throttle_delays_seconds=DELAYS_SECONDS) as account:
        account.create_lake(
            settings={"LAKE_POLL_SECONDS": "0.01", "LAKE_SETTLE_SECONDS": "0.01", "LAKE_LEASE_POLL_SECONDS": "0.01"},
            triggers=[(RAW, "raw/", ["s3:ObjectCreated:*"])],
        )
        account.client("lambda").put_function_concurrency(FunctionName=RAW, ReservedConcurrentExecutions=reserved)
        lake = Lake(account)
        work = load.work

        def slow_work(opened: Opened, markers: Sequence[Marker]) -> Mapping[Any, Any]:
            """A batch, and what Athena takes for it. Others get their turns meanwhile."""
            outcome = work(opened, markers)
            for _ in range(batch_seconds):
                account.clock.advance(1)
                time.sleep(0.002)
            return outcome

        def monotonic(_: Clock) -> float:
            return time.monotonic() + account.clock.ahead_seconds

        def now(_: Clock) -> datetime:
            return account.clock.now()

        account.runtime.held_back = []
        for number in range(events):
            account.drop(f"raw/stocks/S{number:04d}.csv", csv(day("2016-01-04", 100)))
        burst, account.runtime.held_back = account.runtime.held_back, None
        begun = account.clock.ahead_seconds
        of_the_account = mock.patch.multiple(Clock, monotonic=monotonic, now=now)
        with mock.patch.object(load, "work", slow_work), of_the_account:
            for number, (function, event) in enumerate(burst):
                account.runtime.send(function, event, delay_seconds=upload_seconds * number / events)
            _pass_time(account)
        hours = (account.clock.ahead_seconds - begun) / 3_600
        batches, loaded, dropped = len(lake.logged("loaded")), _loaded(lake), len(account.dead_letters)
        assert {letter.error["errorType"] for letter in account.dead_letters if letter.error} <= {"EventAgeExceeded"}
        account.dead_letters.clear()
        account.client("lambda").delete_function_concurrency(FunctionName=RAW)
        act(lake, action="reprocess")
        return batches, round(hours, 1), loaded, dropped, _loaded(lake)


def _pass_time(account: LocalAccount) -> None:
    """Let time pass where nothing works, until no event is left."""
    while not account.idle:
        if not account.runtime.busy:
            account.clock.advance(1)
        time.sleep(0.002)


def _loaded(lake: Lake) -> int:
    (row,) = lake.query("SELECT count(DISTINCT source) AS files FROM stocks_loads")
    return int(row["files"] or 0)


if __name__ == "__main__":
    main()
