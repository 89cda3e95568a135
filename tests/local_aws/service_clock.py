"""The time that S3, Glue and Lambda's queues go by: the machine's, ahead of it by as much as a test would else have slept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from moto.s3 import models as s3_models

from . import glue_crawler
from .seams import Seams


class ServiceClock:
    """Dates objects (S3 shows whole seconds of it, as AWS does) and crawls."""

    def __init__(self) -> None:
        self._ahead_seconds = 0.0
        self.moved: Callable[[], None] = lambda: None
        """Called when it was set: what waited for a time may be due."""

    @property
    def ahead_seconds(self) -> float:
        return self._ahead_seconds

    @ahead_seconds.setter
    def ahead_seconds(self, seconds: float) -> None:
        self._ahead_seconds = seconds
        self.moved()

    def now(self) -> datetime:
        """The time in UTC, an aware datetime."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.ahead_seconds)

    def advance(self, seconds: float) -> None:
        self.ahead_seconds += seconds

    def install(self) -> Callable[[], None]:
        """Have moto's S3 and the crawlers go by this clock. Returns the callable that undoes it."""
        seams = Seams()
        for module in (s3_models, glue_crawler):
            seams.replace(module, "utcnow", lambda: self.now().replace(tzinfo=None))
        return seams.restore
