"""Lambda 1's work: a batch of drops becomes rows of stocks_processed, rejected rows and a load record.

    inspect ─ stage ─ parse ─ summarise ─ write source records ─┬ merge         ┬─ publish ─ count ─ load record ─ rejected rows
                                                                ├ rejected rows ┤
                                                                └ disagreements ┘

Every step can be repeated: until the load record is there, the next attempt starts afresh and comes to the same tables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import log, metrics, parsing
from .aws import parallel
from .aws.athena import Row
from .aws.sql import Statement, render
from .clock import milliseconds_text
from .errors import PublishError
from .halving import load_apart
from .lake import Lake
from .layout import Partition, months
from .operations import crawl
from .queue.inbox import Marker
from .raw_files import Drop, Refusal, inspect_files
from .tables import disagreements, rejected, staging
from .tables.attempts import Attempt
from .tables.merged import MergedTable, Survey
from .tables.rewriting import Rewriting, rewrite


@dataclass(frozen=True)
class Summary:
    """What the parse found in one file."""

    rows: int
    repeated: int
    rejected: int
    symbols: str | None
    first_date: str | None
    last_date: str | None
    partitions: frozenset[Partition]
    reasons: str | None
    jumps: str | None
    """What is to be said of closes that are far from the one before."""

    @property
    def candidates(self) -> int:
        """The rows that are offered to the merge."""
        return self.rows - self.repeated - self.rejected


NO_ROWS_PARSED = Summary(0, 0, 0, None, None, None, frozenset(), None, None)


def work(lake: Lake, markers: Sequence[Marker]) -> Mapping[MergedTable, Survey]:
    """Bring the files that these markers name to a recorded outcome; returns stocks_processed as surveyed before."""
    keys = list(dict.fromkeys(marker.name for marker in markers))
    forced = {marker.name for marker in markers if marker.forced}

    def inspect(keys: Sequence[str], refusal: Refusal) -> list[Drop]:
        drops = inspect_files(lake, keys, forced, refusal)
        crawl.raw_if_due(lake, {drop.key: drop.modified for drop in drops})
        return drops

    return load_apart(lake, keys, inspect, load)


def load(lake: Lake, batch: str, drops: Sequence[Drop], running: Attempt | None) -> dict[MergedTable, Survey]:
    """Load one batch, for which a parse may already run; returns stocks_processed as surveyed before it was rewritten.

    Raises ParseFailedError where one of its files may be to blame.
    """
    start = lake.clock.monotonic()
    attempt = parsing.parse(lake, batch, drops, running) if any(drop.changes_rows for drop in drops) else None
    staged = attempt.staged if attempt else batch
    summaries = _summarise(lake, batch, attempt, drops) if attempt else {}
    loaded_at = lake.clock.now()
    _write_source_records(lake, batch, drops, summaries)
    lake.lease.renew()  # so whoever takes it later reads the source records just written
    surveys, rejected_files, disagreeing = _merge(lake, batch, staged, drops, summaries, loaded_at)
    accepted = _accepted(lake, staged, summaries)
    if rejected_files:
        staging.write_note(lake, batch, {"rejected": rejected_files})
    _record(lake, batch, drops, summaries, accepted, disagreeing, loaded_at, start)
    rejected.publish(lake, batch, rejected_files)
    staging.end(lake, batch)
    return surveys


def _summarise(lake: Lake, batch: str, attempt: Attempt, drops: Sequence[Drop]) -> dict[str, Summary]:
    """What the parse found in each file whose rows change, by path."""
    changing = [drop for drop in drops if drop.changes_rows]
    parsed = lake.temporary_table(attempt.staged, "parsed")
    earlier = {partition for drop in changing for partition in drop.history.partitions}
    summary, *reloads = lake.athena.run(
        render("load/source_summary", parsed=parsed, batch=attempt.staged),
        *_files_to_reload(parsed, attempt.staged, earlier),
    )
    summaries = {str(row["source"]): _summary(row) for row in lake.athena.read(summary)}
    for drop in changing:
        found = summaries.get(drop.path)
        if found is None or (drop.file_format and drop.file_format.has_rows and not found.rows):
            raise parsing.read_nothing(lake, attempt, drop.path)
    _reload(lake, batch, [str(row["source"]) for finished in reloads for row in lake.athena.read(finished)])
    return summaries


def _files_to_reload(parsed: str, batch: str, earlier: Collection[Partition]) -> list[Statement]:
    """The statement that finds which other files hold days that earlier versions of the batch's files had won.

    None where no earlier version had rows.
    """
    if not earlier:
        return []
    return [render("load/files_to_reload", parsed=parsed, batch=batch, **months(earlier))]


def _reload(lake: Lake, batch: str, paths: Collection[str]) -> None:
    """Have these files loaded once more, by a batch after this one. Marked before the days go, so that a crash forgets none."""
    if paths:
        log.event("files to load again", batch=batch, sources=sorted(paths))
        lake.inbox.add_again((lake.store.key(path) for path in paths), batch)


def _summary(row: Row) -> Summary:
    partitions = (row["partitions"] or "").split(",")
    return Summary(
        rows=int(row["rows"] or 0),
        repeated=int(row["repeated"] or 0),
        rejected=int(row["rejected"] or 0),
        symbols=row["symbols"],
        first_date=row["first_date"],
        last_date=row["last_date"],
        partitions=frozenset((text[:4], text[5:]) for text in partitions if text),
        reasons=row["reasons"],
        jumps=_jumps(int(row["jumps"] or 0), row["first_jump"]),
    )


def _jumps(count: int, first: str | None) -> str | None:
    """How a lost decimal mark, another unit or another company under the name shows; so does a split without adjusted closes."""
    return f"closes more than eight times the one before, or less than an eighth: {count}, first {first}" if count else None


def _partitions_touched(drop: Drop, summaries: Mapping[str, Summary]) -> frozenset[Partition]:
    """Those of the file's new rows and of any earlier version's."""
    return summaries[drop.path].partitions | drop.history.partitions if drop.changes_rows else frozenset()


def _write_source_records(lake: Lake, batch: str, drops: Sequence[Drop], summaries: Mapping[str, Summary]) -> None:
    def write(drop: Drop) -> None:
        lake.deadline.check("write the source records")
        replaces_rows = drop.refusal is None
        partitions = summaries[drop.path].partitions if replaces_rows else drop.history.partitions
        lake.sources.write(
            drop.key, batch, drop.version, partitions, drop.history, changes_rows=drop.changes_rows, replaces_rows=replaces_rows
        )

    with log.timed("source records", batch=batch, files=len(drops)):
        parallel.each(write, drops)


def _merge(
    lake: Lake, batch: str, staged: str, drops: Sequence[Drop], summaries: Mapping[str, Summary], loaded_at: datetime
) -> tuple[dict[MergedTable, Survey], list[str], dict[str, list[str]]]:
    """Rewrite the partitions that the batch touches.

    Returns the table as surveyed before, the files of rejected rows, and what is to be said of files that disagree.
    """
    parsed = lake.temporary_table(staged, "parsed")

    def merge(name: str, location: str, partitions: Sequence[Partition]) -> Statement:
        return render(
            "load/merged_partitions",
            table=name,
            location=location,
            parsed=parsed,
            batch=staged,
            files=sum(drop.changes_rows for drop in drops),
            candidates=sum(summary.candidates for summary in summaries.values()),
            loaded_at=loaded_at,
            **months(partitions),
        )

    also_run = {}
    if any(summary.rejected for summary in summaries.values()):
        also_run["rejected"] = rejected.statement(lake, batch, parsed, loaded_at)
    if offered := {partition for summary in summaries.values() for partition in summary.partitions}:
        also_run["disagreements"] = disagreements.statement(staged, parsed, offered)
    touched = {partition for drop in drops for partition in _partitions_touched(drop, summaries)}
    rewritten = rewrite(lake, batch, [Rewriting(lake.processed, touched, merge)], list(also_run.values()))
    answers = dict(zip(also_run, rewritten.also_run, strict=False))
    files = lake.athena.files(answers["rejected"]) if "rejected" in answers else []
    disagreeing = lake.athena.read(answers["disagreements"]) if "disagreements" in answers else ()
    return rewritten.surveys, files, disagreements.phrases(disagreeing)


def _accepted(lake: Lake, staged: str, summaries: Mapping[str, Summary]) -> dict[str, int]:
    """How many rows of each file stand in the merged table now, by path.

    Raises PublishError unless each row that was offered stands there or has another file's in its place.
    """
    offered = {path: found.candidates for path, found in summaries.items()}
    if not any(offered.values()):
        return {}
    partitions = {partition for found in summaries.values() for partition in found.partitions}
    rows = lake.athena.rows(render("load/accepted_rows", parsed=lake.temporary_table(staged, "parsed"), **months(partitions)))
    accepted = {str(row["source"]): int(row["accepted"] or 0) for row in rows}
    displaced = {str(row["source"]): int(row["displaced"] or 0) for row in rows}
    for path, count in offered.items():
        if accepted.get(path, 0) + displaced.get(path, 0) != count:
            raise PublishError(
                f"of {count} rows of {path}, {accepted.get(path, 0)} stand in stocks_processed and {displaced.get(path, 0)} "
                "have another file's in their place; the batch is not on record, and the next attempt starts afresh"
            )
    return accepted


def _record(
    lake: Lake,
    batch: str,
    drops: Sequence[Drop],
    summaries: Mapping[str, Summary],
    accepted: Mapping[str, int],
    disagreeing: Mapping[str, Sequence[str]],
    loaded_at: datetime,
    start: float,
) -> None:
    """Write the load record, which commits the batch that was begun at `start`."""
    records = [
        _load_record(
            batch,
            drop,
            summaries.get(drop.path, NO_ROWS_PARSED),
            accepted.get(drop.path, 0),
            disagreeing.get(drop.path, ()),
            loaded_at,
        )
        for drop in drops
    ]
    lake.loads.commit(batch, staging.json_lines(records))
    for record in records:
        if record["status"] == "refused":
            log.warning("refused", source=record["source"], reason=record["reason"])
    seconds = round(lake.clock.monotonic() - start, 3)
    refused = sum(record["status"] == "refused" for record in records)
    rows = {count: sum(record[count] for record in records) for count in ("rows", "accepted", "superseded", "rejected")}
    log.event("loaded", seconds=seconds, batch=batch, files=len(records), refused=refused, **rows)
    metrics.emit(
        FilesLoaded=sum(record["status"] == "loaded" for record in records),
        FilesRefused=refused,
        RowsAccepted=rows["accepted"],
        RowsSuperseded=rows["superseded"],
        RowsRejected=rows["rejected"],
        BatchSeconds=seconds,
    )


def _load_record(
    batch: str, drop: Drop, summary: Summary, accepted: int, disagreeing: Sequence[str], loaded_at: datetime
) -> dict[str, Any]:
    return {
        "batch_id": batch,
        "source": drop.path,
        "source_modified": drop.modified_text,
        "status": "refused" if drop.refusal else "removed" if drop.is_gone else "loaded",
        "rows": summary.rows,
        "accepted": accepted,
        "superseded": summary.rows - summary.rejected - accepted,
        "rejected": summary.rejected,
        "symbols": summary.symbols,
        "first_date": summary.first_date,
        "last_date": summary.last_date,
        "reason": "; ".join(filter(None, (_reason(drop, summary), summary.jumps, *disagreeing))) or None,
        "loaded_at": milliseconds_text(loaded_at),
        "assumed": drop.file_format.assumed if drop.file_format else None,
    }


def _reason(drop: Drop, summary: Summary) -> str | None:
    if drop.refusal and drop.changes_rows:
        return f"{drop.refusal}; rows that an unfinished load of an earlier version left are taken out"
    return drop.refusal or summary.reasons
