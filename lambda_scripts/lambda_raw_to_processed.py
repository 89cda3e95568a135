"""Lambda 1: files dropped under raw/ become rows of stocks_processed.

Trigger: S3 event notification for ObjectCreated (and ObjectRemoved, if deleting a file is to take its rows out) on `raw/`.
"""

from __future__ import annotations

from typing import Any

from .lakehouse import load, log
from .lakehouse.drain import drain
from .lakehouse.lake import open_lake
from .lakehouse.layout import RAW_QUEUE
from .lakehouse.operations import actions, limits
from .lakehouse.queue import events


@log.invocation
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Mark each changed raw file in the inbox, then work the inbox off unless another invocation does."""
    if actions.is_action(event):
        return actions.act(event, context, RAW_QUEUE, load.work)
    outcome: dict[str, Any] = {}
    for bucket, changes in events.by_bucket(event):
        lake = open_lake(RAW_QUEUE, bucket, context)
        drops = [change for change in changes if lake.layout.is_raw_file(change.key)]
        log.event("event", changes=len(changes), drops=len(drops), skipped=[c.key for c in changes if c not in drops])
        lake.inbox.add((drop.key, drop.token) for drop in drops)
        limits.require(lake, context)  # after the marker, so that nothing is lost
        outcome[bucket] = drain(lake, load.work, lake.config.batch_files) if drops else "no drop among the changes"
    return outcome
