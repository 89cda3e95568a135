"""What a piece of work costs: the requests that it makes and the bytes that its statements scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

# https://aws.amazon.com/athena/pricing/, in us-east-1: dollars a terabyte, and the least that a statement is charged for.
DOLLARS_A_TERABYTE_SCANNED = 5.0
LEAST_BYTES_CHARGED = 10 * 1024**2

# https://aws.amazon.com/s3/pricing/, in us-east-1: dollars a request.
DOLLARS_A_WRITE = 0.005 / 1_000  # PUT, COPY, POST and LIST
DOLLARS_A_READ = 0.0004 / 1_000
_READS = ("GetObject", "HeadObject")
_FREE = ("DeleteObject", "DeleteObjects")


@dataclass
class Meter:
    """Counts while it is on. Statements are those that Athena charges for: they succeeded and scanned something."""

    calls: Counter[str] = field(default_factory=Counter)
    """AWS calls, tried again or not, by service and operation ("s3.GetObject")."""
    scanned: dict[str, int] = field(default_factory=dict)
    """Bytes by query id."""

    @property
    def statements(self) -> int:
        return self.calls["athena.StartQueryExecution"]

    @property
    def requests(self) -> int:
        return self.calls.total()

    @property
    def bytes_scanned(self) -> int:
        return sum(self.scanned.values())

    @property
    def dollars(self) -> float:
        """About what AWS charges: statements by what they scan, S3 by request. Glue's first million requests a month are free."""
        charged = sum(max(LEAST_BYTES_CHARGED, found) for found in self.scanned.values() if found)
        s3 = {call.partition(".")[2]: count for call, count in self.calls.items() if call.startswith("s3.")}
        reads = sum(count for operation, count in s3.items() if operation in _READS)
        writes = sum(count for operation, count in s3.items() if operation not in _READS + _FREE)
        return charged / 1024**4 * DOLLARS_A_TERABYTE_SCANNED + writes * DOLLARS_A_WRITE + reads * DOLLARS_A_READ


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what this invocation does until the block ends."""
    meter = Meter()
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def install(client: Any) -> None:
    """Have the calls of a new client counted.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """
    service = client.meta.service_model.service_name

    def count(model: Any, **_: Any) -> None:
        if meter := _meter.get():
            meter.calls[f"{service}.{model.name}"] += 1

    def scan(parsed: Mapping[str, Any], **_: Any) -> None:
        execution = parsed.get("QueryExecution", {})
        if (meter := _meter.get()) and execution.get("Status", {}).get("State") == "SUCCEEDED":
            meter.scanned[execution["QueryExecutionId"]] = execution.get("Statistics", {}).get("DataScannedInBytes", 0)

    client.meta.events.register("before-call", count)
    if service == "athena":
        client.meta.events.register("after-call.athena.GetQueryExecution", scan)
