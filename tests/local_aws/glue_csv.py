"""What a crawler makes of one CSV object: its delimiter, header, columns and types.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from .glue_classifiers import Classifier

_SAMPLE_BYTES = 1024 * 1024
_SAMPLE_ROWS = 1000
_BUILT_IN_DELIMITERS = ",|\t;\u0001"

Row = list[str]


@dataclass(frozen=True)
class Sample:
    """What the crawler saw of one object."""

    address: str
    names: tuple[str, ...]
    types: tuple[str | None, ...]
    has_header: bool
    delimiter: str
    compressed: bool
    size: int


def read_sample(address: str, body: bytes, classifier: Classifier | None) -> Sample | None:
    """Columns and types of one CSV object; None when the classifier does not recognise it."""
    compressed = address.endswith(".gz")
    if compressed:
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(_SAMPLE_BYTES)
        except (OSError, EOFError, zlib.error):
            return None
    # A byte-order mark ends as a question mark in the first column's name.
    text = body[:_SAMPLE_BYTES].decode("utf-8", "replace").replace("\ufeff", "?", 1)
    given = classifier or {}
    # OpenCSVSerDe reads every column as a string: below a header that is said to be there nothing is left to find out.
    rows_needed = 1 if all_strings(given) and given.get("ContainsHeader") == "PRESENT" else _SAMPLE_ROWS
    for delimiter in given.get("Delimiter") or _BUILT_IN_DELIMITERS:
        rows = _rows(text, delimiter, given.get("QuoteSymbol") or '"', rows_needed)
        fewest = 1 if given.get("AllowSingleColumn") else 2
        if not rows or len(rows[0]) < fewest or (classifier is None and len(rows) < 2):
            continue
        types: list[str | None] = [None] * len(rows[0])
        for row in rows[1:]:
            types = [wider(kind, _type(cell)) for kind, cell in zip(types, [*row, *[""] * len(types)], strict=False)]
        has_header = given.get("ContainsHeader", "UNKNOWN") == "PRESENT" or (
            given.get("ContainsHeader", "UNKNOWN") == "UNKNOWN" and _is_header(rows[0], types)
        )
        if not has_header:
            types = [wider(kind, _type(cell)) for kind, cell in zip(types, rows[0], strict=True)]
        names = given.get("Header") or (_names(rows[0]) if has_header else [f"col{n}" for n in range(len(types))])
        return Sample(address, tuple(names), tuple(types), has_header, delimiter, compressed, len(body))
    return None


def _rows(text: str, delimiter: str, quote: str, most: int) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, quotechar=quote)
    return list(itertools.islice((row for row in reader if row), most))


def all_strings(classifier: Classifier) -> bool:
    """Whether the table's SerDe reads every column as a string."""
    return classifier.get("Serde") == "OpenCSVSerDe"


def _names(header: Row) -> list[str]:
    """Lower-case column names, none of them empty, none twice (the catalogue takes neither)."""
    names: list[str] = []
    for position, cell in enumerate(header):
        name = cell.strip().lower() or f"col{position}"
        names.append(name if name not in names else f"{name}_{position}")
    return names


def _is_header(first: Row, types: Sequence[str | None]) -> bool:
    """Glue's rule: every cell of the first row a short string, and some column below it not a string."""
    cells = all(_type(cell) == "string" and len(cell) < 150 for cell in first)
    return cells and any(kind not in ("string", None) for kind in types)


def _type(cell: str) -> str | None:
    cell = cell.strip()
    if not cell:
        return None
    if re.fullmatch(r"[+-]?\d{1,18}", cell):
        return "bigint"
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", cell):
        return "double"
    return "string"


def wider(one: str | None, other: str | None) -> str | None:
    """The type that holds values of both; None is that of a column without values."""
    if one is None or other is None or one == other:
        return one or other
    return "double" if {one, other} == {"bigint", "double"} else "string"
