"""Athena: statements run at the same time, waited for until the deadline; their rows, and the files that they wrote."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .. import log, metrics
from ..clock import Deadline
from ..errors import Error, NotSetUpError, QueryFailedError
from . import parallel, remedies, workgroup
from .clients import client
from .sql import Statement, render
from .store import Store
from .workgroup import Workgroup

# Waits grow from a tenth to the whole of the configured poll time: most statements of a small batch are soon done.
FIRST_POLL_SECONDS = 0.1

# The quota of active queries is the whole region's, and others need some of it: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
STATEMENTS_AT_ONCE = 10

# What ListQueryExecutions calls final: https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")

# The quota of active queries, or of calls a second, is used up: there is room again when others have ended.
NO_ROOM = ("TooManyRequestsException", "ThrottlingException")

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Finished:
    """A statement that succeeded. `data_manifest` is the s3:// path of Athena's list of the files that it wrote, or None."""

    statement: Statement
    query_id: str
    data_manifest: str | None
    bytes_scanned: int


class Athena:
    """Runs statements in one workgroup and database. `results` is the s3:// folder for what Athena says of each."""

    def __init__(
        self,
        store: Store,
        deadline: Deadline,
        *,
        database: str,
        workgroup: str,
        results: str,
        poll_seconds: float,
        athena: Any = None,
    ) -> None:
        self._client = athena or client("athena")
        self._store = store
        self._deadline = deadline
        self._database = database
        self._workgroup_name = workgroup
        self._workgroup: Workgroup | None = None
        self._results = results
        self._poll_seconds = poll_seconds

    def run(self, *statements: Statement) -> list[Finished]:
        """Run the statements, up to ten at the same time; their answers in order.

        Raises QueryFailedError for the first that fails and DeadlineReachedError when time is up; either way those under way are
        stopped.
        """
        running: dict[str, tuple[int, Statement]] = {}
        try:
            return self._work_off(deque(enumerate(statements)), running)
        except Exception:
            parallel.each(self.stop, running)
            raise

    def start(self, statement: Statement) -> str:
        """Start one statement; its query id. Waits while the account's quota has no room, until the deadline."""
        while (query_id := self._start(statement)) is None:
            self._deadline.sleep(self._poll_seconds, "wait for room in Athena's quota of active queries")
        return query_id

    def wait(self, statement: Statement, query_id: str) -> Finished:
        """Wait for a statement that was started. Raises as `run` does, but leaves it running when time is up."""
        return self._work_off(deque(), {query_id: (0, statement)})[0]

    def stop(self, query_id: str) -> None:
        """Stop a query, so that it costs no more. Why the work ended is more important than a stop that is refused."""
        try:
            self._client.stop_query_execution(QueryExecutionId=query_id)
        except ClientError as error:
            log.warning("query not stopped", query_id=query_id, error=str(error))

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
        """The s3:// paths of all files that a CTAS wrote, proven complete: by Athena's list of them, its data manifest.

        https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html says that it is put where results go; of
        results that Athena manages itself it says nothing. Without one, the files that the table reads must hold as many rows as
        Athena says that it wrote.
        """
        if finished.data_manifest is None:
            return self._counted_files(finished)
        part = self._store.read_path(finished.data_manifest)
        if part is None:
            raise Error(
                f"the list of the files that Athena statement {finished.statement.name} (query {finished.query_id}) wrote, "
                f"{finished.data_manifest}, is gone; does a lifecycle rule remove results too early?"
            )
        return part.body.decode().splitlines()

    def _counted_files(self, finished: Finished) -> list[str]:
        written = int(self._client.get_query_results(QueryExecutionId=finished.query_id)["UpdateCount"])
        if not written:
            return []
        if finished.statement.table is None:
            raise Error(f"Athena statement {finished.statement.name} writes no table whose files could be counted")
        files = self.rows(render("load/files_of_table", table=finished.statement.table))
        left = sum(int(row["rows"] or 0) for row in files)
        if left != written:
            raise Error(
                f"Athena statement {finished.statement.name} (query {finished.query_id}) wrote {written} rows, of which {left} "
                f"are left in {finished.statement.table}: another invocation, or a lifecycle rule, removed files of it"
            )
        return [str(row["path"]) for row in files]

    @property
    def workgroup(self) -> Workgroup:
        """The workgroup that statements run in, asked for once. Raises NotSetUpError where no lake can run in it."""
        # Up to Python 3.11 a cached_property holds a lock that all instances share, here for as long as AWS takes to answer.
        if self._workgroup is None:
            self._workgroup = workgroup.get(self._client, self._workgroup_name)
        return self._workgroup

    def _work_off(self, todo: deque[tuple[int, Statement]], running: dict[str, tuple[int, Statement]]) -> list[Finished]:
        """Start what is to do as there is room, and wait for it and for what runs. `running` holds, at each moment, what does."""
        finished: dict[int, Finished] = {}
        begun = self._deadline.clock.monotonic()
        poll = min(FIRST_POLL_SECONDS, self._poll_seconds)
        while todo or running:
            while todo and len(running) < STATEMENTS_AT_ONCE and (query_id := self._start(todo[0][1])):
                running[query_id] = todo.popleft()
            self._deadline.sleep(poll, "wait for Athena")
            poll = min(poll * 1.5, self._poll_seconds)
            for execution in parallel.each(self._status, list(running)):
                if execution["Status"]["State"] in FINAL:
                    number, statement = running.pop(execution["QueryExecutionId"])
                    finished[number] = self._finish(statement, execution, begun)
        return [finished[number] for number in sorted(finished)]

    def _start(self, statement: Statement) -> str | None:
        """Start a statement; its query id, or None where the account's quota has no room now."""
        where = {} if self.workgroup.manages_results else {"ResultConfiguration": {"OutputLocation": self._results}}
        try:
            answer = self._client.start_query_execution(
                QueryString=statement.text,
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self.workgroup.name,
                **where,
            )
        except ClientError as error:
            detail = error.response["Error"]
            if detail["Code"] in NO_ROOM:
                log.event("no room in Athena's quota", statement=statement.name, error=detail["Message"])
                return None
            if detail["Code"] == "InvalidRequestException":
                remedy = remedies.remedy_for(error)
                message = f"Athena refuses the statement {statement.name}: {detail['Message']}" + (
                    f"; {remedy}" if remedy else ""
                )
                raise NotSetUpError(message) from error
            raise
        return str(answer["QueryExecutionId"])

    def _status(self, query_id: str) -> dict[str, Any]:
        execution: dict[str, Any] = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        return execution

    def _finish(self, statement: Statement, execution: Mapping[str, Any], begun: float) -> Finished:
        query_id, status = execution["QueryExecutionId"], execution["Status"]
        statistics = execution.get("Statistics", {})
        scanned = int(statistics.get("DataScannedInBytes", 0))
        seconds = round(self._deadline.clock.monotonic() - begun, 3)
        metrics.emit(BytesScanned=scanned)
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "no reason given")
            log.warning(
                "athena", statement=statement.name, query_id=query_id, seconds=seconds, state=status["State"], error=reason
            )
            raise QueryFailedError(statement.name, query_id, reason, remedies.systemic_cause(reason))
        log.event("athena", statement=statement.name, query_id=query_id, seconds=seconds, bytes_scanned=scanned)
        return Finished(statement, query_id, statistics.get("DataManifestLocation"), scanned)
