"""What goes wrong around a lake, and what must not come of it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lambda_scripts.lakehouse.aws.catalog import Catalog
from lambda_scripts.lakehouse.aws.remedies import systemic_cause
from lambda_scripts.lakehouse.aws.store import Part, Store
from lambda_scripts.lakehouse.errors import ConflictError, Error
from tests.lakes import RAW, Lake, act, csv, day

pytestmark = [pytest.mark.on_trino(False), pytest.mark.reports(False)]

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
GLUE = {"DatabaseName": "hyn_stocks_db", "TableName": "stocks_processed"}


def test_a_write_that_was_done_though_its_answer_was_lost_counts_as_done(lake: Lake) -> None:
    """botocore tries again after a lost answer, and meets the condition that its own first try made false."""
    store = Store(lake.bucket)
    first = store.swap("pipeline/x", b"one", None)
    assert store.swap("pipeline/x", b"one", None) == first
    second = store.swap("pipeline/x", b"two", first)
    assert store.swap("pipeline/x", b"two", first) == second
    with pytest.raises(ConflictError):
        store.swap("pipeline/x", b"three", first)
    with pytest.raises(ConflictError):
        store.swap("pipeline/nosuch", b"three", first)


def test_what_s3_does_not_delete_is_an_error_that_names_it(lake: Lake) -> None:
    """S3 answers 200, and says of each object what became of it."""
    s3, kept = lake.account.client("s3"), f"arn:aws:s3:::{lake.bucket}/pipeline/kept"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": kept}
    s3.put_bucket_policy(Bucket=lake.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    store = Store(lake.bucket, s3)
    for key in ("pipeline/gone", "pipeline/kept"):
        store.put(key, b"")
    with pytest.raises(Error, match=f"did not delete 1 objects, the first s3://{lake.bucket}/pipeline/kept: AccessDenied"):
        store.delete(["pipeline/gone", "pipeline/kept"])
    assert lake.keys("pipeline/") == ["pipeline/kept"]


def test_a_partition_that_glue_does_not_add_is_an_error_that_names_it(lake: Lake) -> None:
    """Glue answers 200, and says which partitions it did not add."""
    act(lake, action="drain")  # makes the tables
    glue = boto3.client("glue")
    failure = {"PartitionValues": ["2016", "01"], "ErrorDetail": {"ErrorCode": "InternalServiceException"}}
    glue.meta.events.register("after-call.glue.BatchCreatePartition", lambda parsed, **_: parsed.update(Errors=[failure]))
    with pytest.raises(Error, match="Glue did not add partition .* to stocks_processed: .*InternalServiceException"):
        Catalog(lake.account.database, glue).register("stocks_processed", {("2016", "01"): "s3://somewhere/"})


@pytest.mark.on_trino(True)
@pytest.mark.reports(True)
def test_a_merge_into_what_the_catalogue_lost_keeps_the_rows_that_were_there(lake: Lake) -> None:
    lake.drop_in_one_event({"AAPL.csv": AAPL})
    glue = lake.account.client("glue")
    glue.delete_partition(**GLUE, PartitionValues=["2016", "01"])
    lake.drop({"MSFT.csv": csv(day("2016-01-04", 50))})
    lake.query("MSCK REPAIR TABLE stocks_processed")
    loaded = [("AAPL", "2016-01-04", "100.0"), ("AAPL", "2016-02-01", "99.0"), ("MSFT", "2016-01-04", "50.0")]
    assert lake.prices() == loaded and len(lake.monthly()) == 3
    glue.delete_table(DatabaseName=GLUE["DatabaseName"], Name=GLUE["TableName"])
    lake.drop({"NFLX.csv": csv(day("2016-01-04", 50))})
    lake.query("MSCK REPAIR TABLE stocks_processed")
    assert lake.prices() == [*loaded, ("NFLX", "2016-01-04", "50.0")]
    reported = [(row["symbol"], row["month"]) for row in lake.monthly()]
    assert reported == [("AAPL", "01"), ("AAPL", "02"), ("MSFT", "01"), ("NFLX", "01")]


def test_views_are_replaced_though_an_invocation_fails_that_begins_to_replace_them(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables
    lake.query("CREATE OR REPLACE VIEW stocks_daily AS SELECT 1 AS of_an_older_version")
    Catalog(lake.account.database).set_parameter("stocks_loads", "lakehouse.definitions", "older")
    error = ClientError({"Error": {"Code": "InternalServerException", "Message": "oh"}}, "StartQueryExecution")
    lake.account.faults.arm("before", 1, function=RAW, operation="athena:StartQueryExecution", error=error)
    assert act(lake, action="drain")["errorType"] == "ClientError"
    act(lake, action="drain")
    assert lake.query("SELECT symbol FROM stocks_daily") == []


def test_an_archived_object_and_keys_with_control_characters_are_refused_and_the_others_are_loaded(lake: Lake) -> None:
    s3 = lake.account.client("s3")
    s3.put_object(Bucket=lake.bucket, Key="raw/stocks/OLD.csv", Body=AAPL, StorageClass="GLACIER")
    lake.drop({**{f"raw/odd/A{character}.csv": AAPL for character in "\x01\n"}, "AAPL.csv": AAPL})
    assert [row["status"] for row in lake.loads()] == ["refused", "refused", "loaded", "refused"]
    assert ["rename" in str(row["reason"]) for row in lake.loads()] == [True, True, False, False]
    assert lake.load_of("AAPL.csv")["accepted"] == "2"
    reason = str(lake.load_of("OLD.csv")["reason"])
    assert "InvalidObjectState" in reason and "reprocess" in reason
    assert lake.keys("pipeline/inbox/") == []


@pytest.mark.parametrize(
    ("reason", "blames"),
    [
        ("HIVE_CURSOR_ERROR: Failed to read file at s3://b/raw/stocks/a.csv.gz", True),
        ("HIVE_BAD_DATA: Malformed", True),
        ("Query exhausted resources at this scale factor", True),
        ("HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split: Please reduce your request rate (Status Code: 503)", False),
        ("HIVE_FILESYSTEM_ERROR: Input Pattern s3://b/raw/stocks/A[1].csv matches 0 files", True),
        ("A_CODE_THAT_NOBODY_KNOWS: oh", True),
        ("Bytes scanned limit was exceeded", False),
        ("Insufficient Lake Formation permission(s): Required Select on t", False),
        ("INTERNAL_ERROR_QUERY_ENGINE", False),
        ("HIVE_CANNOT_OPEN_SPLIT: Access Denied (Service: Amazon S3; Status Code: 403)", False),
        ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.a.b' does not exist", False),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_file_is_blamed_for_what_it_holds_and_not_for_throttling_or_permissions(reason: str, blames: bool) -> None:
    assert (systemic_cause(reason) is None) is blames


def test_a_file_is_not_refused_where_s3_is_asked_too_often(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Store.read

    def throttled(store: Store, key: str, *args: Any, **kwargs: Any) -> Part | None:
        if key.startswith("raw/"):
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate"}}, "GetObject")
        return read(store, key, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", throttled)
        assert "SlowDown" in lake.account.invoke(RAW, lake.event_of({"AAPL.csv": AAPL}))["errorMessage"]
    assert lake.loads() == []
    act(lake, action="drain")
    assert lake.load_of("AAPL.csv")["status"] == "loaded"


def test_a_refused_version_after_an_unfinished_one_takes_that_ones_rows_out(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
    record = {
        "version": "v2",
        "batch": "never-finished",
        "changes_rows": True,
        "partitions": [["2016", "01"]],
        "before": [["2016", "01"], ["2016", "02"]],
    }
    lake.account.client("s3").put_object(
        Bucket=lake.bucket, Key="pipeline/sources/raw/stocks/AAPL.csv.json", Body=json.dumps(record)
    )
    lake.drop({"AAPL.csv": "garbage"})
    assert {row["symbol"] for row in lake.processed()} == {"MSFT"}
    load = lake.load_of("AAPL.csv")
    assert load["status"] == "refused" and "unfinished load" in str(load["reason"])


@pytest.mark.on_trino(True)
def test_of_an_emptied_partition_the_file_without_rows_stays(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.remove("AAPL.csv")
    folder = "processed/stocks/year=2016/month=01/"
    assert len(lake.keys(folder)) == 2 and lake.prices() == []
    monkeypatch.setenv("LAKE_RETENTION_SECONDS", "0")
    lake.account.client("s3").put_object(Bucket=lake.bucket, Key="raw/stocks/x.csv", Body=b"")
    lake.settle()
    lake.drop({"raw/stocks/y.csv": ""})
    named = lake.manifests()["processed/stocks/_symlink_format_manifest/year=2016/month=01/manifest"]
    assert [f"s3://{lake.bucket}/{key}\n" for key in lake.keys(folder)] == [named]
    assert lake.processed() == []


def test_a_stop_that_is_refused_does_not_hide_why_the_work_ended(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables, so that what fails is the load
    faults = lake.account.faults
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "StopQueryExecution")
    failed = ClientError({"Error": {"Code": "InternalServerException", "Message": "oh"}}, "GetQueryExecution")
    for _ in range(3):
        faults.arm("before", 1, function=RAW, operation="athena:GetQueryExecution", error=failed)
        faults.arm("before", 1, function=RAW, operation="athena:StopQueryExecution", error=refused)
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    lake.account.wait_until_idle()
    assert lake.logged("query not stopped")
    assert all("InternalServerException" in str(each.error) for each in lake.account.invocations if each.error)
