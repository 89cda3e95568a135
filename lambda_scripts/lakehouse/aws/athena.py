"""Athena: statements started side by side, waited for until the deadline, their results read from the result object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .. import log
from ..clock import Deadline
from ..errors import Error, QueryFailedError
from . import parallel
from .sql import Statement
from .store import Store

# Waits grow from a tenth to the whole of the configured poll time: most statements of a small batch are soon done.
FIRST_POLL_SECONDS = 0.1

# What ListQueryExecutions calls final: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Finished:
    """A statement that succeeded, and where its result object is."""

    statement: Statement
    query_id: str
    output: str
    bytes_scanned: int


class Athena:
    """Runs statements in one workgroup and database."""

    def __init__(
        self, client: Any, store: Store, deadline: Deadline, *, database: str, workgroup: str, results: str, poll_seconds: float
    ) -> None:
        self._client = client
        self._store = store
        self._deadline = deadline
        self._database = database
        self._workgroup = workgroup
        self._results = results
        self._poll_seconds = poll_seconds

    def run(self, *statements: Statement) -> list[Finished]:
        """Run the statements at the same time; their answers in order.

        Raises QueryFailedError for the first that fails and DeadlineReachedError when time is up; either way those under way are
        stopped.
        """
        waiting: dict[str, Statement] = {}
        finished: dict[str, Finished] = {}
        order: list[str] = []
        start = self._deadline.clock.monotonic()
        try:
            for statement in statements:
                query_id = self._start(statement)
                waiting[query_id] = statement
                order.append(query_id)
            poll = min(FIRST_POLL_SECONDS, self._poll_seconds)
            while waiting:
                self._deadline.sleep(poll, "wait for Athena")
                poll = min(poll * 1.5, self._poll_seconds)
                for execution in parallel.each(self._status, waiting):
                    if execution["Status"]["State"] in FINAL:
                        query_id = execution["QueryExecutionId"]
                        finished[query_id] = self._finish(waiting.pop(query_id), execution, start)
        except Exception:
            parallel.each(self._stop, waiting)
            raise
        return [finished[query_id] for query_id in order]

    def rows(self, statement: Statement) -> list[Row]:
        """Run a query; its rows by column name, as Athena prints values, None for NULL."""
        (finished,) = self.run(statement)
        return self.read(finished)

    def read(self, finished: Finished) -> list[Row]:
        """The rows of a query's result object: one GET, however many rows."""
        part = self._store.read(self._store.key(finished.output))
        if part is None:
            raise Error(f"Athena's result {finished.output} is gone; does a lifecycle rule remove results too early?")
        return parse_result(part.body.decode())

    def _start(self, statement: Statement) -> str:
        answer = self._client.start_query_execution(
            QueryString=statement.text,
            QueryExecutionContext={"Database": self._database},
            ResultConfiguration={"OutputLocation": self._store.uri(self._results)},
            WorkGroup=self._workgroup,
        )
        return str(answer["QueryExecutionId"])

    def _status(self, query_id: str) -> dict[str, Any]:
        execution: dict[str, Any] = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        return execution

    def _finish(self, statement: Statement, execution: Mapping[str, Any], start: float) -> Finished:
        query_id, status = execution["QueryExecutionId"], execution["Status"]
        scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
        seconds = round(self._deadline.clock.monotonic() - start, 3)
        reason = status.get("StateChangeReason", "no reason given")
        if status["State"] != "SUCCEEDED":
            log.warning(
                "athena", statement=statement.name, query_id=query_id, seconds=seconds, state=status["State"], error=reason
            )
            raise QueryFailedError(statement.name, query_id, reason)
        log.event("athena", statement=statement.name, query_id=query_id, seconds=seconds, bytes_scanned=scanned)
        return Finished(statement, query_id, execution["ResultConfiguration"]["OutputLocation"], scanned)

    def _stop(self, query_id: str) -> None:
        """Stop a query, so that it costs no more. Why the work ended is more important than a stop that is refused."""
        try:
            self._client.stop_query_execution(QueryExecutionId=query_id)
        except ClientError as error:
            log.warning("query not stopped", query_id=query_id, error=str(error))


# A cell is quoted, or bare and then NULL. (The csv module can't tell the two apart before Python 3.12.)
_CELL = re.compile(r'("(?:[^"]|"")*")?(,|\n)')


def parse_result(text: str) -> list[Row]:
    """Rows of a result CSV by column name. Athena quotes every value, doubles quotes within it and leaves NULL bare."""
    rows: list[list[str | None]] = [[]]
    position = 0
    text = text if text.endswith("\n") else text + "\n"
    while position < len(text):
        cell = _CELL.match(text, position)
        if cell is None:
            raise Error(f"Athena's result is no CSV at character {position}: {text[position : position + 80]!r}")
        rows[-1].append(None if cell[1] is None else cell[1][1:-1].replace('""', '"'))
        if cell[2] == "\n":
            rows.append([])
        position = cell.end()
    header = [str(name) for name in rows[0]]
    return [dict(zip(header, row, strict=True)) for row in rows[1:] if row]
