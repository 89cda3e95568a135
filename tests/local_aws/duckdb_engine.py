"""Athena's statements run in this process, by DuckDB, on the account's Glue tables and S3 objects."""

from __future__ import annotations

import contextlib
import datetime
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa
from sqlglot import exp

from . import ctas, formats
from .athena_text import text
from .catalog import DEFAULT_PARTITION, OWNER, GlueCatalog, GlueTable, parquet_storage
from .dialect import PATH, CompiledQuery, Output, Scan, Table, View, compile_query, macros
from .dialect.grammar import Node, fail, not_supported, parse, quote
from .engine import Column, Outcome, Statement, StatementCancelled, StatementFailed
from .formats import LAZY_SIMPLE, SYMLINK_INPUT
from .hive_ddl import HiveDdl
from .objects import ObjectStore, StoredObject
from .trino_types import TIMESTAMP_TZ, UNKNOWN, VARCHAR, Type, UnknownType, from_text, result_type, to_duckdb, to_hive

_ROW = "$row"
# Steps of DuckDB's optimizer by which it computes, as Trino does, no more than the result needs (what is not needed can't
# fail), and joins in a good order. The others take longer than they save here.
_OPTIMIZERS = {
    *("filter_pushdown", "filter_pullup", "unused_columns", "cte_inlining", "empty_result_pullup", "deliminator", "in_clause"),
    *("join_order", "build_side_probe_side", "column_lifetime", "reorder_filter", "limit_pushdown", "top_n"),
}
_VIEW_BODY = re.compile(
    r'(?:\s+|--[^\n]*\n|/\*.*?\*/)*create\s+(?:or\s+replace\s+)?view\s+(?:"[^"]*"|`[^`]*`|[\w$.])+\s+as\b(.*)',
    re.IGNORECASE | re.DOTALL,
)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
# Hive's FileUtils.escapePathName.
_ESCAPED = re.compile("[\x00-\x1f\"#%'*/:=?\\\\\x7f{\\[\\]^]")


@dataclass(frozen=True)
class _DataFile:
    address: str
    partition: Sequence[str]


class DuckDBEngine:
    """An `engine.Engine`. One in-memory database holds the macros; each statement has a connection of its own to it."""

    def __init__(self, account_id: str, region: str) -> None:
        self._catalog = GlueCatalog(account_id, region)
        self._objects = ObjectStore(account_id)
        self._ddl = HiveDdl(self._catalog, self._objects)
        self._connecting = threading.Lock()

    def close(self) -> None:
        """Nothing of an account is in the database, which the next one uses too."""

    def execute(self, statement: Statement) -> Outcome:
        statement.check_cancelled()
        outcome = self._ddl.run(statement.sql, statement.database)
        if outcome is not None:
            return outcome
        node = parse(statement.sql)
        with self._connecting:
            connection = _database().cursor()
        ended = threading.Event()
        statement.on_cancel(lambda: threading.Thread(target=_interrupt, args=(connection, ended), daemon=True).start())
        try:
            return _Execution(statement, connection, self._catalog, self._objects).run(node)
        except duckdb.InterruptException:
            raise StatementCancelled(statement.query_id) from None
        except duckdb.Error as error:
            statement.check_cancelled()
            raise _failure(str(error)) from error
        finally:
            ended.set()
            connection.close()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for all accounts of the process: it holds the macros alone, and making them takes longer than most tests."""
    database = duckdb.connect(config={"threads": 1})
    database.execute("SET TimeZone = 'UTC'")
    optimizers = {name for (name,) in database.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    assert optimizers >= _OPTIMIZERS
    database.execute(f"SET disabled_optimizers = '{','.join(optimizers - _OPTIMIZERS)}'")
    macros.install(database)
    return database


def _interrupt(connection: duckdb.DuckDBPyConnection, ended: threading.Event) -> None:
    """Interrupt until the statement has ended: DuckDB forgets an interrupt that comes before it has begun to run."""
    while not ended.wait(0.05):
        with contextlib.suppress(duckdb.Error):
            connection.interrupt()


def _failure(message: str) -> StatementFailed:
    """DuckDB's error in Trino's words, where the cause is one that Trino would name too."""
    first = message.split("\n")[0]
    raised = re.search(r"Error: ([A-Z_]+: .*)", message)
    if raised:
        return StatementFailed(raised[1])
    if "ivision by zero" in first:
        return StatementFailed("DIVISION_BY_ZERO: Division by zero")
    grouped = re.search(r'column "?([^"]+)"? must appear in the GROUP BY clause', first)
    if grouped:
        return StatementFailed(
            f"EXPRESSION_NOT_AGGREGATE: line 1:1: '{grouped[1]}' must be an aggregate expression or appear in GROUP BY clause"
        )
    if "WHERE clause cannot contain" in first or "cannot contain aggregates" in first:
        return StatementFailed(
            "EXPRESSION_NOT_SCALAR: line 1:1: WHERE clause cannot contain aggregations, window functions or grouping operations"
        )
    if "More than one row returned by a subquery" in first:
        return StatementFailed("SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
    unfit = re.search(r"Type (DOUBLE|FLOAT) with value (\S+) can't be cast .* destination type (\w+)", first)
    if unfit and unfit[1] == "DOUBLE":
        error_name = "INVALID_CAST_ARGUMENT" if "nan" in unfit[2] or unfit[3] == "INT64" else "NUMERIC_VALUE_OUT_OF_RANGE"
        return StatementFailed(f"{error_name}: Unable to cast {unfit[2]} to an integer")
    if unfit or "Date out of range" in first or "not in timestamp range" in first or "Interval value" in first:
        return not_supported(f"DuckDB says: {first}")
    if "Casting value" in first:
        return StatementFailed(f"INVALID_CAST_ARGUMENT: {first.partition(': ')[2]}")
    if "Out of Range Error" in first or "out of range" in first or "Overflow" in first:
        return StatementFailed(f"NUMERIC_VALUE_OUT_OF_RANGE: {first.partition(': ')[2]}")
    if "Conversion Error" in first:
        return StatementFailed(f"INVALID_CAST_ARGUMENT: {first.partition(': ')[2]}")
    return not_supported(f"DuckDB says: {first}")


class _Execution:
    """One statement under way: what it reads, writes and answers."""

    def __init__(
        self, statement: Statement, connection: duckdb.DuckDBPyConnection, catalog: GlueCatalog, objects: ObjectStore
    ) -> None:
        self._statement = statement
        self._connection = connection
        self._catalog = catalog
        self._objects = objects
        self._tables: dict[tuple[str, str], GlueTable] = {}
        self._bytes_scanned = 0
        self._data_files: list[str] = []

    def run(self, node: Node) -> Outcome:
        if isinstance(node, exp.Query | exp.Values):
            return self._select(node)
        if isinstance(node, exp.Create) and node.kind == "TABLE" and node.expression is not None:
            return self._create_table_as(ctas.read(node))
        if isinstance(node, exp.Create) and node.kind == "VIEW":
            return self._create_view(node)
        if isinstance(node, exp.Insert):
            return self._insert(node)
        raise not_supported(f"the statement {self._statement.sql[:80]!r}")

    # `translation.Catalog`

    def has_database(self, name: str) -> bool:
        return self._catalog.has_database(name)

    def find(self, database: str, name: str) -> Table | View | None:
        found = self._catalog.table(database, name)
        if found is None:
            return None
        if found.is_view:
            return View(found.database, found.name, found.view_sql)
        self._tables[database, name] = found
        columns = [*_typed(found.columns, found), *_typed(found.partition_keys, found)]
        return Table(found.database, found.name, columns, [key for key, _ in found.partition_keys])

    # Reading

    def _query(self, compiled: CompiledQuery, into: str = "") -> duckdb.DuckDBPyConnection:
        for scan in compiled.scans:
            self._statement.check_cancelled()
            self._connection.register(scan.relation, self._scanned(scan))
        self._statement.check_cancelled()
        return self._connection.execute(into + compiled.sql)

    def _select(self, node: Node) -> Outcome:
        compiled = compile_query(node, self._statement.database, self)
        rows = self._query(_with_zones_as_text(compiled)).fetchall()
        moments = [index for index, output in enumerate(compiled.outputs) if re.search(r"date|timestamp\(", str(output.type))]
        if any(_is_far(row[index]) for row in rows for index in moments):
            raise not_supported("a year outside 1 to 9999, which DuckDB writes otherwise")
        columns = [
            Column(output.label or output.name or f"_col{index}", *result_type(output.type))
            for index, output in enumerate(compiled.outputs)
        ]
        return Outcome(columns, [[text(cell) for cell in row] for row in rows], "DML", "SELECT", None, self._bytes_scanned)

    def _scanned(self, scan: Scan) -> pa.Table:
        """The rows that a scan has to hold: the used columns of the files that its filters leave."""
        table = self._tables[scan.table.database, scan.table.name]
        types = dict(scan.table.columns)
        stored = _typed(table.columns, table)
        keys = [key for key, _ in table.partition_keys]
        wanted = [index for index, (name, _) in enumerate(stored) if name in scan.used]
        names = [stored[index][0] for index in wanted] + [key for key in keys if key in scan.used]
        if PATH in scan.used:
            names.append(PATH)
        chunks: dict[str, list[pa.Array]] = {name: [] for name in names or [_ROW]}
        for file in self._files(scan, table):
            self._statement.check_cancelled()
            body = self._objects.read(file.address)
            if body is None or file.address.rsplit("/", 1)[1].startswith(("_", ".")):
                raise _missing(file.address, table)
            read = _read(table, stored, wanted, file.address, body)
            self._bytes_scanned += read.bytes_read
            for index, data in zip(wanted, read.arrays, strict=True):
                chunks[stored[index][0]].append(data)
            for key, value in zip(keys, file.partition, strict=True):
                if key in chunks:
                    chunks[key].append(pa.repeat(_key_scalar(value, types[key], file.address), read.row_count))
            if PATH in chunks:
                chunks[PATH].append(pa.repeat(pa.scalar(file.address), read.row_count))
            if not names:
                chunks[_ROW].append(pa.nulls(read.row_count, pa.int8()))
        arrow_types = {name: formats.arrow_type(types.get(name, VARCHAR)) for name in names} or {_ROW: pa.int8()}
        return pa.table({name: pa.chunked_array(arrays, arrow_types[name]) for name, arrays in chunks.items()})

    def _files(self, scan: Scan, table: GlueTable) -> list[_DataFile]:
        keys = [key for key, _ in table.partition_keys]
        if keys:
            partitions = self._catalog.partitions(table.database, table.name)
            values = {key: [partition.values[index] for partition in partitions] for index, key in enumerate(keys)}
            kept = self._filtered(scan, [text for text in scan.filters if quote(PATH) not in text], values, len(partitions))
            places = [(partitions[index].location, partitions[index].values) for index in kept]
        else:
            places = [(table.location, ())]
        folders = self._objects.list_data_of([location for location, _ in places])
        files = [
            _DataFile(address, partition)
            for found, (_, partition) in zip(folders, places, strict=True)
            for address in self._addresses(table, found)
        ]
        paths = [text for text in scan.filters if quote(PATH) in text]
        if not paths:
            return files
        return [files[index] for index in self._filtered(scan, paths, {PATH: [file.address for file in files]}, len(files))]

    def _filtered(self, scan: Scan, filters: Sequence[str], values: Mapping[str, Sequence[str]], count: int) -> Sequence[int]:
        """The positions that the filters leave, judged by DuckDB on the values alone; all where it can't tell."""
        if not filters or not count:
            return range(count)
        types = dict(scan.table.columns)
        columns = {
            name: pa.array(
                [_key_scalar(value, types.get(name, VARCHAR), "").as_py() for value in texts],
                formats.arrow_type(types.get(name, VARCHAR)),
            )
            for name, texts in values.items()
        }
        relation = f"{scan.relation}_files"
        self._connection.register(relation, pa.table({**columns, _ROW: pa.array(range(count), pa.int32())}))
        condition = " AND ".join(f"({text})" for text in filters)
        try:
            found = self._connection.execute(
                f"SELECT {scan.alias}.{quote(_ROW)} FROM {relation} AS {scan.alias} WHERE {condition}"
            ).fetchall()
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            # It may fail on a value that the query, with its other conditions, never meets.
            return range(count)
        return sorted(row[0] for row in found)

    def _addresses(self, table: GlueTable, found: Sequence[StoredObject]) -> Sequence[str]:
        """The data files of a folder: its objects, or those that the manifests in it name."""
        if table.input_format != SYMLINK_INPUT:
            return [stored.address for stored in found]
        addresses: list[str] = []
        for manifest in found:
            named = (self._objects.read(manifest.address) or b"").decode("utf-8", "replace").split("\n")
            if not named[-1]:
                named.pop()
            if any(not line.strip() or line.endswith("\r") for line in named):
                raise StatementFailed(f"HIVE_BAD_DATA: Error parsing symlinks from: {manifest.address}")
            addresses += named
        return addresses

    # Writing

    def _create_table_as(self, statement: ctas.Ctas) -> Outcome:
        database, name = statement.database or self._statement.database.lower(), statement.name
        outcome = Outcome(statement_type="DDL", substatement_type="CREATE_TABLE_AS_SELECT", update_count=0, data_files=())
        if self._catalog.table(database, name) is not None:
            if statement.if_not_exists:
                return outcome
            raise fail("TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists")
        if not self._catalog.has_database(database):
            raise fail("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist", error_type=1301)
        location = (statement.external_location or self._statement.output_location).rstrip("/") + "/"
        if not self._objects.has_bucket(location):
            raise StatementFailed(f"HIVE_FILESYSTEM_ERROR: The bucket of {location} does not exist")
        if next(iter(self._objects.list(location)), None) is not None:
            raise StatementFailed(
                f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.{name}' already exists: {location}. "
                f"You may need to manually clean the data at location '{location}' before retrying. "
                "Athena will not delete data in your account."
            )
        compiled = compile_query(statement.query, self._statement.database, self)
        columns = ctas.check_columns(statement, compiled.outputs)
        rows = self._rows(compiled, columns)
        if not statement.with_data:
            rows = rows.slice(0, 0)
        keys = statement.partitioned_by
        partitions = self._write(rows, location, keys, statement.compression, bool(statement.bucketed_by))
        storage = parquet_storage(location, [(column, to_hive(type_)) for column, type_ in columns if column not in keys])
        if statement.bucketed_by:
            storage.update(BucketColumns=list(statement.bucketed_by), NumberOfBuckets=statement.bucket_count)
        created = self._catalog.create_table(
            database,
            {
                "Name": name,
                "Owner": OWNER,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [{"Name": column, "Type": to_hive(type_)} for column, type_ in columns if column in keys],
                "StorageDescriptor": storage,
                "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", "has_encrypted_data": "false"},
            },
        )
        if not created:
            raise fail("TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists")
        self._register(database, name, partitions)
        return Outcome((), (), "DDL", "CREATE_TABLE_AS_SELECT", rows.num_rows, self._bytes_scanned, self._data_files)

    def _rows(self, compiled: CompiledQuery, columns: Sequence[tuple[str, Type]]) -> pa.Table:
        # To Arrow by way of a table, since a relation of the query would be bound twice, most of what a short one takes.
        self._query(compiled, "CREATE TEMP TABLE result_rows AS ")
        found = self._connection.table("result_rows").to_arrow_table()
        schema = pa.schema([(name, formats.arrow_type(type_)) for name, type_ in columns])
        return found.rename_columns([name for name, _ in columns]).cast(schema)

    def _write(
        self, rows: pa.Table, location: str, keys: Sequence[str], compression: str, bucketed: bool
    ) -> Mapping[tuple[str, ...], str]:
        """Write the rows as Parquet, a folder a partition. Returns the partitions' locations by their values."""
        partitions: dict[tuple[str, ...], str] = {}
        for values, part in _partitioned(rows, keys).items():
            folders = [f"{key}={_ESCAPED.sub(_escape, value)}" for key, value in zip(keys, values, strict=True)]
            partitions[values] = location + "/".join(folders)
            for body in _split(part, bucketed):
                self._statement.check_cancelled()
                address = f"{partitions[values].rstrip('/')}/{self._file_name(bucketed)}"
                self._objects.write(address, formats.write_parquet(body, compression))
                self._data_files.append(address)
        return partitions if keys else {}

    def _file_name(self, bucketed: bool) -> str:
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d_%H%M%S")
        query = f"{moment}_{self._statement.query_id[:5]}"
        return f"000000_0_{uuid.uuid4()}_{query}" if bucketed else f"{query}_{uuid.uuid4()}"

    def _register(self, database: str, name: str, partitions: Mapping[tuple[str, ...], str]) -> None:
        table = self._catalog.table(database, name)
        if table is None:
            return
        for values, location in partitions.items():
            self._catalog.add_partition(table, values, location)

    def _insert(self, node: exp.Insert) -> Outcome:
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if not isinstance(target, exp.Table) or node.args.get("overwrite"):
            raise not_supported(f"the statement {self._statement.sql[:80]!r}")
        database, name = (target.db or self._statement.database).lower(), target.name.lower()
        table = self._catalog.table(database, name)
        if table is None:
            raise fail("TABLE_NOT_FOUND", f"line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist", error_type=1301)
        if table.bucket_columns:
            raise fail("NOT_SUPPORTED", f"INSERT INTO is not supported on bucketed tables: {database}.{name}")
        if table.output_format != formats.PARQUET_OUTPUT:
            raise fail(
                "HIVE_UNSUPPORTED_FORMAT", f"Output format {table.output_format} with SerDe {table.serde} is not supported"
            )
        columns = [*_typed(table.columns, table), *_typed(table.partition_keys, table)]
        given = (
            [name.name.lower() for name in node.this.expressions]
            if isinstance(node.this, exp.Schema)
            else [c for c, _ in columns]
        )
        unknown = [column for column in given if column not in dict(columns)]
        if unknown:
            raise fail(
                "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {unknown[0]}", error_type=1006
            )
        compiled = compile_query(node.expression, self._statement.database, self)
        rows = self._rows(_coerced(compiled, given, columns), columns)
        partitions = self._write(
            rows, table.location.rstrip("/") + "/", [key for key, _ in table.partition_keys], "SNAPPY", False
        )
        self._register(database, name, partitions)
        return Outcome((), (), "DML", "INSERT", rows.num_rows, self._bytes_scanned, self._data_files)

    def _create_view(self, node: exp.Create) -> Outcome:
        database, name = (node.this.db or self._statement.database).lower(), node.this.name.lower()
        body = _VIEW_BODY.match(self._statement.sql)
        if body is None:
            raise not_supported("CREATE VIEW with clauses before AS")
        if not self._catalog.has_database(database):
            raise fail("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist", error_type=1301)
        existing = self._catalog.table(database, name)
        if existing is not None and (not existing.is_view or not node.args.get("replace")):
            kind = "View" if existing.is_view else "Table"
            raise fail("TABLE_ALREADY_EXISTS", f"line 1:1: {kind} already exists: 'awsdatacatalog.{database}.{name}'")
        columns = ctas.check_columns_named(compile_query(node.expression, self._statement.database, self).outputs)
        self._catalog.put_view(database, name, body[1].strip().rstrip(";").strip(), columns)
        return Outcome(statement_type="DDL", substatement_type="CREATE_VIEW")


def _typed(columns: Sequence[tuple[str, str]], table: GlueTable) -> list[tuple[str, Type]]:
    typed = []
    for name, hive_type in columns:
        try:
            typed.append((name, from_text(hive_type)))
        except UnknownType:
            raise not_supported(f"the type {hive_type} of {table.database}.{table.name}.{name}") from None
    return typed


def _read(
    table: GlueTable, stored: Sequence[tuple[str, Type]], wanted: Sequence[int], address: str, body: bytes
) -> formats.ColumnData:
    if table.serde == formats.PARQUET:
        return formats.read_parquet(stored, wanted, address, body)
    if table.serde not in (LAZY_SIMPLE, formats.OPEN_CSV, formats.OPENX_JSON, formats.HCATALOG_JSON):
        raise not_supported(f"the SerDe {table.serde!r} of {table.database}.{table.name}")
    skip = int(table.parameters.get("skip.header.line.count") or 0)
    return formats.read_text(table.serde, table.serde_parameters, stored, wanted, address, body, skip)


def _missing(address: str, table: GlueTable) -> StatementFailed:
    if table.input_format == SYMLINK_INPUT:
        # Said of a hidden file too.
        folder = address.rsplit("/", 1)[0]
        return StatementFailed(
            f"HIVE_FILE_NOT_FOUND: Manifest file from the location [{folder}] contains non-existent path: {address}"
        )
    # Listed a moment ago: deleted since.
    return StatementFailed(f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {address}: The specified key does not exist.")


def _key_scalar(value: str, type_: Type, address: str) -> pa.Scalar:
    if value == DEFAULT_PARTITION:
        return pa.scalar(None, formats.arrow_type(type_))
    try:
        return pa.scalar(value).cast(formats.arrow_type(type_))
    except pa.ArrowInvalid:
        raise StatementFailed(
            f"HIVE_INVALID_PARTITION_VALUE: Invalid partition value '{value}' for {type_} partition key at {address}"
        ) from None


def _is_far(moment: object) -> bool:
    """Whether it is of a year that Python's dates lack, for which DuckDB gives its own text."""
    return isinstance(moment, str) or (isinstance(moment, list) and any(map(_is_far, moment)))


def _with_zones_as_text(compiled: CompiledQuery) -> CompiledQuery:
    """Zoned timestamps leave DuckDB as text, the zone written out."""
    if all(output.type != TIMESTAMP_TZ for output in compiled.outputs):
        return compiled
    columns = [
        f"strftime(CAST(s.c{number} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g UTC')" if output.type == TIMESTAMP_TZ else f"s.c{number}"
        for number, output in enumerate(compiled.outputs, 1)
    ]
    return CompiledQuery(f"SELECT {', '.join(columns)} FROM ({compiled.sql}) AS s", compiled.outputs, compiled.scans)


def _coerced(compiled: CompiledQuery, given: Sequence[str], columns: Sequence[tuple[str, Type]]) -> CompiledQuery:
    """The rows to insert, in the target's column order and types; columns that are not given are NULL."""
    if len(given) != len(compiled.outputs):
        raise fail(
            "TYPE_MISMATCH",
            f"line 1:1: Insert query has {len(compiled.outputs)} expression(s) but expected {len(given)} target column(s). "
            f"Mismatch at column {min(len(given), len(compiled.outputs)) + 1}",
        )
    texts, outputs = [], []
    for name, type_ in columns:
        value, source = "NULL", UNKNOWN
        if name in given:
            number = given.index(name) + 1
            value, source = f"s.c{number}", compiled.outputs[number - 1].type
            if not ctas.insertable(source, type_):
                raise fail(
                    "TYPE_MISMATCH",
                    f"line 1:1: Mismatch at column {number}: '{name}' is of type {type_} but expression is of type {source}",
                )
        if source.is_timestamp and type_.is_timestamp:
            value = f"trino_round_timestamp({value}, {10 ** (6 - type_.precision)})"
        texts.append(f"CAST({value} AS {to_duckdb(type_)})")
        outputs.append(Output(name, type_))
    return CompiledQuery(f"SELECT {', '.join(texts)} FROM ({compiled.sql}) AS s", outputs, compiled.scans)


def _partitioned(rows: pa.Table, keys: Sequence[str]) -> Mapping[tuple[str, ...], pa.Table]:
    """The rows by their partition, without the keys' columns. StatementFailed for more partitions than Athena writes at once."""
    if not keys:
        return {(): rows} if rows.num_rows else {}
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, values in enumerate(zip(*(rows.column(key).to_pylist() for key in keys), strict=True)):
        groups.setdefault(tuple(text(value) or DEFAULT_PARTITION for value in values), []).append(index)
    if len(groups) > ctas.MAX_PARTITIONS:
        raise StatementFailed(
            f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {ctas.MAX_PARTITIONS} open writers for partitions/buckets"
        )
    for values in groups:
        for value in values:
            if _UNPRINTABLE.search(value):
                raise StatementFailed(
                    "HIVE_INVALID_PARTITION_VALUE: "
                    "Hive partition keys can only contain printable ASCII characters (0x20 - 0x7E). "
                    f"Invalid value: {value.encode().hex(' ').upper()}"
                )
    body = rows.drop_columns(list(keys))
    return {values: body.take(pa.array(indices)) for values, indices in groups.items()}


def _split(rows: pa.Table, bucketed: bool) -> list[pa.Table]:
    """The files of one partition: one for a bucket; else several writers may share it, so here two do."""
    if bucketed or rows.num_rows < 2:
        return [rows]
    half = rows.num_rows // 2
    return [rows.slice(0, half), rows.slice(half)]


def _escape(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
