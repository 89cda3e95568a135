"""Lambda 2: changed partitions of stocks_processed become the monthly and yearly reports of their years.

Trigger: S3 event notification for ObjectCreated on `processed/`. Manifests count; data files, which they name, are let go.
"""

from __future__ import annotations

from typing import Any

from .lakehouse import log, reports
from .lakehouse.drain import drain
from .lakehouse.lake import open_lake
from .lakehouse.layout import PROCESSED_QUEUE
from .lakehouse.operations import actions, limits
from .lakehouse.queue import events


@log.invocation
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Mark each changed partition in the inbox, then work the inbox off unless another invocation does."""
    if actions.is_action(event):
        return actions.act(event, context, PROCESSED_QUEUE, reports.work)
    outcome: dict[str, Any] = {}
    for bucket, changes in events.by_bucket(event):
        lake = open_lake(PROCESSED_QUEUE, bucket, context)
        table = lake.layout.processed
        changed = [(partition, change.token) for change in changes if (partition := table.partition_of_manifest(change.key))]
        log.event("event", changes=len(changes), partitions=len(changed))
        lake.inbox.add((table.folder(partition), token) for partition, token in changed)
        limits.require(lake, context)  # after the marker, so that nothing is lost
        outcome[bucket] = drain(lake, reports.work, lake.config.batch_files) if changed else "no manifest among the changes"
    return outcome
