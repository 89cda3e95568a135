"""A crash anywhere, then Lambda's retry, gives the same tables.

A handler is killed after one of the AWS calls by which it changes what it reads again, with a BaseException, so that nothing
tidies up; Lambda then retries the event. Each drop is killed at another call and meets what the drops before it left: after the
first call of each operation, the second, the fourth, the eighth and so on. `python -m tests.chaos --all` kills at more.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.lakes import RAW, REPORTS, Lake, csv, day

CHANGES = (
    "s3:PutObject",
    "s3:CopyObject",
    "s3:DeleteObjects",
    "athena:StartQueryExecution",
    "glue:BatchCreatePartition",
    "glue:BatchDeletePartition",
    "glue:BatchDeleteTable",
)

EARLY = {
    "AAPL.csv": csv(day("2015-12-31", 90), day("2016-01-04", 100), "2016-01-05,1,2,0,,,5", day("2016-02-01", 99)),
    "MSFT.csv": csv(day("2016-01-04", 50)),
    "IBM.csv": "x\n",
}
LATE = {
    "AAPL.csv": csv(day("2016-01-04", 101), day("2016-03-01", 102), "2016-01-06,1,2,0,,,5"),
    "MSFT.csv": "x\n",
    "IBM.csv": csv(day("2016-01-04", 70)),
}


def tables(lake: Lake) -> dict[str, Any]:
    """The tables as a user sees them; of the rejected rows those of each file's latest load."""
    latest = (
        "SELECT r.source, r.symbol, r.record, r.reason FROM stocks_rejected r"
        " JOIN stocks_load_history h ON h.batch_id = r.batch_id AND h.source = r.source WHERE h.is_latest ORDER BY 1, 3"
    )
    return {
        "processed": lake.processed(),
        "monthly": lake.monthly(),
        "yearly": lake.yearly(),
        "loads": lake.loads(),
        "rejected": lake.query(latest),
        "rejected rows of a batch that is not on record": lake.query(
            "SELECT record FROM stocks_rejected WHERE batch_id NOT IN (SELECT batch_id FROM stocks_loads)"
        ),
    }


@pytest.mark.thorough("fifty drops")
@pytest.mark.duckdb_only("a drop for each kill: the kills are the handlers', whatever engine runs their statements")
@pytest.mark.parametrize("function", [RAW, REPORTS])
def test_killed_after_a_change_and_retried_the_tables_are_the_same(lake: Lake, function: str) -> None:
    wanted = []
    for version in (EARLY, LATE, EARLY, LATE):  # from the second time on, a version meets what the other left
        lake.drop(version)
        wanted.append(tables(lake))
    assert wanted[0]["processed"] != wanted[1]["processed"] and wanted[2] != wanted[3]
    kills = 0
    for operation in CHANGES:
        nth, struck = 1, True
        while struck:
            version, expected = ((EARLY, wanted[2]), (LATE, wanted[3]))[kills % 2]
            fault = lake.account.faults.arm("after", nth, function=function, operation=operation)
            lake.drop(version)
            struck = fault.struck is not None
            lake.account.faults.disarm()
            assert tables(lake) == expected, f"killed after {operation} number {nth}"
            nth, kills = 2 * nth, kills + 1
    assert kills > len(CHANGES) + 5
    assert lake.keys("pipeline/inbox/") == []


@pytest.mark.duckdb_only("an account for each kill: the kills are the handlers', whatever engine runs their statements")
@pytest.mark.parametrize(
    ("operation", "nth"),
    [
        ("glue:CreateDatabase", 1),
        ("athena:StartQueryExecution", 1),
        ("athena:StartQueryExecution", 7),
        ("athena:StartQueryExecution", 9),
        ("glue:StartCrawler", 1),
        ("s3:PutObject", 1),
    ],
)
def test_killed_in_an_empty_account_and_retried_the_lake_is_made(lake: Lake, operation: str, nth: int) -> None:
    lake.account.client("glue").delete_database(Name=lake.account.database)
    fault = lake.account.faults.arm("after", nth, function=RAW, operation=operation)
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    assert fault.struck is not None
    assert len(lake.processed()) == len(lake.monthly()) == len(lake.yearly()) == 1
    assert len(lake.account.tables()) == 10
