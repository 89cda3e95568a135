"""Is this account set up right: one line for each thing tried, with the fix where it is not.

settings of the functions, the bucket, Athena, the crawlers, QuickSight ─ a trial load on a lake of its own (trial.py)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import log
from ..aws import crawlers, functions, quicksight, remedies, sql, workgroup
from ..aws.metering import Meter, metered
from ..errors import ConflictError, Error, NotSetUpError
from ..lake import Lake
from ..layout import RAW_QUEUE
from . import crawl, limits, postponed, refresh, triggers
from .trial import Trial, trial_of


@dataclass(frozen=True)
class Line:
    """What is tried, how (a probe returns what it found, or raises what is wrong), the fix, and the lines that it builds on."""

    name: str
    probe: Callable[[], str]
    fix: str
    needs: tuple[str, ...] = ()


FUNCTION = "function: time and memory"
CONCURRENCY = "function: concurrency"
ITSELF = "function may invoke itself"
BUCKET = "bucket: list, write, compare-and-swap, copy, delete"
TRIGGER = "bucket notification"
WORKGROUP = "workgroup"
QUERY = "athena: run a query, read its result"
DATABASE = "database"
TABLES = "trial load: a database, its tables and partitions"
LINES = "trial load: lines of text files"
ODD_KEYS = "trial load: keys with odd characters"
LOAD = "trial load: prices, rejected lines, load records"
CHANGES = "trial load: a replaced file, an emptied partition"
REPORTS = "trial load: monthly and yearly report"
CLEANED_UP = "trial load: cleaned up"

FIRST = "mend that first"


def check(lake: Lake, context: Any, with_trial: bool = True) -> dict[str, Any]:
    """{"ok": bool, "checks": [{"check", "ok", "found", "fix"}, …], "cost": str}; each line is logged as it is found.

    Not tried: glue:StartCrawler (a crawl has a price), athena:StopQueryExecution, quicksight:CreateIngestion, and what the role
    may do under other prefixes of the bucket than pipeline/ and in other databases than the trial's.
    """
    start = time.monotonic()
    results: list[dict[str, Any]] = []
    with metered() as meter:
        for line in _settings(lake, context):
            _add(results, line)
        if with_trial:
            _try_a_load(results, lake, context)
    return {"ok": all(each["ok"] for each in results), "checks": results, "cost": _cost(meter, time.monotonic() - start)}


def _add(results: list[dict[str, Any]], line: Line) -> None:
    failed = [each["check"] for each in results if each["check"] in line.needs and not each["ok"]]
    result = (
        {"check": line.name, "ok": False, "found": f"not tried, since it needs {failed[0]!r}", "fix": FIRST}
        if failed
        else _result(line)
    )
    log.event("check", **result)
    results.append(result)


def _result(line: Line) -> dict[str, Any]:
    try:
        return {"check": line.name, "ok": True, "found": line.probe()}
    except (ClientError, BotoCoreError, Error) as error:
        return {"check": line.name, "ok": False, "found": str(error), "fix": remedies.remedy_for(error) or line.fix}


def _cost(meter: Meter, seconds: float) -> str:
    return (
        f"{meter.statements} Athena statements, which scanned {meter.bytes_scanned:,} bytes, and {meter.requests} requests: "
        f"about ${meter.dollars:.4f} in us-east-1, and {seconds:.0f} seconds"
    )


def _settings(lake: Lake, context: Any) -> Iterator[Line]:
    """What is set up by hand, and may be seen without a load."""
    config, layout = lake.config, lake.layout
    raw = lake.queue == RAW_QUEUE
    yield Line(FUNCTION, partial(limits.describe, lake, context), limits.FIX)
    yield Line(CONCURRENCY, partial(_concurrency, lake), _CONCURRENCY_FIX)
    yield Line(
        ITSELF,
        partial(_invoke, lake),
        "allow lambda:InvokeFunction on this function, so that long work goes on in a fresh invocation",
    )
    yield Line(
        BUCKET,
        partial(_bucket, lake),
        "allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects; a bucket policy "
        "that asks for conditional writes has to leave plain PutObject and CopyObject to this role",
    )
    yield Line(
        TRIGGER,
        partial(_notification, lake),
        "where reading it is denied, allow s3:GetBucketNotification, and lambda:GetPolicy on this function; else, on the "
        "bucket's Properties, delete the event notifications of functions that are gone or may not be invoked, and add one that "
        f"calls this function: prefix {layout.raw_prefix if raw else layout.processed.manifest_prefix}, no suffix, all object "
        "create events",
        needs=(BUCKET,),
    )
    yield Line(
        WORKGROUP,
        partial(_workgroup, lake),
        f"allow athena:GetWorkGroup on the workgroup {config.workgroup}, {workgroup.OR_ANOTHER}",
    )
    yield Line(
        QUERY,
        partial(_query, lake),
        "attach AmazonAthenaFullAccess, and allow s3:GetBucketLocation, and reading and writing under "
        + (config.results or lake.store.uri(layout.athena_results)),
        needs=(BUCKET, WORKGROUP),
    )
    yield Line(
        DATABASE,
        partial(_database, lake),
        f"where it is not there, create it (AWS Glue, Databases, Add database: {config.database}) or correct LAKE_DATABASE; "
        "where access is denied, attach AWSGlueServiceRole, or allow glue:GetDatabase and glue:GetTables",
    )
    if crawler := config.raw_crawler if raw else config.processed_crawler:
        yield Line(f"crawler {crawler}", partial(_crawler, lake, crawler), _crawler_fix(lake))
    for data_set in () if raw else config.quicksight_datasets:
        yield Line(
            f"quicksight data set {data_set}",
            partial(_quicksight, lake, data_set),
            "allow quicksight:DescribeDataSet and quicksight:CreateIngestion, and check LAKE_QUICKSIGHT_DATASETS",
        )


def _try_a_load(results: list[dict[str, Any]], lake: Lake, context: Any) -> None:
    needed = (FUNCTION, BUCKET, WORKGROUP, QUERY)
    if any(each["check"] in needed and not each["ok"] for each in results):
        _add(results, Line(TABLES, lambda: "", "", needs=needed))
        return
    trial = trial_of(lake, context)
    with log.binding(check=trial.name):
        try:
            for line in _trial(trial):
                _add(results, line)
        finally:
            _add(results, Line(CLEANED_UP, trial.remove, _GLUE_FIX))


_GLUE_FIX = (
    "attach AWSGlueServiceRole, or allow of glue: CreateDatabase, DeleteDatabase, GetDatabase, GetTable, GetTables, CreateTable, "
    "UpdateTable, DeleteTable, BatchDeleteTable, GetPartition, GetPartitions, BatchGetPartition, CreatePartition, "
    "BatchCreatePartition, BatchDeletePartition on the catalogue, and on the databases whose names begin as LAKE_DATABASE does "
    "and their tables"
)
_TRIAL_FIX = (
    "the line says what this account does otherwise, and what that means for files: docs/operations.md has more. Where access is "
    f"denied: {_GLUE_FIX}"
)


def _trial(trial: Trial) -> Iterator[Line]:
    yield Line(TABLES, trial.prepare, _GLUE_FIX)
    yield Line(LINES, trial.read_lines, _TRIAL_FIX, needs=(TABLES,))
    yield Line(ODD_KEYS, trial.read_odd_keys, _TRIAL_FIX, needs=(TABLES, LINES))
    yield Line(LOAD, trial.load_samples, _TRIAL_FIX, needs=(TABLES, LINES))
    yield Line(CHANGES, trial.load_changes, _TRIAL_FIX, needs=(TABLES, LINES, LOAD))
    yield Line(REPORTS, trial.report, _TRIAL_FIX, needs=(TABLES, LINES, LOAD, CHANGES))


# The functions

# Events that find no slot wait, and are dropped after six hours:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
LEAST_CONCURRENCY = 10
_CONCURRENCY_FIX = (
    "allow lambda:GetFunctionConcurrency where it is denied; else choose 'Use unreserved account concurrency', or reserve "
    f"{LEAST_CONCURRENCY} or more: one invocation loads while the others only note their events, so that with few of them events "
    'of a big upload are lost. {"action": "reprocess"} finds those files'
)


def _concurrency(lake: Lake) -> str:
    reserved = functions.reserved_concurrency(lake.function)
    if reserved is not None and reserved < LEAST_CONCURRENCY:
        raise NotSetUpError(f"{reserved} invocations at once are reserved for this function")
    return "none reserved" if reserved is None else f"{reserved} reserved"


def _invoke(lake: Lake) -> str:
    functions.require_invocable(lake.function)
    return lake.function


# The bucket


def _bucket(lake: Lake) -> str:
    key = lake.layout.check_probe(lake.queue)
    lake.store.any(lake.layout.raw_prefix)
    found = lake.store.head(key)
    etag = lake.store.swap(key, b"probe", found.etag if found else None)
    lake.store.swap(key, b"probe once more", etag)
    for late in (etag, None):  # written as it was before, and put as if it were not there
        try:
            lake.store.swap(key, b"probe too late", late)
        except ConflictError:
            continue
        raise NotSetUpError(f"{lake.store.uri(key)} was overwritten though it had changed: commits would overwrite each other")
    part = lake.store.read(key)
    if part is None or part.body != b"probe once more":
        raise NotSetUpError(f"{lake.store.uri(key)} does not read as it was written")
    lake.store.copy(key, key + "-copy")
    lake.store.delete([key, key + "-copy"])
    return lake.config.bucket


def _notification(lake: Lake) -> str:
    found = list(triggers.creation_triggers(lake.store.notifications()))
    prefix, events, endings = _notified(lake)
    fitting = [trigger for trigger in found if trigger.notifies(events, prefix, endings)]
    if mine := [trigger for trigger in fitting if trigger.calls(lake.function)]:
        return "; ".join(_invoking(lake, trigger) for trigger in mine)
    others = [trigger.destination for trigger in fitting if ":lambda:" not in trigger.destination]
    if others and not any(trigger.calls(lake.function) for trigger in found):
        return f"events go to {', '.join(others)}: see that it calls this function, which can't be seen from here"
    raise NotSetUpError(
        f"not one trigger calls this function for every object created under {prefix}; the bucket's triggers of created objects: "
        + ("; ".join(map(str, found)) or "none")
    )


def _invoking(lake: Lake, trigger: triggers.Trigger) -> str:
    """The trigger, which S3 may use. Raises NotSetUpError where it may not."""
    bucket = f"arn:{lake.function.split(':')[1]}:s3:::{lake.config.bucket}"
    if not triggers.may_invoke(functions.policy(trigger.destination), bucket, lake.account):
        raise NotSetUpError(f"{trigger}, which S3 may not invoke for this bucket: its resource-based policy does not say so")
    return str(trigger)


def _notified(lake: Lake) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The prefix, events and endings of the objects that this function has to be notified of."""
    if lake.queue == RAW_QUEUE:
        return lake.layout.raw_prefix, (triggers.ANY_CREATION,), (".csv", ".csv.gz", ".CSV", ".CSV.GZ")
    # Manifests, which the first function puts: few bytes, never in several parts.
    return lake.layout.processed.manifest_prefix, (triggers.ANY_CREATION, triggers.CREATED + "Put"), ("/manifest",)


# Athena and Glue


# A parse scans the raw files of its batch, and those twice.
LEAST_SCAN_LIMIT_BYTES = 10**10


def _workgroup(lake: Lake) -> str:
    found = lake.athena.workgroup
    if not found.is_seen:
        raise NotSetUpError(
            f"the settings of {found.name} can't be seen; it is taken for one that lets a lake say where results go"
        )
    limit = found.scan_limit_bytes
    if limit is not None and limit < LEAST_SCAN_LIMIT_BYTES:
        raise NotSetUpError(f"{found.name} ends statements that scan more than {limit:,} bytes: Bytes scanned limit")
    if not found.reads_requester_pays and lake.store.is_requester_pays():
        raise NotSetUpError(f"{lake.config.bucket} is a Requester Pays bucket, which statements in {found.name} may not read")
    return found.name + (", which manages results itself" if found.manages_results else "")


def _query(lake: Lake) -> str:
    lake.athena.rows(sql.render("check/query"))
    return "a query ran and its result was read"


def _database(lake: Lake) -> str:
    if not lake.catalog.exists():
        raise NotSetUpError(
            f"there is no database {lake.config.database}: the first load creates it only if the role may glue:CreateDatabase"
        )
    return f"{lake.config.database} with {len(lake.catalog.tables())} tables and views"


def _crawler(lake: Lake, name: str) -> str:
    crawler = crawlers.get(name)
    if crawler.failed:
        raise NotSetUpError(f"its last run failed: {crawler.last_error}")
    found = f"{crawler.state}, last run {crawler.last_status or 'none yet'}"
    if lake.queue != RAW_QUEUE:
        if not crawler.changes_no_definition:
            raise NotSetUpError(f"it is not started: {crawl.why_it_may_not_start(crawler)}")
        return found
    level, threshold = crawler.grouping
    if level is None or threshold is None:
        raise NotSetUpError(
            "it makes a table of each group of files whose headers are alike, since its table level or threshold is not set"
        )
    made = crawl.tables_of(lake, name)
    if made and made != [crawl.RAW_TABLE]:
        raise NotSetUpError(
            f"it made {', '.join(made)} where {crawl.RAW_TABLE} alone was expected: delete those tables; where files with and "
            "without .gz, or in folders of several depths, lie side by side, keep one kind from the crawl; else set its table "
            f"level, now {level}, to {1 if level == crawl.TABLE_LEVEL else crawl.TABLE_LEVEL}"
        )
    waiting = sorted(postponed.read(lake, crawl.WHAT))
    return found + (f"; a crawl of {', '.join(waiting)} waits for the hour to pass" if waiting else "")


def _crawler_fix(lake: Lake) -> str:
    database = lake.config.database
    if lake.queue == RAW_QUEUE:
        setting = "LAKE_RAW_CRAWLER"
        settings = (
            f"include path {lake.store.uri(lake.layout.raw_prefix)}, database {database}, table prefix stocks_, "
            f"a CSV classifier with OpenCSVSerDe and a header, table level {crawl.TABLE_LEVEL}, maximum table threshold "
            f"{crawl.TABLE_THRESHOLD}"
        )
    else:
        setting = "LAKE_PROCESSED_CRAWLER"
        settings = f"over the catalogue table {database}.stocks_processed, not over a path; {crawl.TO_LOG}"
    return (
        f"create it ({settings}) or set {setting} to nothing; allow glue:GetCrawler and glue:StartCrawler; "
        "where its last run failed, read that run's log"
    )


# QuickSight


def _quicksight(lake: Lake, data_set: str) -> str:
    quicksight.require(lake.account, data_set)
    if data_set in postponed.read(lake, refresh.WHAT):
        return f"{data_set}, whose last refresh was refused: it is tried with the next reports, or now by the action drain"
    return data_set
