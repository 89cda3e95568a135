"""A Trino expression in DuckDB's SQL, with its Trino type."""

from __future__ import annotations

from dataclasses import dataclass

from .engine import StatementFailed
from .trino_types import Type


@dataclass(frozen=True)
class Expression:
    """`text` and `number` are the value of a literal, for rules that need to know it."""

    sql: str
    type: Type
    text: str | None = None
    number: int | None = None


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def not_supported(what: str) -> StatementFailed:
    """What Athena may well run, but the local engine is not known to run with the same meaning."""
    return StatementFailed(
        f"NOT_SUPPORTED_LOCALLY: {what}. Athena may accept this; the local DuckDB engine has no rule for it: "
        "write it otherwise, add a rule with a differential test, or run on the Trino engine"
    )
