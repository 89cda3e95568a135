"""Functions that are set up wrong say so, once and clearly, and what was dropped meanwhile is not lost."""

from __future__ import annotations

import importlib
import json
import sys
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

import lambda_scripts
from lambda_scripts.lakehouse.errors import ConfigurationError
from lambda_scripts.lakehouse.lake import open_lake
from lambda_scripts.lakehouse.operations import check, limits
from tests.lakes import RAW, REPORTS, Lake, act, csv, day
from tests.local_aws.lake import REPOSITORY, create_role, put_triggers, zipped
from tests.local_aws.lambda_runtime import EVENT_AGE_SECONDS

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
MSFT = csv(day("2016-01-04", 50))


def configure(lake: Lake, timeout_seconds: int, memory_mb: int, function: str = RAW) -> None:
    lake.account.client("lambda").update_function_configuration(
        FunctionName=function, Timeout=timeout_seconds, MemorySize=memory_mb
    )


@pytest.mark.reports(False)
def test_too_little_time_or_memory_is_one_clear_error_and_the_drop_is_kept(lake: Lake) -> None:
    for timeout_seconds, memory_mb in ((35, 512), (900, 128)):
        configure(lake, timeout_seconds, memory_mb)
        lake.account.drop("raw/stocks/AAPL.csv", AAPL)
        lake.account.wait_until_idle()
        letter = lake.account.dead_letters.pop()
        assert letter.error and letter.error["errorType"] == "ConfigurationError"
        assert f"{memory_mb} MB, and needs at least 40 s and 256 MB" in letter.error["errorMessage"]
        assert "set the timeout to 15 minutes and the memory to 512 MB" in letter.error["errorMessage"]
        found = {line["check"]: line for line in act(lake, action="check")["checks"]}
        assert not found[check.FUNCTION]["ok"] and found[check.TABLES]["fix"] == check.FIRST
    assert {each.event.get("action", "check") for each in lake.account.invocations} == {"check"}
    configure(lake, 900, 512)
    act(lake, action="drain")
    lake.settle()
    assert len(lake.prices()) == 2
    configure(lake, 35, 512, REPORTS)
    record = {"s3": {"bucket": {"name": lake.bucket}, "object": {"key": min(lake.manifests()), "sequencer": "1"}}}
    assert lake.account.invoke(REPORTS, {"Records": [record]})["errorType"] == "ConfigurationError"
    assert len(lake.keys("pipeline/inbox/processed/")) == 1


def test_the_consoles_default_time_and_memory_are_refused(lake: Lake) -> None:
    made = lake.account.client("lambda").create_function(
        FunctionName="made-by-hand",
        Runtime="python3.12",
        Role=create_role(lake.account.client, "by-hand"),
        Handler="x.y",
        Code={"ZipFile": zipped(REPOSITORY, ("sql",))},
    )
    assert (made["Timeout"], made["MemorySize"]) == (3, 128)
    context = SimpleNamespace(
        function_name=RAW,
        aws_request_id="1",
        invoked_function_arn="arn:aws:lambda:us-east-1:1:function:f",
        memory_limit_in_mb="128",
        get_remaining_time_in_millis=lambda: 2_990,
    )
    with pytest.raises(ConfigurationError, match="the function has 3 s and 128 MB, and needs at least 40 s and 256 MB"):
        limits.require(open_lake("raw", lake.bucket, context), context)


@pytest.mark.reports(False)
def test_what_is_denied_fails_the_event_keeps_the_drop_and_is_made_up_for_by_drain(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables, so that a batch is begun where statements are denied
    for name, operation in (("AAPL.csv", "glue:GetTables"), ("MSFT.csv", "athena:StartQueryExecution")):
        denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, operation.partition(":")[2])
        lake.account.faults.arm("before", function=RAW, operation=operation, error=denied, for_good=True)
        lake.account.drop(f"raw/stocks/{name}", AAPL)
        lake.account.wait_until_idle()
        letter = lake.account.dead_letters.pop()
        assert letter.attempt == 3 and letter.error and "not allowed" in letter.error["errorMessage"]
        line = lake.logged("failed")[-1]
        assert (line["level"], line["function"]) == ("ERROR", RAW) and "not allowed" in line["error"]
        lake.account.faults.disarm()
    assert len(lake.keys("pipeline/inbox/raw/")) == 2
    act(lake, action="drain")
    lake.settle()
    assert len(lake.prices()) == 4


@pytest.mark.reports(False)
def test_a_message_that_someone_else_has_sent_fails_the_event_and_the_others_of_its_queue_are_loaded(lake: Lake) -> None:
    messages = [{"body": json.dumps(lake.event_of({f"{name}.csv": AAPL}))} for name in ("AAPL", "MSFT")]
    answer = lake.account.invoke(RAW, {"Records": [messages[0], {"body": "hello"}, messages[1]]})
    assert answer["errorType"] == "ConfigurationError" and "hello" in answer["errorMessage"]
    assert {row["symbol"] for row in lake.processed()} == {"AAPL", "MSFT"}


@pytest.mark.parametrize(("prefix", "data_files_wake_it"), [(None, False), ("processed/", True)])
def test_the_second_function_is_woken_by_manifests_and_lets_data_files_go(
    lake: Lake, prefix: str | None, data_files_wake_it: bool
) -> None:
    if prefix:
        created = ["s3:ObjectCreated:*"]
        put_triggers(lake.account.client, lake.bucket, [(RAW, "raw/", created), (REPORTS, prefix, created)])
    lake.drop({"AAPL.csv": AAPL})
    events = [each.event for each in lake.account.invocations if each.function == REPORTS and "Records" in each.event]
    keys = [record["s3"]["object"]["key"] for event in events for record in event["Records"]]
    assert any(key.endswith("/manifest") for key in keys)
    assert any(key.endswith(".parquet") for key in keys) == data_files_wake_it
    assert [row["trading_days"] for row in lake.yearly()] == ["2"] and lake.keys("pipeline/inbox/") == []


def test_an_action_without_a_bucket_says_which_setting_is_missing(lake: Lake) -> None:
    answer = lake.account.invoke(RAW, {"action": "drain"})
    assert answer["errorType"] == "ConfigurationError" and "set LAKE_BUCKET on the function" in answer["errorMessage"]


def test_a_runtime_that_is_too_old_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", (3, 9, 18))
        with pytest.raises(RuntimeError, match="runtime is Python 3.9: choose python3.12 or newer"):
            importlib.reload(lambda_scripts)
    importlib.reload(lambda_scripts)


@pytest.mark.reports(False)
def test_a_reserved_concurrency_of_one_loses_events_so_that_check_refuses_it(lake: Lake) -> None:
    functions = lake.account.client("lambda")
    functions.put_function_concurrency(FunctionName=RAW, ReservedConcurrentExecutions=1)
    holder = lake.account.faults.freeze("before", function=RAW, operation="athena:StartQueryExecution")
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    lake.account.runtime.wait_for("the only slot is taken", lambda: holder.struck is not None)
    lake.account.drop("raw/stocks/MSFT.csv", MSFT)
    lake.later(EVENT_AGE_SECONDS)
    lake.account.runtime.wait_for("the second event is given up", lambda: bool(lake.account.dead_letters))
    holder.thaw()
    lake.account.wait_until_idle()
    errors = [letter.error or {} for letter in lake.account.dead_letters]
    assert [error.get("errorType") for error in errors] == ["EventAgeExceeded"], errors
    assert {row["symbol"] for row in lake.processed()} == {"AAPL"}
    line = {each["check"]: each for each in act(lake, action="check", trial=False)["checks"]}[check.CONCURRENCY]
    assert not line["ok"] and line["found"] == "1 invocations at once are reserved for this function"
    assert "Use unreserved account concurrency" in line["fix"] and "reprocess" in line["fix"]
    functions.delete_function_concurrency(FunctionName=RAW)
    lake.account.dead_letters.clear()
    act(lake, action="reprocess")
    lake.settle()
    assert {row["symbol"] for row in lake.processed()} == {"AAPL", "MSFT"}
