"""Replacing attributes of moto's classes and modules while an account is open, and putting them back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto import backends

_ABSENT = object()


class Seams:
    """Attributes replaced so far; `restore` undoes them, the last one first."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Set `owner.name`, remembering what the owner itself held (an inherited attribute is uncovered again)."""
        self._originals.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, replacement)

    def restore(self) -> None:
        while self._originals:
            owner, name, original = self._originals.pop()
            if original is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, original)


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
