"""Events decoded: every record of every envelope that S3 notifications travel in.

S3 can call a function itself, or through SNS, SQS or EventBridge; the envelopes nest (S3 to SNS to SQS).
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (keys are not URL-encoded there)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from . import log
from .errors import ConfigurationError


@dataclass(frozen=True)
class Change:
    """An object was created or removed. `token` is the same for each delivery of one change and differs between changes."""

    bucket: str
    key: str
    token: str


def by_bucket(event: Any) -> dict[str, list[Change]]:
    """All changes that an event tells of, by bucket. S3's test event has none.

    Raises ConfigurationError for anything that is no S3 event.
    """
    found: dict[str, list[Change]] = {}
    for change in _changes(event):
        found.setdefault(change.bucket, []).append(change)
    return found


def _changes(event: Any) -> Iterator[Change]:
    if not isinstance(event, Mapping):
        raise ConfigurationError(f"not an S3 event: {_shown(event)}")
    if event.get("Event") == "s3:TestEvent":
        log.event("test event", bucket=event.get("Bucket"))
    elif event.get("source") == "aws.s3" and "detail" in event:
        yield _from_eventbridge(event["detail"])
    elif "Records" in event:
        for record in event["Records"]:
            yield from _from_record(record)
    elif "Message" in event and "TopicArn" in event:  # SNS's own envelope, as SQS carries it
        yield from _changes(json.loads(event["Message"]))
    else:
        raise ConfigurationError(f"not an S3 event, and no action: {_shown(event)}")


def _from_record(record: Mapping[str, Any]) -> Iterator[Change]:
    if "s3" in record:
        detail = record["s3"]
        key = unquote_plus(detail["object"]["key"])
        yield Change(detail["bucket"]["name"], key, _token(detail["object"], record))
    elif "Sns" in record:
        yield from _changes(json.loads(record["Sns"]["Message"]))
    elif "body" in record:
        yield from _changes(json.loads(record["body"]))
    else:
        raise ConfigurationError(f"not a record of an S3 event: {_shown(record)}")


def _from_eventbridge(detail: Mapping[str, Any]) -> Change:
    return Change(detail["bucket"]["name"], detail["object"]["key"], _token(detail["object"], detail))


def _token(described: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """The sequencer, which orders the events of one key; some S3-compatible stores have none."""
    if sequencer := described.get("sequencer"):
        return str(sequencer)
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _shown(event: Any) -> str:
    text = json.dumps(event, default=str)
    return text if len(text) <= 200 else text[:200] + "…"
