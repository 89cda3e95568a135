"""Staging: what Athena reads and writes while a batch is under way, made before and removed after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import log
from ..lake import Lake
from ..layout import RAW_QUEUE

STAGING_TABLES = {"stocks_staging_lines": "lines", "stocks_staging_sources": "sources"}

# A reader of a manifest takes its files one after another, and its partitions at the same time: "should not exceed 1000 files …
# for each partition", says https://docs.delta.io/latest/presto-integration.html of this very way of reading.
FILES_PER_MANIFEST = 1_000


def begin(lake: Lake) -> str:
    """A new batch, noted so that the next invocation tidies up after it should this one die."""
    batch = lake.new_batch()
    lake.store.put(lake.layout.staged_note(lake.queue, batch), b"")
    return batch


def describe(lake: Lake, batch: str, paths: Sequence[str], sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Put a batch as data: the paths whose lines are to be read, and a JSON line for each file that takes part.

    Returns the partitions of stocks_staging_lines that hold the paths, a manifest each.
    """
    lines, described = lake.layout.staging_partition, lake.layout.staging_partition("sources", batch)
    parts = {
        f"{batch}-{number}": paths[start : start + FILES_PER_MANIFEST]
        for number, start in enumerate(range(0, max(1, len(paths)), FILES_PER_MANIFEST))
    }
    for part, named in parts.items():
        lake.store.put(lines("lines", part) + "manifest", "".join(f"{path}\n" for path in named).encode())
    lake.store.put(described + "sources.jsonl", json_lines(sources))
    lake.catalog.register("stocks_staging_lines", {(part,): lake.store.uri(lines("lines", part)) for part in parts})
    lake.catalog.register("stocks_staging_sources", {(batch,): lake.store.uri(described)})
    return list(parts)


def json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON object a line, without a blank line: a JSON SerDe reads one as a row of NULLs."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def end(lake: Lake, batch: str) -> None:
    """Remove a batch's temporary tables, partitions and objects; the note goes last."""
    prefix = lake.temporary_tables(batch)
    lake.catalog.drop(name for name in lake.catalog.tables() if name.startswith(prefix))
    if lake.queue == RAW_QUEUE:
        _remove_partitions(lake, batch)
    note = lake.layout.staged_note(lake.queue, batch)
    keys = [stored.key for stored in lake.store.objects(lake.layout.staging(lake.queue, batch)) if stored.key != note]
    lake.store.delete(keys)
    lake.store.delete([note])


def _remove_partitions(lake: Lake, batch: str) -> None:
    """Remove a batch's partitions of the staging tables, by what there is: registered, or just stored."""
    for table, name in STAGING_TABLES.items():
        folder = lake.layout.staging_partition(name, batch)[:-1]
        stored = [found.key for found in lake.store.objects(folder)]
        begins = lake.store.uri(folder)
        registered = [location for location in lake.catalog.partition_locations(table) if location.startswith(begins)]
        values = {place.rstrip("/").rpartition("batch=")[2] for place in registered}
        lake.catalog.unregister(table, [(value,) for value in values])
        lake.store.delete(stored)


def tidy(lake: Lake) -> None:
    """Remove what batches left that did not end: an invocation was killed, or failed and will be tried again.

    Rejected rows of a batch without a load record go too: the files are loaded again, and so are their rejected rows.
    """
    for batch in lake.store.folders(lake.layout.staging(lake.queue)):
        with log.timed("tidy up after a batch that did not end", queue=lake.queue, batch=batch):
            if lake.queue == RAW_QUEUE and lake.store.head(lake.layout.load_record(batch)) is None:
                lake.store.delete([stored.key for stored in lake.store.objects(lake.layout.rejected_of(batch))])
            end(lake, batch)
