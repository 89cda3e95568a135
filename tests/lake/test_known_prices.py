"""Known prices, written in every way that people write them: they come out as they are, or it is said, or the file is refused.

A drop holds many files, each of a symbol of its own, so that hundreds of examples take a few parse statements.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.lake.writings import Price, Writing, writings
from tests.lakes import Lake

FILES = 150


def known_files(count: int) -> list[Writing]:
    """So many files, the same in every run, each of a symbol of its own."""
    found: list[Writing] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        found.append(data.draw(writings(f"S{len(found):03d}X")))

    collect()
    return found


@pytest.mark.reports(False)
def test_what_is_loaded_are_the_known_prices_or_it_is_said(lake: Lake) -> None:
    files = known_files(FILES)
    lake.drop_in_one_event({writing.name: writing.content for writing in files})
    loads = {str(row["source"]): row for row in lake.query(LOADS)}
    shown: dict[str, dict[date, Price]] = {}
    for row in lake.query(PRICES):
        day = date.fromisoformat(str(row["trade_date"]))
        shown.setdefault(str(row["symbol"]), {})[day] = price(day, row)
    ends: dict[str, list[str]] = {"right": [], "assumed": [], "refused": [], "wrong": []}
    for writing in files:
        load = loads[f"s3://{lake.bucket}/raw/stocks/{writing.name}"]
        end = judged(writing, load, shown.get(writing.symbol, {}))
        ends[end].append(f"{load['reason']}; {load['assumed']}\n{writing!r}")
    print(", ".join(f"{len(files)} {end}" for end, files in ends.items()))
    print("\n".join(sorted({told.partition("\n")[0][:150] for told in ends["refused"]})))
    assert not ends["wrong"], f"{len(ends['wrong'])} wrong:\n" + "\n".join(ends["wrong"][:5])
    assert len(ends["refused"]) < 0.2 * len(files) and len(ends["right"]) > 0.6 * len(files)


LOADS = "SELECT source, status, rows, accepted, rejected, reason, assumed FROM stocks_load_history WHERE is_latest"
PRICES = "SELECT symbol, trade_date, open, high, low, close, adj_close, volume FROM stocks_processed"


def price(day: date, row: dict[str, str | None]) -> Price:
    def number(name: str) -> float | None:
        return None if row[name] is None else float(str(row[name]))

    volume = number("volume")
    close = number("close")
    assert close is not None
    return Price(
        day, number("open"), number("high"), number("low"), close, number("adj_close"), None if volume is None else int(volume)
    )


def judged(writing: Writing, load: dict[str, Any], shown: dict[date, Price]) -> str:
    """right, refused, assumed (what differs is said), or wrong."""
    known = {day.day: day for day in writing.prices}
    if load["status"] == "refused":
        return "refused" if not shown else "wrong"
    if shown == known:
        return "right"
    assumed = str(load["assumed"] or "")
    if {day.replace(day=day.month, month=day.day) if day.day < 13 else day for day in known} == set(shown) and "day" in assumed:
        return "assumed"
    return "wrong"
