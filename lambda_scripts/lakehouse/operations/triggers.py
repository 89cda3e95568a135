"""The bucket's triggers: who is notified of created objects, and of which, and whether S3 may invoke that function.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
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
        """Whether it sends one of these events for every key under the prefix, whichever of the endings it has."""
        return (
            any(event in self.events for event in events)
            and prefix.startswith(self.prefix)
            and all(ending.endswith(self.suffix) for ending in endings)
        )

    def calls(self, function: str) -> bool:
        """Whether it calls this function, whatever the version or alias."""
        return self.destination.split(":")[:7] == function.split(":")[:7]


def creation_triggers(configuration: Mapping[str, Any]) -> Iterator[Trigger]:
    """The triggers of created objects in an answer of S3's GetBucketNotificationConfiguration."""
    for kind, arn in _DESTINATIONS.items():
        for each in configuration.get(kind, ()):
            # S3 takes and returns Prefix as well as prefix.
            rules = {rule["Name"].lower(): rule["Value"] for rule in each.get("Filter", {}).get("Key", {}).get("FilterRules", ())}
            if events := tuple(event for event in each["Events"] if event.startswith(CREATED)):
                yield Trigger(each[arn], events, rules.get("prefix", ""), rules.get("suffix", ""))
    if EVENTBRIDGE + "Configuration" in configuration:  # which gets every event
        yield Trigger(EVENTBRIDGE, (ANY_CREATION,))


def may_invoke(policy: Iterable[Mapping[str, Any]], bucket: str, account: str) -> bool:
    """Whether a function's resource-based policy lets S3 invoke it for this bucket (an ARN) of this account.

    A trigger whose function lacks that permission stands in the bucket as if it worked, and S3 tells nobody that it does not:
    https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
    """
    known = {"aws:sourcearn": bucket, "aws:sourceaccount": account}

    def holds(condition: Mapping[str, Any]) -> bool:
        return all(
            any(fnmatchcase(known.get(key.lower(), ""), each) for each in _listed(value)) for key, value in condition.items()
        )

    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] in ("*", {"AWS": "*"}, {"Service": "s3.amazonaws.com"})
        and any(fnmatchcase("lambda:InvokeFunction", action) for action in _listed(statement["Action"]))
        and all(map(holds, statement.get("Condition", {}).values()))
        for statement in policy
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
