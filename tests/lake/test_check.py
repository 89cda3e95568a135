"""The check of an account: what is right is said to be, and what is not is named with its remedy."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_scripts.lakehouse.aws.clients import client
from tests.lakes import RAW, REPORTS, Lake, act, csv, day

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))

NOTIFICATION = "bucket notification"
TABLES = "database: create and drop a table and its partitions"

MANIFESTS = "processed/stocks/_symlink_format_manifest/"

TOPIC, QUEUE = "arn:aws:sns:us-east-1:123456789012:drops", "arn:aws:sqs:us-east-1:123456789012:drops"


def checked(lake: Lake, function: str = RAW) -> dict[str, dict[str, Any]]:
    """The lines of a check, by what was looked at."""
    return {line["check"]: line for line in act(lake, function, action="check")["checks"]}


def wrong(lake: Lake, function: str = RAW) -> dict[str, str]:
    """What a check finds wrong: what is said to be found there and the fix, by what was looked at."""
    return {name: f"{line['found']}\n{line['fix']}" for name, line in checked(lake, function).items() if not line["ok"]}


def notify(lake: Lake, **configuration: Any) -> None:
    lake.account.client("s3").put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration=configuration)


def function_trigger(lake: Lake, function: str, *events: str, **rules: str) -> dict[str, Any]:
    arn = lake.account.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    return {"LambdaFunctionArn": arn, **trigger(*events, **rules)}


def trigger(*events: str, **rules: str) -> dict[str, Any]:
    filter_rules = [{"Name": name, "Value": value} for name, value in rules.items()]
    return {"Events": list(events), **({"Filter": {"Key": {"FilterRules": filter_rules}}} if rules else {})}


def test_check_finds_a_set_up_account_right(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    for function in (RAW, REPORTS):
        assert wrong(lake, function) == {}
        assert act(lake, function, action="check")["ok"]


def test_check_leaves_nothing_but_its_statements_results(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})

    def remains() -> tuple[list[str], list[str]]:
        return [key for key in lake.keys("") if not key.startswith("pipeline/athena-results/")], lake.account.tables()

    before = remains()
    checked(lake)
    checked(lake, REPORTS)
    assert remains() == before


def test_check_leaves_the_database_to_the_first_load(lake: Lake) -> None:
    found = wrong(lake)
    assert set(found) == {TABLES}
    assert "there is no database hyn_stocks_db yet" in found[TABLES] and "the first load creates it" in found[TABLES]
    assert lake.account.client("glue").get_databases()["DatabaseList"] == []


def test_a_check_removes_what_a_killed_one_left(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.account.runtime.faults.arm("after", operation="glue:BatchCreatePartition")
    assert act(lake, action="check")["errorType"] == "Killed"
    assert "tmp_check_raw" in lake.account.tables() and lake.keys("pipeline/check/")
    assert wrong(lake) == {}
    assert "tmp_check_raw" not in lake.account.tables() and lake.keys("pipeline/check/") == []


@pytest.mark.parametrize(
    ("operation", "line", "permission"),
    [
        ("s3:PutObject", "bucket: list, write, compare-and-swap, copy, delete", "s3:PutObject"),
        ("s3:GetBucketNotificationConfiguration", NOTIFICATION, "s3:GetBucketNotification"),
        ("lambda:Invoke", "function may invoke itself", "lambda:InvokeFunction"),
        ("athena:GetWorkGroup", "workgroup", "athena:GetWorkGroup"),
        ("athena:StartQueryExecution", "athena: run a query, read its result", "AmazonAthenaFullAccess"),
        ("glue:GetDatabase", TABLES, "GetDatabase"),
        ("glue:BatchDeleteTable", TABLES, "BatchDeleteTable"),
        ("glue:BatchCreatePartition", TABLES, "BatchCreatePartition"),
        ("glue:BatchGetPartition", TABLES, "BatchGetPartition"),
        ("glue:BatchDeletePartition", TABLES, "BatchDeletePartition"),
        ("glue:GetPartitions", TABLES, "GetPartitions"),
        ("glue:GetCrawler", "crawler stocks_raw_crawler", "glue:GetCrawler"),
    ],
)
def test_check_names_the_permission_that_is_denied(lake: Lake, operation: str, line: str, permission: str) -> None:
    lake.account.client("glue").create_database(DatabaseInput={"Name": "hyn_stocks_db"})
    error = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    denied = ClientError(error, operation.partition(":")[2])
    fault = lake.account.runtime.faults.arm("before", operation=operation, error=denied)
    found = wrong(lake)
    assert fault.struck
    assert set(found) == {line} and permission in found[line].partition("\n")[2]
    assert lake.account.tables() == []


def test_check_says_how_a_crawler_is_to_be_made(lake: Lake) -> None:
    lake.account.client("glue").delete_crawler(Name="stocks_raw_crawler")
    fix = wrong(lake)["crawler stocks_raw_crawler"]
    for setting in (f"s3://{lake.bucket}/raw/", "hyn_stocks_db", "table prefix stocks_", "OpenCSVSerDe and a header"):
        assert setting in fix


def test_check_finds_a_workgroup_that_is_not_there(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.account.client("glue").create_database(DatabaseInput={"Name": "hyn_stocks_db"})
    monkeypatch.setenv("LAKE_WORKGROUP", "nosuch")
    assert set(wrong(lake)) == {"workgroup", "athena: run a query, read its result", TABLES}


@pytest.mark.parametrize(
    ("function", "events", "rules"),
    [
        (RAW, ["s3:ObjectRemoved:*"], {"prefix": "raw/"}),
        (RAW, ["s3:ObjectCreated:Put"], {"prefix": "raw/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "elsewhere/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "raw/stocks/AAPL/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "raw/", "suffix": ".parquet"}),
        (REPORTS, ["s3:ObjectCreated:*"], {"prefix": "processed/", "suffix": ".parquet"}),
        (REPORTS, ["s3:ObjectCreated:*"], {"prefix": "processed/stocks/year=2016/"}),
        (REPORTS, ["s3:ObjectCreated:Copy"], {"prefix": "processed/"}),
    ],
    ids=str,
)
def test_check_finds_a_trigger_that_misses_objects(lake: Lake, function: str, events: list[str], rules: dict[str, str]) -> None:
    notify(lake, LambdaFunctionConfigurations=[function_trigger(lake, function, *events, **rules)])
    assert "not one trigger calls this function for every object" in wrong(lake, function)[NOTIFICATION]


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"TopicConfigurations": [{"TopicArn": TOPIC, **trigger("s3:ObjectCreated:Put", prefix="raw/")}]},
        {"QueueConfigurations": [{"QueueArn": QUEUE, **trigger("s3:ObjectRemoved:*")}]},
        {"QueueConfigurations": [{"QueueArn": QUEUE, **trigger("s3:ObjectCreated:*", prefix="elsewhere/")}]},
    ],
    ids=str,
)
def test_check_does_not_trust_other_destinations_with_other_events(lake: Lake, configuration: dict[str, Any]) -> None:
    notify(lake, **configuration)
    assert "not one trigger calls this function for every object" in wrong(lake)[NOTIFICATION]


def test_check_finds_a_trigger_of_another_function(lake: Lake) -> None:
    notify(lake, LambdaFunctionConfigurations=[function_trigger(lake, REPORTS, "s3:ObjectCreated:*", prefix="raw/")])
    assert f"s3:ObjectCreated:* on raw/* to arn:aws:lambda:us-east-1:123456789012:function:{REPORTS}" in wrong(lake)[NOTIFICATION]


@pytest.fixture
def eventbridge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have S3 say that EventBridge is told of every event, which moto leaves out of its answer."""
    s3 = client("s3")
    ask = s3.get_bucket_notification_configuration
    told_of_all = {"EventBridgeConfiguration": dict[str, Any]()}
    monkeypatch.setattr(s3, "get_bucket_notification_configuration", lambda **request: ask(**request) | told_of_all)


@pytest.mark.usefixtures("eventbridge")
def test_check_finds_a_trigger_that_misses_objects_where_eventbridge_is_on_too(lake: Lake) -> None:
    notify(lake, LambdaFunctionConfigurations=[function_trigger(lake, RAW, "s3:ObjectCreated:Put", prefix="raw/")])
    assert "s3:ObjectCreated:* on * to EventBridge" in wrong(lake)[NOTIFICATION]


@pytest.mark.usefixtures("eventbridge")
def test_check_says_what_it_cannot_see_of_eventbridge(lake: Lake) -> None:
    notify(lake)
    line = checked(lake)[NOTIFICATION]
    assert line["ok"] and line["found"].startswith("events go to EventBridge: see that it calls this function")


@pytest.mark.parametrize(
    ("destination", "configuration"),
    [
        (TOPIC, {"TopicConfigurations": [{"TopicArn": TOPIC, **trigger("s3:ObjectCreated:*", prefix="raw/")}]}),
        (QUEUE, {"QueueConfigurations": [{"QueueArn": QUEUE, **trigger("s3:ObjectCreated:*")}]}),
    ],
    ids=["SNS", "SQS"],
)
def test_check_says_what_it_cannot_see_of_other_destinations(lake: Lake, destination: str, configuration: dict[str, Any]) -> None:
    notify(lake, **configuration)
    line = checked(lake)[NOTIFICATION]
    assert line["ok"] and line["found"].startswith(f"events go to {destination}: see that it calls this function")


@pytest.mark.parametrize(
    ("function", "events", "rules", "found"),
    [
        (RAW, ["s3:ObjectCreated:*"], {}, "s3:ObjectCreated:* on * to"),
        (RAW, ["s3:ObjectCreated:*"], {"Prefix": "raw/"}, "s3:ObjectCreated:* on raw/* to"),
        (RAW, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], {"prefix": "raw/", "suffix": ".csv"}, "on raw/*.csv to"),
        (REPORTS, ["s3:ObjectCreated:*"], {"prefix": "processed/"}, "s3:ObjectCreated:* on processed/* to"),
        (REPORTS, ["s3:ObjectCreated:Put"], {"prefix": MANIFESTS, "suffix": "manifest"}, f"on {MANIFESTS}*manifest to"),
    ],
    ids=["any key", "as the console writes it", "CSV files only", "all of processed", "manifests only"],
)
def test_check_shows_the_trigger_that_calls_the_function(
    lake: Lake, function: str, events: list[str], rules: dict[str, str], found: str
) -> None:
    notify(lake, LambdaFunctionConfigurations=[function_trigger(lake, function, *events, **rules)])
    line = checked(lake, function)[NOTIFICATION]
    assert line["ok"] and found in line["found"] and line["found"].endswith(f":function:{function}")
