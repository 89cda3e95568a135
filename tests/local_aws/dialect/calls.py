"""Function calls, however they are spelt: with words between the arguments, with a lambda, with FILTER and OVER."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from ..expression import Expression, not_supported
from ..trino_types import array
from . import aggregates, functions
from .clauses import order_by
from .compiler import Compiler, Rule
from .grammar import Node, fail, only, position
from .scopes import Scope


def _function(compiler: Compiler, node: exp.Anonymous, scope: Scope) -> Expression:
    name = node.name.lower()
    if name in FORMS:
        return FORMS[name](compiler, node, scope)
    if name in aggregates.AGGREGATES or name in aggregates.WINDOW_FUNCTIONS:
        if name in aggregates.WINDOW_FUNCTIONS:
            raise fail("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
        call = _aggregate(compiler, node, scope)
        return Expression(call.wrapped(call.sql), call.type)
    return _call(compiler, name, node.expressions, node, scope)


def _call(compiler: Compiler, name: str, arguments: Sequence[Node], node: Node, scope: Scope) -> Expression:
    functions.check_known(name, position(node))
    compiled = [compiler.expression(argument, scope) for argument in arguments]
    return functions.scalar(name, compiled, position(node))


def _try(compiler: Compiler, node: exp.Anonymous, scope: Scope) -> Expression:
    outer, compiler.trying = compiler.trying, True
    try:
        (argument,) = node.expressions
        value = compiler.expression(argument, scope)
    finally:
        compiler.trying = outer
    return Expression(f"TRY({value.sql})", value.type)


def _transform(compiler: Compiler, node: exp.Anonymous, scope: Scope) -> Expression:
    if len(node.expressions) != 2 or not isinstance(node.expressions[1], exp.Lambda):
        raise fail("FUNCTION_NOT_FOUND", "transform takes an array and a lambda", node)
    values, function = compiler.expression(node.expressions[0], scope), node.expressions[1]
    if values.type.name != "array" or len(function.expressions) != 1:
        raise fail("FUNCTION_NOT_FOUND", "transform takes an array and a lambda of one argument", node)
    variable = compiler.fresh("x")
    inner = Scope(scope, lambda_variables={function.expressions[0].name.lower(): Expression(variable, values.type.element)})
    body = compiler.expression(function.this, inner)
    return Expression(f"list_transform({values.sql}, lambda {variable}: {body.sql})", array(body.type))


def _trim(compiler: Compiler, node: exp.Trim, scope: Scope) -> Expression:
    characters = node.args.get("expression")
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    arguments = [node.this] + ([characters] if characters is not None else [])
    return _call(compiler, name, arguments, node, scope)


def _substring(compiler: Compiler, node: exp.Substring, scope: Scope) -> Expression:
    arguments = [node.this, node.args.get("start"), node.args.get("length")]
    return _call(compiler, "substr", [argument for argument in arguments if argument is not None], node, scope)


def _str_position(compiler: Compiler, node: exp.StrPosition, scope: Scope) -> Expression:
    return _call(compiler, "strpos", [node.this, node.args["substr"]], node, scope)


def _extract(compiler: Compiler, node: exp.Extract, scope: Scope) -> Expression:
    unit = node.this.name.lower()
    if unit not in ("year", "month", "day", "quarter"):
        raise not_supported(node.sql(dialect="trino"))
    return _call(compiler, unit, [node.expression], node, scope)


def _aggregate(compiler: Compiler, node: Node, scope: Scope) -> aggregates.Call:
    """An aggregate or window function's call, before FILTER and OVER."""
    nulls = ""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else ""
        node = node.this
    if not isinstance(node, exp.Anonymous):
        raise not_supported(node.sql(dialect="trino")[:120])
    arguments = list(node.expressions)
    distinct, order = False, None
    if len(arguments) == 1 and isinstance(arguments[0], exp.Order):
        order, arguments = arguments[0], [arguments[0].this]
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        distinct, arguments = True, list(arguments[0].expressions)
    star = len(arguments) == 1 and isinstance(arguments[0], exp.Star)
    compiled = [] if star else [compiler.expression(argument, scope) for argument in arguments]
    ordering = order_by(order, lambda item: compiler.expression(item, scope).sql)
    return aggregates.aggregate(
        node.name.lower(), compiled, star=star, distinct=distinct, ordering=ordering, nulls=nulls, where=position(node)
    )


def _filter(compiler: Compiler, node: exp.Filter, scope: Scope) -> Expression:
    call = _aggregate(compiler, node.this, scope)
    return Expression(call.wrapped(f"{call.sql} FILTER (WHERE {compiler.boolean(node.expression.this, scope)})"), call.type)


def _window(compiler: Compiler, node: exp.Window, scope: Scope) -> Expression:
    function, condition = node.this, ""
    if isinstance(function, exp.Filter):
        condition = f" FILTER (WHERE {compiler.boolean(function.expression.this, scope)})"
        function = function.this
    call = _aggregate(compiler, function, scope)
    parts = []
    keys = node.args.get("partition_by")
    if keys:
        parts.append("PARTITION BY " + ", ".join(f"({compiler.expression(key, scope).sql})" for key in keys))
    order = order_by(node.args.get("order"), lambda item: f"({compiler.expression(item, scope).sql})")
    if order:
        parts.append(order.strip())
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(_frame(spec))
    return Expression(call.wrapped(f"{call.sql}{condition} OVER ({' '.join(parts)})"), call.type)


def _frame(spec: exp.WindowSpec) -> str:
    only(spec, "kind", "start", "start_side", "end", "end_side")
    if spec.args["kind"].upper() not in ("ROWS", "RANGE"):
        raise not_supported(f"window frame {spec.args['kind']}")

    def bound(side: str) -> str:
        value, direction = spec.args.get(side), spec.args.get(f"{side}_side") or ""
        if value is None:
            return "CURRENT ROW"
        if isinstance(value, str):
            return f"{value} {direction}".upper().strip()
        if spec.args["kind"].upper() != "ROWS" or not isinstance(value, exp.Literal):
            raise not_supported(f"window frame {spec.sql(dialect='trino')}")
        return f"{int(value.name)} {direction}".upper()

    return f"{spec.args['kind'].upper()} BETWEEN {bound('start')} AND {bound('end')}"


# The functions whose arguments are not all values.
FORMS: dict[str, Callable[[Compiler, exp.Anonymous, Scope], Expression]] = {"try": _try, "transform": _transform}

RULES: dict[type[Node], Rule] = {
    exp.Anonymous: Rule(_function),
    exp.Trim: Rule(_trim, ("this", "position", "expression")),
    exp.Substring: Rule(_substring, ("this", "start", "length")),
    exp.StrPosition: Rule(_str_position, ("this", "substr")),
    exp.Extract: Rule(_extract),
    exp.Filter: Rule(_filter, ("this", "expression")),
    exp.Window: Rule(_window, ("this", "partition_by", "order", "spec", "over")),
}
