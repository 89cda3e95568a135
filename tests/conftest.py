"""One suite for either engine: `pytest --engine trino` runs it on a real Trino."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lakes import Lake
from tests.local_aws import LocalAccount


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("duckdb", "trino"), default="duckdb", help="what runs the Athena statements")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, in plain sight, what runs on the other engine only."""
    engine = config.getoption("--engine")
    other = "trino_only" if engine == "duckdb" else "duckdb_only"
    for item in items:
        if marker := item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=f"{other}: {marker.args[0]}"))


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--engine"))


@pytest.fixture
def lake(engine: str) -> Iterator[Lake]:
    """A lake set up as the documentation says, in an account of its own."""
    with LocalAccount(engine) as account:  # type: ignore[arg-type]
        account.create_lake()
        yield Lake(account)
