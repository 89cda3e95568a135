"""Athena's statements on a real Trino, its Glue metastore and its S3 both pointed at the local account.

What Athena adds to Trino is done here: its CREATE TABLE AS properties, its refusals, its Hive DDL (on Glue,
by `hive_ddl`), and results and errors in its words.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping, Sequence

from moto.glue.responses import GlueResponse
from sqlglot import TokenType, exp

from . import athena_text, ctas, trino_client, trino_server
from .catalog import CATALOG, GlueCatalog
from .dialect import grammar
from .engine import SYSTEM, USER, Column, Outcome, Statement, StatementCancelled, StatementFailed
from .hive_ddl import HiveDdl, first_words
from .objects import ObjectStore
from .seams import Seams
from .trino_types import UnknownType, from_text, result_type

# One writer counts every partition of a statement, and so refuses the 101st as Athena does; two share them
# out. https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
_SESSION = {"task_min_writer_count": "1", "task_max_writer_count": "1"}

# Trino's statistics of columns, which moto's Glue lacks: there are none, and none are kept.
_GLUE_ANSWERS: Mapping[str, Mapping[str, object]] = {
    "get_column_statistics_for_table": {"ColumnStatisticsList": [], "Errors": []},
    "get_column_statistics_for_partition": {"ColumnStatisticsList": [], "Errors": []},
    "update_column_statistics_for_table": {"Errors": []},
    "update_column_statistics_for_partition": {"Errors": []},
    "delete_column_statistics_for_table": {},
    "delete_column_statistics_for_partition": {},
    "get_user_defined_functions": {"UserDefinedFunctions": []},
}

# AthenaError.ErrorType by Trino's error name,
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_ERROR_TYPES = {"TABLE_NOT_FOUND": 1301, "SCHEMA_NOT_FOUND": 1301, "INTERNAL_ERROR": 200}
_DATA_ERROR = 1001

# What Trino itself answers. It also has CALL, SET SESSION, CREATE FUNCTION and others, which Athena has not.
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE")
_CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE")


class TrinoEngine:
    """An Engine on a Trino server that others may use at the same time, each account with a Trino catalog of its own."""

    def __init__(self, endpoint_url: str, account_id: str, region: str) -> None:
        self._server = trino_server.shared()
        self._catalog = GlueCatalog(account_id, region, f"{CATALOG}_{uuid.uuid4().hex}")
        self._objects = ObjectStore(account_id)
        self._ddl = HiveDdl(self._catalog, self._objects)
        self._seams = Seams()
        for action, answer in _GLUE_ANSWERS.items():
            self._seams.replace(GlueResponse, action, _answering(answer))
        properties = ", ".join(f'"{name}" = {_text(value)}' for name, value in _catalog_properties(endpoint_url, region).items())
        self._server.query(f"CREATE CATALOG {self._catalog.name} USING hive WITH ({properties})")

    def close(self) -> None:
        """Let go of the account. The server stays up for the next one, and ends with this process."""
        self._server.query(f"DROP CATALOG {self._catalog.name}")
        self._seams.restore()

    def execute(self, statement: Statement) -> Outcome:
        statement.check_cancelled()
        words = first_words(statement.sql)
        if words[:2] in (["CREATE", "TABLE"], ["CREATE", "VIEW"]) or words == ["CREATE", "OR", "REPLACE"]:
            create, query = _split(statement.sql)
            if create is not None:
                return self._create_as(statement, create, query)
        ddl = self._ddl.run(statement.sql, statement.database)
        if ddl is not None:
            return ddl
        if statement.sql.lstrip().startswith("(") or words[:1] and words[0] in _QUERIES:
            return self._select(statement)
        if words[:1] == ["EXPLAIN"]:
            return dataclasses.replace(self._select(statement), statement_type="UTILITY", substatement_type="EXPLAIN")
        if words[:1] and words[0] in _CHANGES:
            return self._change(statement, words[0])
        raise StatementFailed(f"SYNTAX_ERROR: line 1:1: mismatched input '{' '.join(words)}'")

    def _select(self, statement: Statement) -> Outcome:
        result = self._run(statement, statement.sql)
        return Outcome(
            columns=[_column(column) for column in result.columns],
            rows=[[athena_text.text(cell) for cell in row] for row in result.rows],
            bytes_scanned=result.bytes_scanned,
        )

    def _change(self, statement: Statement, kind: str) -> Outcome:
        # Trino itself would write into a bucketed table, and delete whole partitions.
        # https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
        change = grammar.parse(statement.sql)
        target = change.find(exp.Table)
        if not isinstance(change, exp.Insert) or target is None:
            raise StatementFailed("NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables")
        table = self._catalog.table(target.db or statement.database, target.name)
        if table is not None and table.bucket_columns:
            raise StatementFailed(
                f"NOT_SUPPORTED: INSERT INTO is not supported on bucketed tables: {table.database}.{table.name}"
            )
        result = self._run(statement, statement.sql)
        written = [stored.address for stored in self._objects.list(table.location)] if table is not None else []
        return Outcome(
            substatement_type=kind,
            update_count=result.update_count,
            bytes_scanned=result.bytes_scanned,
            data_files=[address for address in written if f"/{result.query_id}_" in address],
        )

    def _create_as(self, statement: Statement, create: exp.Create, query: str) -> Outcome:
        if create.kind == "VIEW":
            return self._create_view(statement, create, query)
        table = ctas.read(create)
        location = table.external_location or f"{statement.output_location}/"
        try:
            written = self._run(
                statement,
                f"CREATE TABLE {'IF NOT EXISTS ' if table.if_not_exists else ''}"
                f"{_name(table.database or statement.database, table.name)} "
                f"WITH ({_table_properties(table, location)}) AS {query}",
                {f"{self._catalog.name}.compression_codec": table.compression},
            )
        except StatementFailed as failure:
            if failure.message.startswith("HIVE_"):
                failure.message += (
                    f". You may need to manually clean the data at location '{statement.output_location}' before retrying. "
                    "Athena will not delete data in your account."
                )
            raise
        return Outcome(
            statement_type="DDL",
            substatement_type="CREATE_TABLE_AS_SELECT",
            update_count=written.update_count,
            bytes_scanned=written.bytes_scanned,
            data_files=[stored.address for stored in self._objects.list_data(location)] if written.update_count else (),
        )

    def _create_view(self, statement: Statement, create: exp.Create, query: str) -> Outcome:
        database, name = (create.this.db or statement.database).lower(), create.this.name.lower()
        self._run(statement, f"EXPLAIN (TYPE VALIDATE) CREATE VIEW {_name(database, name)} AS {query}")
        described = self._run(statement, f"SELECT * FROM ({query}\n) LIMIT 0")
        try:
            columns = [(column.name, from_text(column.type)) for column in described.columns]
        except UnknownType as unknown:
            raise StatementFailed(f"NOT_SUPPORTED_LOCALLY: a view with a column of type {unknown}") from None
        if not create.args.get("replace") and self._catalog.table(database, name) is not None:
            raise StatementFailed(f"TABLE_ALREADY_EXISTS: line 1:1: View already exists: '{CATALOG}.{database}.{name}'")
        self._catalog.put_view(database, name, query, columns)
        return Outcome(statement_type="DDL", substatement_type="CREATE_VIEW")

    def _run(self, statement: Statement, sql: str, session: Mapping[str, str] | None = None) -> trino_client.Result:
        try:
            return trino_client.run(
                self._server.url,
                sql.rstrip().removesuffix(";"),
                catalog=self._catalog.name,
                schema=statement.database,
                session={**_SESSION, **(session or {})},
                cancelled=statement.cancelled,
            )
        except trino_client.QueryCancelled:
            raise StatementCancelled(statement.query_id) from None
        except trino_client.QueryError as error:
            raise StatementFailed(
                f"{error.name}: {error.message}".replace(self._catalog.name, CATALOG),
                category=SYSTEM if error.kind == "INTERNAL_ERROR" else USER,
                error_type=_ERROR_TYPES.get(error.name, _DATA_ERROR),
            ) from None


def _split(sql: str) -> tuple[exp.Create | None, str]:
    """CREATE … AS and the text of the query after it, untouched; (None, "") where there is no such query.

    The query stays Trino's to read: sqlglot only sees the words before it.
    """
    depth = 0
    for token in grammar.Athena().tokenize(sql):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.token_type != TokenType.STRING else 0
        if depth == 0 and token.token_type == TokenType.ALIAS:
            create = grammar.parse(sql[: token.start] + "AS SELECT 1 AS one")
            return (create if isinstance(create, exp.Create) else None), sql[token.end + 1 :].strip().rstrip(";")
    return None, ""


def _table_properties(table: ctas.Ctas, location: str) -> str:
    """Athena's properties in Trino's words; the compression is a session's there."""
    properties = {"format": "'PARQUET'", "external_location": _text(location)}
    if table.partitioned_by:
        properties["partitioned_by"] = _array(table.partitioned_by)
    if table.bucketed_by:
        properties["bucketed_by"] = _array(table.bucketed_by)
        properties["bucket_count"] = str(table.bucket_count)
    return ", ".join(f"{name} = {value}" for name, value in properties.items())


def _column(column: trino_client.ResultColumn) -> Column:
    try:
        return Column(column.name, *result_type(from_text(column.type)))
    except UnknownType:
        return Column(column.name, column.type.partition("(")[0])


def _catalog_properties(endpoint_url: str, region: str) -> Mapping[str, str]:
    access = {"aws-access-key": "local", "aws-secret-key": "local", "region": region}
    return {
        "hive.metastore": "glue",
        "hive.metastore.glue.endpoint-url": endpoint_url,
        **{f"hive.metastore.glue.{name}": value for name, value in access.items()},
        "fs.native-s3.enabled": "true",
        "s3.endpoint": endpoint_url,
        "s3.path-style-access": "true",
        **{f"s3.{name}": value for name, value in access.items()},
        "hive.non-managed-table-writes-enabled": "true",
        "hive.recursive-directories": "true",
        "hive.parquet.time-zone": "UTC",
        "hive.collect-column-statistics-on-write": "false",
        "hive.table-statistics-enabled": "false",
        "hive.max-partitions-per-writers": str(ctas.MAX_PARTITIONS),
    }


def _answering(answer: Mapping[str, object]) -> Callable[[GlueResponse], str]:
    text = json.dumps(answer)
    return lambda _: text


def _name(database: str, name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (database, name))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _array(values: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(_text, values))}]"
