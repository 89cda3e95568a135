"""Compaction of stocks_loads: small objects become one, so that a query of years of loads reads a few hundred objects.

    put one object with the lines of all ─ note which those are ┄ an hour, for queries under way ┄ delete those ─ delete the note

Every step can be repeated, and none needs the lease. An object goes only under a note, and a note is put only after the object
that has its lines: whatever happens, each line stands in one object at least. While it stands in two, stocks_load_history takes
it once. A query that has just listed an object when that goes fails, and can be run again. An object's name is the hash of its
sorted lines, so that an object goes only for one with more of them: no two can replace each other, whoever compacts what.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta

from .. import log
from ..aws import parallel
from ..aws.store import Stored
from ..lake import Lake

# Reading this many objects takes two or three seconds longer than reading one; a batch a minute makes them in three hours.
COMPACT_FROM = 200

# The most that one batch compacts: an old lake may have tens of thousands.
OBJECTS_AT_ONCE = 500

# Larger objects stay as they are: some 50 a year, with a batch each minute.
SMALL_BYTES = 512 * 1024


def compact(lake: Lake) -> None:
    """Compact once there are enough small objects, and delete those that were compacted longer ago than a query can take.

    Requests: two listings and a read for each note; when it compacts, at most 1,000 and a few more.
    """
    lake.deadline.check("compact the load records")
    notes = list(lake.store.objects(lake.layout.compactions))
    compacted = dict(zip(notes, parallel.each(lambda note: _noted(lake, note), notes), strict=True))
    expired = lake.clock.now() - timedelta(seconds=lake.config.retention_seconds)
    for note, keys in compacted.items():
        if note.modified < expired:
            lake.store.delete(keys)
            lake.store.delete([note.key])
    gone = {key for keys in compacted.values() for key in keys}
    small = [each for each in lake.store.objects(lake.layout.loads) if 0 < each.size < SMALL_BYTES and each.key not in gone]
    if len(small) >= COMPACT_FROM:
        with log.timed("compact the load records", objects=len(small)) as found:
            found["compacted"] = _compact(lake, small[:OBJECTS_AT_ONCE])


def _noted(lake: Lake, note: Stored) -> list[str]:
    part = lake.store.read(note.key)
    return [str(key) for key in json.loads(part.body)] if part else []


def _compact(lake: Lake, objects: Sequence[Stored]) -> int:
    """Put one object in the place of these; of how many."""
    bodies = dict(zip(objects, parallel.each(lambda stored: _lines(lake, stored), objects), strict=True))
    lines = b"".join(line + b"\n" for line in sorted({line for body in bodies.values() if body for line in body.splitlines()}))
    name = hashlib.sha256(lines).hexdigest()[:32]
    target = lake.layout.compacted_loads(name)
    lake.store.put(target, gzip.compress(lines, mtime=0))
    replaced = [stored.key for stored, body in bodies.items() if body and stored.key != target]
    lake.store.put(lake.layout.compaction(name), json.dumps(replaced).encode())
    return len(replaced)


def _lines(lake: Lake, stored: Stored) -> bytes | None:
    """The records in an object of stocks_loads; None where it is gone. What one of them commits stays committed without it."""
    part = lake.store.read(stored.key)
    if part is None:
        return None
    batch = lake.layout.batch_of_load_record(stored.key)
    if batch is None:
        return gzip.decompress(part.body)
    lake.loads.keep_commit(batch, part.body)
    return part.body
