"""What a file and a batch cost in S3 requests: docs/performance.md has the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.lakes import RAW, REPORTS, Lake, csv, day
from tests.local_aws import aws_calls

A_FILE = 5
A_BATCH, A_MONTH, A_MONTHS_EVENT, A_BATCH_OF_REPORTS, A_YEAR = 27, 2, 2, 18, 4
MANY = 30
OF_WHO_WAITS = 10
"""Claiming to be next and giving that up, a conflict over it, and listings of an inbox that was filled or emptied meanwhile."""

pytestmark = pytest.mark.duckdb_only("the handlers' calls are the same on either engine")


class Requests:
    """Counts S3 requests. Of an invocation that waits for the lease, each poll after its first is counted apart."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.waiting = 0
        self._polled: set[str] = set()

    def __call__(self, function: str, operation: str, parameters: Mapping[str, Any]) -> None:
        sandbox = aws_calls.current()
        if operation == "s3:GetObject" and "pipeline/leases/" in parameters["Key"] and sandbox is not None:
            if sandbox.request_id in self._polled:
                self.waiting += 1
                return
            self._polled.add(sandbox.request_id)
        if operation.startswith("s3:"):
            self.made[function] += 1


def requests_of(lake: Lake, files: Mapping[str, str]) -> Counter[str]:
    requests = Requests()
    with aws_calls.observed(requests):
        lake.drop(files)
    return requests.made


@pytest.mark.thorough("many files and their reports, to count requests")
def test_a_file_costs_five_requests_and_a_batch_what_the_table_says(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_SETTLE_SECONDS", "2")
    lake.drop({"FIRST.csv": csv(day("2016-01-04", 1))})
    one = requests_of(lake, {"ONE.csv": csv(day("2016-01-04", 2))})
    assert one[RAW] <= A_FILE + A_BATCH + A_MONTH
    assert one[REPORTS] <= A_MONTHS_EVENT + A_BATCH_OF_REPORTS + A_YEAR
    loaded = len(lake.logged("loaded"))
    many = requests_of(lake, {f"MANY{number}.csv": csv(day("2016-01-04", 3)) for number in range(MANY)})
    assert len(lake.logged("loaded")) == loaded + 1
    assert MANY * A_FILE < many[RAW] <= MANY * A_FILE + A_BATCH + A_MONTH + OF_WHO_WAITS
