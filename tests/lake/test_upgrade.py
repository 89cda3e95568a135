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
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lambda_scripts.lakehouse.tables import compaction
from tests.lakes import RAW, REPORTS, Lake, act, csv, day, opened
from tests.local_aws.account import EngineName

VERSION_1: dict[str, Any] = json.loads((Path(__file__).parent / "lake_of_version_1.json").read_text(encoding="utf-8"))

AAPL_ONE = [("AAPL", "2015-12-31", "90.0"), ("AAPL", "2016-02-01", "99.0")]
LEFT_BY_VERSION_1 = [*AAPL_ONE, ("AAPL", "2016-01-04", "101.0"), ("MSFT", "2016-01-04", "51.0")]
DROPPED = {"NEW.csv": csv(day("2016-01-04", 10)), "GOOG/GOOG_2.csv": csv(day("2016-03-02", 701))}
NEW = [("NEW", "2016-01-04", "10.0"), ("GOOG", "2016-03-02", "701.0")]
LOADED_ON = [*LEFT_BY_VERSION_1, *NEW, ("MSFT", "2016-04-01", "52.0"), ("TSLA", "2016-01-04", "20.0")]
LOADS_OF_VERSION_1 = "pipeline/loads/20261126-"
HISTORY = "SELECT batch_id, source FROM stocks_load_history ORDER BY batch_id, source"
ON_RECORD = ("AAPL/AAPL_1.csv", "IBM.csv")


@dataclass(frozen=True)
class Upgraded:
    """The older lake with today's functions in it, and what it was before their first drop."""

    lake: Lake
    prices_before: Sequence[tuple[str | None, ...]]
    columns_before: Collection[str]


@pytest.fixture(scope="module")
def upgraded(engine: EngineName) -> Iterator[Upgraded]:
    with opened(engine) as lake:
        _lay_down(lake)
        upgraded = Upgraded(lake, lake.prices(), lake.query("SELECT * FROM stocks_loads LIMIT 1")[0].keys())
        # Events of versions that the older lake has on record.
        for key in ON_RECORD:
            lake.account.client("s3").put_object(
                Bucket=lake.bucket, Key=f"pipeline/inbox/raw/raw/stocks/{key}/0001", Body=f"raw/stocks/{key}".encode()
            )
        lake.drop_in_one_event(DROPPED)
        yield upgraded


@pytest.fixture(scope="module")
def lake(upgraded: Upgraded) -> Lake:
    return upgraded.lake


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


def test_the_older_lake_reads_as_it_was_left(upgraded: Upgraded) -> None:
    assert sorted(upgraded.prices_before) == sorted(LEFT_BY_VERSION_1)


def test_the_first_drop_ends_what_was_left_and_loads_everything_that_waits(lake: Lake) -> None:
    assert sorted(lake.prices()) == sorted(LOADED_ON)
    reported = lake.query("SELECT symbol, year, month, close_price FROM monthly_stock_reporting ORDER BY 1, 2, 3")
    last_closes = {(symbol, str(date)[:4], str(date)[5:7]): close for symbol, date, close in sorted(LOADED_ON)}
    assert {(row["symbol"], row["year"], row["month"]): row["close_price"] for row in reported} == last_closes
    yearly = lake.query("SELECT symbol, year FROM yearly_stock_reporting")
    assert sorted((row["symbol"], row["year"]) for row in yearly) == sorted({(symbol, year) for symbol, year, _ in last_closes})


def test_a_month_that_the_older_lake_emptied_takes_rows_again(lake: Lake) -> None:
    assert lake.prices("year = '2016' AND month = '03'") == [("GOOG", "2016-03-02", "701.0")]


def test_nothing_of_a_batch_that_died_in_the_older_lake_is_left(lake: Lake) -> None:
    for prefix in ("pipeline/inbox/", "pipeline/staging/"):
        assert lake.keys(prefix) == []
    assert [name for name in lake.account.tables() if name.startswith("tmp_")] == []
    for table in ("stocks_staging_lines", "stocks_staging_sources"):
        answer = lake.account.client("glue").get_partitions(DatabaseName=lake.account.database, TableName=table)
        assert answer["Partitions"] == []


def test_tables_get_the_columns_and_views_the_text_of_this_version(upgraded: Upgraded) -> None:
    assert "assumed" not in upgraded.columns_before
    lake = upgraded.lake
    history = lake.query("SELECT source, assumed, is_latest FROM stocks_load_history")
    assert {row["assumed"] for row in history if "/AAPL/" in str(row["source"])} == {None}
    glue = lake.account.client("glue")
    view = glue.get_table(DatabaseName=lake.account.database, Name="stocks_load_history")["Table"]["ViewOriginalText"]
    text = json.loads(base64.b64decode(view.split()[3]))["originalSql"]
    assert "ORDER BY batch_id DESC" in text and "loaded_at DESC" not in text


def test_load_records_of_both_versions_are_one_history(lake: Lake) -> None:
    assert {row["source"]: (row["status"], row["accepted"]) for row in lake.loads()} == {
        "AAPL/AAPL_1.csv": ("loaded", "3"),
        "AAPL/AAPL_2.csv": ("loaded", "1"),
        "GOOG/GOOG_1.csv": ("removed", "0"),
        "GOOG/GOOG_2.csv": ("loaded", "1"),
        "IBM.csv": ("refused", "0"),
        "MSFT.csv": ("loaded", "2"),
        "NEW.csv": ("loaded", "1"),
        "TSLA.csv": ("loaded", "1"),
    }
    msft = lake.query("SELECT rows, is_latest FROM stocks_load_history WHERE source LIKE '%/MSFT.csv' ORDER BY batch_id")
    assert [(row["rows"], row["is_latest"]) for row in msft] == [("1", "false"), ("2", "true")]


def test_an_event_of_a_version_that_the_older_lake_has_on_record_loads_nothing(lake: Lake) -> None:
    rows = lake.query("SELECT source FROM stocks_loads WHERE source LIKE '%/AAPL_1.csv' OR source LIKE '%/IBM.csv'")
    assert len(rows) == len(ON_RECORD)


# What follows changes the lake


def test_a_runner_up_of_the_older_lake_takes_the_place_of_a_file_that_goes(lake: Lake) -> None:
    lake.remove("AAPL/AAPL_2.csv")
    assert lake.prices("symbol = 'AAPL'") == sorted([*AAPL_ONE, ("AAPL", "2016-01-04", "100.0")])


def test_load_records_of_the_older_lake_are_compacted(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "COMPACT_FROM", 4)
    before, history = lake.prices(), lake.query(HISTORY)
    assert [key for key in lake.keys("pipeline/loads/") if key.startswith(LOADS_OF_VERSION_1)]
    lake.drop({"IBM.csv": "still nothing"})
    lake.later(3_601)
    lake.remove("IBM.csv")
    assert not [key for key in lake.keys("pipeline/loads/") if key.startswith(LOADS_OF_VERSION_1)]
    assert lake.query(HISTORY)[: len(history)] == history and lake.prices() == before


def test_reprocessing_the_older_lake_comes_to_the_same_tables(lake: Lake) -> None:
    before = lake.tables()
    act(lake, RAW, action="reprocess")
    lake.settle()
    act(lake, REPORTS, action="reprocess")
    lake.settle()
    after = lake.tables()
    for table in ("processed", "monthly", "yearly"):
        assert after[table] == before[table], table
    counted = [(row["source"], row["rows"], row["rejected"]) for row in after["loads"]]
    assert counted == [(row["source"], row["rows"], row["rejected"]) for row in before["loads"]]
