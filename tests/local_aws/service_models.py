"""botocore's descriptions of AWS's services, a megabyte each: read once a process, not by each of its sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import botocore.session
from botocore.loaders import create_loader

from .seams import Seams

# moto has a loader of its own, and must: botocore changes some of what it has read.
_shared_loader = cache(create_loader)


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    seams.replace(botocore.session, "create_loader", _shared_loader)
    return seams.restore
