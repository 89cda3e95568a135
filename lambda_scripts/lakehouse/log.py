"""Structured logs: one JSON object a line, one line a step.

Lambda's root handler prints the lines to CloudWatch, whose Logs Insights finds the fields of a JSON fragment in a line
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

logger = logging.getLogger("lakehouse")
logger.setLevel(logging.INFO)

_invocation: ContextVar[dict[str, Any]] = ContextVar("invocation", default={})  # noqa: B039 - never mutated


def bind(**fields: Any) -> None:
    """Put these fields on every line that this invocation logs from now on."""
    _invocation.set(dict(fields))


def event(step: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log one line now."""
    logger.log(level, json.dumps({"step": step, **fields, **_invocation.get()}, default=str, ensure_ascii=False))


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
