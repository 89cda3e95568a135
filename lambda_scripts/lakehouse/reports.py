"""Lambda 2's work: the reports of just the years that changed, recomputed and published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from . import log, metrics
from .aws.sql import Statement, render
from .lake import Lake
from .layout import Partition
from .operations import crawl, refresh
from .queue.inbox import Marker
from .tables import staging
from .tables.merged import MergedTable, Survey
from .tables.rewriting import Compute, Rewriting, rewrite


def work(lake: Lake, markers: Sequence[Marker]) -> dict[MergedTable, Survey]:
    """Recompute the reports that these partitions of stocks_processed feed; returns their tables as surveyed before."""
    partitions = [partition for marker in markers if (partition := lake.layout.processed.partition_of_folder(marker.name))]
    start = lake.clock.monotonic()
    batch = staging.begin(lake)
    with log.timed("reported", batch=batch) as found:
        survey = lake.processed.survey()
        years = _years_to_report(partitions, survey)
        found["years"] = [year for (year,) in years]
        _repair(lake, survey, _with_the_years_before(found["years"]))
        rewritten = rewrite(lake, batch, [Rewriting(table, years, _report(table)) for table in (lake.monthly, lake.yearly)])
    staging.end(lake, batch)
    metrics.emit(YearsReported=len(years), BatchSeconds=round(lake.clock.monotonic() - start, 3))
    refresh.all_data_sets(lake, batch)
    return rewritten.surveys


def _report(table: MergedTable) -> Compute:
    def compute(name: str, location: str, partitions: Sequence[Partition]) -> Statement:
        years = [year for (year,) in partitions]
        years_read = _with_the_years_before(years)
        return render(f"reports/{table.name}", table=name, location=location, years=years, years_read=years_read)

    return compute


def _years_to_report(partitions: Sequence[Partition], survey: Survey) -> list[Partition]:
    """The years touched, and the year after each where it has prices: its first return needs December."""
    touched = {year for year, _ in partitions}
    with_prices = {year for year, _ in survey.manifests}
    return [(year,) for year in sorted(touched | {_shifted(year, 1) for year in touched} & with_prices)]


def _shifted(year: str, by: int) -> str:
    return f"{int(year) + by:04d}"


def _with_the_years_before(years: Iterable[str]) -> list[str]:
    """What a report of these years reads: returns are against the day, month or year before."""
    given = set(years)
    return sorted(given | {_shifted(year, -1) for year in given})


def _repair(lake: Lake, survey: Survey, years: Collection[str]) -> None:
    """Have the catalogue know every partition that is about to be read; tell the processed crawler of one that it lacked."""
    missing = lake.processed.repair([partition for partition in survey.manifests if partition[0] in years], survey)
    if missing:
        crawl.processed(lake)
