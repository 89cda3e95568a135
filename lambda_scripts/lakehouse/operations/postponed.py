"""What AWS refused for now, remembered until a later batch or the action drain gets it done."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .. import log
from ..errors import ConflictError
from ..lake import Lake


def read(lake: Lake, what: str) -> frozenset[str]:
    """The names that are postponed: folders to crawl, data sets to refresh."""
    part = lake.store.read(lake.layout.postponed(what))
    return frozenset(json.loads(part.body)) if part else frozenset()


def write(lake: Lake, what: str, names: Iterable[str]) -> None:
    """Have just these names postponed; where another writer was first, its names stay, and these are logged."""
    key = lake.layout.postponed(what)
    found = lake.store.read(key)
    body = json.dumps(sorted(set(names))).encode()
    if body == (found.body if found else b"[]"):
        return
    try:
        lake.store.swap(key, body, found.etag if found else None)
    except ConflictError as error:
        log.warning("not remembered", what=what, names=json.loads(body), error=str(error))
