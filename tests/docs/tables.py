"""The tables of docs/ that are made from the code. `python -m cogapp -r -I . docs/*.md` writes them anew, and a test holds them.

Each function returns Markdown; a page calls it between [[[cog and ]]].
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from sqlglot import exp

from lambda_scripts.lakehouse.config import Config
from tests.local_aws.dialect import grammar

REPOSITORY = Path(__file__).parents[2]
SQL = REPOSITORY / "sql"
SETTINGS = REPOSITORY / "lambda_scripts" / "lakehouse" / "config.py"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings() -> str:
    """One row a setting: the variable, its default, and what it does (the text below the field in config.py)."""
    told = attribute_docs(SETTINGS, "Config")
    rows = []
    for field in fields(Config):
        default = ",".join(field.default) if isinstance(field.default, tuple) else f"{field.default}"
        rows.append((f"`LAKE_{field.name.upper()}`", f"`{default}`" if default else "empty", told[field.name]))
    return markdown(("variable", "default", "what it does"), rows)


def attribute_docs(file: Path, name: str) -> dict[str, str]:
    """The text below each field of a class."""
    (found,) = (node for node in ast.parse(file.read_text(encoding="utf-8")).body if getattr(node, "name", "") == name)
    assert isinstance(found, ast.ClassDef)
    told = {}
    for node, following in zip(found.body, found.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            told[ast.unparse(node.target)] = " ".join(str(following.value.value).split())
    return told


@dataclass(frozen=True)
class Column:
    """A column as its table's statement declares it."""

    name: str
    kind: str
    comment: str
    is_partition_key: bool


@dataclass(frozen=True)
class Table:
    """A table of sql/tables/: what a row is, and its columns, partition keys last."""

    name: str
    grain: str
    columns: list[Column]


_COLUMN = re.compile(r"`(\w+)` (\w+)(?: COMMENT '((?:[^']|'')*)')?")


def tables() -> Iterator[Table]:
    """The tables that the lake makes, in the order of their names."""
    for path in sorted((SQL / "tables").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        body, _, rest = text.partition("\n)\n")
        keys = rest.partition("PARTITIONED BY (")[2].partition(")")[0]
        columns = [
            Column(name, kind, comment.replace("''", "'"), is_key)
            for part, is_key in ((body.partition("(\n")[2], False), (keys, True))
            for name, kind, comment in _COLUMN.findall(part)
        ]
        yield Table(path.stem, grain(text), columns)


def grain(statement: str) -> str:
    """What one row of a statement's result is: its first line."""
    return statement.splitlines()[0].removeprefix("-- ")


def table_section(name: str) -> str:
    """A table's grain and columns, to stand under a heading of the page."""
    (table,) = (each for each in tables() if each.name == name)
    rows = [
        (f"`{column.name}`", column.kind + (", partition" if column.is_partition_key else ""), column.comment)
        for column in table.columns
    ]
    return f"{table.grain}\n\n" + markdown(("column", "type", "meaning"), rows)


_MEANING = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)


def view_section(name: str) -> str:
    """A view's grain and columns: what its header says of them, else what the tables say of columns of that name."""
    text = (SQL / "views" / f"{name}.sql").read_text(encoding="utf-8")
    known = {column.name: column.comment for table in reversed(list(tables())) for column in table.columns if column.comment}
    known |= dict(_MEANING.findall(text))
    select = grammar.parse(text.partition(" AS\n")[2])
    assert isinstance(select, exp.Query), f"{name} selects nothing"
    rows = [(f"`{column}`", known.get(column, "")) for column in select.named_selects]
    return f"{grain(text)}\n\n" + markdown(("column", "meaning"), rows)


def statements(*folders: str) -> str:
    """One row a statement of folders of sql/: its file, and what a row of its result is."""
    paths = [path for folder in folders for path in sorted((SQL / folder).glob("*.sql"))]
    rows = [
        (f"[{path.stem}](../{path.relative_to(REPOSITORY).as_posix()})", grain(path.read_text(encoding="utf-8")))
        for path in paths
    ]
    return markdown(("statement", "gives"), rows)
