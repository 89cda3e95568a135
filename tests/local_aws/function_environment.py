"""A function's own environment variables: its code alone sees them, in whichever of its threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from .aws_calls import current

if TYPE_CHECKING:
    Environ = os._Environ[str]
else:
    Environ = os._Environ


class _Environment(Environ):
    """The process's variables, over them those of the function whose code asks."""

    def __getitem__(self, key: str) -> str:
        own = _own()
        return own[key] if key in own else super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(super().__iter__()), **_own()})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _own() -> Mapping[str, str]:
    sandbox = current()
    return sandbox.environment if sandbox else {}


def install() -> Callable[[], None]:
    """Returns the callable that undoes it. The object stays the same: modules hold on to `os.environ`."""
    before = os.environ.__class__
    os.environ.__class__ = _Environment

    def restore() -> None:
        os.environ.__class__ = before

    return restore
