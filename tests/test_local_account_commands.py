"""The commands `python -m tests.local_aws run` and `serve`, as a person types them."""

from __future__ import annotations

import csv
import io
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from tests.local_aws.__main__ import main
from tests.local_aws.lake import REPOSITORY

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROWS = "2016-01-04,10,12,9,11,11,100\n2016-01-05,11,13,10,12,12,200\n"
COUNT = "SELECT symbol, count(*) AS days FROM stocks_processed GROUP BY symbol ORDER BY symbol"


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Two files to load, one of them with a bad row, and one to refuse."""
    folder = tmp_path / "prices"
    (folder / "MSFT").mkdir(parents=True)
    (folder / "AAPL_2016.csv").write_text(HEADER + ROWS)
    (folder / "MSFT" / "2016.csv").write_text(HEADER + ROWS + "2016-01-06,1,2,1,none,1,1\n")
    (folder / "bad.csv").write_text("a;b\n1;2\n")
    return folder


def test_run_prints_the_files_the_rejected_rows_and_both_reports(
    prices: Path, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(prices), "--engine", engine]) == 0
    printed = capsys.readouterr()
    for title in ("stocks_loads", "stocks_rejected", "monthly_stock_reporting", "yearly_stock_reporting"):
        assert title in printed.out
    assert "raw/stocks/MSFT/2016.csv" in printed.out and "2016-01-06,1,2,1,none,1,1" in printed.out
    assert "3 files in" in printed.err


def test_run_with_queries_prints_nothing_else_on_stdout(prices: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    empty = "SELECT CAST(NULL AS varchar) AS nothing, 'a,b' AS text"
    assert main(["run", str(prices), "--engine", engine, "--query", COUNT, "--query", empty]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["symbol", "days"], ["AAPL", "2"], ["MSFT", "2"], ["nothing", "text"], ["", "a,b"]]


def test_a_query_that_fails_gives_athenas_reason_and_status_1(
    prices: Path, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(prices), "--engine", engine, "--query", "SELECT * FROM none_such"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and "TABLE_NOT_FOUND" in printed.err


def test_run_writes_the_bucket_as_files(prices: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    arguments = ["run", str(prices), "--engine", engine, "--output", str(output), "--query", COUNT]
    assert main(arguments) == 0
    assert (output / "raw/stocks/AAPL_2016.csv").read_text() == HEADER + ROWS
    manifests = list((output / "processed/stocks/_symlink_format_manifest").glob("year=2016/month=01/manifest"))
    assert len(manifests) == 1 and list((output / "processed/stocks/year=2016/month=01").glob("*.parquet"))
    assert main(arguments) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_an_event_that_was_given_up_makes_status_1(
    prices: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(event: object, context: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("lambda_scripts.lambda_raw_to_processed.lambda_handler", broken)
    assert main(["run", str(prices)]) == 1
    assert re.search(r"gave up an event after 3 attempts: RuntimeError: out of order", capsys.readouterr().err)


@pytest.mark.parametrize("path", ["none-such", "."])
def test_nothing_to_drop_is_wrong_usage(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", path]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path} ")


def test_serve_runs_the_lake_for_clients_until_interrupted(prices: Path, engine: str) -> None:
    command = [sys.executable, "-m", "tests.local_aws", "serve", "--port", "0", "--engine", engine]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            exports = dict(server.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(4))
            assert set(exports) == {
                "AWS_ENDPOINT_URL",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_DEFAULT_REGION",
            }
            session = boto3.Session(
                exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"], region_name=exports["AWS_DEFAULT_REGION"]
            )
            url = exports["AWS_ENDPOINT_URL"]
            s3 = session.client("s3", endpoint_url=url)
            bucket = s3.list_buckets()["Buckets"][0]["Name"]
            s3.upload_file(str(prices / "AAPL_2016.csv"), bucket, "raw/stocks/AAPL_2016.csv")
            deadline = time.monotonic() + 60
            while not _listed(s3, bucket, "reporting/yearly/year=2016/"):
                assert time.monotonic() < deadline, "the yearly report did not come"
                time.sleep(0.2)
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0


def _listed(s3: object, bucket: str, prefix: str) -> int:
    return int(s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])  # type: ignore[attr-defined]
