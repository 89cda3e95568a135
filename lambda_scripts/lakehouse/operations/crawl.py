"""Starts the Glue crawler for folders that `stocks_raw` does not cover yet. No load waits for a crawl, or fails with it.

A crawl is charged for ten minutes at least and sees everything under raw/, so there is at most one an hour. Files in a folder
that the table covers show up without one. Glue knows which folders are covered and when it last crawled; what has to wait is
postponed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from .. import log
from ..aws import crawlers
from ..aws.crawlers import Crawler
from ..lake import Lake
from . import postponed

RAW_TABLE = "stocks_raw"
AT_MOST_ONE_IN = timedelta(hours=1)
WHAT = "crawl"


def raw_if_due(lake: Lake, files: Mapping[str, datetime | None]) -> None:
    """Start the raw crawler if a folder of these raw files (keys, with their time; None for one that is gone) needs it.

    A folder does when `stocks_raw` does not cover it and a file of it is newer than the last crawl, or when it was postponed.
    Where Glue refuses a call about the crawler, that is logged, with the remedy; other errors pass through.
    """
    name = lake.config.raw_crawler
    if not name:
        return
    with _logged_errors(name):
        crawler = crawlers.get(name)
        if crawler.failed:
            log.warning(
                "the last crawl failed", crawler=name, error=crawler.last_error, remedy=f"read that log, then start {name}"
            )
        waiting = postponed.read(lake, WHAT)
        unseen = {lake.layout.folder(key) for key, modified in files.items() if modified and _is_newer(modified, crawler)}
        wanted = not_covered(lake, unseen | waiting)
        left = frozenset() if wanted and _may_start(lake, crawler) and _started(name) else wanted
        if left != waiting:
            postponed.write(lake, WHAT, left)


def processed(lake: Lake) -> None:
    """Start the processed crawler, if it is configured and changes no table. What Glue answers is logged."""
    name = lake.config.processed_crawler
    if not name:
        return
    with _logged_errors(name):
        crawler = crawlers.get(name)
        if crawler.changes_no_definition:
            _started(name)
        else:
            log.warning("crawl not started", crawler=name, error=why_it_may_not_start(crawler), remedy=TO_LOG)


# The level of raw/, counting the bucket as the first. Glue's page does not say so; `check` compares the tables that a crawl made.
TABLE_LEVEL = 2
TABLE_THRESHOLD = 2

TO_LOG = "in the crawler's advanced options choose to ignore changes and deletions (UpdateBehavior LOG, DeleteBehavior LOG)"


def why_it_may_not_start(crawler: Crawler) -> str:
    """Why a crawler over stocks_processed must not be started: it would take the manifests for data."""
    return (
        f"its UpdateBehavior is {crawler.update_behavior} and its DeleteBehavior {crawler.delete_behavior}: it could rewrite the "
        "columns and the format of stocks_processed"
    )


def not_covered(lake: Lake, folders: Collection[str]) -> frozenset[str]:
    """Those of these folders of raw/ that `stocks_raw` does not read. It reads the subfolders of what it reads."""
    table = lake.catalog.tables().get(RAW_TABLE) if folders else None
    if table is None:
        return frozenset(folders)
    locations = (
        lake.catalog.partition_locations(RAW_TABLE) if table.get("PartitionKeys") else [table["StorageDescriptor"]["Location"]]
    )
    covered = {lake.store.key(location).rstrip("/") + "/" for location in locations}
    return frozenset(folder for folder in folders if covered.isdisjoint(_with_parents(folder)))


def tables_of(lake: Lake, crawler: str) -> list[str]:
    """The names of the tables that a crawler made or changed last."""
    tables = lake.catalog.tables() if lake.catalog.exists() else {}
    return sorted(name for name, table in tables.items() if table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") == crawler)


def _with_parents(folder: str) -> Iterator[str]:
    """`raw/stocks/AAPL/`, `raw/stocks/`, `raw/`"""
    while folder:
        yield folder
        folder = folder[: folder.rstrip("/").rfind("/") + 1]


def _is_newer(modified: datetime, crawler: Crawler) -> bool:
    # S3 gives whole seconds: a file may be a second newer than it says.
    return crawler.last_start is None or modified + timedelta(seconds=1) > crawler.last_start


def _may_start(lake: Lake, crawler: Crawler) -> bool:
    if crawler.last_start is None or lake.clock.now() - crawler.last_start >= AT_MOST_ONE_IN:
        return True
    log.event("crawl postponed: the last one began within the hour", crawler=crawler.name, began=crawler.last_start)
    return False


def _started(name: str) -> bool:
    started = crawlers.start(name)
    log.event("crawl started" if started else "crawl postponed: one is running", crawler=name)
    return started


@contextmanager
def _logged_errors(crawler: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if not error.operation_name.endswith("Crawler"):
            raise
        log.warning(
            "crawl not started",
            crawler=crawler,
            error=str(error),
            remedy="create the crawler and allow glue:GetCrawler and glue:StartCrawler, or set its LAKE_ variable to nothing",
        )
