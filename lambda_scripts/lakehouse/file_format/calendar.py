"""What the calendar tells of a file's dates: exchanges trade on neighbouring days, and most of them not at weekends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar

from .refusals import Kind, refused
from .text import shown

NEIGHBOURS_DAYS = 4
"""Over a long weekend the next trading day is so many days away."""

WEEK_DAYS = 5
"""Days of four rows or more that are all so far apart are bars of weeks or months."""

FEW_ROWS = 4

FEW_DAYS = 5
"""So many days in a row have one at a weekend wherever trading goes on from Sunday to Thursday."""

_TIME_OF_DAY = re.compile(r"(?:^|[T ])(\d{1,2}:\d\d(?::\d\d)?)")

Reading = TypeVar("Reading")


def likely(readings: Mapping[Reading, Sequence[date]]) -> Reading | None:
    """The one reading whose days are a run of trading days, where no other's are; None where the calendar does not tell.

    A run: most days have a neighbour within four days. Of few days none may fall on a weekend rather than another reading's.
    """
    runs = {reading: _runs(days) for reading, days in readings.items()}
    best = max(runs, key=lambda reading: runs[reading])
    if runs[best] < 0.5 or any(runs[other] >= runs[best] / 2 for other in readings if other != best):
        return None
    weekends = {reading: _weekends(days) for reading, days in readings.items()}
    is_short = len(set(readings[best])) < FEW_DAYS
    return None if is_short and weekends[best] > min(weekends.values()) else best


def require_days(days_of_symbols: Sequence[Sequence[date]], says_long: bool = False) -> None:
    """Raise FileRefusedError where these days of each symbol of one file are those of weekly or monthly bars.

    `says_long`: the file's name or a column says so, and fewer rows are enough, unless they are neighbouring days.
    """
    distinct: list[date] = max((sorted(set(days)) for days in days_of_symbols), key=len, default=[])
    far = _gaps(distinct)
    if not distinct or (len(distinct) < FEW_ROWS and not says_long):
        return
    if any(map(_has_neighbours, days_of_symbols)):
        return
    evidence = ", ".join(str(day) for day in distinct[:3])
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


def _has_neighbours(days: Sequence[date]) -> bool:
    gaps = _gaps(sorted(set(days)))
    # The newest bar of a week or month that is under way has the day of its last trade.
    return any(gap < WEEK_DAYS for gap in (gaps[:-1] if len(gaps) >= FEW_ROWS else gaps))


def _runs(days: Sequence[date]) -> float:
    """The share of steps from one day to the next that lead to a neighbouring trading day."""
    gaps = _gaps(sorted(set(days)))
    return sum(gap <= NEIGHBOURS_DAYS for gap in gaps) / len(gaps) if gaps else 0.0


def _weekends(days: Sequence[date]) -> float:
    return sum(day.weekday() > 4 for day in days) / len(days) if days else 0.0


def _gaps(distinct: Sequence[date]) -> list[int]:
    return [(later - earlier).days for earlier, later in zip(distinct, distinct[1:], strict=False)]
