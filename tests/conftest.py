"""One suite for either engine: `pytest --engine trino` runs it on a real Trino."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import pytest

from tests.lakes import Lake
from tests.local_aws import LocalAccount, trino_server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("duckdb", "trino"), default="duckdb", help="what runs the Athena statements")


def pytest_report_header(config: pytest.Config) -> str:
    """What the suite runs on. A Trino that can't be had ends the run here, with the remedy."""
    account = f"moto {version('moto')}, boto3 {version('boto3')}"
    if config.getoption("--engine") == "duckdb":
        return f"engine: DuckDB {version('duckdb')} through sqlglot {version('sqlglot')}; account: {account}"
    try:
        return f"engine: Trino {trino_server.shared().version}; account: {account}"
    except trino_server.TrinoUnavailableError as error:
        pytest.exit(str(error), returncode=3)


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
    """A lake set up as a person does it, in an account of its own."""
    with LocalAccount(engine) as account:  # type: ignore[arg-type]
        account.create_lake()
        yield Lake(account)
