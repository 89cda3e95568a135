"""Athena's DDL, which is Hive's, carried out on the account's Glue catalogue. Both engines send their DDL here.

https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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

# https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html, the DDL list.
_RESERVED = frozenset(Path(__file__).with_name("hive_reserved_words.txt").read_text(encoding="utf-8").split())
_DDL_TASK_FAILED = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_SERDES = {LAZY_SIMPLE, OPEN_CSV, OPENX_JSON, HCATALOG_JSON, PARQUET}
_FORMATS = {
    "PARQUET": (PARQUET, PARQUET_INPUT, PARQUET_OUTPUT),
    "TEXTFILE": (LAZY_SIMPLE, TEXT_INPUT, TEXT_OUTPUT),
}
_TOKEN = re.compile(
    r"""\s+ | --[^\n]* | /\*.*?\*/
    | (?P<text>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.)*") | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<word>[A-Za-z_$][A-Za-z0-9_$]*) | (?P<number>\d+(?:\.\d+)?) | (?P<sign>[(),.=:<>;\[\]*/+-])""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*([A-Za-z]+)(?:\s+([A-Za-z]+))?(?:\s+([A-Za-z]+))?", re.DOTALL)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    position: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind in ("word", "sign") else ""


def first_words(sql: str) -> list[str]:
    """The statement's first words, at most three, in upper case and past any comment."""
    found = _KEYWORDS.match(sql)
    return [word.upper() for word in found.groups() if word] if found else []


def _parse_error(sql: str, position: int, message: str) -> StatementFailed:
    before = sql[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1)
    return StatementFailed(f"FAILED: ParseException line {line}:{column} {message}", error_type=1001)


def _tokens(sql: str) -> list[Token]:
    found, position = [], 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None:
            raise _parse_error(sql, position, f"character '{sql[position]}' not supported here")
        if match.lastgroup:
            found.append(Token(match.lastgroup, match[0], position))
        position = match.end()
    while found and found[-1].text == ";":
        found.pop()
    return [*found, Token("end", "<EOF>", len(sql))]


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


def _unquote(text: str) -> str:
    """A Hive string literal's value: backslash escapes, \\001 octal and \\u0001 hexadecimal among them."""
    inner = text[1:-1]
    if text[0] == "'":
        inner = inner.replace("''", "'")

    def value(found: re.Match[str]) -> str:
        escape = found[1]
        if escape[0] == "u" and len(escape) == 5:
            return chr(int(escape[1:], 16))
        if len(escape) == 3:
            return chr(int(escape, 8))
        return _ESCAPES.get(escape, escape if escape not in "%_" else "\\" + escape)

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|[0-3][0-7]{2}|.)", value, inner, flags=re.DOTALL)


class _Reader:
    """Takes a DDL statement apart, token by token."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = _tokens(sql)
        self.index = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.next
        self.index += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words when they come next."""
        upcoming = self.tokens[self.index : self.index + len(words)]
        if [token.upper for token in upcoming] != list(words):
            return False
        self.index += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unexpected(f"missing {word}")

    def unexpected(self, message: str) -> StatementFailed:
        token = self.next
        return _parse_error(self.sql, token.position, f"{message} at '{token.text}' near '{token.text}'")

    def end(self) -> None:
        if self.next.kind != "end":
            raise self.unexpected("extraneous input")

    def name(self) -> str:
        """An identifier, in lower case. A reserved word has to stand in backticks."""
        token = self.take()
        if token.kind == "quoted":
            return token.text[1:-1].replace("``", "`").lower()
        if token.kind != "word" or token.upper in _RESERVED or token.text.startswith("_"):
            self.index -= 1
            raise self.unexpected("cannot recognize input; identifiers that are reserved words take backticks:")
        return token.text.lower()

    def table(self, database: str) -> tuple[str, str]:
        name = self.name()
        return (name, self.name()) if self.accept(".") else (database.lower(), name)

    def text(self) -> str:
        token = self.take()
        if token.kind != "text":
            self.index -= 1
            raise self.unexpected("a string literal was expected")
        return _unquote(token.text)

    def type(self) -> str:
        """A Hive type, nested ones included, without blanks."""
        parts: list[str] = []
        depth = 0
        while True:
            token = self.next
            if token.kind == "end" or (depth == 0 and parts and token.text not in "(<"):
                break
            if token.text in ("(", "<"):
                depth += 1
            elif token.text in (")", ">"):
                depth -= 1
            parts.append(self.take().text.lower())
        spelt = "".join(parts)
        if spelt in ("integer", "varchar", "real"):
            raise StatementFailed(
                f"FAILED: ParseException {spelt} is no type of DDL statements: use {_DDL_TYPE[spelt]}", error_type=1001
            )
        try:
            from_text(spelt)
        except UnknownType:
            if not re.match(r"(map|struct|array|char|uniontype)\b", spelt):
                raise StatementFailed(f"FAILED: ParseException cannot recognize input near '{spelt}' in column type") from None
        return spelt

    def columns(self) -> list[dict[str, str]]:
        self.expect("(")
        found: list[dict[str, str]] = []
        while True:
            column = {"Name": self.name(), "Type": self.type()}
            if self.accept("COMMENT"):
                column["Comment"] = self.text()
            if column["Name"] in [other["Name"] for other in found]:
                raise StatementFailed(
                    f"FAILED: SemanticException [Error 10036]: Duplicate column name: {column['Name']}", error_type=1001
                )
            found.append(column)
            if not self.accept(","):
                self.expect(")")
                return found

    def properties(self) -> dict[str, str]:
        self.expect("(")
        found: dict[str, str] = {}
        while True:
            key = self.text()
            self.expect("=")
            found[key] = self.text()
            if not self.accept(","):
                self.expect(")")
                return found

    def partition_values(self) -> dict[str, str]:
        """PARTITION (key = 'value', …), past the word PARTITION."""
        self.expect("(")
        found: dict[str, str] = {}
        while True:
            key = self.name()
            self.expect("=")
            token = self.take()
            found[key] = _unquote(token.text) if token.kind == "text" else token.text
            if not self.accept(","):
                self.expect(")")
                return found

    def if_not_exists(self) -> bool:
        return self.accept("IF", "NOT", "EXISTS")

    def if_exists(self) -> bool:
        return self.accept("IF", "EXISTS")


_DDL_TYPE = {"integer": "int", "varchar": "string", "real": "float"}


class HiveDdl:
    """Runs Athena's DDL. `run` returns None for a statement that is no DDL of Hive's: queries, CTAS, INSERT, CREATE VIEW."""

    def __init__(self, catalog: GlueCatalog, objects: ObjectStore) -> None:
        self._catalog = catalog
        self._objects = objects

    def run(self, sql: str, database: str) -> Outcome | None:
        words = first_words(sql)
        for opening, statement, kind in (
            (("CREATE", "EXTERNAL", "TABLE"), self._create_table, "CREATE_TABLE"),
            (("CREATE", "DATABASE"), self._create_database, "CREATE_DATABASE"),
            (("CREATE", "SCHEMA"), self._create_database, "CREATE_DATABASE"),
            (("DROP", "TABLE"), self._drop_table, "DROP_TABLE"),
            (("DROP", "VIEW"), self._drop_view, "DROP_VIEW"),
            (("DROP", "DATABASE"), self._drop_database, "DROP_DATABASE"),
            (("DROP", "SCHEMA"), self._drop_database, "DROP_DATABASE"),
            (("ALTER", "TABLE"), self._alter_table, "ALTER_TABLE"),
            (("MSCK", "REPAIR", "TABLE"), self._repair, "MSCK"),
            (("SHOW",), self._show, "SHOW"),
            (("DESCRIBE",), self._describe, "DESCRIBE_TABLE"),
        ):
            if tuple(words[: len(opening)]) == opening:
                return self._outcome(statement, sql, database, opening, kind)
        if words[:2] == ["CREATE", "TABLE"] and not _is_ctas(sql):
            raise StatementFailed(
                "FAILED: SemanticException Only external tables are supported: use CREATE EXTERNAL TABLE … LOCATION, "
                "or CREATE TABLE … AS SELECT",
                error_type=1001,
            )
        return None

    def _outcome(
        self,
        statement: Callable[[_Reader, str], Sequence[str] | None],
        sql: str,
        database: str,
        opening: Sequence[str],
        kind: str,
    ) -> Outcome:
        reader = _Reader(sql)
        reader.expect(*opening)
        printed = statement(reader, database)
        statement_type = "UTILITY" if kind in ("SHOW", "DESCRIBE_TABLE") else "DDL"
        columns = (Column("result", "string"),) if printed is not None else ()
        return Outcome(columns, [[line] for line in printed or ()], statement_type, kind)

    def _existing(self, database: str, name: str) -> GlueTable:
        found = self._catalog.table(database, name)
        if found is None:
            raise StatementFailed(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}", error_type=1301)
        return found

    def _need_database(self, name: str) -> None:
        if not self._catalog.has_database(name):
            raise StatementFailed(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}", error_type=1301)

    # Databases

    def _create_database(self, reader: _Reader, database: str) -> None:
        lenient, name = reader.if_not_exists(), reader.name()
        described: dict[str, Any] = {}
        if reader.accept("COMMENT"):
            described["Description"] = reader.text()
        if reader.accept("LOCATION"):
            described["LocationUri"] = reader.text()
        if reader.accept("WITH", "DBPROPERTIES"):
            described["Parameters"] = reader.properties()
        reader.end()
        if not self._catalog.has_database(name):
            self._catalog.create_database(name, described)
        elif not lenient:
            raise StatementFailed(
                f"{_DDL_TASK_FAILED} Database {name} already exists",
                error_type=1001,
            )

    def _drop_database(self, reader: _Reader, database: str) -> None:
        lenient, name = reader.if_exists(), reader.name()
        cascade = reader.accept("CASCADE")
        reader.accept("RESTRICT")
        reader.end()
        if not self._catalog.has_database(name):
            if not lenient:
                self._need_database(name)
            return
        if self._catalog.table_names(name) and not cascade:
            raise StatementFailed(
                f"{_DDL_TASK_FAILED} InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)",
                error_type=1001,
            )
        self._catalog.drop_database(name)

    # Tables

    def _create_table(self, reader: _Reader, database: str) -> None:
        lenient = reader.if_not_exists()
        database, name = reader.table(database)
        columns = reader.columns()
        keys: list[dict[str, str]] = []
        serde, input_format, output_format = _FORMATS["TEXTFILE"]
        serde_parameters: dict[str, str] = {"serialization.format": "1"}
        parameters: dict[str, str] = {}
        location = comment = None
        named_serde = None
        while reader.next.kind != "end":
            if reader.accept("COMMENT"):
                comment = reader.text()
            elif reader.accept("PARTITIONED", "BY"):
                keys = reader.columns()
            elif reader.accept("ROW", "FORMAT", "SERDE"):
                named_serde = reader.text()
                if reader.accept("WITH", "SERDEPROPERTIES"):
                    serde_parameters.update(reader.properties())
            elif reader.accept("ROW", "FORMAT", "DELIMITED"):
                serde_parameters.update(_delimiters(reader))
            elif reader.accept("STORED", "AS", "INPUTFORMAT"):
                input_format = reader.text()
                reader.expect("OUTPUTFORMAT")
                output_format = reader.text()
            elif reader.accept("STORED", "AS"):
                word = reader.take().upper
                if word not in _FORMATS:
                    raise StatementFailed(f"NOT_SUPPORTED_LOCALLY: STORED AS {word}; PARQUET and TEXTFILE are known here")
                serde, input_format, output_format = _FORMATS[word]
            elif reader.accept("LOCATION"):
                location = reader.text()
            elif reader.accept("TBLPROPERTIES"):
                parameters = reader.properties()
            else:
                raise reader.unexpected("missing EOF")
        serde = named_serde or serde
        if serde not in _SERDES:
            raise StatementFailed(f"NOT_SUPPORTED_LOCALLY: the SerDe {serde}; known here are {', '.join(sorted(_SERDES))}")
        if input_format not in (TEXT_INPUT, SYMLINK_INPUT, PARQUET_INPUT):
            raise StatementFailed(f"NOT_SUPPORTED_LOCALLY: the input format {input_format}")
        _check_location(location)
        repeated = {column["Name"] for column in columns} & {key["Name"] for key in keys}
        if repeated:
            raise StatementFailed(
                "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns", error_type=1001
            )
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
            "Parameters": {"EXTERNAL": "TRUE", **parameters},
        }
        if comment:
            table_input["Description"] = comment
        if not self._catalog.create_table(database, table_input) and not lenient:
            raise StatementFailed(
                f"{_DDL_TASK_FAILED} AlreadyExistsException(message:Table {name} already exists.)",
                error_type=1001,
            )

    def _drop_table(self, reader: _Reader, database: str) -> None:
        self._drop(reader, database, view=False)

    def _drop_view(self, reader: _Reader, database: str) -> None:
        self._drop(reader, database, view=True)

    def _drop(self, reader: _Reader, database: str, view: bool) -> None:
        """Takes the table out of the catalogue; an external table's objects stay."""
        lenient = reader.if_exists()
        database, name = reader.table(database)
        reader.accept("PURGE")
        reader.end()
        found = self._catalog.table(database, name)
        if found is None and lenient:
            return
        if found is None or found.is_view != view:
            kind = "View" if view else "Table"
            raise StatementFailed(f"FAILED: SemanticException [Error 10001]: {kind} not found {database}.{name}", error_type=1301)
        self._catalog.drop_table(database, name)

    # Partitions

    def _alter_table(self, reader: _Reader, database: str) -> None:
        database, name = reader.table(database)
        if reader.accept("ADD"):
            lenient = reader.if_not_exists()
            self._add_partitions(reader, self._existing(database, name), lenient)
        elif reader.accept("DROP"):
            lenient = reader.if_exists()
            self._drop_partitions(reader, self._existing(database, name), lenient)
        else:
            raise StatementFailed("NOT_SUPPORTED_LOCALLY: ALTER TABLE other than ADD PARTITION and DROP PARTITION")

    def _values(self, reader: _Reader, table: GlueTable) -> list[str]:
        given = reader.partition_values()
        keys = [key for key, _ in table.partition_keys]
        if sorted(given) != sorted(keys):
            raise StatementFailed(
                f"FAILED: SemanticException partition spec {given} doesn't contain all (or only) the partition columns {keys}",
                error_type=1001,
            )
        return [given[key] for key in keys]

    def _add_partitions(self, reader: _Reader, table: GlueTable, lenient: bool) -> None:
        added = []
        while reader.accept("PARTITION"):
            values = self._values(reader, table)
            location = reader.text() if reader.accept("LOCATION") else _partition_location(table, values)
            _check_location(location)
            added.append((values, location))
        if not added:
            raise reader.unexpected("missing PARTITION")
        reader.end()
        for values, location in added:
            if not self._catalog.add_partition(table, values, location) and not lenient:
                raise StatementFailed(
                    "FAILED: SemanticException [Error 10006]: AlreadyExistsException: Partition already exists.", error_type=1001
                )

    def _drop_partitions(self, reader: _Reader, table: GlueTable, lenient: bool) -> None:
        dropped = []
        while reader.accept("PARTITION"):
            dropped.append(self._values(reader, table))
            if not reader.accept(","):
                break
        reader.end()
        for values in dropped:
            if not self._catalog.drop_partition(table, values) and not lenient:
                raise StatementFailed(f"FAILED: SemanticException [Error 10006]: Partition not found {values}", error_type=1000)

    def _repair(self, reader: _Reader, database: str) -> Sequence[str]:
        """Adds the partitions whose key=value folders lie below the table's location. It never removes one."""
        database, name = reader.table(database)
        reader.end()
        table = self._existing(database, name)
        keys = [key for key, _ in table.partition_keys]
        if not keys:
            raise StatementFailed(
                f"{_DDL_TASK_FAILED} {name} is not a partitioned table",
                error_type=1001,
            )
        base = table.location.rstrip("/") + "/"
        found: dict[tuple[str, ...], str] = {}
        for stored in self._objects.list(base):
            folders = stored.address[len(base) :].split("/")[:-1][: len(keys)]
            pairs = [folder.partition("=") for folder in folders]
            if len(pairs) == len(keys) and [key.lower() for key, _, _ in pairs] == keys:
                values = tuple(unquote(value) for _, _, value in pairs)
                found.setdefault(values, base + "/".join(folders))
        added = [values for values, location in found.items() if self._catalog.add_partition(table, values, location)]
        paths = ["/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True)) for values in added]
        if not paths:
            return []
        missing = "\t".join(f"{name}:{path}" for path in paths)
        return [
            f"Partitions not in metastore:\t{missing}",
            *(f"Repair: Added partition to metastore {name}:{path}" for path in paths),
        ]

    # What there is

    def _show(self, reader: _Reader, database: str) -> Sequence[str]:
        if reader.accept("DATABASES") or reader.accept("SCHEMAS"):
            return self._catalog.databases()
        if reader.accept("TABLES") or reader.accept("VIEWS"):
            views_only = reader.tokens[reader.index - 1].upper == "VIEWS"
            if reader.accept("IN") or reader.accept("FROM"):
                database = reader.name()
            pattern = reader.text() if reader.next.kind == "text" else ".*"
            reader.end()
            self._need_database(database)
            names = [
                name
                for name in self._catalog.table_names(database)
                if re.fullmatch(pattern.replace("*", ".*").replace("..*", ".*"), name)
            ]
            if views_only:
                names = [name for name in names if self._existing(database, name).is_view]
            return names
        if reader.accept("PARTITIONS"):
            database, name = reader.table(database)
            reader.end()
            table = self._existing(database, name)
            keys = [key for key, _ in table.partition_keys]
            return sorted(
                "/".join(f"{key}={value}" for key, value in zip(keys, partition.values, strict=True))
                for partition in self._catalog.partitions(database, name)
            )
        if reader.accept("COLUMNS"):
            if not (reader.accept("IN") or reader.accept("FROM")):
                raise reader.unexpected("missing IN")
            database, name = reader.table(database)
            reader.end()
            table = self._existing(database, name)
            return [column for column, _ in [*table.columns, *table.partition_keys]]
        raise StatementFailed("NOT_SUPPORTED_LOCALLY: SHOW other than DATABASES, TABLES, VIEWS, PARTITIONS and COLUMNS")

    def _describe(self, reader: _Reader, database: str) -> Sequence[str]:
        database, name = reader.table(database)
        reader.end()
        table = self._existing(database, name)
        printed = [f"{column:<20}\t{type_:<20}\t{'':<20}" for column, type_ in [*table.columns, *table.partition_keys]]
        if table.partition_keys:
            printed += [
                "\t \t ",
                "# Partition Information\t \t ",
                f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}",
                "\t \t ",
            ]
            printed += [f"{column:<20}\t{type_:<20}\t{'':<20}" for column, type_ in table.partition_keys]
        return printed


def _is_ctas(sql: str) -> bool:
    tokens = _TOKEN.finditer(sql)
    return any(token.lastgroup == "word" and token[0].upper() == "AS" for token in tokens)


def _delimiters(reader: _Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        if reader.accept("FIELDS", "TERMINATED", "BY"):
            found["field.delim"] = found["serialization.format"] = reader.text()
            if reader.accept("ESCAPED", "BY"):
                found["escape.delim"] = reader.text()
        elif reader.accept("LINES", "TERMINATED", "BY"):
            if reader.text() != "\n":
                raise StatementFailed(
                    "FAILED: SemanticException LINES TERMINATED BY only supports newline '\\n' right now.", error_type=1001
                )
        elif reader.accept("NULL", "DEFINED", "AS"):
            found["serialization.null.format"] = reader.text()
        else:
            return found


def _check_location(location: str | None) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/tables-location-format.html"""
    if not location:
        raise StatementFailed(
            "FAILED: SemanticException Missing location: an external table needs LOCATION 's3://…/'", error_type=1001
        )
    if not re.match(r"s3[an]?://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/|$)", location):
        raise StatementFailed(f"FAILED: SemanticException location is no S3 path: {location}", error_type=1001)
    if re.search(r"[*?]", location) or location.startswith("s3://arn:"):
        raise StatementFailed(f"FAILED: SemanticException location must not hold wildcards: {location}", error_type=1001)


def _partition_location(table: GlueTable, values: Sequence[str]) -> str:
    folders = [f"{key}={value or DEFAULT_PARTITION}" for (key, _), value in zip(table.partition_keys, values, strict=True)]
    return table.location.rstrip("/") + "/" + "/".join(folders)
