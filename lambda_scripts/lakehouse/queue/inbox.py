"""The inbox: a marker object for each event, so that nothing is lost between an event and its recorded outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from .. import log, metrics
from ..aws import parallel
from ..aws.store import Store, Stored
from ..clock import Clock, Deadline
from ..layout import Layout

# A name marked anew by this kind of event is worked off even where its present version was already.
FORCED = "reprocess-"

# An upload that goes on longer than this many settling times is worked off in batches.
SETTLE_AT_MOST = 60


@dataclass(frozen=True)
class Marker:
    """An event's marker: `name` is what changed (a raw key, or a partition's folder), `modified` when it was put."""

    key: str
    name: str
    forced: bool
    modified: datetime


class Inbox:
    """One queue of markers."""

    def __init__(self, store: Store, layout: Layout, queue: str) -> None:
        self._store = store
        self._layout = layout
        self._queue = queue

    def add(self, changes: Iterable[tuple[str, str]]) -> None:
        """Put a marker for each (name, event token). The same event twice is the same marker."""

        def put(change: tuple[str, str]) -> None:
            name, event = change
            self._store.put(self._layout.marker(self._queue, name, event), name.encode())

        parallel.each(put, changes)

    def add_again(self, names: Iterable[str], why: str) -> None:
        """Have these names worked off once more, whatever was done; the same `why` twice is the same marker."""
        self.add((name, f"{FORCED}{why}") for name in names)

    def markers(self) -> list[Marker]:
        """All markers, in the order of their keys."""
        stored = self._store.objects(self._layout.inbox(self._queue))
        return [marker for marker in map(self._marker, stored) if marker]

    def measure(self, clock: Clock) -> None:
        """Emit how many markers wait and how long the oldest has. An empty inbox says so: a stop would be silent too."""
        _emit(self.markers(), clock)

    def settled(self, seconds: float, deadline: Deadline) -> list[Marker]:
        """All markers, once none came for so many seconds: one batch is cheaper and sooner done than two."""
        with log.timed("inbox", queue=self._queue) as logged:
            found = self.markers()
            for _ in range(SETTLE_AT_MOST):
                if not found:
                    break
                deadline.sleep(seconds, "wait for the inbox to settle")
                before, found = len(found), self.markers()
                if len(found) == before:
                    break
            logged["markers"] = len(found)
        _emit(found, deadline.clock)
        return found

    def is_empty(self) -> bool:
        return not self._store.any(self._layout.inbox(self._queue))

    def clear(self, markers: Iterable[Marker]) -> None:
        self._store.delete(marker.key for marker in markers)

    def _marker(self, stored: Stored) -> Marker | None:
        name = self._layout.name_of_marker(self._queue, stored.key)
        if name is None:
            part = self._store.read(stored.key)
            if part is None:
                return None  # cleared since it was listed
            name = part.body.decode()
        forced = self._layout.event_of_marker(stored.key).startswith(FORCED)
        return Marker(stored.key, name, forced, stored.modified)


def _emit(markers: Collection[Marker], clock: Clock) -> None:
    now = clock.now()
    oldest = min((marker.modified for marker in markers), default=now)
    metrics.emit(InboxMarkers=len(markers), InboxAge=max(0.0, round((now - oldest).total_seconds(), 3)))
