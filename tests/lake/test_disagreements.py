"""What load records say of closes that can't all be right: two files' for the same days, and those that jump within one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lakes import Lake, csv, opened
from tests.local_aws.account import EngineName

DAYS = [f"2016-01-{day:02d}" for day in (4, 5, 6, 7, 8)]
FIRST, SECOND = "first of many symbols.csv", "second of many symbols.csv"


def prices(*closes: float) -> str:
    return csv(*(f"{day},{close}" for day, close in zip(DAYS, closes, strict=False)), header="Date,Close")


def adjusted(adj_close: float, volume: int) -> str:
    return csv(*(f"{day},100,{adj_close},{volume}" for day in DAYS), header="Date,Close,Adj Close,Volume")


def symbols(last_close: float) -> str:
    """A close of each of eight symbols on one day."""
    rows = [f"S{number},2016-01-04,{number if number < 8 else last_close}" for number in range(1, 9)]
    return csv(*rows, header="Symbol,Date,Close")


@pytest.fixture(scope="module")
def lake(engine: EngineName) -> Iterator[Lake]:
    """Files, and a second later others of the same symbols and days."""
    with opened(engine, reports=False) as lake:
        lake.drop_in_one_event(
            {
                "AAPL_1.csv": prices(100, 101, 102, 103),
                "MSFT_1.csv": prices(100, 101),
                "MSFT_2.csv": prices(1.0, 1.01),
                "IBM_1.csv": prices(100, 101, 102, 103),
                "NFLX_1.csv": prices(100, 101, 102),
                "GOOG.csv": prices(100, 101),
                "KO_1.csv": adjusted(50, volume=1_000),
                "PEP_1.csv": adjusted(99.6, volume=1_000),
                "LOST.csv": prices(101.25, 101250, 102.5, 103),
                "SPLT.csv": csv("2016-01-04,1000,100", "2016-01-05,100,100", header="Date,Close,Adj Close"),
                "YRSX.csv": csv("2010-01-04,1", "2016-01-04,50", header="Date,Close"),
                FIRST: symbols(8),
            }
        )
        lake.later()
        lake.drop_in_one_event(
            {
                "AAPL_2.csv": prices(50, 50.5, 51, 103, 104),
                "IBM_2.csv": prices(101, 102, 153, 150),
                "NFLX_2.csv": prices(104, 105, 106),
                "GOOG.csv": prices(10, 10.1),
                "KO_2.csv": adjusted(100, volume=200_000),
                "PEP_2.csv": adjusted(100, volume=500),
                SECOND: symbols(4),
            }
        )
        yield lake


def said(lake: Lake, key: str) -> str | None:
    """The reason in the latest load of a file, with the other file by its name alone."""
    reason = lake.load_of(key)["reason"]
    return reason and reason.replace(f"s3://{lake.bucket}/raw/stocks/", "")


def test_a_file_that_takes_days_from_another_with_other_closes_says_so(lake: Lake) -> None:
    assert said(lake, "AAPL_1.csv") is None
    assert said(lake, "AAPL_2.csv") == "closes differ from those of AAPL_1.csv on 3 of 4 days in common, median factor 0.5"


def test_a_file_that_loses_its_days_says_so_too(lake: Lake) -> None:
    # Equally new, so that the later name wins.
    assert said(lake, "MSFT_1.csv") == "closes differ from those of MSFT_2.csv on 2 of 2 days in common, median factor 100"
    assert said(lake, "MSFT_2.csv") == "closes differ from those of MSFT_1.csv on 2 of 2 days in common, median factor 0.01"
    assert [close for _, _, close in lake.prices("symbol = 'MSFT'")] == ["1.0", "1.01"]


def test_closes_that_differ_a_little_or_on_half_the_days_are_not_said(lake: Lake) -> None:
    assert said(lake, "IBM_2.csv") is None
    assert said(lake, "NFLX_2.csv") == "closes differ from those of NFLX_1.csv on 3 of 3 days in common, median factor 1.04"


def test_a_corrected_file_does_not_differ_from_itself(lake: Lake) -> None:
    assert said(lake, "GOOG.csv") is None and len(lake.query("SELECT * FROM stocks_loads WHERE source LIKE '%GOOG.csv'")) == 2


def test_of_many_symbols_the_one_that_differs_is_found(lake: Lake) -> None:
    assert said(lake, SECOND) == f"closes differ from those of {FIRST} on 1 of 1 days in common, median factor 0.5"


def test_adjusted_closes_and_volumes_that_differ_are_said_though_the_closes_agree(lake: Lake) -> None:
    assert said(lake, "KO_2.csv") == (
        "adjusted closes differ from those of KO_1.csv on 5 of 5 days in common, median factor 2; "
        "volumes differ from those of KO_1.csv on 5 of 5 days in common, median factor 200"
    )
    assert said(lake, "PEP_2.csv") is None


def test_closes_that_jump_within_a_file_are_counted_and_the_first_is_named(lake: Lake) -> None:
    assert said(lake, "LOST.csv") == (
        "closes more than eight times the one before, or less than an eighth: 2, first 2016-01-05 LOST"
    )


@pytest.mark.parametrize("name", ["SPLT.csv", "YRSX.csv"])
def test_closes_that_are_adjusted_for_it_or_far_apart_may_differ_as_they_like(lake: Lake, name: str) -> None:
    assert said(lake, name) is None
