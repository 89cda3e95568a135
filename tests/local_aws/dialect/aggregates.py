"""Aggregates and window functions, before FILTER and OVER are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..casts import cast
from ..engine import StatementFailed
from ..expression import Expression, not_supported
from ..trino_types import BIGINT, BOOLEAN, DOUBLE, UNKNOWN, Type, array, decimal
from .signatures import check_arity, no_signature


@dataclass(frozen=True)
class Call:
    """An aggregate's call, to which FILTER and OVER can still be added; `conversion` then makes its type Trino's."""

    sql: str
    type: Type
    conversion: str = "{}"

    def wrapped(self, sql: str) -> str:
        return self.conversion.replace("{}", sql)


_DOUBLE_AGGREGATES = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}
_BOOLEAN_AGGREGATES = {"bool_and": "bool_and", "every": "bool_and", "bool_or": "bool_or"}
_EXTREMES_BY = {"max_by": "arg_max_null", "min_by": "arg_min_null"}
_RANKINGS = {"row_number": BIGINT, "rank": BIGINT, "dense_rank": BIGINT, "percent_rank": DOUBLE, "cume_dist": DOUBLE}
_NEIGHBOURS = ("lag", "lead", "first_value", "last_value", "nth_value")

AGGREGATES = frozenset(
    {"count", "count_if", "sum", "avg", "min", "max", "arbitrary", "any_value", "array_agg"}
    | _DOUBLE_AGGREGATES.keys()
    | _BOOLEAN_AGGREGATES.keys()
    | _EXTREMES_BY.keys()
)
WINDOW_FUNCTIONS = frozenset(_RANKINGS.keys() | {"ntile", *_NEIGHBOURS})


def aggregate(
    name: str,
    arguments: Sequence[Expression],
    *,
    star: bool,
    distinct: bool,
    ordering: str,
    nulls: str,
    where: str,
) -> Call:
    """A call of an aggregate or window function; `ordering` (" ORDER BY …") and `nulls` (" IGNORE NULLS") stand inside it."""
    if name not in AGGREGATES and name not in WINDOW_FUNCTIONS:
        raise StatementFailed(f"FUNCTION_NOT_FOUND: {where}Function '{name}' is not an aggregate or window function")
    if nulls and name not in _NEIGHBOURS:
        raise not_supported(f"{where}{name}{nulls}")
    if ordering and name != "array_agg":
        raise not_supported(f"{where}{name} with ORDER BY")
    if name in WINDOW_FUNCTIONS:
        return _window_function(name, arguments, nulls, where)
    if name == "count":
        if star or not arguments:
            return Call("count(*)", BIGINT)
        check_arity(name, arguments, where, 1)
        return Call(f"count({'DISTINCT ' if distinct else ''}{arguments[0].sql})", BIGINT)
    check_arity(name, arguments, where, 2 if name in _EXTREMES_BY else 1)
    type_, sql = arguments[0].type, arguments[0].sql
    if distinct and name not in ("array_agg", "sum", "avg"):
        raise not_supported(f"{where}{name} with DISTINCT")
    word = "DISTINCT " if distinct else ""
    if name == "count_if":
        _expect(name, arguments, where, type_ in (BOOLEAN, UNKNOWN))
        return Call(f"count(CASE WHEN {sql} THEN 1 END)", BIGINT)
    if name == "array_agg":
        return Call(f"array_agg({word}{sql}{ordering})", array(type_))
    if name == "sum":
        _expect(name, arguments, where, type_.is_numeric)
        if type_.name == "decimal":
            return Call(f"sum({word}{sql})", decimal(38, type_.digits[1]), f"CAST({{}} AS DECIMAL(38,{type_.digits[1]}))")
        return Call(f"sum({word}{sql})", BIGINT, "CAST({} AS BIGINT)") if type_.is_integer else Call(f"sum({word}{sql})", type_)
    if name == "avg":
        _expect(name, arguments, where, type_.is_numeric)
        if type_.name in ("decimal", "real"):
            raise not_supported(f"{where}avg of {type_}; cast to double")
        return Call(f"avg({word}{cast(arguments[0], DOUBLE).sql})", DOUBLE)
    if name in _DOUBLE_AGGREGATES:
        _expect(name, arguments, where, type_.is_numeric)
        return Call(f"{_DOUBLE_AGGREGATES[name]}({cast(arguments[0], DOUBLE).sql})", DOUBLE)
    if name in _BOOLEAN_AGGREGATES:
        _expect(name, arguments, where, type_ in (BOOLEAN, UNKNOWN))
        return Call(f"{_BOOLEAN_AGGREGATES[name]}({sql})", BOOLEAN)
    if name in _EXTREMES_BY:
        return Call(f"{_EXTREMES_BY[name]}({sql}, {arguments[1].sql})", type_)
    if name in ("arbitrary", "any_value"):
        return Call(f"any_value({sql})", type_)
    _expect(name, arguments, where, type_.name != "array")
    return Call(f"{name}({sql})", type_)


def _window_function(name: str, arguments: Sequence[Expression], nulls: str, where: str) -> Call:
    if name in _RANKINGS:
        check_arity(name, arguments, where, 0)
        return Call(f"{name}()", _RANKINGS[name])
    if name == "ntile":
        check_arity(name, arguments, where, 1)
        return Call(f"ntile({cast(arguments[0], BIGINT).sql})", BIGINT)
    check_arity(name, arguments, where, *{"lag": (1, 2, 3), "lead": (1, 2, 3), "nth_value": (2,)}.get(name, (1,)))
    type_ = arguments[0].type
    texts = [arguments[0].sql] + [cast(argument, BIGINT).sql for argument in arguments[1:2]]
    if len(arguments) == 3:
        texts.append(cast(arguments[2], type_).sql)
    return Call(f"{name}({', '.join(texts)}{nulls})", type_)


def _expect(name: str, arguments: Sequence[Expression], where: str, fits: bool) -> None:
    if not fits:
        raise no_signature(name, arguments, where)
