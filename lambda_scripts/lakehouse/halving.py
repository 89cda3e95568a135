"""Halving: files that make the parse fail, or the function die, are found, and refused; all others are loaded.

    8 files fail ─ 4 load
                 └ 4 fail ─ 2 load
                          └ 2 fail ─ 1 loads
                                   └ 1 fails, fails once more, waits for a later invocation, fails a third time: refused

What failed together is tried again in groups half as large, by this invocation or a later one: both go by the attempts on
record. A file is refused after three attempts with it alone, not all by one invocation: an error that passes blames nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from . import log, parsing
from .errors import LeftForLaterError, ParseFailedError, QueryFailedError, is_timeout
from .lake import Lake
from .raw_files import Drop, inspect_files
from .tables import attempts, staging
from .tables.attempts import Attempt
from .tables.merged import MergedTable, Survey

ATTEMPTS = 3
ATTEMPTS_OF_AN_INVOCATION = 2

Surveys = Mapping[MergedTable, Survey]
Group = tuple[list[Drop], Attempt | None]
"""Drops to be loaded together, and the attempt whose statement already runs for them."""


class Load(Protocol):
    """Loads one batch. Raises ParseFailedError where one of its files may be to blame."""

    def __call__(self, lake: Lake, drops: Sequence[Drop], running: Attempt | None) -> Surveys: ...


def load_apart(lake: Lake, keys: Sequence[str], drops: Sequence[Drop], load: Load) -> Surveys:
    """Load the drops, in one batch unless some of them make it fail; what `load` returned last. `keys` are all files in hand.

    Raises LeftForLaterError, once all others are loaded, for files that a later invocation has to try once more.
    """
    earlier, mine = attempts.read(lake), list[Attempt]()
    for attempt in earlier:
        if attempt.is_orphaned:
            lake.athena.stop(attempt.query_id)
    surveys: Surveys = {}
    left: dict[str, str] = {}
    is_proven = False  # that the statement runs, so that what fails is the files' fault
    groups = deque(_groups(drops, earlier))
    while groups:
        group, running = groups.popleft()
        if len(group) == 1 and group[0].file_format and not running:
            alone = [_alone(group[0], earlier), _alone(group[0], mine)]
            if refusal := _refusal(*alone):
                group = [replace(group[0], file_format=None, refusal=refusal)]
            elif len(alone[1]) >= ATTEMPTS_OF_AN_INVOCATION:
                left[group[0].key] = f"{alone[1][-1].what_happened} ({_queries(alone[1])})"
                continue
        try:
            surveys = load(lake, group, running)
            is_proven = is_proven or any(drop.file_format for drop in group)
        except ParseFailedError as failure:
            mine.append(failure.attempt)
            log.warning("a file makes the parse fail", files=len(failure.attempt.files), error=str(failure))
            _clear(lake, failure.attempt)
            if not failure.attempt.files:
                raise
            if len(group) == 1 and not is_proven:
                _prove_that_files_are_to_blame(lake, mine)
                is_proven = True
            groups.extendleft(reversed(list(_groups(_as_they_are_now(lake, group), [*earlier, *mine]))))
        if running:
            attempts.remove(lake, [running.batch])
            earlier.remove(running)
    _forget(lake, [*earlier, *mine], set(keys) - left.keys())
    if left:
        raise LeftForLaterError(left)
    return surveys


def _groups(drops: Sequence[Drop], found: Iterable[Attempt]) -> Iterator[Group]:
    """The drops in groups as large as each may be: for which a statement runs, which never failed, which did."""
    versions = {drop.key: drop.version for drop in drops if drop.file_format}
    todo = {drop.key: drop for drop in drops}
    most: dict[str, int] = {}
    for attempt in found:
        if attempt.is_running and attempt.files.items() <= versions.items() and attempt.files.keys() <= todo.keys():
            yield [todo.pop(key) for key in attempt.files], attempt
        elif not attempt.is_running:
            for key, version in attempt.files.items():
                if versions.get(key) == version:
                    most[key] = max(1, min(most.get(key, len(attempt.files)), len(attempt.files) // 2))
    for size in sorted({most.get(key, len(drops)) for key in todo}, reverse=True):
        members = [drop for key, drop in todo.items() if most.get(key, len(drops)) == size]
        for start in range(0, len(members), size):
            yield members[start : start + size], None


def _alone(drop: Drop, found: Iterable[Attempt]) -> list[Attempt]:
    """The attempts that failed with this version of the file alone."""
    return [attempt for attempt in found if not attempt.is_running and attempt.files == {drop.key: drop.version}]


def _refusal(earlier: Sequence[Attempt], mine: Sequence[Attempt]) -> str | None:
    """Why a file is refused that was tried alone so many times by earlier invocations and by this one; None to try it again."""
    alone = [*earlier, *mine]
    if alone and is_timeout(alone[-1].reason or ""):
        return f"it takes longer than Athena lets a query run ({_queries(alone)}): unpack it or split it, and upload it again"
    if len(alone) >= ATTEMPTS and earlier:
        why = f"{alone[-1].what_happened} ({len(alone)} times: {_queries(alone)})"
        return f"Athena can't read it: {why}; check the file and upload it again"
    return None


def _queries(found: Sequence[Attempt]) -> str:
    return "queries " + ", ".join(attempt.query_id for attempt in found) if found[1:] else f"query {found[0].query_id}"


def _as_they_are_now(lake: Lake, group: list[Drop]) -> list[Drop]:
    """A file alone may have gone or been replaced since it was inspected: what is there now has not failed."""
    if len(group) > 1:
        return group
    now = inspect_files(lake, [group[0].key], forced=[group[0].key])
    return now if now and now[0].version != group[0].version else group


def _prove_that_files_are_to_blame(lake: Lake, mine: Sequence[Attempt]) -> None:
    """Raise QueryFailedError, and forget the attempts, where the statement fails without any file as well."""
    try:
        parsing.prove_that_it_runs(lake)
    except QueryFailedError:
        attempts.remove(lake, [attempt.batch for attempt in mine])
        raise


def _clear(lake: Lake, attempt: Attempt) -> None:
    """Remove what an attempt staged, under its own name and that of the attempt whose statement it waited for."""
    for batch in {attempt.batch, attempt.staged}:
        staging.end(lake, batch)


def _forget(lake: Lake, found: Sequence[Attempt], done: set[str]) -> None:
    """Forget the attempts whose files all have an outcome: done just now, or without a marker in the inbox."""
    if not found:
        return
    waiting = {marker.name for marker in lake.inbox.markers()} - done
    over = [attempt for attempt in found if not waiting & attempt.files.keys()]
    for attempt in over:
        if attempt.is_running:
            lake.athena.stop(attempt.query_id)
            _clear(lake, attempt)
    attempts.remove(lake, [attempt.batch for attempt in over])
