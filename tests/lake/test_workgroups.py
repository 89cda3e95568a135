"""A lake in each kind of Athena workgroup: it works, or one message says what to change."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lakes import RAW, Lake, csv, day
from tests.local_aws.engine import Statement, StatementFailed

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))


def put_in_a_workgroup(lake: Lake, **configuration: Any) -> None:
    """Have the lake's functions use a workgroup of their own; people stay in `primary`."""
    lake.account.client("athena").create_work_group(
        Name="lake", Configuration={"EnforceWorkGroupConfiguration": False, **configuration}
    )
    os.environ["LAKE_WORKGROUP"] = "lake"  # the account puts the environment back


def errors_of_a_drop(lake: Lake) -> set[str]:
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    lake.account.wait_until_idle()
    return {each.error["errorMessage"] for each in lake.account.dead_letters if each.error}


def test_results_that_athena_manages_are_read_and_nothing_of_them_lies_in_the_bucket(lake: Lake) -> None:
    put_in_a_workgroup(lake, ManagedQueryResultsConfiguration={"Enabled": True})
    lake.drop_in_one_event({"AAPL.csv": AAPL, "MSFT.csv": csv(day("2016-01-05", 50))})
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 101))})
    assert lake.keys("pipeline/athena-results/") == []
    assert lake.prices() == [("AAPL", "2016-01-04", "101.0"), ("MSFT", "2016-01-05", "50.0")]
    assert [row["symbol"] for row in lake.yearly()] == ["AAPL", "MSFT"]


def test_results_lie_where_a_setting_puts_them(lake: Lake) -> None:
    lake.account.client("s3").create_bucket(Bucket="elsewhere")
    os.environ["LAKE_RESULTS"] = "s3://elsewhere/results/"
    lake.drop({"AAPL.csv": AAPL})
    assert lake.keys("pipeline/athena-results/") == []
    assert lake.account.client("s3").list_objects_v2(Bucket="elsewhere", Prefix="results/")["KeyCount"]
    assert len(lake.prices()) == 2


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {
                "ResultConfiguration": {"OutputLocation": "s3://hyn-stocks-datalakehouse/theirs/"},
                "EnforceWorkGroupConfiguration": True,
            },
            "the Athena workgroup lake overrides where results go, and so refuses every statement that says where its table is "
            "to lie: in its settings, switch 'Override client-side settings' off, or set LAKE_WORKGROUP to another one",
        ),
        (
            {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}},
            "the Athena workgroup lake runs Apache Spark: choose one whose engine is Athena SQL, "
            "or set LAKE_WORKGROUP to another one",
        ),
    ],
    ids=["enforced location", "Spark"],
)  # fmt: skip
def test_a_workgroup_that_no_lake_can_run_in_is_named_with_the_remedy(
    lake: Lake, configuration: dict[str, Any], message: str
) -> None:
    put_in_a_workgroup(lake, **configuration)
    assert errors_of_a_drop(lake) == {message}


@pytest.mark.reports(False)
def test_a_disabled_workgroup_is_named_with_the_remedy_and_the_drop_is_kept(lake: Lake) -> None:
    put_in_a_workgroup(lake)
    athena = lake.account.client("athena")
    athena.update_work_group(WorkGroup="lake", State="DISABLED")
    assert errors_of_a_drop(lake) == {"the Athena workgroup lake is disabled: turn it on, or set LAKE_WORKGROUP to another one"}
    athena.update_work_group(WorkGroup="lake", State="ENABLED")
    assert lake.account.invoke(RAW, {"action": "drain", "bucket": lake.bucket})["batches"] == 1
    assert len(lake.prices()) == 2


@pytest.mark.parametrize(
    ("configuration", "remedy"),
    [
        ({"ManagedQueryResultsConfiguration": {"Enabled": True}}, "allow athena:GetWorkGroup"),
        (
            {
                "ResultConfiguration": {"OutputLocation": "s3://hyn-stocks-datalakehouse/theirs/"},
                "EnforceWorkGroupConfiguration": True,
            },
            "switch 'Override client-side settings' off",
        ),
    ],
    ids=["managed results", "enforced location"],
)
def test_where_its_settings_may_not_be_seen_the_refusal_is_told_with_the_remedy(
    lake: Lake, configuration: dict[str, Any], remedy: str
) -> None:
    put_in_a_workgroup(lake, **configuration)
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetWorkGroup")
    lake.account.faults.arm("before", operation="athena:GetWorkGroup", error=denied, for_good=True)
    (error,) = errors_of_a_drop(lake)
    assert error.startswith("Athena refuses the statement") and remedy in error
    assert lake.keys("pipeline/inbox/raw/")


def test_a_workgroup_that_is_not_there_is_named_with_the_remedy(lake: Lake) -> None:
    os.environ["LAKE_WORKGROUP"] = "nosuch"
    assert errors_of_a_drop(lake) == {"there is no Athena workgroup nosuch: create it, or set LAKE_WORKGROUP to another one"}


@pytest.mark.reports(False)
def test_results_that_have_no_bucket_are_told_with_the_remedy_and_no_file_is_refused(lake: Lake) -> None:
    lake.drop({"MSFT.csv": csv(day("2016-01-05", 50))})
    os.environ["LAKE_RESULTS"] = "s3://nosuch/results/"
    (error,) = errors_of_a_drop(lake)
    assert "Unable to verify/create output bucket nosuch" in error and "create the bucket of LAKE_RESULTS" in error
    assert [load["source"] for load in lake.loads()] == ["MSFT.csv"] and lake.keys("pipeline/inbox/raw/")


STOPPED = {
    "Bytes scanned limit was exceeded": "raise or remove the Athena workgroup's limit of data scanned by a query",
    "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split: Access Denied (Service: Amazon S3; Status Code: 403)": (
        "switch 'Enable queries on Requester Pays buckets' on in the Athena workgroup"
    ),
}


@pytest.mark.reports(False)
def test_what_a_workgroup_stops_is_told_with_the_remedy_and_no_file_is_refused(lake: Lake) -> None:
    for reason, remedy in STOPPED.items():

        def stop(statement: Statement, targets: Sequence[str], reason: str = reason) -> None:
            if targets:
                raise StatementFailed(reason)

        lake.account.interference.add(stop)
        (error,) = {re.sub(r"\(query [^)]+\)", "", each) for each in errors_of_a_drop(lake)}
        assert reason in error and remedy in error
        assert lake.loads() == [] and lake.keys("pipeline/inbox/raw/")
        lake.account.interference.remove(stop)
        lake.account.dead_letters.clear()
    lake.account.invoke(RAW, {"action": "drain", "bucket": lake.bucket})
    assert [load["status"] for load in lake.loads()] == ["loaded"]
