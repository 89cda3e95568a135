"""Structured logs: one JSON object a line, one line a step.

The lines go to standard output, which Lambda passes on as it is in both of its log formats. So CloudWatch Logs Insights finds the
same fields in either (the runtime's own handler would prefix them in Text format, and wrap them in JSON format), and CloudWatch
finds metrics in those that hold some. `timestamp` and `level` are what Lambda's level filter reads in JSON format:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from functools import wraps
from typing import Any

Handler = Callable[[Any, Any], dict[str, Any]]
"""Takes an event and Lambda's context."""


class _StandardOutput(logging.Handler):
    """Prints each line whole, whichever thread it comes from; Lambda replaces `sys.stdout`, so it is asked for each time."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


logger = logging.getLogger("lakehouse")
logger.setLevel(logging.INFO)
logger.addHandler(_StandardOutput())
logger.propagate = False

# As Lambda's level filter spells them.
_LEVELS = {logging.INFO: "INFO", logging.WARNING: "WARN", logging.ERROR: "ERROR"}

_invocation: ContextVar[dict[str, Any]] = ContextVar("invocation", default={})  # noqa: B039 - never mutated


def invocation(handler: Handler) -> Handler:
    """The handler, with function and request id on every line that it logs, and a last line for the error it fails with.

    Lambda logs that error too, but in Text format not as JSON, and in neither with the function's name.
    """

    @wraps(handler)
    def logged(payload: Any, context: Any) -> dict[str, Any]:
        with binding(function=context.function_name, request_id=context.aws_request_id):
            try:
                return handler(payload, context)
            except Exception as error:
                event("failed", logging.ERROR, error=f"{type(error).__name__}: {error}")
                raise

    return logged


@contextmanager
def binding(**fields: Any) -> Iterator[None]:
    """Put these fields, too, on every line that is logged until the block ends."""
    token = _invocation.set({**_invocation.get(), **fields})
    try:
        yield
    finally:
        _invocation.reset(token)


def bound(field: str) -> Any:
    """The value that `binding` gave this field, or None."""
    return _invocation.get().get(field)


def event(step: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log one line now."""
    line = {"timestamp": _now(), "level": _LEVELS[level], "step": step, **fields, **_invocation.get()}
    logger.log(level, json.dumps(line, default=str, ensure_ascii=False))


def warning(step: str, **fields: Any) -> None:
    """Log what a person should look at, though the work goes on."""
    event(step, logging.WARNING, **fields)


@contextmanager
def timed(step: str, **fields: Any) -> Iterator[dict[str, Any]]:
    """Log one line when the block ends, with its duration in seconds and whatever the block puts into the dict it gets."""
    found: dict[str, Any] = {}
    start = time.monotonic()
    try:
        yield found
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        event(
            step,
            logging.ERROR if "error" in found else logging.INFO,
            seconds=round(time.monotonic() - start, 3),
            **fields,
            **found,
        )


def _now() -> str:
    """RFC 3339, in UTC: 2026-11-24T06:45:20.123Z."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
