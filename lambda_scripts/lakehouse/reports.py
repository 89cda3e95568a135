"""Lambda 2's work: the reports of just the years that changed, recomputed and published."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import ClientError

from . import crawl, log, staging
from .inbox import Marker
from .lake import Lake, client
from .layout import Partition
from .rewrite import rewrite
from .sql import Statement, render
from .tables import MergedTable


def work(lake: Lake, markers: Sequence[Marker]) -> None:
    """Recompute the reports that these partitions of stocks_processed feed, then clear the markers."""
    partitions = [partition for marker in markers if (partition := lake.layout.processed.partition_of_folder(marker.name))]
    _repair(lake, partitions)
    years = _years_to_report(lake, partitions)
    batch = staging.begin(lake)
    rewrite(lake, batch, {lake.monthly: years, lake.yearly: years}, _report)
    staging.end(lake, batch)
    lake.inbox.clear(markers)
    log.event("reported", batch=batch, years=[year for (year,) in years])
    _refresh_quicksight(lake, batch)
    for table in (lake.monthly, lake.yearly):
        table.sweep(table.survey(), lake.clock.now(), lake.config.retention_seconds)


def _report(table: MergedTable, name: str, location: str, partitions: Sequence[Partition]) -> Statement:
    years = [year for (year,) in partitions]
    years_read = sorted({*years, *(_shifted(year, -1) for year in years)})
    return render(f"reports/{table.name}", table=name, location=location, years=years, years_read=years_read)


def _years_to_report(lake: Lake, partitions: Sequence[Partition]) -> list[Partition]:
    """The years touched, and the year after each where it has prices: its first return needs December."""
    touched = {year for year, _ in partitions}
    with_prices = {year for year, _ in lake.processed.survey().manifests}
    return [(year,) for year in sorted(touched | {_shifted(year, 1) for year in touched} & with_prices)]


def _shifted(year: str, by: int) -> str:
    return f"{int(year) + by:04d}"


def _repair(lake: Lake, partitions: Sequence[Partition]) -> None:
    """Register partitions that the catalogue lacks: Lambda 1 does that, but a table may have been dropped and made anew."""
    missing = lake.catalog.missing(lake.processed.name, partitions)
    if not missing:
        return
    log.warning("partitions missing in the catalogue", table=lake.processed.name, partitions=len(missing))
    if lake.config.processed_crawler:
        crawl.start_beside(lake.config.processed_crawler)
    lake.catalog.register(
        lake.processed.name, {each: lake.store.uri(lake.layout.processed.manifest_folder(each)) for each in missing}
    )


def _refresh_quicksight(lake: Lake, batch: str) -> None:
    """One SPICE refresh for each configured data set. A refused one is logged: the reports are right without it.

    https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateIngestion.html
    """
    account = lake.function.split(":")[4]
    for data_set in lake.config.quicksight_datasets:
        try:
            client("quicksight").create_ingestion(AwsAccountId=account, DataSetId=data_set, IngestionId=batch)
            log.event("quicksight refresh", data_set=data_set)
        except ClientError as error:
            log.warning("quicksight refresh not started", data_set=data_set, error=str(error))
