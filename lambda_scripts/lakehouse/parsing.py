"""The parse: the one statement that reads raw files, and so the only one whose failure can be a file's fault."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from .aws.remedies import systemic_cause
from .aws.sql import Statement, render
from .errors import DeadlineReachedError, ParseFailedError, PublishError, QueryFailedError, StillRunningError
from .lake import Lake
from .layout import RAW_QUEUE
from .raw_files import Drop
from .tables import attempts, staging
from .tables.attempts import Attempt


def parse(lake: Lake, batch: str, drops: Sequence[Drop], running: Attempt | None) -> Attempt:
    """Have the batch's files parsed into a temporary table, or wait for the statement that already does so.

    Raises ParseFailedError where one of the files may be to blame, QueryFailedError where none is. When time is up, the statement
    goes on, for the next invocation to wait for; who stops waiting for another reason stops what it has started.
    """
    if running is None:
        statement = _statement(lake, batch, drops)
        query_id, staged = lake.athena.start(statement), batch
    else:
        statement, query_id, staged = Statement("load/parsed_rows", ""), running.query_id, running.staged
    attempt = Attempt(batch, versions_read(drops), query_id, staged, unread=versions_not_read(drops))
    try:
        lake.athena.wait(statement, query_id)
    except DeadlineReachedError as reached:
        attempts.put(lake, replace(attempt, is_running=True))
        raise StillRunningError(f"{reached}; the next invocation waits for query {query_id}") from reached
    except QueryFailedError as failure:
        if not attempt.files or systemic_cause(failure.reason, [drop.path for drop in drops]):
            raise
        raise failed(lake, attempt, failure.reason) from failure
    except Exception:
        if running is None:
            lake.athena.stop(query_id)
        raise
    return attempt


def versions_read(drops: Iterable[Drop]) -> dict[str, str | None]:
    """The versions that a parse of these files reads, by raw key."""
    return {drop.key: drop.version for drop in drops if drop.file_format}


def versions_not_read(drops: Iterable[Drop]) -> dict[str, str]:
    """Those of the files that take part without being read, since rows of them go."""
    return {drop.key: drop.version for drop in drops if drop.changes_rows and not drop.file_format}


def reads_just(attempt: Attempt, drops: Collection[Drop]) -> bool:
    """Whether the attempt's statement reads just these files, as they are now."""
    return (attempt.files, attempt.unread) == (versions_read(drops), versions_not_read(drops))


def failed(lake: Lake, attempt: Attempt, reason: str) -> ParseFailedError:
    """The error of an attempt that failed for this reason, which is on record now.

    Raises LeaseLostError where the lease is another's: that one may have removed what the statement was to read.
    """
    lake.lease.renew()
    attempts.put(lake, replace(attempt, reason=reason))
    return ParseFailedError(replace(attempt, reason=reason))


def read_nothing(lake: Lake, attempt: Attempt, path: str) -> ParseFailedError | PublishError:
    """The error of an attempt that shows no row of a file that has some.

    What an earlier holder staged may have been removed before this one waited for it, so that it blames no file.
    """
    reason = f"Athena read no row of {path}, which has some"
    if attempt.staged != attempt.batch:
        return PublishError(f"{reason} (query {attempt.query_id}, which an earlier invocation started); it is parsed once more")
    return failed(lake, attempt, reason)


def prove_that_it_runs(lake: Lake) -> None:
    """Run the statement on no file. Raises QueryFailedError where it fails then too: no file is to blame for that."""
    batch = staging.begin(lake)
    lake.athena.run(_statement(lake, batch, []))
    staging.end(lake, batch)


def _statement(lake: Lake, batch: str, drops: Sequence[Drop]) -> Statement:
    """Stage the batch as data, and the statement that parses it."""
    readable = [drop.path for drop in drops if drop.file_format]
    described = [drop.staged(_kept_loaded_at(lake, drop)) for drop in drops if drop.changes_rows]
    parts = staging.describe(lake, batch, readable, described)
    return render(
        "load/parsed_rows",
        table=lake.temporary_table(batch, "parsed"),
        location=lake.store.uri(lake.layout.staged_output(RAW_QUEUE, batch, "parsed")),
        batch=batch,
        parts=parts,
        # It is tomorrow already in Sydney.
        latest_date=lake.clock.now().date() + timedelta(days=1),
    )


def _kept_loaded_at(lake: Lake, drop: Drop) -> str | None:
    """Of a refused file whose rows of an unfinished load go: when the rows that stay were loaded, or None where none do."""
    if drop.refusal is None or drop.history.rows_batch is None:
        return None
    return lake.loads.loaded_at(drop.history.rows_batch, drop.path)
