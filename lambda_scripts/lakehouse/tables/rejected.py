"""Rejected rows: what stocks_rejected holds, Parquet files that each batch adds and that nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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

    A file that is gone has been copied: staging is removed only after that.
    """
    for number, path in enumerate(paths):
        lake.store.copy(lake.store.key(path), lake.layout.rejected(batch, number))
