"""DuckDB answers as Trino does, or refuses.

`expressions.tsv` records what Trino 476 answers to each statement: its columns with their types and the rows as JSON (a
lone cell by itself), or "!" and the name of its error. Its first column says what becomes of the statement on DuckDB:

    same      the same answer, or an error of the same name
    refused   NOT_SUPPORTED_LOCALLY, since nothing here needs it and it is not known to mean the same
    differs   another answer, known and borne, on input that no file of prices has

`pytest --engine trino` holds the record itself against a real Trino.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.local_aws import LocalAccount
from tests.local_aws.account import engine_for
from tests.local_aws.engine import Outcome, Statement, StatementFailed

RECORD = Path(__file__).with_name("expressions.tsv")


@dataclass(frozen=True)
class Answer:
    columns: str
    rows: Any


@dataclass(frozen=True)
class Recorded:
    on_duckdb: str
    statement: str
    answer: Answer


def recorded() -> list[Recorded]:
    _, *lines = RECORD.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        on_duckdb, statement, columns, rows = line.split("\t")
        found.append(Recorded(on_duckdb, statement, Answer(columns, rows if columns == "!" else json.loads(rows))))
    return found


@pytest.fixture(scope="module")
def answer(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Answer]]:
    """Runs one statement on the engine under test."""
    with LocalAccount(engine=None, serve_port=0) as account:
        engine = engine_for(request.config.getoption("--engine"), account.endpoint_url)
        account.client("glue").create_database(DatabaseInput={"Name": account.database})

        def run(statement: str) -> Answer:
            results = f"s3://{account.bucket}/results/1.csv"
            try:
                return _answer(engine.execute(Statement(statement, account.database, results, "1")))
            except StatementFailed as failure:
                return Answer("!", failure.message.partition(":")[0])

        yield run
        engine.close()


def _answer(outcome: Outcome) -> Answer:
    columns = ", ".join(
        f"{column.name} {column.type}" + (f"({column.precision},{column.scale})" if column.type == "decimal" else "")
        for column in outcome.columns
    )
    rows: Any = [list(row) for row in outcome.rows]
    if len(rows) == len(outcome.columns) == 1:
        rows = rows[0][0]
    return Answer(columns, rows)


def _in_any_order(answer: Answer, statement: str) -> Answer:
    """The answer with its rows sorted, unless the statement itself sorts them."""
    if not isinstance(answer.rows, list) or "order by" in statement.lower():
        return answer
    return Answer(answer.columns, sorted(answer.rows, key=repr))


@pytest.mark.parametrize("case", recorded(), ids=lambda case: case.statement)
def test_a_statement_is_answered_as_trino_answers_it(case: Recorded, answer: Callable[[str], Answer], engine: str) -> None:
    found = _in_any_order(answer(case.statement), case.statement)
    expected = _in_any_order(case.answer, case.statement)
    if engine == "trino" or case.on_duckdb == "same":
        assert found == expected
    elif case.on_duckdb == "refused":
        assert found == Answer("!", "NOT_SUPPORTED_LOCALLY")
    else:
        assert case.on_duckdb == "differs"
        assert found != expected, "it no longer differs: record it as the same"
