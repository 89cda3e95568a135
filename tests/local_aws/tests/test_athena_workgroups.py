"""Workgroups and quotas as the local Athena has them: what they refuse, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws import LocalAccount
from tests.local_aws.engine import Outcome, Statement
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

BUCKET = "results-and-data"
WHERE = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/results/"}}
CTAS = f"CREATE TABLE t WITH (external_location = 's3://{BUCKET}/t/') AS SELECT 1 AS x"


@pytest.fixture
def account() -> Iterator[LocalAccount]:
    with LocalAccount(active_statements=3) as opened:
        opened.client("s3").create_bucket(Bucket=BUCKET)
        opened.client("glue").create_database(DatabaseInput={"Name": "db"})
        yield opened


def start(account: LocalAccount, sql: str, **request: Any) -> str:
    answer = account.client("athena").start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": "db"}, WorkGroup="group", **request
    )
    return str(answer["QueryExecutionId"])


def run(account: LocalAccount, sql: str, **request: Any) -> dict[str, Any]:
    return account.ended(start(account, sql, **request))


def group(account: LocalAccount, **configuration: Any) -> None:
    account.client("athena").create_work_group(
        Name="group", Configuration={"EnforceWorkGroupConfiguration": False, **configuration}
    )


def test_managed_results_refuse_a_location_and_are_read_by_get_query_results_alone(account: LocalAccount) -> None:
    group(account, ManagedQueryResultsConfiguration={"Enabled": True})
    with pytest.raises(ClientError, match="ManagedQueryResultsConfiguration and ResultConfiguration cannot be set together"):
        start(account, "SELECT 1", **WHERE)
    found = run(account, "SELECT 'é' AS x, CAST(NULL AS varchar) AS y")
    assert found["ManagedQueryResultsConfiguration"] == {"Enabled": True} and "ResultConfiguration" not in found
    rows = account.client("athena").get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "é"}, {}]
    written = run(account, CTAS)
    assert written["Status"]["State"] == "SUCCEEDED" and "DataManifestLocation" not in written["Statistics"]
    assert account.client("athena").get_query_results(QueryExecutionId=written["QueryExecutionId"])["UpdateCount"] == 1
    keys = [each["Key"] for each in account.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert [key for key in keys if not key.startswith("t/")] == []


def test_an_enforced_location_overrides_the_requests_and_refuses_a_table_elsewhere(account: LocalAccount) -> None:
    own = {"OutputLocation": f"s3://{BUCKET}/strict/"}
    group(account, ResultConfiguration=own, EnforceWorkGroupConfiguration=True)
    found = run(account, "SELECT 1", **WHERE)
    assert found["ResultConfiguration"]["OutputLocation"].startswith(own["OutputLocation"])
    with pytest.raises(ClientError, match="enforces a centralized output location"):
        start(account, CTAS, **WHERE)


def test_a_work_group_that_enforces_without_a_location_lets_the_client_choose(account: LocalAccount) -> None:
    group(account, EnforceWorkGroupConfiguration=True)
    assert run(account, CTAS, **WHERE)["Status"]["State"] == "SUCCEEDED"


def test_a_disabled_work_group_refuses_every_statement_until_it_is_enabled(account: LocalAccount) -> None:
    group(account)
    athena = account.client("athena")
    athena.update_work_group(WorkGroup="group", State="DISABLED")
    with pytest.raises(ClientError, match="group is disabled"):
        start(account, "SELECT 1", **WHERE)
    athena.update_work_group(WorkGroup="group", State="ENABLED")
    assert run(account, "SELECT 1", **WHERE)["Status"]["State"] == "SUCCEEDED"


def test_a_query_that_scans_more_than_the_limit_is_cancelled(account: LocalAccount) -> None:
    account.client("s3").put_object(Bucket=BUCKET, Key="n/n.csv", Body=(b"1" * 99 + b"\n") * 120_000)
    group(account, BytesScannedCutoffPerQuery=10_000_000)
    run(
        account,
        "CREATE EXTERNAL TABLE n (n string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' "
        f"STORED AS TEXTFILE LOCATION 's3://{BUCKET}/n/'",
        **WHERE,
    )
    status = run(account, "SELECT count(*) FROM n", **WHERE)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")


def test_results_in_a_bucket_that_is_not_there_are_refused(account: LocalAccount) -> None:
    group(account)
    with pytest.raises(ClientError, match="InvalidRequestException.*Unable to verify/create output bucket nosuch"):
        start(account, "SELECT 1", **{**WHERE, "ResultConfiguration": {"OutputLocation": "s3://nosuch/results/"}})


def test_more_active_statements_than_the_quota_are_refused(account: LocalAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.local_aws.duckdb_engine import DuckDBEngine

    def slow(_: DuckDBEngine, statement: Statement) -> Outcome:
        statement.cancelled.wait(PATIENCE_SECONDS)
        return Outcome()

    monkeypatch.setattr(DuckDBEngine, "execute", slow)
    group(account)
    running = [start(account, f"SELECT {number}", **WHERE) for number in range(3)]
    with pytest.raises(ClientError, match="TooManyRequestsException.*exceeded the limit for the number of queries"):
        start(account, "SELECT 3", **WHERE)
    ddl = start(account, "DROP TABLE IF EXISTS t", **WHERE)  # another quota
    for query_id in (*running, ddl):
        account.client("athena").stop_query_execution(QueryExecutionId=query_id)
