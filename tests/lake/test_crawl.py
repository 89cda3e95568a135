"""The crawlers: when one is started, and that it never stands in the way of a load."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.lake import open_lake
from lambda_scripts.lakehouse.layout import RAW_QUEUE
from lambda_scripts.lakehouse.operations import crawl, postponed
from tests.lakes import RAW, REPORTS, Lake, act, csv, day

pytestmark = [pytest.mark.on_trino(False), pytest.mark.reports(False)]

AAPL = csv(day("2016-01-04", 100))
EMPTY = ""
"""Refused at once: when a crawl is started does not depend on what a file holds."""

CONTEXT = SimpleNamespace(
    function_name=RAW, aws_request_id="1", invoked_function_arn="arn", get_remaining_time_in_millis=lambda: 900_000
)


def started(lake: Lake) -> int:
    return len(lake.logged("crawl started"))


def test_a_folder_that_the_table_does_not_cover_is_crawled_once(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    assert started(lake) == 1
    lake.later(3600)
    lake.drop({"AAPL_2.csv": AAPL, "GOOG/2016.csv": AAPL})
    assert started(lake) == 1
    lake.drop({"raw/funds/SPY.csv": AAPL})
    assert started(lake) == 2
    rows = lake.query("SELECT DISTINCT partition_0 FROM stocks_raw ORDER BY 1")
    assert [row["partition_0"] for row in rows] == ["funds", "stocks"]
    assert {row["symbol"] for row in lake.processed()} == {"AAPL", "GOOG", "SPY"}


def test_a_second_crawl_within_the_hour_waits_for_a_later_batch_or_a_drain(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    for crawls, folder in enumerate(("funds", "bonds"), 2):
        lake.drop({f"raw/{folder}/SPY.csv": AAPL})
        assert started(lake) == crawls - 1
        assert len(lake.logged("crawl postponed: the last one began within the hour")) == crawls - 1
        lake.later(3600)
        for number in range(2):
            if folder == "funds":
                lake.drop({f"AAPL_{number}.csv": EMPTY})
            else:
                act(lake, action="drain")
                lake.settle()
            assert started(lake) == crawls


def test_of_two_who_postpone_at_the_same_time_the_names_of_the_first_stay(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    of, swap = open_lake(RAW_QUEUE, lake.bucket, CONTEXT), Store.swap

    def swap_after_another(store: Store, key: str, body: bytes, etag: str | None) -> str:
        store.put(key, b'["raw/bonds/"]')
        return swap(store, key, body, etag)

    monkeypatch.setattr(Store, "swap", swap_after_another)
    postponed.write(of, crawl.WHAT, ["raw/funds/"])
    assert postponed.read(of, crawl.WHAT) == {"raw/bonds/"} and lake.logged("not remembered")[0]["names"] == ["raw/funds/"]


def test_a_missing_crawler_stops_nothing(lake: Lake) -> None:
    lake.account.client("glue").delete_crawler(Name="stocks_raw_crawler")
    lake.drop({"AAPL.csv": AAPL})
    assert len(lake.prices()) == 1
    assert "create the crawler" in lake.logged("crawl not started")[0]["remedy"]


def test_a_failed_crawl_is_reported_and_the_next_new_file_asks_again_an_hour_later(lake: Lake) -> None:
    _aim_the_crawler(lake, "nosuch-bucket")
    lake.drop({"AAPL.csv": EMPTY})
    lake.drop({"MSFT.csv": EMPTY})
    assert started(lake) == 1 and "nosuch-bucket" in lake.logged("the last crawl failed")[0]["error"]
    lake.later(3600)
    lake.drop({"IBM.csv": EMPTY})
    assert started(lake) == 2


def test_the_processed_crawler_starts_only_where_it_changes_no_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": AAPL})
    glue = lake.account.client("glue")
    monkeypatch.setenv("LAKE_PROCESSED_CRAWLER", "stocks_processed_crawler")
    for update, delete in (("UPDATE_IN_DATABASE", "LOG"), ("LOG", "DEPRECATE_IN_DATABASE"), ("LOG", "LOG")):
        glue.create_crawler(
            Name="stocks_processed_crawler",
            Role="role",
            Targets={"CatalogTargets": [{"DatabaseName": "hyn_stocks_db", "Tables": ["stocks_processed"]}]},
            SchemaChangePolicy={"UpdateBehavior": update, "DeleteBehavior": delete},
        )
        glue.delete_partition(DatabaseName="hyn_stocks_db", TableName="stocks_processed", PartitionValues=["2016", "01"])
        lake.account.logs.clear()
        act(lake, REPORTS, action="reprocess")
        lake.settle()
        refused = (update, delete) != ("LOG", "LOG")
        crawls = ["stocks_processed_crawler"] * (not refused)
        assert [line["crawler"] for line in lake.logged("crawl started")] == crawls
        if refused:
            (line,) = lake.logged("crawl not started")
            assert f"UpdateBehavior is {update} and its DeleteBehavior {delete}" in line["error"] and "LOG" in line["remedy"]
        glue.delete_crawler(Name="stocks_processed_crawler")


def _aim_the_crawler(lake: Lake, bucket: str) -> None:
    glue = lake.account.client("glue")
    crawler = glue.get_crawler(Name="stocks_raw_crawler")["Crawler"]
    glue.delete_crawler(Name="stocks_raw_crawler")
    glue.create_crawler(
        Name="stocks_raw_crawler",
        Role=crawler["Role"],
        DatabaseName=crawler["DatabaseName"],
        Targets={"S3Targets": [{"Path": f"s3://{bucket}/raw/"}]},
    )
