"""One file of each source, dropped together: the table of what becomes of them.

`sources/` holds a small file in the true shape of each source, with values of our own; `sources/expected.csv` says
under which key it is dropped, what its load record must say, and the first day's open and close of its first symbol.
"""

import csv
from pathlib import Path

import pytest

from tests.lakes import Lake

SOURCES = Path(__file__).parent / "sources"
COLUMNS = ("status", "rows", "accepted", "rejected", "symbols", "first_date", "last_date")


@pytest.mark.reports(False)
def test_files_of_every_source_are_loaded_or_refused_as_expected(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    with open(SOURCES / "expected.csv", encoding="utf-8", newline="") as table:
        expected = {row["dropped_as"]: row for row in csv.DictReader(table)}
    lake.drop_in_one_event({key: (SOURCES / row["source"]).read_bytes() for key, row in expected.items()})
    prefix = f"s3://{lake.bucket}/raw/stocks/"
    loads = {(row["source"] or "").removeprefix(prefix): row for row in lake.query("SELECT * FROM stocks_loads")}
    assert loads.keys() == expected.keys()
    with capsys.disabled():
        print()
        print("source".ljust(28), *(column.ljust(10) for column in COLUMNS))
        for key, row in expected.items():
            print(row["source"].ljust(28), *(str(loads[key][column] or "").ljust(10) for column in COLUMNS))
    for key, row in expected.items():
        assert {column: loads[key][column] or "" for column in COLUMNS} == {column: row[column] for column in COLUMNS}, key
        assert row["reason"] in (loads[key]["reason"] or ""), key
    first_days = {row["symbols"].split(",")[0]: row for row in expected.values() if row["symbols"]}
    prices = lake.query("SELECT symbol, open, close FROM stocks_processed WHERE trade_date = DATE '2016-01-04'")
    found = {day["symbol"]: (day["open"], day["close"]) for day in prices}
    assert first_days.keys() <= found.keys()
    for symbol, row in first_days.items():
        assert tuple(map(_cents, found[symbol])) == (row["first_open"], row["first_close"]), row["source"]


def _cents(price: str | None) -> str:
    return f"{float(price):.2f}" if price else ""
