"""Comparisons and what is built of them: AND, OR, NOT, BETWEEN, LIKE and CASE."""

from __future__ import annotations

from sqlglot import exp

from ..casts import cast
from ..expression import Expression, not_supported
from ..trino_types import BOOLEAN, DATE, DOUBLE, UNKNOWN, VARCHAR, common
from .compiler import Compiler, Rule, unify
from .grammar import Node, fail
from .scopes import Scope

_OPERATORS: dict[type[Node], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}

# To DuckDB NaN equals itself and is greater than any number; to Trino no comparison with it holds, except <>. This is the
# operand whose being NaN would let DuckDB's comparison hold (or, for <>, not hold).
_NAN_GUARDS = {"=": "left", "<>": "left", "<": "right", "<=": "right", ">": "left", ">=": "left"}


def _connector(compiler: Compiler, node: exp.Connector, scope: Scope) -> Expression:
    word = "AND" if isinstance(node, exp.And) else "OR"
    parts = [compiler.boolean(part, scope) for part in node.flatten()]
    return Expression("(" + f" {word} ".join(parts) + ")", BOOLEAN)


def _not(compiler: Compiler, node: exp.Not, scope: Scope) -> Expression:
    return Expression(f"(NOT {compiler.boolean(node.this, scope)})", BOOLEAN)


def _is(compiler: Compiler, node: exp.Is, scope: Scope) -> Expression:
    if not isinstance(node.expression, exp.Null):
        raise not_supported(node.sql(dialect="trino"))
    return Expression(f"({compiler.expression(node.this, scope).sql} IS NULL)", BOOLEAN)


def _comparison(compiler: Compiler, node: exp.Binary, scope: Scope) -> Expression:
    left, right = compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
    return compare(_OPERATORS[type(node)], left, right, node)


def compare(operator: str, left: Expression, right: Expression, node: Node) -> Expression:
    """Two operands compared as their common type."""
    type_ = common(left.type, right.type)
    if type_ is None or type_.name in ("array", "varbinary") or {left.type, right.type} == {DATE, VARCHAR}:
        shown = operator.replace("NOT DISTINCT", "DISTINCT")
        raise fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {shown.replace('<>', '=')} {right.type}", node)
    one, other = cast(left, type_).sql, cast(right, type_).sql
    text = f"({one} {operator} {other})"
    if type_ == DOUBLE and operator in _NAN_GUARDS:
        operand = one if _NAN_GUARDS[operator] == "left" else other
        if operator == "<>":
            return Expression(f"({text} OR isnan({operand}))", BOOLEAN)
        return Expression(f"({text} AND NOT isnan({operand}))", BOOLEAN)
    return Expression(text, BOOLEAN)


def _between(compiler: Compiler, node: exp.Between, scope: Scope) -> Expression:
    value = compiler.expression(node.this, scope)
    low = compare(">=", value, compiler.expression(node.args["low"], scope), node)
    high = compare("<=", value, compiler.expression(node.args["high"], scope), node)
    return Expression(f"({low.sql} AND {high.sql})", BOOLEAN)


def _like(compiler: Compiler, node: exp.Like, scope: Scope, escape: str = "") -> Expression:
    value, pattern = compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
    for operand in (value, pattern):
        if operand.type not in (VARCHAR, UNKNOWN):
            raise fail("TYPE_MISMATCH", f"Left side of LIKE expression must evaluate to a varchar (actual: {operand.type})", node)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return Expression(f"({value.sql} {word} {pattern.sql}{escape})", BOOLEAN)


def _escape(compiler: Compiler, node: exp.Escape, scope: Scope) -> Expression:
    if not isinstance(node.this, exp.Like):
        raise not_supported(node.sql(dialect="trino"))
    return _like(compiler, node.this, scope, f" ESCAPE {compiler.expression(node.expression, scope).sql}")


def _case(compiler: Compiler, node: exp.Case, scope: Scope) -> Expression:
    subject = compiler.expression(node.this, scope) if node.this is not None else None
    conditions, results = [], []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(compiler.boolean(branch.this, scope))
        else:
            conditions.append(compare("=", subject, compiler.expression(branch.this, scope), branch).sql)
        results.append(compiler.expression(branch.args["true"], scope))
    default = node.args.get("default")
    otherwise = compiler.expression(default, scope) if default is not None else Expression("NULL", UNKNOWN)
    type_ = unify([*results, otherwise], node)
    branches = " ".join(
        f"WHEN {condition} THEN {cast(result, type_).sql}" for condition, result in zip(conditions, results, strict=True)
    )
    return Expression(f"CASE {branches} ELSE {cast(otherwise, type_).sql} END", type_)


RULES: dict[type[Node], Rule] = {
    **{operator: Rule(_comparison) for operator in _OPERATORS},
    exp.And: Rule(_connector),
    exp.Or: Rule(_connector),
    exp.Not: Rule(_not),
    exp.Is: Rule(_is),
    exp.Between: Rule(_between, ("this", "low", "high")),
    exp.Like: Rule(_like, ("this", "expression", "negate")),
    exp.Escape: Rule(_escape),
    exp.Case: Rule(_case, ("this", "ifs", "default")),
}
