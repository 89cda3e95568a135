"""Statements that differ in their values alone are translated once, and mean what they would mean each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

import pytest

from tests.local_aws.dialect import CompiledQuery, Table, compile_query, translation
from tests.local_aws.dialect.grammar import parse
from tests.local_aws.engine import StatementFailed
from tests.local_aws.trino_types import DATE, DOUBLE, VARCHAR

QUERY = """SELECT {label} AS label, close FROM prices AS p
    WHERE source = {source} AND year IN ({years}) AND day > CAST({day} AS date) AND NOT regexp_like(source, {pattern})"""


class _Prices:
    def __init__(self, *columns: str, table: str = "prices") -> None:
        self._table = Table("lake", table, [*((name, DOUBLE) for name in columns), *_TEXTS, ("day", DATE)], ["year"])

    def has_database(self, name: str) -> bool:
        return True

    def find(self, database: str, name: str) -> Table | None:
        return self._table if name == self._table.name else None


_TEXTS = (("source", VARCHAR), ("year", VARCHAR))


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def compiled(columns: Sequence[str] = ("close",), table: str = "prices", **values: str | Sequence[str]) -> CompiledQuery:
    given = {"label": "a", "source": "b", "years": ["2016"], "day": "2016-01-04", "pattern": "x"} | values
    texts = {name: ", ".join(map(literal, [value] if isinstance(value, str) else value)) for name, value in given.items()}
    query = QUERY.format(**texts).replace("FROM prices", f"FROM {table}")
    return compile_query(parse(query), "lake", _Prices(*columns, table=table))


def translations(*statements: dict[str, str | Sequence[str]]) -> int:
    translation._translated.cache_clear()
    for values in statements:
        compiled(**values)  # type: ignore[arg-type]
    return translation._translated.cache_info().misses


@pytest.mark.parametrize(
    "values",
    [
        {"label": "it's", "source": 's3://b/raw/it\'s, "so".csv'},
        {"source": ""},
        {"years": ["2015", "2016", "20''17"]},
        {"years": "\ue0000\ue001", "source": "x"},
        {"day": "\ue000"},
        {"pattern": "^a'b$"},
        {"label": "$1 \\1 \\g<0>"},
    ],
)
def test_values_are_put_back_as_they_were(values: dict[str, str | Sequence[str]]) -> None:
    compiled()
    found = compiled(**values)  # type: ignore[arg-type]
    translation._translated.cache_clear()
    with mock.patch.object(translation, "taken_out", lambda query: []):
        assert found == compiled(**values)  # type: ignore[arg-type]


def test_other_values_need_no_other_translation() -> None:
    assert translations({}, {"label": "c"}, {"source": "d"}, {"day": "2017-01-03"}, {"years": ["2016", "2017"]}) == 1


def test_what_the_translation_reads_is_no_value() -> None:
    assert translations({}, {"pattern": "y"}, {"pattern": "x"}) == 2


def test_another_table_of_the_same_columns_needs_no_other_translation_and_is_the_one_scanned() -> None:
    assert translations({}, {"table": "other"}) == 1
    assert compiled(table="other").scans[0].table.name == "other"


def test_other_columns_are_another_translation() -> None:
    assert compiled(columns=("close", "open")).scans[0].table.columns != compiled().scans[0].table.columns
    assert translations({}, {"columns": ("close", "open")}) == 2


@pytest.mark.parametrize("query", ["SELECT \"\ue0000\ue001\" FROM prices WHERE source = 'x'", "SELECT 'x' AS \"\ue0000\ue001\""])
def test_a_name_that_has_a_mark_is_not_taken_for_a_value(query: str) -> None:
    refusal = "Column '\ue0000\ue001' cannot be resolved"
    try:
        found = compile_query(parse(query), "lake", _Prices("close")).sql
    except StatementFailed as error:
        assert refusal in str(error)
    else:
        assert "'x' AS \"\ue0000\ue001\"" in found


def test_a_refusal_shows_the_values() -> None:
    query = "SELECT close FROM prices WHERE source = 'me' AND 1e0 = 'here'"
    with pytest.raises(StatementFailed, match="'here'"):
        compile_query(parse(query), "lake", _Prices("close"))


@pytest.mark.parametrize("length", range(20))
def test_a_refusal_shows_no_part_of_a_mark_where_it_is_cut(length: int) -> None:
    conditions = ", ".join(f"source = 'text {number}'" for number in range(9))
    query = f"SELECT frob('{'x' * length}', {conditions}) FROM prices"
    with pytest.raises(StatementFailed, match="has frob") as refused:
        compile_query(parse(query), "lake", _Prices("close"))
    assert str(refused.value).isprintable()
