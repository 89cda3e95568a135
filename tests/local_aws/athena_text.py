"""Values as the texts that Athena puts into its results (GetQueryResults and the result object)."""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

_HALF_A_MILLISECOND = datetime.timedelta(microseconds=500)


def text(value: Any) -> str | None:
    """The text of one cell, None for NULL; a str is taken to be that text already."""
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, datetime.datetime):
        zone = "" if value.tzinfo is None else " UTC"
        return (value.replace(tzinfo=None) + _HALF_A_MILLISECOND).isoformat(" ", "milliseconds") + zone
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_nested, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_nested(key)}={_nested(cell)}" for key, cell in value.items()) + "}"
    return str(value)


def _nested(value: Any) -> str:
    return "null" if value is None else _text(value)


def double(value: float) -> str:
    """A double as Java's Double.toString writes it: 1.0, 1.0E7, 9.999E-4, NaN, -Infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    whole, *rest = map(str, digits)
    return f"{'-' if sign else ''}{whole}.{''.join(rest) or '0'}E{exponent + len(digits) - 1}"
