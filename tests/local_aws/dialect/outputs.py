"""A compiled query and its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..casts import cast
from ..expression import Expression
from ..trino_types import Type
from .grammar import Node, fail


@dataclass(frozen=True)
class Output:
    """A column of a query. `label` is the name as it was written, for the result's header."""

    name: str | None
    type: Type
    label: str | None = None


@dataclass(frozen=True)
class Query:
    """DuckDB's SQL for a query; its columns are called c1, c2, … in the order of `outputs`."""

    sql: str
    outputs: Sequence[Output]


def renamed(outputs: Sequence[Output], names: Sequence[str], node: Node) -> Sequence[Output]:
    if not names:
        return outputs
    if len(names) != len(outputs):
        raise fail(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but relation has {len(outputs)} columns",
            node,
        )
    return [Output(name, output.type) for name, output in zip(names, outputs, strict=True)]


def as_types(query: Query, outputs: Sequence[Output]) -> str:
    """The query's SQL with its columns cast to the types of `outputs`."""
    if all(one.type == other.type for one, other in zip(query.outputs, outputs, strict=True)):
        return query.sql
    columns = [
        f"{cast(Expression(f's.c{number}', one.type), other.type).sql} AS c{number}"
        for number, (one, other) in enumerate(zip(query.outputs, outputs, strict=True), 1)
    ]
    return f"SELECT {', '.join(columns)} FROM ({query.sql}) AS s"
