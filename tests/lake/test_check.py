"""The check of an account: what is right is said to be, and what is not is named with its remedy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.clients import client
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.errors import DeadlineReachedError
from lambda_scripts.lakehouse.operations import check, trial
from tests.lakes import RAW, REPORTS, Lake, act, csv, day, one_odd_key
from tests.local_aws.aws_calls import Fault, When

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))

NOTIFICATION, CRAWLER = check.TRIGGER, "crawler stocks_raw_crawler"

MANIFESTS = "processed/stocks/_symlink_format_manifest/"

TOPIC, QUEUE = "arn:aws:sns:us-east-1:123456789012:drops", "arn:aws:sqs:us-east-1:123456789012:drops"


def checked(lake: Lake, function: str = RAW, *, trial: bool = False) -> dict[str, dict[str, Any]]:
    """The lines of a check, by what is tried."""
    with one_odd_key():
        answer = act(lake, function, action="check", trial=trial)
    assert answer["ok"] is all(line["ok"] for line in answer["checks"])
    return {line["check"]: line for line in answer["checks"]}


def wrong(lake: Lake, function: str = RAW, *, trial: bool = False) -> dict[str, str]:
    """What a check finds wrong: what is said to be found there and the fix, by what is tried. Less what depends on it."""
    lines = checked(lake, function, trial=trial).items()
    return {name: f"{line['found']}\n{line['fix']}" for name, line in lines if not line["ok"] and line["fix"] != check.FIRST}


def databases(lake: Lake) -> list[str]:
    return [each["Name"] for each in lake.account.client("glue").get_databases()["DatabaseList"]]


def notify(lake: Lake, **configuration: Any) -> None:
    lake.account.client("s3").put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration=configuration)


def function_trigger(lake: Lake, function: str, *events: str, **rules: str) -> dict[str, Any]:
    arn = lake.account.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    return {"LambdaFunctionArn": arn, **trigger(*events, **rules)}


def trigger(*events: str, **rules: str) -> dict[str, Any]:
    filter_rules = [{"Name": name, "Value": value} for name, value in rules.items()]
    return {"Events": list(events), **({"Filter": {"Key": {"FilterRules": filter_rules}}} if rules else {})}


@pytest.mark.on_trino(True)
def test_an_account_that_is_set_up_is_right_before_its_first_drop_and_after(lake: Lake) -> None:
    """And what the check costs is less than a cent."""
    assert_right(lake, tries_a_load=RAW)
    assert wrong(lake, REPORTS) == {}
    lake.drop({"AAPL.csv": AAPL})
    with one_odd_key():
        assert_right(lake, tries_a_load=REPORTS)
    assert wrong(lake, RAW) == {}


def assert_right(lake: Lake, tries_a_load: str) -> None:
    answer = act(lake, tries_a_load, action="check")
    assert answer["ok"], [line for line in answer["checks"] if not line["ok"]]
    cost = re.fullmatch(
        r"(\d+) Athena statements, which scanned [\d,]+ bytes, and (\d+) requests: about \$([\d.]+) .*", answer["cost"]
    )
    assert cost and int(cost[1]) > 20 and int(cost[2]) > 200 and 0 < float(cost[3]) < 0.01


def test_a_check_changes_nothing_of_the_lake_and_counts_as_no_load(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a workgroup that manages its results, so that no result of the check's query is left either."""
    lake.drop({"AAPL.csv": AAPL})
    use_workgroup(lake, monkeypatch, {"ManagedQueryResultsConfiguration": {"Enabled": True}})
    tables, metrics = lake.tables(), len(lake.logged("metrics"))
    before = lake.keys(""), lake.account.tables(), databases(lake)
    lines = checked(lake, trial=True)
    lake.settle()
    assert (lake.keys(""), lake.account.tables(), databases(lake)) == before and lake.tables() == tables
    assert [name for name, line in lines.items() if not line["ok"]] == []
    assert lines[check.WORKGROUP]["found"] == "lake, which manages results itself"
    assert len(lake.logged("metrics")) == metrics + 1  # the bytes of its one query


def test_checks_remove_what_killed_ones_left_once_those_can_run_no_more(lake: Lake) -> None:
    def killed(operation: str, nth: int = 1, when: When = "before") -> None:
        lake.account.faults.arm(when, nth, operation=operation)
        with one_odd_key():
            assert act(lake, action="check")["errorType"] == "Killed"

    killed("glue:CreateDatabase", when="after")
    killed("glue:BatchCreatePartition")
    killed("s3:CopyObject", nth=2)
    deny(lake, "glue:BatchCreatePartition")  # so that the next one comes to its end soon
    killed("glue:DeleteDatabase")
    left = lake.keys("pipeline/check/")
    assert len({key.split("/")[2] for key in left}) == len(databases(lake)) - 1 == 4
    deny(lake, "glue:BatchCreatePartition")
    assert set(wrong(lake, trial=True)) == {check.LINES}
    assert lake.keys("pipeline/check/") == left
    lake.account.clock.advance(trial.LIFETIME.total_seconds())
    assert wrong(lake, REPORTS, trial=True) == {}
    assert lake.keys("pipeline/check/") == [] and databases(lake) == [lake.account.database]


def test_a_check_whose_load_runs_out_of_time_says_so(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(athena: Athena, statement: Statement, query_id: str) -> Finished:
        raise DeadlineReachedError("no time left in this invocation to wait for Athena")

    monkeypatch.setattr(Athena, "wait", wait)
    assert "the trial load did not end: goes on in a fresh invocation" in wrong(lake, trial=True)[check.LOAD]
    lake.settle()


@pytest.mark.parametrize(
    ("operation", "line", "permission"),
    [
        ("lambda:GetFunctionConcurrency", check.CONCURRENCY, "lambda:GetFunctionConcurrency"),
        ("s3:PutObject", check.BUCKET, "s3:PutObject"),
        ("s3:GetBucketNotificationConfiguration", NOTIFICATION, "s3:GetBucketNotification"),
        ("lambda:GetPolicy", NOTIFICATION, "lambda:GetPolicy"),
        ("lambda:Invoke", "function may invoke itself", "lambda:InvokeFunction"),
        ("athena:GetWorkGroup", "workgroup", "athena:GetWorkGroup"),
        ("athena:StartQueryExecution", "athena: run a query, read its result", "AmazonAthenaFullAccess"),
        ("glue:GetDatabase", check.DATABASE, "glue:GetDatabase"),
        ("glue:GetCrawler", CRAWLER, "glue:GetCrawler"),
    ],
)
def test_check_names_the_permission_that_is_denied(lake: Lake, operation: str, line: str, permission: str) -> None:
    fault = deny(lake, operation)
    found = wrong(lake)
    assert fault.struck and set(found) == {line} and permission in found[line].partition("\n")[2]


def test_check_finds_an_s3_that_takes_every_write_whatever_its_condition(lake: Lake) -> None:
    events, event = client("s3").meta.events, "before-parameter-build.s3.PutObject"

    def unconditional(params: dict[str, Any], **_: Any) -> None:
        params.pop("IfMatch", None)
        params.pop("IfNoneMatch", None)

    events.register(event, unconditional)
    try:
        assert "was overwritten though it had changed" in wrong(lake)[check.BUCKET]
    finally:
        events.unregister(event, unconditional)


@pytest.mark.parametrize(
    ("operations", "lines"),
    [
        (["glue:CreateDatabase"], [check.TABLES]),
        (["glue:BatchCreatePartition"], [check.LINES]),
        (["glue:BatchDeleteTable"], [check.LOAD]),
        # A crawler that can't be seen keeps nothing from being tried.
        (["glue:GetCrawler", "glue:BatchDeletePartition", "glue:DeleteDatabase"], [CRAWLER, check.LOAD, check.CLEANED_UP]),
        (["glue:BatchGetPartition"], [check.CHANGES]),
    ],
    ids=str,
)
def test_a_trial_load_names_the_permission_that_is_denied(lake: Lake, operations: list[str], lines: list[str]) -> None:
    faults = [deny(lake, operation) for operation in operations]
    found = wrong(lake, trial=True)
    assert all(fault.struck for fault in faults) and list(found) == lines
    for operation, line in zip(operations, lines, strict=True):
        assert operation.partition(":")[2] in found[line].partition("\n")[2]


def deny(lake: Lake, operation: str) -> Fault:
    """Deny the functions that operation, once."""
    error = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return lake.account.faults.arm("before", operation=operation, error=ClientError(error, operation.partition(":")[2]))


LAKE_FORMATION = "Insufficient Lake Formation permission(s): Required Create Database on Catalog"


@pytest.mark.parametrize(
    ("operation", "code", "message", "line", "remedy"),
    [
        ("glue:CreateDatabase", "AccessDeniedException", LAKE_FORMATION, check.TABLES, "do not register the bucket there"),
        ("glue:GetDatabase", "AccessDeniedException", LAKE_FORMATION, check.DATABASE, "grant this role Create database"),
        ("s3:PutObject", "KMS.DisabledException", "the key is disabled", check.BUCKET, "allow kms:Decrypt"),
    ],
    ids=["Lake Formation, a database", "Lake Formation, the database", "KMS"],
)
def test_check_knows_errors_that_come_up_anywhere_by_their_text(
    lake: Lake, operation: str, code: str, message: str, line: str, remedy: str
) -> None:
    told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = ClientError(told, operation.partition(":")[2])
    lake.account.faults.arm("before", operation=operation, error=error)
    found = wrong(lake, trial=line == check.TABLES)
    assert set(found) == {line} and message in found[line] and remedy in found[line]


# What is not there, or set up so that no lake can work with it


@pytest.mark.beyond_the_policies("a bucket that is not the lake's")
def test_a_bucket_that_is_not_there_is_named_with_the_remedy(lake: Lake) -> None:
    answer = lake.account.invoke(RAW, {"action": "check", "bucket": "no-such-bucket"})
    found = {line["check"]: f"{line['found']} {line['fix']}" for line in answer["checks"] if not line["ok"]}
    assert "NoSuchBucket" in found[check.BUCKET] and "or correct LAKE_BUCKET or the event's bucket" in found[check.BUCKET]
    assert found[check.TABLES].startswith("not tried, since it needs 'bucket")


def test_results_in_a_bucket_that_is_not_there_are_named_with_the_remedy(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_RESULTS", "s3://no-such-bucket/results/")
    assert "create the bucket of LAKE_RESULTS" in wrong(lake)[check.QUERY]


@pytest.mark.reports(False)
def test_a_database_that_is_not_there_is_named_with_the_remedy(lake: Lake) -> None:
    lake.account.client("glue").delete_database(Name="hyn_stocks_db")
    found = wrong(lake, trial=True)
    assert set(found) == {check.DATABASE}
    assert "there is no database hyn_stocks_db" in found[check.DATABASE] and "Add database" in found[check.DATABASE]
    lake.drop({"AAPL.csv": AAPL})
    assert wrong(lake) == {}


ANOTHER = "or set LAKE_WORKGROUP to another one"


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (None, f"there is no Athena workgroup lake: create it, {ANOTHER}"),
        (
            {"ResultConfiguration": {"OutputLocation": "s3://b/theirs/"}, "EnforceWorkGroupConfiguration": True},
            f"overrides where results go, and so refuses every statement that says where its table is to lie: in its settings, "
            f"switch 'Override client-side settings' off, {ANOTHER}",
        ),
        ({"BytesScannedCutoffPerQuery": 10_000_000}, "ends statements that scan more than 10,000,000 bytes"),
        (
            {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}},
            f"choose one whose engine is Athena SQL, {ANOTHER}",
        ),
    ],
    ids=["not there", "enforced location", "bytes cut off", "Spark"],
)
def test_a_workgroup_that_no_lake_can_run_in_is_named(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, configuration: dict[str, Any] | None, said: str
) -> None:
    use_workgroup(lake, monkeypatch, configuration)
    found = wrong(lake, trial=True)
    assert set(found) == {check.WORKGROUP} and said in found[check.WORKGROUP]


def test_a_disabled_workgroup_is_named(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    use_workgroup(lake, monkeypatch, {})
    lake.account.client("athena").update_work_group(WorkGroup="lake", State="DISABLED")
    assert wrong(lake)[check.WORKGROUP].startswith(f"the Athena workgroup lake is disabled: turn it on, {ANOTHER}")


def test_a_requester_pays_bucket_needs_a_workgroup_that_reads_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto has no request payment.
    monkeypatch.setattr(client("s3"), "get_bucket_request_payment", lambda **_: {"Payer": "Requester"})
    assert "turn on queries of Requester Pays buckets" in wrong(lake)[check.WORKGROUP]
    use_workgroup(lake, monkeypatch, {"RequesterPaysEnabled": True})
    assert wrong(lake) == {}


def use_workgroup(lake: Lake, monkeypatch: pytest.MonkeyPatch, configuration: dict[str, Any] | None) -> None:
    monkeypatch.setenv("LAKE_WORKGROUP", "lake")
    if configuration is not None:
        settings = {"EnforceWorkGroupConfiguration": False, **configuration}
        lake.account.client("athena").create_work_group(Name="lake", Configuration=settings)


def make_the_crawler_anew(lake: Lake, **changes: Any) -> None:
    glue = lake.account.client("glue")
    crawler = glue.get_crawler(Name="stocks_raw_crawler")["Crawler"]
    glue.delete_crawler(Name="stocks_raw_crawler")
    same = {name: crawler[name] for name in ("Name", "Role", "DatabaseName", "Targets", "TablePrefix", "Configuration")}
    glue.create_crawler(**{**same, **changes})


def test_check_says_how_a_crawler_is_to_be_made(lake: Lake) -> None:
    lake.account.client("glue").delete_crawler(Name="stocks_raw_crawler")
    fix = wrong(lake)[CRAWLER]
    for setting in (
        f"s3://{lake.bucket}/raw/",
        "hyn_stocks_db",
        "table prefix stocks_",
        "OpenCSVSerDe and a header",
        "table level 2",
        "maximum table threshold 2",
    ):
        assert setting in fix


def test_a_crawler_that_may_make_a_table_of_each_header_is_named(lake: Lake) -> None:
    make_the_crawler_anew(lake, Configuration="")
    assert "its table level or threshold is not set" in wrong(lake)[CRAWLER]


@pytest.mark.reports(False)
def test_a_crawler_that_made_other_tables_is_named_with_the_level_to_try(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    assert wrong(lake) == {}
    parameters = {"UPDATED_BY_CRAWLER": "stocks_raw_crawler"}
    glue = lake.account.client("glue")
    glue.create_table(DatabaseName="hyn_stocks_db", TableInput={"Name": "stocks_aapl_csv", "Parameters": parameters})
    found = wrong(lake)[CRAWLER]
    assert "it made stocks_aapl_csv, stocks_raw where stocks_raw alone was expected" in found and "now 2, to 1" in found


@pytest.mark.reports(False)
def test_a_failed_crawl_is_reported(lake: Lake) -> None:
    make_the_crawler_anew(lake, Targets={"S3Targets": [{"Path": "s3://no-such-bucket/raw/"}]})
    lake.drop({"AAPL.csv": AAPL})
    assert "its last run failed: FileNotFoundError" in wrong(lake)[CRAWLER]


@pytest.mark.reports(False)
def test_a_crawl_that_has_to_wait_is_told(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"raw/funds/SPY.csv": AAPL})
    assert checked(lake)[CRAWLER]["found"].endswith("; a crawl of raw/funds/ waits for the hour to pass")


def test_a_processed_crawler_that_may_change_tables_is_named_with_both_settings(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PROCESSED_CRAWLER", "stocks_processed_crawler")
    target = {"CatalogTargets": [{"DatabaseName": "hyn_stocks_db", "Tables": ["stocks_processed"]}]}
    lake.account.client("glue").create_crawler(Name="stocks_processed_crawler", Role="role", Targets=target)
    found = wrong(lake, REPORTS)["crawler stocks_processed_crawler"]
    assert "UpdateBehavior is UPDATE_IN_DATABASE and its DeleteBehavior DEPRECATE_IN_DATABASE" in found
    assert "UpdateBehavior LOG, DeleteBehavior LOG" in found


def test_a_data_set_whose_refresh_was_refused_is_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_QUICKSIGHT_DATASETS", "stocks-monthly")
    monkeypatch.setattr(client("quicksight"), "describe_data_set", lambda **_: {})  # moto makes no data set
    refused = ClientError({"Error": {"Code": "LimitExceededException", "Message": "too many"}}, "CreateIngestion")
    lake.account.faults.arm("before", operation="quicksight:CreateIngestion", error=refused)
    lake.drop({"AAPL.csv": AAPL})
    assert "whose last refresh was refused" in checked(lake, REPORTS)["quicksight data set stocks-monthly"]["found"]


@pytest.mark.parametrize(
    ("function", "events", "rules"),
    [
        (RAW, ["s3:ObjectRemoved:*"], {"prefix": "raw/"}),
        (RAW, ["s3:ObjectCreated:Put"], {"prefix": "raw/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "elsewhere/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "raw/stocks/AAPL/"}),
        (RAW, ["s3:ObjectCreated:*"], {"prefix": "raw/", "suffix": ".csv"}),
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


@pytest.mark.parametrize(
    ("given", "may"),
    [
        ({}, True),
        ({"SourceAccount": "123456789012"}, True),
        ({"SourceArn": "arn:aws:s3:::*"}, True),
        ({"SourceArn": "arn:aws:s3:::another-bucket"}, False),
        ({"SourceAccount": "111122223333"}, False),
        ({"Principal": "sns.amazonaws.com"}, False),
        ({"Action": "lambda:GetFunction"}, False),
        (None, False),
    ],
    ids=str,
)
def test_check_finds_a_trigger_whose_function_s3_may_not_invoke(lake: Lake, given: dict[str, str] | None, may: bool) -> None:
    functions = lake.account.client("lambda")
    functions.remove_permission(FunctionName=RAW, StatementId=f"s3-{lake.bucket}")
    if given is not None:
        permission = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **given}
        functions.add_permission(FunctionName=RAW, StatementId="s3", **permission)
    line = checked(lake)[NOTIFICATION]
    assert line["ok"] == may and ("which S3 may not invoke for this bucket" in line["found"]) != may
    assert may or "delete the event notifications of functions that are gone or may not be invoked" in line["fix"]


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
        (RAW, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], {"prefix": "raw/"}, "on raw/* to"),
        (REPORTS, ["s3:ObjectCreated:*"], {"prefix": "processed/"}, "s3:ObjectCreated:* on processed/* to"),
        (REPORTS, ["s3:ObjectCreated:Put"], {"prefix": MANIFESTS, "suffix": "manifest"}, f"on {MANIFESTS}*manifest to"),
    ],
    ids=["any key", "as the console writes it", "both kinds", "all of processed", "manifests only"],
)
def test_check_shows_the_trigger_that_calls_the_function(
    lake: Lake, function: str, events: list[str], rules: dict[str, str], found: str
) -> None:
    notify(lake, LambdaFunctionConfigurations=[function_trigger(lake, function, *events, **rules)])
    line = checked(lake, function)[NOTIFICATION]
    assert line["ok"] and found in line["found"] and line["found"].endswith(f":function:{function}")
