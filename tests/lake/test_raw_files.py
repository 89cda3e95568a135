"""Looking at drops: how much of them is read, how, and what the log says of it."""

from __future__ import annotations

import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from lambda_scripts.lakehouse.aws.store import Part, Store
from lambda_scripts.lakehouse.file_format import FIRST_RANGE_BYTES, Source, inspect
from lambda_scripts.lakehouse.lake import Lake, open_lake
from lambda_scripts.lakehouse.layout import RAW_QUEUE
from lambda_scripts.lakehouse.raw_files import inspect_files
from tests.lakes import csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

CERTAIN = csv(*[day("2016-01-04", 100)] * 5_000)
OPEN = csv(*["04/01/2016,1,2,0.5,1.5,1,10"] * 10_000)
CONTEXT = SimpleNamespace(
    function_name="inspect", aws_request_id="1", invoked_function_arn="arn", get_remaining_time_in_millis=lambda: 900_000
)


@dataclass
class Bucket:
    """A bucket without triggers, and a lake over it."""

    account: LocalAccount
    lake: Lake

    def put(self, key: str, body: str) -> str:
        self.account.client("s3").put_object(Bucket=self.lake.config.bucket, Key=key, Body=body.encode())
        return key

    def logged(self) -> dict[str, object]:
        (line,) = [line for line in self.account.logs if line["step"] == "inspect"]
        return {name: line[name] for name in ("files", "to_load", "requests", "bytes")}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with LocalAccount(None) as account:
        account.client("s3").create_bucket(Bucket="lake")
        yield Bucket(account, open_lake(RAW_QUEUE, "lake", CONTEXT))


def test_one_range_of_64_kb_is_read_of_a_file_whose_dates_are_certain(bucket: Bucket) -> None:
    inspect_files(bucket.lake, [bucket.put(f"raw/stocks/A{number}.csv", CERTAIN) for number in range(3)])
    assert bucket.logged() == {"files": 3, "to_load": 3, "requests": 3, "bytes": 3 * FIRST_RANGE_BYTES}


def test_a_file_whose_dates_stay_open_is_read_on(bucket: Bucket) -> None:
    (drop,) = inspect_files(bucket.lake, [bucket.put("raw/stocks/A.csv", OPEN)])
    assert drop.file_format is not None and drop.file_format.day_at == 1
    assert bucket.logged() == {"files": 1, "to_load": 1, "requests": 2, "bytes": len(OPEN)}


def test_files_are_inspected_side_by_side(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [bucket.put(f"raw/stocks/A{number}.csv", CERTAIN) for number in range(8)]
    all_at_once, read = threading.Barrier(len(keys), timeout=PATIENCE_SECONDS), Store.read

    def read_together(store: Store, key: str, start: int = 0, length: int | None = None, etag: str | None = None) -> Part | None:
        if key in keys:
            all_at_once.wait()
        return read(store, key, start, length, etag)

    monkeypatch.setattr(Store, "read", read_together)
    assert len(inspect_files(bucket.lake, keys)) == len(keys)


@pytest.mark.parametrize("replacement", [None, CERTAIN])
def test_a_file_that_changes_while_it_is_inspected_is_left_to_the_next_batch(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, replacement: str | None
) -> None:
    key, read = bucket.put("raw/stocks/A.csv", OPEN), Store.read

    def read_a_changed_file(
        store: Store, key: str, start: int = 0, length: int | None = None, etag: str | None = None
    ) -> Part | None:
        if start:
            if replacement is None:
                bucket.account.client("s3").delete_object(Bucket="lake", Key=key)
            else:
                bucket.put(key, replacement)
        return read(store, key, start, length, etag)

    monkeypatch.setattr(Store, "read", read_a_changed_file)
    assert inspect_files(bucket.lake, [key]) == []
    monkeypatch.setattr(Store, "read", read)
    (marker,) = bucket.lake.inbox.markers()
    (drop,) = inspect_files(bucket.lake, [marker.name])
    assert drop.refusal is None
    assert drop.is_gone if replacement is None else drop.file_format is not None and drop.file_format.year_at == 1


@dataclass(frozen=True)
class Repeated:
    """An object of a beginning and so many times a unit, of which no more is made than is read."""

    beginning: bytes
    unit: bytes
    times: int

    def read(self, key: str, start: int, length: int) -> bytes:
        offset = max(start - len(self.beginning), 0)
        first = offset // len(self.unit)
        count = min(self.times - first, length // len(self.unit) + 2)
        content = (self.beginning[start:] if start < len(self.beginning) else b"") + (self.unit * count)[
            offset % len(self.unit) :
        ]
        return content[:length]


HEADER = b"Date,Close,Note\n"
ROWS = b"04/01/2016,1.25,%s\n" % (b"x" * 240) * 4_000
ROUNDS = 50


def packed(content: bytes) -> bytes:
    compressor = zlib.compressobj(0, wbits=31)
    return compressor.compress(content) + compressor.flush()


@pytest.mark.parametrize("is_packed", [False, True], ids=["csv", "gzip"])
def test_a_large_file_of_open_dates_is_never_in_memory_whole(is_packed: bool) -> None:
    if is_packed:
        key, stored = "raw/stocks/A.csv.gz", Repeated(packed(HEADER), packed(ROWS), ROUNDS)
    else:
        key, stored = "raw/stocks/A.csv", Repeated(HEADER, ROWS, ROUNDS)
    assert len(stored.unit) * ROUNDS > 50_000_000
    asked_bytes = 0

    def read(key: str, start: int, length: int) -> bytes:
        nonlocal asked_bytes
        part = stored.read(key, start, length)
        asked_bytes += len(part)
        return part

    tracemalloc.start()
    try:
        file_format = inspect(Source("lake", key, datetime(2026, 1, 1, tzinfo=timezone.utc)), read)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert file_format.day_at == 1
    assert asked_bytes == len(stored.beginning) + len(stored.unit) * ROUNDS
    assert peak_bytes < 10_000_000
