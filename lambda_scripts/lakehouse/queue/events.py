"""Events decoded: every record of every envelope that S3 notifications travel in.

S3 can call a function itself, or through SNS, SQS or EventBridge; the envelopes nest (S3 to SNS to SQS).
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (keys are not URL-encoded there)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from .. import log
from ..errors import ConfigurationError

_SEQUENCER = re.compile(r"[0-9A-Fa-f]{1,64}")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")  # halves of a character, which JSON can spell and UTF-8 can't


@dataclass(frozen=True)
class Change:
    """An object was created or removed. `token` is the same for each delivery of one change and differs between changes."""

    bucket: str
    key: str
    token: str


def by_bucket(event: Any) -> Iterator[tuple[str, list[Change]]]:
    """Each bucket with all its changes that an event tells of. S3's test event has none.

    Raises ConfigurationError for whatever is not an S3 event, but at the end: among the messages of a queue, one that someone
    else has sent must not keep the others from being worked off.
    """
    found: dict[str, list[Change]] = {}
    unreadable: list[str] = []
    for change in _changes(event):
        if isinstance(change, Change):
            found.setdefault(change.bucket, []).append(change)
        else:
            unreadable.append(change)
    yield from found.items()
    if unreadable:
        raise ConfigurationError("; ".join(unreadable))


def _changes(event: Any) -> Iterator[Change | str]:
    """The changes, and of each part that tells of none, what it is instead."""
    match event:
        case {"Event": "s3:TestEvent"}:
            log.event("test event", bucket=event.get("Bucket"))
        case {
            "source": "aws.s3",
            "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)} as described} as detail,
        }:
            yield _change(bucket, key, described, detail)
        case {"Records": [*records]}:
            for record in records:
                yield from _from_record(record)
        case {"Message": str(message), "TopicArn": _}:  # SNS's own envelope, as SQS carries it
            yield from _from_message(message)
        case _:
            yield f"not an S3 event, and no action: {_shown(event)}"


def _from_record(record: Any) -> Iterator[Change | str]:
    match record:
        case {"s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)} as described}}:
            yield _change(bucket, unquote_plus(key), described, record)
        case {"Sns": {"Message": str(message)}} | {"body": str(message)}:
            yield from _from_message(message)
        case _:
            yield f"not a record of an S3 event: {_shown(record)}"


def _from_message(message: str) -> Iterator[Change | str]:
    try:
        event = json.loads(message)
    except ValueError:
        yield f"not an S3 event, since it is not JSON: {_shown(message)}"
    else:
        yield from _changes(event)


def _change(bucket: str, key: str, described: Mapping[str, Any], record: Mapping[str, Any]) -> Change | str:
    """The token is the sequencer, or the hash of a record without one: some S3-compatible stores send none.

    It becomes the end of a marker's key, so that nothing else may pass for one.
    """
    if _NO_TEXT.search(key):
        return f"not an S3 event, since no object has such a key: {_shown(key)}"
    sequencer = described.get("sequencer")
    if isinstance(sequencer, str) and _SEQUENCER.fullmatch(sequencer):
        return Change(bucket, key, sequencer)
    return Change(bucket, key, hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()[:32])


def _shown(event: Any) -> str:
    text = json.dumps(event, default=str)
    return text if len(text) <= 200 else text[:200] + "…"
