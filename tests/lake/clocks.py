"""Clocks of the tests' own."""

from __future__ import annotations

from lambda_scripts.lakehouse.clock import Clock


class SteppedClock(Clock):
    """A clock whose time passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
