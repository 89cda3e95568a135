"""Glue crawlers that read the objects; moto has a crawler's name and no crawl.

    READY --StartCrawler--> RUNNING (reads, then writes the table) --> STOPPING --> READY, LastCrawl says how it ended

It reads with a CSV classifier like the lake's (a header, OpenCSVSerDe), so that every column is a string; without one, or with
Exclusions, a crawl fails: types that Glue infers, and its patterns, are not imitated. What it writes to the catalogue is in
`crawled_table`.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerRunningException
from moto.glue.models import FakeCrawler, GlueBackend
from moto.glue.responses import GlueResponse

from . import glue_classifiers
from .aws_calls import inside
from .crawled_table import Header, read_header, register_partition, tables_of, write_table
from .glue_classifiers import Classifier, known_classifier
from .objects import ObjectStore
from .s3_events import S3_LOCK
from .seams import Seams


def install(crawl_seconds: float = 0.2) -> Callable[[], None]:
    """Have crawlers crawl, each for at least that long. Returns the callable that undoes it and stops them."""
    seams = Seams()
    crawls: list[Crawl] = []
    classifiers = glue_classifiers.install(seams)
    call_action = GlueResponse.call_action
    as_dict = FakeCrawler.as_dict
    stop = FakeCrawler.stop_crawler
    create_crawler = GlueBackend.create_crawler

    def locked_action(response: GlueResponse) -> Any:
        with S3_LOCK:
            return call_action(response)

    def start_crawler(crawler: FakeCrawler) -> None:
        runs: list[Any] = crawler.crawls
        if runs and not runs[-1].ended:
            raise CrawlerRunningException(f"Crawler with name {crawler.name} has already started")
        run = Crawl(crawler.name)
        runs.append(run)
        crawls.append(run)
        arguments = (crawler, run, classifiers, crawl_seconds)
        threading.Thread(target=_run, args=arguments, name=f"crawl {crawler.name}", daemon=True).start()

    def stop_crawler(crawler: FakeCrawler) -> None:
        stop(crawler)
        run: Any = crawler.crawls[-1]
        run.stopping.set()

    def crawler_as_dict(crawler: FakeCrawler) -> dict[str, Any]:
        description = as_dict(crawler)
        description.pop("LastCrawl", None)
        runs: list[Any] = crawler.crawls
        ended = [run for run in runs if run.ended]
        if ended:
            description["LastCrawl"] = ended[-1].last_crawl()
        return description

    def create_crawler_of_known_classifiers(backend: GlueBackend, **settings: Any) -> None:
        for name in settings.get("classifiers") or []:
            known_classifier(classifiers, name)
        create_crawler(backend, **settings)

    seams.replace(GlueResponse, "call_action", locked_action)
    seams.replace(FakeCrawler, "start_crawler", start_crawler)
    seams.replace(FakeCrawler, "stop_crawler", stop_crawler)
    seams.replace(FakeCrawler, "as_dict", crawler_as_dict)
    seams.replace(GlueBackend, "create_crawler", create_crawler_of_known_classifiers)

    def uninstall() -> None:
        for run in crawls:
            run.stopping.set()
        seams.restore()

    return uninstall


@dataclass
class Crawl:
    """One run of a crawler, in the place of moto's FakeCrawl."""

    log_stream: str
    status: str = "RUNNING"
    """RUNNING, STOPPING, then COMPLETED, STOPPED or FAILED: the states that moto's crawler knows."""
    error: str | None = None
    crawl_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group: str = "/aws-glue/crawlers"
    dpu_hour: float = 0.0
    start_time: datetime = field(default_factory=lambda: utcnow())
    end_time: datetime | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when it is to take no more time."""

    @property
    def message_prefix(self) -> str:
        return self.crawl_id

    @property
    def ended(self) -> bool:
        return self.end_time is not None

    def end(self, status: str) -> None:
        with S3_LOCK:
            self.end_time = utcnow()
            self.status = status

    def as_dict(self) -> dict[str, Any]:
        """A crawl of ListCrawls, https://docs.aws.amazon.com/glue/latest/webapi/API_CrawlerHistory.html"""
        history = {
            "CrawlId": self.crawl_id,
            "State": "RUNNING" if self.status == "STOPPING" else self.status,
            "StartTime": self.start_time,
            "EndTime": self.end_time,
            "DPUHour": self.dpu_hour,
            "ErrorMessage": self.error,
            "LogGroup": self.log_group,
            "LogStream": self.log_stream,
            "MessagePrefix": self.message_prefix,
        }
        return {name: value for name, value in history.items() if value is not None}

    def last_crawl(self) -> dict[str, Any]:
        """GetCrawler's LastCrawl, https://docs.aws.amazon.com/glue/latest/webapi/API_LastCrawlInfo.html"""
        info = {
            "Status": {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}[self.status],
            "ErrorMessage": self.error,
            "StartTime": self.start_time,
            "LogGroup": self.log_group,
            "LogStream": self.log_stream,
            "MessagePrefix": self.message_prefix,
        }
        return {name: value for name, value in info.items() if value is not None}


def _run(crawler: FakeCrawler, run: Crawl, classifiers: dict[str, Classifier], crawl_seconds: float) -> None:
    with inside(None):
        try:
            if run.stopping.wait(crawl_seconds / 2):
                return run.end("STOPPED")
            found: dict[str, tuple[list[Header], Classifier]] = {}
            for target in crawler.targets.get("S3Targets") or []:
                found |= _tables(crawler, target, classifiers)
            if run.stopping.is_set():
                return run.end("STOPPED")
            _check_threshold(crawler, len(found))
            for location, (headers, classifier) in found.items():
                with S3_LOCK:
                    write_table(crawler, location, headers, classifier)
            for target in crawler.targets.get("CatalogTargets") or []:
                _crawl_tables(crawler, target)
        except Exception as error:  # LastCrawl says what stopped a crawl, as Glue's does
            run.error = f"{type(error).__name__}: {error}"
            return run.end("FAILED")
        with S3_LOCK:
            run.status = "STOPPING"
        run.stopping.wait(crawl_seconds / 2)
        run.end("COMPLETED")


def _tables(
    crawler: FakeCrawler, target: dict[str, Any], classifiers: dict[str, Classifier]
) -> dict[str, tuple[list[Header], Classifier]]:
    """What is to be written for an include path: the headers of each table, by its location."""
    store = ObjectStore(crawler.backend.account_id)
    root = target["Path"].rstrip("/") + "/"
    if not store.has_bucket(root):
        raise FileNotFoundError(f"The specified bucket does not exist: {root}")
    chosen = next((classifiers[name] for name in crawler.classifiers or [] if name in classifiers), {})
    wanted = {"ContainsHeader": "PRESENT", "Serde": "OpenCSVSerDe"}
    # Without a SerDe, as CloudFormation makes classifiers, Glue chooses one and guesses types; here the columns stay text.
    if not chosen.get("Delimiter") or wanted.items() - {"Serde": "OpenCSVSerDe", **chosen}.items():
        raise NotImplementedError(f"the local account crawls with a CSV classifier that has a Delimiter and {wanted}")
    if target.get("Exclusions"):
        raise NotImplementedError("the local account crawls without Exclusions")
    stored = [found.address for found in store.list_data(root) if found.size]
    headers = [read_header(address, store.read(address) or b"", chosen) for address in stored]
    grouping = json.loads(crawler.configuration or "{}").get("Grouping", {})
    tables = tables_of(root, [header for header in headers if header is not None], grouping)
    return {location: (members, chosen) for location, members in tables.items()}


def _check_threshold(crawler: FakeCrawler, detected: int) -> None:
    """Fail before anything is written: https://docs.aws.amazon.com/glue/latest/dg/crawler-maximum-number-of-tables.html"""
    output = json.loads(crawler.configuration or "{}").get("CrawlerOutput", {})
    threshold = output.get("Tables", {}).get("TableThreshold")
    if threshold is not None and detected > threshold:
        raise ValueError(f"Table Threshold value = {threshold}, Tables detected - {detected}")


def _crawl_tables(crawler: FakeCrawler, target: dict[str, Any]) -> None:
    """Register, for existing tables, the key=value folders below their locations; columns come from the table.

    https://docs.aws.amazon.com/glue/latest/dg/crawler-data-stores.html (a Data Catalog target)
    """
    for name in target["Tables"]:
        table = crawler.backend.get_table(target["DatabaseName"], name)
        root = table.as_dict()["StorageDescriptor"]["Location"].rstrip("/") + "/"
        keys = [key["Name"] for key in table.as_dict().get("PartitionKeys") or []]
        folders = set()
        for found in ObjectStore(crawler.backend.account_id).list(root):
            levels = [level.partition("=") for level in found.address.removeprefix(root).split("/")[:-1]]
            if [level[0] for level in levels] == keys:
                folders.add(tuple(level[2] for level in levels))
        with S3_LOCK:
            for values in sorted(folders):
                folder = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
                register_partition(table, values, f"{root}{folder}/")
