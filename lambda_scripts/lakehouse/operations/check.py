"""Is this account set up right: one line for each thing looked at, with the fix where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import log
from ..aws import crawlers, functions, quicksight, sql
from ..aws.clients import client
from ..errors import Error, NotSetUpError
from ..lake import Lake
from ..layout import RAW_QUEUE
from . import triggers

Probe = tuple[str, Callable[[], str], str]
"""What is looked at, how (raising what is wrong), and the fix."""

LEAST_TIMEOUT_SECONDS = 300
LEAST_MEMORY_MB = 512


def check(lake: Lake, context: Any) -> dict[str, Any]:
    """{"ok": bool, "checks": [{"check", "ok", "found", "fix"}, …]}; each line is logged as it is found.

    What a load does is tried in small, under pipeline/check/ and on a table tmp_check_<queue>. Not tried: glue:CreateDatabase,
    glue:StartCrawler (a crawl has a price), athena:StopQueryExecution, quicksight:CreateIngestion, objects under other prefixes.

    The results of its statements stay under pipeline/athena-results/, as those of a load do. What a look that fails or is killed
    leaves of its probes, the next check removes.
    """
    results = []
    for name, look, fix in _looks(lake, context):
        result = _result(name, look, fix)
        log.event("check", **result)
        results.append(result)
    return {"ok": all(result["ok"] for result in results), "checks": results}


def _looks(lake: Lake, context: Any) -> Iterator[Probe]:
    raw = lake.queue == RAW_QUEUE
    config = lake.config
    yield (
        "bucket: list, write, compare-and-swap, copy, delete",
        partial(_bucket, lake),
        "allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects",
    )
    yield (
        "bucket notification",
        partial(_notification, lake),
        "where reading it is denied, allow s3:GetBucketNotification; else, on the bucket's Properties, add an event notification "
        f"that calls this function: prefix {lake.layout.prefix_of_queue(lake.queue)}, no suffix, all object create events",
    )
    yield (
        "function: time and memory",
        partial(_function, context),
        f"set the timeout to {LEAST_TIMEOUT_SECONDS} s or more (900 is best), the memory to {LEAST_MEMORY_MB} MB or more",
    )
    yield (
        "function may invoke itself",
        partial(_invoke, lake),
        "allow lambda:InvokeFunction on this function, so that long work goes on in a fresh invocation",
    )
    yield (
        "workgroup",
        partial(_workgroup, lake),
        "allow athena:GetWorkGroup; in the workgroup's settings switch 'Override client-side settings' off, "
        "or set LAKE_WORKGROUP to another one",
    )
    yield (
        "athena: run a query, read its result",
        partial(_query, lake),
        "attach AmazonAthenaFullAccess, and allow s3:GetBucketLocation, and reading and writing under "
        + lake.store.uri(lake.layout.athena_results),
    )
    yield (
        "database: create and drop a table and its partitions",
        partial(_tables, lake),
        f"where there is no database {config.database}, create it in Glue, or drop a file: the first load creates it, if "
        "glue:CreateDatabase is allowed; else attach AWSGlueServiceRole, or allow of glue: GetDatabase, GetTable, GetTables, "
        "CreateTable, BatchDeleteTable, GetPartition, GetPartitions, BatchGetPartition, CreatePartition, BatchCreatePartition, "
        "BatchDeletePartition on the catalogue, the database and its tables",
    )
    if crawler := config.raw_crawler if raw else config.processed_crawler:
        yield f"crawler {crawler}", partial(_crawler, crawler), _crawler_fix(lake)
    for data_set in () if raw else config.quicksight_datasets:
        yield (
            f"quicksight data set {data_set}",
            partial(_quicksight, lake, data_set),
            "allow quicksight:DescribeDataSet and quicksight:CreateIngestion, and check LAKE_QUICKSIGHT_DATASETS",
        )


def _result(name: str, look: Callable[[], str], fix: str) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "found": look()}
    except (ClientError, BotoCoreError, Error) as error:
        return {"check": name, "ok": False, "found": str(error), "fix": fix}


def _probe(lake: Lake) -> str:
    """The key of this function's probe object, and how the keys of all its probes begin."""
    return lake.layout.check_probe(lake.queue)


def _bucket(lake: Lake) -> str:
    key = _probe(lake)
    lake.store.any(lake.layout.raw_prefix)
    found = lake.store.head(key)
    etag = lake.store.swap(key, b"probe", found.etag if found else None)
    lake.store.swap(key, b"probe once more", etag)
    part = lake.store.read(key)
    if part is None or part.body != b"probe once more":
        raise NotSetUpError(f"{lake.store.uri(key)} does not read as it was written")
    lake.store.copy(key, key + "-copy")
    lake.store.delete([key, key + "-copy"])
    return lake.config.bucket


def _notification(lake: Lake) -> str:
    found = list(triggers.of_created_objects(lake.store.notifications()))
    prefix, events, endings = _notified(lake)
    fitting = [trigger for trigger in found if trigger.notifies(events, prefix, endings)]
    if mine := [trigger for trigger in fitting if trigger.is_of(lake.function)]:
        return "; ".join(map(str, mine))
    others = [trigger.destination for trigger in fitting if ":lambda:" not in trigger.destination]
    if others and not any(trigger.is_of(lake.function) for trigger in found):
        return f"events go to {', '.join(others)}: see that it calls this function, which can't be seen from here"
    raise NotSetUpError(
        f"not one trigger calls this function for every object created under {prefix}; the bucket's triggers of created objects: "
        + ("; ".join(map(str, found)) or "none")
    )


def _notified(lake: Lake) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The prefix, events and endings of the objects that this function has to be notified of."""
    if lake.queue == RAW_QUEUE:
        return lake.layout.raw_prefix, (triggers.ANY_CREATION,), (".csv", ".csv.gz", ".CSV", ".CSV.GZ")
    # Manifests, which the first function puts: few bytes, never in several parts.
    return lake.layout.processed.manifest_prefix, (triggers.ANY_CREATION, triggers.CREATED + "Put"), ("/manifest",)


def _function(context: Any) -> str:
    seconds = context.get_remaining_time_in_millis() / 1000
    memory = int(context.memory_limit_in_mb)
    found = f"{seconds:.0f} s left of its time, {memory} MB"
    if seconds < LEAST_TIMEOUT_SECONDS - 60 or memory < LEAST_MEMORY_MB:
        raise NotSetUpError(found)
    return found


def _invoke(lake: Lake) -> str:
    functions.require_invocable(lake.function)
    return lake.function


def _workgroup(lake: Lake) -> str:
    group = client("athena").get_work_group(WorkGroup=lake.config.workgroup)["WorkGroup"]
    if group.get("State") == "DISABLED":
        raise NotSetUpError(f"workgroup {lake.config.workgroup} is disabled")
    configuration = group.get("Configuration", {})
    # A CTAS may not say where to write then: https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    if configuration.get("EnforceWorkGroupConfiguration") and configuration.get("ResultConfiguration", {}).get("OutputLocation"):
        raise NotSetUpError(f"workgroup {lake.config.workgroup} overrides where results go")
    return lake.config.workgroup


def _query(lake: Lake) -> str:
    lake.athena.rows(sql.render("check/query"))
    return "a query ran and its result was read"


def _tables(lake: Lake) -> str:
    database = lake.config.database
    if not lake.catalog.exists():
        raise NotSetUpError(f"there is no database {database} yet")
    table, folder = f"tmp_check_{lake.queue}", _probe(lake) + "/"
    written, added = ("2016",), ("2017",)
    _remove(lake, table, folder)  # first of all: what can't be removed is not made
    try:
        lake.athena.run(sql.render("check/probe", table=table, location=lake.store.uri(folder)))
        lake.catalog.register(table, {added: lake.store.uri(f"{folder}year=2017/")})
        if missing := lake.catalog.missing(table, [written, added]):
            raise NotSetUpError(f"{database}.{table} lacks the partitions {missing} that were added")
        lake.catalog.unregister(table, [added])
        if len(list(lake.catalog.partition_locations(table))) != 1:
            raise NotSetUpError(f"{database}.{table} still has the partition {added} that was removed")
    finally:
        _remove(lake, table, folder)
    tables = lake.catalog.tables()
    if table in tables:
        raise NotSetUpError(f"{database}.{table} is still there after it was dropped")
    return f"database {database} with {len(tables)} tables and views"


def _remove(lake: Lake, table: str, folder: str) -> None:
    lake.catalog.drop([table])
    lake.store.delete([stored.key for stored in lake.store.objects(folder)])


def _crawler(name: str) -> str:
    crawler = crawlers.get(name)
    if crawler.failed:
        raise NotSetUpError(f"its last run failed: {crawler.last_error}")
    return f"{crawler.state}, last run {crawler.last_status or 'none yet'}"


def _crawler_fix(lake: Lake) -> str:
    database = lake.config.database
    if lake.queue == RAW_QUEUE:
        setting = "LAKE_RAW_CRAWLER"
        settings = (
            f"include path {lake.store.uri(lake.layout.raw_prefix)}, database {database}, table prefix stocks_, "
            "a CSV classifier with OpenCSVSerDe and a header"
        )
    else:
        setting = "LAKE_PROCESSED_CRAWLER"
        settings = f"over the catalogue table {database}.stocks_processed, not over a path"
    return (
        f"create it ({settings}) or set {setting} to nothing; allow glue:GetCrawler and glue:StartCrawler; "
        "where its last run failed, read that run's log"
    )


def _quicksight(lake: Lake, data_set: str) -> str:
    quicksight.require(lake.account, data_set)
    return data_set
