"""One account in which anything can be made to happen, over and over: its state is kept, and put back in no time."""

from __future__ import annotations

import copy
import gzip
import importlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any

from moto.athena.models import athena_backends
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore

from lambda_scripts.lakehouse.clock import Clock
from tests.lakes import RAW, REPORTS, Lake
from tests.local_aws import LocalAccount, aws_calls, s3_refusals
from tests.local_aws.account import ACCOUNT_ID, REGION, EngineName
from tests.local_aws.aws_calls import Call, Fault
from tests.local_aws.engine import Outcome, Statement, StatementFailed
from tests.local_aws.lambda_runtime import Invocation
from tests.local_aws.s3_events import S3_LOCK
from tests.local_aws.seams import Seams
from tests.oracle import RawFile

Changes = Mapping[str, bytes | None]
"""What becomes of raw files, by key below raw/stocks/: a new body, or None for one that is deleted."""

SETTINGS = {
    "LAKE_SETTLE_SECONDS": "0",
    "LAKE_POLL_SECONDS": "0.05",
    "LAKE_LEASE_SECONDS": "4",
    "LAKE_LEASE_POLL_SECONDS": "0.2",
    "LAKE_RAW_CRAWLER": "",
}
FIRST_UPLOAD = datetime(2024, 1, 1)
ENGINES = {"duckdb": ("duckdb_engine", "DuckDBEngine"), "trino": ("trino_engine", "TrinoEngine")}


@dataclass(eq=False)
class Upset:
    """What is to happen to the nth statement (from 1, counted from now) whose text holds `text`.

    It fails with `error`, or without one does nothing until `release` is set, or it is cancelled.
    """

    text: str
    nth: int
    error: StatementFailed | None
    for_good: bool = False
    struck: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0

    def counts(self, sql: str) -> bool:
        self._seen += self.text in sql
        due = self.text in sql and (self._seen == self.nth or (self.for_good and self._seen > self.nth))
        self.struck = self.struck or due
        return due


@dataclass(frozen=True)
class Kept:
    """The state of an account in which nothing is under way."""

    objects: Mapping[str, list[FakeKey]]
    databases: Mapping[str, Any]
    uploads: int
    standing: Mapping[str, RawFile]
    events: list[tuple[str, Any]]


class World:
    """An account with a lake, its post office, its hosts' clocks and its statements.

    S3's events are held back until they are posted, or flow once `flow` was called. Each upload below raw/ is a second younger
    than the one before, whenever it is made.
    """

    def __init__(self, engine: EngineName = "duckdb", settings: Mapping[str, str] | None = None) -> None:
        self.account = LocalAccount(engine, retry_delays_seconds=(0.01, 0.02), crawl_seconds=0.0, concurrency=16)
        self.lake = Lake(self.account)
        self.standing: Mapping[str, RawFile] = {}
        """The readable version of each file that was last known to be loaded: it stays where a later one is refused."""
        self.manifests: list[tuple[str, str]] = []
        """The key and content of each manifest that anyone put, or wanted to."""
        self._engine: EngineName = engine
        self._settings = SETTINGS | dict(settings or {})
        self._open = ExitStack()
        self._uploads = 0
        self._upsets: list[Upset] = []
        self._lock = threading.Lock()

    def __enter__(self) -> World:
        with ExitStack() as opening:
            opening.enter_context(self.account)
            seams = Seams()
            opening.callback(seams.restore)
            opening.callback(self.calm)
            self._replace(seams)
            self.account.create_lake(settings=self._settings)
            # A first batch makes the database, too, where nobody did.
            self.account.client("glue").delete_database(Name=self.account.database)
            self.account.wait_until_idle()
            self.runtime, self.faults = self.account.runtime, self.account.faults
            self.arns = {name: self._arn(name) for name in (RAW, REPORTS)}
            self.runtime.held_back = []
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def _replace(self, seams: Seams) -> None:
        world = self
        module, name = ENGINES[self._engine]
        engine = getattr(importlib.import_module(f"tests.local_aws.{module}"), name)
        begin, now, execute = FakeKey.__init__, Clock.now, engine.execute

        def begin_with_a_time_of_its_own(key: FakeKey, name: str, *args: Any, **kwargs: Any) -> None:
            begin(key, name, *args, **kwargs)
            if name.startswith("raw/"):
                with world._lock:
                    world._uploads += 1
                    key.last_modified = FIRST_UPLOAD + timedelta(seconds=world._uploads)
            elif name.endswith("/manifest"):
                world.manifests.append((name, bytes(key.value).decode().strip()))

        def now_on_this_host(clock: Clock) -> datetime:
            return now(clock) + timedelta(seconds=aws_calls.clock_offset_seconds())

        def execute_unless_upset(engine: Any, statement: Statement) -> Outcome:
            world._meet(statement)
            outcome: Outcome = execute(engine, statement)
            return outcome

        seams.replace(FakeKey, "__init__", begin_with_a_time_of_its_own)
        seams.replace(FakeKey, "dispose", lambda key, garbage=False: None)  # kept states share them
        seams.replace(Clock, "now", now_on_this_host)
        seams.replace(engine, "execute", execute_unless_upset)

    def _arn(self, function: str) -> str:
        return str(self.account.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"])

    # States

    def keep(self) -> Kept:
        """The state as it is, with what S3 holds back. Nothing may be under way."""
        with S3_LOCK:
            keys = self._bucket.keys
            objects = {key: list(keys.getlist(key)) for key in keys}
            databases = {name: _copied(database) for name, database in self._databases.items()}
        return Kept(objects, databases, self._uploads, dict(self.standing), list(self.runtime.held_back or ()))

    def restore(self, kept: Kept) -> None:
        """Put a state back, forget what was logged and run since, and hold S3's events back again."""
        self.calm()
        self.settle()
        with S3_LOCK:
            store = _VersionedKeyStore()
            for key, versions in kept.objects.items():
                dict.__setitem__(store, key, list(versions))
            self._bucket.keys = store
            self._databases.clear()
            self._databases.update({name: _copied(database) for name, database in kept.databases.items()})
            athena_backends[ACCOUNT_ID][REGION].executions.clear()
        self._uploads, self.standing = kept.uploads, dict(kept.standing)
        self.manifests.clear()
        self.runtime.held_back = list(kept.events)
        self.runtime.invocations.clear()
        self.runtime.dead_letters.clear()
        self.account.logs.clear()

    def calm(self) -> None:
        """No faults, no upsets, clocks and pages as usual; what is frozen or held goes on."""
        self.account.faults.disarm()
        for upset in self._upsets:
            upset.release.set()
        self._upsets.clear()
        self.set_clocks_apart(0)
        s3_refusals.MAX_KEYS_LISTED = 1_000

    @property
    def _bucket(self) -> Any:
        return s3_backends[ACCOUNT_ID]["aws"].buckets[self.account.bucket]

    @property
    def _databases(self) -> dict[str, Any]:
        return glue_backends[ACCOUNT_ID][REGION].databases

    @property
    def _tables(self) -> dict[str, Any]:
        database = self._databases.get(self.account.database)
        return database.tables if database else {}

    # Events

    def change(self, changes: Changes) -> None:
        """Upload and delete raw files."""
        s3 = self.account.client("s3")
        for key, body in changes.items():
            if body is None:
                s3.delete_object(Bucket=self.account.bucket, Key=f"raw/stocks/{key}")
            else:
                s3.put_object(Bucket=self.account.bucket, Key=f"raw/stocks/{key}", Body=body)

    def collect(self, function: str) -> Any:
        """What is held back for a function, as one event with all the records; None without any."""
        held = self.runtime.held_back or []
        mine = [event for arn, event in held if arn == self.arns[function]]
        self.runtime.held_back = [(arn, event) for arn, event in held if arn != self.arns[function]]
        records = [record for event in mine for record in event.get("Records", ())]
        return {"Records": records} if records else None

    def send(self, function: str, event: Any, request_id: str | None = None) -> str:
        return self.runtime.send(self.arns[function], event, request_id)

    def flow(self) -> None:
        """Deliver what is held back, and from now on every event at once."""
        held, self.runtime.held_back = self.runtime.held_back or [], None
        for arn, event in held:
            self.runtime.send(arn, event)

    def replay(self, dead_letters: Sequence[Invocation]) -> None:
        """What an operator does with dead letters of events that were never taken in, because their markers could not be put.

        Of all others `drain` has to find the markers.
        """
        for letter in dead_letters:
            if all(_puts_a_marker(call) for each in self.invocations(letter.request_id) for call in each.steps):
                self.send(letter.function, letter.event)
        self.settle()

    def drain(self) -> None:
        """What an operator does then: {"action": "drain"} on both functions."""
        for function in (RAW, REPORTS):
            self.send(function, {"action": "drain", "bucket": self.account.bucket})
            self.settle()

    # Waits

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self.account.wait_until_idle()

    def settle_but_frozen(self) -> None:
        """Wait until nothing but frozen invocations is under way."""
        self.runtime.wait_for("only frozen ones left", lambda: self.runtime.only_frozen_left)

    def until_frozen(self, fault: Fault) -> bool:
        """Wait until the fault has struck; False where everything ended without it."""
        self.runtime.wait_for("frozen", lambda: fault.frozen.is_set() or self.runtime.only_frozen_left)
        return fault.frozen.is_set()

    # Statements, clocks and listings

    def upset(self, text: str, nth: int = 1, error: StatementFailed | None = None, for_good: bool = False) -> Upset:
        upset = Upset(text, nth, error, for_good)
        with self._lock:
            self._upsets.append(upset)
        return upset

    def stop_statements(self, text: str) -> None:
        """Stop the statements under way whose text holds `text`, as a person does in the console."""
        for execution in list(athena_backends[ACCOUNT_ID][REGION].executions.values()):
            if text in execution.query and execution.status in ("QUEUED", "RUNNING"):
                self.account.client("athena").stop_query_execution(QueryExecutionId=execution.id)

    def _meet(self, statement: Statement) -> None:
        with self._lock:
            due = [upset for upset in self._upsets if upset.counts(statement.sql)]
        for upset in due:
            if upset.error is not None:
                raise upset.error
            while not upset.release.wait(0.01):
                statement.check_cancelled()

    def set_clocks_apart(self, seconds: float) -> None:
        """Have the hosts' clocks differ by up to so many seconds, each attempt's by another part of it."""

        def offset(request_id: str, attempt: int) -> float:
            apart = (zlib.crc32(f"{request_id} {attempt}".encode()) % 1001 / 500 - 1) * seconds
            return self.account.clock.ahead_seconds + apart

        self.account.runtime.clock_offset_seconds = offset

    def list_in_pages_of(self, keys: int) -> None:
        s3_refusals.MAX_KEYS_LISTED = keys

    # What is there

    def raw_files(self) -> dict[str, RawFile]:
        """The raw files as S3 has them now, by key."""
        with S3_LOCK:
            found = {key: self._bucket.keys[key] for key in self._bucket.keys if key.startswith("raw/")}
            return {
                key: RawFile(key, bytes(stored.value), stored.last_modified.replace(tzinfo=timezone.utc))
                for key, stored in found.items()
            }

    def note_standing(self) -> None:
        """Let the readable raw files of now be those that stand where a later version is refused."""
        files = self.raw_files()
        read = {key: readable(file) for key, file in files.items()}
        self.standing = {
            **{key: file for key, file in self.standing.items() if key in files},
            **{key: file for key, file in read.items() if file},
        }

    def invocations(self, request_id: str) -> list[Invocation]:
        return [each for each in self.runtime.invocations if each.request_id == request_id]

    def bodies(self, prefix: str) -> dict[str, bytes]:
        """What the objects under a prefix hold, all at one moment."""
        with S3_LOCK:
            return {key: bytes(self._bucket.keys[key].value) for key in self._bucket.keys if key.startswith(prefix)}

    def tables(self) -> set[str]:
        """The tables that there are; none before the first load has made their database."""
        return set(self._tables)

    def partitions(self, table: str) -> list[str]:
        """The first value of each partition that a table has in the catalogue."""
        return [partition.values[0] for partition in list(self._tables[table].partitions.values())]

    def visible(self, table: str, prefix: str) -> object:
        """What a query of a table with this prefix can read, as far as it changes: while it is the same, nothing has."""
        with S3_LOCK:
            keys = self._bucket.keys
            files = {key: keys[key].etag for key in keys if key.startswith(prefix)}
        places = [partition.partition_input for partition in list(self._tables[table].partitions.values())]
        # Two puts of the same manifest with another one between them leave its ETag as it was.
        return sum(key.startswith(prefix) for key, _ in list(self.manifests)), files, places

    def keys(self, prefix: str) -> list[str]:
        with S3_LOCK:
            return sorted(key for key in self._bucket.keys if key.startswith(prefix))

    def unfinished_statements(self) -> int:
        executions: Iterable[Any] = athena_backends[ACCOUNT_ID][REGION].executions.values()
        return sum(each.status not in ("SUCCEEDED", "FAILED", "CANCELLED") for each in list(executions))


def _puts_a_marker(call: Call) -> bool:
    return call.operation == "s3:PutObject" and call.target.startswith("pipeline/inbox/")


def readable(file: RawFile) -> RawFile | None:
    """The file as the oracle reads it, unpacked; None for one that must be refused."""
    body = file.body
    if file.key.endswith(".gz"):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            return None
    return RawFile(file.key, body, file.modified) if b"Date" in body.split(b"\n")[0] else None


def _copied(database: Any) -> Any:
    """The database with tables of its own, which share what never changes."""
    again = copy.copy(database)
    again.tables = OrderedDict()
    for name, table in database.tables.items():
        twin = copy.copy(table)
        twin.partitions, twin.versions = OrderedDict(table.partitions), dict(table.versions)
        again.tables[name] = twin
    return again
