"""Athena's DDL, which is Hive's, carried out on the account's Glue catalogue. Both engines send their DDL here.

sqlglot parses CREATE, DROP and ALTER; MSCK, SHOW and DESCRIBE are few enough for patterns.
https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.dialects import Hive

from .catalog import DEFAULT_PARTITION, OWNER, GlueCatalog, GlueTable
from .engine import Column, Outcome, StatementFailed
from .formats import (
    HCATALOG_JSON,
    LAZY_SIMPLE,
    OPEN_CSV,
    OPENX_JSON,
    PARQUET,
    PARQUET_INPUT,
    PARQUET_OUTPUT,
    SYMLINK_INPUT,
    TEXT_INPUT,
    TEXT_OUTPUT,
)
from .objects import ObjectStore
from .trino_types import UnknownType, from_text

# It would tell of each statement that it can't parse, which is refused here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)
# https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html, the DDL list.
_RESERVED = frozenset(Path(__file__).with_name("hive_reserved_words.txt").read_text(encoding="utf-8").split())
_DDL_TASK_FAILED = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_SERDES = {LAZY_SIMPLE, OPEN_CSV, OPENX_JSON, HCATALOG_JSON, PARQUET}
_FORMATS = {
    "PARQUET": (PARQUET, PARQUET_INPUT, PARQUET_OUTPUT),
    "TEXTFILE": (LAZY_SIMPLE, TEXT_INPUT, TEXT_OUTPUT),
}
_BLANKS = r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_KEYWORDS = re.compile(rf"{_BLANKS}([A-Za-z]+)(?:\s+([A-Za-z]+))?(?:\s+([A-Za-z]+))?", re.DOTALL)
_NAME = r"(`[^`]+`|[A-Za-z$][\w$]*)"
_TABLE = rf"(?:{_NAME}\s*\.\s*)?{_NAME}"
_READS = {
    "MSCK": rf"MSCK\s+REPAIR\s+TABLE\s+{_TABLE}",
    "SHOW DATABASES": r"SHOW\s+(?:DATABASES|SCHEMAS)",
    "SHOW TABLES": rf"SHOW\s+(?:TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+{_NAME})?(?:\s+'([^']*)')?",
    "SHOW PARTITIONS": rf"SHOW\s+PARTITIONS\s+{_TABLE}",
    "SHOW COLUMNS": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_TABLE}",
    "DESCRIBE": rf"DESCRIBE\s+{_TABLE}",
}
# https://docs.aws.amazon.com/athena/latest/ug/data-types.html, as DDL spells them.
_TYPES = {
    *("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "DOUBLE", "FLOAT", "DECIMAL", "CHAR", "VARCHAR", "STRING"),
    *("BINARY", "DATE", "TIMESTAMP", "ARRAY", "MAP", "STRUCT"),
}
_NOT_KNOWN_HERE = "NOT_SUPPORTED_LOCALLY: "


def first_words(sql: str) -> list[str]:
    """The statement's first words, at most three, in upper case and past any comment."""
    found = _KEYWORDS.match(sql)
    return [word.upper() for word in found.groups() if word] if found else []


def _parse_error(sql: str, position: int, message: str) -> StatementFailed:
    before = sql[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1)
    return StatementFailed(f"FAILED: ParseException line {line}:{column} {message}", error_type=1001)


def _semantic_error(message: str, error_type: int = 1001) -> StatementFailed:
    return StatementFailed(f"FAILED: SemanticException {message}", error_type=error_type)


def _parse(sql: str) -> exp.Expr:
    """The statement as sqlglot reads it, less what it lets through and Hive does not."""
    try:
        tokens = sqlglot.tokenize(sql, read="hive")
        (node,) = [node for node in sqlglot.parse(sql, read="hive") if node is not None]
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        where = error.errors[0] if isinstance(error, sqlglot.errors.ParseError) and error.errors else {}
        line, column = where.get("line", 1), where.get("col", 0)
        raise StatementFailed(f"FAILED: ParseException line {line}:{column} {where.get('description', error)}") from None
    if isinstance(node, exp.Command):
        raise _parse_error(sql, 0, "cannot recognize input, or a clause of it that is not known here")
    if isinstance(node, exp.Drop) and len(node.args["tables"]) != 1:
        raise _parse_error(sql, 0, "missing EOF at ','")
    names = {identifier.meta.get("start"): identifier for identifier in node.find_all(exp.Identifier)}
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        word, after = token.text.upper(), following.text if following is not None else ""
        if word == "," and after == ")":
            raise _parse_error(sql, token.start, "extraneous input ','")
        if (
            token.start not in names
            and token.token_type in Hive.Parser.TYPE_TOKENS
            and (word not in _TYPES or (word == "VARCHAR" and after != "("))
        ):
            raise _parse_error(sql, token.start, f"cannot recognize input near '{token.text}' in column type")
    for start, identifier in names.items():
        name, is_quoted = identifier.name, identifier.args.get("quoted")
        if is_quoted and start is not None and sql[start] != "`":
            raise _parse_error(sql, start, f"cannot recognize input near '{name}': names are quoted by backticks")
        if not is_quoted and (name.upper() in _RESERVED or name.startswith("_")):
            message = f"cannot recognize input near '{name}': identifiers that are reserved words take backticks"
            raise _parse_error(sql, start or 0, message)
    return node


def _text(node: Any) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise StatementFailed(f"FAILED: ParseException a string literal was expected near '{node}'")
    return str(node.this)


def _columns(schema: exp.Expr) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for column in schema.expressions:
        if not isinstance(column, exp.ColumnDef) or column.kind is None:
            raise StatementFailed(f"FAILED: ParseException cannot recognize input near '{column}' in column definition")
        described = {"Name": column.name.lower(), "Type": _type(column.kind)}
        for constraint in column.args.get("constraints") or ():
            if not isinstance(constraint.kind, exp.CommentColumnConstraint):
                raise StatementFailed(f"FAILED: ParseException missing ) near '{constraint}'")
            described["Comment"] = _text(constraint.kind.this)
        if described["Name"] in [other["Name"] for other in found]:
            raise _semantic_error(f"[Error 10036]: Duplicate column name: {described['Name']}")
        found.append(described)
    return found


def _type(kind: exp.DataType) -> str:
    """A Hive type, nested ones included, as Glue spells it."""
    spelt = kind.sql(dialect="hive").lower().replace(" ", "")
    try:
        from_text(spelt)
    except UnknownType:
        if not re.match(r"(map|struct|array|char|uniontype)\b", spelt):
            raise StatementFailed(f"FAILED: ParseException cannot recognize input near '{spelt}' in column type") from None
    return spelt


def _properties(entries: Sequence[exp.Expr]) -> dict[str, str]:
    return {_text(entry.this): _text(entry.args["value"]) for entry in entries}


class HiveDdl:
    """Runs Athena's DDL. `run` returns None for what is not Hive's: queries, CTAS, INSERT, CREATE VIEW."""

    def __init__(self, catalog: GlueCatalog, objects: ObjectStore) -> None:
        self._catalog = catalog
        self._objects = objects

    def run(self, sql: str, database: str) -> Outcome | None:
        words, statement = first_words(sql), sql.strip().rstrip(";")
        if words[:1] in (["SHOW"], ["DESCRIBE"], ["MSCK"]):
            kind = {"SHOW": "SHOW", "DESCRIBE": "DESCRIBE_TABLE", "MSCK": "MSCK"}[words[0]]
            printed = self._read(sql, database.lower())
            statement_type = "DDL" if kind == "MSCK" else "UTILITY"
            return Outcome((Column("result", "string"),), [[line] for line in printed], statement_type, kind)
        change = {
            "CREATE EXTERNAL": self._create_table,
            "CREATE DATABASE": self._create_database,
            "CREATE SCHEMA": self._create_database,
            "DROP TABLE": self._drop,
            "DROP VIEW": self._drop,
            "DROP DATABASE": self._drop_database,
            "DROP SCHEMA": self._drop_database,
        }.get(" ".join(words[:2]))
        if change is not None:
            change(_parse(statement), database.lower())
            thing = {"SCHEMA": "DATABASE", "EXTERNAL": "TABLE"}.get(words[1], words[1])
            return Outcome(statement_type="DDL", substatement_type=f"{words[0]}_{thing}")
        if words[:2] == ["ALTER", "TABLE"]:
            for node in [_parse(part) for part in _one_partition_each(statement)]:
                self._alter_table(node, database.lower())
            return Outcome(statement_type="DDL", substatement_type="ALTER_TABLE")
        if words[:2] == ["CREATE", "TABLE"] and not any(token.token_type == TokenType.ALIAS for token in sqlglot.tokenize(sql)):
            raise _semantic_error(
                "Only external tables are supported: use CREATE EXTERNAL TABLE … LOCATION, or CREATE TABLE … AS SELECT"
            )
        return None

    def _existing(self, database: str, name: str) -> GlueTable:
        found = self._catalog.table(database, name)
        if found is None:
            raise _semantic_error(f"[Error 10001]: Table not found {database}.{name}", 1301)
        return found

    def _need_database(self, name: str) -> None:
        if not self._catalog.has_database(name):
            raise _semantic_error(f"[Error 10072]: Database does not exist: {name}", 1301)

    # Databases

    def _create_database(self, node: exp.Expr, database: str) -> None:
        name, described = (node.this.db or node.this.name).lower(), {}
        for entry in node.args["properties"].expressions if node.args.get("properties") else ():
            key = {exp.SchemaCommentProperty: "Description", exp.LocationProperty: "LocationUri"}.get(type(entry))
            if key is None:
                raise StatementFailed(f"{_NOT_KNOWN_HERE}CREATE DATABASE with {entry.sql(dialect='hive')}")
            described[key] = _text(entry.this)
        if not self._catalog.has_database(name):
            self._catalog.create_database(name, described)
        elif not node.args.get("exists"):
            raise StatementFailed(f"{_DDL_TASK_FAILED} Database {name} already exists")

    def _drop_database(self, node: exp.Expr, database: str) -> None:
        (table,) = node.args["tables"]
        name = (table.db or table.name).lower()
        if not self._catalog.has_database(name):
            if not node.args.get("exists"):
                self._need_database(name)
            return
        if self._catalog.table_names(name) and not node.args.get("cascade"):
            raise StatementFailed(
                f"{_DDL_TASK_FAILED} InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
            )
        self._catalog.drop_database(name)

    # Tables

    def _create_table(self, node: exp.Expr, database: str) -> None:
        if not isinstance(node.this, exp.Schema):
            raise StatementFailed("FAILED: ParseException CREATE EXTERNAL TABLE needs columns")
        table, columns, clauses = node.this.this, _columns(node.this), _clauses(node)
        database, name = (table.db or database).lower(), table.name.lower()
        keys = _columns(clauses[exp.PartitionedByProperty].this) if exp.PartitionedByProperty in clauses else []
        serde, input_format, output_format = _stored_as(clauses.get(exp.FileFormatProperty))
        serde_parameters = {"serialization.format": "1"}
        if named := clauses.get(exp.RowFormatSerdeProperty):
            serde = _text(named.this)
            given = named.args.get("serde_properties")
            serde_parameters |= _properties(given.expressions if given else ())
        if delimited := clauses.get(exp.RowFormatDelimitedProperty):
            serde_parameters |= _delimiters(delimited)
        if serde not in _SERDES:
            raise StatementFailed(f"{_NOT_KNOWN_HERE}the SerDe {serde}; known here are {', '.join(sorted(_SERDES))}")
        if input_format not in (TEXT_INPUT, SYMLINK_INPUT, PARQUET_INPUT):
            raise StatementFailed(f"{_NOT_KNOWN_HERE}the input format {input_format}")
        location = _text(clauses[exp.LocationProperty].this) if exp.LocationProperty in clauses else None
        _check_location(location)
        if {column["Name"] for column in columns} & {key["Name"] for key in keys}:
            raise _semantic_error("[Error 10035]: Column repeated in partitioning columns")
        self._need_database(database)
        table_input = {
            "Name": name,
            "Owner": OWNER,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": keys,
            "StorageDescriptor": {
                "Columns": columns,
                "Location": location,
                "InputFormat": input_format,
                "OutputFormat": output_format,
                "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_parameters},
            },
            "Parameters": {"EXTERNAL": "TRUE", **_properties(clauses.get(exp.Property, ()))},
        }
        if exp.SchemaCommentProperty in clauses:
            table_input["Description"] = _text(clauses[exp.SchemaCommentProperty].this)
        if not self._catalog.create_table(database, table_input) and not node.args.get("exists"):
            raise StatementFailed(f"{_DDL_TASK_FAILED} AlreadyExistsException(message:Table {name} already exists.)")

    def _drop(self, node: exp.Expr, database: str) -> None:
        """Takes the table out of the catalogue; an external table's objects stay."""
        (table,) = node.args["tables"]
        database, name = (table.db or database).lower(), table.name.lower()
        found, is_view = self._catalog.table(database, name), node.args["kind"] == "VIEW"
        if found is None and node.args.get("exists"):
            return
        if found is None or found.is_view != is_view:
            raise _semantic_error(f"[Error 10001]: {'View' if is_view else 'Table'} not found {database}.{name}", 1301)
        self._catalog.drop_table(database, name)

    # Partitions

    def _alter_table(self, node: exp.Expr, database: str) -> None:
        table = self._existing((node.this.db or database).lower(), node.this.name.lower())
        for action in node.args["actions"]:
            lenient = action.args.get("exists")
            if isinstance(action, exp.AddPartition):
                values, place = _partition_values(action.this, table), action.args.get("location")
                location = _text(place.this) if place else _partition_location(table, values)
                _check_location(location)
                if not self._catalog.add_partition(table, values, location) and not lenient:
                    raise _semantic_error("[Error 10006]: AlreadyExistsException: Partition already exists.")
            elif isinstance(action, exp.DropPartition):
                for values in [_partition_values(partition, table) for partition in action.expressions]:
                    if not self._catalog.drop_partition(table, values) and not lenient:
                        raise _semantic_error(f"[Error 10006]: Partition not found {values}", 1000)
            else:
                raise StatementFailed(f"{_NOT_KNOWN_HERE}ALTER TABLE other than ADD PARTITION and DROP PARTITION")

    # What there is

    def _read(self, sql: str, database: str) -> Sequence[str]:
        for form, pattern in _READS.items():
            matched = re.fullmatch(rf"{_BLANKS}{pattern}\s*;?\s*", sql, re.IGNORECASE | re.DOTALL)
            if matched is None:
                continue
            first, last = [group.strip("`").lower() if group else "" for group in ("", "", *matched.groups())[-2:]]
            if form == "SHOW DATABASES":
                return self._catalog.databases()
            if form == "SHOW TABLES":
                return self._table_names(first or database, matched[2] or ".*", first_words(sql)[1] == "VIEWS")
            table = self._existing(first or database, last)
            columns = [*table.columns, *table.partition_keys]
            if form == "MSCK":
                return self._repair(table)
            if form == "SHOW PARTITIONS":
                partitions = self._catalog.partitions(table.database, table.name)
                return sorted(_path(table, partition.values) for partition in partitions)
            return [column for column, _ in columns] if form == "SHOW COLUMNS" else _described(table)
        known = "MSCK REPAIR TABLE, DESCRIBE and SHOW DATABASES, TABLES, VIEWS, PARTITIONS and COLUMNS"
        raise StatementFailed(f"{_NOT_KNOWN_HERE}{sql.strip()[:80]!r}; known here are {known}")

    def _table_names(self, database: str, pattern: str, views_only: bool) -> Sequence[str]:
        self._need_database(database)
        wanted = re.compile(pattern.replace("*", ".*").replace("..*", ".*"))
        names = [name for name in self._catalog.table_names(database) if wanted.fullmatch(name)]
        return [name for name in names if not views_only or self._existing(database, name).is_view]

    def _repair(self, table: GlueTable) -> Sequence[str]:
        """Adds the partitions whose key=value folders lie below the table's location. It never removes one."""
        keys = [key for key, _ in table.partition_keys]
        if not keys:
            raise StatementFailed(f"{_DDL_TASK_FAILED} {table.name} is not a partitioned table")
        base = table.location.rstrip("/") + "/"
        found: dict[tuple[str, ...], str] = {}
        for stored in self._objects.list(base):
            folders = stored.address[len(base) :].split("/")[:-1][: len(keys)]
            pairs = [folder.partition("=") for folder in folders]
            if len(pairs) == len(keys) and [key.lower() for key, _, _ in pairs] == keys:
                values = tuple(unquote(value) for _, _, value in pairs)
                found.setdefault(values, base + "/".join(folders))
        added = [values for values, location in found.items() if self._catalog.add_partition(table, values, location)]
        paths = [_path(table, values) for values in added]
        if not paths:
            return []
        missing = "\t".join(f"{table.name}:{path}" for path in paths)
        return [
            f"Partitions not in metastore:\t{missing}",
            *(f"Repair: Added partition to metastore {table.name}:{path}" for path in paths),
        ]


def _clauses(node: exp.Expr) -> dict[type, Any]:
    """A statement's clauses by their kind, the table properties as a list."""
    found: dict[type, Any] = {}
    for entry in node.args["properties"].expressions if node.args.get("properties") else ():
        if type(entry) is exp.Property:
            found.setdefault(exp.Property, []).append(entry)
        elif type(entry) in found:
            raise StatementFailed(f"FAILED: ParseException missing EOF near '{entry.sql(dialect='hive')}'")
        elif not isinstance(entry, _CLAUSES):
            raise StatementFailed(f"{_NOT_KNOWN_HERE}CREATE EXTERNAL TABLE with {entry.sql(dialect='hive')}")
        else:
            found[type(entry)] = entry
    return found


_CLAUSES = (
    *(exp.ExternalProperty, exp.SchemaCommentProperty, exp.PartitionedByProperty, exp.LocationProperty),
    *(exp.RowFormatSerdeProperty, exp.RowFormatDelimitedProperty, exp.FileFormatProperty),
)


def _stored_as(clause: exp.FileFormatProperty | None) -> tuple[str, str, str]:
    """(SerDe, input format, output format)"""
    if clause is None:
        return _FORMATS["TEXTFILE"]
    if not clause.args.get("hive_format"):
        raise StatementFailed("FAILED: ParseException missing EOF at 'USING'")
    if isinstance(clause.this, exp.InputOutputFormat):
        formats = clause.this.args
        return LAZY_SIMPLE, _text(formats.get("input_format")), _text(formats.get("output_format"))
    if clause.this.name.upper() not in _FORMATS:
        raise StatementFailed(f"{_NOT_KNOWN_HERE}STORED AS {clause.this.name}; PARQUET and TEXTFILE are known here")
    return _FORMATS[clause.this.name.upper()]


_DELIMITERS = {
    "fields": ("field.delim", "serialization.format"),
    "escaped": ("escape.delim",),
    "null": ("serialization.null.format",),
}


def _delimiters(clause: exp.Expr) -> dict[str, str]:
    given = {name: _text(value) for name, value in clause.args.items() if value is not None}
    if given.pop("lines", "\n") != "\n":
        raise _semantic_error("LINES TERMINATED BY only supports newline '\\n' right now.")
    if unknown := given.keys() - _DELIMITERS.keys():
        raise StatementFailed(f"{_NOT_KNOWN_HERE}ROW FORMAT DELIMITED with {', '.join(sorted(unknown))}")
    return {parameter: value for name, value in given.items() for parameter in _DELIMITERS[name]}


def _one_partition_each(sql: str) -> Iterator[str]:
    """ALTER TABLE … ADD PARTITION … PARTITION … as one statement a partition, which is what sqlglot reads."""
    tokens = sqlglot.tokenize(sql, read="hive")
    starts = [token.start for token in tokens if token.token_type == TokenType.PARTITION]
    if len(starts) < 2 or "ADD" not in [token.text.upper() for token in tokens if token.start < starts[0]]:
        yield sql
        return
    for start, end in zip(starts, [*starts[1:], len(sql)], strict=True):
        yield sql[: starts[0]] + sql[start:end]


def _partition_values(partition: exp.Expr, table: GlueTable) -> list[str]:
    """The values of PARTITION (key = 'value', …) in the order of the table's keys."""
    given = {}
    for pair in partition.expressions:
        if not isinstance(pair, exp.EQ) or not isinstance(pair.expression, exp.Literal):
            raise StatementFailed(f"FAILED: ParseException a partition value was expected near '{pair}'")
        given[pair.this.name.lower()] = str(pair.expression.this)
    keys = [key for key, _ in table.partition_keys]
    if sorted(given) != sorted(keys):
        raise _semantic_error(f"partition spec {given} doesn't contain all (or only) the partition columns {keys}")
    return [given[key] for key in keys]


def _path(table: GlueTable, values: Sequence[str]) -> str:
    return "/".join(f"{key}={value}" for (key, _), value in zip(table.partition_keys, values, strict=True))


def _partition_location(table: GlueTable, values: Sequence[str]) -> str:
    return table.location.rstrip("/") + "/" + _path(table, [value or DEFAULT_PARTITION for value in values])


def _described(table: GlueTable) -> Sequence[str]:
    def lines(columns: Sequence[tuple[str, str]]) -> list[str]:
        return [f"{column:<20}\t{type_:<20}\t{'':<20}" for column, type_ in columns]

    printed = lines([*table.columns, *table.partition_keys])
    if table.partition_keys:
        heading = f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}"
        printed += ["\t \t ", "# Partition Information\t \t ", heading, "\t \t ", *lines(table.partition_keys)]
    return printed


def _check_location(location: str | None) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/tables-location-format.html"""
    if not location:
        raise _semantic_error("Missing location: an external table needs LOCATION 's3://…/'")
    if not re.match(r"s3[an]?://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|$)", location):
        raise _semantic_error(f"location is not an S3 path: {location}")
    if re.search(r"[*?]", location) or location.startswith("s3://arn:"):
        raise _semantic_error(f"location must not hold wildcards: {location}")
