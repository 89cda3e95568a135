"""Load records: what a batch made of each of its files. Writing a batch's record is what commits the batch.

    batch of token 7    … publish ─ count ─ put the record, if there is none ─ clear markers
    holder of token 8                     put an empty record, if there is none ─ remove what the batch staged

Whichever put comes first decides. So a batch is committed or aborted once and for all, and nothing of a batch is removed before
nobody can commit it any more. stocks_loads reads an empty record as no rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..aws import parallel
from ..aws.store import Store
from ..errors import ConflictError, LeaseLostError
from ..layout import Layout


class LoadRecords:
    """The records of one lake."""

    def __init__(self, store: Store, layout: Layout) -> None:
        self._store = store
        self._layout = layout

    def commit(self, batch: str, lines: bytes) -> None:
        """Put a batch's record. Raises LeaseLostError where a later holder has aborted the batch."""
        key = self._layout.load_record(batch)
        try:
            self._store.swap(key, lines, None)
        except ConflictError as error:
            raise LeaseLostError(
                f"{self._store.uri(key)} is there: another invocation aborted this batch, and loads its files"
            ) from error

    def abort(self, batch: str) -> bool:
        """See that the batch can't be committed any more; False where it has been."""
        key = self._layout.load_record(batch)
        try:
            self._store.swap(key, b"", None)
        except ConflictError:
            if batch in self.committed([batch]):
                return False
            raise
        return True

    def committed(self, batches: Iterable[str]) -> set[str]:
        """Those of the batches that were committed."""
        asked = sorted(set(batches))
        found = parallel.each(lambda batch: self._store.head(self._layout.load_record(batch)), asked)
        return {batch for batch, record in zip(asked, found, strict=True) if record and record.size}

    def loaded_at(self, batch: str, path: str) -> str | None:
        """When a batch loaded a file, as its record has it: `2026-11-24 06:45:20.000`. None where its record lacks the file."""
        part = self._store.read(self._layout.load_record(batch))
        for line in part.body.decode().splitlines() if part else ():
            record = json.loads(line)
            if record["source"] == path:
                return str(record["loaded_at"])
        return None
