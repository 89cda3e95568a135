"""The seam between the Athena API and the engine that runs its statements.

`athena_api` makes one `Statement` for each StartQueryExecution and hands it to an `Engine`; whatever the engine is
(DuckDB in this process or a Trino server), it answers with an `Outcome` in Athena's own terms, or raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# AthenaError.ErrorCategory, https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
SYSTEM, USER, OTHER = 1, 2, 3


class StatementFailed(Exception):
    """The statement ends in state FAILED.

    `message` is the StateChangeReason, opening with Trino's error name where Athena shows one
    ("TABLE_NOT_FOUND: line 1:15: Table … does not exist"); `category` and `error_type` are AthenaError's.
    """

    def __init__(self, message: str, category: int = USER, error_type: int = 1001, retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.category = category
        self.error_type = error_type
        self.retryable = retryable


class StatementCancelled(Exception):
    """The statement stopped because `Statement.cancel` was called; it ends in state CANCELLED."""


@dataclass(frozen=True)
class Column:
    """One column of a result, as GetQueryResults' ColumnInfo describes it.

    `type` is its bare lower-case name (varchar, bigint, decimal, timestamp, array …), without parameters.
    """

    name: str
    type: str
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a statement that succeeded gave.

    `rows` holds the cells as the texts that Athena prints, None for NULL, without a header row.
    `statement_type` is DML, DDL or UTILITY. Of CTAS and INSERT, which write data, `update_count` is the number of rows and
    `data_files` the s3:// addresses of the files; else they are None.
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[str | None]] = ()
    statement_type: str = "DML"
    substatement_type: str = "SELECT"
    update_count: int | None = None
    bytes_scanned: int = 0
    data_files: Sequence[str] | None = None


@dataclass
class Statement:
    """One SQL text on its way through an engine.

    `database` is the QueryExecutionContext's, `output_location` the s3:// address of the result object. A CTAS has none: there
    it is the folder, without its slash, of a table whose statement names no location.
    """

    sql: str
    database: str
    output_location: str
    query_id: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _interrupts: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def on_cancel(self, interrupt: Callable[[], None]) -> None:
        """Have `interrupt` called when the statement is cancelled; at once when it already is."""
        with self._lock:
            if not self.cancelled.is_set():
                self._interrupts.append(interrupt)
                return
        interrupt()

    def cancel(self) -> None:
        """Set `cancelled` and call every registered interrupt once. May be called from any thread, repeatedly."""
        with self._lock:
            self.cancelled.set()
            interrupts, self._interrupts = self._interrupts, []
        for interrupt in interrupts:
            interrupt()

    def check_cancelled(self) -> None:
        """Raise StatementCancelled once the statement has been cancelled."""
        if self.cancelled.is_set():
            raise StatementCancelled(self.query_id)


class Engine(Protocol):
    """Runs Athena's SQL, DDL included, on the tables of moto's Glue and the objects of moto's S3.

    `execute` may be called from several threads at once. It returns an Outcome, or raises StatementFailed or
    StatementCancelled; anything else is a defect of the engine. It writes no result object: the Athena API does.
    """

    def execute(self, statement: Statement) -> Outcome: ...

    def close(self) -> None: ...
