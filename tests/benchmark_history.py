"""What the load history costs after many batches, for docs/performance.md: `python -m tests.benchmark_history`."""

from __future__ import annotations

import argparse
import time

from rich.console import Console
from rich.table import Table

from tests.lake.test_compaction import AN_HOUR, Records
from tests.lakes import Lake
from tests.local_aws import LocalAccount

HISTORY = "SELECT count(*) AS loads, count_if(is_latest) AS files FROM stocks_load_history"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=10_000)
    asked = parser.parse_args()
    table = Table("stocks_load_history", "objects read", "MB scanned", "seconds", title=f"After {asked.batches:,} batches")
    with LocalAccount("duckdb") as account:
        account.create_lake()
        records = Records(Lake(account))
        records.add(asked.batches, version=1)
        measure(table, records, "an object a batch")
        rounds = 0
        while records.lake.keys("pipeline/compactions/") or not rounds:
            before = len(records.lake.logged("compact the load records"))
            records.compact()
            rounds += 1
            if len(records.lake.logged("compact the load records")) == before:
                records.lake.later(AN_HOUR)  # all that is to be compacted is: what it is made of goes
        measure(table, records, f"compacted, {rounds} batches later")
    Console(width=120).print(table)


def measure(table: Table, records: Records, what: str) -> None:
    objects, before = len(records.objects), records.lake.account.statistics
    start = time.monotonic()
    (counts,) = records.lake.query(HISTORY)
    seconds = time.monotonic() - start
    scanned = records.lake.account.statistics.bytes_scanned - before.bytes_scanned
    assert counts == {"loads": str(len(records.batches)), "files": "2"}, counts
    table.add_row(what, f"{objects:,}", f"{scanned / 1e6:.2f}", f"{seconds:.1f}")


if __name__ == "__main__":
    main()
