"""Replacing attributes of moto's classes and modules while an account is open, and putting them back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

from moto import backends


class Seams(ExitStack):
    """Attributes replaced so far; `restore` undoes them, the last one first."""

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        self.enter_context(mock.patch.object(owner, name, replacement, create=True))

    restore = ExitStack.close


def on_first_use(service: str, install: Callable[[], Callable[[], None]]) -> Callable[[], None]:
    """Have `install` replace attributes once a request for that service of moto comes. Returns the callable that undoes both."""
    seams, undo, lock = Seams(), list[Callable[[], None]](), threading.Lock()
    get_backend: Any = backends.get_backend

    def get_backend_installed(name: str) -> Any:
        if name == service:
            with lock:
                if not undo:
                    undo.append(install())
        return get_backend(name)

    def restore() -> None:
        seams.restore()
        for each in undo:
            each()

    seams.replace(backends, "get_backend", get_backend_installed)
    return restore
