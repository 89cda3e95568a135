"""DuckDB answers as Trino does, or refuses: every statement of `expressions.tsv`, which `record` explains.

`pytest --engine trino` holds every eighth line of the record itself against a real Trino, with `--thorough` every one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_aws import trino_server
from tests.local_aws.account import EngineName
from tests.local_aws.dialect import permits
from tests.local_aws.tests.record import REFUSED, VERSION_RECORDED, Answer, Recorded, Runner, becomes, drawn, recorded, running


@pytest.fixture(scope="module")
def runner(engine: EngineName) -> Iterator[Runner]:
    """Runs one statement on the engine under test."""
    with running(engine) as opened:
        yield opened


CASES = [
    pytest.param(case, id=case.statement, marks=() if number % 8 == 0 else pytest.mark.on_trino(False))
    for number, case in enumerate(recorded())
]


@pytest.mark.parametrize("case", CASES)
def test_a_statement_is_answered_as_trino_answers_it(case: Recorded, runner: Runner, engine: str) -> None:
    found = runner.answer(case.statement).in_any_order(case.statement)
    expected = case.answer.in_any_order(case.statement)
    if engine == "trino" or case.on_duckdb == "same":
        assert found == expected
    elif case.on_duckdb == "refused":
        assert found == REFUSED
    else:
        assert case.on_duckdb == "differs"
        assert found != expected, "it no longer differs: record it as the same"


ONE, OTHER, MISMATCH = Answer("x integer", "1"), Answer("x integer", "2"), Answer("!", "TYPE_MISMATCH")


@pytest.mark.parametrize(
    ("permitted", "translated", "on_trino", "expected"),
    [
        (ONE, ONE, ONE, "same"),
        (REFUSED, ONE, ONE, "same"),
        (REFUSED, ONE, MISMATCH, "same"),
        (REFUSED, OTHER, ONE, "refused"),
        (REFUSED, REFUSED, ONE, "refused"),
        (OTHER, OTHER, ONE, "differs"),
        (ONE, ONE, MISMATCH, "differs"),
    ],
)
def test_the_record_says_what_becomes_of_a_statement(
    permitted: Answer, translated: Answer, on_trino: Answer, expected: str
) -> None:
    assert becomes("select x", permitted, translated, on_trino) == expected


def test_what_is_permitted_is_what_the_record_proves() -> None:
    assert permits.PERMITS.read_text(encoding="utf-8") == drawn(), "run python -m tests.local_aws.tests.record --draw"


def test_the_record_is_of_the_trino_that_runs_here() -> None:
    message = "hold the record against the other version, pytest --engine trino --thorough on this file, then say so in record.py"
    assert VERSION_RECORDED == trino_server.VERSION, message
