"""What an operator asks a function for: drain and reprocess."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lakes import REPORTS, Lake, act, csv, day

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))


def test_drain_works_the_inbox_off(lake: Lake) -> None:
    lake.account.client("s3").put_object(
        Bucket=lake.bucket, Key="pipeline/inbox/raw/raw/stocks/AAPL.csv/1", Body=b"raw/stocks/AAPL.csv"
    )
    assert act(lake, action="drain") == {"outcome": "the inbox is empty", "batches": 1}
    assert lake.loads()[0]["status"] == "removed"


def test_reprocess_rebuilds_everything_from_the_raw_files(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL, "IBM.csv": AAPL})
    before = lake.processed(), lake.monthly(), lake.yearly()
    s3 = lake.account.client("s3")
    for key in lake.keys("processed/"):
        if key.endswith("/manifest"):
            s3.put_object(Bucket=lake.bucket, Key=key, Body=b"")
    lake.settle()
    assert lake.processed() == []
    assert act(lake, action="reprocess")["put into the inbox"] == 3
    lake.settle()
    assert (lake.processed(), lake.monthly(), lake.yearly()) == before


def test_reprocess_takes_out_what_is_no_longer_in_raw(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
    s3 = lake.account.client("s3")
    s3.put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration={})
    s3.delete_object(Bucket=lake.bucket, Key="raw/stocks/AAPL.csv")
    act(lake, action="reprocess", prefix="raw/stocks/AA")
    assert {row["symbol"] for row in lake.processed()} == {"MSFT"}


def test_reprocess_of_the_reports_computes_them_anew(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    before = lake.yearly()
    lake.account.client("s3").put_object(
        Bucket=lake.bucket, Key="reporting/yearly/_symlink_format_manifest/year=2016/manifest", Body=b""
    )
    assert lake.yearly() == []
    assert act(lake, REPORTS, action="reprocess", prefix="processed/stocks/year=2016")["put into the inbox"] == 2
    assert lake.yearly() == before


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ({"action": "explode"}, "'explode'"),
        ({"action": ["drain"]}, "['drain']"),
        ({"action": None}, "None"),
        ({"action": "drain", "prefix": "raw/"}, "'prefix'"),
        ({"action": "reprocess", "prefix": "processed/"}, "'processed/'"),
        ({"action": "reprocess", "prefix": 5}, "5"),
        ({"action": "drain", "batch_files": 0}, "0"),
        ({"action": "drain", "batch_files": "many"}, "'many'"),
        ({"action": "drain", "batch_files": True}, "True"),
        ({"action": "check", "bucket": 5}, "5"),
    ],
    ids=str,
)
def test_an_action_that_cannot_be_is_an_error_that_shows_it(lake: Lake, action: dict[str, Any], shown: str) -> None:
    answer = act(lake, **action)
    assert answer["errorType"] == "ConfigurationError" and shown in answer["errorMessage"]
