"""Staging: what Athena reads and writes while a batch is under way, made before and removed after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .. import log
from ..errors import ParseFailedError, StillRunningError
from ..lake import Lake
from ..layout import RAW_QUEUE, batch_of
from . import attempts, rejected
from .attempts import Attempt

STAGING_TABLES = ("stocks_staging_lines", "stocks_staging_sources")

# A reader of a manifest takes its files one after another, and its partitions at the same time: "should not exceed 1000 files …
# for each partition", says https://docs.delta.io/latest/presto-integration.html of this very way of reading.
FILES_PER_MANIFEST = 1_000


def begin(lake: Lake, keys: Sequence[str] = ()) -> str:
    """A new batch, noted so that the next holder tidies up after it should this one die, and knows its files."""
    batch = lake.lease.new_batch()
    write_note(lake, batch, {"files": list(keys)} if keys else {})
    return batch


@contextmanager
def excused(lake: Lake, batch: str) -> Iterator[None]:
    """Where the block raises, take the batch's files from its note: no file is to blame for an error that can be raised.

    A parse that failed, or still runs, has its own attempt on record.
    """
    try:
        yield
    except (ParseFailedError, StillRunningError):
        raise
    except Exception:
        if note := read_note(lake, batch):
            write_note(lake, batch, {name: value for name, value in note.items() if name != "files"})
        attempts.remove(lake, [batch])  # which a holder that took this one for dead may have put
        raise


def write_note(lake: Lake, batch: str, note: Mapping[str, Any]) -> None:
    """Put what the next holder must know of the batch to tidy up after it."""
    lake.store.put(lake.layout.staged_note(lake.queue, batch), json.dumps(note).encode())


def read_note(lake: Lake, batch: str) -> dict[str, Any]:
    """What `write_note` put last; of a batch without a note, and of version 1: nothing."""
    part = lake.store.read(lake.layout.staged_note(lake.queue, batch))
    note: dict[str, Any] = json.loads(part.body) if part and part.body else {}
    return note


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
    """Remove a batch's temporary tables, partitions and objects, by what there is; the note goes last."""
    tables = [name for name in lake.catalog.tables() if lake.layout.batch_of_temporary_table(lake.queue, name) == batch]
    lake.catalog.drop(tables)
    note = lake.layout.staged_note(lake.queue, batch)
    keys = [stored.key for stored in lake.store.objects(lake.layout.staging(lake.queue, batch)) if stored.key != note]
    if lake.queue == RAW_QUEUE:
        for table in STAGING_TABLES:
            lake.catalog.unregister(table, [(value,) for (value,) in lake.catalog.partitions(table) if batch_of(value) == batch])
        keys += [key for key, its_batch in _stored_partitions(lake) if its_batch == batch]
    lake.store.delete(keys)
    lake.store.delete([note])


def end_unused(lake: Lake, batch: str) -> None:
    """Remove the note of a batch for which nothing was staged."""
    lake.store.delete([lake.layout.staged_note(lake.queue, batch)])


def _stored_partitions(lake: Lake) -> list[tuple[str, str]]:
    """Each object of the staging tables that is of a batch, with the batch."""
    found = [
        (stored.key, lake.layout.batch_of_staging_partition(stored.key))
        for stored in lake.store.objects(lake.layout.staging_tables)
    ]
    return [(key, batch) for key, batch in found if batch]


def tidy(lake: Lake) -> list[Attempt]:
    """Remove what batches of earlier holders left: invocations were killed, or failed, or their statements outlived them.

    It goes by what is there, and by batch ids alone. A batch that is not committed is aborted first: whoever still works on it
    can't commit it any more, so that nothing of a live batch goes. Of one that is committed what was left to do is done. Returns
    the attempts that were on record before.
    """
    known = attempts.read(lake) if lake.queue == RAW_QUEUE else []
    waited_for = {attempt.staged for attempt in known if attempt.is_running}
    for batch in sorted(batch for batch in _batches_left(lake) if batch < lake.lease.first_batch):
        with log.timed("tidy up after a batch that did not end", queue=lake.queue, batch=batch) as found:
            if lake.queue == RAW_QUEUE:
                found["committed"] = not lake.loads.abort(batch)
                note = read_note(lake, batch)
                if found["committed"]:
                    lake.loads.publish(batch)
                    rejected.publish(lake, batch, note.get("rejected", ()))
                else:
                    lake.store.delete([stored.key for stored in lake.store.objects(lake.layout.rejected_of(batch))])
                    if "files" in note and all(attempt.batch != batch for attempt in known):
                        attempts.put_died(lake, batch, note["files"])
            if batch in waited_for:
                continue
            end(lake, batch)
    return known


def _batches_left(lake: Lake) -> set[str]:
    """The batches of this queue of which something is left: objects, temporary tables, partitions of the staging tables."""
    found = {batch_of(name) for name in lake.store.folders(lake.layout.staging(lake.queue))}
    found |= {lake.layout.batch_of_temporary_table(lake.queue, name) for name in lake.catalog.tables()}
    if lake.queue == RAW_QUEUE:
        for table in STAGING_TABLES:
            found |= {batch_of(value) for (value,) in lake.catalog.partitions(table)}
        found |= {batch for _, batch in _stored_partitions(lake)}
    return {batch for batch in found if batch}
