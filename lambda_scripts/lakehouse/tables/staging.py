"""Staging: what Athena reads and writes while a batch is under way, made before and removed after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .. import log
from ..lake import Lake
from ..layout import RAW_QUEUE

STAGING_TABLES = ("stocks_staging_lines", "stocks_staging_sources")


def begin(lake: Lake) -> str:
    """A new batch, noted so that the next invocation tidies up after it should this one die."""
    batch = lake.new_batch()
    lake.store.put(lake.layout.staged_note(lake.queue, batch), b"")
    return batch


def describe(lake: Lake, batch: str, paths: Iterable[str], sources: Iterable[Mapping[str, Any]]) -> None:
    """Put a batch as data: the paths whose lines are to be read, and a JSON line for each file that takes part."""
    lines, described = lake.layout.staged_lines(batch), lake.layout.staged_sources(batch)
    lake.store.put(lines, "".join(f"{path}\n" for path in paths).encode())
    lake.store.put(described, json_lines(sources))
    for table, key in zip(STAGING_TABLES, (lines, described), strict=True):
        lake.catalog.register(table, {(batch,): lake.store.uri(lake.layout.folder(key))})


def json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON object a line, without a blank line: a JSON SerDe reads one as a row of NULLs."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def end(lake: Lake, batch: str) -> None:
    """Remove a batch's temporary tables, partitions and objects; the note goes last."""
    prefix = lake.temporary_tables(batch)
    lake.catalog.drop(name for name in lake.catalog.tables() if name.startswith(prefix))
    if lake.queue == RAW_QUEUE:
        for table in STAGING_TABLES:
            lake.catalog.unregister(table, [(batch,)])
    note = lake.layout.staged_note(lake.queue, batch)
    keys = [stored.key for stored in lake.store.objects(lake.layout.staging(lake.queue, batch)) if stored.key != note]
    lake.store.delete(keys)
    lake.store.delete([note])


def tidy(lake: Lake) -> None:
    """Remove what batches left that did not end: an invocation was killed, or failed and will be tried again.

    Rejected rows of a batch without a load record go too: the files are loaded again, and so are their rejected rows.
    """
    for batch in lake.store.folders(lake.layout.staging(lake.queue)):
        with log.timed("tidy up after a batch that did not end", queue=lake.queue, batch=batch):
            if lake.queue == RAW_QUEUE and lake.store.head(lake.layout.load_record(batch)) is None:
                lake.store.delete([stored.key for stored in lake.store.objects(lake.layout.rejected_of(batch))])
            end(lake, batch)
