"""Athena: statements run at the same time, waited for until the deadline; their rows, and the files that they wrote."""

from __future__ import annotations

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
    """A statement that succeeded. `data_manifest` is the s3:// path of Athena's list of the files that it wrote, or None."""

    statement: Statement
    query_id: str
    data_manifest: str | None
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
        """The rows of a query that finished, by column name. Up to 1,000 rows a request."""
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=finished.query_id)
        rows = [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
        # The first row of a SELECT holds the names: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
        header = [str(name) for name in rows[0]]
        return [dict(zip(header, row, strict=True)) for row in rows[1:]]

    def files(self, finished: Finished) -> list[str]:
        """The s3:// paths of all files that a CTAS wrote, by Athena's own account of it: its data manifest, a path a line.

        https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatistics.html
        """
        manifest = finished.data_manifest
        part = self._store.read_path(manifest) if manifest else None
        if part is None:
            raise Error(
                f"the list of the files that Athena statement {finished.statement.name} (query {finished.query_id}) wrote, "
                f"{manifest}, is gone; does a lifecycle rule remove results too early?"
            )
        return part.body.decode().splitlines()

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
        return Finished(statement, query_id, execution.get("Statistics", {}).get("DataManifestLocation"), scanned)

    def _stop(self, query_id: str) -> None:
        """Stop a query, so that it costs no more. Why the work ended is more important than a stop that is refused."""
        try:
            self._client.stop_query_execution(QueryExecutionId=query_id)
        except ClientError as error:
            log.warning("query not stopped", query_id=query_id, error=str(error))
