"""What number a text is."""

from __future__ import annotations

import pytest

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
        ("1.0535000E+002", ".", 105.35),
        ("1e999", ".", None),
        ("12 JAN", ".", None),
        ("1,5 MIO", ",", None),
        ("101,50 b", ",", None),
        ("102,10 T", ",", None),
    ],
)
def test_a_price_is_read_without_its_currency_and_no_letter_multiplies_it(text: str, mark: str, number: float | None) -> None:
    assert numbers.value(text, mark) == number


@pytest.mark.parametrize(
    ("text", "number"), [("12.5K", 12_500.0), ("3.4 m", 3.4e6), ("1.2亿", 1.2e8), ("12 TSD", None), ("2 MLN", None)]
)
def test_a_letter_multiplies_a_volume(text: str, number: float | None) -> None:
    assert numbers.value(text, is_volume=True) == number


@pytest.mark.parametrize("text", ["Rs. 1050", "Rs.105", "kr.1050"])
def test_the_point_of_a_currency_tells_no_decimal_mark(text: str) -> None:
    assert numbers.marks([text, '"12,50"'], [], ",", True).prices == ","
