"""From a dropped file to the reports: what a person who drops files may rely on."""

from __future__ import annotations

import json

import pytest

from lambda_scripts.lakehouse.aws import sql
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


def test_the_load_record_accounts_for_every_row(lake: Lake) -> None:
    lake.drop({"AAPL_2016.csv": AAPL})
    assert lake.loads() == [
        {
            "source": "AAPL_2016.csv",
            "status": "loaded",
            "rows": "3",
            "accepted": "3",
            "superseded": "0",
            "rejected": "0",
            "symbols": "AAPL",
            "first_date": "2016-01-04",
            "last_date": "2016-02-01",
            "reason": None,
        }
    ]


@pytest.mark.orchestration
def test_several_files_and_symbols_at_once(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL, "all.csv": csv("ibm,2016-01-04,5", header="Ticker,Date,Close")})
    assert [row["symbol"] for row in lake.yearly()] == ["AAPL", "IBM", "MSFT"]
    assert len(lake.loads()) == 3


@pytest.mark.orchestration
def test_a_file_dropped_twice_gives_its_rows_once(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    before = lake.processed(), lake.monthly(), lake.yearly()
    lake.drop({"AAPL.csv": AAPL})
    assert (lake.processed(), lake.monthly(), lake.yearly()) == before


@pytest.mark.orchestration
def test_the_same_event_twice_loads_once(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    event = next(each.event for each in lake.account.invocations if each.function == RAW)
    lake.account.invoke(RAW, event)
    lake.settle()
    assert len(lake.query("SELECT source FROM stocks_loads")) == 1


def test_a_corrected_file_replaces_its_rows(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"AAPL.csv": AAPL.replace("110", "111")})
    assert ("AAPL", "2016-01-05", "111.0") in lake.prices()
    assert [row["close_price"] for row in lake.monthly()] == ["111.0", "99.0"]


@pytest.mark.orchestration
def test_a_file_with_fewer_rows_than_before_takes_the_others_out(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
    lake.drop({"AAPL.csv": csv(day("2016-01-05", 110))})
    assert lake.prices("symbol = 'AAPL'") == [("AAPL", "2016-01-05", "110.0")]
    assert [(row["symbol"], row["month"]) for row in lake.monthly()] == [("AAPL", "01"), ("MSFT", "01"), ("MSFT", "02")]


def test_a_month_that_ends_empty_is_empty(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"AAPL.csv": csv()})
    assert lake.prices() == [] and lake.monthly() == [] and lake.yearly() == []
    assert lake.load_of("AAPL.csv")["rows"] == "0"


def test_a_deleted_file_takes_its_rows_out(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
    lake.remove("AAPL.csv")
    assert {row["symbol"] for row in lake.processed()} == {"MSFT"}
    assert lake.load_of("AAPL.csv")["status"] == "removed"


def test_of_two_sources_with_the_same_day_the_newest_wins(lake: Lake) -> None:
    lake.drop({"AAPL_old.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110))})
    lake.later()
    lake.drop({"AAPL_new.csv": csv(day("2016-01-05", 120))})
    assert lake.prices() == [("AAPL", "2016-01-04", "100.0"), ("AAPL", "2016-01-05", "120.0")]
    lake.later()
    lake.drop({"AAPL_old.csv": csv(day("2016-01-05", 130))})
    assert lake.prices() == [("AAPL", "2016-01-05", "130.0")]
    assert lake.load_of("AAPL_old.csv")["accepted"] == "1"


@pytest.mark.parametrize("gone", ["deleted", "corrected"])
def test_a_day_that_the_newest_source_gives_no_more_goes_back_to_the_one_before(lake: Lake, gone: str) -> None:
    lake.drop({"AAPL_old.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110)), "AAPL_2017.csv": csv(day("2017-01-05", 110))})
    lake.later()
    lake.drop({"AAPL_new.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121))})
    assert lake.prices("year = '2016'")[1:] == [("AAPL", "2016-01-05", "120.0"), ("AAPL", "2016-01-06", "121.0")]
    if gone == "deleted":
        lake.remove("AAPL_new.csv")
    else:
        lake.drop({"AAPL_new.csv": csv(day("2016-01-06", 121))})
    assert lake.prices("year = '2016'")[:2] == [("AAPL", "2016-01-04", "100.0"), ("AAPL", "2016-01-05", "110.0")]
    assert [line["sources"] for line in lake.logged("files to load again")] == [[f"s3://{lake.bucket}/raw/stocks/AAPL_old.csv"]]
    assert lake.keys("pipeline/inbox/") == []


@pytest.mark.orchestration
def test_a_source_that_another_supersedes_accounts_for_it(lake: Lake) -> None:
    lake.account.drop("raw/stocks/AAPL_1.csv", csv(day("2016-01-05", 110)))
    lake.later()
    lake.drop({"AAPL_2.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121))})
    lake.account.invoke(RAW, {"action": "reprocess", "prefix": "raw/stocks/AAPL_1", "bucket": lake.bucket})
    lake.settle()
    load = lake.load_of("AAPL_1.csv")
    assert (load["rows"], load["accepted"], load["superseded"], load["rejected"]) == ("1", "0", "1", "0")
    assert lake.prices("trade_date = DATE '2016-01-05'") == [("AAPL", "2016-01-05", "120.0")]


def test_more_than_a_hundred_months_at_once(lake: Lake) -> None:
    rows = [day(f"{year}-{month:02d}-15", 100 + year - 2000) for year in range(2000, 2011) for month in range(1, 13)]
    rows.insert(60, day("2005-01-14", 105))  # or they were bars of months
    lake.drop({"AAPL.csv": csv(*rows)})
    assert (len(lake.prices()), len(lake.monthly())) == (133, 132)
    assert len(lake.yearly()) == 11


def test_a_bad_row_is_rejected_whole_and_the_others_are_loaded(lake: Lake) -> None:
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100), "2016-01-05,1,2,0,,,5", '2016-01-06,"1,500",2,1,abc,,5')})
    assert lake.prices() == [("AAPL", "2016-01-04", "100.0")]
    assert lake.rejected() == [
        {"source": "AAPL.csv", "symbol": "AAPL", "record": "2016-01-05,1,2,0,,,5", "reason": "no close"},
        {
            "source": "AAPL.csv",
            "symbol": "AAPL",
            "record": '2016-01-06,"1,500",2,1,abc,,5',
            "reason": "the close is not a number",
        },
    ]
    load = lake.load_of("AAPL.csv")
    assert (load["rows"], load["accepted"], load["rejected"]) == ("3", "1", "2")
    assert load["reason"] == "no close; the close is not a number"


@pytest.mark.orchestration
def test_a_refused_file_stops_nothing_beside_it(lake: Lake) -> None:
    lake.drop({"bad.csv": "Datum;Betrag\n2016-01-04;5\n", "AAPL.csv": AAPL, "empty.csv": "", "notes.txt": "hello"})
    assert len(lake.prices()) == 3
    assert {row["source"]: row["status"] for row in lake.loads()} == {
        "AAPL.csv": "loaded",
        "bad.csv": "refused",
        "empty.csv": "refused",
        "notes.txt": "refused",
    }
    assert all(row["reason"] for row in lake.loads() if row["status"] == "refused")


def test_a_refused_version_leaves_the_rows_of_the_one_before(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"AAPL.csv": "garbage"})
    assert len(lake.prices()) == 3
    lake.drop({"AAPL.csv": csv(day("2016-01-05", 111))})
    assert lake.prices() == [("AAPL", "2016-01-05", "111.0")]


@pytest.mark.orchestration
def test_an_event_with_several_records(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.drop({"MSFT.csv": AAPL, "IBM.csv": AAPL})
    records = [record for each in lake.account.invocations if each.function == RAW for record in each.event.get("Records", ())]
    outcome = lake.account.invoke(RAW, {"Records": records})
    assert outcome == {lake.bucket: {"outcome": "the inbox is empty", "batches": 1}}
    assert len(lake.query("SELECT source FROM stocks_loads")) == 3


@pytest.mark.parametrize("key", ["a b+c.csv", 'dir é/it\'s "x"&=%20;.csv', "日本/7203.T.csv", "n" * 180 + ".csv"])
def test_a_key_with_odd_characters(lake: Lake, key: str) -> None:
    lake.drop({key: csv(*(f"AAPL,{row}" for row in AAPL.splitlines()[1:]), header="Symbol," + AAPL.splitlines()[0])})
    assert lake.load_of(key)["accepted"] == "3"
    assert {row["source"] for row in lake.query("SELECT source FROM stocks_processed")} == {
        f"s3://{lake.bucket}/raw/stocks/{key}"
    }


@pytest.mark.orchestration
def test_a_key_too_long_for_a_readable_marker(lake: Lake) -> None:
    key = "/".join(["f" * 100] * 9) + "/AAPL.csv"
    lake.drop({key: AAPL})
    assert lake.load_of(key)["accepted"] == "3"
    assert lake.keys("pipeline/inbox/") == []


@pytest.mark.orchestration
def test_objects_that_are_no_drops_are_skipped(lake: Lake) -> None:
    lake.drop({"raw/": "", "raw/stocks/": "", "AAPL.csv": AAPL})
    assert [row["source"] for row in lake.loads()] == ["AAPL.csv"]
    assert {key for line in lake.logged("event") for key in line.get("skipped", ())} == {"raw/", "raw/stocks/"}


@pytest.mark.orchestration
def test_an_event_of_an_object_outside_raw_changes_nothing(lake: Lake) -> None:
    record = {"s3": {"bucket": {"name": lake.bucket}, "object": {"key": "elsewhere/AAPL.csv", "sequencer": "1"}}}
    assert lake.account.invoke(RAW, {"Records": [record]}) == {lake.bucket: "no drop among the changes"}


@pytest.mark.orchestration
def test_the_test_event_changes_nothing(lake: Lake) -> None:
    assert lake.account.invoke(RAW, {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": lake.bucket}) == {}


@pytest.mark.orchestration
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


@pytest.mark.orchestration
def test_only_the_touched_month_and_years_are_rewritten(lake: Lake) -> None:
    rows = [day(f"{year}-{month:02d}-15", 100) for year in range(2010, 2017) for month in range(1, 13)]
    rows.insert(20, day("2011-09-14", 100))  # or they were bars of months
    lake.drop({"AAPL.csv": csv(*rows)})
    before = lake.manifests()
    lake.drop({"AAPL_2.csv": csv(day("2014-06-16", 101))})
    changed = {key for key, named in lake.manifests().items() if before[key] != named}
    assert changed == {
        "processed/stocks/_symlink_format_manifest/year=2014/month=06/manifest",
        "reporting/monthly/_symlink_format_manifest/year=2014/manifest",
        "reporting/monthly/_symlink_format_manifest/year=2015/manifest",
        "reporting/yearly/_symlink_format_manifest/year=2014/manifest",
        "reporting/yearly/_symlink_format_manifest/year=2015/manifest",
    }


def test_every_partition_has_one_manifest_and_one_current_file(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
    for key, named in lake.manifests().items():
        folder = key.replace("_symlink_format_manifest/", "").removesuffix("manifest")
        assert lake.keys(folder) == [named.strip().removeprefix(f"s3://{lake.bucket}/")]


def test_a_return_never_compares_an_adjusted_close_with_a_plain_one(lake: Lake) -> None:
    rows = [f"2016-01-0{number},100,100,100,100,{adjusted},5" for number, adjusted in ((4, 10), (5, 10), (6, ""), (7, 10))]
    lake.drop({"AAPL.csv": csv(*rows, "2016-02-01,100,100,100,100,,5")})
    returns = lake.query("SELECT DISTINCT daily_return_pct FROM stocks_daily WHERE daily_return_pct IS NOT NULL")
    assert returns == [{"daily_return_pct": "0.0"}]
    assert [(row["volatility"], row["return_pct"]) for row in lake.monthly()] == [("0.0", None), (None, "0.0")]
    assert lake.yearly()[0]["max_drawdown_pct"] == "0.0"


def test_the_worked_queries_speak_of_trouble(lake: Lake) -> None:
    lake.drop(
        {
            "AAPL.csv": csv(day("2016-01-04", 100), "2016-01-05,,2,1,9,,5", day("2016-02-01", 99), "2016-02-02,1,2,0,,,5"),
            "bad.csv": "x\n",
        }
    )
    answers = {name: lake.query(sql.render(f"queries/{name}").text) for name in TROUBLE}
    assert [(row["symbol"], row["days"]) for row in answers["longest_gaps"]] == [("AAPL", "27")]
    assert [row["quality_issue"] for row in answers["quality_issues"]] == ["no readable open; close outside low to high"]
    assert [(row["record"], row["reason"]) for row in answers["rejected_rows"]] == [("2016-02-02,1,2,0,,,5", "no close")]
    assert [row["status"] for row in answers["files_with_trouble"]] == ["loaded", "refused"]


TROUBLE = ("longest_gaps", "quality_issues", "rejected_rows", "files_with_trouble")


@pytest.mark.orchestration
def test_nothing_is_left_behind(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "bad.csv": "x"})
    assert lake.keys("pipeline/inbox/") == lake.keys("pipeline/staging/") == []
    assert [table for table in lake.account.tables() if table.startswith("tmp_")] == []


@pytest.mark.orchestration
def test_old_files_go_once_no_manifest_has_named_them_for_the_retention_time(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 101))})
    assert len(lake.keys("processed/stocks/year=2016/month=01/")) == 2
    monkeypatch.setenv("LAKE_RETENTION_SECONDS", "0")
    lake.later()
    lake.drop({"MSFT.csv": csv(day("2020-01-04", 101))})
    assert len(lake.keys("processed/stocks/year=2016/month=01/")) == 1
    assert lake.prices("symbol = 'AAPL'") == [("AAPL", "2016-01-04", "101.0")]
