"""Operators that compute a value: arithmetic, || and CAST."""

from __future__ import annotations

from sqlglot import exp

from ..casts import cast
from ..expression import Expression, not_supported
from ..trino_types import (
    BIGINT,
    DATE,
    DAY_INTERVAL,
    DOUBLE,
    MONTH_INTERVAL,
    REAL,
    UNKNOWN,
    VARCHAR,
    UnknownType,
    common,
    decimal,
    from_text,
)
from .compiler import Compiler, Rule
from .grammar import Node, fail, position
from .scopes import Scope

_SYMBOLS: dict[type[Node], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def _negative(compiler: Compiler, node: exp.Neg, scope: Scope) -> Expression:
    if isinstance(node.this, exp.Literal) and node.this.this == str(2**63):
        return Expression(f"CAST('-{2**63}' AS BIGINT)", BIGINT)
    value = compiler.expression(node.this, scope)
    if not value.type.is_numeric:
        raise fail("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
    return Expression(f"(-{value.sql})", value.type, number=None if value.number is None else -value.number)


def _arithmetic(compiler: Compiler, node: exp.Binary, scope: Scope) -> Expression:
    left, right = compiler.expression(node.this, scope), compiler.expression(node.expression, scope)
    symbol = _SYMBOLS[type(node)]
    intervals = (DAY_INTERVAL, DOUBLE, MONTH_INTERVAL)
    if right.type in intervals and symbol in "+-" or left.type in intervals and symbol == "+":
        moment, interval = (right, left) if left.type in intervals else (left, right)
        if moment.type.is_timestamp:
            return Expression(f"({moment.sql} {symbol} {interval.sql})", moment.type)
        if moment.type == DATE and not interval.text:
            return Expression(f"CAST({moment.sql} {symbol} {interval.sql} AS DATE)", DATE)
    type_ = common(left.type, right.type)
    if symbol == "-" and type_ is not None and (type_ == DATE or type_.is_timestamp):
        raise not_supported("the difference of two moments as an interval, use date_diff")
    if type_ is None or not (type_.is_numeric or type_ == UNKNOWN):
        raise fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {symbol} {right.type}", node)
    if type_.name == "real":
        raise not_supported("arithmetic on real")
    if type_.name == "decimal":
        return _decimal_arithmetic(symbol, left, right, node)
    one, other = cast(left, type_).sql, cast(right, type_).sql
    if type_.is_integer and symbol in "/%":
        if compiler.trying:  # TRY takes no error(), and makes NULL of what either DuckDB does
            return Expression(f"({one} {'//' if symbol == '/' else symbol} {other})", type_)
        return Expression(f"{'integer_quotient' if symbol == '/' else 'integer_remainder'}({one}, {other})", type_)
    return Expression(f"({one} {symbol} {other})", type_)


def _decimal_arithmetic(symbol: str, left: Expression, right: Expression, node: Node) -> Expression:
    """Trino's result types; division and remainder are refused, DuckDB's differ."""
    (left_precision, left_scale), (right_precision, right_scale) = left.type.digits, right.type.digits
    if symbol in "+-":
        scale = max(left_scale, right_scale)
        precision = max(left_precision - left_scale, right_precision - right_scale) + scale + 1
    elif symbol == "*":
        precision, scale = left_precision + right_precision, left_scale + right_scale
    else:
        raise not_supported(f"decimal {symbol}; write 1e0 or cast to double: {node.sql(dialect='trino')[:80]}")
    if precision > 38:
        raise not_supported(f"a decimal of {precision} digits: {node.sql(dialect='trino')[:80]}")
    type_ = decimal(precision, scale)
    if symbol == "*":
        one, other = cast(left, decimal(*left.type.digits)).sql, cast(right, decimal(*right.type.digits)).sql
    else:
        one, other = cast(left, type_).sql, cast(right, type_).sql
    return Expression(f"CAST({one} {symbol} {other} AS {type_})", type_)


def _concatenation(compiler: Compiler, node: exp.DPipe, scope: Scope) -> Expression:
    parts = [compiler.expression(part, scope) for part in node.flatten()]
    if any(part.type == UNKNOWN for part in parts):
        raise not_supported(f"|| with an untyped NULL: {node.sql(dialect='trino')[:80]}")
    if all(part.type == VARCHAR for part in parts):
        return Expression("(" + " || ".join(part.sql for part in parts) + ")", VARCHAR)
    if any(part.type.name == "array" for part in parts):
        raise not_supported(f"|| of arrays: {node.sql(dialect='trino')[:80]}")
    types = ", ".join(str(part.type) for part in parts)
    raise fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({types}) for function concat", node)


def _cast(compiler: Compiler, node: exp.Cast, scope: Scope) -> Expression:
    value = compiler.expression(node.this, scope)
    target_text = node.args["to"].sql(dialect="trino").lower()
    parameters = node.args["to"].expressions
    try:
        target = from_text(target_text)
    except UnknownType:
        if node.args["to"].this != exp.DataType.Type.USERDEFINED:
            raise not_supported(f"cast to {target_text}") from None
        raise fail("TYPE_MISMATCH", f"Unknown type: {target_text}", node) from None
    if target_text.startswith("char") or (target.name == "decimal" and not parameters):
        raise not_supported(f"cast to {target_text}")
    if (value.type, target.name) == (REAL, "decimal"):
        raise not_supported(f"cast of real to {target_text}")
    if (value.type, target.name) == (DOUBLE, "decimal"):
        # Trino rounds the double's shortest text, DuckDB its exact value: 1.005e0 would be 1.00 instead of 1.01.
        value = cast(value, VARCHAR)
    if target == VARCHAR and parameters and value.type != VARCHAR:
        raise not_supported(f"cast of {value.type} to {target_text}, which fails where it does not fit")
    converted = cast(value, target, trying=isinstance(node, exp.TryCast) or compiler.trying, where=position(node.this))
    if target == VARCHAR and parameters:
        return Expression(f"substr({converted.sql}, 1, {int(parameters[0].name)})", VARCHAR)
    return converted


RULES: dict[type[Node], Rule] = {
    **{operator: Rule(_arithmetic) for operator in (exp.Add, exp.Sub, exp.Mul, exp.Mod)},
    exp.Div: Rule(_arithmetic, ("this", "expression", "typed", "safe")),
    exp.Neg: Rule(_negative),
    exp.DPipe: Rule(_concatenation),
    exp.Cast: Rule(_cast, ("this", "to")),
    exp.TryCast: Rule(_cast, ("this", "to", "safe")),
}
