"""Source records: what the pipeline knows of each raw file, in one small object a file.

A record is written before the first partition of its batch is published. It holds the partitions of the new rows and, as
`before`, those that any earlier version touched. The batch's load record is what commits it: while that is missing, the file
may still have rows in both. A record is replaced only as it was read, and never by an earlier batch.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..aws import parallel
from ..aws.store import Store
from ..errors import Error, LeaseLostError
from ..layout import Layout, Partition
from .load_records import LoadRecords


@dataclass(frozen=True)
class FileHistory:
    """What is known of a raw file. Of one that was never loaded: nothing.

    `recorded_version` is the version whose outcome is on record, None while its batch is not committed. `partitions` may hold
    rows of the file. `rows_batch` is the committed batch whose rows of the file the tables hold, or None. With
    `has_unfinished_load` they may also hold some of a batch that was not committed. `batch` was the last to write the record,
    and `etag` is the record object's.
    """

    recorded_version: str | None = None
    partitions: frozenset[Partition] = frozenset()
    rows_batch: str | None = None
    has_unfinished_load: bool = False
    batch: str | None = None
    etag: str | None = None


class SourceRecords:
    """The records of one lake."""

    def __init__(self, store: Store, layout: Layout, loads: LoadRecords) -> None:
        self._store = store
        self._layout = layout
        self._loads = loads

    def histories(self, keys: Iterable[str]) -> dict[str, FileHistory]:
        """What is known of each of these raw keys."""
        wanted = list(keys)
        records = dict(zip(wanted, parallel.each(self._read, wanted), strict=True))
        committed = self._loads.committed(record["batch"] for record, _ in filter(None, records.values()))
        return {key: _history(*found, committed) if found else FileHistory() for key, found in records.items()}

    def write(
        self,
        key: str,
        batch: str,
        version: str,
        partitions: frozenset[Partition],
        history: FileHistory,
        *,
        changes_rows: bool,
        replaces_rows: bool,
    ) -> None:
        """Put what this batch will have done, in place of the record that `history` was read from.

        `changes_rows` says whether the batch adds or removes rows of the file at all, `replaces_rows` whether the rows that the
        committed load left go. Raises LeaseLostError where a later batch wrote the record, ConflictError where it changed.
        """
        where = self._layout.source_record(key)
        if history.batch is not None and history.batch > batch:
            raise LeaseLostError(f"{self._store.uri(where)} is of the later batch {history.batch}")
        record: dict[str, Any] = {
            "version": version,
            "batch": batch,
            "changes_rows": changes_rows,
            "partitions": sorted(partitions),
            "before": sorted(history.partitions),
            "rows_batch": batch if replaces_rows else history.rows_batch,
            "rows_batch_before": history.rows_batch,
        }
        if self._layout.raw_key_of_source_record(where) is None:
            record["key"] = key
        self._store.swap(where, json.dumps(record).encode(), history.etag)

    def keys(self, prefix: str) -> list[str]:
        """The raw keys under a prefix that have a record."""
        readable = [stored.key for stored in self._store.objects(self._layout.source_records + prefix)]
        hashed = [stored.key for stored in self._store.objects(self._layout.hashed_source_records)]
        keys = [self._layout.raw_key_of_source_record(each) for each in readable]
        keys += [json.loads(part.body).get("key") for part in filter(None, parallel.each(self._store.read, hashed))]
        return [key for key in keys if key and key.startswith(prefix)]

    def _read(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        """The record and its ETag."""
        part = self._store.read(self._layout.source_record(key))
        if part is None:
            return None
        try:
            record = json.loads(part.body)
            _history(record, part.etag, ())
        except (ValueError, KeyError, TypeError) as error:
            raise Error(
                f"{self._store.uri(self._layout.source_record(key))} is not a source record ({error}): restore its earlier "
                "version, or delete it and reprocess everything under raw/"
            ) from error
        return record, part.etag


def _history(record: Mapping[str, Any], etag: str, committed: Collection[str]) -> FileHistory:
    version, batch, changes_rows = record["version"], record["batch"], record["changes_rows"]
    partitions, before = _partitions(record["partitions"]), _partitions(record["before"])
    if batch in committed:
        # Version 1 did not write whose rows there are: a load's own.
        return FileHistory(version, partitions, record.get("rows_batch", batch if changes_rows else None), False, batch, etag)
    return FileHistory(None, partitions | before, record.get("rows_batch_before"), changes_rows, batch, etag)


def _partitions(values: Iterable[Iterable[Any]]) -> frozenset[Partition]:
    return frozenset((str(year), str(month)) for year, month in values)
