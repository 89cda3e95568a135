"""Lambda: what a function asks of its own service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from .clients import client


def invoke(function: str, event: Mapping[str, Any]) -> None:
    """Queue an asynchronous invocation. Raises ClientError where it is refused."""
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())


def require_invocable(function: str) -> None:
    """Raises ClientError unless this role may invoke the function. Nothing is invoked."""
    client("lambda").invoke(FunctionName=function, InvocationType="DryRun")


def reserved_concurrency(function: str) -> int | None:
    """How many invocations of the function may run at once, or None where it shares the account's quota.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html
    """
    answer: Mapping[str, Any] = client("lambda").get_function_concurrency(FunctionName=function)
    found = answer.get("ReservedConcurrentExecutions")
    return None if found is None else int(found)


def policy(function: str) -> list[Mapping[str, Any]]:
    """The statements of the function's resource-based policy, which say who else may invoke it; none where it has no policy.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html
    """
    try:
        answer = client("lambda").get_policy(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    statements: list[Mapping[str, Any]] = json.loads(answer["Policy"])["Statement"]
    return statements
