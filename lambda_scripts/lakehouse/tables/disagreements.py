"""Two files that give the same days otherwise: what shows when a wrong symbol or unit has slipped through.

Adjusted closes that differ alone are of two downloads, before and after a dividend or split: returns from a day of the one to a
day of the other compare them all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from ..aws.athena import Row
from ..aws.sql import Statement, render
from ..layout import Partition, months


def statement(batch: str, parsed: str, partitions: Collection[Partition]) -> Statement:
    """The statement that finds which files of the batch disagree with others in these partitions; to be run before the merge."""
    return render("load/disagreements", parsed=parsed, batch=batch, **months(partitions))


def phrases(rows: Iterable[Row]) -> dict[str, list[str]]:
    """What to add to the load record of each file, by path; each pair is mentioned in both."""
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        winner, loser, factor = str(row["winner"]), str(row["loser"]), float(row["factor"] or 1)
        common = f"on {row['differing']} of {row['days']} days in common"
        said[winner].append(f"{row['what']} differ from those of {loser} {common}, median factor {factor:.4g}")
        said[loser].append(f"{row['what']} differ from those of {winner} {common}, median factor {1 / factor:.4g}")
    return said
