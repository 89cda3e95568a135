"""How a line falls into fields, in Python and in the parse statement alike."""

import re
from pathlib import Path

import pytest

from lambda_scripts.lakehouse.file_format import dates, fields, header, numbers

PARSE = (Path(__file__).parents[2] / "sql" / "load" / "parsed_rows.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        ("", [""]),
        (",", ["", ""]),
        ('"a,b",c', ["a,b", "c"]),
        (' "a" ,b', ["a", "b"]),
        ('" a ",b', ["a", "b"]),
        ('"a ""b"" c"', ['a "b" c']),
        ('"",x', ["", "x"]),
        ("a'b,c", ["a'b", "c"]),
    ],
)
def test_a_line_falls_into_trimmed_and_unquoted_fields(line: str, expected: list[str]) -> None:
    assert fields.split(line) == expected


@pytest.mark.parametrize("line", ['"a', 'a"', 'a"b,c', '"a"b', 'x,"a,b', '"""'])
def test_a_line_with_unbalanced_quotes_has_no_fields(line: str) -> None:
    assert fields.split(line) is None


@pytest.mark.parametrize("delimiter", fields.DELIMITERS)
def test_each_delimiter_splits_as_the_comma_does(delimiter: str) -> None:
    line = delimiter.join(['"a, b; c"', ' ="007" ', "", "1'000.5"])
    assert fields.split(line, delimiter) == ["a, b; c", "007", "", "1'000.5"]


def test_the_parse_statement_reads_by_the_same_patterns() -> None:
    patterns = [*fields.FIELDS.values(), fields.TRIMMED, dates.CUT, dates.RUN, numbers.PLAIN, numbers.NUMBER]
    patterns += [numbers.BEFORE, numbers.DIGITS, numbers.LETTER, numbers.NOT_OF_PRICES, header.MAY_BE_HEADER, header.NAME]
    assert [pattern for pattern in patterns if "'" + pattern.replace("'", "''") + "'" not in PARSE] == []


def test_the_parse_statement_has_the_same_words_for_a_missing_value() -> None:
    listed = PARSE.partition("lower(cell) NOT IN (")[2].partition(") THEN cell")[0]
    words = [word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", listed)]
    assert sorted(words) == sorted(numbers.MISSING)
