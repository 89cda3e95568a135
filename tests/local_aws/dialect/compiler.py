"""A statement being compiled: what the rules for its parts share, and how they compile parts of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..casts import cast
from ..expression import Expression, not_supported
from ..trino_types import BOOLEAN, UNKNOWN, Type, common
from .grammar import Node, fail, only
from .outputs import Query
from .scopes import Catalog, Scan, Scope

Ctes = Mapping[str, tuple[str, Query]]
QueryRule = Callable[["Compiler", Node, "Scope | None"], Query]


@dataclass(frozen=True)
class Rule:
    """How one kind of node is compiled. `arguments` are the clauses that it looks at; a node with others is refused."""

    compile: Callable[..., Expression]
    arguments: Sequence[str] = ("this", "expression", "expressions")


class Compiler:
    """`scans` fills up as tables are met; `database` and `ctes` are those of the query at hand, `trying` is set inside TRY."""

    def __init__(self, catalog: Catalog, rules: Mapping[type[Node], Rule], query_rule: QueryRule) -> None:
        self.catalog = catalog
        self.scans: list[Scan] = []
        self.database = "default"
        self.ctes: Ctes = {}
        self.trying = False
        self._rules = rules
        self._query_rule = query_rule
        self._numbers = itertools.count(1)

    def fresh(self, prefix: str) -> str:
        """A name for a relation or variable that the statement has not used yet."""
        return f"{prefix}{next(self._numbers)}"

    def query(self, node: Node, database: str, parent: Scope | None, ctes: Ctes) -> Query:
        """Compile a query in its own naming context; `parent` is the scope of the query around a subquery."""
        outer = self.database, self.ctes
        self.database, self.ctes = database, ctes
        try:
            return self._query_rule(self, node, parent)
        finally:
            self.database, self.ctes = outer

    def subquery(self, node: Node, parent: Scope | None) -> Query:
        """Compile a query inside another one, which sees the same tables; `parent` as for `query`."""
        return self.query(node, self.database, parent, self.ctes)

    def expression(self, node: Node, scope: Scope) -> Expression:
        """Compile an expression by the rule for its kind of node; refused where there is none."""
        rule = self._rules.get(type(node))
        if rule is None:
            raise not_supported(f"{type(node).__name__} in {node.sql(dialect='trino')[:120]}")
        only(node, *rule.arguments)
        return rule.compile(self, node, scope)

    def boolean(self, node: Node, scope: Scope) -> str:
        """The SQL of a condition."""
        expression = self.expression(node, scope)
        if expression.type not in (BOOLEAN, UNKNOWN):
            raise fail("TYPE_MISMATCH", f"expression must evaluate to a boolean: actual type {expression.type}", node)
        return cast(expression, BOOLEAN).sql


def unify(expressions: Sequence[Expression], node: Node) -> Type:
    """The type that the operands of `node` have in common."""
    type_ = UNKNOWN
    for expression in expressions:
        wider = common(type_, expression.type)
        if wider is None:
            raise fail("TYPE_MISMATCH", f"All operands must be the same type: {type_} and {expression.type} differ", node)
        type_ = wider
    return type_
