"""Time: a clock that tests can replace, and the deadline that every wait respects."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone

from .errors import DeadlineReachedError


class Clock:
    """The real one. Times are aware datetimes in UTC."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Deadline:
    """The moment by which an invocation must have ended its waits. `while_waiting` are called at each step of a wait."""

    def __init__(self, clock: Clock, seconds: float, *while_waiting: Callable[[], None]) -> None:
        self.clock = clock
        self._end = clock.monotonic() + seconds
        self._while_waiting = while_waiting

    def remaining_seconds(self) -> float:
        return self._end - self.clock.monotonic()

    def check(self, what: str) -> None:
        """Raise DeadlineReachedError when no time is left for `what`."""
        if self.remaining_seconds() <= 0:
            raise DeadlineReachedError(f"no time left in this invocation to {what}")

    def sleep(self, seconds: float, what: str) -> None:
        """Sleep, but not past the deadline; raise DeadlineReachedError once it has passed."""
        self.check(what)
        self.clock.sleep(min(seconds, max(0.0, self.remaining_seconds())))
        for each in self._while_waiting:
            each()


def milliseconds_text(moment: datetime) -> str:
    """`2026-11-24 06:45:20.000`, in UTC: how times stand in staged JSON and load records."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
