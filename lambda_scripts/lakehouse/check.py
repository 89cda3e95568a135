"""Is this account set up right: one line for each permission and resource, with the fix where it is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from . import log
from .errors import Error
from .lake import Lake, client
from .layout import RAW_QUEUE
from .sql import Statement

Look = tuple[str, Callable[[], str], str]
"""What is looked at, how (raising what is wrong), and the fix."""

LEAST_TIMEOUT_SECONDS = 300
LEAST_MEMORY_MB = 512


class WrongError(Error):
    """What is not right, in words."""


def check(lake: Lake, context: Any) -> dict[str, Any]:
    """{"ok": bool, "checks": [{"check", "ok", "found", "fix"}, …]}. Writes one probe object, and removes it."""
    looks: list[Look] = [
        (
            "bucket: list, write, compare-and-swap, copy, delete",
            partial(_bucket, lake),
            "allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on its objects",
        ),
        (
            "bucket notification",
            partial(_notifications, lake),
            "on the bucket's Properties, create an event notification that calls this function: "
            f"prefix {lake.layout.prefix_of_queue(lake.queue)}, all object create events",
        ),
        (
            "function: time and memory",
            partial(_function, context),
            f"set the timeout to {LEAST_TIMEOUT_SECONDS} s or more (900 is best), the memory to {LEAST_MEMORY_MB} MB or more",
        ),
        (
            "function may invoke itself",
            partial(_invoke, lake),
            "allow lambda:InvokeFunction on this function, so that long work goes on in a fresh invocation",
        ),
        ("catalogue", partial(_catalogue, lake), "attach AWSGlueServiceRole, which allows the glue: actions"),
        (
            "workgroup",
            partial(_workgroup, lake),
            "in the workgroup's settings switch 'Override client-side settings' off, or set LAKE_WORKGROUP to another one",
        ),
        ("athena", partial(_athena, lake), "attach AmazonAthenaFullAccess, and allow writing under the bucket's pipeline/"),
    ]
    crawler = lake.config.raw_crawler if lake.queue == RAW_QUEUE else lake.config.processed_crawler
    if crawler:
        looks.append(
            (f"crawler {crawler}", partial(_crawler, crawler), "create it as the set-up guide says; look at its last log")
        )
    for data_set in lake.config.quicksight_datasets if lake.queue != RAW_QUEUE else ():
        fix = "allow quicksight:DescribeDataSet and quicksight:CreateIngestion, and check LAKE_QUICKSIGHT_DATASETS"
        looks.append((f"quicksight data set {data_set}", partial(_quicksight, lake, data_set), fix))
    results = [_result(*each) for each in looks]
    for result in results:
        log.event("check", **result)
    return {"ok": all(result["ok"] for result in results), "checks": results}


def _result(name: str, look: Callable[[], str], fix: str) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "found": look()}
    except (ClientError, BotoCoreError, Error) as error:
        return {"check": name, "ok": False, "found": str(error), "fix": fix}


def _bucket(lake: Lake) -> str:
    key = lake.layout.check_probe()
    lake.store.any(lake.layout.raw_prefix)
    found = lake.store.look(key)
    etag = lake.store.swap(key, b"probe", found.etag if found else None)
    lake.store.swap(key, b"probe once more", etag)
    part = lake.store.read(key)
    if part is None or part.body != b"probe once more":
        raise WrongError(f"{lake.store.uri(key)} does not read as it was written")
    lake.store.copy(key, key + "-copy")
    lake.store.delete([key, key + "-copy"])
    return lake.config.bucket


def _notifications(lake: Lake) -> str:
    answer = client("s3").get_bucket_notification_configuration(Bucket=lake.config.bucket)
    if "EventBridgeConfiguration" in answer or "TopicConfigurations" in answer or "QueueConfigurations" in answer:
        return "events go through EventBridge, SNS or SQS"
    prefix = lake.layout.prefix_of_queue(lake.queue)
    mine = [
        each
        for each in answer.get("LambdaFunctionConfigurations", ())
        if _plain(each["LambdaFunctionArn"]) == _plain(lake.function)
    ]
    for each in mine:
        rules = {rule["Name"].lower(): rule["Value"] for rule in each.get("Filter", {}).get("Key", {}).get("FilterRules", ())}
        if prefix.startswith(rules.get("prefix", "")) and any(event.startswith("s3:ObjectCreated:") for event in each["Events"]):
            return f"created objects under {rules.get('prefix', 'any prefix')!r}"
    raise WrongError(f"no notification for objects created under {prefix} calls this function")


def _plain(arn: str) -> str:
    """A function's ARN without version or alias."""
    return ":".join(arn.split(":")[:7])


def _function(context: Any) -> str:
    seconds = context.get_remaining_time_in_millis() / 1000
    memory = int(context.memory_limit_in_mb)
    found = f"{seconds:.0f} s left of its time, {memory} MB"
    if seconds < LEAST_TIMEOUT_SECONDS - 60 or memory < LEAST_MEMORY_MB:
        raise WrongError(found)
    return found


def _invoke(lake: Lake) -> str:
    client("lambda").invoke(FunctionName=lake.function, InvocationType="DryRun")
    return lake.function


def _catalogue(lake: Lake) -> str:
    tables = lake.catalog.tables()
    if "stocks_staging_lines" in tables:
        lake.catalog.register("stocks_staging_lines", {("check",): lake.store.uri(lake.layout.check_probe())})
        lake.catalog.unregister("stocks_staging_lines", [("check",)])
    return f"database {lake.config.database} with {len(tables)} tables and views"


def _workgroup(lake: Lake) -> str:
    group = client("athena").get_work_group(WorkGroup=lake.config.workgroup)["WorkGroup"]
    if group.get("State") == "DISABLED":
        raise WrongError(f"workgroup {lake.config.workgroup} is disabled")
    configuration = group.get("Configuration", {})
    # A CTAS may not say where to write then: https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    if configuration.get("EnforceWorkGroupConfiguration") and configuration.get("ResultConfiguration", {}).get("OutputLocation"):
        raise WrongError(f"workgroup {lake.config.workgroup} overrides where results go")
    return lake.config.workgroup


def _athena(lake: Lake) -> str:
    lake.athena.rows(Statement("check", "SELECT 1 AS one"))
    return "a query ran and its result was read"


def _crawler(name: str) -> str:
    crawler = client("glue").get_crawler(Name=name)["Crawler"]
    last = crawler.get("LastCrawl", {})
    if last.get("Status") == "FAILED":
        raise WrongError(f"its last run failed: {last.get('ErrorMessage', 'no message')} (log stream {last.get('LogStream')})")
    return f"{crawler['State']}, last run {last.get('Status', 'none yet')}"


def _quicksight(lake: Lake, data_set: str) -> str:
    client("quicksight").describe_data_set(AwsAccountId=lake.function.split(":")[4], DataSetId=data_set)
    return data_set
