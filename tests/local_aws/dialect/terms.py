"""What expressions are made of: columns, literals, intervals, arrays and the current time."""

from __future__ import annotations

from sqlglot import exp

from ..casts import cast
from ..expression import Expression, literal, not_supported
from ..trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    MONTH_INTERVAL,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARCHAR,
    array,
    decimal,
    timestamp,
)
from .compiler import Compiler, Rule, unify
from .grammar import Node, fail
from .scopes import Scope

INTERVAL_UNITS = ("second", "minute", "hour", "day", "month", "year")


def _column(compiler: Compiler, node: exp.Column, scope: Scope) -> Expression:
    return scope.find(node).use()


def _identifier(compiler: Compiler, node: exp.Identifier, scope: Scope) -> Expression:
    """A lambda's variable, which sqlglot leaves bare."""
    return scope.find(exp.column(node.name)).use()


def _literal(compiler: Compiler, node: exp.Literal, scope: Scope) -> Expression:
    text = str(node.this)
    if node.is_string:
        return Expression(literal(text), VARCHAR, text)
    if "e" in text.lower():
        return Expression(f"CAST('{text}' AS DOUBLE)", DOUBLE)
    if "." in text:
        whole, _, fraction = text.partition(".")
        type_ = decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
        return Expression(f"CAST('{text}' AS {type_})", type_)
    value = int(text)
    if value >= 2**63:
        raise fail("SYNTAX_ERROR", f"Invalid numeric literal: {text}", node)
    return Expression(text, INTEGER if value < 2**31 else BIGINT, number=value)


def _boolean(compiler: Compiler, node: exp.Boolean, scope: Scope) -> Expression:
    return Expression("true" if node.this else "false", BOOLEAN)


def _null(compiler: Compiler, node: exp.Null, scope: Scope) -> Expression:
    return Expression("NULL", UNKNOWN)


def _paren(compiler: Compiler, node: exp.Paren, scope: Scope) -> Expression:
    inner = compiler.expression(node.this, scope)
    return Expression(f"({inner.sql})", inner.type, inner.text, inner.number)


def _interval(compiler: Compiler, node: exp.Interval, scope: Scope) -> Expression:
    unit = node.unit.name.lower() if node.unit is not None else ""
    amount = node.this
    if not isinstance(amount, exp.Literal) or unit not in INTERVAL_UNITS:
        raise not_supported(node.sql(dialect="trino"))
    type_ = MONTH_INTERVAL if unit in ("month", "year") else DAY_INTERVAL
    # `text` marks the units that can't be added to a date.
    part_of_day = unit if unit in ("second", "minute", "hour") else None
    return Expression(f"INTERVAL {int(amount.name)} {unit}", type_, part_of_day)


def _array(compiler: Compiler, node: exp.Array, scope: Scope) -> Expression:
    elements = [compiler.expression(element, scope) for element in node.expressions]
    type_ = unify(elements, node)
    return Expression("[" + ", ".join(cast(element, type_).sql for element in elements) + "]", array(type_))


def _subscript(compiler: Compiler, node: exp.Bracket, scope: Scope) -> Expression:
    raise not_supported(f"an array subscript, use element_at: {node.sql(dialect='trino')[:80]}")


def _current_date(compiler: Compiler, node: exp.CurrentDate, scope: Scope) -> Expression:
    return Expression("current_date", DATE)


def _current_timestamp(compiler: Compiler, node: exp.CurrentTimestamp, scope: Scope) -> Expression:
    return Expression("date_trunc('millisecond', now())", TIMESTAMP_TZ)


def _local_timestamp(compiler: Compiler, node: Node, scope: Scope) -> Expression:
    return Expression("date_trunc('millisecond', CAST(now() AS TIMESTAMP))", timestamp(3))


RULES: dict[type[Node], Rule] = {
    exp.Column: Rule(_column, ("this", "table", "db")),
    exp.Identifier: Rule(_identifier, ("this", "quoted")),
    exp.Literal: Rule(_literal, ("this", "is_string")),
    exp.Boolean: Rule(_boolean),
    exp.Null: Rule(_null),
    exp.Paren: Rule(_paren),
    exp.Interval: Rule(_interval, ("this", "unit")),
    exp.Array: Rule(_array),
    exp.Bracket: Rule(_subscript, ("this", "expressions", "offset", "safe")),
    exp.CurrentDate: Rule(_current_date),
    exp.CurrentTimestamp: Rule(_current_timestamp),
    exp.Localtimestamp: Rule(_local_timestamp),
}
