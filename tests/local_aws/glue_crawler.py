"""Glue crawlers that read the objects, and CSV classifiers; moto has a crawler's name and no crawl.

    READY --StartCrawler--> RUNNING (reads, then writes the table) --> STOPPING --> READY, LastCrawl says how it ended

What it makes of CSV is what Glue documents: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html and
https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html. One thing is simpler: Glue weighs
how similar the schemas of an include path are and may make several tables of it; this makes one, with the columns of
the most frequent header and then those that other files add (CombineCompatibleSchemas).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import itertools
import re
import threading
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.glue.exceptions import (
    AlreadyExistsException,
    CrawlerRunningException,
    EntityNotFoundException,
    PartitionAlreadyExistsException,
)
from moto.glue.models import FakeCrawler, FakeTable, GlueBackend
from moto.glue.responses import GlueResponse

from .aws_calls import inside
from .objects import ObjectStore
from .s3_events import S3_LOCK
from .seams import Seams

_SAMPLE_BYTES = 1024 * 1024
_SAMPLE_ROWS = 1000
_BUILT_IN_DELIMITERS = ",|\t;\u0001"

Classifier = dict[str, Any]
Row = list[str]


def install(crawl_seconds: float = 0.2) -> Callable[[], None]:
    """Have crawlers crawl, each for at least that long. Returns the callable that undoes it and stops them."""
    seams = Seams()
    closing = threading.Event()
    classifiers: dict[str, Classifier] = {}
    call_action = GlueResponse.call_action
    as_dict = FakeCrawler.as_dict
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
        arguments = (crawler, run, classifiers, crawl_seconds, closing)
        threading.Thread(target=_run, args=arguments, name=f"crawl {crawler.name}", daemon=True).start()

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
            _known(classifiers, name)
        create_crawler(backend, **settings)

    def create_classifier(response: GlueResponse) -> ActionResult:
        name, classifier = _csv_classifier(response)
        if name in classifiers:
            raise AlreadyExistsException("Classifier")
        classifiers[name] = {**classifier, "CreationTime": utcnow(), "LastUpdated": utcnow(), "Version": 1}
        return EmptyResult()

    def update_classifier(response: GlueResponse) -> ActionResult:
        name, classifier = _csv_classifier(response)
        known = _known(classifiers, name)
        known |= {**classifier, "LastUpdated": utcnow(), "Version": known["Version"] + 1}
        return EmptyResult()

    def get_classifier(response: GlueResponse) -> ActionResult:
        return ActionResult({"Classifier": {"CsvClassifier": _known(classifiers, response.parameters["Name"])}})

    def get_classifiers(response: GlueResponse) -> ActionResult:
        return ActionResult({"Classifiers": [{"CsvClassifier": one} for one in classifiers.values()]})

    def delete_classifier(response: GlueResponse) -> ActionResult:
        _known(classifiers, response.parameters["Name"])
        del classifiers[response.parameters["Name"]]
        return EmptyResult()

    seams.replace(GlueResponse, "call_action", locked_action)
    seams.replace(FakeCrawler, "start_crawler", start_crawler)
    seams.replace(FakeCrawler, "as_dict", crawler_as_dict)
    seams.replace(GlueBackend, "create_crawler", create_crawler_of_known_classifiers)
    for operation in (
        create_classifier,
        update_classifier,
        get_classifier,
        get_classifiers,
        delete_classifier,
    ):
        seams.replace(GlueResponse, operation.__name__, operation)

    def uninstall() -> None:
        closing.set()
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
    start_time: datetime = field(default_factory=utcnow)
    end_time: datetime | None = None
    stop_asked: bool = False

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


class _Stopped(Exception):
    """StopCrawler was called before the crawl wrote its table."""


def _run(
    crawler: FakeCrawler,
    run: Crawl,
    classifiers: dict[str, Classifier],
    crawl_seconds: float,
    closing: threading.Event,
) -> None:
    with inside(None):
        try:
            closing.wait(crawl_seconds / 2)
            for target in crawler.targets.get("S3Targets") or []:
                _crawl_path(crawler, run, target, classifiers)
            for target in crawler.targets.get("CatalogTargets") or []:
                _crawl_tables(crawler, target)
        except _Stopped:
            return run.end("STOPPED")
        except Exception as error:  # whatever stops a crawl is told by LastCrawl, as Glue does
            run.error = f"{type(error).__name__}: {error}"
            return run.end("FAILED")
        with S3_LOCK:
            run.status = "STOPPING"
        closing.wait(crawl_seconds / 2)
        run.end("COMPLETED")


@dataclass(frozen=True)
class _Sample:
    """What the crawler saw of one object."""

    address: str
    names: tuple[str, ...]
    types: tuple[str | None, ...]
    has_header: bool
    delimiter: str
    compressed: bool
    size: int


def _crawl_path(crawler: FakeCrawler, run: Crawl, target: dict[str, Any], classifiers: dict[str, Classifier]) -> None:
    """Make or update the one table of an include path, with a partition for each folder level below it."""
    store = ObjectStore(crawler.backend.account_id)
    root = target["Path"].rstrip("/") + "/"
    if not store.has_bucket(root):
        raise FileNotFoundError(f"The specified bucket does not exist: {root}")
    excluded = [_glob(pattern) for pattern in target.get("Exclusions") or []]
    chosen = next((classifiers[name] for name in crawler.classifiers or [] if name in classifiers), None)
    samples = []
    for found in store.list_data(root):
        path = found.address.removeprefix(root)
        if found.size == 0 or any(pattern.fullmatch(path) for pattern in excluded):
            continue
        sample = _sample(found.address, store.read(found.address) or b"", chosen)
        if sample is not None:
            samples.append(sample)
    if run.status == "STOPPING":
        raise _Stopped
    if samples:
        with S3_LOCK:
            _write_table(crawler, root, samples, chosen or {})


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
                _register_partition(table, values, f"{root}{folder}/")


def _sample(address: str, body: bytes, classifier: Classifier | None) -> _Sample | None:
    """Columns and types of one CSV object; None when the classifier does not recognise it."""
    compressed = address.endswith(".gz")
    if compressed:
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(_SAMPLE_BYTES)
        except (OSError, EOFError, zlib.error):
            return None
    # A byte-order mark ends as a question mark in the first column's name.
    text = body[:_SAMPLE_BYTES].decode("utf-8", "replace").replace("\ufeff", "?", 1)
    given = classifier or {}
    # OpenCSVSerDe reads every column as a string: below a header that is said to be there nothing is left to find out.
    rows_needed = 1 if _all_strings(given) and given.get("ContainsHeader") == "PRESENT" else _SAMPLE_ROWS
    for delimiter in given.get("Delimiter") or _BUILT_IN_DELIMITERS:
        rows = _rows(text, delimiter, given.get("QuoteSymbol") or '"', rows_needed)
        fewest = 1 if given.get("AllowSingleColumn") else 2
        if not rows or len(rows[0]) < fewest or (classifier is None and len(rows) < 2):
            continue
        types: list[str | None] = [None] * len(rows[0])
        for row in rows[1:]:
            types = [_wider(kind, _type(cell)) for kind, cell in zip(types, [*row, *[""] * len(types)], strict=False)]
        has_header = given.get("ContainsHeader", "UNKNOWN") == "PRESENT" or (
            given.get("ContainsHeader", "UNKNOWN") == "UNKNOWN" and _is_header(rows[0], types)
        )
        if not has_header:
            types = [_wider(kind, _type(cell)) for kind, cell in zip(types, rows[0], strict=True)]
        names = given.get("Header") or (_names(rows[0]) if has_header else [f"col{n}" for n in range(len(types))])
        return _Sample(address, tuple(names), tuple(types), has_header, delimiter, compressed, len(body))
    return None


def _rows(text: str, delimiter: str, quote: str, most: int) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, quotechar=quote)
    return list(itertools.islice((row for row in reader if row), most))


def _all_strings(classifier: Classifier) -> bool:
    return classifier.get("Serde") == "OpenCSVSerDe"


def _names(header: Row) -> list[str]:
    """Lower-case column names, none of them empty, none twice (the catalogue takes neither)."""
    names: list[str] = []
    for position, cell in enumerate(header):
        name = cell.strip().lower() or f"col{position}"
        names.append(name if name not in names else f"{name}_{position}")
    return names


def _is_header(first: Row, types: Sequence[str | None]) -> bool:
    """Glue's rule: every cell of the first row a short string, and some column below it not a string."""
    cells = all(_type(cell) == "string" and len(cell) < 150 for cell in first)
    return cells and any(kind not in ("string", None) for kind in types)


def _type(cell: str) -> str | None:
    cell = cell.strip()
    if not cell:
        return None
    if re.fullmatch(r"[+-]?\d{1,18}", cell):
        return "bigint"
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", cell):
        return "double"
    return "string"


def _wider(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return one or other
    return "double" if {one, other} == {"bigint", "double"} else "string"


def _write_table(crawler: FakeCrawler, root: str, samples: list[_Sample], classifier: Classifier) -> None:
    main = Counter(sample.names for sample in samples).most_common(1)[0][0]
    types: dict[str, str | None] = dict.fromkeys(main)
    for sample in samples:
        for name, kind in zip(sample.names, sample.types, strict=False):
            types[name] = _wider(types.get(name), kind)
    first = next(sample for sample in samples if sample.names == main)
    open_csv = _all_strings(classifier)
    columns = [{"Name": name, "Type": "string" if open_csv else kind or "string"} for name, kind in types.items()]
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler.name,
        "areColumnsQuoted": "false",
        "classification": "csv",
        "columnsOrdered": "true",
        "compressionType": "gzip" if first.compressed else "none",
        "delimiter": first.delimiter,
        "objectCount": str(len(samples)),
        "sizeKey": str(sum(sample.size for sample in samples)),
        "typeOfData": "file",
    }
    if first.has_header:
        parameters["skip.header.line.count"] = "1"
    keys, partitions = _partitions(root, [sample.address for sample in samples])
    storage = {
        "Columns": columns,
        "Location": root,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": first.compressed,
        "NumberOfBuckets": -1,
        "SerdeInfo": _serde(first.delimiter, classifier.get("QuoteSymbol") or '"', open_csv),
        "Parameters": parameters,
    }
    table = _own_table(
        crawler,
        root,
        {
            "TableType": "EXTERNAL_TABLE",
            "Owner": "owner",
            "Retention": 0,
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
            "Parameters": parameters,
            "StorageDescriptor": storage,
        },
    )
    for values, location in partitions.items():
        _register_partition(table, values, location)
    _forget_partitions(table, crawler, set(partitions))


def _serde(delimiter: str, quote: str, open_csv: bool) -> dict[str, Any]:
    if not open_csv:
        return {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            "Parameters": {"field.delim": delimiter},
        }
    return {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": delimiter, "quoteChar": quote},
    }


def _own_table(crawler: FakeCrawler, root: str, table_input: dict[str, Any]) -> FakeTable:
    """Create the include path's table, or bring it up to date; a table of another location is never touched.

    Where the name is taken, Glue appends a hash (https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html).
    """
    backend, database = crawler.backend, crawler.database_name or "default"
    if database not in backend.databases:
        backend.create_database(database, {"Name": database})
    folder = root.rstrip("/").rpartition("/")[2]
    plain = (crawler.table_prefix or "") + re.sub(r"\W", "_", folder).lower()
    for name in (plain, f"{plain}_{hashlib.md5(root.encode(), usedforsecurity=False).hexdigest()}"):
        table_input = {"Name": name, **table_input}
        table = backend.databases[database].tables.get(name)
        if table is None:
            return backend.create_table(database, name, table_input)
        existing = table.as_dict()
        if existing["StorageDescriptor"].get("Location", "").rstrip("/") + "/" != root:
            table_input.pop("Name")
            continue
        if (crawler.schema_change_policy or {}).get("UpdateBehavior") != "LOG":
            columns = {column["Name"]: column for column in existing["StorageDescriptor"]["Columns"]}
            columns |= {column["Name"]: column for column in table_input["StorageDescriptor"]["Columns"]}
            table_input["StorageDescriptor"]["Columns"] = list(columns.values())
            # The keys of a table that has partitions cannot change.
            if table.partitions:
                table_input["PartitionKeys"] = existing["PartitionKeys"]
            backend.update_table(database, name, table_input)
        return table
    raise AlreadyExistsException("Table")


def _partitions(root: str, addresses: Iterable[str]) -> tuple[list[str], dict[tuple[str, ...], str]]:
    """The partition keys below an include path, and each partition's values with its folder.

    As many folder levels as every file has make the keys: named by their "name=", else partition_0, partition_1 …
    A file in a deeper folder belongs to the partition above it, whose subfolders Athena reads too.
    """
    folders = [address.removeprefix(root).split("/")[:-1] for address in addresses]
    depth = min(map(len, folders))
    keys = []
    for level in range(depth):
        named = {folder[level].partition("=")[0] if "=" in folder[level] else "" for folder in folders}
        keys.append(named.pop().lower() if len(named) == 1 and "" not in named else f"partition_{level}")
    partitions = {}
    for folder in folders if depth else []:
        levels = folder[:depth]
        values = tuple(
            level if key.startswith("partition_") else level.partition("=")[2] for key, level in zip(keys, levels, strict=True)
        )
        partitions[values] = root + "/".join(levels) + "/"
    return keys, partitions


def _register_partition(table: FakeTable, values: Sequence[str], location: str) -> None:
    if len(values) != len(table.as_dict().get("PartitionKeys") or []):
        return
    storage = {**table.as_dict()["StorageDescriptor"], "Location": location}
    parameters = {"classification": "csv"} if "classification" in storage.get("Parameters", {}) else {}
    try:
        table.create_partition({"Values": list(values), "StorageDescriptor": storage, "Parameters": parameters})
    except PartitionAlreadyExistsException:
        return


def _forget_partitions(table: FakeTable, crawler: FakeCrawler, found: set[tuple[str, ...]]) -> None:
    """Deal with partitions whose objects are gone as the crawler's DeleteBehavior says: LOG leaves them.

    https://docs.aws.amazon.com/glue/latest/webapi/API_SchemaChangePolicy.html
    """
    behavior = (crawler.schema_change_policy or {}).get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
    for partition in list(table.partitions.values()):
        if tuple(partition.values) in found or behavior == "LOG":
            continue
        if behavior == "DELETE_FROM_DATABASE":
            table.delete_partition(partition.values)
        else:
            stamp = str(int(utcnow().timestamp() * 1000))
            partition.partition_input.setdefault("Parameters", {})["DEPRECATED_BY_CRAWLER"] = stamp


def _glob(pattern: str) -> re.Pattern[str]:
    """Glue's exclude patterns, relative to the include path.

    https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html#crawler-data-stores-exclude
    """
    tokens = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.findall(r"\*\*|\[[^\]]*\]|\\.|.", pattern)
    depth = 0
    expression = ""
    for part in parts:
        depth += (part == "{") - (part == "}")
        if part == "," and not depth:
            expression += ","
        elif part.startswith("["):
            expression += part.replace("[!", "[^", 1)
        else:
            expression += tokens.get(part) or re.escape(part.removeprefix("\\"))
    return re.compile(expression, re.S)


def _csv_classifier(response: GlueResponse) -> tuple[str, Classifier]:
    classifier = response.parameters.get("CsvClassifier")
    if not classifier:
        raise NotImplementedError("the local account knows CSV classifiers only")
    return classifier["Name"], dict(classifier)


def _known(classifiers: dict[str, Classifier], name: str) -> Classifier:
    if name not in classifiers:
        raise EntityNotFoundException(f"Classifier with name {name} not found")
    return classifiers[name]
