"""Readers are never wrong: whoever queries a partition while it is published again sees one version of it, whole.

A reader's answer must be exactly what one of the two versions gives; anything else is a mixture of both. The objects
are larger than the 3 MB up to which Trino reads a file in one go, so that it takes several ranged reads to answer:
below that, nothing here would show.
"""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lambda_scripts.lakehouse.aws import sql
from lambda_scripts.lakehouse.aws.catalog import Catalog
from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.layout import Layout
from lambda_scripts.lakehouse.tables.merged import MergedTable
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName, QueryFailedError
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

ROWS = 500_000
ROW_GROUP_ROWS = 25_000
READERS = 3
# DuckDB is given each object in one read, so that more readings would show nothing new.
READ_SECONDS = {"duckdb": 0.0, "trino": 5.0}
SECONDS_BETWEEN_COMMITS = 0.15
ONE_READ_BYTES = 3_000_000

PARTITION = ("2016", "01")
QUESTION = """
SELECT count(*), min(open), max(open), min(close), max(close), sum(volume)
FROM stocks_processed WHERE year = '2016' AND month = '01'
"""

Answer = tuple[str | None, ...]


@dataclass
class Tally:
    """What the readers saw. `across` counts the queries during which the partition was published again."""

    object_bytes: int
    commits: int = 0
    right: int = 0
    across: int = 0
    wrong: list[Answer] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.object_bytes / 1e6:.1f} MB object, {self.commits} commits, "
            f"{self.right + len(self.wrong) + len(self.failed)} queries ({self.across} across a commit): "
            f"{len(self.wrong)} wrong, {len(self.failed)} failed"
        )


class Partition:
    """One partition of stocks_processed with two versions to publish, each a staged Parquet object."""

    def __init__(self, account: LocalAccount) -> None:
        self.account = account
        account.client("s3").create_bucket(Bucket=account.bucket)
        self._layout = Layout()
        self._store = Store(account.bucket)
        catalog = Catalog(account.database)
        catalog.tables()
        location = self._store.uri(self._layout.processed.manifest_prefix)
        account.query(sql.render("tables/stocks_processed", location=location).text)
        self._table = MergedTable("stocks_processed", self._layout.processed, self._store, catalog)
        self._staged: list[str] = []
        self._bodies: list[bytes] = []
        self.answers: list[Answer] = []
        for number in (1, 2):
            rows = _prices(number)
            self._bodies.append(_parquet(rows))
            self._staged.append(f"{self._layout.staged_output('raw', f'version-{number}', 'stocks_processed')}part")
            self._store.put(self._staged[-1], self._bodies[-1])
            self.answers.append(_expected(rows))
        self.object_bytes = min(map(len, self._bodies))
        self.publish(0)

    def publish(self, number: int) -> None:
        """Make version 0 or 1 current as the pipeline does: an object of its own, named by the manifest."""
        survey = self._table.survey()
        version = f"{time.time_ns()}-{number}"
        assert self._table.publish([PARTITION], {PARTITION: self._staged[number]}, survey, version) == []

    def overwrite(self, number: int) -> None:
        """Put version 0 or 1 in place of the object that the manifest names."""
        manifest = self._store.read(self._layout.processed.manifest(PARTITION))
        assert manifest is not None
        self._store.put(manifest.body.decode().strip().removeprefix(self._store.uri("")), self._bodies[number])

    def read(self) -> Answer:
        (row,) = self.account.query_result(QUESTION).rows
        return tuple(row)


@pytest.fixture
def partition(engine: EngineName) -> Iterator[Partition]:
    # No functions: Lambda 2 would wake on every manifest.
    with LocalAccount(engine) as account:
        yield Partition(account)


def test_readers_see_one_version_while_the_partition_is_published_again(
    partition: Partition, engine: EngineName, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = _read_while(partition.publish, partition, READ_SECONDS[engine], lambda tally: tally.across >= 10)
    with capsys.disabled():
        print(f"\nreaders on {engine}, published by manifest: {tally}")
    assert tally.object_bytes > ONE_READ_BYTES
    assert tally.across >= 10
    assert (tally.wrong, tally.failed) == ([], [])


@pytest.mark.trino_only("DuckDB is given each object in one atomic read, so it cannot see half of an overwritten one")
def test_the_same_readers_are_wrong_when_the_object_is_overwritten_in_place(
    partition: Partition, engine: EngineName, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = _read_while(partition.overwrite, partition, READ_SECONDS[engine], lambda tally: bool(tally.wrong or tally.failed))
    with capsys.disabled():
        print(f"\nreaders on {engine}, overwritten in place: {tally}")
    assert tally.wrong or tally.failed


def _read_while(
    change: Callable[[int], None], partition: Partition, at_least_seconds: float, seen_enough: Callable[[Tally], bool]
) -> Tally:
    """Ask from several threads while `change` makes one version current after the other.

    It goes on for `at_least_seconds`, and then until the readers have seen enough or PATIENCE_SECONDS are over.
    """
    tally = Tally(partition.object_bytes)
    stop, lock = threading.Event(), threading.Lock()
    assert partition.read() == partition.answers[0]

    def read() -> None:
        while not stop.is_set():
            before = tally.commits
            try:
                answer, failure = partition.read(), None
            except QueryFailedError as error:
                answer, failure = (), str(error)
            with lock:
                tally.across += tally.commits > before
                if failure is not None:
                    tally.failed.append(failure)
                elif answer in partition.answers:
                    tally.right += 1
                else:
                    tally.wrong.append(answer)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        start = time.monotonic()
        for number in itertools.cycle((1, 0)):
            change(number)
            tally.commits += 1
            seconds = time.monotonic() - start
            if seconds > (at_least_seconds if seen_enough(tally) else PATIENCE_SECONDS):
                break
            time.sleep(SECONDS_BETWEEN_COMMITS)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    return tally


def _prices(version: int) -> pa.Table:
    """Rows of random digits, which do not compress, their prices in [version, version + 1)."""
    chance = numpy.random.default_rng(version)
    return pa.table(
        {
            "symbol": pa.repeat(pa.scalar("AAPL"), ROWS),
            "open": version + chance.random(ROWS),
            "close": version + chance.random(ROWS),
            "volume": chance.integers(1, 2**40, ROWS),
        }
    )


def _parquet(rows: pa.Table) -> bytes:
    """One Parquet file of several row groups, each of which takes reads of its own."""
    file = io.BytesIO()
    pq.write_table(rows, file, row_group_size=ROW_GROUP_ROWS, use_dictionary=["symbol"], compression="none")
    return file.getvalue()


def _expected(rows: pa.Table) -> Answer:
    """The answer to QUESTION, as Athena prints it."""
    extremes = [pc.min_max(rows[column]).as_py() for column in ("open", "close")]
    prices = [repr(extreme[end]) for extreme in extremes for end in ("min", "max")]
    return (str(rows.num_rows), *prices, str(pc.sum(rows["volume"]).as_py()))
