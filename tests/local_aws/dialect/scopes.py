"""What the names in a statement stand for: the catalogue's tables, and the columns that a query may name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from ..expression import Expression
from ..trino_types import Type
from .grammar import Node, fail

PATH = "$path"


@dataclass(frozen=True)
class Table:
    """A catalogue table as a query sees it: its columns in order, the last `partition_keys` of them partition keys."""

    database: str
    name: str
    columns: Sequence[tuple[str, Type]]
    partition_keys: Sequence[str] = ()


@dataclass(frozen=True)
class View:
    database: str
    name: str
    sql: str


class Catalog(Protocol):
    def has_database(self, name: str) -> bool: ...

    def find(self, database: str, name: str) -> Table | View | None: ...


@dataclass
class Scan:
    """One occurrence of a table in a statement: what has to be read for it.

    `relation` is the DuckDB relation that must hold the rows, in columns called as the table's; `used` the columns that
    the statement reads; `filters` conditions in DuckDB's SQL over `alias` that speak of partition keys or the path only:
    rows for which one is not true may be left out. An `optional` scan is one whose rows an outer join may replace by NULLs.
    """

    table: Table
    relation: str
    alias: str
    used: set[str] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)
    optional: bool = False


@dataclass(frozen=True)
class Field:
    """A column as an expression over its relation. A `hidden` one is not part of `*`."""

    name: str | None
    expression: Expression
    scan: Scan | None = None
    hidden: bool = False

    def use(self) -> Expression:
        """The column's expression; the scan it comes from learns that the column is read."""
        if self.scan is not None and self.name is not None:
            self.scan.used.add(self.name)
        return self.expression


@dataclass(frozen=True)
class Relation:
    """A FROM item: the names that may stand before its columns' names, and its columns."""

    name: str | None
    database: str | None
    fields: Sequence[Field]


@dataclass
class Scope:
    """The relations whose columns an expression may name; `parent` is that of the query around.

    `merged` are the columns that USING has made of two.
    """

    parent: Scope | None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Field] = field(default_factory=dict)
    lambda_variables: dict[str, Expression] = field(default_factory=dict)

    def find(self, node: exp.Column) -> Field:
        """The column of that name in the innermost query that has one; StatementFailed where there is none or several."""
        name, table, database = node.name.lower(), node.table.lower(), node.db.lower()
        level: Scope | None = self
        while level is not None:
            if not table:
                if name in level.lambda_variables:
                    return Field(None, level.lambda_variables[name])
                if name in level.merged:
                    return level.merged[name]
            found = [
                entry
                for relation in level.relations
                if (not table or relation.name == table) and (not database or relation.database == database)
                for entry in relation.fields
                if entry.name == name
            ]
            if len(found) > 1:
                raise fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
            if found:
                return found[0]
            level = level.parent
        raise fail("COLUMN_NOT_FOUND", f"Column '{f'{table}.' if table else ''}{name}' cannot be resolved", node, 1006)


def named(relations: Sequence[Relation], name: str, node: Node) -> Field:
    """The one column of that name among `relations`."""
    found = [entry for relation in relations for entry in relation.fields if entry.name == name]
    if not found:
        raise fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node, 1006)
    if len(found) > 1:
        raise fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
    return found[0]
