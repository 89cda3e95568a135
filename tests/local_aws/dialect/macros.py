"""DuckDB macros for functions that part from Trino's at the edges: an index of zero, an empty text, padding."""

from __future__ import annotations

from ..expression import literal

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
