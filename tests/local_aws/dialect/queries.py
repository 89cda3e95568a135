"""Queries of every form: WITH, set operations, and queries in parentheses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ..expression import not_supported
from ..trino_types import common
from .clauses import limit, order_by, ordinal
from .compiler import Compiler
from .grammar import Node, fail, only
from .outputs import Output, Query, as_types, renamed
from .relations import values
from .scopes import Scope
from .select import select


def query(compiler: Compiler, node: Node, parent: Scope | None) -> Query:
    """The `QueryRule`."""
    prefix = _with(compiler, node.args.get("with_"), parent)
    body = _body(compiler, node, parent)
    return Query(prefix + body.sql, body.outputs)


def _body(compiler: Compiler, node: Node, parent: Scope | None) -> Query:
    if isinstance(node, exp.Select):
        return select(compiler, node, parent)
    if isinstance(node, exp.SetOperation):
        return _set_operation(compiler, node, parent)
    if isinstance(node, exp.Values):
        only(node, "expressions", "with_")
        return values(compiler, node, parent)
    if isinstance(node, exp.Subquery):
        only(node, "this", "order", "limit", "offset", "with_")
        inner = compiler.subquery(node.this, parent)
        return Query(f"SELECT * FROM ({inner.sql}){_tail(node, inner.outputs)}", inner.outputs)
    raise not_supported(f"the query {node.sql(dialect='trino')[:80]}")


def _with(compiler: Compiler, node: Node | None, parent: Scope | None) -> str:
    if node is None:
        return ""
    only(node, "expressions")
    ctes = dict(compiler.ctes)
    texts = []
    for cte in node.expressions:
        only(cte, "this", "alias")
        body = compiler.query(cte.this, compiler.database, parent, dict(ctes))
        names = [column.name.lower() for column in cte.args["alias"].columns]
        outputs = renamed(body.outputs, names, cte)
        relation = compiler.fresh("q")
        ctes[cte.alias.lower()] = relation, Query(body.sql, outputs)
        texts.append(f"{relation} AS ({body.sql})")
    compiler.ctes = ctes
    return f"WITH {', '.join(texts)} "


def _set_operation(compiler: Compiler, node: exp.SetOperation, parent: Scope | None) -> Query:
    only(node, "this", "expression", "distinct", "order", "limit", "offset", "with_")
    left, right = compiler.subquery(node.this, parent), compiler.subquery(node.expression, parent)
    word = type(node).__name__.upper()
    if len(left.outputs) != len(right.outputs):
        raise fail(
            "TYPE_MISMATCH",
            f"{word} query has different number of fields: {len(left.outputs)}, {len(right.outputs)}",
            node,
        )
    outputs = []
    for number, (one, other) in enumerate(zip(left.outputs, right.outputs, strict=True), 1):
        type_ = common(one.type, other.type)
        if type_ is None:
            raise fail(
                "TYPE_MISMATCH",
                f"column {number} in {word} query has incompatible types: {one.type}, {other.type}",
                node,
            )
        outputs.append(Output(one.name, type_))
    sides = f"({as_types(left, outputs)}) {word}{'' if node.args.get('distinct') else ' ALL'} ({as_types(right, outputs)})"
    if not any(node.args.get(clause) for clause in ("order", "limit", "offset")):
        return Query(sides, outputs)
    return Query(f"SELECT * FROM ({sides}){_tail(node, outputs)}", outputs)


def _tail(node: Node, outputs: Sequence[Output]) -> str:
    """ORDER BY, LIMIT and OFFSET over columns c1, c2, …, by ordinal or output name only."""

    def resolve(item: Node) -> str:
        number = ordinal(item, len(outputs))
        if number is None and isinstance(item, exp.Column) and not item.table:
            named = [n for n, output in enumerate(outputs, 1) if output.name == item.name.lower()]
            if not named:
                raise fail("COLUMN_NOT_FOUND", f"Column '{item.name.lower()}' cannot be resolved", item, 1006)
            number = named[0]
        if number is None:
            raise not_supported(f"ORDER BY {item.sql(dialect='trino')} over a set operation")
        return f"c{number}"

    return order_by(node.args.get("order"), resolve) + limit(node)
