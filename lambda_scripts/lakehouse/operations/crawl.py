"""The raw crawl, beside and never in the way: it keeps stocks_raw, which people query, up with new folders.

A crawl costs a ten-minute minimum and one runs at a time, so it is asked for once for each folder that the catalogue does not
cover; files in a known folder show up without one. What was asked for is kept in one small object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from botocore.exceptions import ClientError

from .. import log
from ..aws.clients import client
from ..lake import Lake

RAW_TABLE = "stocks_raw"
RETRY_FAILED_SECONDS = 3_600.0


@dataclass
class CrawlState:
    """The folders that were asked for, whether a crawl is still to be started, and when the last one was (Unix time)."""

    asked: list[str] = field(default_factory=list)
    wanted: bool = False
    started: float = 0.0


def begin_if_needed(lake: Lake, keys: Iterable[str]) -> None:
    """Start the raw crawler if these raw files lie in folders that it has not seen, or a crawl is still wanted.

    Never raises for what Glue answers: it is logged, with the remedy. A crawl that failed is reported each time, and started
    again an hour after it was.
    """
    crawler = lake.config.raw_crawler
    if not crawler:
        return
    state = _read(lake)
    with _beside(crawler):
        if _wants(lake, state, {lake.layout.folder(key) for key in keys}, _last_failed(crawler)):
            state.wanted = not _start(crawler)
            state.started = state.started if state.wanted else lake.clock.now().timestamp()
            lake.store.put(lake.layout.crawl_state(), json.dumps(asdict(state)).encode())


def start_beside(crawler: str) -> None:
    """Start a crawler unless it runs. Never raises for what Glue answers, as above."""
    with _beside(crawler):
        _start(crawler)


@contextmanager
def _beside(crawler: str) -> Iterator[None]:
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


def _read(lake: Lake) -> CrawlState:
    part = lake.store.read(lake.layout.crawl_state())
    try:
        return CrawlState(**json.loads(part.body)) if part else CrawlState()
    except (ValueError, TypeError) as error:
        log.warning("crawl state unreadable, begun anew", error=str(error))
        return CrawlState()


def _wants(lake: Lake, state: CrawlState, folders: set[str], failed: bool) -> bool:
    unseen = folders - set(state.asked)
    if unseen:
        unseen -= _covered(lake)
        state.asked = sorted(set(state.asked) | unseen)
    again = failed and lake.clock.now().timestamp() - state.started >= RETRY_FAILED_SECONDS
    return bool(unseen) or state.wanted or again


def _last_failed(crawler: str) -> bool:
    last = client("glue").get_crawler(Name=crawler)["Crawler"].get("LastCrawl", {})
    if last.get("Status") != "FAILED":
        return False
    log.warning("the last crawl failed", crawler=crawler, error=last.get("ErrorMessage"), log_stream=last.get("LogStream"))
    return True


def _start(crawler: str) -> bool:
    """Start a crawler; False where it is running, so that it has to be started later."""
    try:
        client("glue").start_crawler(Name=crawler)
    except client("glue").exceptions.CrawlerRunningException:
        log.event("crawl wanted while another runs; it is started with a later batch", crawler=crawler)
        return False
    log.event("crawl started", crawler=crawler)
    return True


def _covered(lake: Lake) -> set[str]:
    """The folders that stocks_raw reads."""
    table = lake.catalog.tables().get(RAW_TABLE)
    if table is None:
        return set()
    locations = (
        lake.catalog.partition_locations(RAW_TABLE) if table.get("PartitionKeys") else [table["StorageDescriptor"]["Location"]]
    )
    return {lake.store.key(location).rstrip("/") + "/" for location in locations}
