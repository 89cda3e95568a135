"""botocore's pauses before it makes a refused call once more, cut short: no service of the account is relieved by them."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import botocore.endpoint

from .seams import Seams

LONGEST_SECONDS = 0.02


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    seams.replace(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, LONGEST_SECONDS))))
    return seams.restore
