"""The tables that a crawler writes for an include path, and their partitions.

https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html

What counts as similar Glue does not document in numbers; here it is a header of which seven names in ten are the table's.
Neither are tables told apart by the compression of their files.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import itertools
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.glue.exceptions import AlreadyExistsException, PartitionAlreadyExistsException
from moto.glue.models import FakeCrawler, FakeTable

from .glue_classifiers import Classifier

SIMILAR = 0.7


@dataclass(frozen=True)
class Header:
    """The column names of one CSV object, in lower case, none of them empty, none twice."""

    address: str
    names: tuple[str, ...]
    size: int


def read_header(address: str, body: bytes, classifier: Classifier) -> Header | None:
    """None when the classifier does not recognise the object: it has no line of at least two cells (or one, if allowed)."""
    if address.endswith(".gz"):
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(1024 * 1024)
        except (OSError, EOFError, zlib.error):
            return None
    # A byte-order mark ends as a question mark in the first column's name.
    text = body[: 1024 * 1024].decode("utf-8", "replace").replace("\ufeff", "?", 1)
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=classifier["Delimiter"], quotechar=classifier.get("QuoteSymbol", '"')
    )
    cells = next(itertools.islice((row for row in reader if row), 1), [])
    if len(cells) < (1 if classifier.get("AllowSingleColumn") else 2):
        return None
    names: list[str] = []
    for position, cell in enumerate(cells):
        name = cell.strip().lower() or f"col{position}"
        names.append(name if name not in names else f"{name}_{position}")
    return Header(address, tuple(names), len(body))


def tables_of(root: str, headers: Sequence[Header], grouping: Mapping[str, Any]) -> dict[str, list[Header]]:
    """The headers of each table, by its location, for the include path `root`; "Grouping" of the crawler's configuration.

    TableLevelConfiguration makes a table of each folder of that level, the bucket's being 1; otherwise the include path is
    one table. Without CombineCompatibleSchemas, folders of other columns than most files have become tables of their own.
    https://docs.aws.amazon.com/glue/latest/dg/crawler-table-level.html
    https://docs.aws.amazon.com/glue/latest/dg/crawler-grouping-policy.html
    """
    level = int(grouping.get("TableLevelConfiguration") or 0)
    tables: dict[str, list[Header]] = defaultdict(list)
    for header in headers:
        folders = header.address.removeprefix("s3://").split("/")[:-1]
        at_level = "s3://" + "/".join(folders[:level]) + "/"
        tables[at_level if level and at_level.startswith(root) else root].append(header)
    if grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas":
        return tables
    apart: dict[str, list[Header]] = defaultdict(list)
    for location, members in tables.items():
        main = set(_most_frequent(members))
        for header in members:
            similar = len(main & set(header.names)) >= SIMILAR * len(main | set(header.names))
            apart[location if similar else header.address.rpartition("/")[0] + "/"].append(header)
    return apart


def write_table(crawler: FakeCrawler, root: str, headers: Sequence[Header], classifier: Classifier) -> None:
    """Make or update the table at `root`, which ends in "/", and its partitions: every column a string (OpenCSVSerDe)."""
    names = dict.fromkeys(itertools.chain(_most_frequent(headers), *(header.names for header in headers)))
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler.name,
        "areColumnsQuoted": "false",
        "classification": "csv",
        "columnsOrdered": "true",
        "compressionType": "gzip" if headers[0].address.endswith(".gz") else "none",
        "delimiter": classifier["Delimiter"],
        "objectCount": str(len(headers)),
        "sizeKey": str(sum(header.size for header in headers)),
        "skip.header.line.count": "1",
        "typeOfData": "file",
    }
    keys, partitions = _partitions(root, [header.address for header in headers])
    serde = {"separatorChar": classifier["Delimiter"], "quoteChar": classifier.get("QuoteSymbol", '"')}
    storage = {
        "Columns": [{"Name": name, "Type": "string"} for name in names],
        "Location": root,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "Compressed": parameters["compressionType"] == "gzip",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde", "Parameters": serde},
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
        register_partition(table, values, location)
    _forget_partitions(table, crawler, set(partitions))


def _most_frequent(headers: Iterable[Header]) -> tuple[str, ...]:
    return Counter(header.names for header in headers).most_common(1)[0][0]


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


def register_partition(table: FakeTable, values: Sequence[str], location: str) -> None:
    """Add a partition where the table lacks it; values that don't match the table's keys are passed over."""
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
