"""The statements that the pages tell a reader to run, in their text and in blocks, run on a lake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt

from tests.docs.tables import REPOSITORY
from tests.lakes import Lake, csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName

# What a reader has to fill in.
VALUES = {"symbol = '…'": "symbol = 'AAPL'", "DATE '…'": "DATE '2016-01-04'"}


def statements() -> dict[str, str]:
    """Each statement, with the page that has it."""
    found: dict[str, str] = {}
    for page in sorted((REPOSITORY / "docs").glob("*.md")):
        for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
            told = [token, *(token.children or ())]
            texts = [each.content for each in told if each.type == "code_inline" or each.info == "sql"]
            found |= {text.strip(): page.stem for text in texts if text.startswith("SELECT ")}
    return found


@pytest.fixture(scope="module")
def lake(engine: EngineName) -> Iterator[Lake]:
    with LocalAccount(engine) as account:
        account.create_lake()
        lake = Lake(account)
        aapl = csv(day("2016-01-04", 100), "2016-02-30,1,1,1,1,1,1")
        lake.drop({"AAPL.csv": aapl, "MSFT/2016.csv": csv(day("2016-01-04", 50)), "notes.txt": "nothing"})
        yield lake


@pytest.mark.parametrize("statement", list(statements()))
def test_a_statement_of_the_pages_runs(statement: str, lake: Lake) -> None:
    for blank, value in VALUES.items():
        statement = statement.replace(blank, value)
    assert "…" not in statement
    found = lake.account.query(statement)
    if "NOT IN" in statement:  # files without a line in the load history: all have one
        assert found == []
    else:
        assert found


def test_there_are_statements_on_the_pages_that_tell_to_look() -> None:
    assert {"first_upload", "operations"} <= set(statements().values())
