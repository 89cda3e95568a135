"""How a file's dates are told apart."""

from collections.abc import Iterator

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format.dates import TRIES, DateStyle, settle, styles

ISO = DateStyle("#-#-#", 1, 2, 3)
DAY_FIRST = DateStyle("#/#/#", 3, 2, 1)
MONTH_FIRST = DateStyle("#/#/#", 3, 1, 2)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("2016-01-04", ISO),
        ("2016-1-4", ISO),
        ("2016-01-04 00:00:00-05:00", ISO),
        ("2016-01-04T00:00:00Z", ISO),
        ("2016-01-04 16:00", ISO),
        ("2016/01/04", DateStyle("#/#/#", 1, 2, 3)),
        ("2016.01.04", DateStyle("#.#.#", 1, 2, 3)),
        ("13/01/2016", DAY_FIRST),
        ("01/13/2016", MONTH_FIRST),
        ("13.1.2016", DateStyle("#.#.#", 3, 2, 1)),
        ("04-Jan-2016", DateStyle("#-#-#", 3, 2, 1)),
        ("4-January-2016", DateStyle("#-#-#", 3, 2, 1)),
        ("04-JAN-2016", DateStyle("#-#-#", 3, 2, 1)),
        ("4 Sept 2016", DateStyle("# # #", 3, 2, 1)),
        ("Jan 4, 2016", DateStyle("# #, #", 3, 1, 2)),
        ("Jan. 04, 2016", DateStyle("#. #, #", 3, 1, 2)),
        ("20160104", DateStyle("#")),
        ("20160104 16:00:00", DateStyle("#")),
        ("1451865600", DateStyle("#", divisor=86_400)),
        ("1451865600000", DateStyle("#", divisor=86_400_000)),
        ("1451865600000000", DateStyle("#", divisor=86_400_000_000)),
        ("1451865600000000000", DateStyle("#", divisor=86_400_000_000_000)),
        ("104716800", DateStyle("#", divisor=86_400)),
    ],
)
def test_a_certain_date_has_one_style(text: str, style: DateStyle) -> None:
    assert styles(text) == {style}
    assert settle([text], day_first=style.day_at != 1) == style


@pytest.mark.parametrize(
    "text",
    ["", "null", "1/4/16", "16-01-04", "2016-13-01", "2016-04", "13/13/2016", "32/01/2016", "1/2016/4", "2016-01/04", "20161301",
     "0016-01-04", "42373", "1.451e9", "-86400", "4 Janvier 2016", "Monday", "2016-W01-1"],
)  # fmt: skip
def test_what_is_no_known_date_has_no_style(text: str) -> None:
    assert not styles(text)


def test_day_and_month_up_to_twelve_leave_the_order_open() -> None:
    assert styles("04/01/2016") == {DAY_FIRST, MONTH_FIRST}


@pytest.mark.parametrize(("settling", "style"), [("13/01/2016", DAY_FIRST), ("01/13/2016", MONTH_FIRST)])
def test_one_row_settles_the_order_for_the_file(settling: str, style: DateStyle) -> None:
    for day_first in (True, False):
        assert settle(["04/01/2016", "", "05/01/2016", settling], day_first) == style


def test_an_order_that_stays_open_is_the_configured_one() -> None:
    assert settle(["04/01/2016", "05/01/2016"], day_first=True) == DAY_FIRST
    assert settle(["04/01/2016", "05/01/2016"], day_first=False) == MONTH_FIRST


def test_the_first_settled_style_holds_against_rows_that_contradict() -> None:
    assert settle(["04/01/2016", "13/01/2016", "01/13/2016", "01/14/2016"], day_first=False) == DAY_FIRST


def test_rows_of_another_style_settle_nothing() -> None:
    assert settle(["04/01/2016", "2016-01-13", "soon", "null"], day_first=True) == DAY_FIRST


def test_rows_without_a_date_are_passed_over() -> None:
    assert settle(["", "null", "-", "n/a", "week 2", "2016-01-04"], day_first=True) == ISO


def test_no_more_dates_are_read_than_needed() -> None:
    def texts() -> Iterator[str]:
        yield "04/01/2016"
        yield "13/01/2016"
        raise AssertionError("read on after the style was certain")

    assert settle(texts(), day_first=False) == DAY_FIRST


def test_a_column_that_is_no_date_is_not_read_to_its_end() -> None:
    texts = iter([f"row {number}" for number in range(TRIES + 1)])
    with pytest.raises(FileRefusedError):
        settle(texts, day_first=True)
    assert next(texts) == f"row {TRIES}"


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["1/4/16", "1/5/16"], "two-digit years ('1/4/16', '1/5/16')"),
        (["04-Jan-16"], "two-digit years"),
        (["Jan 4, 16"], "two-digit years"),
        (["42373", "42374"], "Excel's day numbers ('42373', '42374')"),
        (["Q1 2016"], "no known style ('Q1 2016')"),
        (["", "null"], "no row has a date"),
        ([], "no row has a date"),
    ],
)
def test_dates_without_a_style_are_refused_with_the_evidence(texts: list[str], reason: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        settle(texts, day_first=True)
    assert reason in str(caught.value)
