"""Statements that go wrong: what a test has happen to them before they run, on either engine.

account.interference.add(hadoop_names)
account.interference.add(lambda statement, targets: fail(...) if ... else None)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .catalog import GlueCatalog
from .engine import Statement, StatementFailed
from .formats import SYMLINK_INPUT
from .objects import ObjectStore

Interfere = Callable[[Statement, Sequence[str]], None]
"""Given a statement and the s3:// addresses that it reads through manifests: returns, late perhaps, or raises StatementFailed."""


class Interference:
    """What happens to the statements of one account."""

    def __init__(self, account_id: str, region: str) -> None:
        self._catalog = GlueCatalog(account_id, region)
        self._objects = ObjectStore(account_id)
        self._interfering: list[Interfere] = []

    def add(self, interfere: Interfere) -> None:
        self._interfering.append(interfere)

    def remove(self, interfere: Interfere) -> None:
        self._interfering.remove(interfere)

    def before(self, statement: Statement) -> None:
        """To be called before the engine runs a statement."""
        if self._interfering:
            targets = self._targets(statement)
            for interfere in list(self._interfering):
                interfere(statement, targets)

    def _targets(self, statement: Statement) -> list[str]:
        """What the manifests name of the partitions whose values the statement names."""
        targets: list[str] = []
        for name in dict.fromkeys(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", statement.sql)):
            table = self._catalog.table(statement.database, name.lower())
            if table is None or table.input_format != SYMLINK_INPUT:
                continue
            for partition in self._catalog.partitions(table.database, table.name):
                if all(f"'{value}'" in statement.sql for value in partition.values):
                    for manifest in self._objects.list_data(partition.location):
                        targets += (self._objects.read(manifest.address) or b"").decode().splitlines()
        return targets


def hadoop_names(statement: Statement, targets: Sequence[str]) -> None:
    """Have every statement read paths as Hadoop does."""
    require_hadoop_names(targets)


def require_hadoop_names(targets: Sequence[str]) -> None:
    """Raise StatementFailed as Hadoop reads paths, where a glob, a colon or an empty name is not that of a file.

    https://github.com/prestodb/presto/issues/5521, https://github.com/prestodb/presto/issues/13868,
    https://github.com/trinodb/trino/issues/17525
    """
    for target in targets:
        key = target.partition("://")[2]
        if re.search(r"[*?\[\]{}]", key):
            raise StatementFailed(f"HIVE_FILESYSTEM_ERROR: Input Pattern {target} matches 0 files")
        if ":" in key:
            raise StatementFailed(f"HIVE_FILESYSTEM_ERROR: java.net.URISyntaxException: Relative path in absolute URI: {target}")
        if "//" in key:
            raise StatementFailed(f"HIVE_FILESYSTEM_ERROR: Input path does not exist: s3://{key.replace('//', '/')}")
