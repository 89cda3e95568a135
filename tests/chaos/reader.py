"""A reader who looks on: whoever queries a table, at whichever moment, sees of each partition one committed version, whole."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow.parquet as pq

from tests.local_aws.account import QueryFailedError

from .world import World

# Of each table the prefix of its manifests, and columns that tell its rows apart with what most changes would change.
TABLES = {
    "stocks_processed": ("processed/stocks/", ("symbol", "trade_date", "close", "source")),
    "monthly_stock_reporting": ("reporting/monthly/", ("symbol", "month", "trading_days", "close_price")),
    "yearly_stock_reporting": ("reporting/yearly/", ("symbol", "trading_days", "close_price")),
}
MANIFEST_FOLDER = "_symlink_format_manifest/"
# Reading takes a fifth of the time at most, or on a busy machine it would be all that there is.
PAUSE_PER_SECOND_OF_READING = 4.0
FIRST_PAUSE_SECONDS = 0.1

Rows = Counter[tuple[str, ...]]
Versions = Mapping[str, str]
"""By partition (`year=2016/month=01`) the address of the data file that its manifest names."""


class Reader:
    """One reader of a world; `wrong` says what it saw that no committed version holds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[str, tuple[bytes, Rows]] = {}
        self.reads = 0
        self.wrong: list[str] = []

    def read(self) -> None:
        """Query every table that there is, and hold each partition against the versions that it had meanwhile."""
        for table in TABLES.keys() & self._world.tables():
            self._read(table)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read while the block runs, each table again whenever something of it has changed."""
        stop = threading.Event()

        def read_on() -> None:
            pause, seen = FIRST_PAUSE_SECONDS, dict[str, object]()
            while not stop.wait(pause):
                begun = time.monotonic()
                for table in TABLES.keys() & self._world.tables():
                    there = self._world.visible(table, TABLES[table][0])
                    if there != seen.get(table):
                        self._read(table)
                        seen[table] = there
                pause = max(FIRST_PAUSE_SECONDS, PAUSE_PER_SECOND_OF_READING * (time.monotonic() - begun))

        thread = threading.Thread(target=read_on)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _read(self, table: str) -> None:
        prefix, columns = TABLES[table]
        keys = ("year", "month") if table == "stocks_processed" else ("year",)
        since = len(self._world.manifests)
        before = self._current(prefix)
        try:
            found = self._world.lake.query(f"SELECT {', '.join(dict.fromkeys((*keys, *columns)))} FROM {table}")
        except QueryFailedError as error:
            self.wrong.append(f"a reader's query of {table} fails: {error}")
            return
        after = self._current(prefix)
        seen: dict[str, Rows] = defaultdict(Counter)
        for row in found:
            seen["/".join(f"{key}={row[key]}" for key in keys)][tuple(_text(row[column]) for column in columns)] += 1
        put = [(self._partition(key, prefix), body) for key, body in self._world.manifests[since:] if key.startswith(prefix)]
        for partition in seen.keys() | before.keys() | after.keys():
            addresses = {before.get(partition), after.get(partition), *(body for where, body in put if where == partition)}
            versions = [self._rows(address, columns) if address else Counter() for address in addresses]
            if seen[partition] not in versions:
                self.wrong.append(
                    f"a reader sees {seen[partition].total()} rows of {table}, {partition}, which are none of its versions "
                    f"({', '.join(str(version.total()) for version in versions)} rows)"
                )
        self.reads += 1

    def _current(self, prefix: str) -> Versions:
        manifests = self._world.bodies(prefix + MANIFEST_FOLDER)
        return {self._partition(key, prefix): body.decode().strip() for key, body in manifests.items()}

    @staticmethod
    def _partition(key: str, prefix: str) -> str:
        return key.removeprefix(prefix + MANIFEST_FOLDER).removesuffix("/manifest")

    def _rows(self, address: str, columns: tuple[str, ...]) -> Rows:
        """What a data file holds; that it never changes is part of what must hold."""
        key = address.removeprefix(f"s3://{self._world.account.bucket}/")
        body = self._world.bodies(key).get(key)
        if body is None:
            self.wrong.append(f"a manifest names {key}, which is not there")
            return Counter()
        if address in self._held:
            if self._held[address][0] != body:
                self.wrong.append(f"{key} was written once more")
            return self._held[address][1]
        table = pq.read_table(io.BytesIO(body))
        rows = table.select(columns).to_pylist() if table.num_rows else []
        found = Counter(tuple(_text(row[column]) for column in columns) for row in rows)
        self._held[address] = body, found
        return found


def _text(value: Any) -> str:
    """A cell alike, whether Athena printed it or the file holds it."""
    try:
        return str(float(value))
    except (TypeError, ValueError):
        return str(value)
