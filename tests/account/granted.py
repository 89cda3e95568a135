"""The AWS calls of every test, held against the policies of docs/iam/: what a function does there, its role must allow.

conftest.py records all calls of a process, and asks after each test for those that would have been denied.
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
"""The database is there before the functions are. `check` and each load say where it went, unless the role may make it anew."""

_VARIES = re.compile(r"\d+|\b[0-9a-f]{8,}\b|[\x00-\x1f]")
"""What tells one key or table of a kind from the next. No policy has such a thing in it below the names of DOCS.

Control characters are among it, since moto's evaluator takes `*` for what is on one line, and IAM for any characters.
"""


def document(name: str) -> dict[str, Any]:
    """A policy of docs/iam/ by its name ("stocks_crawler")."""
    found: dict[str, Any] = json.loads((IAM / f"{name}.json").read_text(encoding="utf-8"))
    return found


def allows(policy: Mapping[str, Any], need: Need) -> bool:
    """Whether IAM would allow this, with that policy alone."""
    return _evaluate(json.dumps(policy), need.action, need.resource)


def here() -> Place:
    """Where the lake is whose function asks, by its settings."""
    set_up = Config.from_environment(BUCKET, os.environ)
    return Place(ACCOUNT_ID, REGION, set_up.bucket, set_up.workgroup, set_up.database, set_up.results.removeprefix("s3://"))


def moved(need: Need, place: Place) -> Need:
    """As it would be where docs/ writes of: a policy has the names in it that its lake has."""
    resource = need.resource.replace(place.results_arn, DOCS.results_arn)
    resource = re.sub(f"^{re.escape(place.results_arn.partition('/')[0])}(?=/|$)", DOCS.bucket_arn, resource)
    resource = resource.replace(place.account, DOCS.account).replace(place.bucket, DOCS.bucket)
    resource = resource.replace(f":workgroup/{place.workgroup}", f":workgroup/{DOCS.workgroup}")
    return Need(need.action, resource, need.source)


class Recorder:
    """What the two functions needed in the tests of this process."""

    def __init__(self) -> None:
        self._needs: set[tuple[str, Need]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note every call while entered."""
        with observed(self.note):
            yield

    def denied(self) -> set[tuple[str, str, str]]:
        """Function, action and resource of what was needed since this was last asked, and is not granted."""
        with self._lock:
            needs, self._needs = self._needs, set()
        return {
            (function, need.action, need.resource)
            for function, need in needs
            if (need.action, need.resource) != MADE_BY_THE_SET_UP and not _granted(function, need.action, need.resource)
        }

    def note(self, function: str, operation: str, given: Mapping[str, Any]) -> None:
        """Note what this call needs. NotImplementedError for an operation that no function of the lake has made before."""
        if function in (RAW, REPORTS):
            place = here()
            found = {(function, _of_its_kind(moved(need, place))) for need in of_call(operation, given, place)}
            with self._lock:
                self._needs |= found


def _of_its_kind(need: Need) -> Need:
    for place in (DOCS.bucket_arn, DOCS.arn(need.resource.split(":")[2], "")):
        if need.resource.startswith(place):
            return Need(need.action, place + _VARIES.sub("0", need.resource.removeprefix(place)))
    return Need(need.action, need.resource)


@cache
def _granted(function: str, action: str, resource: str) -> bool:
    return allows(document(function), Need(action, resource))


@cache
def _policy(text: str) -> IAMPolicy:
    return IAMPolicy(text)


def _evaluate(policy: str, action: str, resource: str) -> bool:
    return bool(_policy(policy).is_action_permitted(action, resource) == PermissionResult.PERMITTED)
