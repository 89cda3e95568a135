"""How a file writes its trade dates.

A style is what the parse statement needs to read a date: the text's shape and where year, month and day stand
in it. It is found once per file; a row that does not fit its file's style is rejected, never read otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from . import calendar
from .refusals import Kind, refused
from .text import shown

_WEEKDAY = "(mon|tues?|wed(nes)?|thu(rs?)?|fri|sat(ur)?|sun)(day)?"
_TIME = r"[T ][0-9]{1,2}:[0-9]{2}.*$|[T ][0-9]{6}Z?$|Z$|[+-][0-9]{2}:[0-9]{2}$"
CUT = rf"(?i)^{_WEEKDAY}[.,]* +|{_TIME}|[ ,(]+{_WEEKDAY}\)?$"
"""What is cut from a date before anything else, a weekday and a time of day; the parse statement cuts the same."""

RUN = "[0-9]+|[A-Za-z]+"
"""A run of digits or of letters; a shape is the day text with each run replaced by `#`, and double blanks by one."""

TRIES = 1000
"""How many dates may fit no style before the file is refused."""

KEPT = 5000
"""How many dates are held against the calendar."""

ROC = 1911
"""What is added to a year of the Republic of China (Taiwan)."""

CENTURY = 2000
"""What two digits of a year are added to, unless they are of the century before: from 70 on."""

_CUT = re.compile(CUT)
_RUN = re.compile(RUN)
_SHAPE = re.compile(r"#([-/. ])#\1#|#\.? #,? #|###|#\. ?#\. ?#\.?|#年 ?#月 ?#日|#년 ?#월 ?#일")
_FULL_YEAR = re.compile(r"(?:1[89]|2[01])\d\d")
_ROC_YEAR = re.compile(r"1[0-4]\d|0?[7-9]\d")
_SHORT_YEAR = re.compile(r"\d\d")
_MONTHS = (
    *("jan(uary)?", "feb(ruary)?", "mar(ch)?", "apr(il)?", "may", "june?", "july?", "aug(ust)?", "sep(t|tember)?"),
    *("oct(ober)?", "nov(ember)?", "dec(ember)?"),
)
_MONTH_NAME = re.compile("|".join(_MONTHS), re.IGNORECASE)
_MONTH = re.compile(rf"0?[1-9]|1[0-2]|{'|'.join(_MONTHS)}", re.IGNORECASE)
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
_COMPACT = re.compile(r"((?:1[89]|2[01])\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:([01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?")
# The number of digits tells an epoch's unit from 1973-03-03 to 2286-11-20. Eight digits are a compact date; so are twelve and
# fourteen with a time of day behind it, as few milliseconds of 1976 are.
_EPOCH_UNITS_A_DAY = {
    **dict.fromkeys((9, 10), 86_400),
    **dict.fromkeys((12, 13), 86_400_000),
    **dict.fromkeys((15, 16), 86_400_000_000),
    **dict.fromkeys((18, 19), 86_400_000_000_000),
}
_MOMENT = re.compile(r"[T ](\d{1,2}):(\d\d)(?::\d\d(?:\.\d+)?)? *(Z|UTC|GMT|[+-]00:?00|[+-]\d\d:?\d\d)?(?: .*)?$", re.IGNORECASE)
_HALF_DAY = re.compile(r"\d *[AP]\.?M\b", re.IGNORECASE)
_EVENING_IN_UTC, _EVENING = 10, 17
"""From these hours on, in UTC and elsewhere, a moment may be midnight of the day after at a market."""

_EARLIEST_MIDNIGHT = 11
"""No market has its midnight at an earlier hour of UTC; Mumbai closes at 10:00, where Yahoo dates the newest bar."""

_LAST_SUNDAY_CLOSE = 13.0
"""By this hour of UTC markets close that trade on Sundays, from Muscat to Cairo."""

_AUCKLAND = ({11.0}, {11.0, 12.0})
"""Hours of UTC before it at which it is midnight somewhere all the same."""

_AMERICA = 5
"""No midnight of America is later in UTC, and few markets have closed by then."""

_EXCEL_DAY_NUMBER = re.compile(r"[3-6]\d{4}(\.\d+)?")
_DAY_NUMBER = re.compile(r"[1-9]\d{3,4}(\.\d+)?")
_JSON_DATE = re.compile(r"\\*/Date\(.*")
_TOO_NARROW = re.compile("#{3,}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_NAMED_MONTH = re.compile(r"(?:\d{1,2}\W+)?[^\W\d_]{3,}\W+(?:\d{1,2}\W+)?(?:\d\d|\d{4})")
_IN_KEY = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}([-_.]?)[0-9]{2}\1[0-9]{2}(?![0-9])")
_PLACES = ((1, 2, 3), (3, 2, 1), (3, 1, 2))


@dataclass(frozen=True)
class DateStyle:
    """Where a date's parts stand: 1-based among the runs of `shape`.

    Compact (`20160104`, `201601041530`) and epoch dates have no places: their first run is the date; an epoch has `divisor`, the
    number of its units in a day. It gives the day in UTC; a day before 1973-03-03 comes of another unit. `year_base` is 0 where
    years stand in full; `day_shift` is what is added to the day that the text says.
    """

    shape: str | None
    year_at: int | None = None
    month_at: int | None = None
    day_at: int | None = None
    divisor: int | None = None
    year_base: int = 0
    day_shift: int = 0

    @lru_cache(maxsize=16384)  # noqa: B019 the styles are few, and files of a burst share their days
    def day(self, text: str) -> date | None:
        """The trade date that the text is in this style; None where it is none."""
        cut = day_text(text)
        if _shape_of(cut) != self.shape:
            return None
        runs = _RUN.findall(cut)
        try:
            found = self._day(runs)
        except (ValueError, OverflowError):
            return None
        return found + timedelta(days=self.day_shift) if found else None

    def _day(self, runs: Sequence[str]) -> date | None:
        if self.divisor:
            days = int(runs[0]) // self.divisor
            return date(1970, 1, 1) + timedelta(days=days) if 1157 <= days <= 200_000 else None
        if self.year_at is None or self.month_at is None or self.day_at is None:
            found = _COMPACT.fullmatch(runs[0])
            return date(int(found[1]), int(found[2]), int(found[3])) if found else None
        month = runs[self.month_at - 1]
        number = int(month) if month.isdecimal() else _month_number(month)
        year = full_year(runs[self.year_at - 1], self.year_base)
        return date(year, number, int(runs[self.day_at - 1])) if year and number else None


_COMPACT_STYLE = DateStyle("#")


@dataclass(frozen=True)
class Settled:
    """The style of a file's dates, and what was assumed to find it.

    `evening_from`: the hour from which on a quarter of an hour is an evening, where all moments must be one or, without a shift
    to the day after, none.
    """

    style: DateStyle
    assumed: tuple[str, ...] = ()
    evening_from: int | None = None


def day_text(text: str) -> str:
    """The date without its weekday and time of day."""
    return _CUT.sub("", text)


def full_year(text: str, base: int) -> int | None:
    """The year that the digits are, with that base."""
    if base == ROC:
        return int(text) + ROC if _ROC_YEAR.fullmatch(text) else None
    if base == CENTURY:
        return int(text) + (CENTURY if int(text) < 70 else CENTURY - 100) if _SHORT_YEAR.fullmatch(text) else None
    return int(text) if _FULL_YEAR.fullmatch(text) else None


@lru_cache(maxsize=4096)
def styles(text: str) -> frozenset[DateStyle]:
    """The styles in which the text is a date: none, one, or several where its parts may be in another order."""
    cut = day_text(text)
    runs = _RUN.findall(cut)
    shape = _shape_of(cut)
    if shape in ("#", "#.#") and "".join(runs).isdecimal():
        return _digit_styles(shape, runs[0])
    if "#" in cut or not _SHAPE.fullmatch(shape):  # a # of the text's own is not a run
        return frozenset()
    found = set(_placed(shape, runs, _FULL_YEAR, 0))
    if not found:
        found.update(_placed(shape, runs, _SHORT_YEAR, CENTURY))
        if len(runs[0]) == 3:
            found.update(style for style in _placed(shape, runs, _ROC_YEAR, ROC) if style.year_at == 1)
    return frozenset(found)


def settle(
    texts: Iterable[str],
    more: Iterable[str] = (),
    *,
    day_first: bool,
    month_first_source: bool = False,
    american_marks: bool = False,
    named: Sequence[date] = (),
    utc: bool = False,
    english: bool = True,
) -> Settled:
    """The style of a file with these dates; `more` are those beyond its first range, read only while the order is open.

    The style of most dates is the file's. For the order of its parts there is evidence in this order: a part above 12; a source
    that writes months first; the calendar; the dates in the file's name, `named`; `american_marks`, which is said, since they may
    be Australian. Without any, `day_first` decides, which is said. `utc`: a moment without an offset is in UTC; `english` says
    that the header is in English.

    Raises FileRefusedError when no style fits any of the first thousand dates, none fits half of those that are dates, there is
    no date at all, years of two digits leave the order open, or some dates may have day and month swapped.
    """
    texts = list(texts)
    dates = [text for text in texts if _may_be_date(text)]
    candidates = _candidates(dates)
    following = (text for text in more if _may_be_date(text))
    if not candidates:
        dates.extend(text for _, text in zip(range(TRIES), following, strict=False))
        candidates = _candidates(dates)
    if not candidates:
        raise _no_style(dates, texts)
    _require_one_order(next(iter(candidates)), dates)
    candidates = _narrowed(candidates, dates, following)
    assumed: list[str] = []
    style = next(iter(candidates))
    if len(candidates) > 1:
        style = _ordered(candidates, dates, day_first, month_first_source, american_marks, named, assumed)
    if style.year_base == CENTURY and style.year_at == 1 and not english:
        raise _two_digit_years(dates)
    _require_english_months(style, dates)
    _require_none_swapped(style, dates)
    settled = _shifted(style, dates, utc, assumed)
    days = filter(None, map(settled.style.day, dates))
    if 0 < calendar.share_at_weekends(list(days)) < calendar.FEW_WEEKENDS:
        return replace(settled, assumed=(*settled.assumed, "single days at weekends as trade dates"))
    return settled


def require_unshifted(style: DateStyle, moments: Sequence[str]) -> None:
    """Raise FileRefusedError where dates of that style, with the times of day of another column behind, tell that the trade date
    is the day after, or before: the parse statement does not read two columns together.
    """
    if _shifted(style, moments, False, []).style != style:
        raise refused(
            Kind.DATES,
            f"by the times of day in a column of their own the trade date is another day ({shown(moments[0], 30)},"
            f" {shown(moments[-1], 30)}): write the trade dates as 2016-01-04",
        )


def of_key(key: str) -> list[date]:
    """The days that a file's name and its folders say, year first: eod_20160104.csv, dt=2016-01-04/."""
    return [day for found in _IN_KEY.finditer(key) if (day := _COMPACT_STYLE.day(re.sub(r"\D", "", found[0])))]


def has_half_days(text: str) -> bool:
    """Whether a time of day is written with AM or PM."""
    return bool(_HALF_DAY.search(text))


def _shape_of(cut: str) -> str:
    """The shape of a day text; SQL Server pads days with a blank."""
    return _RUN.sub("#", cut).replace("  ", " ")


def _placed(shape: str, runs: Sequence[str], year: re.Pattern[str], base: int) -> Iterator[DateStyle]:
    for places in _PLACES:
        if shape == "###" and places != (3, 2, 1):
            continue
        if all(pattern.fullmatch(runs[at - 1]) for pattern, at in zip((year, _MONTH, _DAY), places, strict=True)):
            yield DateStyle(shape, *places, year_base=base)


def _digit_styles(shape: str, run: str) -> frozenset[DateStyle]:
    if _COMPACT.fullmatch(run):
        return frozenset({DateStyle(shape)})
    units_a_day = _EPOCH_UNITS_A_DAY.get(len(run))
    if units_a_day and not run.startswith("0"):
        return frozenset({DateStyle(shape, divisor=units_a_day)})
    return frozenset()


def _may_be_date(text: str) -> bool:
    """A blank, `null` or `-` says that there is none."""
    return any(char.isdecimal() for char in text)


def _candidates(dates: Sequence[str]) -> frozenset[DateStyle]:
    """The styles that most dates have: those of the first date that has one of them."""
    counts = Counter(style for text in dates for style in styles(text))
    most = max(counts.values(), default=0)
    each = ([style for style in styles(text) if counts[style] == most] for text in dates)
    found = frozenset(next(filter(None, each), []))
    if found and 2 * most < sum(bool(styles(text)) for text in dates):
        text, other, *_ = {styles(text): text for text in dates if styles(text)}.values()
        raise _several_styles(text, other, "none of which most have")
    if any(style.year_base == CENTURY for style in found):
        # Years of the Republic of China have three digits since 2011: one of them tells what those of two are.
        for text in dates:
            for style in styles(text):
                if style.year_base == ROC and replace(style, year_base=CENTURY) in found:
                    return frozenset({style})
    return found


def _narrowed(candidates: frozenset[DateStyle], dates: list[str], more: Iterator[str]) -> frozenset[DateStyle]:
    """Those candidates that further dates fit too, which are read, and kept, while there are several."""
    while len(candidates) > 1:
        following = next(more, None)
        if following is None:
            break
        candidates = candidates & styles(following) or candidates
        if len(dates) < KEPT:
            dates.append(following)
    return candidates


def _ordered(
    candidates: frozenset[DateStyle],
    dates: Sequence[str],
    day_first: bool,
    month_first_source: bool,
    american_marks: bool,
    named: Sequence[date],
    assumed: list[str],
) -> DateStyle:
    """The one among candidates of different order that the source, the calendar or the setting tells."""
    if any(style.year_base == CENTURY for style in candidates):
        candidates = _with_known_year(candidates, dates)
    if len(candidates) == 1:
        return next(iter(candidates))
    by_source = [style for style in candidates if style.month_at == 1]
    if by_source and month_first_source:
        return by_source[0]
    readings = {style: list(filter(None, map(style.day, dates))) for style in candidates}
    by_calendar = calendar.likely(readings)
    if by_calendar:
        return by_calendar
    by_name = [style for style in candidates if calendar.ends_at(readings[style], named)]
    if len(by_name) == 1:
        return by_name[0]
    if len({style.year_at for style in candidates}) > 1:
        raise _two_digit_years(dates)
    weekends = {style: calendar.share_at_weekends(readings[style]) for style in candidates}
    if by_source and american_marks and weekends[by_source[0]] == min(weekends.values()):
        assumed.append("month before day (American marks)")
        return by_source[0]
    assumed.append("day before month" if day_first else "month before day")
    return next(style for style in candidates if (style.day_at == 1) == day_first)


def _with_known_year(candidates: frozenset[DateStyle], dates: Sequence[str]) -> frozenset[DateStyle]:
    """Those whose year stands where it must: behind a month's name, or where the same number stands in every date."""
    runs = [_RUN.findall(day_text(text)) for text in dates]
    runs = [each for each in runs if len(each) == 3]
    if any(_MONTH_NAME.fullmatch(each[1]) for each in runs):
        by_calendar = calendar.likely({style: list(filter(None, map(style.day, dates))) for style in candidates})
        return frozenset({by_calendar or next(style for style in candidates if style.day_at == 1)})
    distinct = [len({each[at] for each in runs}) for at in range(3)]
    constant = [at + 1 for at in range(3) if distinct[at] == 1]
    if max(distinct) > 2 and len(constant) == 1:
        return frozenset(style for style in candidates if style.year_at == constant[0]) or candidates
    return candidates


def _shifted(style: DateStyle, dates: Sequence[str], utc: bool, assumed: list[str]) -> Settled:
    """The style with the shift from the day of the stamps to the market's: a midnight elsewhere is the evening before here.

    Stamps fall on Sundays and none on Fridays then; those of the end of a day on Saturdays and none on Mondays. Raises
    FileRefusedError where the former holds for some of the stamps only, as where clocks change, or where they may be the closes
    of a market that trades on Sundays.
    """
    if style.year_at and not any(":" in text for text in dates):
        return Settled(style, tuple(assumed))
    moments = [(day, *moment) for text in dates if (day := style.day(text)) and (moment := _moment(style, text, utc))]
    evenings = [
        (day, hour, in_utc)
        for day, hour, in_utc in moments
        if hour >= (_EVENING_IN_UTC if in_utc else _EVENING) and hour * 4 == int(hour * 4)
    ]
    all_in_utc = all(in_utc for _, _, in_utc in moments)
    # The parse statement does not read AM and PM, nor hours that follow a date without a blank.
    is_told = style.divisor is not None or not any(has_half_days(text) or ":" not in text for text in dates if style.day(text))
    evening_from = (_EVENING_IN_UTC if all_in_utc else _EVENING) if moments and is_told else None
    weekdays = {day.weekday() for day, _, _ in evenings}
    if 6 in weekdays and 4 not in weekdays:
        closes = {hour for _, hour, in_utc in evenings if in_utc and hour < _LAST_SUNDAY_CLOSE}
        if len(evenings) < len(moments) or (closes and closes not in _AUCKLAND):
            raise refused(
                Kind.DATES,
                f"moments of which some may be midnights of the day after ({shown(dates[0], 30)}, {shown(dates[-1], 30)}):"
                " write the trade dates as 2016-01-04",
            )
        return Settled(replace(style, day_shift=1), tuple(assumed), evening_from)
    # Stamps of the end of a day: no market trades from Tuesday to Saturday.
    found = [day.weekday() for day in {day for day, _, _ in moments}]
    if not evenings and 5 in found and not {6, 0} & set(found):
        if found.count(5) > 1:
            return Settled(replace(style, day_shift=-1), tuple(assumed), evening_from)
        if len(set(found)) == 5:
            assumed.append("the day of the time stamp as the trade date")
    if len(evenings) == len(moments) and any(in_utc for _, _, in_utc in evenings) and (4 not in weekdays or 6 in weekdays):
        assumed.append("the day of UTC as the trade date")
    is_early = all_in_utc and all(hour <= _AMERICA for _, hour, _ in moments)
    return Settled(style, tuple(assumed), _EARLIEST_MIDNIGHT if is_told and is_early and moments else None)


def _moment(style: DateStyle, text: str, utc: bool) -> tuple[float, bool] | None:
    """The hour of a moment, a date in that style, and whether it is in UTC; None where it has no time of day."""
    if style.divisor:
        run = _RUN.findall(text)[0]
        return int(run) % style.divisor * 24 / style.divisor, True
    compact = _COMPACT.fullmatch(text)
    if compact and compact[4]:
        return int(compact[4]), utc
    found = _MOMENT.search(text)
    if not found:
        return None
    zone = (found[3] or "").upper().lstrip("+-").replace(":", "")
    hour = int(found[1]) + int(found[2]) / 60
    half = _HALF_DAY.search(text)
    if half:
        hour = hour % 12 + (12 if "P" in half[0].upper() else 0)
    return hour, zone in ("Z", "UTC", "GMT", "0000") or (utc and not zone)


def _require_one_order(style: DateStyle, dates: Sequence[str]) -> None:
    """Raise FileRefusedError where one date fits the style, and another only the one with day and month the other way round."""
    other = replace(style, month_at=style.day_at, day_at=style.month_at)
    if other == style:
        return
    fitting = next((text for text in dates if style in styles(text) and other not in styles(text)), None)
    misfit = next((text for text in dates if other in styles(text) and style not in styles(text)), None)
    if fitting and misfit:
        raise refused(
            Kind.DATES,
            f"dates with the day first and with the month first ({shown(fitting, 30)}, {shown(misfit, 30)}): write all as"
            " 2016-01-04",
        )


def _require_none_swapped(style: DateStyle, dates: Sequence[str]) -> None:
    """Raise FileRefusedError where day and month may be swapped in some rows: days above 12 are in another style than all other
    days, as a spreadsheet leaves them; or dates far from all others are next to them when swapped, as rows that were put below.
    """
    if style.year_at is None or len(dates) < calendar.FEW_ROWS:
        return
    days = {day: text for text in dates if (day := style.day(text))}
    are_late = {day.day > 12 for day in days}
    misfits = [text for text in dates if style.day(text) is None]
    others = [text for text in misfits if (is_late := _is_late_in_month(text)) is not None and are_late == {not is_late}]
    if 10 * len(others) > len(dates):
        raise _several_styles(next(iter(days.values())), others[0], "so that day and month of some may be swapped")
    strays = calendar.strays(days) if style.year_at == 3 else []
    if strays and all(map(str.isdecimal, _RUN.findall(day_text(days[strays[0]])))):
        raise refused(
            Kind.DATES,
            f"dates far from all others, next to them with day and month swapped ({shown(days[strays[0]], 30)}): write all as"
            " 2016-01-04",
        )


def _several_styles(text: str, other: str, why: str) -> Exception:
    return refused(Kind.DATES, f"dates in several styles ({shown(text, 30)}, {shown(other, 30)}), {why}: write all as 2016-01-04")


def _is_late_in_month(text: str) -> bool | None:
    """Whether a date of three numbers has one that can only be a day; None of other texts."""
    runs = _RUN.findall(day_text(text))
    if len(runs) != 3 or not all(map(str.isdecimal, runs)):
        return None
    return any(len(run) == 2 and 12 < int(run) < 32 for run in runs)


def _require_english_months(style: DateStyle, dates: Sequence[str]) -> None:
    """Raise FileRefusedError where some months have English names, and others do not: Apr and Mai."""
    if style.month_at is None or not any(map(_LETTERS.search, map(day_text, dates[:TRIES]))):
        return
    foreign = [text for text in dates if _NAMED_MONTH.fullmatch(day_text(text)) and style.day(text) is None and not styles(text)]
    if foreign:
        raise _foreign_months(foreign)


def _month_number(name: str) -> int | None:
    return next((number for number, month in enumerate(_MONTHS, start=1) if re.fullmatch(month, name, re.IGNORECASE)), None)


def _no_style(misfits: Sequence[str], texts: Sequence[str]) -> Exception:
    if any(map(_TOO_NARROW.fullmatch, texts)):
        return refused(Kind.DATES, "the date column was too narrow (####) as it was saved: widen it and save it again")
    if not misfits:
        return refused(Kind.DATES, "no row has a date: fill the date column")
    first = day_text(misfits[0])
    evidence = ", ".join(dict.fromkeys(shown(text, 30) for text in misfits[:3]))
    if _EXCEL_DAY_NUMBER.fullmatch(first):
        return refused(Kind.DATES, f"dates are Excel's day numbers ({evidence}): format the column as a date and save it again")
    if _DAY_NUMBER.fullmatch(first):
        return refused(Kind.DATES, f"dates are day numbers, of R or of Excel ({evidence}): write them as 2016-01-04")
    if _JSON_DATE.match(first):
        return refused(Kind.DATES, f"dates are JSON's numbers ({evidence}): write them as 2016-01-04")
    if any(not _MONTH_NAME.fullmatch(word) for word in _LETTERS.findall(first)) and sum(char.isdecimal() for char in first) > 4:
        return _foreign_months(misfits)
    return refused(Kind.DATES, f"dates fit no known style ({evidence}): write them as 2016-01-04")


def _foreign_months(dates: Sequence[str]) -> Exception:
    evidence = ", ".join(dict.fromkeys(shown(text, 30) for text in dates[:3]))
    return refused(Kind.DATES, f"dates have months that are not named in English ({evidence}): write them as 2016-01-04")


def _two_digit_years(dates: Sequence[str]) -> Exception:
    evidence = ", ".join(dict.fromkeys(shown(text, 30) for text in dates[:3]))
    return refused(Kind.DATES, f"dates have two-digit years ({evidence}), which leave the order open: write years in full")
