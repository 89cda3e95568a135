"""What column names mean."""

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format import columns


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Date,Close", {"date": 1, "close": 2}),
        ("CLOSE,date", {"close": 1, "date": 2}),
        ("Date,Close,Adj Close", {"date": 1, "close": 2, "adj_close": 3}),
        ("Date,Close*,Adj Close**", {"date": 1, "close": 2, "adj_close": 3}),
        ("date,close,adjClose", {"date": 1, "close": 2, "adj_close": 3}),
        ("timestamp,close,adjusted_close", {"date": 1, "close": 2, "adj_close": 3}),
        ("<DATE>,<TIME>,<CLOSE>,<VOL>", {"date": 1, "close": 3, "volume": 4}),
        ("Date,Close/Last,Volume", {"date": 1, "close": 2, "volume": 3}),
        ("Date,Price,Vol.,Change %", {"date": 1, "close": 2, "volume": 3}),
        ("Date,Unknown,Close", {"date": 1, "close": 3}),
        (",Close", {"date": 1, "close": 2}),
        (",Date,Close", {"date": 2, "close": 3}),
        ("Close,,Volume", {"close": 1, "volume": 3}),
        ("Unnamed: 0,date,close", {"date": 2, "close": 3}),
        ("日期,收盘,%", {"date": 1, "close": 2}),
    ],
)
def test_names_are_bound_in_any_order_case_and_spelling(header: str, expected: dict[str, int]) -> None:
    assert columns.bind(header.split(",")) == expected


@pytest.mark.parametrize(
    ("header", "meaning", "position"),
    [
        ("Price,Close", "close", 2),
        ("Last,Close", "close", 2),
        ("Name,Symbol", "symbol", 2),
        ("Company,Name", "symbol", 2),
        ("Time,Date", "date", 2),
        ("unix,date", "date", 2),
        ("Name,Date", "symbol", 1),
    ],
)
def test_a_weaker_name_counts_only_where_no_stronger_one_is(header: str, meaning: str, position: int) -> None:
    assert columns.bind(header.split(","))[meaning] == position


@pytest.mark.parametrize(
    ("header", "rivals"),
    [
        ("Date,Close,close", "two columns mean close, 'Close' and 'close'"),
        ("Date,Trade Date,Close", "two columns mean date, 'Date' and 'Trade Date'"),
        ("Symbol,Ticker,Date,Close", "two columns mean symbol, 'Symbol' and 'Ticker'"),
        ("Date,Price,Last", "two columns mean close, 'Price' and 'Last'"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_by_name(header: str, rivals: str) -> None:
    with pytest.raises(FileRefusedError, match=rivals):
        columns.bind(header.split(","))


def test_weaker_names_may_repeat_below_a_stronger_one() -> None:
    assert columns.bind(["Price", "Last", "Close"]) == {"close": 3}


def test_an_alias_stands_in_the_table_once_and_says_where_it_is_met() -> None:
    spellings = [columns.letters(alias.name) for alias in columns.ALIASES]
    assert sorted(spellings) == sorted(set(spellings))
    assert all(spellings)
    assert all(alias.source for alias in columns.ALIASES)


def test_every_meaning_is_a_field_of_the_head() -> None:
    meanings = {alias.meaning for alias in columns.ALIASES}
    assert meanings == {"symbol", "date", "open", "high", "low", "close", "adj_close", "volume"}
    assert meanings > {*columns.PRICES, *columns.REQUIRED}
