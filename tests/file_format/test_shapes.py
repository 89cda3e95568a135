"""Shapes of files in which a careless reading shows wrong prices: every row that the lake shows is held against the right one.

`shapes/files/` holds the files under the keys that they are dropped at, `shapes/rows.csv` the rows that they must give, and
`shapes/outcomes.csv` what their load records must say.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lakes import Rows, opened
from tests.local_aws.account import EngineName

SHAPES = Path(__file__).parent / "shapes"
VALUES = ("open", "high", "low", "close", "adj_close", "volume")
Table = Mapping[str, Rows]


def table(name: str) -> Rows:
    with open(SHAPES / name, encoding="utf-8", newline="") as stored:
        return list(csv.DictReader(stored))


OUTCOMES = table("outcomes.csv")


@pytest.fixture(scope="module")
def found(engine: EngineName) -> Iterator[Mapping[str, Table]]:
    """The rows of stocks_processed and of stocks_loads, by file."""
    with opened(engine, reports=False) as lake:
        folder = SHAPES / "files"
        files = [path for path in folder.rglob("*") if path.is_file()]
        lake.drop_in_one_event({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
        prefix = f"s3://{lake.bucket}/raw/stocks/"
        tables: dict[str, dict[str, Rows]] = {}
        for name in ("stocks_processed", "stocks_loads"):
            by_file = tables[name] = defaultdict(list)
            for row in lake.query(f"SELECT * FROM {name}"):
                by_file[str(row["source"]).removeprefix(prefix)].append(row)
        yield tables


def test_every_shape_has_its_outcome() -> None:
    files = {path.relative_to(SHAPES / "files").as_posix() for path in (SHAPES / "files").rglob("*") if path.is_file()}
    assert files == {row["file"] for row in OUTCOMES}


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome["file"])
def test_every_row_of_a_shape_is_the_right_one(outcome: Mapping[str, str], found: Mapping[str, Table]) -> None:
    def key(row: Mapping[str, str | None]) -> tuple[str | None, ...]:
        return row["symbol"], row["trade_date"]

    right = {
        key(row): {name: _number(row[name]) for name in VALUES} for row in table("rows.csv") if row["file"] == outcome["file"]
    }
    read = {
        key(row): {name: _number(row[name]) for name in VALUES} for row in found["stocks_processed"].get(str(outcome["file"]), ())
    }
    assert read == right


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome["file"])
def test_the_load_record_of_a_shape_says_what_became_of_it(outcome: Mapping[str, str], found: Mapping[str, Table]) -> None:
    (load,) = found["stocks_loads"][outcome["file"]]
    said = {name: load[name] or "" for name in ("status", "accepted", "superseded", "rejected", "assumed")}
    assert said == {name: outcome[name] for name in said}
    assert outcome["reason"] in (load["reason"] or "")


def _number(text: str | None) -> float | None:
    return float(text) if text else None
