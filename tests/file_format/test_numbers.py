"""What number a text is."""

from __future__ import annotations

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format import numbers


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("Rs. 1050", ".", 1050.0),
        ("Rs.105", ".", 105.0),
        ("Rs. 1,05,000", ".", 105_000.0),
        ("Rs. 1,234.50", ".", 1234.5),
        ("-Rs.105", ".", -105.0),
        ("EUR.105", ".", 105.0),
        ("kr. 1.050,50", ",", 1050.5),
        ("руб. 12.5", ".", 12.5),
        ("$.50", ".", 0.5),
        ("USD .50", ".", 0.5),
        ("-.5", ".", -0.5),
        ("12.5 CHF", ".", 12.5),
        ("BWP 12.5", ".", 12.5),
        ("1.012,50 HRK", ",", 1012.5),
        ("1.0535000E+002", ".", 105.35),
        ("1e999", ".", None),
        ("12 JAN", ".", None),
        ("1,5 MIO", ",", None),
        ("101,50 b", ",", None),
        ("102,10 T", ",", None),
        ("1.05K", ".", 1050.0),
    ],
)
def test_a_price_is_read_without_its_currency_and_no_m_b_or_t_multiplies_it(text: str, mark: str, number: float | None) -> None:
    assert numbers.value(text, mark) == number


@pytest.mark.parametrize(
    ("text", "number"), [("12.5K", 12_500.0), ("3.4 m", 3.4e6), ("1.2亿", 1.2e8), ("12 TSD", None), ("2 MLN", None)]
)
def test_a_letter_multiplies_a_volume(text: str, number: float | None) -> None:
    assert numbers.value(text, is_volume=True) == number


@pytest.mark.parametrize("text", ["Rs. 1050", "Rs.105", "kr.1050"])
def test_the_point_of_a_currency_tells_no_decimal_mark(text: str) -> None:
    assert numbers.marks([[text, '"12,50"']], [], ",", True).prices == ","


IN_TWO_WAYS = "can be read in two ways"


@pytest.mark.parametrize(
    ("prices_of_symbols", "volumes", "delimiter", "english", "expected"),
    [
        ([["1,250"], ["13,480"], ["12"], ["95"]], [], ",", True, IN_TWO_WAYS),
        ([["9.950"], ["4.120"], ["50"]], [], ";", True, (".", ("point as decimal mark",))),
        ([["9.950"], ["4.120"], ["50"]], [], ";", False, IN_TWO_WAYS),
        ([["980", "1,020"], ["12"]], [], ",", True, (".", ())),
        ([["980", "1.020"], ["50", "51"]], [], ";", False, (",", ())),
        ([["5", "50", "200", "990", "1.050", "1.234"]], [], ",", True, (".", ("point as decimal mark",))),
        ([["1.125", "2.250"]], [], ",", True, (".", ())),
        ([["1,234"]], ["12,345"], ",", True, (".", ())),
        ([["1,234"]], ["12,345"], ",", False, (".", ("point as decimal mark",))),
        ([["126'165", "126'020"]], ["1'000"], ",", True, IN_TWO_WAYS),
        ([["8'165", "8'020"]], [], ",", True, (".", ())),
        ([["126'165", "126'400"]], [], ",", True, (".", ())),
    ],
)
def test_sizes_are_compared_within_a_symbol_and_what_is_not_told_is_said(
    prices_of_symbols: list[list[str]],
    volumes: list[str],
    delimiter: str,
    english: bool,
    expected: str | tuple[str, tuple[str, ...]],
) -> None:
    if isinstance(expected, str):
        with pytest.raises(FileRefusedError, match=expected):
            numbers.marks(prices_of_symbols, volumes, delimiter, english)
    else:
        found = numbers.marks(prices_of_symbols, volumes, delimiter, english)
        assert (found.prices, found.assumed) == expected


def test_whole_prices_leave_the_mark_open_unless_header_and_delimiter_are_english() -> None:
    assert numbers.marks([["1151", "980"]], ["100"], ";", False).is_open
    assert numbers.marks([["1151", "980"]], [], ",", False).is_open
    assert not numbers.marks([["1151", "980"]], [], ",", True).is_open
    assert not numbers.marks([["1151", "980.5"]], [], ";", False).is_open
    assert not numbers.marks([["1151", "980"]], ["1.234.567"], ";", False).is_open
