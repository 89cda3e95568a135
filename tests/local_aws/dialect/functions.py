"""The functions that are known to mean the same in Trino and here, and how DuckDB spells them.

`FUNCTIONS` is an allow list: what is not in it is refused. `tests/test_differential.py` holds each entry against a real Trino.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..casts import cast
from ..engine import StatementFailed
from ..expression import Expression, not_supported
from ..trino_types import BIGINT, BOOLEAN, DATE, DOUBLE, UNKNOWN, VARCHAR, Type, coerces, common
from . import arrays, moments, regexps
from .signatures import SIGNATURES, FunctionRule, check_arity, no_signature

# Every function of Trino 476: a name of this list is told from one that nobody knows.
_KNOWN_TO_TRINO = frozenset(Path(__file__).with_name("trino_functions.txt").read_text(encoding="utf-8").lower().split())


def check_known(name: str, where: str) -> None:
    """Refuse a name without a rule: as Trino does where Trino has no such function either."""
    if name in FUNCTIONS:
        return
    if name in _KNOWN_TO_TRINO:
        raise not_supported(f"{where}the function {name}")
    raise StatementFailed(f"FUNCTION_NOT_FOUND: {where}Function '{name}' not registered")


def scalar(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """A call of a scalar function. `where` opens the message of an error ("line 1:8: ")."""
    rule = _RULES.get(name)
    if rule is not None:
        return rule(name, arguments, where)
    check_known(name, where)
    for signature in SIGNATURES[name]:
        if len(signature.arguments) == len(arguments) and all(
            coerces(given.type, wanted) or (wanted == DATE and given.type.is_timestamp)
            for given, wanted in zip(arguments, signature.arguments, strict=True)
        ):
            texts = [cast(given, wanted).sql for given, wanted in zip(arguments, signature.arguments, strict=True)]
            return Expression(signature.template.format(*texts), signature.returns)
    raise no_signature(name, arguments, where)


def _common(name: str, arguments: Sequence[Expression], where: str) -> Type:
    type_ = UNKNOWN
    for argument in arguments:
        wider = common(type_, argument.type)
        if wider is None:
            raise StatementFailed(
                f"TYPE_MISMATCH: {where}All {name} operands must be the same type: {type_} and {argument.type} differ"
            )
        type_ = wider
    return type_


def _coalesce(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    if len(arguments) < 2:
        raise StatementFailed(f"INVALID_FUNCTION_ARGUMENT: {where}The 'coalesce' function must have at least two arguments")
    type_ = _common(name, arguments, where)
    return Expression(f"coalesce({', '.join(cast(argument, type_).sql for argument in arguments)})", type_)


def _if(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2, 3)
    if arguments[0].type not in (BOOLEAN, UNKNOWN):
        raise StatementFailed(f"TYPE_MISMATCH: {where}IF condition must evaluate to a boolean (actual: {arguments[0].type})")
    type_ = _common(name, arguments[1:], where)
    results = [cast(argument, type_).sql for argument in arguments[1:]]
    otherwise = results[1] if len(results) == 2 else "NULL"
    return Expression(f"CASE WHEN {arguments[0].sql} THEN {results[0]} ELSE {otherwise} END", type_)


def _nullif(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _common(name, arguments, where)
    first, second = (cast(argument, type_).sql for argument in arguments)
    return Expression(f"CASE WHEN {first} = {second} THEN NULL ELSE {arguments[0].sql} END", arguments[0].type)


def _extreme(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """NULL when any argument is NULL; DuckDB's would pass over it."""
    try:
        type_ = _common(name, arguments, where)
    except StatementFailed:
        raise no_signature(name, arguments, where) from None
    texts = [cast(argument, type_).sql for argument in arguments]
    missing = " OR ".join(f"{text} IS NULL" for text in texts)
    return Expression(f"CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(texts)}) END", type_)


def _concat(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    if len(arguments) < 2:
        raise StatementFailed(f"FUNCTION_NOT_FOUND: {where}There must be two or more concatenation arguments")
    if any(argument.type == UNKNOWN for argument in arguments):
        raise not_supported(f"{where}concat with an untyped NULL")
    if any(argument.type != VARCHAR for argument in arguments):
        raise no_signature(name, arguments, where)
    return Expression("(" + " || ".join(cast(argument, VARCHAR).sql for argument in arguments) + ")", VARCHAR)


def _numeric(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """abs, floor, ceil and round, which keep their argument's type."""
    check_arity(name, arguments, where, *((1, 2) if name == "round" else (1,)))
    type_ = arguments[0].type
    if not type_.is_numeric:
        raise no_signature(name, arguments, where)
    if type_.name in ("decimal", "real"):
        raise not_supported(f"{where}{name} of {type_}")
    texts = [arguments[0].sql]
    if len(arguments) == 2:
        if not coerces(arguments[1].type, BIGINT):
            raise no_signature(name, arguments, where)
        texts.append(f"CAST({arguments[1].sql} AS INTEGER)")
    if type_.is_integer and name != "abs" and len(arguments) == 1:
        return arguments[0]
    spelling = {"ceiling": "ceil"}.get(name, name)
    return Expression(f"{spelling}({', '.join(texts)})", type_)


def _mod(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, 2)
    type_ = _common(name, arguments, where)
    if not (type_.is_integer or type_ == DOUBLE):
        raise not_supported(f"{where}mod of {type_}")
    one, other = (cast(argument, type_).sql for argument in arguments)
    return Expression(f"integer_remainder({one}, {other})" if type_.is_integer else f"({one} % {other})", type_)


_RULES: dict[str, FunctionRule] = {
    "coalesce": _coalesce,
    "if": _if,
    "nullif": _nullif,
    "greatest": _extreme,
    "least": _extreme,
    "concat": _concat,
    "abs": _numeric,
    "floor": _numeric,
    "ceil": _numeric,
    "ceiling": _numeric,
    "round": _numeric,
    "mod": _mod,
    **moments.RULES,
    **regexps.RULES,
    **arrays.RULES,
}
FUNCTIONS = frozenset(_RULES.keys() | SIGNATURES.keys())
