"""The commands `python -m tests.local_aws run` and `serve`, as a person types them."""

from __future__ import annotations

import csv
import errno
import io
import re
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from rich.console import Console

from tests.local_aws.__main__ import main
from tests.local_aws.account import EngineName, LocalAccount
from tests.local_aws.lake import REPOSITORY
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS, Invocation
from tests.local_aws.report import FILES, VIEWS, counted, print_tables, unhandled

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROWS = "2016-01-04,10,12,9,11,11,100\n2016-01-05,11,13,10,12,12,200\n"
LONG_NAME = "symbol=GOOGL/prices of the first week of 2016 as the web site of a broker names its downloads.csv"
LONG_ROW = "2016-01-06,1,2,1,1,1,1" + ",1" * 40
REFUSED = "Date,Open,High,Low,Volume\n2016-01-04,10,12,9,100\n"
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
    assert re.match(r"3 files in [\d.]+ s: \d+ invocations, \d+ Athena statements, 1 crawl\n", printed.err)


@pytest.fixture
def broad_lake(engine: EngineName) -> Iterator[LocalAccount]:
    """A lake with a key, a rejected row, a refusal and a list of symbols that are longer than a terminal is wide."""
    symbols = "".join(f"{letter * 4},2016-01-04,1,2,1,2,2,1\n" for letter in string.ascii_uppercase)
    with LocalAccount(engine) as account:
        account.create_lake()
        account.drop(f"raw/stocks/{LONG_NAME}", HEADER + ROWS + LONG_ROW + "\n")
        account.drop("raw/stocks/symbols.csv", "Symbol," + HEADER + symbols)
        account.drop("raw/stocks/refused.csv", REFUSED)
        account.wait_until_idle()
        yield account


def test_a_terminal_goes_without_columns_rather_than_cut_cells(broad_lake: LocalAccount) -> None:
    views = (FILES, *VIEWS)
    key = f"raw/stocks/{LONG_NAME}".replace(" ", "")
    headers = {}
    for width in (20, 80, 110, 160, 250):
        printed = _printed(broad_lake, width)
        tables = _tables(printed)
        headers[width] = [table[0].split() for table in tables]
        for header, view in zip(headers[width], views, strict=True):
            assert header == [name for name in view.columns.split() if name in header or name not in view.spare.split()]
            assert all(name in printed for name in view.columns.split()), "named below the table, if not shown in it"
        assert key in _first_column(tables[0]) and key in _first_column(tables[1])
        assert [line.split()[:3] for line in tables[2][2:4]] == [["AAAA", "2016", "01"], ["BBBB", "2016", "01"]]
        assert width == 20 or max(len(line) for table in tables for line in table) <= width
    assert headers[250] == [view.columns.split() for view in views]
    files, _, monthly, yearly = headers[80]
    assert files == ["source", "status", "rows", "accepted", "rejected"]
    assert monthly == ["symbol", "year", "month", "trading_days", "close_price", "return_pct", "volatility"]
    assert yearly == ["symbol", "year", "close_price", "return_pct", "volatility", "max_drawdown_pct"]


def test_long_records_and_lists_of_symbols_are_cut_with_the_query_that_shows_them(broad_lake: LocalAccount) -> None:
    text = _printed(broad_lake, 250)
    assert LONG_ROW not in text and LONG_ROW[:59] + "…" in text
    assert 'record beyond 60 characters. All of them: --query "SELECT * FROM stocks_rejected' in text
    assert 'symbols beyond 60 characters. All of them: --query "SELECT * FROM stocks_loads' in text


def test_a_refusal_is_printed_whole_with_its_remedy(broad_lake: LocalAccount) -> None:
    (load,) = broad_lake.query("SELECT reason FROM stocks_loads WHERE status = 'refused'")
    assert len(load["reason"] or "") > 80
    assert f"  raw/stocks/refused.csv (refused): {load['reason']}\n" in _printed(broad_lake, 80)
    assert f"  raw/stocks/{LONG_NAME} (loaded): more fields than the header\n" in _printed(broad_lake, 80)


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


def test_an_output_that_cannot_be_written_is_refused_before_the_run(
    prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.local_aws.run.LocalAccount", None)
    (tmp_path / "file").touch()
    for output in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        assert main(["run", str(prices), "--output", str(output)]) == 2
        assert f"error: {output} cannot be written to (" in capsys.readouterr().err


def test_a_disk_that_fills_up_makes_status_1_and_the_tables_are_printed(
    prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, body: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["run", str(prices / "AAPL_2016.csv"), "--output", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "(No space left on device): make room" in printed.err and "yearly_stock_reporting" in printed.out


def test_an_event_that_was_given_up_makes_status_1(
    prices: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(event: object, context: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("lambda_scripts.lambda_raw_to_processed.lambda_handler", broken)
    assert main(["run", str(prices)]) == 1
    assert re.search(r"gave up an event after 3 attempts: RuntimeError: out of order", capsys.readouterr().err)


def test_every_event_that_was_given_up_is_told() -> None:
    letters = [Invocation("load", "id", {}, 1, error={}), Invocation("load", "id", {}, 3)]
    letters.append(Invocation("load", "id", {}, 3, error={"errorType": "KeyError", "errorMessage": ""}))
    assert unhandled(letters) == [
        "load gave up an event after 1 attempt: no error was reported",
        "load gave up an event after 3 attempts: no error was reported",
        "load gave up an event after 3 attempts: KeyError",
    ]


def test_counts_are_written_out() -> None:
    assert [counted(number, "file") for number in (0, 1, 2, 1000)] == ["0 files", "1 file", "2 files", "1,000 files"]


def test_a_file_that_cannot_be_read_is_wrong_usage_before_the_run(
    prices: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("tests.local_aws.run.LocalAccount", None)
    monkeypatch.setattr(Path, "open", refused)
    assert main(["run", str(prices)]) == 2
    assert f"{prices / 'AAPL_2016.csv'} cannot be read (Permission denied): make it readable" in capsys.readouterr().err
    assert main(["run", "x" * 300]) == 2


def test_a_file_that_goes_away_during_the_run_is_named(
    prices: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(path: Path) -> bytes:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "read_bytes", gone)
    assert main(["run", str(prices / "bad.csv")]) == 2
    assert f"error: {prices / 'bad.csv'} cannot be read (No such file or directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", ""], "the path is empty"),
        (["run", "dataset", "--output", ""], "the path is empty"),
        (["serve", "--port", "70000"], "'70000' is not a port: give a number from 0 to 65535"),
        (["serve", "--port", "-1"], "'-1' is not a port"),
        (["serve", "--port", "http"], "'http' is not a port"),
    ],
)
def test_arguments_that_cannot_be_meant_are_wrong_usage(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("path", ["none-such", "."])
def test_nothing_to_drop_is_wrong_usage(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", path]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path} ")


def test_serve_runs_the_lake_for_clients_until_interrupted(prices: Path, engine: str) -> None:
    command = [sys.executable, "-m", "tests.local_aws", "serve", "--port", "0", "--page-port", "0", "--engine", engine]
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
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not _listed(s3, bucket, "reporting/yearly/year=2016/"):
                assert time.monotonic() < deadline, "the yearly report did not come"
                time.sleep(0.2)
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE_SECONDS) == 0


def _listed(s3: object, bucket: str, prefix: str) -> int:
    return int(s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])  # type: ignore[attr-defined]


def _printed(account: LocalAccount, width: int) -> str:
    output = io.StringIO()
    print_tables(account, Console(width=width, file=output))
    return output.getvalue()


def _tables(printed: str) -> list[list[str]]:
    """The lines of each table: its header, a rule, its rows."""
    return [block.splitlines() for block in printed.split("\n\n") if "───" in block]


def _first_column(table: list[str]) -> str:
    """Its cells, one after the other, without the blanks at which they may be folded."""
    end = table[0].index(table[0].split()[1])
    return "".join(line[:end] for line in table).replace(" ", "")
