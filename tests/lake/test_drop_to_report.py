"""From a dropped file to the reports: what a person who drops files may rely on."""

from __future__ import annotations

import json

import pytest

from tests.lakes import RAW, Lake, csv, day

AAPL = csv(day("2016-01-04", 100), day("2016-01-05", 110), day("2016-02-01", 99))


def test_a_dropped_file_becomes_prices_and_reports(lake: Lake) -> None:
    lake.drop({"AAPL_2016.csv": AAPL})
    assert lake.prices() == [("AAPL", "2016-01-04", "100.0"), ("AAPL", "2016-01-05", "110.0"), ("AAPL", "2016-02-01", "99.0")]
    (january, february) = lake.monthly()
    assert january == {
        "symbol": "AAPL",
        "month": "01",
        "trading_days": "2",
        "open_price": "99.0",
        "close_price": "110.0",
        "avg_close_price": "105.0",
        "highest_price": "112.0",
        "lowest_price": "98.0",
        "total_volume": "2000",
        "avg_daily_range": "4.0",
        "return_pct": None,
        "volatility": None,
        "year": "2016",
    }
    assert february["return_pct"] == "-9.999999999999998"
    (year,) = lake.yearly()
    assert (year["symbol"], year["year"], year["trading_days"], year["close_price"]) == ("AAPL", "2016", "3", "99.0")
    assert year["max_drawdown_pct"] == "-9.999999999999998"


def test_returns_of_more_than_a_year_and_opens_that_are_not_known_are_left_out(lake: Lake) -> None:
    """Though the years on both sides of the gap are reported by one statement."""
    lake.drop({"AAPL.csv": csv(day("2014-12-31", 50), "2016-01-04,,102,98,100,100,1000", day("2016-01-05", 110))})
    for _, of_2016 in (lake.monthly(), lake.yearly()):
        assert (of_2016["year"], of_2016["open_price"], of_2016["return_pct"], of_2016["volatility"]) == (
            "2016",
            "109.0",
            None,
            None,
        )


def test_of_more_than_a_hundred_months_only_those_that_change_and_their_years_are_rewritten(lake: Lake) -> None:
    rows = [day(f"{year}-{month:02d}-15", 100 + year - 2000) for year in range(2000, 2009) for month in range(1, 13)]
    rows.insert(60, day("2005-01-14", 105))  # or they were bars of months
    lake.drop_in_one_event({"AAPL.csv": csv(*rows)})
    assert (len(lake.prices()), len(lake.monthly())) == (109, 108)
    assert len(lake.yearly()) == 9
    before = lake.manifests()
    lake.drop({"AAPL_2.csv": csv(day("2004-06-16", 101))})
    changed = {key for key, named in lake.manifests().items() if before[key] != named}
    assert changed == {
        "processed/stocks/_symlink_format_manifest/year=2004/month=06/manifest",
        "reporting/monthly/_symlink_format_manifest/year=2004/manifest",
        "reporting/monthly/_symlink_format_manifest/year=2005/manifest",
        "reporting/yearly/_symlink_format_manifest/year=2004/manifest",
        "reporting/yearly/_symlink_format_manifest/year=2005/manifest",
    }


@pytest.mark.on_trino(False)
def test_an_event_of_an_object_outside_raw_changes_nothing(lake: Lake) -> None:
    record = {"s3": {"bucket": {"name": lake.bucket}, "object": {"key": "elsewhere/AAPL.csv", "sequencer": "1"}}}
    assert lake.account.invoke(RAW, {"Records": [record]}) == {lake.bucket: "no drop among the changes"}


@pytest.mark.on_trino(False)
def test_the_test_event_changes_nothing(lake: Lake) -> None:
    assert lake.account.invoke(RAW, {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": lake.bucket}) == {}


@pytest.mark.on_trino(False)
@pytest.mark.reports(False)
def test_while_another_holds_the_lease_the_marker_waits(lake: Lake) -> None:
    s3 = lake.account.client("s3")
    held = {"token": 7, "owner": "another", "renewals": 3, "seconds": 600.0}
    s3.put_object(Bucket=lake.bucket, Key="pipeline/leases/raw.json", Body=json.dumps(held))
    for symbol in ("AAPL", "MSFT", "IBM"):
        lake.account.drop(f"raw/stocks/{symbol}.csv", AAPL)
    lake.wait_for("another waits for the lease", 2)
    assert len(lake.keys("pipeline/inbox/raw/")) == 3 and lake.keys("processed/") == []
    s3.put_object(Bucket=lake.bucket, Key="pipeline/leases/raw.json", Body=json.dumps({**held, "owner": None}))
    lake.settle()
    assert {row["symbol"] for row in lake.processed()} == {"AAPL", "MSFT", "IBM"}
    assert [line["token"] for line in lake.logged("lease taken") if line["function"] == RAW] == [8]
    assert lake.keys("pipeline/inbox/") == []
