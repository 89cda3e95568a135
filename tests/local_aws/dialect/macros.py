"""Trino's functions and casts as DuckDB macros whose names open with trino_, where DuckDB's own part from them.

A function that has no macro of its name goes to DuckDB's function of that name. `cast_date` and `try_cast_date`, say, stand
for casts of text: Trino's are narrower than DuckDB's ('1_000', '0x1F' and 'inf' are numbers to DuckDB only).
"""

from __future__ import annotations

import decimal
import math
import re
import sys

import duckdb
from duckdb import sqltypes
from duckdb.func import FunctionNullHandling

# What Character.isWhitespace of Java holds for a blank, which Trino's trim takes away.
_JAVA_BLANKS = [*range(0x09, 0x0E), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029]
_WHITESPACE = "".join(map(chr, [*_JAVA_BLANKS, 0x205F, 0x3000]))

_FUNCTIONS = rf"""
can_pad(s, size, padding) AS CASE WHEN s IS NULL OR size IS NULL OR padding IS NULL THEN false WHEN size < 0 OR size > 2147483647
    THEN error('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]')
    WHEN padding = '' THEN error('INVALID_FUNCTION_ARGUMENT: Padding string must not be empty') ELSE true END;
array_join(a, separator) AS CASE WHEN separator IS NOT NULL
    THEN substr(array_to_string([''] || CAST(a AS VARCHAR[]), separator), length(separator) + 1) END;
array_sort(a) AS list_sort(a, 'ASC', 'NULLS LAST');
cardinality(a) AS CAST(len(a) AS BIGINT);
codepoint(s) AS unicode(s);
contains(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL WHEN list_contains(a, x) THEN true
    WHEN list_count(a) = len(a) THEN false END;
count_if(x) AS CASE WHEN x THEN 1 END;
date_diff(unit, a, b) AS date_sub(unit, a, b);
date_format(d, f) AS strftime(d, f);
day_of_month(d) AS day(d);
day_of_week(d) AS isodow(d);
day_of_year(d) AS dayofyear(d);
element_at(a, i) AS CASE WHEN i = 0 AND a IS NOT NULL THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
    ELSE list_extract(a, i) END;
from_utf8(b) AS decode(b);
infinity() AS CAST('Infinity' AS DOUBLE);
in_years(d) AS CASE WHEN d < DATE '0001-01-01' OR d >= DATE '10000-01-01'
    THEN error('NOT_SUPPORTED_LOCALLY: a year outside 1 to 9999') ELSE d END;
is_finite(x) AS isfinite(x);
is_nan(x) AS isnan(x);
last_day_of_month(d) AS last_day(d);
lpad(s, size, padding) AS CASE WHEN trino_can_pad(s, size, padding) THEN lpad(s, CAST(size AS INTEGER), padding) END;
rpad(s, size, padding) AS CASE WHEN trino_can_pad(s, size, padding) THEN rpad(s, CAST(size AS INTEGER), padding) END;
ltrim(s) AS regexp_replace(s, '^[{_WHITESPACE}]+', '', 'g'), (s, characters) AS ltrim(s, characters);
not_nan(x) AS CASE WHEN isnan(x) THEN error('NOT_SUPPORTED_LOCALLY: NaN looked for among others') ELSE x END;
nullif(s, other) AS list_extract(list_filter([s], lambda x: x IS DISTINCT FROM other), 1);
now_of_trino() AS date_trunc('millisecond', now());
regexp_extract(s, pattern, number := 0) AS list_extract(regexp_extract_all(s, pattern, number), 1);
regexp_like(s, pattern) AS regexp_matches(s, pattern);
regexp_replace(s, pattern, r := '') AS regexp_replace(s, pattern, r, 'g');
replace(s, search, r := '') AS CASE WHEN search = ''
    THEN error('NOT_SUPPORTED_LOCALLY: replace with an empty search string') ELSE replace(s, search, r) END;
rtrim(s) AS regexp_replace(s, '[{_WHITESPACE}]+$', '', 'g'), (s, characters) AS rtrim(s, characters);
slice(a, start, size) AS CASE WHEN a IS NULL OR start IS NULL OR size IS NULL THEN NULL
    WHEN start = 0 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
    WHEN size < 0 THEN error('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0')
    WHEN start < 0 AND -start > len(a) THEN a[1:0]
    WHEN start < 0 THEN a[len(a) + start + 1:len(a) + start + size] ELSE a[start:start + size - 1] END;
slice_from(a, start, size) AS list_slice(a, start, start - 1 + CAST(CASE WHEN size < 0 AND a IS NOT NULL
    THEN error('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0')
    WHEN size <= 9223372036854775807 - start THEN size WHEN size IS NOT NULL THEN 0 END AS BIGINT));
split(s, delimiter) AS CASE WHEN delimiter = '' AND s IS NOT NULL
    THEN error('INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string')
    WHEN delimiter IS NOT NULL THEN string_split(s, delimiter) END;
split_part(s, delimiter, i) AS CASE WHEN s IS NULL OR delimiter IS NULL THEN NULL
    WHEN i < 1 THEN error('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')
    WHEN delimiter = '' THEN error('NOT_SUPPORTED_LOCALLY: split_part with an empty delimiter')
    ELSE list_extract(trino_split(s, delimiter), i) END;
substr(s, start) AS CASE WHEN s IS NULL OR start IS NULL THEN NULL
    WHEN start = 0 OR start > length(s) OR start < -length(s) THEN '' ELSE substr(s, start) END,
    (s, start, size) AS CASE WHEN s IS NULL OR start IS NULL OR size IS NULL THEN NULL
    WHEN start = 0 OR size <= 0 OR start > length(s) OR start < -length(s) THEN ''
    ELSE substr(s, start, least(size, length(s))) END;
to_utf8(s) AS encode(s);
trim(s) AS regexp_replace(s, '^[{_WHITESPACE}]+|[{_WHITESPACE}]+$', '', 'g'), (s, characters) AS trim(s, characters);
round_timestamp(t, micros) AS make_timestamp(
    epoch_us(t) + micros // 2 - ((epoch_us(t) + micros // 2) % micros + micros) % micros);
"""


# Around a number Trino takes away what String.trim() of Java does: every character up to the blank.
_AROUND_NUMBERS, _AROUND_MOMENTS = r"[\x00-\x20]*", f"[{_WHITESPACE}]*"


def _number(pattern: str, type_: str, after: str = "") -> str:
    """`s` cast where it is spelt as Trino allows, else NULL.

    As in the other macros the argument is named once where it can be: DuckDB binds it as often as it is named.
    """
    return f"TRY_CAST(regexp_extract(s, '^{_AROUND_NUMBERS}({pattern}){after}{_AROUND_NUMBERS}$', 1) AS {type_})"


def _moment(pattern: str, type_: str, refused: str, why: str) -> str:
    return (
        f"CASE WHEN regexp_matches(s, '^{_AROUND_MOMENTS}(?:{refused}){_AROUND_MOMENTS}$') "
        f"THEN error('NOT_SUPPORTED_LOCALLY: {why}: ' || s) "
        f"ELSE TRY_CAST(regexp_extract(s, '^{_AROUND_MOMENTS}[+]?({pattern}){_AROUND_MOMENTS}$', 1) AS {type_}) END"
    )


def _far_day(least_digits: int) -> str:
    """A day of a year outside 1 to 9999, for which Trino wants so many digits at least."""
    year = f"-[0-9]{{{least_digits},}}|[+]?0{{{least_digits},}}|[+]?0*[1-9][0-9]{{4,}}"
    return f"(?:{year})-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12][0-9]|3[01])"


_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DAY = "0*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = "(?:[01]?[0-9]|2[0-3]):[0-9]{1,2}"
_SOME_TIME = f"(?: {_TIME}(?::[0-9]{{1,2}}(?:[.][0-9]{{1,6}})?)?)?"
_ZONED = rf"[+-]?[0-9]{{4,}}-[0-9]{{1,2}}-[0-9]{{1,2}} (?:{_TIME}(?::[0-9.]+)?)?[\t-\r ]*(?:[+-][0-9:]+|[A-Z][A-Za-z_/+0-9-]*)"
_FINE = f"[+]?{_DAY} {_TIME}:[0-9]{{1,2}}[.][0-9]{{7,}}"
_TEXT_CASTS = {
    **{name: _number("[+-]?[0-9]+", name) for name in _INTEGERS},
    "DOUBLE": _number(rf"{_NUMBER}|[+-]?NaN\b|[+-]?Infinity\b", "DOUBLE", after="[dDfF]?"),
    "DATE": _moment("0*[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}", "DATE", _far_day(1), "a year outside 1 to 9999"),
    "TIMESTAMP": _moment(
        f"{_DAY}{_SOME_TIME}",
        "TIMESTAMP",
        f"{_ZONED}|{_FINE}|{_far_day(4)}{_SOME_TIME}",
        "a timestamp with a zone, more than six decimals or a year outside 1 to 9999",
    ),
    "BOOLEAN": "CASE lower(s) WHEN 'true' THEN true WHEN 't' THEN true WHEN '1' THEN true "
    "WHEN 'false' THEN false WHEN 'f' THEN false WHEN '0' THEN false END",
    "DECIMAL_TEXT": f"CASE WHEN regexp_full_match(s, '{_NUMBER}') THEN s END",
}


def _macros() -> list[str]:
    casts = [f"try_cast_{name}(s) AS {body}" for name, body in _TEXT_CASTS.items()]
    casts += [
        f"cast_{name}(s) AS coalesce(trino_try_cast_{name}(s), "
        f"error('INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to {name}'))"
        for name in _TEXT_CASTS
    ]
    return [*casts, *filter(None, map(str.strip, _FUNCTIONS.split(";\n")))]


MACROS = _macros()
NAMES = frozenset(re.match(r"\w+", macro)[0].lower() for macro in MACROS)  # type: ignore[index]


def java_double(value: float | None) -> str | None:
    """Trino's text of a double: 1.5E0, 1.0E10, NaN, Infinity."""
    if value is None:
        return None
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    mantissa, _, exponent = f"{decimal.Decimal(repr(value)).normalize():E}".partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def text_of_double(value: float | None) -> str | None:
    """What Trino casts a double to, where its digits are sure to be the fewest that name it.

    Java's DecimalFormat takes others of some doubles from 2^53 on, of some powers of two, and of what is smaller than normal.
    """
    if value and math.isfinite(value):
        unsure = not sys.float_info.min <= abs(value) < 2**53 or abs(math.frexp(value)[0]) == 0.5
        if unsure and decimal.Decimal(repr(value)) != decimal.Decimal(value):
            raise ValueError(f"NOT_SUPPORTED_LOCALLY: the text of {value}, for which Java may take other digits")
    return java_double(value)


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros known to a database."""
    special = FunctionNullHandling.SPECIAL
    for function in (java_double, text_of_double):
        connection.create_function(function.__name__, function, [sqltypes.DOUBLE], sqltypes.VARCHAR, null_handling=special)
    for macro in MACROS:
        connection.execute(f"CREATE MACRO trino_{macro}")
