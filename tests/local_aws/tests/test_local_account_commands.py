"""The commands `python -m tests.local_aws run` and `serve`, as a person types them; test_real_clients.py has serve at work."""

from __future__ import annotations

import csv
import errno
import io
import re
from pathlib import Path

import pytest

from tests.local_aws.__main__ import main
from tests.local_aws.lambda_runtime import Invocation
from tests.local_aws.report import counted, unhandled

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
    assert re.match(r"3 files in [\d.]+ s: \d+ invocations, \d+ Athena statements, 1 crawl\n", printed.err)


@pytest.mark.on_trino(False)
def test_a_query_that_fails_gives_athenas_reason_and_status_1(
    prices: Path, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(prices / "bad.csv"), "--engine", engine, "--query", "SELECT * FROM none_such"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and "TABLE_NOT_FOUND" in printed.err


@pytest.mark.on_trino(False)
def test_run_writes_the_bucket_as_files_and_prints_nothing_but_the_queries_on_stdout(
    prices: Path, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, empty = tmp_path / "out", "SELECT CAST(NULL AS varchar) AS nothing, 'a,b' AS text"
    arguments = ["run", str(prices), "--engine", engine, "--output", str(output), "--query", COUNT, "--query", empty]
    assert main(arguments) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["symbol", "days"], ["AAPL", "2"], ["MSFT", "2"], ["nothing", "text"], ["", "a,b"]]
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
