"""Many small AWS calls side by side, in threads: boto3 clients are thread-safe and the calls only wait."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

THREADS = 32


def each(function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """`function` of each item, in the items' order. The first exception ends the call; what has not begun is dropped."""
    work = list(items)
    if len(work) < 2:
        return [function(item) for item in work]
    context = contextvars.copy_context()
    with ThreadPoolExecutor(min(THREADS, len(work))) as pool:
        futures = [pool.submit(context.copy().run, function, item) for item in work]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
