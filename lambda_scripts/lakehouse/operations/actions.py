"""What an operator asks for from the console's Test tab: {"action": "drain" | "reprocess" | "check", …}.

    {"action": "drain"}                                    work the inbox off, and try again what was postponed
    {"action": "reprocess", "prefix": "raw/stocks/AAPL"}   put everything under a prefix into the inbox and work it off
    {"action": "check"}                                    is this account set up right: one line for each thing tried; with
                                                           "trial": false, without a trial load

Each takes "bucket" too, which is needed where LAKE_BUCKET is not set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import log
from ..drain import Work, drain
from ..errors import ConfigurationError
from ..lake import Lake, open_lake
from ..layout import RAW_QUEUE
from . import crawl, limits, refresh
from .check import check

NAMES_AT_ONCE = 1_000

_ALWAYS = {"action": str, "bucket": str}
ACTIONS: dict[str, dict[str, type]] = {"drain": {"batch_files": int}, "reprocess": {"prefix": str}, "check": {"trial": bool}}
_KINDS = {str: "a text", int: "a whole number", bool: "true or false"}


def is_action(event: Any) -> bool:
    return isinstance(event, Mapping) and "action" in event


def act(event: Mapping[str, Any], context: Any, queue: str, work: Work) -> dict[str, Any]:
    """Do what the event asks for, on this function's queue. Raises ConfigurationError for one that it can't do."""
    action = event["action"]
    _check_fields(event)
    lake = open_lake(queue, event.get("bucket", ""), context)
    if action == "check":
        return check(lake, context, event.get("trial", True))
    limits.require(lake, context)
    if action == "reprocess":
        names = _reprocess(lake, event.get("prefix", lake.layout.prefix_of_queue(queue)), context.aws_request_id)
        return {"put into the inbox": names, **drain(lake, work, lake.config.batch_files)}
    lake.inbox.measure(lake.clock)  # even where another holds the lease: the alarm on InboxAge needs a value each time
    batch_files = event.get("batch_files", lake.config.batch_files)
    if batch_files < 1:
        raise ConfigurationError(f"batch_files must be at least 1, not {batch_files}")
    outcome = drain(lake, work, batch_files)
    if queue == RAW_QUEUE:
        crawl.raw_if_due(lake, {})
    else:
        refresh.postponed_data_sets(lake, context.aws_request_id)
    return outcome


def _check_fields(event: Mapping[str, Any]) -> None:
    action = event["action"]
    if not isinstance(action, str) or action not in ACTIONS:
        raise ConfigurationError(f"unknown action {action!r}; there are " + ", ".join(ACTIONS))
    kinds = _ALWAYS | ACTIONS[action]
    for name, value in event.items():
        if name not in kinds:
            raise ConfigurationError(f"the action {action} takes no {name!r}")
        if type(value) is not kinds[name]:  # not isinstance: true would pass as a number of files
            raise ConfigurationError(f"{name} must be {_KINDS[kinds[name]]}, not {value!r}")


def _reprocess(lake: Lake, prefix: str, request_id: str) -> int:
    """Mark everything under the prefix, files that are gone but on record included; how many."""
    start = lake.layout.prefix_of_queue(lake.queue)
    if not prefix.startswith(start):
        raise ConfigurationError(f"the prefix to reprocess must lie under {start}, not {prefix!r}")
    names = sorted(set(_names(lake, prefix)))
    for start_at in range(0, len(names), NAMES_AT_ONCE):
        lake.deadline.check(f"put {prefix} into the inbox, of which {start_at} of {len(names)} names are there")
        lake.inbox.add_again(names[start_at : start_at + NAMES_AT_ONCE], request_id)
    log.event("reprocess", prefix=prefix, names=len(names))
    return len(names)


def _names(lake: Lake, prefix: str) -> Iterable[str]:
    if lake.queue == RAW_QUEUE:
        yield from (stored.key for stored in lake.store.objects(prefix) if lake.layout.is_raw_file(stored.key))
        yield from lake.sources.keys(prefix)
        return
    for stored in lake.store.objects(lake.layout.processed.manifest_prefix):
        partition = lake.layout.processed.partition_of_manifest(stored.key)
        if partition and (lake.layout.processed.prefix + lake.layout.processed.folder(partition)).startswith(prefix):
            yield lake.layout.processed.folder(partition)
