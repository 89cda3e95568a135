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
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambda_scripts.lakehouse import sql
from tests.lakes import Lake
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName, engine_for
from tests.local_aws.engine import Outcome, Statement, StatementFailed

HERE = Path(__file__).parent


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
    _, *lines = (HERE / "expressions.tsv").read_text(encoding="utf-8").splitlines()
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


# What hangs on when a load ran, not on what was loaded.
_OF_THE_RUN = ("batch_id", "loaded_at")

TABLES = (
    "stocks_processed",
    "monthly_stock_reporting",
    "yearly_stock_reporting",
    "stocks_rejected",
    "stocks_loads",
    "stocks_daily",
    "stocks_load_history",
)


def drops() -> dict[str, bytes]:
    """Some years of the data set, and every source's file, those that are refused included."""
    years = sorted((HERE.parent / "dataset").glob("*_201[23].csv"))
    sources = sorted((HERE / "sources").glob("*.csv"))
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in [*years, *sources]}


def lake_answers(engine: EngineName) -> dict[str, list[list[str]]]:
    """What the lake's tables, views and worked queries say on that engine once the files are in."""
    statements = {table: f"SELECT * FROM {table}" for table in TABLES}
    statements |= {name: sql.render(name).text for name in sql.names("queries")}
    with LocalAccount(engine) as account:
        account.create_lake()
        Lake(account).drop(drops())
        return {name: _comparable(*account.query_table(text)) for name, text in statements.items()}


def _comparable(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """The rows in order, their doubles rounded to twelve digits: sums are not added up in the same order."""
    kept = [position for position, column in enumerate(columns) if column not in _OF_THE_RUN]
    return sorted([_rounded(row[position]) for position in kept] for row in rows)


def _rounded(cell: str | None) -> str:
    if cell is None:
        return "NULL"
    return f"{float(cell):.12g}" if re.fullmatch(r"-?\d+\.\d+(E-?\d+)?", cell) else cell


@pytest.mark.trino_only("holds one engine against the other")
def test_every_table_view_and_query_of_the_lake_is_the_same_on_both_engines() -> None:
    on_duckdb, on_trino = lake_answers("duckdb"), lake_answers("trino")
    assert on_duckdb["stocks_processed"] and on_duckdb["stocks_rejected"]
    for name, rows in on_trino.items():
        assert rows == on_duckdb[name], name
