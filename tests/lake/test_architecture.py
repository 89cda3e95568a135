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
    """What a module imports, as paths below lakehouse (`aws/store/Store`), or other modules (`botocore.config`)."""
    folder = module.parent.relative_to(LAKEHOUSE).parts
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module)
        elif isinstance(node, ast.ImportFrom):
            base = "/".join((*folder[: len(folder) - node.level + 1], *(node.module or "").split("."))).strip("/")
            yield from (f"{base}/{alias.name}".strip("/") for alias in node.names)


@pytest.mark.parametrize("folder", IMPORTS)
def test_a_folder_imports_what_it_may_and_nothing_else(folder: str) -> None:
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


def test_only_aws_makes_a_client_and_file_format_knows_nothing_of_aws() -> None:
    sdk = {path.relative_to(LAKEHOUSE): _of_the_sdk(path) for path in LAKEHOUSE.rglob("*.py")}
    assert [path.as_posix() for path, names in sdk.items() if names - {"botocore.exceptions"}] == ["aws/clients.py"]
    assert [path.name for path, names in sdk.items() if names and path.parts[0] == "file_format"] == []
    asking = {path.parent.name for path in LAKEHOUSE.rglob("*.py") if any("client" in name for name in imported(path))}
    assert asking == {"aws"}


def _of_the_sdk(module: Path) -> set[str]:
    return {name for name in imported(module) if name.partition(".")[0] in ("boto3", "botocore")}


def test_file_format_has_one_door() -> None:
    outside = [path for path in LAKEHOUSE.rglob("*.py") if path.parent.name != "file_format"]
    rooms = {path.stem for path in (LAKEHOUSE / "file_format").glob("*.py")}
    used = {name.removeprefix("file_format/") for path in outside for name in imported(path) if name.startswith("file_format/")}
    assert used and not {name.partition("/")[0] for name in used} & rooms
