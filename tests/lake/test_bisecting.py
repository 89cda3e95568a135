"""A file that makes the engine itself fail is found, refused and named; the rest of its batch is loaded."""

from __future__ import annotations

import gzip
import math
import random

import pytest

from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.file_format import FIRST_RANGE_BYTES
from tests.lakes import Lake, csv, day

GOOD = {f"GOOD{number:02d}.csv": csv(day("2016-01-04", 100 + number)) for number in range(12)}


def packed(symbol: str) -> bytes:
    """A gzip of rows that do not pack well, so that its head is far from its end."""
    chance = random.Random(symbol)
    rows = "".join(f"{symbol},2016-01-{at % 28 + 1:02d},{chance.random() * 1000},5\n" for at in range(10_000))
    content = gzip.compress(("Symbol,Date,Close,Volume\n" + rows).encode())
    assert len(content) > FIRST_RANGE_BYTES + 20_000
    return content


def damaged(symbol: str) -> bytes:
    content = bytearray(packed(symbol))
    content[-10_000:-9_000] = b"\xff" * 1_000
    return bytes(content)


def truncated(symbol: str) -> bytes:
    return packed(symbol)[:-10_000]


def statements(lake: Lake, name: str) -> int:
    return sum(line["statement"] == name for line in lake.logged("athena"))


def test_broken_gzips_are_refused_with_the_engines_message_and_the_others_loaded(lake: Lake) -> None:
    lake.drop(GOOD | {"DAMAGED.csv.gz": damaged("D"), "TRUNCATED.csv.gz": truncated("T")})
    loads = {row["source"]: row for row in lake.loads()}
    for key in ("DAMAGED.csv.gz", "TRUNCATED.csv.gz"):
        assert loads[key]["status"] == "refused"
        reason = loads[key]["reason"] or ""
        assert "HIVE_CURSOR_ERROR: Failed to read file at" in reason and f"/raw/stocks/{key}" in reason
        assert [line["reason"] for line in lake.logged("refused") if line["source"].endswith(key)] == [reason]
    assert {key for key, load in loads.items() if load["status"] == "loaded"} == set(GOOD)
    assert lake.prices() == [(f"GOOD{number:02d}", "2016-01-04", f"{100 + number}.0") for number in range(12)]
    halvings = math.ceil(math.log2(len(loads)))
    assert halvings < statements(lake, "load/parsed_rows") <= 2 * (2 * halvings + 1)


def test_a_file_that_goes_between_look_and_parse_counts_as_gone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"GONE.csv": csv(day("2016-02-01", 50))})
    run = Athena.run

    def run_after_the_file_went(athena: Athena, *statements: Statement) -> list[Finished]:
        if any(statement.name == "load/parsed_rows" for statement in statements):
            lake.account.client("s3").delete_object(Bucket=lake.bucket, Key="raw/stocks/GONE.csv")
        return run(athena, *statements)

    monkeypatch.setattr(Athena, "run", run_after_the_file_went)
    lake.drop(GOOD | {"GONE.csv": csv(day("2016-02-01", 51))})
    assert lake.load_of("GONE.csv")["status"] == "removed"
    assert lake.logged("refused") == []
    assert len(lake.prices()) == len(GOOD)
    assert lake.prices("month = '02'") == []
