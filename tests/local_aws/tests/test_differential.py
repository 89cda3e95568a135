"""DuckDB answers as Trino does, or refuses.

`expressions.tsv` records what Trino 476 answers to each statement: its columns with their types and the rows as JSON (a
lone cell by itself), or "!" and the name of its error. Its first column says what becomes of the statement on DuckDB:

    same      the same answer, or an error of the same name
    refused   NOT_SUPPORTED_LOCALLY, since nothing here needs it and it is not known to mean the same
    differs   another answer, known and borne, on input that no file of prices has

`pytest --engine trino` holds the record itself against a real Trino. Whatever the dialect's allow lists let through, and
whatever `sql/` calls, has a statement recorded as the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from lambda_scripts.lakehouse.aws import sql
from tests.local_aws import LocalAccount, dialect
from tests.local_aws.account import engine_for
from tests.local_aws.casts import cast
from tests.local_aws.dialect import aggregates, calls, functions, moments, operators, terms
from tests.local_aws.dialect.grammar import Node, parse
from tests.local_aws.engine import Outcome, Statement, StatementFailed
from tests.local_aws.expression import Expression
from tests.local_aws.trino_types import Type

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


_WITH_UNITS = ("date_add", "date_diff", "date_trunc")
_TYPES = (
    *("boolean", "tinyint", "smallint", "integer", "bigint", "decimal(10,2)", "real", "double"),
    *("varchar", "varbinary", "date", "timestamp(3)", "timestamp with time zone"),
)


def _answered_alike() -> list[Node]:
    """The statements that prove something: DuckDB gives them Trino's rows, not just an error of the same name."""
    return [parse(case.statement) for case in recorded() if case.on_duckdb == "same" and case.answer.columns != "!"]


def _called(statements: Iterable[Node]) -> set[str]:
    """What statements call, with its units and formats: "date_add", "date_add day", "date_format %Y", "interval day"."""
    called = set()
    for node in (node for statement in statements for node in statement.walk()):
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            called.add(name)
            if name == "date_format":
                called |= {f"{name} {specifier}" for specifier in re.findall("%.", node.expressions[1].name)}
            elif name in _WITH_UNITS:
                called.add(f"{name} {node.expressions[0].name}")
        elif isinstance(node, exp.Trim):
            called.add("trim")
        elif isinstance(node, exp.Interval):
            called.add(f"interval {node.args['unit'].name.lower()}")
    return called


def test_every_function_unit_and_format_let_through_is_proven() -> None:
    let_through = {
        *functions.FUNCTIONS,
        *calls.FORMS,
        *aggregates.AGGREGATES,
        *aggregates.WINDOW_FUNCTIONS,
        *(f"date_format %{letter}" for letter in moments.FORMATS),
        *(f"{name} {unit}" for name in _WITH_UNITS for unit in moments.UNITS + moments.TIME_UNITS),
        *(f"interval {unit}" for unit in terms.INTERVAL_UNITS),
    }
    assert sorted(let_through - _called(_answered_alike())) == []


def test_every_function_that_our_sql_calls_is_proven() -> None:
    # Athena's DDL, which the dialect does not read, calls none.
    files = [path for path in sql.FOLDER.rglob("*.sql") if path.parent.name != "tables"]
    used = _called(parse(path.read_text(encoding="utf-8")) for path in files)
    assert len(used) > 30
    assert sorted(used - _called(_answered_alike())) == []


def test_every_kind_of_expression_let_through_is_proven() -> None:
    refused_with_advice = {exp.Bracket}
    proven = {type(node) for statement in _answered_alike() for node in statement.walk()}
    assert dialect.RULES.keys() - refused_with_advice - proven == set()


class _NoTables:
    """A `scopes.Catalog` for statements that make up their rows."""

    def has_database(self, name: str) -> bool:
        return False

    def find(self, database: str, name: str) -> None:
        return None


def test_every_cast_let_through_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[tuple[str, str]] = set()

    def recording(value: Expression, target: Type, **options: Any) -> Expression:
        converted = cast(value, target, **options)
        made.add((value.type.name, target.name))
        return converted

    def casts_of(statements: Iterable[Node]) -> set[tuple[str, str]]:
        made.clear()
        for statement in statements:
            dialect.compile_query(statement, "default", _NoTables())
        return set(made)

    monkeypatch.setattr(operators, "cast", recording)
    proven = casts_of(_answered_alike())
    let_through = set()
    for source, target in permutations(_TYPES, 2):
        try:
            let_through |= casts_of([parse(f"select cast(x as {target}) is null from (values cast(null as {source})) t(x)")])
        except StatementFailed:
            continue
    assert len(let_through) > 30
    assert sorted(let_through - proven) == []
