"""Many files at once are one parse statement, over several manifests that lie under their table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lambda_scripts.lakehouse.aws import catalog, store
from lambda_scripts.lakehouse.tables import staging
from tests.lakes import Lake, csv, day
from tests.local_aws import glue_tables, s3_refusals
from tests.local_aws.engine import Statement


def test_more_files_than_a_manifest_holds_are_parsed_by_one_statement(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "FILES_PER_MANIFEST", 4)
    lake.drop({f"S{number:02d}.csv": csv(day("2016-01-04", 100 + number)) for number in range(10)})
    assert lake.prices() == [(f"S{number:02d}", "2016-01-04", f"{100 + number}.0") for number in range(10)]
    (loaded,) = [line for line in lake.logged("loaded") if line["files"] == 10]
    assert sum(line["statement"] == "load/parsed_rows" for line in lake.logged("athena")) == len(lake.logged("loaded"))
    put = [line for line in lake.logged("register") if line["table"] == "stocks_staging_lines"]
    assert max(line["partitions"] for line in put) == 3 and loaded["batch"]


def test_listings_are_read_to_their_end_and_requests_name_few_enough(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        of_dead_batch = f"pipeline/staging/raw/t{number:010d}-0001-20260101-000000/note"
        lake.account.client("s3").put_object(Bucket=lake.bucket, Key=of_dead_batch, Body=b"")
    monkeypatch.setattr(s3_refusals, "MAX_KEYS_LISTED", 2)
    monkeypatch.setattr(glue_tables, "MAX_TABLES", 2)
    monkeypatch.setattr(glue_tables, "MAX_PARTITIONS", 2)
    monkeypatch.setattr(staging, "FILES_PER_MANIFEST", 1)
    for limit in ("PARTITIONS_AT_ONCE", "DELETE_PARTITIONS_AT_ONCE", "READ_PARTITIONS_AT_ONCE", "DELETE_TABLES_AT_ONCE"):
        monkeypatch.setattr(catalog, limit, 1)
    monkeypatch.setattr(store, "DELETE_AT_ONCE", 2)
    lake.drop_in_one_event({f"S{number}.csv": csv(day("2016-01-04", 100 + number)) for number in range(5)})
    assert len(lake.prices()) == len(lake.monthly()) == 5 and lake.logged("a file makes the parse fail") == []
    monkeypatch.undo()
    assert lake.keys("pipeline/inbox/") == lake.keys("pipeline/staging") == []
    assert [table for table in lake.account.tables() if table.startswith("tmp_")] == []
    lines = {"DatabaseName": lake.account.database, "TableName": "stocks_staging_lines"}
    assert lake.account.client("glue").get_partitions(**lines)["Partitions"] == []


def test_partitions_of_staging_lie_under_their_tables_locations(lake: Lake) -> None:
    """As Lake Formation wants them: https://docs.aws.amazon.com/athena/latest/ug/lf-athena-limitations.html"""
    glue, found = lake.account.client("glue"), list[tuple[str, str]]()

    def collect(statement: Statement, targets: Sequence[str]) -> None:
        for name in staging.STAGING_TABLES if targets else ():
            table = glue.get_table(DatabaseName="hyn_stocks_db", Name=name)["Table"]["StorageDescriptor"]["Location"]
            partitions = glue.get_partitions(DatabaseName="hyn_stocks_db", TableName=name)["Partitions"]
            found.extend((table, partition["StorageDescriptor"]["Location"]) for partition in partitions)

    lake.account.interference.add(collect)
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    assert len({table for table, _ in found}) == 2
    assert [(table, location) for table, location in found if not location.startswith(table)] == []


def test_nothing_of_a_batchs_staging_is_left(lake: Lake) -> None:
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    lake.remove("AAPL.csv")
    assert lake.keys("pipeline/staging") == []
    glue = lake.account.client("glue")
    for table in staging.STAGING_TABLES:
        assert glue.get_partitions(DatabaseName="hyn_stocks_db", TableName=table)["Partitions"] == []
