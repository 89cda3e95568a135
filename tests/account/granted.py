"""The AWS calls of the two functions in all tests, held against the policies of docs/iam/: what they do, their roles must allow.

conftest.py records the calls that handlers make in a process, and asks after each test for those that would have been denied.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from lambda_scripts.lakehouse.config import Config
from tests.account.aws_permissions import DOCS, Need, Place, of_call
from tests.lakes import RAW, REPORTS
from tests.local_aws.account import ACCOUNT_ID, REGION
from tests.local_aws.aws_calls import observed
from tests.local_aws.lake import BUCKET

IAM = Path(__file__).parents[2] / "docs" / "iam"

MADE_BY_THE_SET_UP = ("glue:CreateDatabase", DOCS.arn("glue", f"database/{DOCS.database}"))
"""Not granted, since the database is there before the functions are. Where it was deleted, `check` and each load name it."""

_VARIES = re.compile(r"(?<![0-9a-z])[0-9a-f]{8,}(?![0-9a-z])|\d+|[\x00-\x1f]")
"""What differs between keys or tables of one kind; no policy has any of it in the names of keys and tables.

Control characters are among it, since moto's evaluator takes `*` for what is on one line, and IAM for any characters.
"""


def document(name: str) -> dict[str, Any]:
    """A policy of docs/iam/ by its name ("stocks_crawler")."""
    found: dict[str, Any] = json.loads((IAM / f"{name}.json").read_text(encoding="utf-8"))
    return found


def allows(policy: Mapping[str, Any], need: Need) -> bool:
    """Whether IAM would allow this, with that policy alone."""
    answer = _policy(json.dumps(policy)).is_action_permitted(need.action, need.resource)
    return bool(answer == PermissionResult.PERMITTED)


def every(value: Any) -> list[str]:
    """The actions or resources of a statement, which may be one or a list."""
    return value if isinstance(value, list) else [value]


def here() -> Place:
    """Where the lake is whose function asks, by its settings."""
    return _place(*map(os.environ.get, _OF_THE_PLACE))


_OF_THE_PLACE = ("LAKE_BUCKET", "LAKE_DATABASE", "LAKE_WORKGROUP", "LAKE_RESULTS")


@cache
def _place(*settings: str | None) -> Place:
    given = {name: value for name, value in zip(_OF_THE_PLACE, settings, strict=True) if value is not None}
    set_up = Config.from_environment(BUCKET, given)
    return Place(ACCOUNT_ID, REGION, set_up.bucket, set_up.workgroup, set_up.database, set_up.results.removeprefix("s3://"))


def moved(need: Need, place: Place) -> Need:
    """The need in the account, bucket and workgroup of docs/, whose names stand in the policies for the lake's own."""
    arn, partition, service, region, account, thing = need.resource.split(":", 5)
    if service == "s3" and thing.partition("/")[0] == place.bucket:
        thing = DOCS.bucket + thing.removeprefix(place.bucket)
    elif service != "s3":
        region, account = DOCS.region, DOCS.account
    if (service, thing) == ("athena", f"workgroup/{place.workgroup}"):
        thing = f"workgroup/{DOCS.workgroup}"
    return Need(need.action, ":".join((arn, partition, service, region, account, thing)), need.source)


class Recorder:
    """What the two functions needed in the tests of this process."""

    def __init__(self) -> None:
        self._needs: set[tuple[str, str, Need]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note every call of a handler while entered."""
        with observed(self.note):
            yield

    def denied(self) -> set[tuple[str, str, str]]:
        """Function, action and resource of what was needed since this was last asked, and is not granted."""
        with self._lock:
            needs, self._needs = self._needs, set()
        return {
            (function, need.action, need.resource)
            for function, results, need in needs
            if (need.action, need.resource) != MADE_BY_THE_SET_UP and not _granted(function, results, need.action, need.resource)
        }

    def note(self, function: str, operation: str, given: Mapping[str, Any]) -> None:
        """Note what this call needs. NotImplementedError for an operation that no function of the lake has made before."""
        if function in (RAW, REPORTS):
            place = here()
            found = {(function, place.elsewhere, _of_its_kind(moved(need, place))) for need in of_call(operation, given, place)}
            with self._lock:
                self._needs |= found


def _of_its_kind(need: Need) -> Need:
    for place in (DOCS.bucket_arn, DOCS.arn(need.resource.split(":")[2], "")):
        if need.resource.startswith(place):
            return Need(need.action, place + _VARIES.sub("0", need.resource.removeprefix(place)))
    return Need(need.action, need.resource)


@cache
def _granted(function: str, results: str, action: str, resource: str) -> bool:
    return allows(_policy_of(function, results), Need(action, resource))


def _policy_of(function: str, results: str) -> Mapping[str, Any]:
    """The function's policy; where LAKE_RESULTS names a folder, with what docs/role_setup.md says to add for it."""
    policy = document(function)
    if results:
        added = {"Bucket": f"arn:aws:s3:::{results.partition('/')[0]}", "WriteObjects": f"arn:aws:s3:::{results}*"}
        for statement in policy["Statement"]:
            if statement["Sid"] in added:
                statement["Resource"] = [*every(statement["Resource"]), added[statement["Sid"]]]
    return policy


@cache
def _policy(text: str) -> IAMPolicy:
    return IAMPolicy(text)
