"""The AWS CLI, PyAthena and awswrangler against `python -m tests.local_aws serve`, as against AWS.

The files are dropped with the CLI; what each client then reads is compared with the oracle's tables.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest

from tests import aws_cli, oracle
from tests.lakes import assert_same
from tests.local_aws import trino_server
from tests.local_aws.account import CREDENTIALS, EngineName
from tests.local_aws.lake import BUCKET, DATABASE, REPOSITORY
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

DROPPED = ("quandl/FB_2012.csv", "AAPL_2012.csv", "GOOG/2004.csv")
RESULTS = f"s3://{BUCKET}/pipeline/athena-results/"
YEARLY = "SELECT * FROM yearly_stock_reporting ORDER BY symbol, year"
NOVEMBER = "processed/stocks/_symlink_format_manifest/year=2012/month=11/manifest"
PRICES = "SELECT symbol, trade_date, close, volume, source, year, month FROM stocks_processed ORDER BY symbol, trade_date"

# awswrangler's own use of pandas.
pytestmark = [
    # test_readers_of_tables has clients on Trino.
    pytest.mark.on_trino(False),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]


@dataclass(frozen=True)
class Served:
    """A lake behind HTTP, its files loaded and reported."""

    process: subprocess.Popen[str]
    environment: Mapping[str, str]
    session: boto3.Session
    expected: oracle.Lake

    def aws(self, *arguments: str) -> str:
        """What an `aws …` command prints. Fails with the command's own words where it fails."""
        done = subprocess.run(
            [str(aws_cli.folder() / "aws"), *arguments],
            cwd=REPOSITORY,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def aws_json(self, *arguments: str) -> Any:
        return json.loads(self.aws(*arguments, "--output", "json"))

    def execution(self, query_id: str) -> Any:
        """The execution, once it has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            execution = self.aws_json("athena", "get-query-execution", "--query-execution-id", query_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            assert time.monotonic() < deadline, f"{query_id} does not end: {execution}"

    def query(self, sql: str) -> list[dict[str, str | None]]:
        """The rows of a query, by the CLI: started, awaited, fetched."""
        query_id = self.aws_json(
            *("athena", "start-query-execution", "--query-string", sql),
            *("--query-execution-context", f"Database={DATABASE}"),
            *("--result-configuration", f"OutputLocation={RESULTS}"),
        )["QueryExecutionId"]
        assert self.execution(query_id)["Status"]["State"] == "SUCCEEDED"
        result = self.aws_json("athena", "get-query-results", "--query-execution-id", query_id)
        names, *rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["ResultSet"]["Rows"]]
        return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def served(engine: EngineName) -> Iterator[Served]:
    """The dropped files' lake. One for all tests: they only read it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAKE_"))}
    # A developer's own profiles must not be met, nor a machine's role be asked for.
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    if engine == "trino":
        environment["TRINO_URL"] = trino_server.shared().url
    command = [sys.executable, "-m", "tests.local_aws", "serve", "--port", "0", "--page-port", "0", "--engine", engine]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(1 + len(CREDENTIALS))]
            assert all(line.startswith("export ") for line in lines), "serve did not start: its own words are on stderr"
            exports = dict(line.strip().removeprefix("export ").split("=", 1) for line in lines)
            assert exports.keys() == {"AWS_ENDPOINT_URL", *CREDENTIALS}
            with pytest.MonkeyPatch.context() as patch:
                for name in [name for name in os.environ if name.startswith("AWS_")]:
                    patch.delenv(name)
                for name, value in exports.items():
                    patch.setenv(name, value)
                lake = Served(server, environment | exports, boto3.Session(), _expected())
                _drop(lake)
                yield lake
        finally:
            server.send_signal(signal.SIGINT)


def _expected() -> oracle.Lake:
    dropped = datetime.now(timezone.utc)
    return oracle.lake(
        [oracle.RawFile(f"raw/stocks/{name}", (REPOSITORY / "dataset" / name).read_bytes(), dropped) for name in DROPPED], BUCKET
    )


def _drop(lake: Served) -> None:
    """Copy the files with one command and wait until the yearly report has all of them."""
    from pyathena import OperationalError

    included = [word for name in DROPPED for word in ("--include", name)]
    lake.aws("s3", "cp", "--recursive", "dataset", f"s3://{BUCKET}/raw/stocks/", "--exclude", "*", *included)
    wanted = [(row["symbol"], row["year"], row["trading_days"]) for row in lake.expected.yearly]
    cursor = _pyathena(lake).cursor()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            found = cursor.execute("SELECT symbol, year, trading_days FROM yearly_stock_reporting ORDER BY 1, 2").fetchall()
        except OperationalError as error:
            if "TABLE_NOT_FOUND" not in str(error) and "SCHEMA_NOT_FOUND" not in str(error):
                raise
            found = []
        if found == wanted:
            return
        assert time.monotonic() < deadline, f"the yearly report has {found}"
        time.sleep(0.5)


def _pyathena(lake: Served, **options: Any) -> Any:
    # Such clients bring pandas: they are imported where they are used, not by each process that collects this file.
    import pyathena

    return pyathena.connect(session=lake.session, s3_staging_dir=RESULTS, schema_name=DATABASE, poll_interval=0.1, **options)


def test_the_cli_queries_athena(served: Served) -> None:
    assert_same(served.query(YEARLY), served.expected.yearly)


def test_the_cli_shows_a_failed_query_with_its_reason(served: Served) -> None:
    query_id = served.aws_json(
        *("athena", "start-query-execution", "--query-string", "SELECT * FROM none_such"),
        *("--query-execution-context", f"Database={DATABASE}", "--result-configuration", f"OutputLocation={RESULTS}"),
    )["QueryExecutionId"]
    status = served.execution(query_id)["Status"]
    assert status["State"] == "FAILED" and "TABLE_NOT_FOUND" in status["StateChangeReason"]


def test_the_cli_shows_a_table_of_the_catalogue(served: Served) -> None:
    table = served.aws_json("glue", "get-table", "--database-name", DATABASE, "--name", "stocks_processed")["Table"]
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("year", "string"), ("month", "string")]
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{BUCKET}/processed/stocks/_symlink_format_manifest/"
    assert [column["Name"] for column in storage["Columns"]][:3] == ["symbol", "trade_date", "open"]


def test_the_cli_lists_the_raw_files_and_the_reports(served: Served) -> None:
    listed = served.aws("s3", "ls", "--recursive", f"s3://{BUCKET}/raw/stocks/").splitlines()
    sizes = {f"raw/stocks/{name}": str((REPOSITORY / "dataset" / name).stat().st_size) for name in DROPPED}
    assert {line.split()[3]: line.split()[2] for line in listed} == sizes
    years = sorted({str(row["year"]) for row in served.expected.yearly})
    folders = served.aws("s3", "ls", f"s3://{BUCKET}/reporting/yearly/").split()
    assert [word for word in folders if word.startswith("year=")] == [f"year={year}/" for year in years]


def test_pyathena_gives_typed_rows(served: Served) -> None:
    cursor = _pyathena(served).cursor().execute(PRICES)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert_equal(rows, served.expected.processed)


def test_pyathena_binds_parameters(served: Served) -> None:
    sql = "SELECT trade_date, close FROM stocks_processed WHERE symbol = ? AND close > ? ORDER BY 1"
    found = _pyathena(served).cursor().execute(sql, parameters=["'FB'", "38e0"], paramstyle="qmark").fetchall()
    assert found == [
        (row["trade_date"], row["close"]) for row in served.expected.processed if row["symbol"] == "FB" and row["close"] > 38
    ]


def test_pyathena_gives_a_data_frame(served: Served) -> None:
    from pyathena.pandas.cursor import PandasCursor

    frame = _pyathena(served, cursor_class=PandasCursor).cursor().execute(YEARLY).as_pandas()
    assert_equal(_records(frame), served.expected.yearly)


@pytest.mark.parametrize("ctas_approach", [True, False])
def test_awswrangler_reads_a_query(served: Served, ctas_approach: bool) -> None:
    import awswrangler

    frame = awswrangler.athena.read_sql_query(
        PRICES, DATABASE, ctas_approach=ctas_approach, s3_output=RESULTS, boto3_session=served.session
    )
    # A table has no order: what CTAS wrote may come back in another.
    rows = sorted(_records(frame), key=lambda row: (row["symbol"], row["trade_date"]))
    assert_equal(rows, served.expected.processed)
    assert not [table for table in _tables(served) if table.startswith("temp_table")]


def test_awswrangler_reads_a_partitions_current_file(served: Served) -> None:
    import awswrangler

    manifest = served.session.client("s3").get_object(Bucket=BUCKET, Key=NOVEMBER)["Body"].read().decode()
    frame = awswrangler.s3.read_parquet(manifest.splitlines(), boto3_session=served.session)
    november = [row for row in served.expected.processed if (row["year"], row["month"]) == ("2012", "11")]
    assert len(november) == 2 * 21
    rows = _records(frame[["symbol", "trade_date", "close", "volume"]])
    rows.sort(key=lambda row: (row["symbol"], row["trade_date"]))
    assert_equal(rows, november)


def test_awswrangler_describes_a_table(served: Served) -> None:
    import awswrangler

    frame = awswrangler.catalog.table(DATABASE, "monthly_stock_reporting", boto3_session=served.session)
    described = {row["Column Name"]: (row["Type"], row["Partition"]) for row in _records(frame)}
    assert described["total_volume"] == ("bigint", False)
    assert described["avg_close_price"] == ("double", False)
    assert described["year"] == ("string", True)


def test_serve_ends_well_when_it_is_interrupted(served: Served) -> None:
    """The last one: nothing is served after it."""
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(PATIENCE_SECONDS) == 0


def assert_equal(rows: Iterable[Mapping[str, Any]], expected: Iterable[Mapping[str, Any]]) -> None:
    """The rows' columns agree with the oracle's of the same names, types included; floats within rounding."""
    rows, expected = list(rows), list(expected)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        for name, value in row.items():
            if isinstance(wanted[name], float):
                assert value == pytest.approx(wanted[name], rel=1e-9, abs=1e-12), (name, row)
            else:
                assert (value, type(value)) == (wanted[name], type(wanted[name])), (name, row)


def _records(frame: Any) -> list[dict[str, Any]]:
    """A data frame's rows, missing values as None."""
    return [
        {name: None if value is None or value != value else value for name, value in row.items()}
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]


def _tables(served: Served) -> list[str]:
    import awswrangler

    return [table["Name"] for table in awswrangler.catalog.get_tables(database=DATABASE, boto3_session=served.session)]
