"""Trino's types: how they are written in Hive, in DuckDB and in Athena's results, and which coerce to which."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    """A Trino type. `args` holds numbers (decimal, timestamp) or the element type (array).

    Bounded varchars are not told apart from the unbounded one: nothing that the local engine answers depends on it.
    """

    name: str
    args: tuple[int | Type, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({','.join(map(str, self.args))})" if self.args else self.name

    @property
    def is_integer(self) -> bool:
        return self.name in _INTEGER_DIGITS

    @property
    def is_numeric(self) -> bool:
        return self.is_integer or self.name in ("decimal", "real", "double")

    @property
    def is_timestamp(self) -> bool:
        return self.name == "timestamp"

    @property
    def element(self) -> Type:
        """The element type of an array."""
        (element,) = self.args
        assert isinstance(element, Type)
        return element

    @property
    def digits(self) -> tuple[int, int]:
        """(precision, scale) of a decimal, or of the decimal that an integer coerces to."""
        if self.name == "decimal":
            precision, scale = self.args
            assert isinstance(precision, int) and isinstance(scale, int)
            return precision, scale
        return _INTEGER_DIGITS[self.name], 0

    @property
    def precision(self) -> int:
        """Digits of a timestamp's fraction of a second."""
        (precision,) = self.args
        assert isinstance(precision, int)
        return precision


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT, SMALLINT, INTEGER, BIGINT = Type("tinyint"), Type("smallint"), Type("integer"), Type("bigint")
REAL, DOUBLE = Type("real"), Type("double")
VARCHAR, VARBINARY, DATE = Type("varchar"), Type("varbinary"), Type("date")
TIMESTAMP_TZ = Type("timestamp with time zone")
INTERVAL = Type("interval")

_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_NUMERIC_RANK = {"tinyint": 0, "smallint": 1, "integer": 2, "bigint": 3, "decimal": 4, "real": 5, "double": 6}
_DUCKDB = {
    "unknown": "INTEGER",
    "varbinary": "BLOB",
    "real": "FLOAT",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
}
_HIVE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary", "timestamp": "timestamp"}
_FROM_HIVE = {"string": "varchar", "char": "varchar", "int": "integer", "float": "real", "binary": "varbinary"}
_PLAIN = ("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "varbinary", "date")
# Precision as GetQueryResults' ColumnInfo gives it.
_RESULT_PRECISION = {
    "varchar": 2147483647,
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "timestamp": 3,
    "varbinary": 1073741824,
}


class UnknownType(ValueError):
    """A type that the local engines have no counterpart for."""


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def timestamp(precision: int) -> Type:
    return Type("timestamp", (precision,))


def array(element: Type) -> Type:
    return Type("array", (element,))


def from_text(text: str) -> Type:
    """The Trino type of a Hive or Trino spelling ("string", "decimal(10,2)", "array<int>"); UnknownType otherwise."""
    text = re.sub(r"\s+", " ", text.strip().lower())
    nested = re.fullmatch(r"array ?[<(](.*)[>)]", text)
    if nested:
        return array(from_text(nested[1]))
    if text in ("timestamp with time zone", "timestamp(3) with time zone"):
        return TIMESTAMP_TZ
    matched = re.fullmatch(r"([a-z]+) ?(?:\( ?(\d+) ?(?:, ?(\d+) ?)?\))?", text)
    if matched is None:
        raise UnknownType(text)
    name, first, second = _FROM_HIVE.get(matched[1], matched[1]), matched[2], matched[3]
    if name == "decimal":
        return decimal(int(first or 10), int(second or 0))
    if name == "timestamp":
        return timestamp(int(first or 3))
    if name in _PLAIN:
        return Type(name)
    raise UnknownType(text)


def to_hive(type_: Type) -> str:
    """The type as a Glue table names it."""
    if type_.name == "array":
        return f"array<{to_hive(type_.element)}>"
    if type_.name == "decimal":
        return str(type_)
    return _HIVE.get(type_.name, type_.name)


def to_duckdb(type_: Type) -> str:
    if type_.name == "array":
        return to_duckdb(type_.element) + "[]"
    if type_.name == "decimal":
        return str(type_)
    return _DUCKDB.get(type_.name, type_.name.upper())


def result_type(type_: Type) -> tuple[str, int, int]:
    """(Type, Precision, Scale) of a result's ColumnInfo."""
    name = {"real": "float"}.get(type_.name, type_.name)
    if name == "decimal":
        return name, *type_.digits
    return name, _RESULT_PRECISION.get(name, 0), 0


def common(left: Type, right: Type) -> Type | None:
    """The type to which both coerce implicitly, None when there is none."""
    if left == right or right == UNKNOWN:
        return left
    if left == UNKNOWN:
        return right
    if left.name == right.name == "array":
        element = common(left.element, right.element)
        return array(element) if element else None
    if left.is_numeric and right.is_numeric:
        wider = max(left, right, key=lambda type_: _NUMERIC_RANK[type_.name])
        if wider.name != "decimal":
            return wider
        (left_precision, left_scale), (right_precision, right_scale) = left.digits, right.digits
        scale = max(left_scale, right_scale)
        whole = max(left_precision - left_scale, right_precision - right_scale)
        return decimal(min(38, whole + scale), scale)
    if left.is_timestamp and right.is_timestamp:
        return timestamp(max(left.precision, right.precision))
    if left.is_timestamp and right == DATE:
        return left
    if right.is_timestamp and left == DATE:
        return right
    return None


def coerces(source: Type, target: Type) -> bool:
    """Whether Trino casts `source` to `target` without being asked."""
    return common(source, target) == target
