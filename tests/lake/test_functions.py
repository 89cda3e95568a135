"""Functions that are set up wrong say so, once and clearly, and what was dropped meanwhile is not lost."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

import lambda_scripts
from lambda_scripts.lakehouse.errors import ConfigurationError
from lambda_scripts.lakehouse.lake import open_lake
from lambda_scripts.lakehouse.operations import check, limits
from tests.lakes import RAW, Lake, act, csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
MSFT = csv(day("2016-01-04", 50))


def configure(lake: Lake, timeout_seconds: int, memory_mb: int) -> None:
    lake.account.client("lambda").update_function_configuration(FunctionName=RAW, Timeout=timeout_seconds, MemorySize=memory_mb)


@pytest.mark.parametrize(("timeout_seconds", "memory_mb"), [(35, 512), (900, 128)])
def test_too_little_time_or_memory_is_one_clear_error_and_the_drop_is_kept(
    lake: Lake, timeout_seconds: int, memory_mb: int
) -> None:
    configure(lake, timeout_seconds, memory_mb)
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    lake.account.wait_until_idle(60)
    (letter,) = lake.account.dead_letters
    assert letter.error and letter.error["errorType"] == "ConfigurationError"
    assert f"{memory_mb} MB, and needs at least 40 s and 256 MB" in letter.error["errorMessage"]
    assert "set the timeout to 15 minutes and the memory to 512 MB" in letter.error["errorMessage"]
    assert [each for each in lake.account.invocations if "action" in each.event] == []
    found = {line["check"]: line for line in act(lake, action="check")["checks"]}
    assert not found[check.FUNCTION]["ok"] and found[check.TABLES]["fix"] == check.FIRST
    configure(lake, 900, 512)
    lake.account.dead_letters.clear()
    act(lake, action="drain")
    lake.settle()
    assert len(lake.prices()) == 2


def test_the_consoles_defaults_of_three_seconds_are_refused(lake: Lake) -> None:
    context = SimpleNamespace(
        function_name=RAW,
        aws_request_id="1",
        invoked_function_arn="arn:aws:lambda:us-east-1:1:function:f",
        memory_limit_in_mb="128",
        get_remaining_time_in_millis=lambda: 2_990,
    )
    with pytest.raises(ConfigurationError, match="the function has 3 s and 128 MB, and needs at least 40 s and 256 MB"):
        limits.require(open_lake("raw", lake.bucket, context), context)


def test_an_action_without_a_bucket_says_which_setting_is_missing(lake: Lake) -> None:
    answer = lake.account.invoke(RAW, {"action": "drain"})
    assert answer["errorType"] == "ConfigurationError" and "set LAKE_BUCKET on the function" in answer["errorMessage"]


def test_a_runtime_that_is_too_old_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version_info", (3, 9, 18))
        with pytest.raises(RuntimeError, match="runtime is Python 3.9: choose python3.12 or newer"):
            importlib.reload(lambda_scripts)
    importlib.reload(lambda_scripts)


@pytest.fixture
def hasty(engine: EngineName) -> Iterator[Lake]:
    """A lake in an account where an event that finds no slot is given up at once, not after six hours."""
    with LocalAccount(engine, event_age_seconds=0.0) as account:
        account.create_lake(settings={"LAKE_SETTLE_SECONDS": "1"})
        yield Lake(account)


def test_a_reserved_concurrency_of_one_loses_events_so_that_check_refuses_it(hasty: Lake) -> None:
    functions = hasty.account.client("lambda")
    functions.put_function_concurrency(FunctionName=RAW, ReservedConcurrentExecutions=1)
    hasty.account.drop("raw/stocks/AAPL.csv", AAPL)
    hasty.account.drop("raw/stocks/MSFT.csv", MSFT)
    hasty.account.wait_until_idle(60)
    (letter,) = hasty.account.dead_letters
    assert letter.error and letter.error["errorType"] == "EventAgeExceeded"
    assert len(hasty.query("SELECT source FROM stocks_loads")) == 1
    line = {each["check"]: each for each in act(hasty, action="check", trial=False)["checks"]}[check.CONCURRENCY]
    assert not line["ok"] and line["found"] == "1 invocations at once are reserved for this function"
    assert "Use unreserved account concurrency" in line["fix"] and "reprocess" in line["fix"]
    functions.delete_function_concurrency(FunctionName=RAW)
    hasty.account.dead_letters.clear()
    act(hasty, action="reprocess")
    hasty.settle()
    assert {row["symbol"] for row in hasty.processed()} == {"AAPL", "MSFT"}
