"""Functions on dates and timestamps: their units, and MySQL's formats."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..casts import cast
from ..engine import StatementFailed
from ..expression import Expression, literal, not_supported
from ..trino_types import BIGINT, DATE, TIMESTAMP_TZ, VARCHAR, Type, coerces, common
from .signatures import FunctionRule, check_arity, no_signature


def _date(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 1)
    return cast(arguments[0], DATE, where=where)


UNITS = ("day", "week", "month", "quarter", "year")
TIME_UNITS = ("second", "minute", "hour")


def _unit(name: str, unit: Expression, moment: Type, where: str) -> str:
    if unit.text is None:
        raise not_supported(f"{where}{name} with a unit that is not a literal")
    allowed = UNITS if moment == DATE else UNITS + TIME_UNITS
    if unit.text.lower() == "millisecond" and moment != DATE:
        raise not_supported(f"{where}{name} by milliseconds")
    if unit.text.lower() not in allowed:
        raise StatementFailed(f"INVALID_FUNCTION_ARGUMENT: {where}'{unit.text}' is not a valid {moment} field")
    return unit.text.lower()


def _moment(name: str, arguments: Sequence[Expression], position: int, where: str) -> Type:
    type_ = arguments[position].type
    if type_ != DATE and not type_.is_timestamp:
        if type_ == TIMESTAMP_TZ:
            raise not_supported(f"{where}{name} of {type_}")
        raise no_signature(name, arguments, where)
    return type_


def _date_add(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 3)
    type_ = _moment(name, arguments, 2, where)
    unit = _unit(name, arguments[0], type_, where)
    if not coerces(arguments[1].type, BIGINT):
        raise no_signature(name, arguments, where)
    moment, amount = arguments[2].sql, f"CAST({arguments[1].sql} AS INTEGER)"
    if unit == "day" and type_ == DATE:
        return Expression(f"({moment} + {amount})", DATE)
    spelling = "quarters" if unit == "quarter" else f"{unit}s"
    sum_ = f"({moment} + to_{spelling}({amount}))"
    return Expression(f"CAST({sum_} AS DATE)" if type_ == DATE else sum_, type_)


def _date_diff(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 3)
    start, end = _moment(name, arguments, 1, where), _moment(name, arguments, 2, where)
    type_ = common(start, end)
    if type_ is None:
        raise no_signature(name, arguments, where)
    unit = _unit(name, arguments[0], type_, where)
    one, other = cast(arguments[1], type_).sql, cast(arguments[2], type_).sql
    return Expression(f"date_sub('{unit}', {one}, {other})", BIGINT)


def _date_trunc(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _moment(name, arguments, 1, where)
    unit = _unit(name, arguments[0], type_, where)
    truncated = f"date_trunc('{unit}', {arguments[1].sql})"
    return Expression(f"CAST({truncated} AS DATE)" if type_ == DATE else truncated, type_)


# MySQL's specifiers, as Trino has them, in DuckDB's spelling.
FORMATS = {
    **{letter: f"%{letter}" for letter in "YymdHSbajp"},
    **{"i": "%M", "s": "%S", "M": "%B", "W": "%A", "e": "%-d", "c": "%-m", "T": "%H:%M:%S", "h": "%I", "I": "%I", "%": "%%"},
}


def _date_format(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    _moment(name, arguments, 0, where)
    format_ = arguments[1].text
    if format_ is None:
        raise not_supported(f"{where}{name} with a format that is not a literal")

    def spelling(found: re.Match[str]) -> str:
        if found[1] not in FORMATS:
            raise not_supported(f"{where}%{found[1]} in {name}")
        return FORMATS[found[1]]

    return Expression(f"strftime({arguments[0].sql}, {literal(re.sub('%(.)', spelling, format_))})", VARCHAR)


RULES: dict[str, FunctionRule] = {
    "date": _date,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_trunc": _date_trunc,
    "date_format": _date_format,
}
