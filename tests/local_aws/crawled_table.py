"""The table that a crawler writes for an include path, and its partitions.

https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html

One thing is simpler: Glue weighs how similar the schemas of an include path are and may make several tables of it;
this makes one, with the columns of the most frequent header and then those that other files add
(CombineCompatibleSchemas).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from moto.core.utils import utcnow
from moto.glue.exceptions import AlreadyExistsException, PartitionAlreadyExistsException
from moto.glue.models import FakeCrawler, FakeTable

from .glue_classifiers import Classifier
from .glue_csv import Sample, all_strings, wider


def write_table(crawler: FakeCrawler, root: str, samples: list[Sample], classifier: Classifier) -> None:
    """Make or update the table of the include path `root`, which ends in "/", and its partitions; `samples` are not empty."""
    main = Counter(sample.names for sample in samples).most_common(1)[0][0]
    types: dict[str, str | None] = dict.fromkeys(main)
    for sample in samples:
        for name, kind in zip(sample.names, sample.types, strict=False):
            types[name] = wider(types.get(name), kind)
    first = next(sample for sample in samples if sample.names == main)
    open_csv = all_strings(classifier)
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
        register_partition(table, values, location)
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
