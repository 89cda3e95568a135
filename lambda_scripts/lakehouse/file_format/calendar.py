"""What the calendar tells of a file's dates: exchanges trade on neighbouring days, and most of them not at weekends."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from .refusals import Kind, refused
from .text import shown

NEIGHBOURS_DAYS = 4
"""Over a long weekend the next trading day is so many days away."""

MOST_OF_A_RUN = 0.8
"""Where so many days have a neighbour, single ones without are remarkable."""

FAR_DAYS = 14
"""A share that is seldom traded may rest so many days; a date with day and month swapped is further off."""

FEW_ROWS = 4
"""Of fewer days nothing tells that they are of weeks or months."""

WEEKLY_RESTS = ({4, 5}, {5, 6}, {6, 0})
"""The days of a week on which nobody trades, as weekdays: in the Middle East and elsewhere, and by stamps of the end of a day."""

FEW_WEEKENDS = 0.1
"""Where fewer days are at weekends, the others are a market's that rests then."""

QUARTER_DAYS = 100
"""Months or quarters are not further apart."""

FEW_DAYS = 5
"""So many days in a row have one at a weekend wherever trading goes on from Sunday to Thursday."""

_TIME_OF_DAY = re.compile(r"(?:^|[T ])(\d{1,2}:\d\d(?::\d\d)?)")

Reading = TypeVar("Reading")


def likely(readings: Mapping[Reading, Sequence[date]]) -> Reading | None:
    """The one reading whose days are a run of trading days, where no other's are; None where the calendar does not tell.

    A run: most days have a neighbour within four days. Of few days none may fall on a weekend rather than another reading's.

    Raises FileRefusedError where the run goes on all week and another reading has a day a month: read in the wrong order, the
    firsts of twelve months are twelve days in a row.
    """
    runs = {reading: _runs(days) for reading, days in readings.items()}
    best = max(runs, key=lambda reading: runs[reading])
    if runs[best] < 0.5 or any(runs[other] >= runs[best] / 2 for other in readings if other != best):
        return None
    weekends = {reading: share_at_weekends(days) for reading, days in readings.items()}
    monthly = [sorted(set(days)) for reading, days in readings.items() if reading != best and _are_of_months(days)]
    if monthly and not any(rest.isdisjoint(day.weekday() for day in readings[best]) for rest in WEEKLY_RESTS):
        raise refused(
            Kind.BARS,
            f"dates are either of monthly bars ({monthly[0][0]}, {monthly[0][1]}) or days in a row, weekends among them: drop"
            " daily bars, with dates as 2016-01-04",
        )
    is_short = len(set(readings[best])) < FEW_DAYS
    return None if is_short and weekends[best] > min(weekends.values()) else best


def ends_at(days: Sequence[date], named: Sequence[date]) -> bool:
    """Whether the last day is one of the named ones, or the trading day before it."""
    return any(0 <= (day - max(days)).days <= NEIGHBOURS_DAYS for day in named if days)


def strays(days: Collection[date]) -> list[date]:
    """Of days that are a run, those without a neighbour that would be a missing one of the run with day and month swapped."""
    known = set(days)

    def has_neighbour(day: date, within: int = NEIGHBOURS_DAYS) -> bool:
        return any(day + timedelta(days=step) in known for step in range(-within, within + 1) if step)

    if _runs(list(days)) < MOST_OF_A_RUN:
        return []
    alone = [day for day in sorted(known) if day.day <= 12 and not has_neighbour(day, FAR_DAYS)]
    swapped = {day: day.replace(month=day.day, day=day.month) for day in alone}
    return [day for day, other in swapped.items() if other not in known and other.weekday() < 5 and has_neighbour(other)]


def require_days(days_of_symbols: Sequence[Sequence[date]], says_long: bool = False) -> None:
    """Raise FileRefusedError where these days of each symbol of one file are those of weekly or monthly bars: no week has two
    neighbours, and few weeks end next to the one before, as where a week ends on the first day before holidays.

    `says_long`: the file's name or a column says so; fewer rows are enough then, and only a day and the next one are neighbours.
    """
    distinct = [sorted(set(days)) for days in days_of_symbols]
    longest = max(distinct, key=len, default=[])
    # A day each of several symbols are not bars of a week only because the file's name says so.
    if not longest or (len(longest) < FEW_ROWS and (not says_long or len(longest) < 2 <= len(distinct))):
        return
    if len(longest) > FEW_ROWS:  # the newest bar of a week or month that is under way has the day of its last trade
        distinct = [days[:-1] for days in distinct]
    steps = [step for days in distinct for step in zip(days, days[1:], strict=False)]
    near = [(day, next_day) for day, next_day in steps if (next_day - day).days <= (1 if says_long else NEIGHBOURS_DAYS)]
    if any(day.weekday() < next_day.weekday() for day, next_day in near) or 0 < len(steps) <= 3 * len(near):
        return
    far = _gaps(longest)
    evidence = ", ".join(str(day) for day in longest[:3])
    apart = f"dates {max(far)} days apart" if far else "by its name or period"
    raise refused(
        Kind.BARS,
        f"weekly or monthly bars ({apart}, such as {shown(evidence)}): drop daily ones",
    )


def require_whole_days(texts: Sequence[str]) -> None:
    """Raise FileRefusedError when these texts, of days with several rows each, are or end in many different times of day."""
    times = [found[1] for text in texts if (found := _TIME_OF_DAY.search(text))]
    if 2 * len(times) > len(texts) and len(set(times)) > 2:
        raise of_parts_of_days(texts)


def of_parts_of_days(texts: Sequence[str]) -> Exception:
    """The error to raise for bars at these moments."""
    return refused(
        Kind.BARS, f"bars of minutes or hours ({shown(texts[0], 30)}, {shown(texts[1], 30)}): drop daily ones, a row a day"
    )


def share_at_weekends(days: Sequence[date]) -> float:
    """The share of the days that fall on a Saturday or Sunday."""
    return sum(day.weekday() > 4 for day in days) / len(days) if days else 0.0


def _runs(days: Sequence[date]) -> float:
    """The share of steps from one day to the next that lead to a neighbouring trading day."""
    gaps = _gaps(sorted(set(days)))
    return sum(gap <= NEIGHBOURS_DAYS for gap in gaps) / len(gaps) if gaps else 0.0


def _are_of_months(days: Sequence[date]) -> bool:
    """Whether they are one a month, as monthly bars are dated: all on the first, or none at a weekend."""
    distinct = set(days)
    is_dated = all(day.day == 1 for day in distinct) or not share_at_weekends(days)
    gaps = sorted(_gaps(sorted(distinct)))
    is_one_a_month = len({(day.year, day.month) for day in distinct}) == len(distinct)
    return len(distinct) >= FEW_ROWS and is_dated and is_one_a_month and gaps[len(gaps) // 2] <= QUARTER_DAYS


def _gaps(distinct: Sequence[date]) -> list[int]:
    return [(later - earlier).days for earlier, later in zip(distinct, distinct[1:], strict=False)]
