"""Functions that make, read or rearrange arrays."""

from __future__ import annotations

from collections.abc import Sequence

from ..casts import cast
from ..expression import Expression, not_supported
from ..trino_types import BIGINT, BOOLEAN, UNKNOWN, VARCHAR, Type, coerces, common
from .signatures import TEXTS, FunctionRule, check_arity, no_signature


def _split(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2 if name == "split" else 3)
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments[:2]):
        raise no_signature(name, arguments, where)
    pieces = f"split_at({cast(arguments[0], VARCHAR).sql}, {cast(arguments[1], VARCHAR).sql})"
    if name == "split":
        return Expression(pieces, TEXTS)
    if (arguments[2].number or 0) < 1:
        raise not_supported(f"{where}split_part with an index that is below 1 or no literal")
    return Expression(f"list_extract({pieces}, {arguments[2].number})", VARCHAR)


def _array_argument(name: str, arguments: Sequence[Expression], where: str) -> Type:
    if not arguments or arguments[0].type.name != "array":
        raise no_signature(name, arguments, where)
    return arguments[0].type


def _element_at(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    index = arguments[1]
    if not coerces(index.type, BIGINT):
        raise no_signature(name, arguments, where)
    function = "list_extract" if index.number else "element_of"
    return Expression(f"{function}({arguments[0].sql}, {cast(index, BIGINT).sql})", type_.element)


def _cardinality(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 1)
    _array_argument(name, arguments, where)
    return Expression(f"CAST(len({arguments[0].sql}) AS BIGINT)", BIGINT)


def _contains(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    if common(type_.element, arguments[1].type) != type_.element:
        raise no_signature(name, arguments, where)
    return Expression(f"list_contains({arguments[0].sql}, {cast(arguments[1], type_.element).sql})", BOOLEAN)


def _array_join(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    if type_.element not in (VARCHAR, UNKNOWN) and not type_.element.is_integer:
        raise not_supported(f"{where}array_join of {type_}")
    return Expression(f"joined({arguments[0].sql}, {cast(arguments[1], VARCHAR).sql})", VARCHAR)


def _array_sort(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 1)
    type_ = _array_argument(name, arguments, where)
    return Expression(f"list_sort({arguments[0].sql}, 'ASC', 'NULLS LAST')", type_)


def _slice(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 3)
    type_ = _array_argument(name, arguments, where)
    if not all(coerces(argument.type, BIGINT) for argument in arguments[1:]):
        raise no_signature(name, arguments, where)
    start, size = (cast(argument, BIGINT).sql for argument in arguments[1:])
    return Expression(f"slice_of({arguments[0].sql}, {start}, {size})", type_)


RULES: dict[str, FunctionRule] = {
    "split": _split,
    "split_part": _split,
    "element_at": _element_at,
    "cardinality": _cardinality,
    "contains": _contains,
    "array_join": _array_join,
    "array_sort": _array_sort,
    "slice": _slice,
}
