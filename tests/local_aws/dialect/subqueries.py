"""Subqueries that stand in expressions, and IN, which takes a list as well."""

from __future__ import annotations

from sqlglot import exp

from ..casts import cast
from ..expression import Expression
from ..trino_types import BOOLEAN, Type
from .compiler import Compiler, Rule, unify
from .conditions import compare
from .grammar import Node, fail
from .outputs import Output, Query, as_types
from .scopes import Scope


def _in(compiler: Compiler, node: exp.In, scope: Scope) -> Expression:
    value = compiler.expression(node.this, scope)
    subquery = node.args.get("query")
    if subquery is None:
        choices = [compiler.expression(choice, scope) for choice in node.expressions]
        for choice in choices:
            compare("=", value, choice, node)
        type_ = unify([value, *choices], node)
        texts = ", ".join(cast(choice, type_).sql for choice in choices)
        return Expression(f"({cast(value, type_).sql} IN ({texts}))", BOOLEAN)
    query = compiler.subquery(subquery.unnest(), scope)
    column = Expression("", _only_type(query, node))
    compare("=", value, column, node)
    type_ = unify([value, column], node)
    return Expression(f"({cast(value, type_).sql} IN ({as_types(query, [Output(None, type_)])}))", BOOLEAN)


def _exists(compiler: Compiler, node: exp.Exists, scope: Scope) -> Expression:
    return Expression(f"EXISTS ({compiler.subquery(node.this.unnest(), scope).sql})", BOOLEAN)


def _scalar_subquery(compiler: Compiler, node: exp.Subquery, scope: Scope) -> Expression:
    query = compiler.subquery(node.this, scope)
    return Expression(f"({query.sql})", _only_type(query, node))


def _only_type(query: Query, node: Node) -> Type:
    """The type of a subquery's one column; a subquery of more is refused."""
    if len(query.outputs) != 1:
        raise fail(
            "TYPE_MISMATCH", f"Multiple columns returned by subquery are not yet supported. Found {len(query.outputs)}", node
        )
    return query.outputs[0].type


RULES: dict[type[Node], Rule] = {
    exp.In: Rule(_in, ("this", "expressions", "query")),
    exp.Exists: Rule(_exists),
    exp.Subquery: Rule(_scalar_subquery),
}
