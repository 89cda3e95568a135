"""Load records: what a batch made of each of its files. Writing a batch's record is what commits the batch.

    batch of token 7    … publish ─ count ─ put the record, if there is none ─ copy it into stocks_loads ─ clear markers
    holder of token 8                     put an empty record, if there is none ─ remove what the batch staged

Whichever put comes first decides. So a batch is committed or aborted once and for all, and nothing of a batch is removed before
nobody can commit it any more. What decided is never removed. stocks_loads has copies, which are compacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ..aws import parallel
from ..aws.store import Store
from ..errors import ConflictError, LeaseLostError
from ..layout import Layout


class LoadRecords:
    """The records of one lake. Version 1 wrote them into stocks_loads only; there they commit its batches."""

    def __init__(self, store: Store, layout: Layout) -> None:
        self._store = store
        self._layout = layout

    def commit(self, batch: str, lines: bytes) -> None:
        """Put a batch's record, and publish it. Raises LeaseLostError where a later holder has aborted the batch."""
        key = self._layout.commit(batch)
        try:
            self._store.swap(key, lines, None)
        except ConflictError as error:
            raise LeaseLostError(
                f"{self._store.uri(key)} is there: another invocation aborted this batch, and loads its files"
            ) from error
        self._store.put(self._layout.load_record(batch), lines)

    def publish(self, batch: str) -> None:
        """Put a committed batch's record into stocks_loads, where version 1 has it already; the same again for the same batch."""
        part = self._store.read(self._layout.commit(batch))
        if part is not None:
            self._store.put(self._layout.load_record(batch), part.body)

    def abort(self, batch: str) -> bool:
        """See that the batch can't be committed any more; False where it has been."""
        if batch in self.committed([batch]):
            return False
        try:
            self._store.swap(self._layout.commit(batch), b"", None)
        except ConflictError:
            if batch in self.committed([batch]):
                return False
            raise
        return True

    def committed(self, batches: Iterable[str]) -> set[str]:
        """Those of the batches that were committed."""

        def is_committed(batch: str) -> bool:
            record = self._store.head(self._layout.commit(batch)) or self._store.head(self._layout.load_record(batch))
            return record is not None and record.size > 0

        asked = sorted(set(batches))
        return {batch for batch, found in zip(asked, parallel.each(is_committed, asked), strict=True) if found}

    def keep_commit(self, batch: str, lines: bytes) -> None:
        """See that the batch stays committed once its record is gone from stocks_loads."""
        key = self._layout.commit(batch)
        if self._store.head(key) is None:
            with suppress(ConflictError):
                self._store.swap(key, lines, None)

    def loaded_at(self, batch: str, path: str) -> str | None:
        """When a batch loaded a file, as its record has it: `2026-11-24 06:45:20.000`. None where its record lacks the file."""
        return next((str(record["loaded_at"]) for record in self.records(batch) if record["source"] == path), None)

    def records(self, batch: str) -> list[dict[str, Any]]:
        """What a batch made of each of its files; nothing of one that was not committed."""
        part = self._store.read(self._layout.commit(batch)) or self._store.read(self._layout.load_record(batch))
        # Lines of bytes: a text has further ends of lines, and JSON allows them.
        return [json.loads(line) for line in part.body.splitlines()] if part else []
