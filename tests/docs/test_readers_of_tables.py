"""The code of docs/tables.md, "Who can read them", run as it stands: every reader sees the current rows and no others."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs
import pytest
from markdown_it import MarkdownIt

from tests.lakes import Lake, csv, day
from tests.local_aws import LocalAccount, trino_client, trino_server
from tests.local_aws.account import CREDENTIALS, EngineName

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
JANUARY = [("AAPL", "2016-01-04", 101.0), ("MSFT", "2016-01-04", 50.0)]

# awswrangler's own use of pandas.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning")


def blocks() -> dict[str, str]:
    """The page's Python, by the last word of the line that introduces a block or the module that it imports first."""
    code = [token.content for token in MarkdownIt().parse(PAGE.read_text(encoding="utf-8")) if token.info == "python"]
    names = ("awswrangler", "pyathena", "manifests", "pandas", "polars", "duckdb")
    assert len(code) == len(names)
    return dict(zip(names, code, strict=True))


@pytest.fixture(scope="module")
def served(engine: EngineName) -> Iterator[Lake]:
    """A lake behind HTTP whose January has a superseded version, and whose March was emptied."""
    with pytest.MonkeyPatch.context() as patch, LocalAccount(engine, serve_port=0) as account:
        account.create_lake()
        lake = Lake(account)
        lake.drop({"AAPL.csv": csv(day("2016-01-04", 100)), "MSFT.csv": csv(day("2016-01-04", 50), day("2016-03-01", 51))})
        lake.later(2)
        lake.drop({"AAPL.csv": csv(day("2016-01-04", 101)), "MSFT.csv": csv(day("2016-01-04", 50))})
        # Arrow has an S3 client of its own, which moto does not see and which reads no AWS_ENDPOINT_URL.
        there = functools.partial(pyarrow.fs.S3FileSystem, endpoint_override=account.endpoint_url)
        patch.setattr(pyarrow.fs, "S3FileSystem", there)
        yield lake


def run(*names: str) -> dict[str, Any]:
    """What the blocks leave, run one after another."""
    left: dict[str, Any] = {}
    for name in names:
        exec(compile(blocks()[name], f"{PAGE.name}: {name}", "exec"), left)
    return left


def rows(frame: Any) -> list[tuple[str, str, float]]:
    return sorted((row.symbol, str(row.trade_date)[:10], row.close) for row in frame.itertuples())


def test_awswrangler_reads_the_table(served: Lake) -> None:
    assert rows(run("awswrangler")["january"]) == JANUARY


def test_pyathena_reads_the_load_history(served: Lake) -> None:
    assert sorted(run("pyathena")["latest"]) == [
        (f"s3://{served.bucket}/raw/stocks/{name}.csv", "loaded", 1) for name in ("AAPL", "MSFT")
    ]


def test_the_manifests_name_a_file_for_each_partition_and_leave_older_versions_out(served: Lake) -> None:
    left = run("manifests")
    data_files = [key for key in served.keys("processed/stocks/") if key.endswith(".parquet")]
    assert len(left["paths"]) == 2 < len(data_files)
    assert left["prices"].count_rows() == 2


def test_pandas_reads_the_files_that_the_manifests_name(served: Lake) -> None:
    assert rows(run("manifests", "pandas")["january"]) == JANUARY


def test_polars_reads_the_files_that_the_manifests_name(served: Lake) -> None:
    closes = run("manifests", "polars")["closes"]
    assert sorted((row[0], str(row[1]), row[2]) for row in closes.rows()) == JANUARY


def test_duckdb_reads_the_files_that_the_manifests_name(served: Lake) -> None:
    assert run("manifests", "duckdb")["averages"] == [("AAPL", 101.0), ("MSFT", 50.0)]


@pytest.mark.trino_only("the page's catalogue is Trino's")
def test_trino_reads_the_table_by_the_catalog_of_the_page(served: Lake) -> None:
    """The page's properties as they stand, and where this account answers."""
    (block,) = [
        token.content
        for token in MarkdownIt().parse(PAGE.read_text(encoding="utf-8"))
        if token.content.startswith("connector.name=hive\n")
    ]
    given = dict(line.split("=", 1) for line in block.splitlines())
    connector = given.pop("connector.name")
    url, key, secret = served.account.endpoint_url, CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    here = {"hive.metastore.glue.endpoint-url": url, "s3.endpoint": url, "s3.path-style-access": "true"}
    here |= {f"{service}.aws-access-key": key for service in ("hive.metastore.glue", "s3")}
    here |= {f"{service}.aws-secret-key": secret for service in ("hive.metastore.glue", "s3")}
    properties = ", ".join(f"\"{name}\" = '{value}'" for name, value in {**given, **here}.items())
    server = trino_server.shared()
    server.query(f"CREATE CATALOG stocks_of_the_page USING {connector} WITH ({properties})")
    try:
        table = f"stocks_of_the_page.{served.account.database}.stocks_processed"
        found = trino_client.run(server.url, f"SELECT symbol, cast(trade_date AS varchar), close FROM {table} ORDER BY 1").rows
    finally:
        server.query("DROP CATALOG stocks_of_the_page")
    assert [tuple(row) for row in found] == JANUARY
