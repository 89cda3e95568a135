"""Replacing attributes of moto's classes and modules while an account is open, and putting them back."""

from __future__ import annotations

from typing import Any

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
