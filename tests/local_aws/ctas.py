"""CREATE TABLE AS and its properties, checked as Athena checks them.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from .dialect import Output
from .dialect.grammar import Node, fail, not_supported
from .engine import StatementFailed
from .trino_types import UNKNOWN, Type, coerces

MAX_PARTITIONS = 100


@dataclass(frozen=True)
class Ctas:
    """A CREATE TABLE AS statement, its names in lower case. `database` is None where the statement names none."""

    database: str | None
    name: str
    query: Node
    if_not_exists: bool
    with_data: bool
    compression: str
    external_location: str | None
    partitioned_by: Sequence[str]
    bucketed_by: Sequence[str]
    bucket_count: int


def read(node: exp.Create) -> Ctas:
    """The statement that `grammar.parse` gave. StatementFailed for a property that Athena does not know or does not take."""
    table = node.this
    if not isinstance(table, exp.Table):
        raise not_supported("CREATE TABLE AS with a column list")
    given: dict[str, Any] = {}
    with_data = True
    properties = node.args.get("properties")
    for entry in properties.expressions if properties else ():
        if isinstance(entry, exp.WithDataProperty):
            with_data = not entry.args.get("no")
            continue
        name, value = _property(entry)
        if name in given:
            raise StatementFailed(f"SYNTAX_ERROR: line 1:1: Duplicate property: {name}")
        given[name] = value
    unknown = given.keys() - _PROPERTIES
    if unknown:
        raise StatementFailed(f"INVALID_TABLE_PROPERTY: line 1:1: Table property '{min(unknown)}' does not exist")
    if str(given.get("format", "PARQUET")).upper() != "PARQUET":
        raise not_supported(f"CREATE TABLE AS with format {given['format']}")
    compression = str(given.get("write_compression", given.get("parquet_compression", "GZIP"))).upper()
    if compression not in ("SNAPPY", "GZIP", "ZSTD", "NONE"):
        raise StatementFailed(f"INVALID_TABLE_PROPERTY: Unsupported write_compression {compression} for PARQUET")
    bucketed_by = _names(given.get("bucketed_by", []))
    bucket_count = given.get("bucket_count", 0)
    if bool(bucketed_by) != bool(bucket_count):
        raise StatementFailed("INVALID_TABLE_PROPERTY: bucketed_by and bucket_count must be given together")
    if bucket_count not in (0, 1):
        raise not_supported(f"bucket_count = {bucket_count}: rows are not hashed here, only one bucket is written")
    location = given.get("external_location")
    if location is not None and not str(location).startswith("s3://"):
        raise StatementFailed(f"INVALID_TABLE_PROPERTY: External location URI must be an S3 location: {location}")
    return Ctas(
        database=table.db.lower() or None,
        name=table.name.lower(),
        query=node.expression,
        if_not_exists=bool(node.args.get("exists")),
        with_data=with_data,
        compression=compression,
        external_location=location,
        partitioned_by=_names(given.get("partitioned_by", [])),
        bucketed_by=bucketed_by,
        bucket_count=bucket_count,
    )


_PROPERTIES = {
    "format",
    "write_compression",
    "parquet_compression",
    "external_location",
    "partitioned_by",
    "bucketed_by",
    "bucket_count",
}


def _property(entry: Node) -> tuple[str, Any]:
    if isinstance(entry, exp.FileFormatProperty):
        return "format", entry.this.name if isinstance(entry.this, Node) else str(entry.this)
    if isinstance(entry, exp.PartitionedByProperty):
        return "partitioned_by", _value(entry.this)
    if isinstance(entry, exp.Property) and isinstance(entry.this, Node):
        return entry.this.name.lower(), _value(entry.args["value"])
    raise not_supported(f"the table property {entry.sql(dialect='trino')}")


def _value(node: Node) -> Any:
    if isinstance(node, exp.Array):
        return [element.name for element in node.expressions]
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else int(node.this)
    raise not_supported(f"the property value {node.sql(dialect='trino')}")


def _names(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise StatementFailed(
            f"INVALID_TABLE_PROPERTY: Invalid value for table property: Cannot convert {value!r} to array(varchar)"
        )
    return [str(name).lower() for name in value]


def check_columns_named(outputs: Sequence[Output]) -> Sequence[tuple[str, Type]]:
    """A query's columns as those of a table or view. StatementFailed when one has no name or type, or two share a name."""
    columns: list[tuple[str, Type]] = []
    for position, output in enumerate(outputs, 1):
        if output.name is None:
            raise fail("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}")
        if output.name in dict(columns):
            raise fail("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{output.name}' specified more than once")
        if output.type == UNKNOWN:
            raise fail("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {output.name}")
        columns.append((output.name, output.type))
    return columns


def insertable(source: Type, target: Type) -> bool:
    """Whether INSERT INTO takes a value of the one type for a column of the other."""
    return coerces(source, target) or (source.is_timestamp and target.is_timestamp) or (source.name == target.name == "decimal")


def check_columns(statement: Ctas, outputs: Sequence[Output]) -> Sequence[tuple[str, Type]]:
    """The new table's columns. StatementFailed for names or types that a table can't have, or partition keys out of place."""
    columns = check_columns_named(outputs)
    for name, type_ in columns:
        if type_.is_timestamp and type_.precision != 3:
            raise fail(
                "NOT_SUPPORTED",
                f"Incorrect timestamp precision for {type_}; the configured precision is MILLISECONDS; column name: {name}",
            )
        if "time zone" in type_.name or "interval" in type_.name:
            raise fail("NOT_SUPPORTED", f"Unsupported Hive type: {type_}")
    names = [name for name, _ in columns]
    missing = [key for key in statement.partitioned_by if key not in names]
    if missing:
        raise fail("INVALID_TABLE_PROPERTY", f"Partition columns [{', '.join(missing)}] not present in schema")
    keys = list(statement.partitioned_by)
    if keys and names[-len(keys) :] != keys:
        raise fail(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(keys)}]",
        )
    if len(keys) == len(names):
        raise fail("INVALID_TABLE_PROPERTY", "Table contains only partition columns")
    absent = [column for column in statement.bucketed_by if column not in names]
    if absent:
        raise fail("INVALID_TABLE_PROPERTY", f"Bucketing columns [{', '.join(absent)}] not present in schema")
    return columns
