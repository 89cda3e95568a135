"""What a check finds out by a trial load: each way in which an account may read files otherwise, named with what it means."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from lambda_scripts.lakehouse.operations import check, samples
from tests.lakes import Lake, act, csv, one_odd_key
from tests.local_aws import quirks
from tests.local_aws.engine import Statement

BROKEN = {
    "carriage returns are text": (check.LINES, "carriage-returns.csv: ", "this Athena reads carriage returns as text"),
    "line feeds alone end lines": (check.LINES, "carriage-returns-and-line-feeds.csv: ", "line ends of Windows (CR LF)"),
    "first lines are headers": (check.LINES, f"line-feeds.csv: {samples.HEADER!r} is missing", "do not load anything"),
    "last lines need an end": (check.LINES, "no-last-line-end.csv: 'NOEND,2016-02-01", "let files end in one"),
    "byte order marks become question marks": (check.LINES, "byte-order-mark.csv: ", "save them as UTF-8 without one"),
    "gzip is not unpacked": (check.LINES, "packed.csv.gz: ", "unpack them before they are dropped"),
    "line feeds in properties are backslashes": (check.LINES, "backslashes.csv: ", "'SLASH,C:' is there instead"),
    "null marks are read": (check.LINES, "null-marks.csv: ", r"a line \N is read as no line at all"),
    "quotes are dropped": (check.LINES, "quotes.csv: ", "quoted numbers with commas are read wrongly"),
    "paths are encoded": (check.LINES, '"$path" is URL-encoded', "name files and folders with letters, digits, - and _"),
    "manifests are decoded": (check.LINES, "HIVE_FILE_NOT_FOUND", "name files and folders with letters, digits, - and _"),
    "text needs sequence files": (check.LINES, "this Athena can't read text through symlink manifests", "not a SequenceFile"),
    "text is not found": (check.LINES, "this Athena can't read text through symlink manifests", "it reads no line at all"),
    "emptied partitions fail": (check.CHANGES, "HIVE_BAD_DATA", "an emptied partition can't be read"),
    "files are read as they first were": (check.CHANGES, "replaced.csv", "a correction would not come through"),
}


def lines(lake: Lake) -> dict[str, dict[str, Any]]:
    return {line["check"]: line for line in act(lake, action="check")["checks"]}


@pytest.mark.duckdb_only("a real Trino can't be broken")
@pytest.mark.parametrize("quirk", BROKEN)
def test_a_check_names_what_an_account_reads_otherwise_and_what_that_means(lake: Lake, quirk: str) -> None:
    line, first, meaning = BROKEN[quirk]
    with quirks.switched_on(quirk), one_odd_key():
        found = lines(lake)
    wrong = [name for name, each in found.items() if not each["ok"] and each["fix"] != check.FIRST]
    assert wrong == [line]
    assert first in found[line]["found"] and meaning in found[line]["found"]
    assert lake.keys("pipeline/check/") == []


def emptied(lake: Lake, table: str) -> None:
    """Have the partitions of a table of the trial name no file."""
    for key in lake.keys("pipeline/check/"):
        if f"/{table}/" in key and key.endswith("/manifest"):
            lake.account.client("s3").put_object(Bucket=lake.bucket, Key=key, Body=b"")


def set_back(lake: Lake, folder: str) -> None:
    """Have a partition of the trial name the file that it named first."""
    keys = [key for key in lake.keys("pipeline/check/") if f"/{folder}/" in key]
    (manifest,) = (key for key in keys if key.endswith("/manifest"))
    first = min(key for key in keys if key.endswith(".parquet"))
    lake.account.client("s3").put_object(Bucket=lake.bucket, Key=manifest, Body=f"s3://{lake.bucket}/{first}\n".encode())


def miscounted(lake: Lake) -> None:
    """Have the load records of the trial count no rejected line."""
    for key in lake.keys("pipeline/check/"):
        if "/pipeline/loads/" in key:
            counted = lake.body(key).replace(b'"rejected": 1', b'"rejected": 0')
            lake.account.client("s3").put_object(Bucket=lake.bucket, Key=key, Body=counted)


@pytest.mark.on_trino(False)
@pytest.mark.parametrize(
    ("asked", "nth", "tamper", "line", "found"),
    [
        ("FROM stocks_load_history", 1, miscounted, check.LOAD, "where {'rows': "),
        (" AS data_file", 1, partial(emptied, table="processed/stocks"), check.LOAD, "stocks_processed, of line-feeds.csv: "),
        (" AS data_file", 2, partial(set_back, folder="year=2017/month=03"), check.CHANGES, "still has rows of s3://"),
        ("FROM monthly_stock_reporting", 1, partial(emptied, table="monthly"), check.REPORTS, "monthly_stock_reporting: "),
        ("FROM yearly_stock_reporting", 1, partial(emptied, table="yearly"), check.REPORTS, "yearly_stock_reporting: "),
    ],
    ids=["loads", "prices", "a stranger", "months", "years"],
)
def test_a_check_names_a_table_that_does_not_hold_what_was_loaded(
    lake: Lake, asked: str, nth: int, tamper: Callable[[Lake], None], line: str, found: str
) -> None:
    times = itertools.count(1)

    def tamper_before(statement: Statement, targets: Sequence[str]) -> None:
        if asked in statement.sql and next(times) == nth:
            tamper(lake)

    lake.account.interference.add(tamper_before)
    with one_odd_key():
        wrong = {name: each for name, each in lines(lake).items() if not each["ok"] and each["fix"] != check.FIRST}
    assert list(wrong) == [line] and found in wrong[line]["found"]


@pytest.mark.reports(False)
@pytest.mark.duckdb_only("a real Trino can't be broken")
def test_a_check_says_which_keys_an_account_can_read(lake: Lake) -> None:
    *taken, refused = samples.ODD_KEYS
    with quirks.switched_on("byte order marks stay"):  # the parse takes off what a reader leaves
        found = lines(lake)
    assert [name for name, line in found.items() if not line["ok"]] == []
    assert found[check.ODD_KEYS]["found"] == (
        f"read: {', '.join(taken)}; read, but refused by a load, since Athena documents otherwise: {refused}"
    )
    lake.drop_in_one_event({name: csv("LF,2016-01-04,100", header="Symbol,Date,Close") for name in samples.ODD_KEYS})
    assert {row["source"]: row["status"] for row in lake.loads()} == dict.fromkeys(taken, "loaded") | {refused: "refused"}
    with quirks.switched_on("patterns fail"):
        found = lines(lake)
    assert found[check.ODD_KEYS]["ok"] and found[check.REPORTS]["ok"]
    assert "not read, so that such files are refused: odd/a[1]b.csv (HIVE_FILESYSTEM_ERROR" in found[check.ODD_KEYS]["found"]
    assert found[check.ODD_KEYS]["found"].count("(HIVE_") == len(samples.ODD_KEYS)


def test_every_quirk_is_tried() -> None:
    assert set(quirks.QUIRKS) == {*BROKEN, "byte order marks stay", "patterns fail"}
