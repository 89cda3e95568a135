"""How a file writes its trade dates.

A style is what the parse statement needs to read a date: the text's shape and where year, month and day stand
in it. It is found once per file; a row that does not fit its file's style is rejected, never read otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..errors import FileRefusedError
from .text import shown

TIME_OF_DAY = "[T ][0-9]{1,2}:[0-9]{2}.*$"
"""What is cut from a date's end before anything else; the parse statement cuts the same."""

RUN = "[A-Za-z0-9]+"
"""A run of letters and digits; a shape is the day text with each run replaced by `#`."""

TRIES = 1000
"""How many dates may fit no style before the file is refused."""

_TIME_OF_DAY = re.compile(TIME_OF_DAY)
_RUN = re.compile(RUN)
_SHAPE = re.compile(r"#([-/. ])#\1#|#\.? #,? #")
_YEAR = re.compile(r"(?:1[89]|2[01])\d\d")
_MONTH = re.compile(
    r"0?[1-9]|1[0-2]|jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t|tember)?|oct(ober)?"
    r"|nov(ember)?|dec(ember)?",
    re.IGNORECASE,
)
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
_PARTS = (_YEAR, _MONTH, _DAY)
_COMPACT = re.compile(r"(?:1[89]|2[01])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
# The number of digits tells an epoch's unit from 1973-03-03 to 2286-11-20. Eight digits are a compact date.
_EPOCH_UNITS_A_DAY = {
    **dict.fromkeys((9, 10), 86_400),
    **dict.fromkeys((12, 13), 86_400_000),
    **dict.fromkeys((15, 16), 86_400_000_000),
    **dict.fromkeys((18, 19), 86_400_000_000_000),
}
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2}|[A-Za-z]{3,9}\.? \d{1,2},? \d{2}")
_EXCEL_DAY_NUMBER = re.compile(r"[1-6]\d{4}(\.\d+)?")


@dataclass(frozen=True)
class DateStyle:
    """Where a date's parts stand: 1-based among the runs of `shape`.

    Both compact (`20160104`) and epoch dates have the shape `#` and no places; an epoch has `divisor`, the
    number of its units in a day. It gives the day in UTC; a day before 1973-03-03 comes of another unit.
    """

    shape: str | None
    year_at: int | None = None
    month_at: int | None = None
    day_at: int | None = None
    divisor: int | None = None


def day_text(text: str) -> str:
    """The date without its time of day."""
    return _TIME_OF_DAY.sub("", text)


@lru_cache(maxsize=4096)
def styles(text: str) -> frozenset[DateStyle]:
    """The styles in which the text is a date: none, one, or two where day and month may be either."""
    day = day_text(text)
    runs = _RUN.findall(day)
    shape = _RUN.sub("#", day)
    if shape == "#":
        return _digit_styles(day)
    if not _SHAPE.fullmatch(shape):
        return frozenset()
    return frozenset(
        DateStyle(shape, *places)
        for places in ((1, 2, 3), (3, 2, 1), (3, 1, 2))
        if all(pattern.fullmatch(runs[at - 1]) for pattern, at in zip(_PARTS, places, strict=True))
    )


def settle(texts: Iterable[str], day_first: bool) -> DateStyle:
    """The style of a file with these dates, which are consumed only until it is certain.

    The first date that fits a style decides it; where it leaves day and month open, the first that does not.
    Where every date does, `day_first` decides.

    Raises FileRefusedError when no style fits any of the first thousand dates, or there is no date at all.
    """
    dates = _dates(texts)
    candidates: frozenset[DateStyle] = frozenset()
    misfits = []
    for text in dates:
        candidates = styles(text)
        if candidates:
            break
        misfits.append(text)
        if len(misfits) == TRIES:
            break
    if not candidates:
        raise FileRefusedError(_no_style(misfits))
    while len(candidates) > 1:
        following = next(dates, None)
        if following is None:
            return _preferred(candidates, day_first)
        candidates = candidates & styles(following) or candidates
    return next(iter(candidates))


def _digit_styles(day: str) -> frozenset[DateStyle]:
    if _COMPACT.fullmatch(day):
        return frozenset({DateStyle("#")})
    units_a_day = _EPOCH_UNITS_A_DAY.get(len(day))
    if units_a_day and day.isdecimal() and not day.startswith("0"):
        return frozenset({DateStyle("#", divisor=units_a_day)})
    return frozenset()


def _dates(texts: Iterable[str]) -> Iterator[str]:
    """The texts that may be dates: a blank, `null` or `-` says that there is none."""
    return (text for text in texts if any(char.isdecimal() for char in text))


def _preferred(candidates: frozenset[DateStyle], day_first: bool) -> DateStyle:
    return next(style for style in candidates if (style.day_at == 1) == day_first)


def _no_style(misfits: list[str]) -> str:
    if not misfits:
        return "no row has a date: fill the date column"
    first = day_text(misfits[0])
    evidence = ", ".join(dict.fromkeys(shown(text, 30) for text in misfits[:3]))
    if _TWO_DIGIT_YEAR.fullmatch(first):
        return f"dates have two-digit years ({evidence}), which leave the order open: write years in full"
    if _EXCEL_DAY_NUMBER.fullmatch(first):
        return f"dates are Excel's day numbers ({evidence}): format the column as a date and save it again"
    return f"dates fit no known style ({evidence}): write them as 2016-01-04"
