"""Glue's crawlers: what one does, when it last did it, and starting it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .clients import client

LOG = "LOG"


@dataclass(frozen=True)
class Crawler:
    """A crawler as GetCrawler shows it.

    https://docs.aws.amazon.com/glue/latest/webapi/API_Crawler.html, API_LastCrawlInfo.html, API_SchemaChangePolicy.html
    """

    name: str
    state: str
    """READY, RUNNING or STOPPING."""
    last_status: str | None
    """SUCCEEDED, CANCELLED, FAILED, or None before its first run."""
    last_start: datetime | None
    last_error: str
    update_behavior: str
    delete_behavior: str
    configuration: str
    """The JSON text in which the crawler's output options stand; empty where there is none."""
    paths: tuple[str, ...]
    """The s3:// include paths."""

    @property
    def grouping(self) -> tuple[int | None, int | None]:
        """At which level of the path it makes tables, and the most tables that it may make; None where that is left to it.

        https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html, crawler-maximum-number-of-tables.html
        """
        options = json.loads(self.configuration or "{}")
        tables = options.get("CrawlerOutput", {}).get("Tables", {})
        return options.get("Grouping", {}).get("TableLevelConfiguration"), tables.get("TableThreshold")

    @property
    def failed(self) -> bool:
        return self.last_status == "FAILED"

    @property
    def changes_no_definition(self) -> bool:
        """Whether it only adds partitions, and leaves tables and partitions that exist as they are."""
        return self.update_behavior == LOG and self.delete_behavior == LOG


def get(name: str) -> Crawler:
    """Raises ClientError (EntityNotFoundException) where there is none of that name."""
    described: Mapping[str, Any] = client("glue").get_crawler(Name=name)["Crawler"]
    last = described.get("LastCrawl", {})
    policy = described.get("SchemaChangePolicy", {})
    return Crawler(
        name=name,
        state=described["State"],
        last_status=last.get("Status"),
        last_start=_start_of(described, last),
        last_error=f"{last.get('ErrorMessage', 'no message')} (log stream {last.get('LogStream')})",
        # What Glue does where the policy is silent, by the same page.
        update_behavior=policy.get("UpdateBehavior", "UPDATE_IN_DATABASE"),
        delete_behavior=policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE"),
        configuration=described.get("Configuration", ""),
        paths=tuple(target["Path"] for target in described.get("Targets", {}).get("S3Targets", ())),
    )


def start(name: str) -> bool:
    """Start a crawler; False where it is running already."""
    glue = client("glue")
    try:
        glue.start_crawler(Name=name)
    except glue.exceptions.CrawlerRunningException:
        return False
    return True


def _start_of(described: Mapping[str, Any], last: Mapping[str, Any]) -> datetime | None:
    """When the running crawl began, or else the last one. LastCrawl tells of crawls that have ended."""
    if described["State"] == "RUNNING" and (elapsed := described.get("CrawlElapsedTime")):
        return datetime.now(timezone.utc) - timedelta(milliseconds=elapsed)
    started: datetime | None = last.get("StartTime")
    return started
