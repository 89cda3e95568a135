"""What the tests say to a lake: drop files, wait, and look at the tables that a user would query."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

from lambda_scripts.lakehouse.clock import Clock
from lambda_scripts.lakehouse.operations import samples
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName
from tests.local_aws.aws_calls import clock_offset_seconds
from tests.local_aws.lake import TRIGGERS
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

RAW, REPORTS = "stocks_raw_to_processed", "stocks_processed_to_reporting"

Rows = list[dict[str, str | None]]

PRICES = "symbol, trade_date, open, high, low, close, adj_close, volume"
LOADS = "source, status, rows, accepted, superseded, rejected, symbols, first_date, last_date, reason"


class Lake:
    """One lake in a local account."""

    def __init__(self, account: LocalAccount) -> None:
        self.account = account
        self.bucket = account.bucket

    def drop(self, files: Mapping[str, str | bytes]) -> None:
        """Drop these files (keys below raw/stocks/, or whole keys), then wait until everything is worked off."""
        self._change(files)
        self.settle()

    def drop_in_one_event(self, files: Mapping[str, str | bytes | None]) -> None:
        """As `drop`, with None for a file to delete, but S3 tells each function of all changes in one event.

        So they are one batch on the slowest machine, and the months that they change are reported in one, by one invocation.
        """
        runtime = self.account.runtime
        runtime.held_back = []
        self._change(files)
        while held := runtime.held_back:
            runtime.held_back = []
            for function in dict.fromkeys(function for function, _ in held):
                runtime.send(function, _in_one(event for told, event in held if told == function))
            self.settle()
        runtime.held_back = None

    def event_of(self, files: Mapping[str, str | bytes | None]) -> dict[str, Any]:
        """Drop these files, with None for one to delete; the event that tells of all of it at once, and has reached nobody."""
        runtime = self.account.runtime
        runtime.held_back = []
        self._change(files)
        held, runtime.held_back = runtime.held_back, None
        return _in_one(event for _, event in held)

    def send_one_event(self, files: Mapping[str, str | bytes | None]) -> None:
        """Drop these files, with None for one to delete, and tell the first function of all of it at once; wait for nothing."""
        self.account.runtime.send(RAW, self.event_of(files))

    def later(self, seconds: float = 1) -> None:
        """Let so much time pass for S3, Glue and the functions; none for the test. S3 dates objects in whole seconds."""
        self.account.clock.advance(seconds)

    def remove(self, key: str) -> None:
        self._change({key: None})
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is under way; fail where Lambda gave an event up."""
        self.account.wait_until_idle()
        assert [(letter.function, letter.error) for letter in self.account.dead_letters] == []

    def wait_for(self, step: str, times: int = 1) -> None:
        """Wait until handlers have logged this step so often."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.logged(step)) < times:
            assert time.monotonic() < deadline, f"{step} was not logged {times} times"
            time.sleep(0.02)

    def query(self, sql: str) -> Rows:
        return self.account.query(sql)

    def prices(self, where: str = "true") -> list[tuple[str | None, ...]]:
        """(symbol, day, close) of stocks_processed, in order."""
        rows = self.query(f"SELECT symbol, trade_date, close FROM stocks_processed WHERE {where} ORDER BY 1, 2")
        return [tuple(row.values()) for row in rows]

    def processed(self) -> Rows:
        return self.query(f"SELECT {PRICES}, year, month FROM stocks_processed ORDER BY symbol, trade_date")

    def monthly(self) -> Rows:
        return self.query("SELECT * FROM monthly_stock_reporting ORDER BY symbol, year, month")

    def yearly(self) -> Rows:
        return self.query("SELECT * FROM yearly_stock_reporting ORDER BY symbol, year")

    def loads(self) -> Rows:
        """The latest load of each file, by key below raw/stocks/."""
        rows = self.query(f"SELECT {LOADS} FROM stocks_load_history WHERE is_latest ORDER BY source")
        return [row | {"source": self._below_raw(row["source"])} for row in rows]

    def load_of(self, key: str) -> dict[str, str | None]:
        (row,) = [row for row in self.loads() if row["source"] == key]
        return row

    def rejected(self) -> Rows:
        rows = self.query("SELECT source, symbol, record, reason FROM stocks_rejected ORDER BY source, record, batch_id")
        return [row | {"source": self._below_raw(row["source"])} for row in rows]

    def keys(self, prefix: str) -> list[str]:
        pages = self.account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def body(self, key: str) -> bytes:
        return bytes(self.account.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def manifests(self) -> dict[str, str]:
        """What each manifest of processed/ and reporting/ names, by key."""
        keys = [key for zone in ("processed/", "reporting/") for key in self.keys(zone) if key.endswith("/manifest")]
        return {key: self.body(key).decode() for key in keys}

    def logged(self, step: str) -> list[dict[str, Any]]:
        return [line for line in self.account.logs if line["step"] == step]

    def tables(self) -> dict[str, Rows]:
        """The four tables as a user would see them, less when they were loaded."""
        return {
            "processed": self.processed(),
            "monthly": self.monthly(),
            "yearly": self.yearly(),
            "loads": self.loads(),
            "rejected": [row for row in self.rejected() if row],
        }

    def _change(self, files: Mapping[str, str | bytes | None]) -> None:
        for key, body in files.items():
            if body is None:
                self.account.client("s3").delete_object(Bucket=self.bucket, Key=_whole(key))
            else:
                self.account.drop(_whole(key), body)

    def _below_raw(self, source: str | None) -> str:
        return str(source).removeprefix(f"s3://{self.bucket}/raw/stocks/")


@contextmanager
def opened(
    engine: EngineName,
    *,
    settings: Mapping[str, str] | None = None,
    timeout_seconds: int = 900,
    duplicate_rate: float = 0.0,
    reports: bool = True,
) -> Iterator[Lake]:
    """A lake set up as a person does it, in an account of its own. `settings` are its LAKE_… variables.

    Without `reports` nothing wakes the second function, by which a drop takes three fifths of the time. One can be open in a
    process. Tests that only read may share one in a fixture of their module.
    """
    # Who waits for the lease of another asks less often than in `run`: each time costs more than the wait.
    settings = {"LAKE_LEASE_POLL_SECONDS": "0.2"} | dict(settings or {})
    with LocalAccount(engine, duplicate_rate=duplicate_rate) as account, mock.patch.object(Clock, "now", _now):
        account.create_lake(settings=settings, timeout_seconds=timeout_seconds, triggers=TRIGGERS if reports else TRIGGERS[:1])
        yield Lake(account)


def _in_one(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The event that S3 sends when it tells of what these tell of at once."""
    return {"Records": [record for event in events for record in event["Records"]]}


def _whole(key: str) -> str:
    return key if key.startswith("raw/") else f"raw/stocks/{key}"


def _now(clock: Clock) -> datetime:
    """What the clock of the function's host shows."""
    return datetime.now(timezone.utc) + timedelta(seconds=clock_offset_seconds())


def act(lake: Lake, function: str = RAW, **action: Any) -> dict[str, Any]:
    """What a function answers to an action."""
    answer = lake.account.invoke(function, {"bucket": lake.bucket, **action})
    assert isinstance(answer, dict)
    return answer


@contextmanager
def one_odd_key() -> Iterator[None]:
    """Have a check try one key with odd characters in the place of all, which are a fifth of its statements."""
    with mock.patch.object(samples, "ODD_KEYS", samples.ODD_KEYS[:1]):
        yield


def csv(*rows: str, header: str = "Date,Open,High,Low,Close,Adj Close,Volume") -> str:
    return "\n".join((header, *rows)) + "\n"


def day(date: str, close: float, volume: int = 1_000) -> str:
    """A row about a close: opened 1 lower, ranged 2 either way."""
    return f"{date},{close - 1},{close + 2},{close - 2},{close},{close},{volume}"


def assert_same(actual: Rows, expected: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """The rows agree, in order: numbers within rounding, NULL as None, everything else as text."""
    wanted = list(expected)
    assert len(actual) == len(wanted)
    for number, (found, row) in enumerate(zip(actual, wanted, strict=True)):
        for column in columns or row.keys():
            value, cell = row[column], found[column]
            if value is None or value != value:
                agrees = cell is None
            elif isinstance(value, float):
                agrees = cell is not None and math.isclose(float(cell), value, rel_tol=1e-9, abs_tol=1e-12)
            else:
                agrees = cell == str(value)
            assert agrees, f"row {number}, {column} is {cell}, not {value}: {found}"
