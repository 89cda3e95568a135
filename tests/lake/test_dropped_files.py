"""Files of all kinds, dropped together: what becomes of each, and that none stops another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_scripts.lakehouse.aws import sql
from tests.lakes import RAW, Lake, csv, day, opened
from tests.local_aws.account import EngineName

AAPL = csv(day("2016-01-04", 100), day("2016-01-05", 110), day("2016-02-01", 99))
ODD_KEYS = ("a b+c.csv", 'dir é/it\'s "x"&=%20;.csv', "日本/7203.T.csv", "n" * 180 + ".csv")
TOO_LONG_FOR_A_READABLE_MARKER = "LONG/" + "/".join(["f" * 100] * 9) + "/LONG.csv"
REFUSED = {"bad.csv": "Datum;Betrag\n2016-01-04;5\n", "empty.csv": "", "notes.txt": "hello"}
LOADED = {
    "AAPL_2016.csv": AAPL,
    "all.csv": csv("ibm,2016-01-04,4,6,3,5", "msft,2016-01-04,4,6,3,5", header="Ticker,Date,Open,High,Low,Close"),
    "GOOG.csv": csv(
        *(f"2016-01-0{number},100,100,100,100,{adjusted},5" for number, adjusted in ((4, 10), (5, 10), (6, ""), (7, 10))),
        "2016-02-01,100,100,100,100,,5",
    ),
    "BAD.csv": csv(day("2016-01-04", 10), "2016-01-05,1,2,0,,,5", '2016-01-06,"1,500",2,1,abc,,5', "2016-01-07,,2,1,9,,5"),
    **{
        key: csv(*(f"ODD{at},{row}" for row in AAPL.splitlines()[1:]), header="Symbol," + AAPL.splitlines()[0])
        for at, key in enumerate(ODD_KEYS)
    },
    TOO_LONG_FOR_A_READABLE_MARKER: AAPL,
}
NO_DROPS = {"raw/": "", "raw/stocks/": ""}


@pytest.fixture(scope="module")
def dropped(engine: EngineName) -> Iterator[Lake]:
    with opened(engine) as lake:
        lake.drop_in_one_event({**LOADED, **REFUSED, **NO_DROPS})
        yield lake


def test_several_files_and_symbols_at_once(dropped: Lake) -> None:
    symbols = ["AAPL", "BAD", "GOOG", "IBM", "LONG", "MSFT", "ODD0", "ODD1", "ODD2", "ODD3"]
    assert [row["symbol"] for row in dropped.yearly()] == symbols
    assert len(dropped.loads()) == len(LOADED) + len(REFUSED)


def test_the_load_record_accounts_for_every_row(dropped: Lake) -> None:
    assert dropped.load_of("AAPL_2016.csv") == {
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


def test_a_bad_row_is_rejected_whole_and_the_others_are_loaded(dropped: Lake) -> None:
    assert dropped.prices("symbol = 'BAD'") == [("BAD", "2016-01-04", "10.0"), ("BAD", "2016-01-07", "9.0")]
    assert dropped.rejected() == [
        {"source": "BAD.csv", "symbol": "BAD", "record": "2016-01-05,1,2,0,,,5", "reason": "no close"},
        {
            "source": "BAD.csv",
            "symbol": "BAD",
            "record": '2016-01-06,"1,500",2,1,abc,,5',
            "reason": "the close is not a number",
        },
    ]
    load = dropped.load_of("BAD.csv")
    assert (load["rows"], load["accepted"], load["rejected"]) == ("4", "2", "2")
    assert load["reason"] == "no close; the close is not a number"


def test_a_refused_file_stops_no_other(dropped: Lake) -> None:
    statuses = {row["source"]: row["status"] for row in dropped.loads()}
    assert statuses == {**dict.fromkeys(LOADED, "loaded"), **dict.fromkeys(REFUSED, "refused")}
    assert all(row["reason"] for row in dropped.loads() if row["status"] == "refused")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_with_odd_characters(dropped: Lake, key: str) -> None:
    assert dropped.load_of(key)["accepted"] == "3"
    symbol = f"ODD{ODD_KEYS.index(key)}"
    assert {row["source"] for row in dropped.query(f"SELECT source FROM stocks_processed WHERE symbol = '{symbol}'")} == {
        f"s3://{dropped.bucket}/raw/stocks/{key}"
    }


def test_a_key_too_long_for_a_readable_marker(dropped: Lake) -> None:
    assert dropped.load_of(TOO_LONG_FOR_A_READABLE_MARKER)["accepted"] == "3"


def test_objects_that_are_no_drops_are_skipped(dropped: Lake) -> None:
    assert {key for line in dropped.logged("event") for key in line.get("skipped", ())} == NO_DROPS.keys()


def test_every_partition_has_one_manifest_and_one_current_file(dropped: Lake) -> None:
    for key, named in dropped.manifests().items():
        folder = key.replace("_symlink_format_manifest/", "").removesuffix("manifest")
        assert dropped.keys(folder) == [named.strip().removeprefix(f"s3://{dropped.bucket}/")]


def test_a_return_never_compares_an_adjusted_close_with_a_plain_one(dropped: Lake) -> None:
    returns = dropped.query(
        "SELECT DISTINCT daily_return_pct FROM stocks_daily WHERE daily_return_pct IS NOT NULL AND symbol = 'GOOG'"
    )
    assert returns == [{"daily_return_pct": "0.0"}]
    monthly = [row for row in dropped.monthly() if row["symbol"] == "GOOG"]
    assert [(row["volatility"], row["return_pct"]) for row in monthly] == [("0.0", None), (None, "0.0")]
    (year,) = [row for row in dropped.yearly() if row["symbol"] == "GOOG"]
    assert year["max_drawdown_pct"] == "0.0"


def test_the_worked_queries_speak_of_trouble(dropped: Lake) -> None:
    answers = {name: dropped.query(sql.render(f"queries/{name}").text) for name in TROUBLE}
    gaps = {row["symbol"]: row["days"] for row in answers["longest_gaps"]}
    assert gaps == {**dict.fromkeys(("AAPL", "LONG", "ODD0", "ODD1", "ODD2", "ODD3"), "27"), "GOOG": "25"}
    assert [row["quality_issue"] for row in answers["quality_issues"]] == ["no readable open; close outside low to high"]
    assert [(row["record"], row["reason"]) for row in answers["rejected_rows"]] == [
        ("2016-01-05,1,2,0,,,5", "no close"),
        ('2016-01-06,"1,500",2,1,abc,,5', "the close is not a number"),
    ]
    assert [row["status"] for row in answers["files_with_trouble"]] == ["loaded", "refused", "refused", "refused"]


TROUBLE = ("longest_gaps", "quality_issues", "rejected_rows", "files_with_trouble")


def test_nothing_is_left_behind(dropped: Lake) -> None:
    assert dropped.keys("pipeline/inbox/") == dropped.keys("pipeline/staging/") == []
    assert [table for table in dropped.account.tables() if table.startswith("tmp_")] == []


def test_an_event_with_several_records_that_comes_again_loads_once(dropped: Lake) -> None:
    event = next(
        each.event for each in dropped.account.invocations if each.function == RAW and len(each.event.get("Records", ())) > 1
    )
    assert dropped.account.invoke(RAW, event) == {dropped.bucket: {"outcome": "the inbox is empty", "batches": 1}}
    dropped.settle()
    assert len(dropped.query("SELECT source FROM stocks_loads")) == len(LOADED) + len(REFUSED)
