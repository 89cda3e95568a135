"""A crash anywhere, then Lambda's retry, gives the same tables.

A handler is killed before or after one of its AWS calls, with a BaseException, so that nothing tidies up; Lambda then retries
the event. Each run kills at another call, until every call of the story has been killed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from tests.lakes import RAW, REPORTS, Lake, csv, day
from tests.local_aws import LocalAccount

FIRST = {
    "AAPL.csv": csv(day("2015-12-31", 90), day("2016-01-04", 100), "2016-01-05,1,2,0,,,5", day("2016-02-01", 99)),
    "MSFT.csv": csv(day("2016-01-04", 50)),
    "bad.csv": "x\n",
}
SECOND = {"AAPL.csv": csv(day("2016-01-04", 101), day("2016-03-01", 102), "2016-01-06,1,2,0,,,5")}


def story(lake: Lake) -> dict[str, Any]:
    """Drop, then correct; the tables as a user sees them."""
    for files in (FIRST, SECOND):
        for key, body in files.items():
            lake.account.drop(f"raw/stocks/{key}", body)
        lake.settle()
    return lake.tables()


@pytest.fixture(scope="module")
def undisturbed(request: pytest.FixtureRequest) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
    """The tables of the story without a crash, and how many AWS calls each function made for it."""
    with LocalAccount(request.config.getoption("--engine"), concurrency=1) as account:
        account.create_lake()
        tables = story(Lake(account))
        calls = {
            function: sum(sum(each.calls.values()) for each in account.invocations if each.function == function)
            for function in (RAW, REPORTS)
        }
        yield tables, calls


@pytest.mark.parametrize("function", [RAW, REPORTS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_call_and_retried_the_tables_are_the_same(
    undisturbed: tuple[dict[str, Any], dict[str, int]], engine: str, function: str, when: Literal["before", "after"]
) -> None:
    tables, calls = undisturbed
    assert calls[function] > 10
    for nth in range(1, calls[function] + 1):
        with LocalAccount(engine, concurrency=1) as account:  # type: ignore[arg-type]
            account.create_lake()
            account.faults.arm(when, nth, function=function)
            assert story(Lake(account)) == tables, f"killed {when} call {nth} of {function}"
