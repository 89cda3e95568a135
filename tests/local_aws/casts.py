"""Casts between Trino's types, in DuckDB's SQL.

The pairs that have no rule here are refused: Trino's casts are narrower than DuckDB's ('1_000', '0x1F', 'inf' are
numbers to DuckDB only), and round differently (halves go away from zero). The macros stand for Trino's readings of text.
"""

from __future__ import annotations

import decimal
import math

from .engine import StatementFailed
from .expression import Expression, not_supported
from .trino_types import BOOLEAN, DATE, DOUBLE, TIMESTAMP_TZ, UNKNOWN, VARCHAR, Type, to_duckdb

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


def _matches(pattern: str) -> str:
    return rf"regexp_full_match(s, '[\t-\r ]*(?:{pattern})[\t-\r ]*')"


def _read(pattern: str, type_: str, text: str = "s", suffix: str = "") -> str:
    """`text` cast where `s` is spelt as Trino allows, else NULL.

    String.trim() of Java takes every character up to the blank. DuckDB's casts take the usual ones themselves, which is
    many times faster than taking them away; the second branch is for the others, and for a suffix.
    """
    stripped = rf"regexp_replace({text}, '^[\x01-\x20]+|[\x01-\x20]+$', '', 'g')"
    if suffix:
        stripped = f"rtrim({stripped}, 'dDfF')"
    return (
        f"CASE WHEN {_matches(pattern)} THEN TRY_CAST({text} AS {type_}) "
        rf"WHEN regexp_full_match(s, '[\x01-\x20]*(?:{pattern}){suffix}[\x01-\x20]*') THEN TRY_CAST({stripped} AS {type_}) END"
    )


_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_ANY_DAY = "0*[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}"
_FAR_DAY = "(?:-[0-9]+|[+]?0+|[+]?0*[1-9][0-9]{4,})-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12][0-9]|3[01])"
_WITH_SECONDS = "rtrim(s) || ':00'"
_UNSIGNED = "replace(s, '+', '')"
_DAY = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = "(?:[01]?[0-9]|2[0-3]):[0-9]{1,2}"
_ZONED = f"{_DAY} {_TIME}(?::[0-9.]+)? ?(?:[+-][0-9:]+|[A-Z][A-Za-z_/+0-9-]*)"
_TRY = {
    **{name: _read("[+-]?[0-9]+", name) for name in _INTEGERS},
    "DOUBLE": _read(f"{_NUMBER}|[+-]?NaN|[+-]?Infinity", "DOUBLE", suffix="[dDfF]?"),
    "DATE": f"CASE WHEN {_matches(_FAR_DAY)} THEN CAST(error('NOT_SUPPORTED_LOCALLY: a year outside 1 to 9999: ' || s) AS DATE) "
    f"ELSE {_read(f'[+]?{_ANY_DAY}', 'DATE', _UNSIGNED)} END",
    "TIMESTAMP": f"CASE WHEN {_matches(_ZONED)} "
    f"THEN CAST(error('NOT_SUPPORTED_LOCALLY: a timestamp with a zone in its text: ' || s) AS TIMESTAMP) ELSE coalesce("
    f"{_read(f'{_DAY}(?: {_TIME}:[0-9]{{1,2}}(?:[.][0-9]{{1,6}})?)?', 'TIMESTAMP')}, "
    f"{_read(f'{_DAY} {_TIME}', 'TIMESTAMP', _WITH_SECONDS)}) END",
    "BOOLEAN": "CASE lower(s) WHEN 'true' THEN true WHEN 't' THEN true WHEN '1' THEN true "
    "WHEN 'false' THEN false WHEN 'f' THEN false WHEN '0' THEN false END",
}
_REFUSALS = {
    **{name: f"'Cannot cast ''' || s || ''' to {name}'" for name in (*_INTEGERS, "DOUBLE", "BOOLEAN")},
    "INTEGER": "'Cannot cast ''' || s || ''' to INT'",
    "DATE": "'Value cannot be cast to date: ' || s",
    "TIMESTAMP": "'Value cannot be cast to timestamp: ' || s",
}

MACROS = [
    *(f"CREATE MACRO try_{name.lower()}_of(s) AS {body}" for name, body in _TRY.items()),
    *(
        f"CREATE MACRO {name.lower()}_of(s) AS CASE WHEN s IS NULL OR try_{name.lower()}_of(s) IS NOT NULL "
        f"THEN try_{name.lower()}_of(s) ELSE CAST(error('INVALID_CAST_ARGUMENT: ' || {message}) AS {name}) END"
        for name, message in _REFUSALS.items()
    ),
    f"CREATE MACRO try_decimal_text_of(s) AS {_read(_NUMBER, 'VARCHAR')}",
    # Halves go up, to the nearest millisecond or second. The remainder is made one of 0 to micros - 1, before 1970 too.
    "CREATE MACRO round_moment(t, micros) AS make_timestamp("
    "epoch_us(t) + micros // 2 - ((epoch_us(t) + micros // 2) % micros + micros) % micros)",
    # An integer divided by zero is NULL in DuckDB before 2.0.
    *(
        f"CREATE MACRO {name}(a, b) AS CASE WHEN b = 0 THEN error('DIVISION_BY_ZERO: Division by zero') ELSE a {symbol} b END"
        for name, symbol in (("integer_quotient", "//"), ("integer_remainder", "%"))
    ),
]


def java_double(value: float | None) -> str | None:
    """Trino's text of a double: 1.5E0, 1.0E10, NaN, Infinity."""
    if value is None:
        return None
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0E0"
    mantissa, _, exponent = f"{decimal.Decimal(repr(value)).normalize():E}".partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def cast(value: Expression, target: Type, trying: bool = False, where: str = "") -> Expression:
    """`value` as `target`.

    `trying` gives NULL where the value does not fit. StatementFailed with TYPE_MISMATCH for a pair that Trino has no cast for.
    """
    source = value.type
    if source == target:
        return value
    word = "TRY_CAST" if trying else "CAST"
    plain = f"{word}({value.sql} AS {to_duckdb(target)})"
    if source == UNKNOWN:
        return Expression(f"CAST({value.sql} AS {to_duckdb(target)})", target)
    sql = None
    if (
        source.is_integer
        and (target.is_numeric or target == VARCHAR)
        or source.name == "decimal"
        and (target.is_numeric or target == VARCHAR)
    ):
        sql = plain
    elif source.name in ("double", "real"):
        sql = _from_floating(value.sql, source, target, word, plain)
    elif source == BOOLEAN and (target in (VARCHAR, DOUBLE) or target.is_integer):
        sql = plain
    elif target == BOOLEAN and source.is_integer:
        sql = f"({value.sql} <> 0)"
    elif source == VARCHAR:
        sql = _from_text(value.sql, target, trying)
    elif source == DATE and (target.is_timestamp or target == VARCHAR):
        sql = plain
    elif source.is_timestamp:
        sql = _from_moment(value.sql, source, target)
    elif source == TIMESTAMP_TZ and (target == DATE or (target.is_timestamp and target.precision == 3)):
        sql = f"CAST(CAST({value.sql} AS TIMESTAMP) AS {to_duckdb(target)})"
    elif source.name == target.name == "array" and source.element == UNKNOWN:
        sql = plain
    if sql is None:
        raise StatementFailed(f"TYPE_MISMATCH: {where}Cannot cast {source} to {target}")
    return Expression(sql, target)


def _from_floating(sql: str, source: Type, target: Type, word: str, plain: str) -> str | None:
    if target.is_integer:
        return f"{word}(round({sql}) AS {to_duckdb(target)})"
    if target == VARCHAR and source == DOUBLE:
        return f"java_double({sql})"
    if target.name in ("double", "decimal") or (source.name, target.name) == ("double", "real"):
        return plain
    return None


def _from_text(sql: str, target: Type, trying: bool) -> str | None:
    if target.name == "decimal":
        # A value of too many digits fails in either engine, a text that is no number too.
        inner = f"try_decimal_text_of({sql})"
        if trying:
            return f"TRY_CAST({inner} AS {target})"
        return f"CAST(CASE WHEN {sql} IS NULL OR {inner} IS NOT NULL THEN {inner} ELSE {sql} END AS {target})"
    name = to_duckdb(target)
    if name not in _TRY:
        return None
    read = f"{'try_' if trying else ''}{name.lower()}_of({sql})"
    return _rounded(read, 6, target.precision) if target.is_timestamp else read


def _rounded(sql: str, given: int, wanted: int) -> str:
    return sql if wanted >= given else f"round_moment({sql}, {10 ** (6 - wanted)})"


def _from_moment(sql: str, source: Type, target: Type) -> str | None:
    if target.is_timestamp:
        return _rounded(sql, source.precision, target.precision)
    if target == DATE:
        return f"CAST({sql} AS DATE)"
    if target == VARCHAR and source.precision not in (0, 3, 6):
        raise not_supported(f"cast of {source} to varchar")
    if target == VARCHAR:
        fraction = {0: "", 3: ".%g", 6: ".%f"}[source.precision]
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S{fraction}')"
    return None
