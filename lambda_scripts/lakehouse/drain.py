"""Draining: the holder of a queue's lease works its inbox off, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from . import halving, log
from .aws import functions
from .errors import BatchFailedError, DeadlineReachedError, LeaseLostError, LeftForLaterError, StillRunningError
from .lake import Lake
from .layout import RAW_QUEUE
from .queue.inbox import Marker
from .tables import compaction, definitions, staging
from .tables.merged import MergedTable, Survey

# Halving finds one file of 5,000 in some 13 failed batches. After 50 every batch fails: the next invocation continues.
FAILED_BATCHES_OF_AN_INVOCATION = 50

Work = Callable[[Lake, Sequence[Marker]], Mapping[MergedTable, Survey]]
"""Brings what the markers name to a recorded outcome; returns the tables that it rewrote, as they were surveyed before.

It can be repeated at any point: the markers are cleared only once it has returned.
"""


def drain(lake: Lake, work: Work, batch_files: int) -> dict[str, Any]:
    """Work the inbox off, at most `batch_files` names a batch; what became of it.

    Where another invocation holds the lease, that one finds the markers; the first to find it held waits, and takes over if the
    holder dies. Work that is left at the deadline goes on in a fresh invocation, in smaller batches where not even one was done.
    """
    batches, batch_size, failed = 0, batch_files, 0
    left: dict[str, str] = {}
    while True:
        try:
            if not lake.lease.take():
                if not lake.lease.wait(lake.deadline, lake.config.lease_poll_seconds):
                    return _outcome("left to the holder of the lease", batches)
                if lake.inbox.is_empty():
                    return _outcome("worked off by the holder of the lease", batches)
                continue
            definitions.prepare(lake)
            halving.forget(lake, staging.tidy(lake))  # a frozen holder puts some after their files' outcome
            while markers := _due(lake, left):
                lake.deadline.check("begin another batch")
                batch = _first_names(markers, batch_files)
                batch_size = len({marker.name for marker in batch})
                left |= _work_off(lake, work, batch)
                batches, batch_size = batches + 1, batch_files
        except LeaseLostError as lost:
            lake.lease.confirm_loss(lost)
            log.warning("overtaken", error=str(lost))
            continue
        except BatchFailedError as failure:
            failed += 1
            if failed >= FAILED_BATCHES_OF_AN_INVOCATION:
                lake.lease.give_back()
                raise
            log.warning("a batch fails; its halves are tried", error=str(failure))
            continue
        except DeadlineReachedError as reached:
            # Where not even one batch was done, one of half the size may be; unless a parse goes on, which is waited for.
            too_many = lake.lease.is_held and not batches and not isinstance(reached, StillRunningError)
            next_files = batch_size // 2 if too_many else batch_files
            lake.lease.give_back()
            _go_on_in_a_fresh_invocation(lake, next_files, reached)
            return _outcome("goes on in a fresh invocation", batches)
        except Exception:
            lake.lease.give_back()
            raise
        lake.lease.give_back()
        if left:
            raise LeftForLaterError(left)
        if lake.inbox.is_empty():
            return _outcome("the inbox is empty", batches)


def _outcome(outcome: str, batches: int) -> dict[str, Any]:
    log.event("drained", outcome=outcome, batches=batches)
    return {"outcome": outcome, "batches": batches}


def _due(lake: Lake, left: Mapping[str, str]) -> list[Marker]:
    """The markers to work off once the inbox has settled, without the names that are left for a later invocation."""
    return [marker for marker in lake.inbox.settled(lake.config.settle_seconds, lake.deadline) if marker.name not in left]


def _work_off(lake: Lake, work: Work, batch: Sequence[Marker]) -> Mapping[str, str]:
    """Work a batch off, and clear its markers; the names that are left for a later invocation, with the reasons."""
    left: Mapping[str, str] = {}
    surveys: Mapping[MergedTable, Survey] = {}
    try:
        surveys = work(lake, batch)
    except LeftForLaterError as error:
        left = error.reasons
    lake.inbox.clear(marker for marker in batch if marker.name not in left)
    for table, survey in surveys.items():
        table.sweep(survey, lake.clock.now(), lake.config.retention_seconds)
    if lake.queue == RAW_QUEUE:
        compaction.compact(lake)
    return left


def _first_names(markers: Sequence[Marker], batch_files: int) -> list[Marker]:
    """All markers of the first so many names."""
    names = set(list(dict.fromkeys(marker.name for marker in markers))[:batch_files])
    return [marker for marker in markers if marker.name in names]


def _go_on_in_a_fresh_invocation(lake: Lake, batch_files: int, reached: DeadlineReachedError) -> None:
    """Invoke this function once more. Raises DeadlineReachedError, for Lambda to try again by itself, where that is refused.

    Lambda ends a chain of about 16 such invocations: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    if batch_files < 1:
        raise DeadlineReachedError(f"{reached}, not even for one file: give the function a longer timeout") from reached
    payload = {"action": "drain", "bucket": lake.config.bucket, "batch_files": batch_files}
    log.warning("out of time; goes on in a fresh invocation", error=str(reached), batch_files=batch_files)
    try:
        functions.invoke(lake.function, payload)
    except ClientError as error:
        raise DeadlineReachedError(
            f"{reached}, and a fresh invocation was refused ({error}): allow lambda:InvokeFunction on the function itself"
        ) from error
