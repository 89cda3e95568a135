"""Attempts: batches that were begun and did not end well, a small object each, so that a later invocation knows what happened.

    the parse failed                    put, with Athena's reason
    it still ran when time was up       put: the next invocation waits for it
    the invocation died                 put by the next holder of the lease, who finds the note of the batch
    it failed with another error        put, with the error: it makes the next groups smaller, and blames no file
    AWS refused, or time was up         none

An attempt is named by its batch. It goes once its files have an outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..aws import parallel
from ..lake import Lake


@dataclass(frozen=True)
class Attempt:
    """`files` are the versions that were read, by raw key; None for one that was not known yet when the function died.

    `unread` are those of deleted and refused files, whose rows go. `staged` is the batch under whose name the statement
    writes; `query_id` is empty where it is not known. `blames` says whether a file that is alone in it may be the cause.
    """

    batch: str
    files: Mapping[str, str | None]
    query_id: str
    staged: str
    reason: str | None = None
    is_running: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    blames: bool = True

    @property
    def keys(self) -> list[str]:
        """The raw keys of all files that take part."""
        return [*self.files, *self.unread]

    @property
    def what_happened(self) -> str:
        return self.reason or "the function ended without a word while it loaded the file, out of memory or of time perhaps"

    def is_alone_with(self, key: str, version: str) -> bool:
        """Whether it failed with this version of this file and no other one, which may be the cause."""
        return self.blames and not self.is_running and self.files.keys() == {key} and self.files[key] in (None, version)


def put(lake: Lake, attempt: Attempt) -> None:
    """Write what is known of an attempt now."""
    lake.store.put(lake.layout.attempt(attempt.batch), json.dumps(asdict(attempt)).encode())


def put_died(lake: Lake, batch: str, keys: Sequence[str]) -> None:
    """Write that the function died while it worked on these files."""
    put(lake, Attempt(batch, dict.fromkeys(keys), "", batch))


def put_failed(lake: Lake, batch: str, keys: Sequence[str], reason: str) -> None:
    """Write that a batch with these files failed with an error that blames none of them.

    Raises LeaseLostError where the lease is another's: that one may have removed what the step was to read.
    """
    lake.lease.renew()
    put(lake, Attempt(batch, dict.fromkeys(keys), "", batch, reason, blames=False))


def read(lake: Lake) -> list[Attempt]:
    """The attempts on record, the earliest first."""
    parts = parallel.each(lake.store.read, [stored.key for stored in lake.store.objects(lake.layout.attempts)])
    return [Attempt(**json.loads(part.body)) for part in parts if part]


def remove(lake: Lake, batches: Iterable[str]) -> None:
    """Forget these attempts; those that are gone already count as forgotten."""
    lake.store.delete(lake.layout.attempt(batch) for batch in batches)
