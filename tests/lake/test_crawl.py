"""The crawlers: when one is started, and that it never stands in the way of a load."""

from __future__ import annotations

import pytest

from tests.lakes import REPORTS, Lake, act, csv, day

pytestmark = pytest.mark.orchestration

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))


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


def test_a_second_crawl_within_the_hour_waits_for_a_later_batch(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"raw/funds/SPY.csv": AAPL})
    assert started(lake) == 1 and lake.logged("crawl postponed: the last one began within the hour")
    lake.later(3600)
    lake.drop({"AAPL_2.csv": AAPL})
    assert started(lake) == 2
    lake.drop({"AAPL_3.csv": AAPL})
    assert started(lake) == 2


def test_drain_starts_a_crawl_that_was_postponed(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"raw/funds/SPY.csv": AAPL})
    lake.later(3600)
    act(lake, action="drain")
    lake.settle()
    assert started(lake) == 2
    act(lake, action="drain")
    assert started(lake) == 2


def test_a_missing_crawler_stops_nothing(lake: Lake) -> None:
    lake.account.client("glue").delete_crawler(Name="stocks_raw_crawler")
    lake.drop({"AAPL.csv": AAPL})
    assert len(lake.prices()) == 2
    assert "create the crawler" in lake.logged("crawl not started")[0]["remedy"]


def test_a_failed_crawl_is_reported_and_the_next_new_file_asks_again_an_hour_later(lake: Lake) -> None:
    _aim_the_crawler(lake, "nosuch-bucket")
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"MSFT.csv": AAPL})
    assert started(lake) == 1 and "nosuch-bucket" in lake.logged("the last crawl failed")[0]["error"]
    lake.later(3600)
    lake.drop({"IBM.csv": AAPL})
    assert started(lake) == 2


@pytest.mark.parametrize(
    ("update", "delete", "crawls"),
    [("LOG", "LOG", 1), ("UPDATE_IN_DATABASE", "LOG", 0), ("LOG", "DEPRECATE_IN_DATABASE", 0)],
)
def test_the_processed_crawler_starts_only_where_it_changes_no_table(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, update: str, delete: str, crawls: int
) -> None:
    lake.drop({"AAPL.csv": AAPL})
    glue = lake.account.client("glue")
    glue.create_crawler(
        Name="stocks_processed_crawler",
        Role="role",
        Targets={"CatalogTargets": [{"DatabaseName": "hyn_stocks_db", "Tables": ["stocks_processed"]}]},
        SchemaChangePolicy={"UpdateBehavior": update, "DeleteBehavior": delete},
    )
    monkeypatch.setenv("LAKE_PROCESSED_CRAWLER", "stocks_processed_crawler")
    glue.delete_partition(DatabaseName="hyn_stocks_db", TableName="stocks_processed", PartitionValues=["2016", "01"])
    act(lake, REPORTS, action="reprocess")
    lake.settle()
    assert [line["crawler"] for line in lake.logged("crawl started")].count("stocks_processed_crawler") == crawls
    if not crawls:
        (line,) = lake.logged("crawl not started")
        assert f"UpdateBehavior is {update} and its DeleteBehavior {delete}" in line["error"] and "LOG" in line["remedy"]


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
