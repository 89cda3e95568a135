"""Source records: what each raw file gave, in one small object a file.

A record is written before the first partition of its batch is published, holding the partitions of the new rows and, as
`before`, those that any earlier version touched. The batch's load record is what commits it: while that is missing, the file
may still have rows in both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..aws import parallel
from ..aws.store import Store
from ..errors import Error
from ..layout import Layout, Partition


@dataclass(frozen=True)
class SourceRecord:
    """`version` tells one upload of the file from another; `etag` is the record object's own.

    `changes_rows` is false for a refused version, which leaves alone what the one before gave.
    """

    version: str
    batch: str
    changes_rows: bool
    partitions: frozenset[Partition]
    before: frozenset[Partition]
    etag: str


@dataclass(frozen=True)
class Known:
    """What is known of a file: the version whose outcome is recorded, and the partitions that may hold rows of it.

    Unless `is_settled`, a load that did not end may have published some of a version's rows.
    """

    recorded_version: str | None
    partitions: frozenset[Partition]
    is_settled: bool
    etag: str | None


UNKNOWN = Known(None, frozenset(), True, None)


class SourceRecords:
    """The records of one lake."""

    def __init__(self, store: Store, layout: Layout) -> None:
        self._store = store
        self._layout = layout

    def known(self, keys: Iterable[str]) -> dict[str, Known]:
        """What is known of each of these raw keys."""
        wanted = list(keys)
        records = dict(zip(wanted, parallel.each(self._read, wanted), strict=True))
        batches = sorted({record.batch for record in records.values() if record})
        loads = parallel.each(lambda batch: self._store.head(self._layout.load_record(batch)), batches)
        committed = {batch for batch, load in zip(batches, loads, strict=True) if load}
        return {key: _resolve(record, committed) for key, record in records.items()}

    def write(
        self, key: str, version: str, batch: str, changes_rows: bool, partitions: frozenset[Partition], known: Known
    ) -> None:
        """Put what this batch will have done. Raises ConflictError where another writer has been at the record."""
        record = {
            "version": version,
            "batch": batch,
            "changes_rows": changes_rows,
            "partitions": sorted(partitions),
            "before": sorted(known.partitions),
        }
        self._store.swap(self._layout.source_record(key), json.dumps(record).encode(), known.etag)

    def keys(self, prefix: str) -> list[str]:
        """The raw keys under a prefix that have a record with a readable name."""
        found = self._store.objects(self._layout.source_records + prefix)
        return [self._layout.raw_key_of_source_record(stored.key) for stored in found]

    def _read(self, key: str) -> SourceRecord | None:
        part = self._store.read(self._layout.source_record(key))
        if part is None:
            return None
        try:
            content = json.loads(part.body)
            return SourceRecord(
                content["version"],
                content["batch"],
                content["changes_rows"],
                _partitions(content["partitions"]),
                _partitions(content["before"]),
                part.etag,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Error(
                f"{self._store.uri(self._layout.source_record(key))} is not a source record ({error}): restore its earlier "
                "version, or delete it and reprocess everything under raw/"
            ) from error


def _resolve(record: SourceRecord | None, committed: set[str]) -> Known:
    if record is None:
        return UNKNOWN
    if record.batch in committed:
        return Known(record.version, record.partitions, True, record.etag)
    return Known(None, record.partitions | record.before, not record.changes_rows, record.etag)


def _partitions(values: list[Any]) -> frozenset[Partition]:
    return frozenset((str(year), str(month)) for year, month in values)
