"""Athena's result objects read back: NULL and the empty text are two things."""

from __future__ import annotations

import pytest

from lambda_scripts.lakehouse.aws.athena import parse_result
from lambda_scripts.lakehouse.errors import Error


def test_quotes_commas_line_breaks_and_nulls_come_back() -> None:
    text = '"a","b"\n"x,""y""",\n,""\n"two\nlines","é"\n'
    assert parse_result(text) == [{"a": 'x,"y"', "b": None}, {"a": None, "b": ""}, {"a": "two\nlines", "b": "é"}]


def test_a_result_without_rows_is_empty_and_one_without_a_last_line_end_is_whole() -> None:
    assert parse_result('"a"\n') == []
    assert parse_result('"a"\n"1"') == [{"a": "1"}]


def test_a_column_that_is_null_is_a_row_all_the_same() -> None:
    assert parse_result('"a"\n\n"1"\n') == [{"a": None}, {"a": "1"}]


def test_what_is_no_result_is_an_error() -> None:
    with pytest.raises(Error, match="no CSV at character 4"):
        parse_result('"a"\nx\n')
