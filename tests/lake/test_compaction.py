"""The load history stays the same while its objects are compacted, whenever that is cut short and whoever else does it."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lambda_scripts.lakehouse import lake as product
from lambda_scripts.lakehouse.aws import sql
from lambda_scripts.lakehouse.aws.clients import client
from lambda_scripts.lakehouse.aws.store import Store, Stored
from lambda_scripts.lakehouse.clock import Clock, Deadline
from lambda_scripts.lakehouse.config import Config
from lambda_scripts.lakehouse.layout import RAW_QUEUE, Layout
from lambda_scripts.lakehouse.tables import compaction
from lambda_scripts.lakehouse.tables.load_records import LoadRecords
from lambda_scripts.lakehouse.tables.staging import json_lines
from tests.lakes import Lake, csv, day
from tests.local_aws import LocalAccount

pytestmark = pytest.mark.reports(False)

OBJECTS = 3
EMPTY = ""
"""Refused at once, which is a load record like any other."""
AN_HOUR = 3_601
HISTORY = "SELECT batch_id, source, rows, is_latest FROM stocks_load_history ORDER BY batch_id, source"


class KilledError(BaseException):
    """The invocation is gone: nothing tidies up."""


class Dying:
    """An S3 client that is killed after its nth call."""

    def __init__(self, nth: int) -> None:
        self._client = client("s3")
        self._nth = nth
        self._lock = threading.Lock()
        self.calls = 0

    @property
    def is_dead(self) -> bool:
        return self.calls >= self._nth

    def __getattr__(self, name: str) -> Any:
        wrapped = getattr(self._client, name)

        def call(*given: Any, **named: Any) -> Any:
            with self._lock:
                if self.is_dead:
                    raise KilledError
                self.calls += 1
                answer = wrapped(*given, **named)
                if self.is_dead:
                    raise KilledError
                return answer

        return call


class Context:
    """As much of Lambda's context as a lake is assembled from."""

    function_name = "stocks_raw_to_processed"
    aws_request_id = "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:stocks_raw_to_processed"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


class HostClock(Clock):
    """A host's clock that is right."""

    def __init__(self, account: LocalAccount) -> None:
        super().__init__()
        self._account = account

    def now(self) -> datetime:
        return self._account.clock.now()


class Records:
    """Load records of two files by turns, laid into a lake without loading anything."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._numbers = itertools.count(1)
        assembled = product.assemble(RAW_QUEUE, Config(bucket=lake.bucket), Layout(), Context())
        self._of = replace(assembled, clock=HostClock(lake.account))
        self._of.catalog.tables()
        lake.query(sql.render("tables/stocks_loads", location=self._of.store.uri(self._of.layout.loads)).text)
        lake.query(sql.render("views/stocks_load_history").text)
        self.batches: list[str] = []

    def add(self, count: int, *, version: int = 2) -> None:
        for number in itertools.islice(self._numbers, count):
            batch = f"t{number:010d}-0001-20261124-064520" if version > 1 else f"20261123-064520-{number:08x}"
            lines = json_lines([self._record(batch, number)])
            if version > 1:
                self._of.loads.commit(batch, lines)
            else:
                self._of.store.put(self._of.layout.load_record(batch), lines)
            self.batches.append(batch)

    def _record(self, batch: str, number: int) -> dict[str, Any]:
        counts = {"rows": number, "accepted": number, "superseded": 0, "rejected": 0}
        dates = {"first_date": "2016-01-04", "last_date": "2016-12-30"}
        path, second = f"s3://{self.lake.bucket}/raw/stocks/{number % 2}.csv", f"2026-11-24 06:45:{number % 60:02d}.000"
        said: dict[str, Any] = {"batch_id": batch, "source": path, "source_modified": second, "status": "loaded"}
        return said | counts | {"symbols": "AAPL"} | dates | {"reason": None, "loaded_at": second, "assumed": None}

    def compact(self, s3: Any = None) -> None:
        """Compact in an invocation of its own, which has this S3 client."""
        store = Store(self.lake.bucket, s3)
        deadline = Deadline(self._of.clock, Context.get_remaining_time_in_millis() / 1000)
        compaction.compact(replace(self._of, store=store, loads=LoadRecords(store, self._of.layout), deadline=deadline))

    def stored(self) -> list[Stored]:
        return list(self._of.store.objects(self._of.layout.loads))

    def compact_just(self, objects: Sequence[Stored]) -> None:
        """Put one object in the place of these, in this order."""
        compaction._compact(self._of, objects)

    def assert_whole(self) -> None:
        """Each batch stands in the history once, and each file's last batch is its latest."""
        rows = self.lake.query(HISTORY)
        assert [row["batch_id"] for row in rows] == sorted(self.batches)
        latest = {row["source"]: row["batch_id"] for row in rows}
        assert {row["source"]: row["batch_id"] for row in rows if row["is_latest"] == "true"} == latest

    def assert_committed(self) -> None:
        """Every batch is known to be committed, and can't be aborted."""
        assert self._of.loads.committed(self.batches) == set(self.batches)
        assert not any(self._of.loads.abort(batch) for batch in self.batches[:3])

    @property
    def objects(self) -> list[str]:
        return self.lake.keys("pipeline/loads/")


@pytest.fixture
def records(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Records:
    monkeypatch.setattr(compaction, "COMPACT_FROM", OBJECTS)
    monkeypatch.setattr(compaction, "OBJECTS_AT_ONCE", OBJECTS + 1)
    return Records(lake)


@pytest.mark.parametrize("version", [1, 2])
def test_many_load_records_become_one_object_and_each_counts_once_all_the_while(records: Records, version: int) -> None:
    records.add(OBJECTS - 1, version=version)
    records.compact()
    assert len(records.objects) == OBJECTS - 1
    records.add(1, version=version)
    records.compact()
    assert len(records.objects) == OBJECTS + 1  # for queries under way
    records.assert_whole()
    records.compact()
    assert len(records.objects) == OBJECTS + 1 and len(records.lake.logged("compact the load records")) == 1
    records.lake.later(AN_HOUR)
    records.compact()
    assert len(records.objects) == 1 and records.lake.keys("pipeline/compactions/") == []
    records.assert_whole()
    records.assert_committed()


def test_years_of_load_records_stay_a_few_objects(records: Records) -> None:
    for _ in range(10):
        records.add(OBJECTS)
        records.compact()
        records.lake.later(AN_HOUR)
    records.compact()
    assert len(records.objects) < 2 * OBJECTS
    records.assert_whole()
    records.assert_committed()


def test_objects_with_the_same_lines_are_one_object_so_that_no_two_can_replace_each_other(records: Records) -> None:
    records.add(OBJECTS)
    for several in (records.stored(), records.stored()[::-1]):
        records.compact_just(several)
    (compacted,) = {key for key in records.objects if key.endswith(".gz")}
    records.compact_just(records.stored())
    assert [key for key in records.objects if key.endswith(".gz")] == [compacted]
    records.assert_whole()


@pytest.mark.thorough("a kill after each call")
@pytest.mark.duckdb_only("an invocation for each kill, whatever engine reads the history")
def test_killed_after_any_call_of_a_compaction_nothing_is_lost_or_stands_twice(records: Records) -> None:
    # Before a call is after the one before. Records of version 1 take all the calls of those of today, and one more each.
    for step, version in (("compact", 1), ("delete", 2)):
        nth, struck = 1, True
        while struck:
            records.add(OBJECTS, version=version)
            if step == "delete":
                records.compact()
                records.lake.later(AN_HOUR)
            dying = Dying(nth)
            try:
                records.compact(dying)
                struck = False
            except KilledError:
                records.assert_whole()
            records.compact()
            records.assert_whole()
            records.lake.later(AN_HOUR)
            records.compact()
            records.assert_whole()
            nth += 1
        assert nth > 5, step
    records.lake.later(AN_HOUR)
    records.compact()
    records.assert_committed()
    assert len(records.objects) < 3 * OBJECTS


@pytest.mark.duckdb_only("an invocation for each call, whatever engine reads the history")
def test_two_holders_who_compact_at_the_same_time_lose_nothing_and_count_nothing_twice(records: Records) -> None:
    nth, reached = 1, True
    while reached:
        records.add(OBJECTS)
        reached = _overtaken_at(records, nth)
        records.assert_whole()
        records.lake.later(AN_HOUR)
        records.compact()
        records.assert_whole()
        nth += 1
    assert nth > 5
    records.assert_committed()


def _overtaken_at(records: Records, nth: int) -> bool:
    """Compact; before its nth call another holder adds a batch, compacts and deletes. Whether it came to that."""

    class Overtaken(Dying):
        def __getattr__(self, name: str) -> Any:
            wrapped = getattr(self._client, name)

            def call(*given: Any, **named: Any) -> Any:
                with self._lock:
                    self.calls += 1
                    due = self.calls == self._nth
                if due:
                    records.add(1)
                    records.compact()
                    records.lake.later(AN_HOUR)
                    records.compact()
                return wrapped(*given, **named)

            return call

    s3 = Overtaken(nth)
    records.compact(s3)
    return s3.is_dead


def test_an_object_of_many_batches_reads_as_the_records_that_it_is_made_of(records: Records) -> None:
    before = records.lake.query("SELECT * FROM stocks_load_history")
    records.add(OBJECTS)
    alone = records.lake.query("SELECT * FROM stocks_load_history ORDER BY batch_id")
    records.compact()
    records.lake.later(AN_HOUR)
    records.compact()
    assert before == [] and records.lake.query("SELECT * FROM stocks_load_history ORDER BY batch_id") == alone


def test_a_batch_that_died_between_its_commit_and_stocks_loads_gets_there(lake: Lake) -> None:
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    (commit,) = lake.keys("pipeline/commits/")
    (record,) = lake.keys("pipeline/loads/")
    s3 = lake.account.client("s3")
    batch = commit.rpartition("/")[2].removesuffix(".jsonl")
    s3.delete_object(Bucket=lake.bucket, Key=record)
    s3.put_object(Bucket=lake.bucket, Key=f"pipeline/staging/raw/{batch}/note", Body=json.dumps({}).encode())
    lake.drop({"MSFT.csv": EMPTY})
    assert [row["source"] for row in lake.loads()] == ["AAPL.csv", "MSFT.csv"]


def test_a_lake_compacts_as_it_loads(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "COMPACT_FROM", OBJECTS)
    for number in range(OBJECTS):
        lake.drop({f"S{number}.csv": csv(day("2016-01-04", 100)) if number == 0 else EMPTY})
    assert any(key.endswith(".jsonl.gz") for key in lake.keys("pipeline/loads/"))
    lake.later(AN_HOUR)
    lake.drop({"S0.csv": csv(day("2016-01-05", 100))})
    assert len(lake.keys("pipeline/loads/")) == 2
    assert [row["status"] for row in lake.loads()] == ["loaded", *["refused"] * (OBJECTS - 1)]
    assert len(lake.query("SELECT * FROM stocks_load_history")) == OBJECTS + 1
