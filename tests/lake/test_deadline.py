"""Every wait ends before the invocation does, and what Athena is still at is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_scripts.lakehouse.aws.athena import Athena
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.clock import Deadline
from lambda_scripts.lakehouse.errors import DeadlineReachedError, QueryFailedError
from tests.lake.clocks import SteppedClock


class SlowAthena:
    """An Athena whose queries run for so many seconds, and then end in a state."""

    def __init__(self, clock: SteppedClock, seconds: dict[str, float], state: str = "SUCCEEDED") -> None:
        self.clock, self.seconds, self.state = clock, seconds, state
        self.stopped: list[str] = []

    def get_work_group(self, **_: Any) -> dict[str, Any]:
        return {"WorkGroup": {"State": "ENABLED"}}

    def start_query_execution(self, *, QueryString: str, **_: Any) -> dict[str, Any]:
        return {"QueryExecutionId": QueryString}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        state = self.state if self.clock.seconds >= self.seconds[QueryExecutionId] else "RUNNING"
        status = {"State": state, "StateChangeReason": "because"}
        return {"QueryExecution": {"QueryExecutionId": QueryExecutionId, "Status": status}}

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:
        self.stopped.append(QueryExecutionId)


def athena(client: SlowAthena, clock: SteppedClock, seconds: float) -> Athena:
    deadline = Deadline(clock, seconds)
    return Athena(Store("b"), deadline, database="d", workgroup="w", results="s3://b/r/", poll_seconds=1.0, athena=client)


def test_statements_run_side_by_side_and_are_answered_in_their_order() -> None:
    clock = SteppedClock()
    client = SlowAthena(clock, {"slow": 8.0, "fast": 2.0})
    finished = athena(client, clock, 60).run(Statement("a", "slow"), Statement("b", "fast"))
    assert [each.query_id for each in finished] == ["slow", "fast"]
    assert 8 <= clock.seconds < 10 and client.stopped == []


def test_at_the_deadline_the_wait_ends_and_what_still_runs_is_stopped() -> None:
    clock = SteppedClock()
    client = SlowAthena(clock, {"slow": 100.0, "fast": 2.0})
    with pytest.raises(DeadlineReachedError, match="no time left in this invocation to wait for Athena"):
        athena(client, clock, 10).run(Statement("a", "slow"), Statement("b", "fast"))
    assert clock.seconds == 10 and client.stopped == ["slow"]


def test_a_statement_that_fails_stops_those_that_run_with_it() -> None:
    clock = SteppedClock()
    client = SlowAthena(clock, {"slow": 100.0, "bad": 2.0}, state="FAILED")
    with pytest.raises(QueryFailedError, match=r"load/x \(query bad\) failed: because"):
        athena(client, clock, 60).run(Statement("a", "slow"), Statement("load/x", "bad"))
    assert client.stopped == ["slow"]
