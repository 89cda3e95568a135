"""The raw crawl, beside and never in the way: it keeps stocks_raw, which people query, up with new folders.

A crawl costs a ten-minute minimum and one runs at a time, so it is asked for once for each folder that the catalogue does not
cover; files in a known folder show up without one. What was asked for is kept in one small object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from . import log
from .lake import Lake, client

RAW_TABLE = "stocks_raw"


def begin_if_needed(lake: Lake, keys: Iterable[str]) -> None:
    """Start the raw crawler if these raw files lie in folders that it has not seen, or a crawl is still wanted.

    Never raises for what the crawler or the catalogue answers: it is logged, with the remedy.
    """
    if lake.config.raw_crawler:
        with _beside(lake.config.raw_crawler):
            _begin_if_needed(lake, {key[: key.rfind("/") + 1] for key in keys})


def start_beside(crawler: str) -> None:
    """Start a crawler unless it runs. Never raises for what Glue answers, as above."""
    with _beside(crawler):
        _start(crawler)


@contextmanager
def _beside(crawler: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        log.warning(
            "crawl not started",
            crawler=crawler,
            error=str(error),
            remedy="create the crawler and allow glue:GetCrawler and glue:StartCrawler, or set its LAKE_ variable to nothing",
        )


def _begin_if_needed(lake: Lake, folders: set[str]) -> None:
    key = lake.layout.crawl_state()
    part = lake.store.read(key)
    state: dict[str, Any] = json.loads(part.body) if part else {"asked": [], "wanted": False}
    unseen = folders - set(state["asked"])
    if unseen:
        unseen -= _covered(lake)
    if not unseen and not state["wanted"]:
        return
    state["asked"] = sorted(set(state["asked"]) | unseen)
    state["wanted"] = not _start(lake.config.raw_crawler)
    lake.store.put(key, json.dumps(state).encode())


def _start(crawler: str) -> bool:
    """Start a crawler; False where it is running, so that it has to be started later."""
    last = client("glue").get_crawler(Name=crawler)["Crawler"].get("LastCrawl", {})
    if last.get("Status") == "FAILED":
        log.warning("the last crawl failed", crawler=crawler, error=last.get("ErrorMessage"), log_stream=last.get("LogStream"))
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
    start = f"s3://{lake.config.bucket}/"
    return {location.removeprefix(start).rstrip("/") + "/" for location in locations}
