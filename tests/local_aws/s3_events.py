"""S3's event notifications as S3 sends them, and the lock that makes moto's S3 safe to share between threads.

moto calls its functions while a request is still being answered. Here a request's events leave once it has been
answered, and go to a `Deliver` callable (the Lambda runtime), which must not block.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import itertools
import random
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote_plus

from moto.awslambda.models import lambda_backends
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.events.models import events_backends
from moto.s3 import notifications
from moto.s3 import urls as s3_urls
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, Notification, S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from .seams import Seams

# moto's S3 and Glue are dictionaries that any number of request threads change at once: without one lock two writers
# win the same If-None-Match, and a list meets a key that is gone. The engine and the crawler hold it while they read.
S3_LOCK = threading.RLock()

Event = dict[str, Any]
Deliver = Callable[[str, Event], None]
"""Takes a function's ARN and one event; called once a delivery, after the request that caused it."""

_PUT = S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
_MARKER_CREATED = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT


def install(deliver: Deliver, duplicate_rate: float = 0.0, seed: int = 0) -> Callable[[], None]:
    """Have moto's S3 send its Lambda notifications to `deliver`. Returns the callable that undoes it.

    Delivery is at least once: each event is delivered twice with probability `duplicate_rate`, drawn from `seed`
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html).
    """
    outbox = _Outbox(deliver, duplicate_rate, random.Random(seed))
    seams = Seams()

    send_event = notifications.send_event
    set_configuration = FakeBucket.set_notification_configuration
    configuration_from_body = S3Response._notification_config_from_body
    get_configuration = S3Response.get_bucket_notification
    set_delete_marker = S3Backend._set_delete_marker

    def send(account_id: str, event_name: S3NotificationEvent, bucket: FakeBucket, key: Any) -> None:
        if event_name == _PUT and key.multipart is not None:
            return  # moto announces the same upload again as CompleteMultipartUpload, which is what S3 sends
        if key is not None:
            send_event(account_id, event_name, bucket, key)

    def post(account_id: str, event: Event, function_arn: str, region: str) -> None:
        # The permission may have gone since the trigger was made, or the function: then S3 tells nobody.
        if _may_invoke(account_id, event["Records"][0]["s3"]["bucket"]["arn"], function_arn):
            outbox.post(function_arn, event)

    def to_rules(account_id: str, bucket: FakeBucket, event_name: S3NotificationEvent, key: Any) -> None:
        event: Any = _eventbridge_event(account_id, event_name, bucket, key)
        for bus in events_backends[account_id][bucket.region_name].event_buses.values():
            for rule in bus.rules.values():
                if rule.state != "DISABLED" and rule.event_pattern.matches_event(event):
                    for target in rule.targets:
                        outbox.post(target["Arn"], event)

    def configure(bucket: FakeBucket, config: dict[str, Any] | None) -> None:
        before = bucket.notification_configuration
        set_configuration(bucket, config)
        if bucket.notification_configuration is None:
            return
        functions = bucket.notification_configuration.cloud_function
        try:
            _check_overlaps(functions)
            for notification in functions:
                _check_destination(bucket, notification.arn)
        except S3ClientError:
            bucket.notification_configuration = before
            raise
        for arn in dict.fromkeys(notification.arn for notification in functions):
            outbox.post(arn, _test_event(bucket.name))

    def configuration_with_plain_filter_names(response: S3Response) -> dict[str, Any]:
        # The console writes "Prefix", the API's documentation "prefix"; S3 takes both, moto only the latter.
        body = response.body.decode() if isinstance(response.body, bytes) else response.body
        response.body = re.sub(r"(?i)<Name>(prefix|suffix)</Name>", lambda name: name[0].lower().replace("name>", "Name>"), body)
        return configuration_from_body(response)

    def configuration_with_eventbridge(response: S3Response) -> Any:
        status, headers, body = get_configuration(response)
        found = response.backend.get_bucket(response.bucket_name).notification_configuration
        if found is not None and found.event_bridge is not None:
            text = body.decode() if isinstance(body, bytes) else body
            text = re.sub(r"<(NotificationConfiguration[^>]*)/>", r"<\1></NotificationConfiguration>", text)
            body = text.replace("</NotificationConfiguration>", "<EventBridgeConfiguration/></NotificationConfiguration>")
        return status, headers, body

    def announce_delete_marker(backend: S3Backend, bucket_name: str, key_name: str) -> Any:
        marker = set_delete_marker(backend, bucket_name, key_name)
        notifications.send_event(backend.account_id, _MARKER_CREATED, backend.get_bucket(bucket_name), marker)
        return marker

    seams.replace(notifications, "send_event", send)
    seams.replace(notifications, "_get_s3_event", _event)
    seams.replace(notifications, "_invoke_awslambda", post)
    seams.replace(notifications, "_send_event_bridge_message", to_rules)
    seams.replace(FakeBucket, "set_notification_configuration", configure)
    seams.replace(S3Response, "get_bucket_notification", configuration_with_eventbridge)
    seams.replace(S3Response, "_notification_config_from_body", configuration_with_plain_filter_names)
    seams.replace(S3Backend, "_set_delete_marker", announce_delete_marker)
    # moto reads the module of S3's addresses again for each request, a tenth of the time of all tests.
    seams.replace(S3Backend, "_url_module", s3_urls)
    for name in ("_key_response", "_bucket_response"):
        seams.replace(S3Response, name, outbox.emptied_after(getattr(S3Response, name)))
    return seams.restore


class _Outbox(threading.local):
    """The events of the request that this thread is answering."""

    def __init__(self, deliver: Deliver, duplicate_rate: float, chance: random.Random) -> None:
        self._deliver = deliver
        self._duplicate_rate = duplicate_rate
        self._chance = chance
        self._held: list[tuple[str, Event]] | None = None

    def post(self, function_arn: str, event: Event) -> None:
        if self._held is None:
            self._send(function_arn, event)
        else:
            self._held.append((function_arn, event))

    def emptied_after(self, respond: Callable[..., Any]) -> Callable[..., Any]:
        """`respond` under the lock, holding its events back until it has returned."""

        def locked(response: S3Response, *args: Any, **kwargs: Any) -> Any:
            if self._held is not None:
                return respond(response, *args, **kwargs)
            self._held = []
            try:
                with S3_LOCK:
                    return respond(response, *args, **kwargs)
            finally:
                held, self._held = self._held, None
                for function_arn, event in held:
                    self._send(function_arn, event)

        return locked

    def _send(self, function_arn: str, event: Event) -> None:
        self._deliver(function_arn, event)
        if self._chance.random() < self._duplicate_rate:
            self._deliver(function_arn, event)


_sequence = itertools.count(0x0055AED6DCD90281)

_WAYS = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject"}


def _event(event_name: S3NotificationEvent, bucket: FakeBucket, key: Any, configuration_id: str) -> Event:
    """The event for one change of one object: always a single record, its key encoded as a form value is."""
    name = event_name.value
    subject: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
    if name.startswith("s3:ObjectCreated:"):
        subject |= {"size": key.size, "eTag": key.etag.strip('"')}
    if bucket.is_versioned:
        subject["versionId"] = key.version_id
    # Compared as hexadecimal, the later of two events of one key has the greater sequencer.
    subject["sequencer"] = f"{next(_sequence):018X}"
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region_name,
                "eventTime": iso_8601_datetime_with_milliseconds(),
                "eventName": name.removeprefix("s3:"),
                "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {
                    "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
                    "x-amz-id-2": uuid.uuid4().hex,
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": configuration_id,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                        "arn": bucket.arn,
                    },
                    "object": subject,
                },
            }
        ]
    }


def _eventbridge_event(account_id: str, event_name: S3NotificationEvent, bucket: FakeBucket, key: Any) -> Event:
    """The event as EventBridge carries it, its key not encoded.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    created = event_name.value.startswith("s3:ObjectCreated:")
    subject: dict[str, Any] = {"key": key.name, "sequencer": f"{next(_sequence):018X}"}
    subject |= {"size": key.size, "etag": key.etag.strip('"')} if created else {}
    way = event_name.value.rpartition(":")[2]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created" if created else "Object Deleted",
        "source": "aws.s3",
        "account": account_id,
        "time": iso_8601_datetime_with_milliseconds(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": subject,
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account_id,
            "source-ip-address": "127.0.0.1",
            "reason": (_WAYS.get(way, way) if created else "DeleteObject"),
        },
    }


def _test_event(bucket_name: str) -> Event:
    """What S3 sends once when a destination is configured: no Records in it.

    Documented for queues and topics; a function that is fed through one of them meets it, so ours always do.
    """
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso_8601_datetime_with_milliseconds(),
        "Bucket": bucket_name,
        "RequestId": uuid.uuid4().hex[:16].upper(),
        "HostId": uuid.uuid4().hex,
    }


def _check_overlaps(functions: Sequence[Notification]) -> None:
    """Refuse two rules that one object could match for one event type.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    for one, other in itertools.combinations(functions, 2):
        if (
            any(_overlap(a.removesuffix("*"), b.removesuffix("*")) for a in one.events for b in other.events)
            and _overlap(_filter(one, "prefix"), _filter(other, "prefix"))
            and _overlap(_filter(one, "suffix")[::-1], _filter(other, "suffix")[::-1])
        ):
            raise S3ClientError(
                "InvalidArgument",
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type.",
            )


def _check_destination(bucket: FakeBucket, function_arn: str) -> None:
    """Refuse a function that is not there or that does not allow S3 to invoke it, as S3 does on configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    """
    if not _may_invoke(bucket.account_id, bucket.arn, function_arn):
        raise S3ClientError("InvalidArgument", "Unable to validate the following destination configurations")


def _may_invoke(account_id: str, bucket_arn: str, function_arn: str) -> bool:
    function = lambda_backends[account_id][function_arn.split(":")[3]].get_function_by_arn(function_arn)
    return function is not None and any(
        statement["Effect"] == "Allow"
        and "s3.amazonaws.com" in str(statement["Principal"])
        and bucket_arn in str(statement.get("Condition", bucket_arn))
        for statement in (function.policy.statements if function.policy else [])
    )


def _filter(notification: Notification, name: str) -> str:
    rules = notification.filters.get("S3Key", {}).get("FilterRule", [])
    return next((rule["Value"] for rule in rules if rule["Name"] == name), "")


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
