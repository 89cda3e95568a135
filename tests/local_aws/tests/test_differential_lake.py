"""The whole lake on DuckDB and on Trino: the same files dropped, every table, view and worked query the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_scripts.lakehouse.aws import sql
from tests.lakes import Lake
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName, QueryResult

REPOSITORY = Path(__file__).parents[3]
SOURCES = REPOSITORY / "tests" / "file_format" / "sources"

# What depends on when a load ran, not on what was loaded.
_OF_THE_RUN = ("batch_id", "source_modified", "loaded_at")

TABLES = (
    "stocks_processed",
    "monthly_stock_reporting",
    "yearly_stock_reporting",
    "stocks_rejected",
    "stocks_loads",
    "stocks_daily",
    "stocks_load_history",
)


def drops() -> dict[str, bytes]:
    """Some years of the data set, every source's file, those that are refused included, and one with a row to reject."""
    years = sorted((REPOSITORY / "dataset").glob("*_201[23].csv"))
    sources = sorted(path for path in SOURCES.glob("*.csv") if path.name != "expected.csv")
    rejected = b"Date,Close\n2016-01-04,1\n2016-01-05,2\n2016-01-06,none of these\n"
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in [*years, *sources]} | {"REJ.csv": rejected}


def lake_answers(engine: EngineName) -> dict[str, list[list[str]]]:
    """What the lake's tables, views and worked queries say on that engine once the files are in."""
    statements = {table: f"SELECT * FROM {table}" for table in TABLES}
    statements |= {name: sql.render(name).text for name in sql.names("queries")}
    with LocalAccount(engine) as account:
        account.create_lake()
        Lake(account).drop(drops())
        return {name: _comparable(account.query_result(text)) for name, text in statements.items()}


def _comparable(result: QueryResult) -> list[list[str]]:
    """The rows in order, their doubles rounded to twelve digits: sums are not added up in the same order."""
    kept = [position for position, column in enumerate(result.columns) if column not in _OF_THE_RUN]
    return sorted([_rounded(row[position], result.types[position]) for position in kept] for row in result.rows)


def _rounded(cell: str | None, kind: str) -> str:
    if cell is None:
        return "NULL"
    return f"{float(cell):.12g}" if kind == "double" else cell


@pytest.mark.trino_only("holds one engine against the other")
def test_every_table_view_and_query_of_the_lake_is_the_same_on_both_engines() -> None:
    on_duckdb, on_trino = lake_answers("duckdb"), lake_answers("trino")
    assert on_duckdb["stocks_processed"] and on_duckdb["stocks_rejected"]
    for name, rows in on_trino.items():
        assert rows == on_duckdb[name], name
