"""botocore's descriptions of AWS's services, a megabyte each: read once a process, for all of its sessions and accounts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import botocore.session
from botocore.loaders import Loader, create_loader

from .seams import Seams

# moto has a loader of its own, and must: botocore changes some of what it has read.
_created = cache(create_loader)


def _shared_loader(search_path_string: str | None = None) -> Loader:
    loader = _created(search_path_string)
    # Each session of boto3 appends its folder.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return loader


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    seams.replace(botocore.session, "create_loader", _shared_loader)
    return seams.restore
