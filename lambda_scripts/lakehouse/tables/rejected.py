"""Rejected rows: what stocks_rejected holds, Parquet files that each batch adds and that nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .. import log
from ..aws.sql import Statement, render
from ..lake import Lake
from ..layout import RAW_QUEUE


def statement(lake: Lake, batch: str, parsed: str, loaded_at: datetime) -> Statement:
    """The CTAS that gathers a batch's rejected rows from its parsed table."""
    return render(
        "load/rejected_rows",
        table=lake.temporary_table(batch, "rejected"),
        location=lake.store.uri(lake.layout.staged_output(RAW_QUEUE, batch, "rejected")),
        parsed=parsed,
        batch=batch,
        loaded_at=loaded_at,
    )


def publish(lake: Lake, batch: str, paths: Sequence[str]) -> None:
    """Copy the files that a committed batch's statement wrote into the table; the same again for the same batch.

    Where one is neither there to be copied nor has been, the batch's files with rejected rows are marked to be loaded again.
    """
    targets = {lake.layout.rejected(batch, number): lake.store.key(path) for number, path in enumerate(paths)}
    lost = [target for target, staged in targets.items() if not lake.store.copy(staged, target) and not lake.store.head(target)]
    if lost:
        log.warning("rejected rows were removed before they were published; their files are loaded again", batch=batch, lost=lost)
        again = (record["source"] for record in lake.loads.records(batch) if record["rejected"])
        lake.inbox.add_again((lake.store.key(source) for source in again), batch)
