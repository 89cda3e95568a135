"""The docs say what is: their tables are made from the code, their links resolve, and nothing of the project is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from cogapp import Cog
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lambda_scripts.lakehouse.config import Config
from lambda_scripts.lakehouse.operations import actions
from tests.docs import tables

REPOSITORY = tables.REPOSITORY
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))
LINKED = [*PAGES, REPOSITORY / "README.md", REPOSITORY / "dataset" / "README.md"]

COG = MarkdownIt("commonmark").enable("table")


def tokens(page: Path) -> Iterator[Token]:
    """Every token of a page, those inside of others included."""
    for token in COG.parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings: lower case, blanks to hyphens, other marks dropped."""
    found = set()
    level = [token for token in COG.parse(page.read_text(encoding="utf-8"))]
    for opening, inline in zip(level, level[1:], strict=False):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            found.add(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    return found


def everything() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in LINKED)


def made_from_the_code(page: Path) -> object:
    runs_the_main_job = [pytest.mark.thorough("its tables are what the main job prints")] if page.parent == REPOSITORY else []
    return pytest.param(page, marks=runs_the_main_job, id=page.name)


@pytest.mark.parametrize("page", [made_from_the_code(page) for page in LINKED if "[[[cog" in page.read_text(encoding="utf-8")])
def test_tables_made_from_the_code_are_up_to_date(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Cog().main(["cog", "--check", "-I", str(REPOSITORY), str(page)]) == 0, (
        f"run: python -m cogapp -r -I . {page.relative_to(REPOSITORY)}\n{capsys.readouterr().out}"
    )


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_and_anchors_resolve(page: Path) -> None:
    targets = [
        str(token.attrs.get("href") or token.attrs.get("src")) for token in tokens(page) if token.type in ("link_open", "image")
    ]
    for target in targets:
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists() and file.is_relative_to(REPOSITORY), f"{page.name} links to {target}, which is not there"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}, of which {file.name} has no such heading"


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_no_sequence_diagram_has_a_semicolon_which_ends_a_statement_of_mermaid(page: Path) -> None:
    diagrams = [token.content for token in tokens(page) if token.type == "fence" and token.info == "mermaid"]
    assert [line for diagram in diagrams if diagram.startswith("sequence") for line in diagram.splitlines() if ";" in line] == []


def test_the_index_names_every_page_and_the_readme_names_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.name != "README.md" and f"({page.name})" not in index] == []
    assert "(docs/README.md)" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    settings = {f"LAKE_{field.name.upper()}" for field in fields(Config)}
    assert set(re.findall(r"LAKE_[A-Z_]+[A-Z]", everything())) == settings
    told = tables.attribute_docs(tables.SETTINGS, "Config")
    assert set(told) == {field.name for field in fields(Config)} and all(told.values())


def test_every_action_is_documented_and_every_documented_one_exists() -> None:
    documented = set(re.findall(r'"action": "(\w+)"', everything()))
    assert documented == set(actions.ACTIONS)


def test_every_table_view_and_column_is_documented_with_its_meaning() -> None:
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    for table in tables.tables():
        assert f"# {table.name}\n" in page
        assert [column.name for column in table.columns if not column.comment] == []
    for view in (tables.SQL / "views").glob("*.sql"):
        assert f"The view {view.stem}\n" in page
        assert "|  |" not in tables.view_section(view.stem)


def test_every_statement_is_listed() -> None:
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\(\.\./sql/(.+?\.sql)\)", page))
    of_sections = {f"{folder}/{path.name}" for folder in ("tables", "views") for path in (tables.SQL / folder).glob("*.sql")}
    assert listed | of_sections == {path.relative_to(tables.SQL).as_posix() for path in tables.SQL.rglob("*.sql")}


OPENED = ("cleanup", "monitoring", "operations", "tables")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.stem.endswith(("_setup", "_upload")) or page.stem in OPENED],
    ids=lambda page: page.name,
)
def test_a_step_opens_with_what_one_has_at_its_end_and_how_long_it_takes(page: Path) -> None:
    opening = page.read_text(encoding="utf-8").split("\n\n")[1]
    assert opening.startswith("*At the end ") and re.search(r"\d+ minutes", opening)


def test_every_policy_of_docs_is_linked() -> None:
    assert [path.name for path in (DOCS / "iam").glob("*.json") if f"(iam/{path.name})" not in everything()] == []
