"""One suite for either engine: `pytest --engine trino` runs it on a real Trino, as far as it uses the `engine` fixture.

Tests marked `thorough` are left out, and on Trino those marked `on_trino(False)`, unless `--thorough`, `-m` or `-k` is given or
all tests are named. .ci/run runs the thorough ones after the others.

The whole suite, or a folder of it, is shared out among two processes a core; single files and tests run in one process (`-n` says
otherwise). A process has one account open at a time, and all of them use one Trino.
"""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.account.granted import Recorder
from tests.lakes import Lake, opened
from tests.local_aws import trino_server
from tests.local_aws.account import EngineName

# The collector would go through all of moto and sqlglot again and again, for a twelfth of the suite's time.
gc.set_threshold(100_000, 50, 1_000)

# A test is right or wrong, however busy the machine is.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("duckdb", "trino"), default="duckdb", help="what runs the Athena statements")
    parser.addoption("--thorough", action="store_true", help="run the tests too that their marks leave out")


def pytest_configure(config: pytest.Config) -> None:
    """A process that shares in the tests ends at once: taking apart DuckDB and moto would cost it seconds for nothing."""
    if hasattr(config, "workerinput"):
        atexit.register(os._exit, 0)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes a core, since each waits a part of its time; none besides this one where no folder is run."""
    paths = [Path(argument.partition("::")[0]) for argument in config.args]
    return (os.cpu_count() or 1) * 2 if any(path.is_dir() for path in paths) else 0


class ByModuleFixture(LoadScopeScheduling):  # type: ignore[misc]
    """Shares tests out one by one, but all of a module that has a fixture of its own to one process, so that it is made once."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if 'scope="module"' in _source(self.config.rootpath / module) else nodeid


@cache
def _source(module: Path) -> str:
    return module.read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByModuleFixture | None:
    """In the place of `--dist loadscope` of .pytest.ini."""
    return ByModuleFixture(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A case is not named after bytes: a gzip made by the test holds the time, and every process must name it alike."""
    return argname if isinstance(val, bytes) else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start Trino before the processes that share it. One that can't be had ends the run here, with the remedy."""
    if session.config.getoption("--engine") == "trino":
        try:
            os.environ["TRINO_URL"] = trino_server.shared().url
        except trino_server.TrinoUnavailableError as error:
            pytest.exit(str(error), returncode=3)


def pytest_report_header(config: pytest.Config) -> str:
    """What the suite runs on, and what it leaves out."""
    account = f"moto {version('moto')}, boto3 {version('boto3')}"
    if config.getoption("--engine") == "duckdb":
        engine, marks = f"DuckDB {version('duckdb')} through sqlglot {version('sqlglot')}", "thorough"
    else:
        engine = f"Trino {trino_server.shared().version}, without tests that use no engine"
        marks = "thorough or on_trino(False)"
    left_out = "" if _all_are_asked_for(config) else f"; without tests marked {marks}: --thorough runs them"
    return f"engine: {engine}; account: {account}{left_out}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs on the other engine only, what takes long, and on Trino what the run on DuckDB shows as well."""
    engine = config.getoption("--engine")
    other = "trino_only" if engine == "duckdb" else "duckdb_only"
    for item in items:
        if marker := item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=f"{other}: {marker.args[0]}"))
    asked_for = _all_are_asked_for(config)
    left_out = {item for item in items if _is_left_out(item, engine, asked_for)}
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _all_are_asked_for(config: pytest.Config) -> bool:
    chosen = config.getoption("--thorough") or config.getoption("markexpr") or config.getoption("keyword")
    return bool(chosen) or all("::" in argument for argument in config.args)


def _is_left_out(item: pytest.Item, engine: str, asked_for: bool) -> bool:
    if engine == "trino" and not _uses_an_engine(item):
        return True
    on_trino = item.get_closest_marker("on_trino")
    repeats = engine == "trino" and on_trino is not None and not on_trino.args[0]
    return not asked_for and (repeats or item.get_closest_marker("thorough") is not None)


def _uses_an_engine(item: pytest.Item) -> bool:
    return "engine" in getattr(item, "fixturenames", ()) or item.get_closest_marker("trino_only") is not None


@pytest.fixture(scope="session", autouse=True)
def calls_of_functions() -> Iterator[Recorder]:
    """Every AWS call that the two functions make in this process."""
    recorder = Recorder()
    with recorder.recording():
        yield recorder
    assert recorder.denied() == set()


@pytest.fixture(autouse=True)
def only_what_the_policies_grant(request: pytest.FixtureRequest, calls_of_functions: Recorder) -> Iterator[None]:
    """After each test: docs/iam/ grants what the functions' calls needed since the last one ended."""
    yield
    denied = calls_of_functions.denied()
    if request.node.get_closest_marker("beyond_the_policies"):
        assert denied, "marked beyond_the_policies, and every call is granted"
    else:
        assert denied == set()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.config.getoption("--engine")
    return name


@pytest.fixture
def lake(engine: EngineName, request: pytest.FixtureRequest) -> Iterator[Lake]:
    """A lake set up as a person does it, in an account of its own; without reports where the test is marked so."""
    marker = request.node.get_closest_marker("reports")
    with opened(engine, reports=marker is None or marker.args[0]) as lake:
        yield lake
