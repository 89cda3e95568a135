"""A new zip over an older lake: it loads on, without a person.

`lake_of_version_1.json` is a lake as the code of commit b610fc1 left it, object by object and table by table:

    AAPL/AAPL_1.csv  loaded, one line rejected; of one of its days another file came later
    AAPL/AAPL_2.csv  that one, which won 2016-01-04
    IBM.csv          refused
    GOOG/GOOG_1.csv  loaded and deleted, so that 2016-03 has a manifest without a line
    MSFT.csv         loaded; its new version's batch was killed when it had published one of two months, and so was the report
    TSLA.csv         its event waits in the inbox, since the killed batch still had the lease, which has run out by now
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lambda_scripts.lakehouse.tables import compaction
from tests.lakes import RAW, REPORTS, Lake, act, csv, day

VERSION_1: dict[str, Any] = json.loads((Path(__file__).parent / "lake_of_version_1.json").read_text(encoding="utf-8"))

AAPL_ONE = [("AAPL", "2015-12-31", "90.0"), ("AAPL", "2016-02-01", "99.0")]
LEFT_BY_VERSION_1 = [*AAPL_ONE, ("AAPL", "2016-01-04", "101.0"), ("MSFT", "2016-01-04", "51.0")]
NEW = ("NEW", "2016-01-04", "10.0")
LOADED_ON = [*LEFT_BY_VERSION_1, NEW, ("MSFT", "2016-04-01", "52.0"), ("TSLA", "2016-01-04", "20.0")]


@pytest.fixture
def older_lake(lake: Lake) -> Iterator[Lake]:
    """The older lake, with today's functions in it."""
    _lay_down(lake)
    yield lake


def _lay_down(lake: Lake) -> None:
    s3, glue = lake.account.client("s3"), lake.account.client("glue")
    triggers = s3.get_bucket_notification_configuration(Bucket=lake.bucket)
    triggers.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration={})
    for stored in VERSION_1["objects"]:
        body = stored["text"].encode() if "text" in stored else base64.b64decode(stored["base64"])
        seconds = (datetime.fromisoformat(stored["modified"]) - lake.account.clock.now()).total_seconds()
        lake.later(seconds)  # back, mostly: a file's version is when it was put, too
        s3.put_object(Bucket=lake.bucket, Key=stored["key"], Body=body)
    lake.account.clock.ahead_seconds = 0
    s3.put_bucket_notification_configuration(Bucket=lake.bucket, NotificationConfiguration=triggers)
    for described in VERSION_1["tables"]:
        table = described["table"]
        glue.create_table(DatabaseName=lake.account.database, TableInput=table)
        partitions = [
            {"Values": each["Values"], "StorageDescriptor": {**table["StorageDescriptor"], "Location": each["Location"]}}
            for each in described["partitions"]
        ]
        if partitions:
            glue.batch_create_partition(
                DatabaseName=lake.account.database, TableName=table["Name"], PartitionInputList=partitions
            )


def _load_on(lake: Lake) -> None:
    """The first drop that the new functions see."""
    lake.drop({"NEW.csv": csv(day("2016-01-04", 10))})


def test_the_older_lake_reads_as_it_was_left(older_lake: Lake) -> None:
    assert sorted(older_lake.prices()) == sorted(LEFT_BY_VERSION_1)


@pytest.mark.orchestration
def test_the_first_drop_ends_what_was_left_and_loads_everything_that_waits(older_lake: Lake) -> None:
    _load_on(older_lake)
    assert sorted(older_lake.prices()) == sorted(LOADED_ON)
    reported = older_lake.query("SELECT symbol, year, month, close_price FROM monthly_stock_reporting ORDER BY 1, 2, 3")
    last_closes = {(symbol, str(date)[:4], str(date)[5:7]): close for symbol, date, close in sorted(LOADED_ON)}
    assert {(row["symbol"], row["year"], row["month"]): row["close_price"] for row in reported} == last_closes
    yearly = older_lake.query("SELECT symbol, year FROM yearly_stock_reporting")
    assert sorted((row["symbol"], row["year"]) for row in yearly) == sorted({(symbol, year) for symbol, year, _ in last_closes})


@pytest.mark.orchestration
def test_nothing_of_a_batch_that_died_in_the_older_lake_is_left(older_lake: Lake) -> None:
    _load_on(older_lake)
    for prefix in ("pipeline/inbox/", "pipeline/staging/"):
        assert older_lake.keys(prefix) == []
    assert [name for name in older_lake.account.tables() if name.startswith("tmp_")] == []
    for table in ("stocks_staging_lines", "stocks_staging_sources"):
        answer = older_lake.account.client("glue").get_partitions(DatabaseName=older_lake.account.database, TableName=table)
        assert answer["Partitions"] == []


def test_tables_get_the_columns_and_views_the_text_of_this_version(older_lake: Lake) -> None:
    assert "assumed" not in older_lake.query("SELECT * FROM stocks_loads LIMIT 1")[0]
    _load_on(older_lake)
    history = older_lake.query("SELECT source, assumed, is_latest FROM stocks_load_history")
    assert {row["assumed"] for row in history if "/AAPL/" in str(row["source"])} == {None}
    glue = older_lake.account.client("glue")
    view = glue.get_table(DatabaseName=older_lake.account.database, Name="stocks_load_history")["Table"]["ViewOriginalText"]
    text = json.loads(base64.b64decode(view.split()[3]))["originalSql"]
    assert "ORDER BY batch_id DESC" in text and "loaded_at DESC" not in text


def test_load_records_of_both_versions_are_one_history(older_lake: Lake) -> None:
    _load_on(older_lake)
    assert {row["source"]: (row["status"], row["accepted"]) for row in older_lake.loads()} == {
        "AAPL/AAPL_1.csv": ("loaded", "3"),
        "AAPL/AAPL_2.csv": ("loaded", "1"),
        "GOOG/GOOG_1.csv": ("removed", "0"),
        "IBM.csv": ("refused", "0"),
        "MSFT.csv": ("loaded", "2"),
        "NEW.csv": ("loaded", "1"),
        "TSLA.csv": ("loaded", "1"),
    }
    msft = older_lake.query("SELECT rows, is_latest FROM stocks_load_history WHERE source LIKE '%/MSFT.csv' ORDER BY batch_id")
    assert [(row["rows"], row["is_latest"]) for row in msft] == [("1", "false"), ("2", "true")]


@pytest.mark.orchestration
def test_a_runner_up_of_the_older_lake_takes_the_place_of_a_file_that_goes(older_lake: Lake) -> None:
    older_lake.remove("AAPL/AAPL_2.csv")
    assert [row for row in older_lake.prices() if row[0] == "AAPL"] == sorted([*AAPL_ONE, ("AAPL", "2016-01-04", "100.0")])


@pytest.mark.orchestration
def test_a_month_that_the_older_lake_emptied_takes_rows_again(older_lake: Lake) -> None:
    older_lake.drop({"GOOG/GOOG_2.csv": csv(day("2016-03-02", 701))})
    assert ("GOOG", "2016-03-02", "701.0") in older_lake.prices()


@pytest.mark.orchestration
def test_an_event_of_a_version_that_the_older_lake_has_on_record_loads_nothing(older_lake: Lake) -> None:
    s3 = older_lake.account.client("s3")
    for key in ("AAPL/AAPL_1.csv", "IBM.csv"):
        s3.put_object(
            Bucket=older_lake.bucket, Key=f"pipeline/inbox/raw/raw/stocks/{key}/0001", Body=f"raw/stocks/{key}".encode()
        )
    _load_on(older_lake)
    rows = older_lake.query("SELECT source FROM stocks_loads WHERE source LIKE '%/AAPL_1.csv' OR source LIKE '%/IBM.csv'")
    assert len(rows) == 2


def test_reprocessing_the_older_lake_comes_to_the_same_tables(older_lake: Lake) -> None:
    _load_on(older_lake)
    before = older_lake.tables()
    act(older_lake, RAW, action="reprocess")
    older_lake.settle()
    act(older_lake, REPORTS, action="reprocess")
    older_lake.settle()
    after = older_lake.tables()
    assert {table: after[table] for table in ("processed", "monthly", "yearly")} == {
        table: before[table] for table in ("processed", "monthly", "yearly")
    }
    counted = [(row["source"], row["rows"], row["rejected"]) for row in after["loads"]]
    assert counted == [(row["source"], row["rows"], row["rejected"]) for row in before["loads"]]


def test_load_records_of_the_older_lake_are_compacted(older_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "COMPACT_FROM", 4)
    _load_on(older_lake)
    history = older_lake.query("SELECT * FROM stocks_load_history ORDER BY batch_id, source")
    older_lake.later(3_601)
    act(older_lake, RAW, action="reprocess", prefix="raw/stocks/AAPL/AAPL_1.csv")
    assert len(older_lake.keys("pipeline/loads/")) == 2
    of_then = older_lake.query("SELECT * FROM stocks_load_history ORDER BY batch_id, source")[: len(history)]
    assert [(row["batch_id"], row["source"]) for row in of_then] == [(row["batch_id"], row["source"]) for row in history]
    assert sorted(older_lake.prices()) == sorted(LOADED_ON)
