"""The account's Glue Data Catalog, as an engine reads and changes it: straight from moto's backend, under the lock.

Names are looked up in lower case, as Athena does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.glue.exceptions import PartitionAlreadyExistsException
from moto.glue.models import glue_backends

from .formats import PARQUET, PARQUET_INPUT, PARQUET_OUTPUT
from .s3_events import S3_LOCK
from .trino_types import Type, to_hive

CATALOG = "awsdatacatalog"
DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# Of every table that Athena's DDL makes; Trino runs no view without one.
OWNER = "hadoop"
_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")


@dataclass(frozen=True)
class GlueTable:
    """A table or view as Glue holds it, in the fields that reading it takes. Types are Hive's spellings."""

    database: str
    name: str
    kind: str
    columns: Sequence[tuple[str, str]]
    partition_keys: Sequence[tuple[str, str]]
    location: str
    serde: str
    serde_parameters: Mapping[str, str]
    input_format: str
    output_format: str
    parameters: Mapping[str, str]
    bucket_columns: Sequence[str]
    view_text: str
    storage: Mapping[str, Any]

    @property
    def is_view(self) -> bool:
        return self.kind == "VIRTUAL_VIEW"

    @property
    def view_sql(self) -> str:
        """The query that a view of Athena stands for; ValueError when the table holds no such view."""
        found = _VIEW.search(self.view_text)
        if found is None:
            raise ValueError(f"{self.database}.{self.name} is no Presto view")
        return str(json.loads(base64.b64decode(found[1]))["originalSql"])


@dataclass(frozen=True)
class GluePartition:
    values: Sequence[str]
    location: str


class GlueCatalog:
    """`name` is what the engine calls the catalogue, and so what a view's text names."""

    def __init__(self, account_id: str, region: str, name: str = CATALOG) -> None:
        self._account_id = account_id
        self._region = region
        self.name = name

    @property
    def _backend(self) -> Any:
        return glue_backends[self._account_id][self._region]

    def has_database(self, name: str) -> bool:
        with S3_LOCK:
            return name.lower() in self._backend.databases

    def databases(self) -> list[str]:
        with S3_LOCK:
            return sorted(self._backend.databases)

    def create_database(self, name: str, database_input: dict[str, Any]) -> None:
        with S3_LOCK:
            self._backend.create_database(name.lower(), {"Name": name.lower(), **database_input})

    def drop_database(self, name: str) -> None:
        with S3_LOCK:
            self._backend.delete_database(name.lower())

    def table_names(self, database: str) -> list[str]:
        with S3_LOCK:
            found = self._backend.databases.get(database.lower())
            return sorted(found.tables) if found else []

    def _stored(self, database: str, name: str) -> Any:
        found = self._backend.databases.get(database.lower())
        return found.tables.get(name.lower()) if found else None

    def table(self, database: str, name: str) -> GlueTable | None:
        with S3_LOCK:
            stored = self._stored(database, name)
            if stored is None:
                return None
            described = stored.as_dict()
        storage = described.get("StorageDescriptor") or {}
        serde = storage.get("SerdeInfo") or {}
        return GlueTable(
            database=database.lower(),
            name=name.lower(),
            kind=described.get("TableType") or "EXTERNAL_TABLE",
            columns=[(column["Name"].lower(), column.get("Type", "string")) for column in storage.get("Columns") or ()],
            partition_keys=[(key["Name"].lower(), key.get("Type", "string")) for key in described.get("PartitionKeys") or ()],
            location=storage.get("Location") or "",
            serde=serde.get("SerializationLibrary") or "",
            serde_parameters=serde.get("Parameters") or {},
            input_format=storage.get("InputFormat") or "",
            output_format=storage.get("OutputFormat") or "",
            parameters=described.get("Parameters") or {},
            bucket_columns=storage.get("BucketColumns") or (),
            view_text=described.get("ViewOriginalText") or "",
            storage=storage,
        )

    def partitions(self, database: str, name: str) -> list[GluePartition]:
        with S3_LOCK:
            stored = self._stored(database, name)
            if stored is None:
                return []
            return [
                GluePartition(list(partition.values), partition.partition_input["StorageDescriptor"]["Location"])
                for partition in stored.partitions.values()
            ]

    def create_table(self, database: str, table_input: dict[str, Any]) -> bool:
        """False when the database has a table of that name."""
        with S3_LOCK:
            if self._stored(database, table_input["Name"]) is not None:
                return False
            self._backend.create_table(database.lower(), table_input["Name"], table_input)
            return True

    def put_view(self, database: str, name: str, sql: str, columns: Sequence[tuple[str, Type]]) -> None:
        """Create or replace a view in the form in which Athena stores one."""
        described = {
            "originalSql": sql,
            "catalog": self.name,
            "schema": database.lower(),
            "columns": [{"name": column, "type": str(type_)} for column, type_ in columns],
        }
        encoded = base64.b64encode(json.dumps(described).encode()).decode()
        table_input = {
            "Name": name.lower(),
            "Owner": OWNER,
            "TableType": "VIRTUAL_VIEW",
            "PartitionKeys": [],
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": to_hive(type_)} for column, type_ in columns],
                "Location": "",
                "SerdeInfo": {},
            },
            "ViewOriginalText": f"/* Presto View: {encoded} */",
            "ViewExpandedText": "/* Presto View */",
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
        }
        with S3_LOCK:
            if self._stored(database, name) is None:
                self._backend.create_table(database.lower(), name.lower(), table_input)
            else:
                self._backend.update_table(database.lower(), name.lower(), table_input)

    def drop_table(self, database: str, name: str) -> None:
        with S3_LOCK:
            self._backend.delete_table(database.lower(), name.lower())

    def add_partition(self, table: GlueTable, values: Sequence[str], location: str) -> bool:
        """False when the table has that partition."""
        storage = {**table.storage, "Location": location}
        with S3_LOCK:
            try:
                self._backend.create_partition(
                    table.database, table.name, {"Values": list(values), "StorageDescriptor": storage, "Parameters": {}}
                )
            except PartitionAlreadyExistsException:
                return False
            return True

    def drop_partition(self, table: GlueTable, values: Sequence[str]) -> bool:
        with S3_LOCK:
            stored = self._stored(table.database, table.name)
            return stored is not None and stored.partitions.pop(str(list(values)), None) is not None


def parquet_storage(location: str, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The StorageDescriptor of a Parquet table."""
    return {
        "Columns": [{"Name": name, "Type": type_} for name, type_ in columns],
        "Location": location,
        "InputFormat": PARQUET_INPUT,
        "OutputFormat": PARQUET_OUTPUT,
        "SerdeInfo": {"SerializationLibrary": PARQUET, "Parameters": {"serialization.format": "1"}},
    }
