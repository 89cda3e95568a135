"""Athena's API on moto, with statements that really run.

    StartQueryExecution ─► QUEUED ─► a worker takes it ─► RUNNING ─► SUCCEEDED | FAILED
                              └────── StopQueryExecution ──────┴──► CANCELLED

moto keeps work groups and named queries; the life of an execution is this module's. The seams are methods of moto's
classes, so one `install` serves the in-process mock and the HTTP server alike.
"""

from __future__ import annotations

import json
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from moto.athena.models import AthenaBackend, WorkGroup
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

from .engine import SYSTEM, Engine, Outcome, Statement, StatementCancelled, StatementFailed
from .hive_ddl import first_words
from .interference import Interference
from .objects import ObjectStore
from .seams import Seams

# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
MAX_QUERY_BYTES = 262144
MAX_PAGE = 1000
WORKERS = 2
# How long GetQueryExecution waits for the end of a statement under way: the caller's next poll would cost more than that.
ANSWER_SECONDS = 0.1
_DONE = ("SUCCEEDED", "FAILED", "CANCELLED")


# Active queries of one kind, queued ones included: the default for DML in the smallest regions, adjustable (the same page).
ACTIVE_STATEMENTS = 150

# The refusals below are Athena's own words, as users report them: of a location together with managed results
# https://github.com/aws/aws-sdk-pandas/issues/3174, of an external_location where results have an enforced one
# https://github.com/dbt-labs/dbt-athena/issues/176, of a bucket that is not there or may not be seen
# https://github.com/pyathena-dev/PyAthena/issues/67, of the quota https://docs.aws.amazon.com/athena/latest/ug/service-limits.html.
_TWO_PLACES = "ManagedQueryResultsConfiguration and ResultConfiguration cannot be set together."
_ENFORCED = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' property to an Athena "
    "Workgroup that enforces a centralized output location for all queries. Please remove the 'external_location' property and "
    "resubmit the query."
)
_NO_BUCKET = "Unable to verify/create output bucket "
_TOO_MANY = (
    "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number of concurrent "
    "queries submitted by this account. Contact customer support to request a concurrent query limit increase."
)
# https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
_SCANNED_TOO_MUCH = "Bytes scanned limit was exceeded"


class InvalidRequest(JsonRESTError):
    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


class TooManyRequests(JsonRESTError):
    code = 400

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", _TOO_MANY)


@dataclass
class Execution:
    """One query execution, from its start on. Times are seconds since 1970."""

    id: str
    statement: Statement
    workgroup: WorkGroup
    context: dict[str, str]
    configuration: dict[str, Any] | None
    """The result configuration; None where Athena manages the results."""
    parameters: list[str] | None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    status: str = "QUEUED"
    outcome: Outcome | None = None
    failure: StatementFailed | None = None
    reason: str | None = None
    ended: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def query(self) -> str:
        return self.statement.sql

    @property
    def statement_type(self) -> str:
        if self.outcome is not None:
            return self.outcome.statement_type
        return _guess_type(self.query)

    @property
    def bytes_scanned(self) -> int:
        return self.outcome.bytes_scanned if self.outcome is not None else 0

    @property
    def is_ddl(self) -> bool:
        """Whether the result object is a text file: of DDL and utility statements, though not of CTAS."""
        return self.statement.output_location.endswith(".txt")

    @property
    def data_manifest(self) -> str:
        """The address of the list of the files that the statement wrote, where it is a CTAS or an INSERT."""
        return f"{self.statement.output_location}-manifest.csv"

    def described(self) -> dict[str, Any]:
        """The QueryExecution of GetQueryExecution."""
        status: dict[str, Any] = {"State": self.status, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.failure is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.failure.category,
                "ErrorType": self.failure.error_type,
                "Retryable": self.failure.retryable,
                "ErrorMessage": self.failure.message,
            }
        now = self.completed or time.time()
        queued = (self.started or now) - self.submitted
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement_type,
            **self._where_results_go(),
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": _millis(now - (self.started or now)),
                "DataScannedInBytes": self.bytes_scanned,
                "TotalExecutionTimeInMillis": _millis(now - self.submitted),
                "QueryQueueTimeInMillis": _millis(queued),
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": self.workgroup.name,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.outcome is not None:
            described["SubstatementType"] = self.outcome.substatement_type
            if self.outcome.data_files is not None and self.configuration is not None:
                described["Statistics"]["DataManifestLocation"] = self.data_manifest
        if self.parameters is not None:
            described["ExecutionParameters"] = self.parameters
        return described

    def _where_results_go(self) -> dict[str, Any]:
        if self.configuration is None:
            return {"ManagedQueryResultsConfiguration": {"Enabled": True}}
        return {"ResultConfiguration": self.configuration}


def _millis(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _guess_type(sql: str) -> str:
    """DML, DDL or UTILITY, before the engine has said so."""
    words = first_words(sql)
    opening = words[0] if words else ""
    if opening in ("SHOW", "DESCRIBE", "EXPLAIN"):
        return "UTILITY"
    return "DDL" if opening in ("CREATE", "DROP", "ALTER", "MSCK") else "DML"


def _result_name(sql: str, query_id: str) -> str:
    """What Athena names a statement's result, below the output location. Statements that write data have no result object.

    https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    if _is_ctas(sql):
        return f"tables/{query_id}"
    if first_words(sql)[:1] == ["INSERT"]:
        return query_id
    return f"{query_id}.csv" if _guess_type(sql) == "DML" else f"{query_id}.txt"


def _is_ctas(sql: str) -> bool:
    return first_words(sql)[:2] == ["CREATE", "TABLE"] and _AS.search(sql) is not None


_AS = re.compile(r"\bas\b", re.IGNORECASE)
_EXTERNAL_LOCATION = re.compile(r"\bexternal_location\s*=", re.IGNORECASE)


class Service:
    """The executions of all accounts and regions, and the workers that run them on one engine."""

    def __init__(
        self, engine: Engine, active_statements: int = ACTIVE_STATEMENTS, interference: Interference | None = None
    ) -> None:
        self._engine = engine
        self._interference = interference
        self._active_statements = active_statements
        self._workers = ThreadPoolExecutor(WORKERS, "athena")
        self._lock = threading.Lock()
        self._by_token: dict[tuple[str, str, str], Execution] = {}
        self._unfinished: dict[str, Execution] = {}

    def start(self, backend: AthenaBackend, request: dict[str, Any]) -> Execution:
        query = str(request.get("QueryString") or "")
        size = len(query.encode())
        if not 1 <= size <= MAX_QUERY_BYTES:
            raise InvalidRequest(
                "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_QUERY_BYTES} (it has {size} bytes) and greater than 0"
            )
        workgroup = backend.work_groups.get(request.get("WorkGroup") or "primary")
        if workgroup is None:
            raise InvalidRequest(f"WorkGroup {request.get('WorkGroup')} is not found.")
        if workgroup.state != "ENABLED":
            raise InvalidRequest(f"WorkGroup {workgroup.name} is disabled.")
        context = dict(request.get("QueryExecutionContext") or {})
        configuration = _configuration(workgroup, request.get("ResultConfiguration") or {}, query)
        if configuration and not ObjectStore(backend.account_id).has_bucket(configuration["OutputLocation"]):
            raise InvalidRequest(_NO_BUCKET + configuration["OutputLocation"].split("/")[2])
        token = request.get("ClientRequestToken")
        with self._lock:
            if token is not None:
                known = self._by_token.get((backend.account_id, backend.region_name, token))
                if known is not None:
                    return _same_request(known, query, context)
            kind = _quota(query)
            if sum(_quota(each.query) == kind for each in self._unfinished.values()) >= self._active_statements:
                raise TooManyRequests
            execution = self._execution(query, workgroup, context, configuration, request)
            if token is not None:
                self._by_token[backend.account_id, backend.region_name, token] = execution
            self._unfinished[execution.id] = execution
            backend.executions[execution.id] = execution  # type: ignore[assignment]
        self._workers.submit(self._run, execution, backend.account_id)
        return execution

    def _execution(
        self,
        query: str,
        workgroup: WorkGroup,
        context: dict[str, str],
        configuration: dict[str, Any] | None,
        request: dict[str, Any],
    ) -> Execution:
        query_id = str(uuid.uuid4())
        place = configuration["OutputLocation"].rstrip("/") if configuration else "s3://managed-by-athena"
        address = f"{place}/{_result_name(query, query_id)}"
        parameters = request.get("ExecutionParameters")
        statement = Statement(_bound(query, parameters), context.get("Database") or "default", address, query_id)
        return Execution(
            id=query_id,
            statement=statement,
            workgroup=workgroup,
            context=context,
            configuration={**configuration, "OutputLocation": address} if configuration else None,
            parameters=parameters,
        )

    def _run(self, execution: Execution, account_id: str) -> None:
        statement = execution.statement
        try:
            if statement.cancelled.is_set():
                raise StatementCancelled(execution.id)
            execution.started = time.time()
            execution.status = "RUNNING"
            if self._interference is not None:
                self._interference.before(statement)
            outcome = self._engine.execute(statement)
            if execution.configuration is not None:
                self._store(execution, outcome, account_id)
            execution.outcome = outcome
            end = "CANCELLED" if statement.cancelled.is_set() else "SUCCEEDED"
            limit = execution.workgroup.configuration.get("BytesScannedCutoffPerQuery")
            if limit is not None and outcome.bytes_scanned > limit:
                end, execution.reason = "CANCELLED", _SCANNED_TOO_MUCH
        except StatementCancelled:
            end, execution.reason = "CANCELLED", "Query cancelled by user"
        except StatementFailed as failure:
            end, execution.failure, execution.reason = "FAILED", failure, failure.message
        except Exception as error:
            # A defect of the engine: the statement must end all the same, and the trace belongs in front of the developer.
            traceback.print_exc()
            defect = StatementFailed(f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}", SYSTEM, 200)
            end, execution.failure, execution.reason = "FAILED", defect, defect.message
        execution.completed = time.time()
        execution.status = end
        with self._lock:
            del self._unfinished[execution.id]
        execution.ended.set()

    def _store(self, execution: Execution, outcome: Outcome, account_id: str) -> None:
        """Write the result object and its metadata, as Athena does: quoted cells, a NULL as nothing, no header for DDL.

        CTAS and INSERT leave the list of the files that they wrote instead.
        """
        objects, output = ObjectStore(account_id), execution.statement.output_location
        if outcome.data_files is not None:
            objects.write(execution.data_manifest, "".join(f"{file}\n" for file in outcome.data_files).encode())
        elif execution.is_ddl:
            objects.write(output, "".join(f"{row[0] or ''}\n" for row in outcome.rows).encode())
        else:
            body = _csv([[column.name for column in outcome.columns], *outcome.rows]) if outcome.columns else ""
            objects.write(output, body.encode())
        objects.write(f"{output}.metadata", json.dumps([column.__dict__ for column in outcome.columns]).encode())

    def stop(self, execution: Execution) -> None:
        """CANCELLED for one that has not ended; nothing for one that has."""
        if execution.status not in _DONE:
            execution.statement.cancel()

    def close(self) -> None:
        """Stop what is under way and wait for it."""
        with self._lock:
            unfinished = list(self._unfinished.values())
        for execution in unfinished:
            self.stop(execution)
        self._workers.shutdown(wait=True)


def _csv(rows: Sequence[Sequence[str | None]]) -> str:
    return "".join(",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


def _configuration(workgroup: WorkGroup, requested: dict[str, Any], query: str) -> dict[str, Any] | None:
    """The result configuration that holds: the work group's where it overrides the client's; None where Athena manages results.

    https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
    """
    if (workgroup.configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"):
        if requested:
            raise InvalidRequest(_TWO_PLACES)
        if _is_ctas(query) and not _EXTERNAL_LOCATION.search(query):
            raise InvalidRequest("NOT_SUPPORTED_LOCALLY: where Athena puts a CTAS without a location is not documented")
        return None
    own = workgroup.configuration.get("ResultConfiguration") or {}
    enforced = bool(workgroup.configuration.get("EnforceWorkGroupConfiguration")) and bool(own.get("OutputLocation"))
    if enforced and _is_ctas(query) and _EXTERNAL_LOCATION.search(query):
        raise InvalidRequest(_ENFORCED)
    chosen = dict(own if enforced or not requested.get("OutputLocation") else requested)
    location = chosen.get("OutputLocation")
    if not location:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the Workgroup result configuration "
            "setting or as an API input."
        )
    if not re.match(r"s3://[a-z0-9][a-z0-9.-]+", location):
        raise InvalidRequest(f"outputLocation is not a valid S3 path: {location}")
    return chosen


def _quota(query: str) -> str:
    """Which quota of active statements a statement counts towards. CTAS is DML here."""
    return "DML" if _is_ctas(query) else _guess_type(query)


def _same_request(known: Execution, query: str, context: dict[str, str]) -> Execution:
    if (known.query, known.context) != (query, context):
        raise InvalidRequest("Idempotent parameters do not match")
    return known


def _bound(query: str, parameters: list[str] | None) -> str:
    """The query with each ? outside quotes and comments replaced by the next execution parameter's text."""
    if not parameters:
        return query
    values = iter(parameters)

    def replace(found: re.Match[str]) -> str:
        if found[0] != "?":
            return found[0]
        value = next(values, None)
        if value is None:
            raise InvalidRequest("Incorrect number of parameters: the query has more ? than ExecutionParameters")
        return value

    bound = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?", replace, query, flags=re.DOTALL)
    if next(values, None) is not None:
        raise InvalidRequest("Incorrect number of parameters: the query has fewer ? than ExecutionParameters")
    return bound


def _find(backend: AthenaBackend, query_id: str) -> Execution:
    found: Any = backend.executions.get(query_id)
    if found is None:
        raise InvalidRequest(f"QueryExecution {query_id} was not found")
    return found  # type: ignore[no-any-return]


def _results(execution: Execution, token: str | None, limit: int | None) -> dict[str, Any]:
    """One page of GetQueryResults. The first row of a query's first page is the header."""
    if execution.status not in _DONE:
        raise InvalidRequest(f"Query has not yet finished. Current state: {execution.status}")
    if execution.status != "SUCCEEDED" or execution.outcome is None:
        raise InvalidRequest(f"Query did not finish successfully. Final query state: {execution.status}")
    if limit is not None and not 1 <= limit <= MAX_PAGE:
        raise InvalidRequest(f"MaxResults is more than maximum allowed length {MAX_PAGE}")
    if token is not None and not re.fullmatch(r"[0-9]+", token):
        raise InvalidRequest("Invalid NextToken")
    outcome = execution.outcome
    header: list[Sequence[str | None]] = [] if execution.is_ddl or not outcome.columns else [[c.name for c in outcome.columns]]
    start, count = int(token or 0), len(header) + len(outcome.rows)
    end = min(count, start + (limit or MAX_PAGE))
    page = [*header[start:end], *outcome.rows[max(0, start - len(header)) : max(0, end - len(header))]]
    rows = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in page]
    columns = [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": column.name,
            "Label": column.name,
            "Type": column.type,
            "Precision": column.precision,
            "Scale": column.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": column.type == "varchar",
        }
        for column in outcome.columns
    ]
    answer: dict[str, Any] = {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}}}
    if end < count:
        answer["NextToken"] = str(end)
    if outcome.update_count is not None:
        answer["UpdateCount"] = outcome.update_count
    elif outcome.statement_type == "DML":
        answer["UpdateCount"] = 0
    return answer


def _update(workgroup: WorkGroup, state: str | None, updates: dict[str, Any]) -> None:
    """UpdateWorkGroup, which moto lacks: https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateWorkGroup.html"""
    workgroup.state = state or workgroup.state
    for name, value in updates.items():
        if name == "RemoveBytesScannedCutoffPerQuery":
            workgroup.configuration.pop("BytesScannedCutoffPerQuery", None)
        elif name == "ResultConfigurationUpdates":
            own = {**(workgroup.configuration.get("ResultConfiguration") or {}), **value}
            if own.pop("RemoveOutputLocation", False):
                own.pop("OutputLocation", None)
            workgroup.configuration["ResultConfiguration"] = own
        else:
            workgroup.configuration[name.removesuffix("Updates")] = value


def install(
    engine: Engine, active_statements: int = ACTIVE_STATEMENTS, interference: Interference | None = None
) -> Callable[[], None]:
    """Have moto's Athena run its statements on `engine`. Returns the callable that undoes it, stopping what runs.

    The engine stays the caller's to close. `active_statements` is the account's quota of each kind.
    """
    service = Service(engine, active_statements, interference)
    seams = Seams()

    def start(response: AthenaResponse) -> str:
        request = json.loads(response.body)
        return json.dumps({"QueryExecutionId": service.start(response.athena_backend, request).id})

    def get(response: AthenaResponse) -> str:
        execution = _find(response.athena_backend, response._get_param("QueryExecutionId"))
        execution.ended.wait(ANSWER_SECONDS)
        return json.dumps({"QueryExecution": execution.described()})

    def batch_get(response: AthenaResponse) -> str:
        known = response.athena_backend.executions
        wanted = response._get_param("QueryExecutionIds") or []
        if not 1 <= len(wanted) <= 50:
            raise InvalidRequest("QueryExecutionIds must have between 1 and 50 entries")
        found: list[Any] = [known[query_id] for query_id in wanted if query_id in known]
        missing = [
            {
                "QueryExecutionId": query_id,
                "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                "ErrorMessage": f"QueryExecution {query_id} was not found",
            }
            for query_id in wanted
            if query_id not in known
        ]
        return json.dumps(
            {"QueryExecutions": [execution.described() for execution in found], "UnprocessedQueryExecutionIds": missing}
        )

    def results(response: AthenaResponse) -> str:
        execution = _find(response.athena_backend, response._get_param("QueryExecutionId"))
        limit = response._get_param("MaxResults")
        return json.dumps(_results(execution, response._get_param("NextToken"), None if limit is None else int(limit)))

    def stop(response: AthenaResponse) -> str:
        service.stop(_find(response.athena_backend, response._get_param("QueryExecutionId")))
        return "{}"

    def list_executions(response: AthenaResponse) -> str:
        workgroup = response._get_param("WorkGroup") or "primary"
        offset, limit = int(response._get_param("NextToken") or 0), int(response._get_param("MaxResults") or 50)
        known: list[Any] = list(response.athena_backend.executions.values())
        ids = [execution.id for execution in reversed(known) if execution.workgroup.name == workgroup]
        answer: dict[str, Any] = {"QueryExecutionIds": ids[offset : offset + limit]}
        if offset + limit < len(ids):
            answer["NextToken"] = str(offset + limit)
        return json.dumps(answer)

    moto_get_work_group = AthenaResponse.get_work_group

    def get_work_group(response: AthenaResponse) -> str:
        name = response._get_param("WorkGroup")
        if name not in response.athena_backend.work_groups:
            raise InvalidRequest(f"WorkGroup {name} is not found.")
        return str(moto_get_work_group(response))

    def update_work_group(response: AthenaResponse) -> str:
        workgroup = response.athena_backend.work_groups.get(response._get_param("WorkGroup"))
        if workgroup is None:
            raise InvalidRequest(f"WorkGroup {response._get_param('WorkGroup')} is not found.")
        _update(workgroup, response._get_param("State"), response._get_param("ConfigurationUpdates") or {})
        return "{}"

    for name, replacement in (
        ("get_work_group", get_work_group),
        ("update_work_group", update_work_group),
        ("start_query_execution", start),
        ("get_query_execution", get),
        ("batch_get_query_execution", batch_get),
        ("get_query_results", results),
        ("stop_query_execution", stop),
        ("list_query_executions", list_executions),
    ):
        seams.replace(AthenaResponse, name, replacement)

    def uninstall() -> None:
        service.close()
        seams.restore()

    return uninstall
