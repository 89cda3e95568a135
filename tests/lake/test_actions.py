"""What an operator asks a function for: drain and reprocess."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest

from lambda_scripts.lakehouse.clock import Deadline
from lambda_scripts.lakehouse.errors import DeadlineReachedError
from lambda_scripts.lakehouse.operations import actions
from tests.lakes import RAW, REPORTS, Lake, act, csv, day

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))


@pytest.mark.reports(False)
def test_drain_works_the_inbox_off(lake: Lake) -> None:
    lake.account.client("s3").put_object(
        Bucket=lake.bucket, Key="pipeline/inbox/raw/raw/stocks/AAPL.csv/1", Body=b"raw/stocks/AAPL.csv"
    )
    assert act(lake, action="drain") == {"outcome": "the inbox is empty", "batches": 1}
    assert lake.loads()[0]["status"] == "removed"


FILES = {
    **{
        f"S{number}.csv": csv(day("2015-12-31", 10 + number), day(f"2016-0{2 - number % 2}-04", 20 + number))
        for number in range(1, 7)
    },
    "later/S1.csv": csv(day("2016-01-04", 99), "2016-01-05,1,2,0,,,5", day("2016-02-02", 98)),
    "READ_ME.csv": "garbage",
}
ZONES = ("processed/", "reporting/", "rejected/")


@pytest.mark.on_trino(True)
def test_reprocess_where_only_the_raw_files_are_left_gives_the_same_tables(lake: Lake) -> None:
    lake.drop_in_one_event(FILES)
    before = as_bytes(lake)
    delete(lake, (*ZONES, "pipeline/"))
    for table in lake.account.tables():
        lake.account.client("glue").delete_table(DatabaseName=lake.account.database, Name=table)
    assert act(lake, action="reprocess")["put into the inbox"] == len(FILES)
    lake.settle()
    assert as_bytes(lake) == before


def test_reprocess_into_emptied_zones_gives_the_same_tables_however_often_it_is_cut_short(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.drop_in_one_event(FILES)
    before = as_bytes(lake)
    delete(lake, ZONES)
    assert lake.processed() == []
    lake.account.logs.clear()
    lake.account.invocations.clear()
    monkeypatch.setenv("LAKE_BATCH_FILES", "3")
    monkeypatch.setattr(actions, "NAMES_AT_ONCE", 3)
    with monkeypatch.context() as once:
        out_of_time_for_a_second(once, "raw/ into the inbox")
        assert "of which 3 of 8 names are there" in act(lake, action="reprocess")["errorMessage"]
    # An operator who sees that asks again. Each invocation has time for one batch, and one is killed on top of that.
    out_of_time_for_a_second(monkeypatch, "begin another batch")
    lake.account.faults.arm("before", 2, function=RAW, operation="s3:CopyObject")
    lake.account.client("lambda").invoke(
        FunctionName=RAW, InvocationType="Event", Payload=json.dumps({"action": "reprocess", "bucket": lake.bucket})
    )
    lake.settle()
    assert as_bytes(lake) == before
    at_work = {line["request_id"] for line in lake.logged("loaded")}
    assert len(at_work) >= 3 and lake.logged("out of time; goes on in a fresh invocation")
    left = [line["markers"] for line in lake.logged("inbox") if line["queue"] == "raw" and line["request_id"] in at_work]
    assert left[0] >= len(FILES) and left[-1] == 0 and left == sorted(left, reverse=True)
    assert sum(line["files"] for line in lake.logged("loaded")) == len(FILES)


def delete(lake: Lake, zones: Sequence[str]) -> None:
    for key in [key for zone in zones for key in lake.keys(zone)]:
        lake.account.client("s3").delete_object(Bucket=lake.bucket, Key=key)


def as_bytes(lake: Lake) -> dict[str, bytes]:
    """Each table whole, in order, less when it was loaded; of the loads what does not depend on those before."""
    statements = {
        **{
            f"SELECT * FROM {table}": "loaded_at"
            for table in ("stocks_processed", "monthly_stock_reporting", "yearly_stock_reporting")
        },
        "SELECT source, symbol, record, reason FROM stocks_rejected": "",
        "SELECT source, status, rows, rejected, symbols, first_date, last_date FROM stocks_load_history WHERE is_latest": "",
    }
    return {
        sql: json.dumps(sorted([list((row | {left_out: ""}).items()) for row in lake.query(sql)], key=str)).encode()
        for sql, left_out in statements.items()
    }


def out_of_time_for_a_second(monkeypatch: pytest.MonkeyPatch, for_what: str) -> None:
    """Have each invocation's time be up when it begins something for the second time."""
    check = Deadline.check

    def checked(deadline: Deadline, what: str) -> None:
        begun = vars(deadline).setdefault(for_what, itertools.count(1))
        if for_what in what and next(begun) == 2:
            raise DeadlineReachedError(f"no time left in this invocation to {what}")
        check(deadline, what)

    monkeypatch.setattr(Deadline, "check", checked)


@pytest.mark.reports(False)
def test_reprocess_takes_out_what_is_no_longer_in_raw(lake: Lake) -> None:
    too_long_for_a_record = "AALONG/" + "/".join(["f" * 108] * 9) + "/AALONG.csv"  # whose key would hold it
    lake.drop_in_one_event({"AAPL.csv": AAPL, "MSFT.csv": AAPL, too_long_for_a_record: AAPL})
    assert len(lake.prices()) == 6
    s3 = lake.account.client("s3")
    s3.put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration={})
    for name in ("AAPL.csv", too_long_for_a_record):
        s3.delete_object(Bucket=lake.bucket, Key=f"raw/stocks/{name}")
    act(lake, action="reprocess", prefix="raw/stocks/AA")
    assert {row["symbol"] for row in lake.processed()} == {"MSFT"}


@pytest.mark.reports(False)
def test_a_day_that_a_file_gives_no_more_goes_to_the_newest_other_though_an_older_one_is_reprocessed(lake: Lake) -> None:
    for number, key in enumerate(("AAPL_1.csv", "AAPL_2.csv", "AAPL_11.csv")):
        lake.event_of({key: csv(day("2016-01-04", 100 + number))})
        lake.later()
    act(lake, action="reprocess")
    lake.event_of({"AAPL_11.csv": csv(day("2016-01-05", 103))})
    act(lake, action="reprocess", prefix="raw/stocks/AAPL_1")
    assert lake.prices() == [("AAPL", "2016-01-04", "101.0"), ("AAPL", "2016-01-05", "103.0")]


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
