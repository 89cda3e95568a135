"""The bucket's triggers: who is told of created objects, and of which.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# The ways in which an object is created; s3:ObjectCreated:* stands for all.
CREATIONS = frozenset({"Put", "Post", "Copy", "CompleteMultipartUpload"})
_CREATED = "s3:ObjectCreated:"

EVENTBRIDGE = "EventBridge"

_DESTINATIONS = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "TopicConfigurations": "TopicArn",
    "QueueConfigurations": "QueueArn",
}


@dataclass(frozen=True)
class Trigger:
    """One notification configuration: `destination`, an ARN or EVENTBRIDGE, is told of these `creations` of matching keys."""

    destination: str
    creations: frozenset[str]
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        ways = "*" if self.creations == CREATIONS else ", ".join(sorted(self.creations))
        return f"{_CREATED}{ways} on {self.prefix}*{self.suffix} to {self.destination}"


@dataclass(frozen=True)
class Wanted:
    """The objects whose creation a function has to be told of: in which ways they are created, how keys begin and may end."""

    creations: frozenset[str]
    prefix: str
    endings: tuple[str, ...]


def of_created_objects(configuration: Mapping[str, Any]) -> Iterator[Trigger]:
    """The triggers of created objects in an answer of S3's GetBucketNotificationConfiguration."""
    for kind, arn in _DESTINATIONS.items():
        for each in configuration.get(kind, ()):
            # S3 takes and returns Prefix as well as prefix.
            rules = {rule["Name"].lower(): rule["Value"] for rule in each.get("Filter", {}).get("Key", {}).get("FilterRules", ())}
            if creations := frozenset().union(*map(_creations, each["Events"])):
                yield Trigger(each[arn], creations, rules.get("prefix", ""), rules.get("suffix", ""))
    if EVENTBRIDGE + "Configuration" in configuration:  # which is told of everything
        yield Trigger(EVENTBRIDGE, CREATIONS)


def told(triggers: Iterable[Trigger], wanted: Wanted) -> dict[str, list[str]]:
    """The destinations that are told of every creation of wanted objects, each with the suffixes that such keys must have.

    Several triggers may share the creations of one suffix between them.
    """
    creations: dict[tuple[str, str], frozenset[str]] = {}
    for trigger in triggers:
        if wanted.prefix.startswith(trigger.prefix) and any(ending.endswith(trigger.suffix) for ending in wanted.endings):
            place = trigger.destination, trigger.suffix
            creations[place] = creations.get(place, frozenset()) | trigger.creations
    found: dict[str, list[str]] = {}
    for (destination, suffix), of_these in creations.items():
        if wanted.creations <= of_these:
            found.setdefault(destination, []).append(suffix)
    return found


def _creations(event: str) -> frozenset[str]:
    if not event.startswith(_CREATED):
        return frozenset()
    way = event[len(_CREATED) :]
    return CREATIONS if way == "*" else frozenset({way})
