"""One AWS account in this process: open it, set the lake up, drop files, wait, query.

    with LocalAccount() as account:
        account.create_lake()
        account.drop("raw/stocks/AAPL_2016.csv", b"Date,Open,High,Low,Close,Volume\n...")
        account.wait_until_idle()
        account.query("SELECT * FROM yearly_stock_reporting")

Only one account can be open in a process: moto's backends are global. Its methods may be called from any thread.
"""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.athena.models import athena_backends
from moto.glue.models import glue_backends

from . import (
    aws_calls,
    backoff,
    function_environment,
    glue_crawler,
    glue_tables,
    lake,
    s3_events,
    s3_refusals,
    shortcuts,
)
from .aws_calls import Faults
from .engine import Engine
from .http_server import serving
from .interference import Interference
from .lambda_runtime import PATIENCE_SECONDS, Invocation, LambdaRuntime
from .seams import on_first_use
from .service_clock import ServiceClock

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}

# Nothing here takes Athena's time, so the handlers need not wait between their polls.
LOCAL_SETTINGS = {"LAKE_POLL_SECONDS": "0.05", "LAKE_SETTLE_SECONDS": "0.1", "LAKE_LEASE_POLL_SECONDS": "0.05"}

_one_account = threading.Lock()

EngineName = Literal["duckdb", "trino"]


class QueryFailedError(Exception):
    """An Athena query ended in another state than SUCCEEDED; the message is Athena's StateChangeReason."""


@dataclass(frozen=True)
class QueryResult:
    """What an Athena query gave: cells as the texts that Athena prints, None for NULL; types as ColumnInfo names them."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]


@dataclass(frozen=True)
class Statistics:
    """What the lake has cost so far."""

    statements: int
    """Athena statements started, DDL included."""
    longest_statement_bytes: int
    bytes_scanned: int
    crawls: int
    calls: Counter[str]
    """AWS calls that handlers made, by operation ("s3:PutObject")."""


class LocalAccount:
    """An account, its services and the two functions of the lake.

    `engine` runs the Athena statements; None leaves Athena out. `duplicate_rate` is the share of S3 events that are
    delivered twice; `active_statements` is Athena's quota of those queued or running. The other settings
    are those of LambdaRuntime and the crawler.
    """

    def __init__(
        self,
        engine: EngineName | None = "duckdb",
        *,
        duplicate_rate: float = 0.0,
        seed: int = 0,
        concurrency: int = 4,
        retry_delays_seconds: Sequence[float] = (0.05, 0.1),
        throttle_delays_seconds: tuple[float, float] = (0.02, 0.5),
        crawl_seconds: float = 0.2,
        serve_port: int | None = None,
        active_statements: int = 150,
    ) -> None:
        self.bucket = lake.BUCKET
        self.database = lake.DATABASE
        self.endpoint_url: str | None = None
        """Where the account answers HTTP: set while it is open, with `serve_port` (0 takes a free one) or Trino."""
        self.logs: list[dict[str, Any]] = []
        """What handlers logged, one JSON object a record."""
        self.clock = ServiceClock()
        """The time of S3, of the crawlers and of the functions' hosts."""
        self.interference = Interference(ACCOUNT_ID, REGION)
        """What goes wrong with Athena's statements."""
        self._engine_name = engine
        self._duplicate_rate = duplicate_rate
        self._seed = seed
        self._concurrency = concurrency
        self._retry_delays_seconds = retry_delays_seconds
        self._throttle_delays_seconds = throttle_delays_seconds
        self._crawl_seconds = crawl_seconds
        self._serve_port = 0 if serve_port is None and engine == "trino" else serve_port
        self._active_statements = active_statements
        self._runtime: LambdaRuntime | None = None
        self._open = ExitStack()

    def __enter__(self) -> LocalAccount:
        with ExitStack() as opening:
            if not _one_account.acquire(blocking=False):
                raise RuntimeError("another LocalAccount is open in this process: moto's backends are global")
            opening.callback(_one_account.release)
            opening.callback(_restore_environment, dict(os.environ))
            for name in [name for name in os.environ if name.startswith(("AWS_", "LAKE_"))]:
                del os.environ[name]
            opening.enter_context(mock_aws())
            os.environ.update(CREDENTIALS | LOCAL_SETTINGS)
            aws_calls.install()
            opening.callback(shortcuts.install())
            opening.callback(backoff.install())
            self._runtime = LambdaRuntime(
                ACCOUNT_ID,
                REGION,
                self._concurrency,
                self._retry_delays_seconds,
                self._throttle_delays_seconds,
                lambda: time.monotonic() + self.clock.ahead_seconds,
            )
            self.clock.moved = self._runtime.wake
            self._runtime.clock_offset_seconds = lambda request_id, attempt: self.clock.ahead_seconds
            opening.callback(self._runtime.install())
            opening.callback(s3_refusals.install())
            opening.callback(s3_events.install(self._runtime.deliver, self._duplicate_rate, self._seed))
            opening.callback(glue_crawler.install(self._crawl_seconds))
            opening.callback(glue_tables.install())
            opening.callback(self.clock.install())
            opening.callback(on_first_use("cloudformation", _install_cloudformation))
            opening.callback(on_first_use("quicksight", self._install_quicksight_limits))
            opening.callback(function_environment.install())
            opening.enter_context(_Capture(self.logs))
            if self._serve_port is not None:
                self.endpoint_url = opening.enter_context(serving(self._serve_port))
            if self._engine_name is not None:
                from . import athena_api

                engine = engine_for(self._engine_name, self.endpoint_url)
                opening.callback(engine.close)
                opening.callback(athena_api.install(engine, self._active_statements, self.interference))
            # First to be undone: nothing may run while the services go.
            opening.callback(self._runtime.close, grace_seconds=10.0)
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()
        self.endpoint_url = None

    def _install_quicksight_limits(self) -> Callable[[], None]:
        from . import quicksight_limits

        return quicksight_limits.install(self.clock.now)

    def client(self, service: str) -> Any:
        """A boto3 client with the account's credentials; it may be used from any thread."""
        return _client(service)

    def create_lake(
        self,
        bucket: str = lake.BUCKET,
        database: str = lake.DATABASE,
        settings: Mapping[str, str] | None = None,
        timeout_seconds: int = 900,
        triggers: Iterable[lake.Trigger] = lake.TRIGGERS,
    ) -> None:
        """Set the lake up, and wait until the functions have had the events by which S3 tries its triggers.

        `settings` are LAKE_* variables, in os.environ until the account closes. They are added to LOCAL_SETTINGS; a function's
        own variables come before both.
        """
        self.bucket, self.database = bucket, database
        os.environ.update({"LAKE_DATABASE": database} | dict(settings or {}))
        lake.create_lake(self.client, bucket, database, timeout_seconds, triggers)
        self.wait_until_idle()

    def drop(self, target: str | Path, body: bytes | str | None = None) -> str:
        """Put one object: at a key of the bucket, or a local file below raw/stocks/. Returns the key."""
        if isinstance(target, Path):
            body = target.read_bytes() if body is None else body
            target = f"raw/stocks/{target.name}"
        if body is None:
            raise TypeError(f"{target}: a key needs a body; give a Path to drop a local file")
        self.client("s3").put_object(Bucket=self.bucket, Key=target, Body=body)
        return target

    def wait_until_idle(self, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until no event, invocation, retry or crawl is under way; TimeoutError, naming what is, after that."""
        deadline = time.monotonic() + timeout_seconds
        while self.runtime.wait_until_idle(deadline):
            if self.idle:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        raise TimeoutError(
            f"the account is not idle after {timeout_seconds:g} s: {self.runtime.pending}"
            + (", a crawl running" if self._crawling else "")
        )

    @property
    def idle(self) -> bool:
        """Whether no event, invocation, retry or crawl is under way."""
        return self.runtime.idle and not self._crawling

    def query(self, sql: str, database: str | None = None) -> list[dict[str, str | None]]:
        """The rows of one Athena statement, each cell as the text that Athena gives, None for NULL.

        Raises QueryFailedError with Athena's reason.
        """
        result = self.query_result(sql, database)
        return [dict(zip(result.columns, row, strict=True)) for row in result.rows]

    def query_result(self, sql: str, database: str | None = None) -> QueryResult:
        """As `query`, with the columns' order and types, and with columns that share a name."""
        athena = self.client("athena")
        query_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database or self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/pipeline/athena-results/"},
        )["QueryExecutionId"]
        execution = self.ended(query_id, math.inf)
        status = execution["Status"]
        if status["State"] != "SUCCEEDED":
            raise QueryFailedError(status.get("StateChangeReason", status["State"]))
        columns: list[dict[str, Any]] = []
        rows: list[list[str | None]] = []
        for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id):
            columns = columns or page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        # The first row of a SELECT's first page repeats the column names.
        data = rows[1:] if execution["StatementType"] == "DML" else rows
        return QueryResult([column["Name"] for column in columns], [column["Type"] for column in columns], data)

    def ended(self, query_id: str, timeout_seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """A statement's execution, as Athena tells it, once it has ended; TimeoutError after that."""
        athena, deadline = self.client("athena"), time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:  # without a pause: each answer waits a while for the statement's end
            execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
        raise TimeoutError(f"query {query_id} has not ended within {timeout_seconds:g} s")

    def invoke(self, function: str, payload: Any) -> Any:
        """Invoke a function and wait. Returns its result, or its error as {"errorType": …, "errorMessage": …}."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        return json.loads(answer["Payload"].read())

    def tables(self, database: str | None = None) -> list[str]:
        """The names of the tables and views that the catalogue has, sorted."""
        pages = self.client("glue").get_paginator("get_tables").paginate(DatabaseName=database or self.database)
        return sorted(table["Name"] for page in pages for table in page["TableList"])

    @property
    def runtime(self) -> LambdaRuntime:
        if self._runtime is None:
            raise RuntimeError("the account is not open: use it in a with statement")
        return self._runtime

    @property
    def faults(self) -> Faults:
        """Arm faults here: the AWS calls at which handlers die or fail."""
        return self.runtime.faults

    @property
    def invocations(self) -> list[Invocation]:
        """Every attempt of every invocation that has ended."""
        return self.runtime.invocations

    @property
    def dead_letters(self) -> list[Invocation]:
        """The events that Lambda gave up."""
        return self.runtime.dead_letters

    @property
    def statistics(self) -> Statistics:
        executions = list(athena_backends[ACCOUNT_ID][REGION].executions.values())
        calls: Counter[str] = Counter()
        for invocation in list(self.invocations):
            calls.update(invocation.calls)
        return Statistics(
            statements=len(executions),
            longest_statement_bytes=max((len(execution.query.encode()) for execution in executions), default=0),
            bytes_scanned=sum(int(getattr(execution, "bytes_scanned", 0)) for execution in executions),
            crawls=sum(len(crawler.crawls) for crawler in self._crawlers),
            calls=calls,
        )

    @property
    def _crawlers(self) -> list[Any]:
        return list(glue_backends[ACCOUNT_ID][REGION].crawlers.values())

    @property
    def _crawling(self) -> bool:
        return any(crawler.status != "READY" for crawler in self._crawlers)


def _install_cloudformation() -> Callable[[], None]:
    from . import cloudformation  # imports half of moto

    return cloudformation.install(_client)


def engine_for(name: EngineName, endpoint_url: str | None) -> Engine:
    """Start the engine of that name; Trino reaches the account's Glue and S3 at `endpoint_url`."""
    if name == "duckdb":
        from .duckdb_engine import DuckDBEngine

        return DuckDBEngine(ACCOUNT_ID, REGION)
    if endpoint_url is None:
        raise ValueError("Trino reaches the account over HTTP: open it with serve_port")
    from .trino_engine import TrinoEngine

    return TrinoEngine(endpoint_url, ACCOUNT_ID, REGION)


class _Capture(logging.Filter):
    """Takes the records of the "lakehouse" logger while it is entered, so that none of its handlers prints them."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        super().__init__()
        self._records = records
        self._logger = logging.getLogger("lakehouse")

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        try:
            entry = json.loads(message)
        except ValueError:
            entry = None
        self._records.append(entry if isinstance(entry, dict) else {"level": record.levelname, "message": message})
        return False

    def __enter__(self) -> _Capture:
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addFilter(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self._logger.removeFilter(self)
        self._logger.setLevel(self._level)


@cache
def _client(service: str) -> Any:
    # Kept from one account to the next: reading a service's model takes longer than most tests.
    client = _session().client(service, config=Config(retries={"mode": "standard", "max_attempts": 2}))
    return aws_calls.of_the_account(client)


@cache
def _session() -> boto3.Session:
    return boto3.Session(
        CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=CREDENTIALS["AWS_DEFAULT_REGION"]
    )


def _restore_environment(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)
