"""The local Athena: what it accepts, what it answers and what it refuses, through the API as boto3 sees it."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.local_aws import LocalAccount
from tests.local_aws.account import ACCOUNT_ID, REGION
from tests.local_aws.catalog import GlueCatalog
from tests.local_aws.objects import ObjectStore

BUCKET = "results-and-data"
RESULTS = f"s3://{BUCKET}/results/"


class Athena:
    """Runs statements as a person's script would: start, poll, read."""

    def __init__(self, account: LocalAccount) -> None:
        self.account = account
        self.client = account.client("athena")
        self.s3 = account.client("s3")
        self.glue = account.client("glue")

    def start(self, sql: str, **request: Any) -> str:
        arguments = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": "db"},
            "ResultConfiguration": {"OutputLocation": RESULTS},
            **request,
        }
        return str(self.client.start_query_execution(**arguments)["QueryExecutionId"])

    def wait(self, query_id: str) -> dict[str, Any]:
        return self.account.ended(query_id)

    def execution(self, sql: str, **request: Any) -> dict[str, Any]:
        return self.wait(self.start(sql, **request))

    def rows(self, sql: str) -> list[list[str | None]]:
        """The rows of a statement that has to succeed, without its header."""
        execution = self.execution(sql)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        found = [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
        return found[1:] if execution["StatementType"] == "DML" else found

    def refusal(self, sql: str) -> str:
        """Why a statement that has to fail failed."""
        execution = self.execution(sql)
        assert execution["Status"]["State"] == "FAILED", f"ran: {sql}"
        return str(execution["Status"]["StateChangeReason"])

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, address: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=address.partition(f"{BUCKET}/")[2])["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]


@pytest.fixture(scope="module")
def account() -> Iterator[LocalAccount]:
    with LocalAccount() as opened:
        opened.client("s3").create_bucket(Bucket=BUCKET)
        yield opened


@pytest.fixture
def athena(account: LocalAccount) -> Iterator[Athena]:
    opened = Athena(account)
    assert opened.execution("CREATE DATABASE IF NOT EXISTS db")["Status"]["State"] == "SUCCEEDED"
    yield opened
    opened.glue.delete_database(Name="db")
    objects = [{"Key": key} for key in opened.keys("")]
    for start in range(0, len(objects), 1000):
        opened.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects[start : start + 1000]})


def lines_table(athena: Athena, name: str = "lines", location: str = "lines", extra: str = "") -> None:
    athena.rows(
        f"CREATE EXTERNAL TABLE {name} (line string) PARTITIONED BY (batch string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' "
        "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat' "
        f"OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat' LOCATION 's3://{BUCKET}/{location}/' {extra}"
    )


def add_batch(athena: Athena, name: str, *targets: str) -> None:
    athena.put(f"manifests/{name}/manifest", "".join(f"{target}\n" for target in targets))
    athena.rows(f"ALTER TABLE lines ADD PARTITION (batch = '{name}') LOCATION 's3://{BUCKET}/manifests/{name}/'")


# The API


def test_a_query_succeeds_with_its_statistics_and_result_object(athena: Athena) -> None:
    execution = athena.execution("""SELECT 'a"b' AS x, CAST(NULL AS varchar) AS y, 1.5e0 AS z, DATE '2020-01-02' AS d""")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]
    assert execution["Statistics"]["DataScannedInBytes"] == 0
    assert execution["WorkGroup"] == "primary"
    address = execution["ResultConfiguration"]["OutputLocation"]
    assert address == f"{RESULTS}{execution['QueryExecutionId']}.csv"
    assert athena.get(address) == b'"x","y","z","d"\n"a""b",,"1.5","2020-01-02"\n'
    assert athena.get(f"{address}.metadata")


def test_columns_are_described_with_athenas_types(athena: Athena) -> None:
    execution = athena.execution("SELECT 1, BIGINT '2' AS b, 'x' AS c, 0.25 AS d, 1e0 AS e, ARRAY['x'] AS f, true AS g")
    result = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    described = [(c["Name"], c["Type"]) for c in result["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert described == [
        ("_col0", "integer"),
        ("b", "bigint"),
        ("c", "varchar"),
        ("d", "decimal"),
        ("e", "double"),
        ("f", "array"),
        ("g", "boolean"),
    ]


def test_results_come_in_pages_with_the_header_first(athena: Athena) -> None:
    values = ", ".join(map(str, range(25)))
    query_id = athena.execution(f"SELECT x FROM (VALUES {values}) t(x) ORDER BY x")["QueryExecutionId"]
    first = athena.client.get_query_results(QueryExecutionId=query_id, MaxResults=10)
    second = athena.client.get_query_results(QueryExecutionId=query_id, MaxResults=10, NextToken=first["NextToken"])
    third = athena.client.get_query_results(QueryExecutionId=query_id, MaxResults=10, NextToken=second["NextToken"])
    cells = [row["Data"][0]["VarCharValue"] for page in (first, second, third) for row in page["ResultSet"]["Rows"]]
    assert cells == ["x", *map(str, range(25))]
    assert "NextToken" not in third


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"QueryString": "SELECT 1 --" + "x" * 262144}, "length less than or equal to 262144"),
        ({"ResultConfiguration": {}}, "No output location provided"),
        ({"ResultConfiguration": {"OutputLocation": "/tmp/x"}}, "not a valid S3 path"),
        ({"WorkGroup": "nobody"}, "WorkGroup nobody is not found"),
        ({"ExecutionParameters": ["1"]}, "Incorrect number of parameters"),
    ],
)
def test_a_request_that_athena_refuses_starts_nothing(athena: Athena, request_: dict[str, Any], message: str) -> None:
    arguments = {"sql": "SELECT 1", **request_}
    sql = arguments.pop("QueryString", arguments.pop("sql"))
    arguments.pop("sql", None)
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match=message):
        athena.start(sql, **arguments)


def test_an_unknown_execution_is_an_invalid_request(athena: Athena) -> None:
    for call in ("get_query_execution", "get_query_results", "stop_query_execution"):
        with pytest.raises(athena.client.exceptions.InvalidRequestException, match="was not found"):
            getattr(athena.client, call)(QueryExecutionId="00000000-0000-0000-0000-000000000000")


def test_the_same_request_token_runs_once(athena: Athena) -> None:
    token = "t" * 32
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="Idempotent"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_execution_parameters_take_the_place_of_question_marks(athena: Athena) -> None:
    query_id = athena.start("SELECT '?' AS q, ? AS a, ? AS b", ExecutionParameters=["1", "'x'"])
    assert athena.wait(query_id)["Status"]["State"] == "SUCCEEDED"
    rows = athena.client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    assert [cell["VarCharValue"] for cell in rows[1]["Data"]] == ["?", "1", "x"]


def test_a_failed_query_says_why_and_has_no_results(athena: Athena) -> None:
    execution = athena.execution("SELECT nosuch")
    status = execution["Status"]
    assert status["StateChangeReason"] == "COLUMN_NOT_FOUND: line 1:8: Column 'nosuch' cannot be resolved"
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["Retryable"] is False
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="did not finish successfully"):
        athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])


def test_a_query_under_way_can_be_stopped(athena: Athena) -> None:
    numbers = ", ".join(map(str, range(200)))
    query_id = athena.start(
        f"WITH n(x) AS (VALUES {numbers}) SELECT sum(a.x * b.x + c.x * d.x) FROM n a, n b, n c, n d WHERE a.x + d.x <> b.x"
    )
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="not yet finished"):
        athena.client.get_query_results(QueryExecutionId=query_id)
    athena.client.stop_query_execution(QueryExecutionId=query_id)
    execution = athena.wait(query_id)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query cancelled by user"


def test_executions_are_listed_and_described_in_batches(athena: Athena) -> None:
    query_ids = [athena.execution(f"SELECT {number}")["QueryExecutionId"] for number in range(3)]
    listed = athena.client.list_query_executions(WorkGroup="primary", MaxResults=3)["QueryExecutionIds"]
    assert listed == query_ids[::-1]
    answer = athena.client.batch_get_query_execution(QueryExecutionIds=[*query_ids, "nobody"])
    assert [execution["QueryExecutionId"] for execution in answer["QueryExecutions"]] == query_ids
    assert [unprocessed["QueryExecutionId"] for unprocessed in answer["UnprocessedQueryExecutionIds"]] == ["nobody"]


# SQL


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC 1", "SYNTAX_ERROR: "),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: Only one sql statement"),
        ("SELECT * FROM nosuch", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.nosuch' does not exist"),
        ("SELECT * FROM nosuch.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nosuch' does not exist"),
        ("SELECT nosuch(1)", "FUNCTION_NOT_FOUND: "),
        ("SELECT 1 = '1'", "TYPE_MISMATCH: "),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: "),
        ("SELECT approx_percentile(x, 0.5) FROM (VALUES 1) t(x)", "NOT_SUPPORTED_LOCALLY: "),
        ("SELECT regexp_like('ab', '(?=a)ab')", "NOT_SUPPORTED_LOCALLY: "),
        ("SELECT regexp_like('aa', '(a)\\1')", "NOT_SUPPORTED_LOCALLY: "),
        ("SELECT ARRAY[1][1]", "NOT_SUPPORTED_LOCALLY: "),
        ("SELECT a, sum(b) FROM (VALUES (1, 2)) t(a, b) GROUP BY ROLLUP (a)", "NOT_SUPPORTED_LOCALLY: "),
        ("DELETE FROM t", "NOT_SUPPORTED"),
        ("EXPLAIN SELECT 1", "NOT_SUPPORTED_LOCALLY: "),
        ("SELECT 1_000, 0b11", "NOT_SUPPORTED_LOCALLY: the number 1_000"),
        ("SELECT regexp_like('b', '[a[b]]')", "NOT_SUPPORTED_LOCALLY: the pattern '[a[b]]'"),
        ("SELECT regexp_like('a', '(?<n>a)')", "NOT_SUPPORTED_LOCALLY: the pattern '(?<n>a)'"),
        ("SELECT lag(x, -1) OVER (ORDER BY x) FROM (VALUES 1) t(x)", "INVALID_FUNCTION_ARGUMENT: "),
        ("SELECT DISTINCT x FROM (VALUES (1, 2)) t(x, y) ORDER BY y", "EXPRESSION_NOT_IN_DISTINCT: For SELECT DISTINCT"),
    ],
)
def test_what_trino_refuses_and_what_is_not_known_here_fails(athena: Athena, sql: str, reason: str) -> None:
    assert athena.refusal(sql).startswith(reason)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT add_months(DATE '2016-01-04', 1)", "add_months(date, integer)"),
        ("SELECT 1.5 / 3", "div(decimal, integer)"),
        ("SELECT transform(ARRAY[1], (x, i) -> x + i)", "lambda of 2(integer)"),
        ("SELECT DATE '2016-01-04' + INTERVAL '1.5' DAY", "interval ? day"),
        ("SELECT 2 EXCEPT ALL SELECT 1", "except all"),
        ("SELECT first_value(x) IGNORE NULLS OVER (ORDER BY x) FROM (VALUES 1) t(x)", "ignorenulls first_value"),
        (
            "SELECT sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) FROM (VALUES 1) t(x)",
            "windowspec exclude",
        ),
    ],
)
def test_what_no_recorded_statement_has_is_refused_with_the_command_that_records_it(athena: Athena, sql: str, kind: str) -> None:
    refusal = athena.refusal(sql)
    assert refusal.startswith(f"NOT_SUPPORTED_LOCALLY: no recorded statement has {kind}, as here: ")
    assert 'python -m tests.local_aws.tests.record "SELECT …"' in refusal


# Tables of text


def test_lines_are_read_whole_whatever_ends_them(athena: Athena) -> None:
    lines_table(athena)
    windows = athena.put("raw/w.csv", b"\xef\xbb\xbfa,b\r\n\r\nc\xff\r\n\\N\r\nlast")
    mac = athena.put("raw/o'dd +é%20.csv", b"x\ry\r")
    packed = athena.put("raw/p.csv.gz", gzip.compress(b"z\n"))
    add_batch(athena, "1", windows, mac, packed)
    found = athena.rows("SELECT line, \"$path\" FROM lines WHERE batch = '1'")
    assert sorted(found, key=str) == sorted(
        [
            ["a,b", windows],
            ["", windows],
            ["c\ufffd", windows],
            [None, windows],
            ["last", windows],
            ["x", mac],
            ["y", mac],
            ["z", packed],
        ],
        key=str,
    )


def test_only_the_partitions_and_files_asked_for_are_read(athena: Athena) -> None:
    lines_table(athena)
    small, large = athena.put("raw/small.csv", b"a\n"), athena.put("raw/large.csv", b"b\n" * 1000)
    add_batch(athena, "1", small)
    add_batch(athena, "2", large, small)
    scanned = [
        athena.execution(f"SELECT count(*) FROM lines WHERE {condition}")["Statistics"]["DataScannedInBytes"]
        for condition in ("batch = '1'", "batch = '2'", f"batch = '2' AND \"$path\" IN ('{small}')", "batch || 'x' = '3x'")
    ]
    assert scanned == [2, 2002, 2, 0]


def test_an_outer_joins_partitions_are_not_pruned_by_a_condition_on_nulls(athena: Athena) -> None:
    lines_table(athena)
    add_batch(athena, "1", athena.put("raw/a.csv", b"a\n"))
    joined = "SELECT count(*) FROM (VALUES 'a') t(x) LEFT JOIN lines l ON l.line = t.x WHERE l.batch IS NULL"
    assert athena.rows(joined) == [["0"]]


def test_a_partition_without_manifest_or_with_an_empty_one_is_empty(athena: Athena) -> None:
    lines_table(athena)
    add_batch(athena, "empty")
    athena.rows(f"ALTER TABLE lines ADD PARTITION (batch = 'none') LOCATION 's3://{BUCKET}/nowhere/'")
    assert athena.rows("SELECT count(*) FROM lines") == [["0"]]


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        (
            "raw/broken.csv.gz",
            gzip.compress(random.Random(1).randbytes(50_000))[:40_000],
            "HIVE_CURSOR_ERROR: Failed to read file at ",
        ),
        ("raw/head.csv.gz", gzip.compress(b"x" * 1000)[:12], "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split "),
        ("raw/not.csv.gz", b"a,b\n", "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split "),
    ],
)
def test_a_file_that_can_not_be_unpacked_fails_the_query_by_name(athena: Athena, key: str, body: bytes, reason: str) -> None:
    lines_table(athena)
    address = athena.put(key, body)
    add_batch(athena, "1", address)
    refusal = athena.refusal("SELECT line FROM lines")
    assert refusal.startswith(reason)
    assert address in refusal


@pytest.mark.parametrize("name", ["missing.csv", "_hidden.csv"])
def test_a_manifest_that_names_a_missing_or_hidden_file_fails_the_query(athena: Athena, name: str) -> None:
    lines_table(athena)
    athena.put("raw/_hidden.csv", b"a\n")
    add_batch(athena, "1", f"s3://{BUCKET}/raw/{name}")
    refusal = athena.refusal("SELECT line FROM lines")
    assert refusal.startswith(f"HIVE_FILE_NOT_FOUND: Manifest file from the location [s3://{BUCKET}/raw]")
    assert refusal.endswith(name)


def test_open_csv_reads_line_by_line_and_everything_as_text(athena: Athena) -> None:
    athena.rows(
        "CREATE EXTERNAL TABLE prices (a string, b string, c string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{BUCKET}/csv/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    athena.put("csv/1.csv", 'h1,h2,h3\n"a,1", "b ""q""",c\nshort\n\n"open,x\n1,2,3,4\n')
    athena.put("csv/sub/2.csv", "h\nsub,,\n")
    athena.put("csv/_hidden.csv", "h\nhidden,,\n")
    assert sorted(athena.rows("SELECT a, b, c FROM prices"), key=str) == sorted(
        [["a,1", 'b "q"', "c"], ["short", None, None], [None, None, None], [None, None, None], ["1", "2", "3"], ["sub", "", ""]],
        key=str,
    )


def test_delimited_text_gives_null_for_what_does_not_parse(athena: Athena) -> None:
    athena.rows(
        "CREATE EXTERNAL TABLE numbers (a int, b double, c date, d string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' "
        f"STORED AS TEXTFILE LOCATION 's3://{BUCKET}/tsv/'"
    )
    athena.put("tsv/1", "1\t2.5\t2020-01-02\tx\nbad\tbad\tbad\t\\N\n7\n")
    assert athena.rows("SELECT * FROM numbers") == [
        ["1", "2.5", "2020-01-02", "x"],
        [None, None, None, None],
        ["7", None, None, None],
    ]


def test_json_lines_are_read_by_key(athena: Athena) -> None:
    athena.rows(
        "CREATE EXTERNAL TABLE loads (source string, rows bigint, ok boolean) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION 's3://{BUCKET}/json/'".replace(" rows ", " `rows` ")
    )
    athena.put("json/1.json", json.dumps({"Source": "é\\n", "rows": 3, "ok": True, "more": 1}) + "\n" + '{"rows": null}\n')
    assert athena.rows("SELECT source, rows, ok FROM loads") == [["é\\n", "3", "true"], [None, None, None]]
    athena.put("json/2.json", "{broken\n")
    refusal = athena.refusal("SELECT count(source) FROM loads")
    assert refusal.startswith("HIVE_CURSOR_ERROR: Failed to read file at ")
    assert "json/2.json" in refusal


# Parquet, CTAS and INSERT


def parquet_body(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_parquet_columns_are_found_by_name(athena: Athena) -> None:
    athena.rows(f"CREATE EXTERNAL TABLE p (a bigint, b string) STORED AS PARQUET LOCATION 's3://{BUCKET}/p/'")
    athena.put("p/1.parquet", parquet_body(b=["x"], a=pa.array([1], pa.int64()), c=[1.5]))
    athena.put("p/2.parquet", parquet_body(a=pa.array([2], pa.int32())))
    assert athena.rows("SELECT a, b FROM p ORDER BY a") == [["1", "x"], ["2", None]]
    athena.put("p/3.parquet", parquet_body(a=["text"]))
    assert "p/3.parquet" in athena.refusal("SELECT a FROM p")
    athena.put("p/3.parquet", b"no parquet")
    refusal = athena.refusal("SELECT a FROM p")
    assert refusal.startswith("HIVE_BAD_DATA: ")
    assert "p/3.parquet" in refusal


CTAS = (
    "CREATE TABLE t WITH (format = 'PARQUET', write_compression = 'SNAPPY', external_location = '{location}', "
    "partitioned_by = ARRAY['year', 'month'], bucketed_by = ARRAY['symbol'], bucket_count = 1) AS {query}"
)
ROWS = (
    "SELECT symbol, price, CAST(at AS timestamp(3)) AS at, year, month FROM (VALUES "
    "('A', 1.5e0, TIMESTAMP '2020-01-02 03:04:05.678', '2020', '01'), ('B', NULL, NULL, '2020', '01'), "
    "('A', 2e0, NULL, '2021', '12')) v(symbol, price, at, year, month)"
)


def test_ctas_writes_one_file_a_bucket_and_registers_partitions(athena: Athena) -> None:
    execution = athena.execution(CTAS.format(location=f"s3://{BUCKET}/t/", query=ROWS))
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    assert execution["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    assert athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"] == 3
    folders = [key.rpartition("/")[0] for key in athena.keys("t/")]
    assert folders == ["t/year=2020/month=01", "t/year=2021/month=12"]
    table = athena.glue.get_table(DatabaseName="db", Name="t")["Table"]
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [
        ("symbol", "string"),
        ("price", "double"),
        ("at", "timestamp"),
    ]
    assert table["StorageDescriptor"]["BucketColumns"] == ["symbol"]
    assert athena.rows("SHOW PARTITIONS t") == [["year=2020/month=01"], ["year=2021/month=12"]]
    assert athena.rows("SELECT * FROM t ORDER BY year, symbol") == [
        ["A", "1.5", "2020-01-02 03:04:05.678", "2020", "01"],
        ["B", None, None, "2020", "01"],
        ["A", "2.0", None, "2021", "12"],
    ]
    body = athena.get(f"s3://{BUCKET}/{athena.keys('t/')[0]}")
    assert pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).compression == "SNAPPY"


def test_without_buckets_a_partition_may_be_several_files(athena: Athena) -> None:
    athena.rows(f"CREATE TABLE t WITH (external_location = 's3://{BUCKET}/t/') AS SELECT x FROM (VALUES 1, 2, 3) v(x)")
    assert len(athena.keys("t/")) == 2
    assert athena.rows("SELECT sum(x) FROM t") == [["6"]]


def test_ctas_without_rows_makes_an_empty_table(athena: Athena) -> None:
    athena.rows(CTAS.format(location=f"s3://{BUCKET}/t/", query=f"SELECT * FROM ({ROWS}) WHERE year = '1999'"))
    assert athena.keys("t/") == []
    assert athena.rows("SELECT count(*) FROM t") == [["0"]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT 1 AS x, 1, '2020' AS year, '01' AS month", "MISSING_COLUMN_NAME: "),
        ("SELECT 1 AS x, 2 AS x, '2020' AS year, '01' AS month", "DUPLICATE_COLUMN_NAME: "),
        ("SELECT NULL AS symbol, '2020' AS year, '01' AS month", "COLUMN_TYPE_UNKNOWN: "),
        ("SELECT 'A' AS symbol, '01' AS month, '2020' AS year", "HIVE_COLUMN_ORDER_MISMATCH: "),
        ("SELECT 'A' AS symbol, '01' AS month", "INVALID_TABLE_PROPERTY: Partition columns [year]"),
        ("SELECT 1 AS x, '2020' AS year, '01' AS month", "INVALID_TABLE_PROPERTY: Bucketing columns [symbol]"),
        (
            "SELECT 'A' AS symbol, TIMESTAMP '2020-01-01 00:00:00' AS at, '2020' AS year, '01' AS month",
            "NOT_SUPPORTED: Incorrect timestamp",
        ),
        ("SELECT 'A' AS symbol, 'é' AS year, '01' AS month", "HIVE_INVALID_PARTITION_VALUE: "),
    ],
)
def test_ctas_refuses_columns_that_a_table_can_not_have(athena: Athena, query: str, reason: str) -> None:
    assert athena.refusal(CTAS.format(location=f"s3://{BUCKET}/t/", query=query)).startswith(reason)
    assert athena.rows("SHOW TABLES") == []


def test_ctas_writes_a_hundred_partitions_and_no_more(athena: Athena) -> None:
    def query(count: int) -> str:
        values = ", ".join(f"('A', '{1900 + number}', '01')" for number in range(count))
        return f"SELECT * FROM (VALUES {values}) v(symbol, year, month)"

    athena.rows(CTAS.format(location=f"s3://{BUCKET}/t/", query=query(100)))
    assert len(athena.rows("SHOW PARTITIONS t")) == 100
    athena.rows("DROP TABLE t")
    refusal = athena.refusal(CTAS.format(location=f"s3://{BUCKET}/u/", query=query(101)))
    assert refusal.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")


def test_ctas_needs_an_empty_location_a_new_name_and_known_properties(athena: Athena) -> None:
    athena.put("t/left-over", b"x")
    assert athena.refusal(CTAS.format(location=f"s3://{BUCKET}/t/", query=ROWS)).startswith("HIVE_PATH_ALREADY_EXISTS: ")
    athena.rows(CTAS.format(location=f"s3://{BUCKET}/u/", query=ROWS))
    assert athena.refusal(CTAS.format(location=f"s3://{BUCKET}/v/", query=ROWS)).startswith("TABLE_ALREADY_EXISTS: ")
    assert athena.refusal("CREATE TABLE w WITH (nosuch = 1) AS SELECT 1 AS x").startswith("INVALID_TABLE_PROPERTY: ")


def test_a_failed_ctas_leaves_no_table(athena: Athena) -> None:
    assert athena.refusal("CREATE TABLE t AS SELECT 1 / x AS y FROM (VALUES 0) v(x)").startswith("DIVISION_BY_ZERO")
    assert athena.rows("SHOW TABLES") == []


def test_insert_adds_files_to_a_plain_table_and_is_refused_elsewhere(athena: Athena) -> None:
    athena.rows(
        f"CREATE EXTERNAL TABLE p (a bigint, b string) PARTITIONED BY (y string) STORED AS PARQUET LOCATION 's3://{BUCKET}/p/'"
    )
    athena.rows("INSERT INTO p VALUES (1, 'x', '2020'), (2, NULL, '2021')")
    athena.rows("INSERT INTO p (y, a) SELECT '2020', 3")
    assert athena.rows("SELECT * FROM p ORDER BY a") == [["1", "x", "2020"], ["2", None, "2021"], ["3", None, "2020"]]
    assert athena.refusal("INSERT INTO p SELECT 'x', 'x', 'x'").startswith("TYPE_MISMATCH: ")
    athena.rows(CTAS.format(location=f"s3://{BUCKET}/t/", query=ROWS))
    assert "bucketed" in athena.refusal(f"INSERT INTO t {ROWS}")
    lines_table(athena)
    assert athena.refusal("INSERT INTO lines VALUES ('x', '1')").startswith("HIVE_UNSUPPORTED_FORMAT: ")


# DDL and views


def test_a_view_is_stored_as_athena_stores_it_and_read_like_a_table(athena: Athena) -> None:
    athena.rows("CREATE TABLE t AS SELECT x, 'a' AS s FROM (VALUES 1, 2) v(x)")
    athena.rows("CREATE OR REPLACE VIEW doubled AS SELECT x * 2 AS twice, s FROM t WHERE x > 0 -- all of them")
    assert athena.rows("SELECT twice FROM doubled ORDER BY 1") == [["2"], ["4"]]
    view = athena.glue.get_table(DatabaseName="db", Name="doubled")["Table"]
    assert view["TableType"] == "VIRTUAL_VIEW"
    assert [(c["Name"], c["Type"]) for c in view["StorageDescriptor"]["Columns"]] == [("twice", "int"), ("s", "string")]
    stored = json.loads(base64.b64decode(view["ViewOriginalText"].split()[3]))
    assert stored["originalSql"].startswith("SELECT x * 2 AS twice")
    assert athena.refusal("CREATE VIEW doubled AS SELECT 1 AS x").startswith("TABLE_ALREADY_EXISTS: ")
    assert athena.refusal("CREATE VIEW broken AS SELECT nosuch FROM t").startswith("COLUMN_NOT_FOUND: ")
    athena.rows("DROP VIEW doubled")
    assert athena.rows("SHOW TABLES") == [["t"]]


def test_a_query_of_a_with_may_be_called_as_the_table_that_it_reads(athena: Athena) -> None:
    athena.rows("CREATE TABLE t AS SELECT x, 'a' AS s FROM (VALUES 1, 2) v(x)")
    assert athena.rows("WITH t AS (SELECT x FROM t WHERE x > 1), u AS (SELECT * FROM t) SELECT * FROM u") == [["2"]]
    assert athena.rows("WITH u AS (SELECT * FROM t), t AS (SELECT 5 AS x) SELECT u.x, t.x FROM u CROSS JOIN t ORDER BY 1") == [
        ["1", "5"],
        ["2", "5"],
    ]


def test_a_table_is_created_with_all_that_its_ddl_says(athena: Athena) -> None:
    ddl = (
        "CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`Prices` "
        "(`Date` date COMMENT 'the day', price decimal(10, 2), tags array<string>) "
        "COMMENT 'daily' PARTITIONED BY (`year` string) STORED AS PARQUET "
        f"LOCATION 's3://{BUCKET}/prices/' TBLPROPERTIES ('k' = 'v')"
    )
    athena.rows(ddl)
    athena.rows(ddl)
    table = athena.glue.get_table(DatabaseName="db", Name="prices")["Table"]
    assert [(c["Name"], c["Type"], c.get("Comment")) for c in table["StorageDescriptor"]["Columns"]] == [
        ("date", "date", "the day"),
        ("price", "decimal(10,2)", None),
        ("tags", "array<string>", None),
    ]
    assert [(c["Name"], c["Type"]) for c in table["PartitionKeys"]] == [("year", "string")]
    assert table["Parameters"]["k"] == "v"
    assert "AlreadyExistsException" in athena.refusal(ddl.replace("IF NOT EXISTS ", ""))


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("CREATE TABLE t (a int) LOCATION 's3://b-b/t/'", "FAILED: SemanticException"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET", "FAILED: SemanticException Missing location"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION '/tmp/t'", "FAILED: SemanticException location is not an S3 path"),
        ("CREATE EXTERNAL TABLE t (date string) LOCATION 's3://b-b/t/'", "FAILED: ParseException line 1:25"),
        ("CREATE EXTERNAL TABLE t (a integer) LOCATION 's3://b-b/t/'", "FAILED: ParseException"),
        ("CREATE EXTERNAL TABLE t (a text) LOCATION 's3://b-b/t/'", "FAILED: ParseException line 1:27"),
        ("CREATE EXTERNAL TABLE t (a varchar) LOCATION 's3://b-b/t/'", "FAILED: ParseException line 1:27"),
        ("CREATE EXTERNAL TABLE t (a int,) LOCATION 's3://b-b/t/'", "FAILED: ParseException line 1:30"),
        ("CREATE EXTERNAL TABLE t (a int NOT NULL) LOCATION 's3://b-b/t/'", "FAILED: ParseException"),
        ("CREATE EXTERNAL TABLE \"t\" (a int) LOCATION 's3://b-b/t/'", "FAILED: ParseException line 1:22"),
        ("CREATE EXTERNAL TABLE t (a int) USING parquet LOCATION 's3://b-b/t/'", "FAILED: ParseException"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b-b/t/' LOCATION 's3://b-b/u/'", "FAILED: ParseException"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS ORC LOCATION 's3://b-b/t/'", "NOT_SUPPORTED_LOCALLY: STORED AS ORC"),
        ("DROP TABLE a, b", "FAILED: ParseException"),
        ("ALTER TABLE t RENAME", "FAILED: ParseException"),
        ("SHOW CREATE TABLE t", "NOT_SUPPORTED_LOCALLY: "),
        ("CREATE EXTERNAL TABLE t (a int, A int) LOCATION 's3://b-b/t/'", "FAILED: SemanticException [Error 10036]"),
        (
            "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (a int) LOCATION 's3://b-b/t/'",
            "FAILED: SemanticException [Error 10035]",
        ),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b-b/t/' NONSENSE", "FAILED: ParseException"),
        ("CREATE EXTERNAL TABLE nosuch.t (a int) LOCATION 's3://b-b/t/'", "FAILED: SemanticException [Error 10072]"),
        ("DROP TABLE nosuch", "FAILED: SemanticException [Error 10001]"),
        ("MSCK REPAIR TABLE nosuch", "FAILED: SemanticException [Error 10001]"),
        ("ALTER TABLE nosuch ADD PARTITION (a = '1')", "FAILED: SemanticException [Error 10001]"),
    ],
)
def test_ddl_that_athena_refuses_fails_in_hives_words(athena: Athena, ddl: str, reason: str) -> None:
    assert athena.refusal(ddl).startswith(reason)


def test_repair_adds_the_partitions_found_and_removes_none(athena: Athena) -> None:
    athena.rows(
        "CREATE EXTERNAL TABLE p (a bigint) PARTITIONED BY (year string, month string) "
        f"STORED AS PARQUET LOCATION 's3://{BUCKET}/p/'"
    )
    athena.put("p/year=2020/month=01/x.parquet", parquet_body(a=[1]))
    athena.put("p/year=2020/other/x.parquet", parquet_body(a=[1]))
    printed = athena.rows("MSCK REPAIR TABLE p")
    assert printed[-1] == ["Repair: Added partition to metastore p:year=2020/month=01"]
    athena.s3.delete_object(Bucket=BUCKET, Key="p/year=2020/month=01/x.parquet")
    assert athena.rows("MSCK REPAIR TABLE p") == []
    assert athena.rows("SHOW PARTITIONS p") == [["year=2020/month=01"]]


def test_partitions_are_added_once_and_dropped(athena: Athena) -> None:
    lines_table(athena)
    add = f"ALTER TABLE lines ADD {{}} PARTITION (batch = '1') LOCATION 's3://{BUCKET}/m/1/' PARTITION (batch = '2')"
    athena.rows(add.format(""))
    athena.rows(add.format("IF NOT EXISTS"))
    assert "already exists" in athena.refusal(add.format(""))
    catalog = GlueCatalog(ACCOUNT_ID, REGION)
    assert [(p.values, p.location) for p in catalog.partitions("db", "lines")] == [
        (["1"], f"s3://{BUCKET}/m/1/"),
        (["2"], f"s3://{BUCKET}/lines/batch=2"),
    ]
    athena.rows("ALTER TABLE lines DROP PARTITION (batch = '1')")
    assert athena.rows("SHOW PARTITIONS lines") == [["batch=2"]]


def test_ddl_writes_a_text_result_without_header(athena: Athena) -> None:
    lines_table(athena)
    execution = athena.execution("SHOW TABLES")
    address = execution["ResultConfiguration"]["OutputLocation"]
    assert address.endswith(".txt")
    assert athena.get(address) == b"lines\n"
    assert list(csv.reader(io.StringIO("lines\n"))) == [["lines"]]


def test_the_files_that_ctas_and_insert_wrote_are_listed_with_the_results(athena: Athena) -> None:
    made = athena.execution(f"CREATE TABLE t WITH (external_location = 's3://{BUCKET}/t/') AS SELECT 1 AS x")
    assert made["ResultConfiguration"]["OutputLocation"] == f"{RESULTS}tables/{made['QueryExecutionId']}"
    added = athena.execution("INSERT INTO t SELECT 2")
    assert added["ResultConfiguration"]["OutputLocation"] == f"{RESULTS}{added['QueryExecutionId']}"
    written = []
    for execution in (made, added):
        manifest = execution["Statistics"]["DataManifestLocation"]
        assert manifest == f"{execution['ResultConfiguration']['OutputLocation']}-manifest.csv"
        lines = athena.get(manifest).decode().splitlines()
        assert len(lines) == 1
        written += lines
    assert sorted(written) == [stored.address for stored in ObjectStore(ACCOUNT_ID).list(f"s3://{BUCKET}/t/")]
    assert "DataManifestLocation" not in athena.execution("SELECT x FROM t")["Statistics"]


def test_dropping_an_external_table_keeps_its_objects(athena: Athena) -> None:
    athena.rows(f"CREATE TABLE t WITH (external_location = 's3://{BUCKET}/t/') AS SELECT 1 AS x")
    athena.rows("DROP TABLE IF EXISTS t")
    athena.rows("DROP TABLE IF EXISTS t")
    assert len(list(ObjectStore(ACCOUNT_ID).list(f"s3://{BUCKET}/t/"))) == 1
