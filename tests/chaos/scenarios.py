"""What lies in the lake, what changes, and what changes after that: tiny files, one scenario for each way a batch can go."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass

from lambda_scripts.lakehouse.file_format import FIRST_RANGE_BYTES
from tests.lakes import csv, day

from .world import Changes


@dataclass(frozen=True)
class Scenario:
    """`before` is settled change after change; `event` is what the handler that is tried works off, `newer` another."""

    name: str
    before: tuple[Changes, ...]
    event: Changes
    newer: Changes


def _file(*rows: str) -> bytes:
    return csv(*rows).encode()


def _of_several(*rows: str) -> bytes:
    return csv(*rows, header="Symbol,Date,Close,Volume").encode()


def _damaged() -> bytes:
    """A gzip that opens well and breaks far behind its head."""
    chance = random.Random(9)
    rows = "".join(f"GZ,2016-01-{at % 28 + 1:02d},5,5,{chance.randbytes(500).hex()}\n" for at in range(200))
    content = bytearray(gzip.compress(("Symbol,Date,Close,Volume,Note\n" + rows).encode()))
    if len(content) < FIRST_RANGE_BYTES + 15_000:
        raise AssertionError("the damage would lie within what is read of a file's head")
    content[-8_000:-7_000] = b"\xff" * 1_000
    return bytes(content)


AAPL = _file(day("2015-12-31", 90), day("2016-01-04", 100), "2016-01-05,1,2,0,,,5", day("2016-02-01", 99))
AAPL_CORRECTED = _file(day("2016-01-04", 101), day("2016-03-01", 102), "2016-01-06,1,2,0,,,5")
AAPL_LATEST = _file(day("2016-01-04", 103), day("2016-02-02", 104), day("2016-02-03", 104), day("2017-01-03", 105))
MSFT = _file(day("2016-01-04", 50))
MSFT_LATEST = _file(day("2016-01-05", 51), day("2016-02-01", 52))
IBM = _file(day("2016-01-04", 70), day("2016-03-01", 71))
MARKET = _of_several("AAPL,2016-01-04,200.5,7", "MSFT,2016-01-04,150,7", "GOOG,2016-02-01,300,7")
LONG = _file(
    *(day(f"{2000 + month // 12}-{month % 12 + 1:02d}-15", 10 + month) for month in range(101)),
    day("2000-01-17", 9),
    day("2000-01-18", 9),
)
LONG_LATEST = _file(day("2000-01-14", 7), day("2003-05-15", 8), day("2003-05-16", 8))
DAMAGED = _damaged()
PACKED = gzip.compress(_of_several("GZ,2016-01-04,5,1", "GZ,2016-04-01,6,1"), mtime=0)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("first load", (), {"AAPL.csv": AAPL}, {"MSFT.csv": MSFT}),
        Scenario(
            "merge",
            ({"AAPL.csv": AAPL, "MSFT.csv": MSFT},),
            {"IBM.csv": IBM, "MARKET.csv": MARKET},
            {"MSFT.csv": MSFT_LATEST},
        ),
        Scenario(
            "corrected file",
            ({"AAPL.csv": AAPL, "MSFT.csv": MSFT, "IBM.csv": IBM},),
            {"AAPL.csv": AAPL_CORRECTED, "IBM.csv": _file()},
            {"AAPL.csv": AAPL_LATEST},
        ),
        Scenario("deleted file", ({"AAPL.csv": AAPL, "MSFT.csv": MSFT},), {"AAPL.csv": None}, {"AAPL.csv": AAPL_LATEST}),
        Scenario(
            "winner deleted",
            ({"AAPL.csv": AAPL, "MSFT.csv": MSFT}, {"MARKET.csv": MARKET}),
            {"MARKET.csv": None},
            {"MSFT.csv": MSFT_LATEST},
        ),
        Scenario("over 100 partitions", ({"MSFT.csv": MSFT},), {"LONG.csv": LONG}, {"LONG.csv": LONG_LATEST}),
        Scenario(
            "halved batch",
            ({"MSFT.csv": MSFT},),
            {"AAPL.csv": AAPL, "BROKEN.csv.gz": DAMAGED, "IBM.csv": IBM},
            {"MSFT.csv": MSFT_LATEST},
        ),
        Scenario(
            "refused version",
            ({"GZ.csv.gz": PACKED, "MSFT.csv": MSFT},),
            {"GZ.csv.gz": DAMAGED},
            {"MSFT.csv": MSFT_LATEST},
        ),
    )
}  # fmt: skip
