"""What statements answer and what they wrote, by Athena's own account of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.clock import Clock, Deadline
from lambda_scripts.lakehouse.errors import Error
from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName

BUCKET, DATABASE = "lake", "d"


@pytest.fixture
def account(engine: EngineName) -> Iterator[LocalAccount]:
    """An account with a bucket and a database, and nothing else."""
    with LocalAccount(engine) as account:
        account.client("s3").create_bucket(Bucket=BUCKET)
        account.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        yield account


def athena(account: LocalAccount, seconds: float = 30, workgroup: str = "primary") -> Athena:
    return Athena(
        Store(BUCKET),
        Deadline(Clock(), seconds),
        database=DATABASE,
        workgroup=workgroup,
        results=f"s3://{BUCKET}/results/",
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


CTAS = (
    "CREATE TABLE t WITH (format = 'PARQUET', external_location = 's3://lake/t/', partitioned_by = ARRAY['year'], "
    "bucketed_by = ARRAY['symbol'], bucket_count = 1) AS "
    "SELECT s AS symbol, y AS year FROM (VALUES ('A', '2016'), ('B', '2016'), ('A', '2017')) t(s, y) WHERE y <> '{not_year}'"
)


@pytest.mark.parametrize("workgroup", ["primary", "managed"])
def test_the_files_that_a_statement_wrote_are_told_by_athena(account: LocalAccount, workgroup: str) -> None:
    manage_results(account)
    runs = athena(account, workgroup=workgroup)
    (finished,) = runs.run(Statement("test", CTAS.format(not_year="2018"), "t"))
    account.client("s3").put_object(Bucket=BUCKET, Key="t/year=2018/orphan", Body=b"of a statement that died")
    files = runs.files(finished)
    assert sorted(file.rpartition("/")[0] for file in files) == ["s3://lake/t/year=2016", "s3://lake/t/year=2017"]
    for file in files:
        assert account.client("s3").head_object(Bucket=BUCKET, Key=file.removeprefix("s3://lake/"))["ContentLength"]


@pytest.mark.parametrize("workgroup", ["primary", "managed"])
def test_a_statement_that_gave_no_row_wrote_no_file(account: LocalAccount, workgroup: str) -> None:
    manage_results(account)
    runs = athena(account, workgroup=workgroup)
    (finished,) = runs.run(
        Statement("test", "CREATE TABLE t WITH (external_location = 's3://lake/t/') AS SELECT 1 AS x WHERE 1 = 2")
    )
    assert runs.files(finished) == []


def test_files_that_are_gone_are_an_error_and_not_an_emptiness(account: LocalAccount) -> None:
    manage_results(account)
    s3 = account.client("s3")
    (finished,) = athena(account, workgroup="managed").run(Statement("test", CTAS.format(not_year="2018"), "t"))
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="t/year=2016/")["Contents"]]
    s3.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(Error, match="wrote 3 rows, of which 1 are left in t"):
        athena(account, workgroup="managed").files(finished)
    account.client("glue").delete_table(DatabaseName=DATABASE, Name="t")
    s3.delete_object(Bucket=BUCKET, Key=s3.list_objects_v2(Bucket=BUCKET, Prefix="t/year=2017/")["Contents"][0]["Key"])
    (finished,) = athena(account).run(Statement("test", CTAS.format(not_year="2018"), "t"))
    s3.delete_object(Bucket=BUCKET, Key=str(finished.data_manifest).removeprefix("s3://lake/"))
    with pytest.raises(Error, match="is gone; does a lifecycle rule"):
        athena(account).files(finished)


def manage_results(account: LocalAccount) -> None:
    """Create a workgroup whose results Athena manages."""
    account.client("athena").create_work_group(
        Name="managed",
        Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}, "EnforceWorkGroupConfiguration": False},
    )


def test_statements_wait_for_room_in_the_accounts_quota(engine: str) -> None:
    with LocalAccount(engine, active_statements=2) as account:  # type: ignore[arg-type]
        account.client("s3").create_bucket(Bucket=BUCKET)
        account.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        finished = athena(account).run(*(Statement("test", f"SELECT {number} AS n") for number in range(12)))
        assert [athena(account).read(each) for each in finished] == [[{"n": str(number)}] for number in range(12)]


def test_no_more_than_ten_statements_are_under_way_at_once(account: LocalAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    client = account.client("athena")
    most = 0
    status = client.get_query_execution

    runs = athena(account)
    work_off = runs._start

    def counting(statement: Statement) -> str | None:
        nonlocal most
        states = [status(QueryExecutionId=each)["QueryExecution"]["Status"]["State"] for each in started]
        most = max(most, 1 + sum(state in ("QUEUED", "RUNNING") for state in states))
        query_id = work_off(statement)
        started.append(str(query_id))
        return query_id

    started: list[str] = []
    monkeypatch.setattr(runs, "_start", counting)
    runs.run(*(Statement("test", f"SELECT {number} AS n") for number in range(25)))
    assert len(started) == 25 and most <= 10
