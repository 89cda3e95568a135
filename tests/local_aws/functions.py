"""The functions that are known to mean the same in Trino and here, and how DuckDB spells them.

An allow list: what is not in it is refused. `tests/test_differential.py` holds each entry against a real Trino.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .casts import cast
from .engine import StatementFailed
from .expression import Expression, literal, not_supported
from .trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    array,
    coerces,
    common,
    decimal,
)

# What Character.isWhitespace of Java holds for a blank, which Trino's trim takes away.
_WHITESPACE = "".join(
    map(
        chr,
        [
            *range(0x09, 0x0E),
            *range(0x1C, 0x21),
            0x1680,
            *range(0x2000, 0x2007),
            *range(0x2008, 0x200B),
            0x2028,
            0x2029,
            0x205F,
            0x3000,
        ],
    )
)

MACROS = [
    "CREATE MACRO joined(a, separator) AS "
    "CASE WHEN a IS NOT NULL AND separator IS NOT NULL THEN coalesce(array_to_string(a, separator), '') END",
    *(
        f"CREATE MACRO {name}_to(s, size, padding) AS CASE WHEN size < 0 OR size > 2147483647 "
        "THEN error('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]') "
        "WHEN padding = '' THEN error('INVALID_FUNCTION_ARGUMENT: Padding string must not be empty') "
        f"ELSE {name}(s, CAST(size AS INTEGER), padding) END"
        for name in ("lpad", "rpad")
    ),
    # DuckDB's own trim takes a list of characters too, but is ten times slower.
    *(
        f"CREATE MACRO {name}_whitespace(s) AS regexp_replace(s, {literal(pattern)}, '', 'g')"
        for name, pattern in (
            ("trim", f"^[{_WHITESPACE}]+|[{_WHITESPACE}]+$"),
            ("ltrim", f"^[{_WHITESPACE}]+"),
            ("rtrim", f"[{_WHITESPACE}]+$"),
        )
    ),
    "CREATE MACRO substr_from(s, start) AS CASE WHEN start = 0 OR -start > length(s) "
    "THEN CASE WHEN s IS NULL THEN NULL ELSE '' END ELSE substr(s, start) END",
    "CREATE MACRO substr_of(s, start, size) AS CASE WHEN start = 0 OR size <= 0 OR -start > length(s) "
    "THEN CASE WHEN s IS NULL THEN NULL ELSE '' END ELSE substr(s, start, size) END",
    "CREATE MACRO element_of(a, i) AS CASE WHEN i = 0 "
    "THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE list_extract(a, i) END",
    "CREATE MACRO slice_of(a, start, size) AS CASE "
    "WHEN start = 0 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') "
    "WHEN size < 0 THEN error('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0') "
    "WHEN start < 0 AND -start > len(a) THEN a[1:0] "
    "WHEN start < 0 THEN a[len(a) + start + 1:len(a) + start + size] ELSE a[start:start + size - 1] END",
    "CREATE MACRO split_at(s, delimiter) AS CASE WHEN delimiter = '' "
    "THEN error('INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string') ELSE string_split(s, delimiter) END",
    "CREATE MACRO replace_in(s, search, replacement) AS CASE WHEN search = '' "
    "THEN error('NOT_SUPPORTED_LOCALLY: replace with an empty search string') ELSE replace(s, search, replacement) END",
]


@dataclass(frozen=True)
class Signature:
    """`template` has {0}, {1}, … for the arguments, each cast to its type first."""

    arguments: tuple[Type, ...]
    returns: Type
    template: str


_TEXTS = array(VARCHAR)
_SIGNATURES: dict[str, tuple[Signature, ...]] = {
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

# Every function of Trino 476: a name of this list is told from one that nobody knows.
_KNOWN_TO_TRINO = frozenset(Path(__file__).with_name("trino_functions.txt").read_text(encoding="utf-8").lower().split())
# Functions with forms (by their number of arguments) that have no rule here.
_OTHER_FORMS = {"max_by": 3, "min_by": 3, "max": 2, "min": 2, "split": 3, "array_join": 3, "array_sort": 2, "floor": 2, "trim": 2}


def check_known(name: str, where: str) -> None:
    """Refuse a name without a rule: as Trino does where Trino has no such function either."""
    if name in _SPECIAL or name in _SIGNATURES:
        return
    if name in _KNOWN_TO_TRINO:
        raise not_supported(f"{where}the function {name}")
    raise StatementFailed(f"FUNCTION_NOT_FOUND: {where}Function '{name}' not registered")


def scalar(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """A call of a scalar function. `where` opens the message of an error ("line 1:8: ")."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(name, arguments, where)
    check_known(name, where)
    for signature in _SIGNATURES[name]:
        if len(signature.arguments) == len(arguments) and all(
            coerces(given.type, wanted) or (wanted == DATE and given.type.is_timestamp)
            for given, wanted in zip(arguments, signature.arguments, strict=True)
        ):
            texts = [cast(given, wanted).sql for given, wanted in zip(arguments, signature.arguments, strict=True)]
            return Expression(signature.template.format(*texts), signature.returns)
    raise _no_signature(name, arguments, where)


def _no_signature(name: str, arguments: Sequence[Expression], where: str) -> StatementFailed:
    if _OTHER_FORMS.get(name) == len(arguments):
        return not_supported(f"{where}{name} with {len(arguments)} arguments")
    types = ", ".join(str(argument.type) for argument in arguments)
    expected = ", ".join(f"{name}({', '.join(map(str, signature.arguments))})" for signature in _SIGNATURES.get(name, ()))
    hint = f". Expected: {expected}" if expected else ""
    return StatementFailed(f"FUNCTION_NOT_FOUND: {where}Unexpected parameters ({types}) for function {name}{hint}")


def _arity(name: str, arguments: Sequence[Expression], where: str, *counts: int) -> None:
    if len(arguments) not in counts:
        raise _no_signature(name, arguments, where)


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
    _arity(name, arguments, where, 2, 3)
    if arguments[0].type not in (BOOLEAN, UNKNOWN):
        raise StatementFailed(f"TYPE_MISMATCH: {where}IF condition must evaluate to a boolean (actual: {arguments[0].type})")
    type_ = _common(name, arguments[1:], where)
    results = [cast(argument, type_).sql for argument in arguments[1:]]
    otherwise = results[1] if len(results) == 2 else "NULL"
    return Expression(f"CASE WHEN {arguments[0].sql} THEN {results[0]} ELSE {otherwise} END", type_)


def _nullif(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _common(name, arguments, where)
    first, second = (cast(argument, type_).sql for argument in arguments)
    return Expression(f"CASE WHEN {first} = {second} THEN NULL ELSE {arguments[0].sql} END", arguments[0].type)


def _extreme(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """NULL when any argument is NULL; DuckDB's would pass over it."""
    try:
        type_ = _common(name, arguments, where)
    except StatementFailed:
        raise _no_signature(name, arguments, where) from None
    texts = [cast(argument, type_).sql for argument in arguments]
    missing = " OR ".join(f"{text} IS NULL" for text in texts)
    return Expression(f"CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(texts)}) END", type_)


def _concat(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    if len(arguments) < 2:
        raise StatementFailed(f"FUNCTION_NOT_FOUND: {where}There must be two or more concatenation arguments")
    if any(argument.type == UNKNOWN for argument in arguments):
        raise not_supported(f"{where}concat with an untyped NULL")
    if any(argument.type != VARCHAR for argument in arguments):
        raise _no_signature(name, arguments, where)
    return Expression("(" + " || ".join(cast(argument, VARCHAR).sql for argument in arguments) + ")", VARCHAR)


def _numeric(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    """abs, floor, ceil and round, which keep their argument's type."""
    _arity(name, arguments, where, *((1, 2) if name == "round" else (1,)))
    type_ = arguments[0].type
    if not type_.is_numeric:
        raise _no_signature(name, arguments, where)
    if type_.name in ("decimal", "real"):
        raise not_supported(f"{where}{name} of {type_}")
    texts = [arguments[0].sql]
    if len(arguments) == 2:
        if not coerces(arguments[1].type, BIGINT):
            raise _no_signature(name, arguments, where)
        texts.append(f"CAST({arguments[1].sql} AS INTEGER)")
    if type_.is_integer and name != "abs" and len(arguments) == 1:
        return arguments[0]
    spelling = {"ceiling": "ceil"}.get(name, name)
    return Expression(f"{spelling}({', '.join(texts)})", type_)


def _mod(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _common(name, arguments, where)
    if not (type_.is_integer or type_ == DOUBLE):
        raise not_supported(f"{where}mod of {type_}")
    return Expression(f"({cast(arguments[0], type_).sql} % {cast(arguments[1], type_).sql})", type_)


def _date(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 1)
    return cast(arguments[0], DATE, explicit=True, where=where)


_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("second", "minute", "hour")


def _unit(name: str, unit: Expression, moment: Type, where: str) -> str:
    if unit.text is None:
        raise not_supported(f"{where}{name} with a unit that is not a literal")
    allowed = _UNITS if moment == DATE else _UNITS + _TIME_UNITS
    if unit.text.lower() not in allowed:
        raise StatementFailed(f"INVALID_FUNCTION_ARGUMENT: {where}'{unit.text}' is not a valid {moment} field")
    return unit.text.lower()


def _moment(name: str, arguments: Sequence[Expression], position: int, where: str) -> Type:
    type_ = arguments[position].type
    if type_ != DATE and not type_.is_timestamp:
        if type_ == TIMESTAMP_TZ:
            raise not_supported(f"{where}{name} of {type_}")
        raise _no_signature(name, arguments, where)
    return type_


def _date_add(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 3)
    type_ = _moment(name, arguments, 2, where)
    unit = _unit(name, arguments[0], type_, where)
    if not coerces(arguments[1].type, BIGINT):
        raise _no_signature(name, arguments, where)
    moment, amount = arguments[2].sql, f"CAST({arguments[1].sql} AS INTEGER)"
    if unit == "day" and type_ == DATE:
        return Expression(f"({moment} + {amount})", DATE)
    spelling = "quarters" if unit == "quarter" else f"{unit}s"
    sum_ = f"({moment} + to_{spelling}({amount}))"
    return Expression(f"CAST({sum_} AS DATE)" if type_ == DATE else sum_, type_)


def _date_diff(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 3)
    start, end = _moment(name, arguments, 1, where), _moment(name, arguments, 2, where)
    type_ = common(start, end)
    if type_ is None:
        raise _no_signature(name, arguments, where)
    unit = _unit(name, arguments[0], type_, where)
    one, other = cast(arguments[1], type_).sql, cast(arguments[2], type_).sql
    return Expression(f"date_sub('{unit}', {one}, {other})", BIGINT)


def _date_trunc(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _moment(name, arguments, 1, where)
    unit = _unit(name, arguments[0], type_, where)
    truncated = f"date_trunc('{unit}', {arguments[1].sql})"
    return Expression(f"CAST({truncated} AS DATE)" if type_ == DATE else truncated, type_)


# MySQL's specifiers, as Trino has them, in DuckDB's spelling.
_FORMATS = {
    **{letter: f"%{letter}" for letter in "YymdHSbajp"},
    **{"i": "%M", "s": "%S", "M": "%B", "W": "%A", "e": "%-d", "c": "%-m", "T": "%H:%M:%S", "h": "%I", "I": "%I", "%": "%%"},
}


def _pattern(name: str, pattern: Expression, where: str, refused: str) -> str:
    if pattern.text is None:
        raise not_supported(f"{where}{name} with a format that is not a literal")

    def spelling(found: re.Match[str]) -> str:
        if found[1] in refused or found[1] not in _FORMATS:
            raise not_supported(f"{where}%{found[1]} in {name}")
        return _FORMATS[found[1]]

    return re.sub(r"%(.)", spelling, pattern.text)


def _date_format(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    _moment(name, arguments, 0, where)
    return Expression(f"strftime({arguments[0].sql}, {literal(_pattern(name, arguments[1], where, ''))})", VARCHAR)


def _check_regex(name: str, pattern: Expression, where: str) -> str:
    """A pattern that RE2 and Java read alike: no look-around, back-reference, possessive or atomic group, class algebra."""
    text = pattern.text
    if text is None:
        raise not_supported(f"{where}{name} with a pattern that is not a literal")
    for meaning, refused in (
        ("look-around or an atomic group", r"\(\?(?![:a-z])"),
        ("inline flags other than i", r"\(\?(?!i\))[a-zA-Z-]"),
        ("a back-reference", r"\\[1-9k]"),
        ("a possessive quantifier", r"[*+?}]\+"),
        ("class intersection", r"&&"),
        ("a POSIX or Unicode class", r"\[:|\\p|\\P|\\h|\\v|\\R|\\X|\\Q|\\Z|\\G"),
    ):
        if re.search(refused, re.sub(r"\\\\", "", text)):
            raise not_supported(f"{where}{meaning} in the pattern {text!r}")
    try:
        re.compile(text)
    except re.error as error:
        raise StatementFailed(f"INVALID_FUNCTION_ARGUMENT: {where}{error} in the pattern {text!r}") from None
    return text


def _regexp(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, *_REGEXP_ARITY[name])
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments[:2]):
        raise _no_signature(name, arguments, where)
    pattern = _check_regex(name, arguments[1], where)
    subject, quoted = cast(arguments[0], VARCHAR).sql, literal(pattern)
    if name == "regexp_like":
        return Expression(f"regexp_matches({subject}, {quoted})", BOOLEAN)
    if name == "regexp_replace":
        return Expression(f"regexp_replace({subject}, {quoted}, {_replacement(arguments, pattern, where)}, 'g')", VARCHAR)
    group = 0
    if len(arguments) == 3:
        if arguments[2].number is None:
            raise not_supported(f"{where}{name} with a group that is not a literal")
        group = arguments[2].number
    if group > re.compile(pattern).groups or group < 0:
        raise StatementFailed(
            f"INVALID_FUNCTION_ARGUMENT: {where}Pattern has {re.compile(pattern).groups} groups. Cannot access group {group}"
        )
    if group and re.search(r"\)[?*]|\)\{0|\|", pattern):
        # Trino gives NULL for a group that took no part, RE2 an empty text.
        raise not_supported(f"{where}a group that may take no part in the match: {pattern!r}")
    if name == "regexp_extract":
        return Expression(
            f"CASE WHEN regexp_matches({subject}, {quoted}) THEN regexp_extract({subject}, {quoted}, {group}) END", VARCHAR
        )
    if re.fullmatch(pattern, ""):
        raise not_supported(f"{where}regexp_extract_all with a pattern that matches nothing: {pattern!r}")
    return Expression(f"regexp_extract_all({subject}, {quoted}, {group})", _TEXTS)


def _replacement(arguments: Sequence[Expression], pattern: str, where: str) -> str:
    if len(arguments) == 2:
        return "''"
    text = arguments[2].text
    if text is None or "\\" in text:
        raise not_supported(f"{where}regexp_replace with a replacement that is no literal or has a backslash")
    if text and re.fullmatch(pattern, ""):
        raise not_supported(f"{where}regexp_replace of a pattern that matches nothing: {pattern!r}")
    if re.search(r"\$(?!\d)|\$\d\d", text):
        raise not_supported(f"{where}the replacement {text!r}")
    return literal(re.sub(r"\$(\d)", r"\\\1", text))


_REGEXP_ARITY = {"regexp_like": (2,), "regexp_replace": (2, 3), "regexp_extract": (2, 3), "regexp_extract_all": (2, 3)}


def _split(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2 if name == "split" else 3)
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments[:2]):
        raise _no_signature(name, arguments, where)
    pieces = f"split_at({cast(arguments[0], VARCHAR).sql}, {cast(arguments[1], VARCHAR).sql})"
    if name == "split":
        return Expression(pieces, _TEXTS)
    if (arguments[2].number or 0) < 1:
        raise not_supported(f"{where}split_part with an index that is below 1 or no literal")
    return Expression(f"list_extract({pieces}, {arguments[2].number})", VARCHAR)


def _array_argument(name: str, arguments: Sequence[Expression], where: str) -> Type:
    if not arguments or arguments[0].type.name != "array":
        raise _no_signature(name, arguments, where)
    return arguments[0].type


def _element_at(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    index = arguments[1]
    if not coerces(index.type, BIGINT):
        raise _no_signature(name, arguments, where)
    function = "list_extract" if index.number else "element_of"
    return Expression(f"{function}({arguments[0].sql}, {cast(index, BIGINT).sql})", type_.element)


def _cardinality(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 1)
    _array_argument(name, arguments, where)
    return Expression(f"CAST(len({arguments[0].sql}) AS BIGINT)", BIGINT)


def _contains(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    if common(type_.element, arguments[1].type) != type_.element:
        raise _no_signature(name, arguments, where)
    return Expression(f"list_contains({arguments[0].sql}, {cast(arguments[1], type_.element).sql})", BOOLEAN)


def _array_join(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 2)
    type_ = _array_argument(name, arguments, where)
    if type_.element not in (VARCHAR, UNKNOWN) and not type_.element.is_integer:
        raise not_supported(f"{where}array_join of {type_}")
    return Expression(f"joined({arguments[0].sql}, {cast(arguments[1], VARCHAR).sql})", VARCHAR)


def _array_sort(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 1)
    type_ = _array_argument(name, arguments, where)
    return Expression(f"list_sort({arguments[0].sql}, 'ASC', 'NULLS LAST')", type_)


def _slice(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    _arity(name, arguments, where, 3)
    type_ = _array_argument(name, arguments, where)
    if not all(coerces(argument.type, BIGINT) for argument in arguments[1:]):
        raise _no_signature(name, arguments, where)
    start, size = (cast(argument, BIGINT).sql for argument in arguments[1:])
    return Expression(f"slice_of({arguments[0].sql}, {start}, {size})", type_)


_Rule = Callable[[str, Sequence[Expression], str], Expression]
_SPECIAL: dict[str, _Rule] = {
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
    "date": _date,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_trunc": _date_trunc,
    "date_format": _date_format,
    "regexp_like": _regexp,
    "regexp_replace": _regexp,
    "regexp_extract": _regexp,
    "regexp_extract_all": _regexp,
    "split": _split,
    "split_part": _split,
    "element_at": _element_at,
    "cardinality": _cardinality,
    "contains": _contains,
    "array_join": _array_join,
    "array_sort": _array_sort,
    "slice": _slice,
}


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
        _arity(name, arguments, where, 1)
        return Call(f"count({'DISTINCT ' if distinct else ''}{arguments[0].sql})", BIGINT)
    _arity(name, arguments, where, 2 if name in _EXTREMES_BY else 1)
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
        _arity(name, arguments, where, 0)
        return Call(f"{name}()", _RANKINGS[name])
    if name == "ntile":
        _arity(name, arguments, where, 1)
        return Call(f"ntile({cast(arguments[0], BIGINT).sql})", BIGINT)
    _arity(name, arguments, where, *{"lag": (1, 2, 3), "lead": (1, 2, 3), "nth_value": (2,)}.get(name, (1,)))
    type_ = arguments[0].type
    texts = [arguments[0].sql] + [cast(argument, BIGINT).sql for argument in arguments[1:2]]
    if len(arguments) == 3:
        texts.append(cast(arguments[2], type_).sql)
    return Call(f"{name}({', '.join(texts)}{nulls})", type_)


def _expect(name: str, arguments: Sequence[Expression], where: str, fits: bool) -> None:
    if not fits:
        raise _no_signature(name, arguments, where)
