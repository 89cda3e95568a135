"""What statements answer and what they wrote, by Athena's own account of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.clock import Clock, Deadline
from tests.local_aws import LocalAccount

BUCKET, DATABASE = "lake", "d"


@pytest.fixture
def account(engine: str) -> Iterator[LocalAccount]:
    """An account with a bucket and a database, and nothing else."""
    with LocalAccount(engine) as account:  # type: ignore[arg-type]
        account.client("s3").create_bucket(Bucket=BUCKET)
        account.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        yield account


def athena(account: LocalAccount, seconds: float = 30) -> Athena:
    return Athena(
        account.client("athena"),
        Store(account.client("s3"), BUCKET),
        Deadline(Clock(), seconds),
        database=DATABASE,
        workgroup="primary",
        results="results/",
        poll_seconds=0.05,
    )


def run(account: LocalAccount, text: str) -> Finished:
    (finished,) = athena(account).run(Statement("test", text))
    return finished


def test_quotes_commas_line_breaks_empty_texts_and_nulls_come_back(account: LocalAccount) -> None:
    values = """('x,"y"', NULL), ('two\nlines', ''), (NULL, 'é')"""
    rows = athena(account).rows(Statement("test", f"SELECT a, b FROM (VALUES {values}) t(a, b)"))
    wanted = [{"a": 'x,"y"', "b": None}, {"a": "two\nlines", "b": ""}, {"a": None, "b": "é"}]
    assert sorted(rows, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 2500])
def test_every_row_comes_however_many_pages_there_are(account: LocalAccount, count: int) -> None:
    account.client("s3").put_object(Bucket=BUCKET, Key="numbers/n.csv", Body="".join(f"{n}\n" for n in range(count)))
    run(
        account,
        "CREATE EXTERNAL TABLE numbers (n string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' "
        "STORED AS TEXTFILE LOCATION 's3://lake/numbers/'",
    )
    rows = athena(account).rows(Statement("test", "SELECT n FROM numbers"))
    assert sorted(int(str(row["n"])) for row in rows) == list(range(count))


def test_the_files_that_a_statement_wrote_are_those_that_athena_lists(account: LocalAccount) -> None:
    ctas = (
        "CREATE TABLE t WITH (format = 'PARQUET', external_location = 's3://lake/t/', partitioned_by = ARRAY['year'], "
        "bucketed_by = ARRAY['symbol'], bucket_count = 1) AS "
        "SELECT s AS symbol, y AS year FROM (VALUES ('A', '2016'), ('B', '2016'), ('A', '2017')) t(s, y)"
    )
    finished = run(account, ctas)
    account.client("s3").put_object(Bucket=BUCKET, Key="t/year=2018/orphan", Body=b"of a statement that died")
    files = athena(account).files(finished)
    assert sorted(file.rpartition("/")[0] for file in files) == ["s3://lake/t/year=2016", "s3://lake/t/year=2017"]
    for file in files:
        assert account.client("s3").head_object(Bucket=BUCKET, Key=file.removeprefix("s3://lake/"))["ContentLength"]


def test_a_statement_that_gave_no_row_wrote_no_file(account: LocalAccount) -> None:
    finished = run(account, "CREATE TABLE t WITH (external_location = 's3://lake/t/') AS SELECT 1 AS x WHERE false")
    assert athena(account).files(finished) == []
