"""The forms that functions take, and the refusal of arguments that fit none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..engine import StatementFailed
from ..expression import Expression, not_supported
from ..trino_types import BIGINT, BOOLEAN, DATE, DOUBLE, INTEGER, VARBINARY, VARCHAR, Type, array

# A function's name and arguments, and the place of the call, which opens the message of an error ("line 1:8: ").
FunctionRule = Callable[[str, Sequence[Expression], str], Expression]


@dataclass(frozen=True)
class Signature:
    """`template` has {0}, {1}, … for the arguments, each cast to its type first."""

    arguments: tuple[Type, ...]
    returns: Type
    template: str


TEXTS = array(VARCHAR)
# The functions that are a matter of types and spelling.
SIGNATURES: dict[str, tuple[Signature, ...]] = {
    "upper": (Signature((VARCHAR,), VARCHAR, "upper({0})"),),
    "lower": (Signature((VARCHAR,), VARCHAR, "lower({0})"),),
    "length": (Signature((VARCHAR,), BIGINT, "length({0})"),),
    "strpos": (Signature((VARCHAR, VARCHAR), BIGINT, "strpos({0}, {1})"),),
    "starts_with": (Signature((VARCHAR, VARCHAR), BOOLEAN, "starts_with({0}, {1})"),),
    "replace": (
        Signature((VARCHAR, VARCHAR), VARCHAR, "replace_in({0}, {1}, '')"),
        Signature((VARCHAR, VARCHAR, VARCHAR), VARCHAR, "replace_in({0}, {1}, {2})"),
    ),
    "substr": (
        Signature((VARCHAR, BIGINT), VARCHAR, "substr_from({0}, {1})"),
        Signature((VARCHAR, BIGINT, BIGINT), VARCHAR, "substr_of({0}, {1}, {2})"),
    ),
    "lpad": (Signature((VARCHAR, BIGINT, VARCHAR), VARCHAR, "lpad_to({0}, {1}, {2})"),),
    "rpad": (Signature((VARCHAR, BIGINT, VARCHAR), VARCHAR, "rpad_to({0}, {1}, {2})"),),
    **{
        name: (
            Signature((VARCHAR,), VARCHAR, f"{name}_whitespace({{0}})"),
            Signature((VARCHAR, VARCHAR), VARCHAR, f"{name}({{0}}, {{1}})"),
        )
        for name in ("trim", "ltrim", "rtrim")
    },
    "chr": (Signature((BIGINT,), VARCHAR, "chr(CAST({0} AS INTEGER))"),),
    "to_utf8": (Signature((VARCHAR,), VARBINARY, "encode({0})"),),
    # Texts are valid UTF-8 here: what was not is U+FFFD since it was read.
    "from_utf8": (Signature((VARBINARY,), VARCHAR, "decode({0})"),),
    "codepoint": (Signature((VARCHAR,), INTEGER, "unicode({0})"),),
    "year": (Signature((DATE,), BIGINT, "CAST(year({0}) AS BIGINT)"),),
    "month": (Signature((DATE,), BIGINT, "CAST(month({0}) AS BIGINT)"),),
    "day": (Signature((DATE,), BIGINT, "CAST(day({0}) AS BIGINT)"),),
    "day_of_month": (Signature((DATE,), BIGINT, "CAST(day({0}) AS BIGINT)"),),
    "quarter": (Signature((DATE,), BIGINT, "CAST(quarter({0}) AS BIGINT)"),),
    "week": (Signature((DATE,), BIGINT, "CAST(week({0}) AS BIGINT)"),),
    "day_of_week": (Signature((DATE,), BIGINT, "CAST(isodow({0}) AS BIGINT)"),),
    "day_of_year": (Signature((DATE,), BIGINT, "CAST(dayofyear({0}) AS BIGINT)"),),
    "last_day_of_month": (Signature((DATE,), DATE, "last_day({0})"),),
    "sqrt": (Signature((DOUBLE,), DOUBLE, "sqrt({0})"),),
    "exp": (Signature((DOUBLE,), DOUBLE, "exp({0})"),),
    "ln": (Signature((DOUBLE,), DOUBLE, "ln({0})"),),
    "power": (Signature((DOUBLE, DOUBLE), DOUBLE, "pow({0}, {1})"),),
    "pow": (Signature((DOUBLE, DOUBLE), DOUBLE, "pow({0}, {1})"),),
    "is_nan": (Signature((DOUBLE,), BOOLEAN, "isnan({0})"),),
    "is_finite": (Signature((DOUBLE,), BOOLEAN, "isfinite({0})"),),
    "infinity": (Signature((), DOUBLE, "CAST('Infinity' AS DOUBLE)"),),
}
# Functions with forms (by their number of arguments) that have no rule here.
_OTHER_FORMS = {"max_by": 3, "min_by": 3, "max": 2, "min": 2, "split": 3, "array_join": 3, "array_sort": 2, "floor": 2, "trim": 2}


def no_signature(name: str, arguments: Sequence[Expression], where: str) -> StatementFailed:
    """The refusal of arguments that no form of the function takes."""
    if _OTHER_FORMS.get(name) == len(arguments):
        return not_supported(f"{where}{name} with {len(arguments)} arguments")
    types = ", ".join(str(argument.type) for argument in arguments)
    expected = ", ".join(f"{name}({', '.join(map(str, signature.arguments))})" for signature in SIGNATURES.get(name, ()))
    hint = f". Expected: {expected}" if expected else ""
    return StatementFailed(f"FUNCTION_NOT_FOUND: {where}Unexpected parameters ({types}) for function {name}{hint}")


def check_arity(name: str, arguments: Sequence[Expression], where: str, *counts: int) -> None:
    if len(arguments) not in counts:
        raise no_signature(name, arguments, where)
