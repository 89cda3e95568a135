"""The real prices of dataset/: dropped together, every table agrees with the oracle, and every worked query runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from lambda_scripts.lakehouse.aws import sql
from tests import oracle
from tests.lakes import Lake, assert_same, opened
from tests.local_aws.account import EngineName

DATASET = Path(__file__).parents[2] / "dataset"
FILES = {path.relative_to(DATASET).as_posix(): path.read_bytes() for path in sorted(DATASET.rglob("*.csv"))}


@pytest.fixture(scope="module")
def dropped(engine: EngineName) -> Iterator[Lake]:
    with opened(engine) as lake:
        lake.drop_in_one_event(FILES)
        yield lake


@pytest.fixture(scope="module")
def expected(dropped: Lake) -> oracle.Lake:
    modified = datetime.now(timezone.utc)
    return oracle.lake([oracle.RawFile(f"raw/stocks/{key}", body, modified) for key, body in FILES.items()], dropped.bucket)


def test_the_prices_are_those_of_the_oracle(dropped: Lake, expected: oracle.Lake) -> None:
    rows = dropped.query("SELECT * FROM stocks_processed ORDER BY symbol, trade_date")
    assert len(rows) == 8_004
    assert {row["quality_issue"] for row in rows} == {None}
    assert_same(rows, expected.processed, [column for column in expected.processed[0] if column != "source_modified"])


def test_the_monthly_report_is_that_of_the_oracle(dropped: Lake, expected: oracle.Lake) -> None:
    assert_same(dropped.monthly(), expected.monthly)


def test_the_yearly_report_is_that_of_the_oracle(dropped: Lake, expected: oracle.Lake) -> None:
    assert_same(dropped.yearly(), expected.yearly)


def test_every_file_is_in_the_load_record_once_with_its_rows(dropped: Lake, expected: oracle.Lake) -> None:
    rows = dropped.query("SELECT source, rows, accepted, superseded, rejected FROM stocks_loads ORDER BY source")
    wanted = [
        {"source": f"s3://{dropped.bucket}/{key}", **outcome._asdict()} for key, outcome in sorted(expected.outcomes.items())
    ]
    assert_same(rows, wanted)


# Queries that have nothing to say of clean data; test_dropped_files.py has data that they speak of.
SILENT = {f"queries/{name}" for name in ("files_with_trouble", "longest_gaps", "quality_issues", "rejected_rows")}


@pytest.mark.parametrize("name", sql.names("queries"))
def test_every_worked_query_answers(dropped: Lake, name: str) -> None:
    rows = dropped.query(sql.render(name).text)
    assert bool(rows) == (name not in SILENT)
    for row in rows:
        assert len(row) >= 4 and any(value is not None for value in row.values())


def test_the_daily_return_is_against_the_previous_trade_date(dropped: Lake, expected: oracle.Lake) -> None:
    rows = dropped.query(
        "SELECT trade_date, previous_trade_date, daily_return_pct FROM stocks_daily WHERE symbol = 'GOOG' ORDER BY trade_date"
    )
    prices = [row for row in expected.processed if row["symbol"] == "GOOG"]
    wanted = [{"trade_date": prices[0]["trade_date"], "previous_trade_date": None, "daily_return_pct": None}] + [
        {
            "trade_date": today["trade_date"],
            "previous_trade_date": yesterday["trade_date"],
            "daily_return_pct": (today["adj_close"] / yesterday["adj_close"] - 1) * 100,
        }
        for yesterday, today in zip(prices, prices[1:], strict=False)
    ]
    assert_same(rows, wanted)


def test_the_top_movers_of_a_month_are_ranked(dropped: Lake, expected: oracle.Lake) -> None:
    rows = dropped.query(sql.render("queries/top_movers_of_a_month").text)
    month = [row for row in expected.monthly if (row["year"], row["month"]) == ("2012", "03")]
    assert [row["symbol"] for row in rows] == [row["symbol"] for row in sorted(month, key=lambda row: -row["return_pct"])]


def test_the_files_that_fed_a_partition_are_named(dropped: Lake) -> None:
    rows = dropped.query(sql.render("queries/sources_of_a_partition").text)
    assert [str(row["source"]).rpartition("/")[2] for row in rows] == [
        "AAPL_2012.csv",
        "2012.csv",
        "IBM_2012.csv",
        "MSFT_2012.csv",
    ]


@pytest.mark.on_trino(False)
def test_files_that_are_emptied_and_filled_again_give_the_same_tables(dropped: Lake, expected: oracle.Lake) -> None:
    # Of 2008 every symbol's, so that its months end empty; of 2012 two of five.
    emptied = [key for key in FILES if "2008" in key or key in ("AAPL_2012.csv", "quandl/IBM_2012.csv")]
    dropped.drop_in_one_event(dict.fromkeys(emptied, b"Date,Close\n"))
    left = [row for row in expected.processed if row["source"].partition("raw/stocks/")[2] not in emptied]
    assert len(emptied) == 6 and len(dropped.processed()) == len(left)
    dropped.drop_in_one_event({key: FILES[key] for key in emptied})
    assert len(dropped.processed()) == len(expected.processed)
    assert_same(dropped.monthly(), expected.monthly)
    assert_same(dropped.yearly(), expected.yearly)
