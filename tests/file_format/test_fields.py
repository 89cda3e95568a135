"""How a line falls into fields, in Python and in the parse statement alike."""

from pathlib import Path

import pytest

from lambda_scripts.lakehouse.file_format import dates, fields

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


def test_the_parse_statement_splits_and_cuts_alike() -> None:
    for pattern in (fields.FIELD, dates.TIME_OF_DAY, dates.RUN):
        assert f"'{pattern}'" in PARSE
