"""How a file's dates are told apart."""

from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format.dates import CENTURY, ROC, TRIES, DateStyle, Settled, of_key, settle, styles

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
        ("Jan  4 2016 12:00AM", DateStyle("# # #", 3, 1, 2)),
        ("Jan 13 2016 12:00AM", DateStyle("# # #", 3, 1, 2)),
        ("20160104", DateStyle("#")),
        ("20160104 16:00:00", DateStyle("#")),
        ("201601040000", DateStyle("#")),
        ("20160104160000", DateStyle("#")),
        ("197612310000", DateStyle("#")),
        ("197632310000", DateStyle("#", divisor=86_400_000)),
        ("1451865600", DateStyle("#", divisor=86_400)),
        ("1451865600000", DateStyle("#", divisor=86_400_000)),
        ("1451865600000000", DateStyle("#", divisor=86_400_000_000)),
        ("1451865600000000000", DateStyle("#", divisor=86_400_000_000_000)),
        ("104716800", DateStyle("#", divisor=86_400)),
        ("20160104.0", DateStyle("#.#")),
        ("1451865600.0", DateStyle("#.#", divisor=86_400)),
        ("20160104 160000", DateStyle("#")),
        ("04JAN2016", DateStyle("###", 3, 2, 1)),
        ("Mon, 04 Jan 2016", DateStyle("# # #", 3, 2, 1)),
        ("Monday 2016-01-04", ISO),
        ("13/01/2016 (Wed)", DAY_FIRST),
        ("13/01/2016 16:00:00", DAY_FIRST),
        ("2016年1月13日", DateStyle("#年#月#日", 1, 2, 3)),
        ("2016년 1월 13일", DateStyle("#년 #월 #일", 1, 2, 3)),
        ("105/01/04", DateStyle("#/#/#", 1, 2, 3, year_base=ROC)),
        ("13. 01. 2016", DateStyle("#. #. #", 3, 2, 1)),
        ("98-12-31", DateStyle("#-#-#", 1, 2, 3, year_base=CENTURY)),
        ("01/13/98", DateStyle("#/#/#", 3, 1, 2, year_base=CENTURY)),
    ],
)
def test_a_certain_date_has_one_style(text: str, style: DateStyle) -> None:
    assert styles(text) == {style}
    assert settle([text], day_first=style.day_at != 1).style == style


@pytest.mark.parametrize(
    "text",
    ["", "null", "2016-13-01", "2016-04", "13/13/2016", "32/01/2016", "1/2016/4", "2016-01/04", "20161301", "0016-01-04", "42373",
     "1.451e9", "-86400", "4 Janvier 2016", "Monday", "2016-W01-1", "2016JAN04"],
)  # fmt: skip
def test_what_is_no_known_date_has_no_style(text: str) -> None:
    assert not styles(text)


@pytest.mark.parametrize(
    ("text", "style", "day"),
    [
        ("2016-1-4 09:00", ISO, date(2016, 1, 4)),
        ("2016-02-30", ISO, None),
        ("2016/01/04", ISO, None),
        ("4-Sept-2016", DateStyle("#-#-#", 3, 2, 1), date(2016, 9, 4)),
        ("1451865600", DateStyle("#", divisor=86_400), date(2016, 1, 4)),
        ("1451865600", DateStyle("#", divisor=86_400, day_shift=1), date(2016, 1, 5)),
        ("105/01/04", DateStyle("#/#/#", 1, 2, 3, year_base=ROC), date(2016, 1, 4)),
        ("99/12/31", DateStyle("#/#/#", 1, 2, 3, year_base=ROC), date(2010, 12, 31)),
        ("1/4/69", DateStyle("#/#/#", 3, 1, 2, year_base=CENTURY), date(2069, 1, 4)),
        ("1/4/70", DateStyle("#/#/#", 3, 1, 2, year_base=CENTURY), date(1970, 1, 4)),
    ],
)
def test_a_style_gives_the_day(text: str, style: DateStyle, day: date | None) -> None:
    assert style.day(text) == day


def test_day_and_month_up_to_twelve_leave_the_order_open() -> None:
    assert styles("04/01/2016") == {DAY_FIRST, MONTH_FIRST}


# Day or month first


@pytest.mark.parametrize(("settling", "style"), [("13/01/2016", DAY_FIRST), ("01/13/2016", MONTH_FIRST)])
def test_one_row_settles_the_order_for_the_file(settling: str, style: DateStyle) -> None:
    for day_first in (True, False):
        assert settle(["04/01/2016", "", "05/01/2016", settling], day_first=day_first) == Settled(style)
        assert settle(["04/01/2016"], ["05/01/2016", settling], day_first=day_first) == Settled(style)


def test_a_part_above_twelve_stands_before_the_mark_of_a_source() -> None:
    assert settle(["04/01/2016", "13/01/2016"], day_first=True, month_first_source=True).style == DAY_FIRST


def test_the_mark_of_a_source_stands_before_the_calendar() -> None:
    assert settle(["04/01/2016", "05/01/2016"], day_first=True, month_first_source=True) == Settled(MONTH_FIRST)


@pytest.mark.parametrize("day_first", [True, False])
def test_the_calendar_settles_the_order_where_one_reading_is_a_run_of_trading_days(day_first: bool) -> None:
    assert settle(["01/12/2025", "02/12/2025", "03/12/2025"], day_first=day_first) == Settled(DAY_FIRST)
    assert settle(["01/04/2016", "01/05/2016", "01/06/2016"], day_first=day_first) == Settled(MONTH_FIRST)


def test_milliseconds_of_1976_are_told_from_compact_dates_by_most() -> None:
    texts = [str(200_000_000_000 + 86_400_000 * day) for day in range(60)]
    assert settle(texts, day_first=True).style == DateStyle("#", divisor=86_400_000)


def test_a_line_below_moments_may_have_numbers() -> None:
    texts = ["1451917800", "1452004200", "Total 2 rows", "Total ٢ rows"]
    assert settle(texts, day_first=True).style == DateStyle("#", divisor=86_400)


FIRSTS = [f"01/{month:02d}/2015" for month in range(1, 13)]
QUARTERS = [f"01/{month:02d}/{year}" for year in (2015, 2016) for month in (1, 4, 7, 10)]
FIRST_TRADING_DAYS = [f"{day:02d}/{month:02d}/2015" for month, day in enumerate((2, 2, 2, 1, 1, 1, 1, 3, 1, 1, 2, 1), start=1)]


@pytest.mark.parametrize("texts", [FIRSTS, FIRSTS[:6], QUARTERS, FIRST_TRADING_DAYS])
@pytest.mark.parametrize("order", ["{0}/{1}/{2}", "{1}/{0}/{2}", "{0}.{1}.{2}"])
def test_a_date_a_month_that_read_otherwise_is_a_run_of_all_days_is_refused(texts: list[str], order: str) -> None:
    with pytest.raises(FileRefusedError, match="dates are either of monthly bars"):
        settle([order.format(*text.split("/")) for text in texts], day_first=True)


@pytest.mark.parametrize(
    "days",
    [
        (4, 5, 6, 7, 8, 11, 12),  # a market that rests on Saturdays and Sundays
        (3, 4, 5, 6, 7, 10, 11),  # one that rests on Fridays and Saturdays, or midnights of the day after
    ],
)
def test_days_in_a_row_with_a_weekly_rest_are_no_months(days: Sequence[int]) -> None:
    assert settle([f"{day:02d}/01/2016" for day in days], day_first=False) == Settled(DAY_FIRST)


def test_days_in_a_row_of_a_coin_are_no_years() -> None:
    assert settle([f"{day:02d}-Apr-01" for day in (14, 15, 16, 17)], day_first=True).style.day_at == 1


def test_days_in_a_row_of_a_coin_are_no_months_where_months_do_not_begin() -> None:
    assert settle([f"{day:02d}/03/2016" for day in range(1, 11)], day_first=False) == Settled(DAY_FIRST)


@pytest.mark.parametrize("texts", [["04/01/2016"], ["04/01/2016", "04/02/2016"], ["04/01/2016", "06/09/2016"]])
def test_an_order_that_stays_open_is_the_configured_one_and_said(texts: list[str]) -> None:
    assert settle(texts, day_first=True) == Settled(DAY_FIRST, ("day before month",))
    assert settle(texts, day_first=False) == Settled(MONTH_FIRST, ("month before day",))


JANUARY = [f"{day:02d}/01/2016" for day in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 25, 26, 27, 28, 29)]


@pytest.mark.parametrize(
    "texts",
    [
        ["04/01/2016", "13/01/2016", "01/13/2016", "01/14/2016"],
        ["13/01/2016", *(f"01/{day:02d}/2016" for day in (4, 5, 6, 7, 8, 11, 12, 13))],
        [*JANUARY, "02/13/2016"],
    ],
)
def test_dates_in_both_orders_are_refused(texts: list[str]) -> None:
    with pytest.raises(FileRefusedError, match="dates with the day first and with the month first"):
        settle(texts, day_first=True)


def test_dates_that_someone_put_below_in_the_other_order_are_refused() -> None:
    with pytest.raises(FileRefusedError, match=r"next to them with day and month swapped \('02/03/2016'\)"):
        settle([*JANUARY, "02/01/2016", "02/02/2016", "02/03/2016"], day_first=True)


@pytest.mark.parametrize(
    "texts",
    [
        [*JANUARY, "02/05/2016"],  # after a pause; the 5th of February is not next to January
        [*JANUARY, "01/02/2016", "02/02/2016"],
        [*(text.replace("/01/", "-Jan-") for text in JANUARY), "01-Feb-2016", "02-Feb-2016", "02-Mar-2016"],
        # A share that is seldom traded: the 10th of November is missing by chance.
        [
            "11/10/2022",
            *(f"{day}/10/2022" for day in (19, 20, 24, 25, 26, 27, 31)),
            *(f"0{day}/11/2022" for day in (1, 4, 7, 8, 9)),
        ],
    ],
)
def test_days_after_a_pause_are_not_taken_for_swapped_ones(texts: list[str]) -> None:
    assert settle(texts, day_first=True).style.day_at == 1


def test_a_month_that_has_a_name_is_not_taken_for_a_swapped_one() -> None:
    named = [f"Jan {text[:2]}, 2016" for text in JANUARY]
    assert settle([*named, "Feb 01, 2016", "Feb 02, 2016", "Mar 02, 2016"], day_first=True).style.day_at == 2


def test_the_style_of_most_dates_is_the_file_s() -> None:
    assert settle(["2016-02-14", *JANUARY], day_first=False) == Settled(DAY_FIRST)
    with pytest.raises(FileRefusedError, match="dates in several styles"):
        settle(["04.01.2016", "2016-01-04", "05.01.2016", "20160105", "2016-01-06"], day_first=True)


def test_rows_of_another_style_settle_nothing() -> None:
    assert settle(["04/01/2016", "2016-01-13", "soon", "null"], day_first=True).style == DAY_FIRST


def test_rows_without_a_date_are_passed_over() -> None:
    assert settle(["", "null", "-", "n/a", "week 2", "2016-01-04"], day_first=True).style == ISO


def test_no_more_dates_are_read_than_needed() -> None:
    def more() -> Iterator[str]:
        yield "13/01/2016"
        raise AssertionError("read on after the style was certain")

    assert settle(["04/01/2016"], more(), day_first=False).style == DAY_FIRST


def test_a_column_that_is_no_date_is_not_read_to_its_end() -> None:
    texts = iter([f"row {number}" for number in range(TRIES + 2)])
    with pytest.raises(FileRefusedError):
        settle([], texts, day_first=True)
    assert next(texts) in (f"row {TRIES}", f"row {TRIES + 1}")


# Years of two digits


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["13-Jan-16", "12-Jan-16", "8-Jan-16"], DateStyle("#-#-#", 3, 2, 1, year_base=CENTURY)),
        (["04-Jan-16"], DateStyle("#-#-#", 3, 2, 1, year_base=CENTURY)),
        (["16-Jan-04", "16-Jan-05", "16-Jan-06"], DateStyle("#-#-#", 1, 2, 3, year_base=CENTURY)),
        (["01/13/16", "01/12/16"], DateStyle("#/#/#", 3, 1, 2, year_base=CENTURY)),
        (["1/4/16", "1/5/16", "1/6/16"], DateStyle("#/#/#", 3, 1, 2, year_base=CENTURY)),
        (["4/1/16", "5/1/16", "6/1/16"], DateStyle("#/#/#", 3, 2, 1, year_base=CENTURY)),
        (["98-12-30", "98-12-31"], DateStyle("#-#-#", 1, 2, 3, year_base=CENTURY)),
        (["99/12/30", "99/12/31", "100/01/04"], DateStyle("#/#/#", 1, 2, 3, year_base=ROC)),
    ],
)
def test_years_of_two_digits_are_read_where_their_place_is_plain(texts: list[str], style: DateStyle) -> None:
    for day_first in (True, False):
        assert settle(texts, day_first=day_first).style == style


# Weekends


@pytest.mark.parametrize(
    ("days", "is_said"),
    [
        ([*(4, 5, 6, 7, 8), 9, *(11, 12, 13, 14, 15)], True),
        ([4, 5, 6, 7, 8, 11, 12, 13, 14, 15], False),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], False),  # a coin
        ([3, 4, 5, 6, 7, 10, 11, 12, 13, 14], False),  # Sundays to Thursdays
    ],
)
def test_single_days_at_weekends_are_said(days: list[int], is_said: bool) -> None:
    settled = settle([f"2016-01-{day:02d}" for day in days], day_first=True)
    assert settled.assumed == (("single days at weekends as trade dates",) if is_said else ())


# Moments in UTC


@pytest.mark.parametrize(
    "texts",
    [
        # London's midnights, in winter and in summer
        ["2016-03-24 00:00:00+00:00", "2016-03-25 00:00:00+00:00", "2016-03-27 23:00:00+00:00", "2016-03-28 23:00:00+00:00"],
        # Riyadh's closes or Auckland's midnights
        [f"2016-01-{day:02d}T12:00:00Z" for day in (3, 4, 5, 6, 7)],
        # Qatar's closes; Cairo's, in summer and in winter
        [f"2016-01-{day:02d}T10:15:00Z" for day in (3, 4, 5, 6, 7)],
        [*(f"2016-10-{day}T11:30:00Z" for day in (23, 24, 25)), *(f"2016-10-{day}T12:30:00Z" for day in (26, 27, 30))],
    ],
)
def test_moments_that_may_be_midnights_of_the_day_after_are_refused(texts: list[str]) -> None:
    with pytest.raises(FileRefusedError, match="moments of which some may be midnights of the day after"):
        settle(texts, day_first=True)


@pytest.mark.parametrize(
    "texts",
    [
        ["2016-11-01", "2016-12-01", "2016-13-01", "2016-14-01", "2016-15-01"],  # year, day, month
        ["2016-11-01", "2016-12-01", "13/01/2016", "14/01/2016", "15/01/2016"],  # swapped by a spreadsheet, up to 12
        [*(f"2016-{month:02d}-01" for month in (4, 5, 6, 7, 8, 11, 12)), "13/01/2016"],
    ],
)
def test_dates_of_which_those_above_twelve_are_in_another_style_are_refused(texts: list[str]) -> None:
    with pytest.raises(FileRefusedError, match="dates in several styles"):
        settle(texts, day_first=True)


def test_the_calendar_stands_before_dollars_and_halves_of_days_and_after_a_source() -> None:
    texts = ["01/12/2025", "02/12/2025", "03/12/2025"]
    assert settle(texts, day_first=False, american_marks=True) == Settled(DAY_FIRST)
    assert settle(texts, day_first=False, month_first_source=True) == Settled(MONTH_FIRST)
    assert settle(["05/02/2024"], day_first=True, american_marks=True) == Settled(
        MONTH_FIRST, ("month before day (American marks)",)
    )


def test_american_marks_do_not_tell_where_they_put_days_at_weekends() -> None:
    assert settle(["04/02/2016"], day_first=True, american_marks=True) == Settled(DAY_FIRST, ("day before month",))


@pytest.mark.parametrize(
    ("key", "settled"),
    [
        ("raw/eod_20160104.csv", Settled(MONTH_FIRST)),
        ("raw/eod_20160105.csv", Settled(MONTH_FIRST)),  # saved on the next day
        ("raw/date=2016-04-01/part-0.csv", Settled(DAY_FIRST)),
        ("raw/eod_20160601.csv", Settled(DAY_FIRST, ("day before month",))),
        ("raw/eod_20161301.csv", Settled(DAY_FIRST, ("day before month",))),
        ("raw/A_201601041.csv", Settled(DAY_FIRST, ("day before month",))),
    ],
)
def test_the_name_of_a_file_tells_the_order_of_its_date(key: str, settled: Settled) -> None:
    assert settle(["01/04/2016"], day_first=True, american_marks=False, named=of_key(key)) == settled


@pytest.mark.parametrize(
    ("texts", "shift", "assumed"),
    [
        # Berlin's midnights: stamps from Sunday to Thursday
        ([f"2023-08-{day:02d} 22:00:00+00:00" for day in (9, 10, 13, 14)], 1, ()),
        # Auckland's midnights, in summer and in winter
        ([*(f"2016-03-{day}T11:00:00Z" for day in (27, 28, 29)), *(f"2016-04-{day:02d}T12:00:00Z" for day in (3, 4, 5))], 1, ()),
        # stamps of the end of a day, of two weeks and of one
        ([f"2016-01-{day:02d}T00:00:00Z" for day in (5, 6, 7, 8, 9, 12, 13, 14, 15, 16)], -1, ()),
        ([f"2016-01-{day:02d}T00:00:00Z" for day in (5, 6, 7, 8, 9)], 0, ("the day of the time stamp as the trade date",)),
        # New York's closes, Monday to Friday
        ([f"2016-01-{day:02d}T21:00:00Z" for day in (4, 5, 6, 7, 8)], 0, ()),
        # New York's midnights
        ([f"2016-01-{day:02d} 05:00:00+00:00" for day in (4, 5, 6)], 0, ()),
        # Tokyo's midnights
        ([str(1451833200 + 86_400 * day) for day in range(5)], 1, ()),
        # neither a Sunday nor a Friday
        ([f"2016-01-{day:02d} 15:00:00+00:00" for day in (4, 5, 6)], 0, ("the day of UTC as the trade date",)),
        # with the offset of a place the day is that of the place
        ([f"2016-01-{day:02d} 22:00:00+09:00" for day in (4, 5, 6)], 0, ()),
        ([f"2016-01-{day:02d} 22:00:00" for day in (4, 5, 6)], 0, ()),
        (["201601032300", "201601042300", "201601052300"], 1, ()),
        # but midnights of UTC that were written in New York
        ([f"2016-01-{day:02d} 19:00:00-05:00" for day in (3, 4, 5)], 1, ()),
        ([f"2016-01-{day:02d} 19:00:00" for day in (3, 4, 5)], 1, ()),
        ([f"1/{day}/2016 7:00:00 PM" for day in (3, 4, 5)], 1, ()),
        # Tel Aviv's closes, Sunday to Thursday, and Berlin's midnights of a coin, which trades every day
        ([f"2016-01-{day:02d}T15:25:00Z" for day in (3, 4, 5, 6, 7)], 0, ()),
        ([f"2016-01-{day:02d}T23:00:00Z" for day in range(1, 9)], 0, ("the day of UTC as the trade date",)),
    ],
)
def test_moments_in_utc_are_the_market_s_day(texts: list[str], shift: int, assumed: tuple[str, ...]) -> None:
    settled = settle(texts, day_first=True)
    assert (settled.style.day_shift, settled.assumed) == (shift, assumed)


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["01/04/16"], "two-digit years ('01/04/16')"),
        (["01/04/16", "07/09/16"], "two-digit years ('01/04/16', '07/09/16')"),
        (["42373", "42374"], "Excel's day numbers ('42373', '42374')"),
        (["16804", "16805"], "day numbers, of R or of Excel ('16804', '16805')"),
        (["/Date(1451865600000)/"], "JSON's numbers ('/Date(1451865600000)/')"),
        (["########", "########"], "the date column was too narrow (####)"),
        (["Q1 2016"], "no known style ('Q1 2016')"),
        (["4 janvier 2016"], "months that are not named in English ('4 janvier 2016')"),
        (["4 Apr 2016", "4 Mai 2016"], "months that are not named in English ('4 Mai 2016')"),
        (["13 sty 2016"], "months that are not named in English ('13 sty 2016')"),
        (["", "null"], "no row has a date"),
        ([], "no row has a date"),
    ],
)
def test_dates_without_a_style_are_refused_with_the_evidence(texts: list[str], reason: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        settle(texts, day_first=True)
    assert reason in str(caught.value)


def test_a_close_in_mumbai_below_opens_is_no_midnight_of_another_day() -> None:
    opens = [f"2016-01-{day:02d} 03:45:00+00:00" for day in (4, 5, 6, 7, 8, 11)]
    assert settle(opens, day_first=True).evening_from == 11
