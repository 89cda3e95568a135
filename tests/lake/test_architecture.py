"""The arrows between the folders of the lakehouse: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

LAKEHOUSE = Path(__file__).parents[2] / "lambda_scripts" / "lakehouse"

# Each folder, and what it imports besides itself. The modules at the top, and the operations on them, may import everything.
IMPORTS = {
    "file_format": {"errors", "clock"},
    "aws": {"errors", "clock", "log", "metrics", "layout"},
    "queue": {"errors", "clock", "log", "metrics", "layout", "aws"},
    "tables": {"errors", "log", "layout", "aws", "lake"},
}


def imported(module: Path) -> Iterator[str]:
    """What a module imports, as paths below lakehouse (`aws/store`), or names of other packages (`boto3`)."""
    folder = module.parent.relative_to(LAKEHOUSE).parts
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = "/".join((*folder[: len(folder) - node.level + 1], *(node.module or "").split("."))).strip("/")
            yield from (f"{base}/{alias.name}".strip("/") for alias in node.names)


@pytest.mark.parametrize("folder", IMPORTS)
def test_a_folder_imports_only_what_lies_below_it(folder: str) -> None:
    modules = list((LAKEHOUSE / folder).glob("*.py"))
    own = {path.stem for path in LAKEHOUSE.glob("*.py")} | {path.name for path in LAKEHOUSE.iterdir() if path.is_dir()}
    found = {name.split("/")[0] for module in modules for name in imported(module)} & own
    assert len(modules) > 1 and found - {folder} == IMPORTS[folder]


def test_no_module_imports_itself_by_way_of_others() -> None:
    modules = {path.relative_to(LAKEHOUSE).with_suffix("").as_posix(): path for path in LAKEHOUSE.rglob("*.py")}
    graph = {
        name: {each.rpartition("/")[0] if each not in modules else each for each in imported(path)} & modules.keys()
        for name, path in modules.items()
    }
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(modules) > 50


def test_only_aws_makes_a_client_and_only_file_format_knows_nothing_of_aws() -> None:
    users = {path.relative_to(LAKEHOUSE).as_posix() for path in LAKEHOUSE.rglob("*.py") if "boto3" in imported(path)}
    assert users == {"aws/clients.py"}
    asking = {path.parent.name for path in LAKEHOUSE.rglob("*.py") if any("client" in name for name in imported(path))}
    assert asking == {"aws"}
    assert not {"boto3", "botocore"} & {name for path in (LAKEHOUSE / "file_format").glob("*.py") for name in imported(path)}
