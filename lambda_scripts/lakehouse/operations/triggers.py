"""The bucket's triggers: who is notified of created objects, and of which.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CREATED = "s3:ObjectCreated:"
ANY_CREATION = CREATED + "*"

EVENTBRIDGE = "EventBridge"

_DESTINATIONS = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "TopicConfigurations": "TopicArn",
    "QueueConfigurations": "QueueArn",
}


@dataclass(frozen=True)
class Trigger:
    """One notification configuration: `destination`, an ARN or EVENTBRIDGE, gets these events of keys that match."""

    destination: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        return f"{', '.join(self.events)} on {self.prefix}*{self.suffix} to {self.destination}"

    def notifies(self, events: tuple[str, ...], prefix: str, endings: tuple[str, ...]) -> bool:
        """Whether it sends one of these events for every key under the prefix that ends in one of the endings."""
        return (
            any(event in self.events for event in events)
            and prefix.startswith(self.prefix)
            and any(ending.endswith(self.suffix) for ending in endings)
        )

    def is_of(self, function: str) -> bool:
        """Whether it calls this function, whatever the version or alias."""
        return self.destination.split(":")[:7] == function.split(":")[:7]


def of_created_objects(configuration: Mapping[str, Any]) -> Iterator[Trigger]:
    """The triggers of created objects in an answer of S3's GetBucketNotificationConfiguration."""
    for kind, arn in _DESTINATIONS.items():
        for each in configuration.get(kind, ()):
            # S3 takes and returns Prefix as well as prefix.
            rules = {rule["Name"].lower(): rule["Value"] for rule in each.get("Filter", {}).get("Key", {}).get("FilterRules", ())}
            if events := tuple(event for event in each["Events"] if event.startswith(CREATED)):
                yield Trigger(each[arn], events, rules.get("prefix", ""), rules.get("suffix", ""))
    if EVENTBRIDGE + "Configuration" in configuration:  # which gets every event
        yield Trigger(EVENTBRIDGE, (ANY_CREATION,))
