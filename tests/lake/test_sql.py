"""SQL files and their parameters: what is declared, used and given must agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from lambda_scripts.lakehouse.aws import sql
from lambda_scripts.lakehouse.aws.sql import SqlError, render

FOLDERS = ("tables", "views", "load", "reports", "check", "queries")


@pytest.fixture
def statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sql, "FOLDER", tmp_path)
    sql._parsed.cache_clear()
    yield tmp_path / "a.sql"
    sql._parsed.cache_clear()


@pytest.mark.parametrize("name", [name for folder in FOLDERS for name in sql.names(folder)])
def test_every_file_opens_with_its_grain_and_parameters(name: str) -> None:
    sql._parsed(name)
    assert (sql.FOLDER / f"{name}.sql").read_text(encoding="utf-8").startswith("-- One row per ")


def test_every_folder_of_sql_is_known() -> None:
    assert sorted(path.name for path in sql.FOLDER.iterdir()) == sorted(FOLDERS)


def test_values_become_literals_by_their_declared_type(statement: Path) -> None:
    statement.write_text(
        "-- One row per test\n"
        "-- Parameters: t identifier, a text, b texts, c date, d timestamp\n"
        "SELECT * FROM :t WHERE x = :a AND y IN (:b) AND z < :c AND w < :d -- not :this\n"
        "    AND regexp_like(v, '(?: *x)[0-9]:[0-9]')\n".replace(" -- not :this", "")
    )
    rendered = render(
        "a",
        t="stocks",
        a="it's",
        b=["x", "y'"],
        c=date(2026, 11, 24),
        d=datetime(2026, 11, 24, 6, 45, 20, 5000, tzinfo=timezone.utc),
    )
    assert rendered.text == (
        "SELECT * FROM stocks WHERE x = 'it''s' AND y IN ('x', 'y''') AND z < DATE '2026-11-24'"
        " AND w < TIMESTAMP '2026-11-24 06:45:20.005'\n    AND regexp_like(v, '(?: *x)[0-9]:[0-9]')"
    )


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("a text", {}),
        ("a text", {"a": "x", "b": "y"}),
        ("a text", {"a": 5}),
        ("a text", {"a": None}),
        ("a texts", {"a": []}),
        ("a texts", {"a": ["x", 5]}),
        ("a identifier", {"a": "x; DROP TABLE y"}),
        ("a date", {"a": datetime(2026, 1, 1, tzinfo=timezone.utc)}),
        ("a timestamp", {"a": datetime(2026, 1, 1)}),
        ("a number", {"a": "1"}),
        ("a number", {"a": True}),
        ("a fraction", {"a": 1}),
        ("a text, b text", {"a": "x", "b": "y"}),
    ],
    ids=str,
)
def test_what_does_not_match_is_an_error(statement: Path, declared: str, given: dict[str, object]) -> None:
    statement.write_text(f"-- One row per test\n-- Parameters: {declared}\nSELECT :a\n")
    with pytest.raises(SqlError):
        render("a", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("declared", ["x nonsense", "x", "x text,y text", "x text text"])
def test_a_parameter_of_an_unknown_type_is_an_error_before_any_value_is_given(statement: Path, declared: str) -> None:
    statement.write_text(f"-- One row per test\n-- Parameters: {declared}\nSELECT :x\n")
    with pytest.raises(SqlError, match="which is not one of identifier, text, texts, number, date, timestamp"):
        sql._parsed("a")


def test_a_file_without_its_parameters_is_an_error(statement: Path) -> None:
    statement.write_text("SELECT 1\n")
    with pytest.raises(SqlError, match="the second line of"):
        render("a")


def test_every_reason_and_issue_is_documented() -> None:
    text = (sql.FOLDER / "load" / "parsed_rows.sql").read_text(encoding="utf-8")
    words = re.findall(r"THEN '([a-z][A-Za-z ,-]{6,})'", text)
    documented = (sql.FOLDER.parent / "docs" / "files.md").read_text(encoding="utf-8")
    assert len(words) > 20
    assert [each for each in words if each not in documented.replace("\n", " ")] == []
