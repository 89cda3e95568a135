"""Halving: files that make the parse fail, or the function die, are found, and refused; all others are loaded.

    8 files fail ─ 4 load
                 └ 4 fail ─ 2 load
                          └ 2 fail ─ 1 loads
                                   └ 1 fails, fails once more, waits for a later invocation, fails a third time: refused

What failed together is tried again in groups half as large, by this invocation or a later one: both go by the attempts on
record. A file is refused after three attempts with it alone, not all by one invocation: an error that passes blames nobody.

A step after the parse reads no file, and an error of the function is its own, so that neither can blame a file. What fails so is
halved in the same way, and a file that makes it fail even alone is left in the inbox for a later invocation, once all others are
loaded.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from . import log, parsing
from .aws.remedies import is_timeout, systemic_cause
from .errors import (
    BatchFailedError,
    ConfigurationError,
    DeadlineReachedError,
    LeaseLostError,
    LeftForLaterError,
    NotSetUpError,
    ParseFailedError,
    QueryFailedError,
)
from .lake import Lake
from .raw_files import Drop, Refusal
from .tables import attempts, staging
from .tables.attempts import Attempt
from .tables.merged import MergedTable, Survey

ATTEMPTS = 3
ATTEMPTS_OF_AN_INVOCATION = 2

# What fails whatever files there are, or is not a failure of the batch.
NOT_OF_A_BATCH = (ClientError, BotoCoreError, ConfigurationError, NotSetUpError, DeadlineReachedError, LeaseLostError)

Surveys = Mapping[MergedTable, Survey]
Group = tuple[list[str], Attempt | None]
"""Raw keys to be loaded together, and the attempt whose statement already runs for them."""


class Inspect(Protocol):
    """The drops at these keys that there are to load."""

    def __call__(self, keys: Sequence[str], refusal: Refusal) -> list[Drop]: ...


class Load(Protocol):
    """Loads one batch. Raises ParseFailedError where one of its files may be to blame."""

    def __call__(self, lake: Lake, batch: str, drops: Sequence[Drop], running: Attempt | None) -> Surveys: ...


def load_apart(lake: Lake, keys: Sequence[str], inspect: Inspect, load: Load) -> Surveys:
    """Load the files at these keys, in one batch unless some of them make it fail; what `load` returned last.

    Raises LeftForLaterError, once all others are loaded, for files that a later invocation has to try once more, and
    BatchFailedError where a batch failed otherwise, and the rest is to be tried when its remains are tidied up.
    """
    known = attempts.read(lake)
    surveys: Surveys = {}
    left: dict[str, str] = {}
    is_proven = False  # that the statement runs, so that what fails is the files' fault

    def is_mine(attempt: Attempt) -> bool:
        return attempt.batch >= lake.lease.first_batch_of_invocation

    def refusal(key: str, version: str) -> str | None:
        return _refusal(_alone(key, version, known))

    groups = deque(_groups(keys, known))
    while groups:
        group, running = groups.popleft()
        failed = [each for each in known if not each.blames and list(each.files) == group and is_mine(each)]
        if len(group) == 1 and len(failed) >= ATTEMPTS_OF_AN_INVOCATION:
            left[group[0]] = failed[-1].what_happened
            continue
        batch = staging.begin(lake, group)
        try:
            with staging.excused(lake, batch):
                drops = inspect(group, refusal)
                if running and not parsing.reads_just(running, drops):
                    running = None  # it reads what is not there any more, and is forgotten in the end
                if tried := _tried_enough(drops, filter(is_mine, known)):
                    left[drops[0].key] = f"{tried[-1].what_happened} ({_queries(tried)})"
                if tried or not drops:
                    staging.end_unused(lake, batch)
                    continue
                surveys = load(lake, batch, drops, running)
            is_proven = is_proven or any(drop.file_format for drop in drops)
        except ParseFailedError as failure:
            known.append(failure.attempt)
            log.warning("a file makes the parse fail", files=len(failure.attempt.files), error=str(failure))
            staging.end(lake, batch)
            if not failure.attempt.files:
                raise
            if len(failure.attempt.files) == 1 and not is_proven:
                _prove_that_files_are_to_blame(lake, filter(is_mine, known))
                is_proven = True
            others = [attempt for attempt in known if attempt is not running]
            groups.extendleft(reversed(list(_groups(group, others))))
        except NOT_OF_A_BATCH:
            raise
        except Exception as failure:
            if running:
                _let_go(lake, running)  # so that the next attempt starts afresh
            if isinstance(failure, QueryFailedError) and systemic_cause(failure.reason):
                raise
            attempts.put_failed(lake, batch, group, str(failure) or repr(failure))
            raise BatchFailedError(f"a batch of {len(group)} files fails: {failure}") from failure
        if running:
            known.remove(running)
            _let_go(lake, running)
    forget(lake, known, set(keys) - left.keys())
    if left:
        raise LeftForLaterError(left)
    return surveys


def _groups(keys: Iterable[str], found: Iterable[Attempt]) -> Iterator[Group]:
    """The keys in groups as large as each may be: for which a statement runs, which never failed, which did, most often last."""
    todo = list(keys)
    failures = Counter[str]()
    everything = len(todo)
    most: dict[str, int] = {}
    for attempt in found:
        together = set(attempt.keys)
        if attempt.is_running and together and together <= set(todo):
            yield [key for key in todo if key in together], attempt
            todo = [key for key in todo if key not in together]
        elif not attempt.is_running:
            failures.update(attempt.files.keys())
            for key in attempt.files:
                most[key] = max(1, min(most.get(key, len(attempt.files)), len(attempt.files) // 2))
    for size in sorted({most.get(key, everything) for key in todo}, reverse=True):
        members = sorted((key for key in todo if most.get(key, everything) == size), key=lambda key: failures[key])
        for start in range(0, len(members), size):
            yield members[start : start + size], None


def _alone(key: str, version: str, found: Iterable[Attempt]) -> list[Attempt]:
    """The attempts that failed with this version of the file alone, one for each query: several may have waited for it."""
    alone: dict[str, Attempt] = {}
    for attempt in found:
        if attempt.is_alone_with(key, version):
            alone.setdefault(attempt.query_id or attempt.batch, attempt)
    return list(alone.values())


def _tried_enough(drops: Sequence[Drop], mine: Iterable[Attempt]) -> list[Attempt]:
    """The attempts of this invocation with the one file that there is, if there were as many as it makes."""
    if len(drops) != 1 or not drops[0].file_format:
        return []
    alone = _alone(drops[0].key, drops[0].version, mine)
    return alone if len(alone) >= ATTEMPTS_OF_AN_INVOCATION else []


def _refusal(alone: Sequence[Attempt]) -> str | None:
    """Why a file is refused that was tried alone so many times, more than an invocation tries it; None to try it again."""
    if alone and is_timeout(alone[-1].reason or ""):
        return f"it takes longer than Athena lets a query run ({_queries(alone)}): unpack it or split it, and upload it again"
    if len(alone) >= ATTEMPTS:
        why = f"{alone[-1].what_happened} ({len(alone)} times: {_queries(alone)})"
        return f"Athena can't read it: {why}; check the file and upload it again"
    return None


def _queries(found: Sequence[Attempt]) -> str:
    ids = [attempt.query_id for attempt in found if attempt.query_id]
    return f"{'queries' if ids[1:] else 'query'} {', '.join(ids)}" if ids else "no query is known"


def _prove_that_files_are_to_blame(lake: Lake, mine: Iterable[Attempt]) -> None:
    """Raise QueryFailedError, and forget the attempts, where the statement fails without any file as well."""
    try:
        parsing.prove_that_it_runs(lake)
    except QueryFailedError:
        attempts.remove(lake, [attempt.batch for attempt in mine])
        raise


def _let_go(lake: Lake, running: Attempt) -> None:
    """Stop a statement that an earlier invocation started, and remove what it has staged, once nobody else can wait for it.

    The attempt goes first. If the lease is still this invocation's then, whoever takes it later finds no attempt.
    """
    attempts.remove(lake, [running.batch])
    lake.lease.renew()
    lake.athena.stop(running.query_id)
    staging.end(lake, running.staged)


def forget(lake: Lake, found: Sequence[Attempt], done: Collection[str] = ()) -> None:
    """Forget the attempts whose files all have an outcome: done just now, or without a marker in the inbox."""
    if not found:
        return
    waiting = {marker.name for marker in lake.inbox.markers()}.difference(done)
    over = [attempt for attempt in found if not waiting & set(attempt.keys)]
    for attempt in over:
        if attempt.is_running:
            _let_go(lake, attempt)
    attempts.remove(lake, [attempt.batch for attempt in over])
