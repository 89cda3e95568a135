"""Attempts: batches that were begun and did not end well, a small object each, so that a later invocation knows what happened.

    parse started ─┬─ loaded                              removed
                   ├─ another error was told              removed: no file is to blame
                   ├─ the parse failed                    kept, with Athena's reason
                   ├─ it still ran when time was up       kept: the next invocation waits for it
                   └─ the invocation ended without a word kept as it is

An attempt is named by its batch, so that each is written by one invocation only. It goes once its files have an outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from ..aws import parallel
from ..errors import ParseFailedError
from ..lake import Lake


@dataclass(frozen=True)
class Attempt:
    """`files` are the versions that were read, by raw key. `staged` is the batch under whose name the statement writes."""

    batch: str
    files: Mapping[str, str]
    query_id: str
    staged: str
    reason: str | None = None
    is_running: bool = False

    @property
    def is_orphaned(self) -> bool:
        """Whether the statement may still run though nobody waits for it."""
        return self.reason is None and not self.is_running

    @property
    def what_happened(self) -> str:
        return self.reason or "the function ended without a word while it loaded the file, out of memory or of time perhaps"


def put(lake: Lake, attempt: Attempt) -> None:
    """Write what is known of an attempt now."""
    lake.store.put(lake.layout.attempt(attempt.batch), json.dumps(asdict(attempt)).encode())


def read(lake: Lake) -> list[Attempt]:
    """The attempts on record, the earliest first."""
    parts = parallel.each(lake.store.read, [stored.key for stored in lake.store.objects(lake.layout.attempts)])
    return [Attempt(**json.loads(part.body)) for part in parts if part]


def staged_by_running(lake: Lake) -> frozenset[str]:
    """The batches whose staging is not to be removed: the next invocation waits for what still writes there."""
    return frozenset(attempt.staged for attempt in read(lake) if attempt.is_running)


def remove(lake: Lake, batches: Iterable[str]) -> None:
    """Forget these attempts; those that are gone already count as forgotten."""
    lake.store.delete(lake.layout.attempt(batch) for batch in batches)


@contextmanager
def excused(lake: Lake, batch: str) -> Iterator[None]:
    """Forget the batch's attempt however the block ends, unless by a parse that failed: what was told is no file's fault."""
    try:
        yield
    except ParseFailedError:
        raise
    except Exception:
        remove(lake, [batch])
        raise
    remove(lake, [batch])
