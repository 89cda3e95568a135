"""What the load records say of files that give the same days with other closes."""

from __future__ import annotations

from tests.lakes import Lake, csv

HEADER = "Date,Close"
DAYS = [f"2016-01-{day:02d}" for day in (4, 5, 6, 7, 8)]


def prices(*closes: float) -> str:
    return csv(*(f"{day},{close}" for day, close in zip(DAYS, closes, strict=False)), header=HEADER)


def reason(lake: Lake, key: str) -> str | None:
    return lake.load_of(key)["reason"]


def test_a_file_that_takes_days_from_another_with_other_closes_says_so(lake: Lake) -> None:
    lake.drop({"AAPL_1.csv": prices(100, 101, 102, 103)})
    assert reason(lake, "AAPL_1.csv") is None
    lake.later()
    lake.drop({"AAPL_2.csv": prices(50, 50.5, 51, 103, 104)})
    other = f"s3://{lake.bucket}/raw/stocks/AAPL_1.csv"
    assert reason(lake, "AAPL_2.csv") == f"closes differ from those of {other} on 3 of 4 days in common, median factor 0.5"


def test_a_file_that_loses_its_days_says_so_too(lake: Lake) -> None:
    lake.drop({"AAPL_1.csv": prices(100, 101), "AAPL_2.csv": prices(1.0, 1.01)})
    path = f"s3://{lake.bucket}/raw/stocks/AAPL_"
    # Equally new, so that the later name wins.
    assert reason(lake, "AAPL_1.csv") == f"closes differ from those of {path}2.csv on 2 of 2 days in common, median factor 100"
    assert reason(lake, "AAPL_2.csv") == f"closes differ from those of {path}1.csv on 2 of 2 days in common, median factor 0.01"


def test_closes_that_differ_a_little_or_on_few_days_are_not_said(lake: Lake) -> None:
    lake.drop({"AAPL_1.csv": prices(100, 101, 102, 103)})
    lake.later()
    lake.drop({"AAPL_2.csv": prices(101, 102, 103, 150)})
    assert reason(lake, "AAPL_2.csv") is None


def test_a_corrected_file_does_not_differ_from_itself(lake: Lake) -> None:
    lake.drop({"AAPL.csv": prices(100, 101)})
    lake.later()
    lake.drop({"AAPL.csv": prices(10, 10.1)})
    assert reason(lake, "AAPL.csv") is None


def test_of_many_symbols_the_one_that_differs_is_found(lake: Lake) -> None:
    header = "Symbol,Date,Close"
    lake.drop({"one.csv": csv(*(f"S{n},2016-01-04,{n}" for n in range(1, 9)), header=header)})
    lake.later()
    lake.drop({"two.csv": csv(*(f"S{n},2016-01-04,{n if n < 8 else 4}" for n in range(1, 9)), header=header)})
    other = f"s3://{lake.bucket}/raw/stocks/one.csv"
    assert reason(lake, "two.csv") == f"closes differ from those of {other} on 1 of 1 days in common, median factor 0.5"
