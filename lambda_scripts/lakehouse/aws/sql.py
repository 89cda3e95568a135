"""SQL files: read from `sql/`, their declared parameters bound as typed literals.

A file's second line declares what it takes: `-- Parameters: table identifier, location text, years texts`. In the text, `:name`
is replaced. What is declared, what is used and what is given must be the same names, and each value of the declared type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from pathlib import Path

from ..clock import milliseconds_text
from ..errors import Error

FOLDER = Path(__file__).resolve().parents[3] / "sql"

_DECLARATION = re.compile(r"-- Parameters: (.+)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")

_TYPES = ("identifier", "text", "texts", "number", "date", "timestamp")

Value = str | int | date | datetime | list[str]


class SqlError(Error):
    """A statement's parameters and what was given do not match, or a value can't be a literal."""


@dataclass(frozen=True)
class Statement:
    """A statement ready to run. `name` is its file's, for logs; `table` is what its parameter of that name says, or None."""

    name: str
    text: str
    table: str | None = None


def render(name: str, **parameters: Value) -> Statement:
    """The statement of `sql/<name>.sql` with its parameters as literals. Raises SqlError for any mismatch."""
    text, declared = _parsed(name)
    if set(declared) != set(parameters):
        raise SqlError(f"sql/{name}.sql takes {_listed(declared)}, not {_listed(parameters)}")
    literals = {key: _literal(f"{name}: {key}", declared[key], value) for key, value in parameters.items()}
    return Statement(name, _PARAMETER.sub(lambda match: literals[match[1]], text), literals.get("table"))


def names(folder: str) -> list[str]:
    """The statements of a folder of `sql/`, without their suffix: `tables/stocks_processed`."""
    return sorted(f"{folder}/{path.stem}" for path in (FOLDER / folder).glob("*.sql"))


@cache
def _parsed(name: str) -> tuple[str, Mapping[str, str]]:
    """The text less its comments, and the declared parameters' types by name."""
    lines = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    declaration = _DECLARATION.fullmatch(lines[1]) if len(lines) > 1 else None
    if declaration is None:
        raise SqlError(f"the second line of sql/{name}.sql must be '-- Parameters: …'")
    declared: dict[str, str] = {}
    if declaration[1] != "none":
        for part in declaration[1].split(", "):
            parameter, _, kind = part.partition(" ")
            if kind not in _TYPES:
                raise SqlError(f"sql/{name}.sql declares {parameter} as {kind!r}, which is not one of {', '.join(_TYPES)}")
            declared[parameter] = kind
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    used = set(_PARAMETER.findall(text))
    if used != set(declared):
        raise SqlError(f"sql/{name}.sql declares {_listed(declared)} but uses {_listed(used)}")
    return text, declared


def _literal(where: str, kind: str, value: Value) -> str:
    if kind == "identifier" and isinstance(value, str):
        if not _IDENTIFIER.fullmatch(value):
            raise SqlError(f"{where} is not an identifier: {value!r}")
        return value
    if kind == "text" and isinstance(value, str):
        return _quoted(value)
    if kind == "texts" and isinstance(value, list) and value:
        return ", ".join(_quoted(each) for each in value)
    if kind == "number" and type(value) is int:  # not isinstance: true is not a number
        return str(value)
    if kind == "timestamp" and isinstance(value, datetime) and value.tzinfo is timezone.utc:
        return f"TIMESTAMP '{milliseconds_text(value)}'"
    if kind == "date" and isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE '{value.isoformat()}'"
    raise SqlError(f"{where} must be a {kind}, not {value!r}")


def _quoted(value: str) -> str:
    if not isinstance(value, str):
        raise SqlError(f"a text must be a str, not {value!r}")
    return "'" + value.replace("'", "''") + "'"


def _listed(names: object) -> str:
    return ", ".join(sorted(names)) or "nothing"  # type: ignore[call-overload]
