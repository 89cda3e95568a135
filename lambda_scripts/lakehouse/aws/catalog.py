"""The Glue Data Catalog: the database, the pipeline's tables and views, and their partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from .. import log
from ..errors import Error
from ..layout import Partition
from .clients import client

PARTITIONS_AT_ONCE = 100  # https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
DELETE_PARTITIONS_AT_ONCE = 25  # https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
READ_PARTITIONS_AT_ONCE = 1_000  # https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetPartition.html
DELETE_TABLES_AT_ONCE = 100  # https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteTable.html


class Catalog:
    """One Glue database."""

    def __init__(self, database: str, glue: Any = None) -> None:
        self._client = glue or client("glue")
        self.database = database

    def exists(self) -> bool:
        """Whether there is the database."""
        try:
            self._client.get_database(Name=self.database)
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return False
        return True

    def tables(self) -> dict[str, dict[str, Any]]:
        """Every table and view by name; creates the database where there is none."""
        try:
            pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self.database)
            return {table["Name"]: table for page in pages for table in page["TableList"]}
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
        try:
            self._client.create_database(
                DatabaseInput={"Name": self.database, "Description": "Daily stock prices and their reports"}
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
        return {}

    def other_database(self, database: str) -> Catalog:
        """Another database of the same account."""
        return Catalog(database, self._client)

    def remove(self) -> None:
        """Remove the database and the definitions of all that is in it; nothing where it is gone already."""
        if self.exists():
            self.drop(self.tables())
            self._client.delete_database(Name=self.database)

    def add_columns(self, table: Mapping[str, Any], columns: Mapping[str, str]) -> None:
        """Give a table, as `tables` describes it, those of the columns (types by name) that it lacks, after its own."""
        known = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
        added = [{"Name": name, "Type": kind} for name, kind in columns.items() if name not in known]
        if added:
            log.event("columns added", table=table["Name"], columns=[column["Name"] for column in added])
            storage = table["StorageDescriptor"]
            self._update(table, StorageDescriptor={**storage, "Columns": [*storage["Columns"], *added]})

    def set_parameter(self, table: str, name: str, value: str) -> None:
        """Put one of a table's parameters."""
        described = self._client.get_table(DatabaseName=self.database, Name=table)["Table"]
        self._update(described, Parameters={**described.get("Parameters", {}), name: value})

    def _update(self, table: Mapping[str, Any], **changed: Any) -> None:
        fields = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
        kept = {field: table[field] for field in fields if field in table}
        self._client.update_table(DatabaseName=self.database, TableInput={**kept, **changed})

    def partition_locations(self, table: str) -> Iterator[str]:
        """The location of each partition of a table."""
        return (partition["StorageDescriptor"]["Location"] for partition in self._partitions(table))

    def partitions(self, table: str) -> Iterator[Partition]:
        """The values of each partition of a table."""
        return (tuple(partition["Values"]) for partition in self._partitions(table))

    def _partitions(self, table: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=self.database, TableName=table, ExcludeColumnSchema=True
        )
        return (partition for page in pages for partition in page["Partitions"])

    def missing(self, table: str, partitions: Iterable[Partition]) -> list[Partition]:
        """Those of the partitions that the catalogue lacks."""
        wanted = sorted(set(partitions))
        known: set[Partition] = set()
        for chunk in _chunks(wanted, READ_PARTITIONS_AT_ONCE):
            keys = [{"Values": list(each)} for each in chunk]
            while keys:
                answer = self._client.batch_get_partition(DatabaseName=self.database, TableName=table, PartitionsToGet=keys)
                known.update(tuple(each["Values"]) for each in answer["Partitions"])
                # A large answer comes in parts. What Glue never gets to counts as missing: registering it again is harmless.
                left = answer.get("UnprocessedKeys") or []
                keys = left if len(left) < len(keys) else []
        return [partition for partition in wanted if partition not in known]

    def register(self, table: str, locations: Mapping[Partition, str]) -> None:
        """Add partitions with these locations; those that exist already stay as they are."""
        if not locations:
            return
        with log.timed("register", table=table, partitions=len(locations)):
            self._register(table, locations)

    def _register(self, table: str, locations: Mapping[Partition, str]) -> None:
        storage = self._client.get_table(DatabaseName=self.database, Name=table)["Table"]["StorageDescriptor"]
        for chunk in _chunks(sorted(locations), PARTITIONS_AT_ONCE):
            answer = self._client.batch_create_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionInputList=[
                    {"Values": list(partition), "StorageDescriptor": {**storage, "Location": locations[partition]}}
                    for partition in chunk
                ],
            )
            for failure in answer.get("Errors", ()):
                if failure["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                    raise Error(f"Glue did not add partition {failure['PartitionValues']} to {table}: {failure['ErrorDetail']}")

    def unregister(self, table: str, partitions: Iterable[Partition]) -> None:
        """Remove partitions; those that are gone already count as removed."""
        for chunk in _chunks(sorted(set(partitions)), DELETE_PARTITIONS_AT_ONCE):
            self._client.batch_delete_partition(
                DatabaseName=self.database, TableName=table, PartitionsToDelete=[{"Values": list(each)} for each in chunk]
            )

    def drop(self, tables: Iterable[str]) -> None:
        """Remove tables from the catalogue, not their files; those that are gone already count as removed."""
        for chunk in _chunks(sorted(tables), DELETE_TABLES_AT_ONCE):
            self._client.batch_delete_table(DatabaseName=self.database, TablesToDelete=chunk)


def _chunks(values: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
