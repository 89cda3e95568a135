"""Ways in which an account may differ from what AWS documents, or from Trino 476: each can be switched on, for a check to find.

    with quirks.switched_on("carriage returns are text"):
        ...

They are ways of the DuckDB engine and of S3 under it. A real Trino can't be broken so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from . import duckdb_engine, formats
from .engine import StatementFailed
from .interference import require_hadoop_names
from .objects import ObjectStore
from .seams import Seams

_LINES = formats.lines
_LAZY_SIMPLE = formats._lazy_simple
_READ_PARQUET = formats.read_parquet
_RUN = duckdb_engine._Execution
_ADDRESSES = _RUN._addresses
_READ = ObjectStore.read


def _carriage_returns_are_text(seams: Seams) -> None:
    seams.replace(formats, "_LINE_END", re.compile(rb"\r\n|\n"))


def _line_feeds_alone_end_lines(seams: Seams) -> None:
    seams.replace(formats, "_LINE_END", re.compile(rb"\n"))


def _first_lines_are_headers(seams: Seams) -> None:
    seams.replace(formats, "lines", lambda address, body, skip=0: _LINES(address, body, skip)[1:])


def _last_lines_need_an_end(seams: Seams) -> None:
    def lines(address: str, body: bytes, skip: int = 0) -> list[bytes]:
        found = _LINES(address, body, skip)
        return found if address.endswith(".gz") or body.endswith((b"\n", b"\r")) else found[:-1]

    seams.replace(formats, "lines", lines)


def _marks_stay(seams: Seams) -> None:
    seams.replace(formats, "_BOM", b"\x00")


def _marks_become_question_marks(seams: Seams) -> None:
    def lines(address: str, body: bytes, skip: int = 0) -> list[bytes]:
        return _LINES(address, body.replace(b"\xef\xbb\xbf", b"???"), skip)

    seams.replace(formats, "lines", lines)


def _gzip_is_not_unpacked(seams: Seams) -> None:
    seams.replace(formats, "_decompressed", lambda address, body: body)


def _line_feeds_in_properties_are_backslashes(seams: Seams) -> None:
    """`'\\n'` in SERDEPROPERTIES arrives as its first character."""

    def lazy_simple(found: list[bytes], parameters: Mapping[str, str], *where: Any) -> Any:
        return _LAZY_SIMPLE(found, {**parameters, "field.delim": parameters.get("field.delim", "").replace("\n", "\\")}, *where)

    seams.replace(formats, "_lazy_simple", lazy_simple)


def _null_marks_are_read(seams: Seams) -> None:
    """The table's own mark of NULL is not heeded, so that Hive's \\N is one."""

    def lazy_simple(found: list[bytes], parameters: Mapping[str, str], *where: Any) -> Any:
        return _LAZY_SIMPLE(found, {**parameters, "serialization.null.format": "\\N"}, *where)

    seams.replace(formats, "_lazy_simple", lazy_simple)


def _quotes_are_dropped(seams: Seams) -> None:
    def lines(address: str, body: bytes, skip: int = 0) -> list[bytes]:
        return [line.replace(b'"', b"") for line in _LINES(address, body, skip)]

    seams.replace(formats, "lines", lines)


def _with_addresses(change: Callable[[Any, Sequence[str]], Sequence[str]]) -> Callable[[Seams], None]:
    """A quirk of how the files that a manifest names are found."""

    def quirk(seams: Seams) -> None:
        def addresses(run: Any, table: Any, found: Any) -> Sequence[str]:
            named = _ADDRESSES(run, table, found)
            return change(table, named) if table.input_format == formats.SYMLINK_INPUT else named

        seams.replace(_RUN, "_addresses", addresses)

    return quirk


def _paths_are_encoded(seams: Seams) -> None:
    """What "$path" shows."""
    _with_addresses(lambda _, named: [quote(address, safe=":/") for address in named])(seams)

    def read(store: ObjectStore, address: str) -> bytes | None:
        return _READ(store, address) if (found := _READ(store, unquote(address))) is None else found

    seams.replace(ObjectStore, "read", read)


def _patterns_fail(_: Any, named: Sequence[str]) -> Sequence[str]:
    require_hadoop_names(named)
    return named


def _text_needs_sequence_files(table: Any, named: Sequence[str]) -> Sequence[str]:
    """As Trino before version 371: https://github.com/trinodb/trino/pull/10910"""
    if table.serde == formats.LAZY_SIMPLE and named:
        raise StatementFailed(f"HIVE_CURSOR_ERROR: {named[0]} not a SequenceFile")
    return named


def _text_is_not_found(table: Any, named: Sequence[str]) -> Sequence[str]:
    return [] if table.serde == formats.LAZY_SIMPLE else named


def _emptied_partitions_fail(seams: Seams) -> None:
    """Whether they have an empty manifest or a file without rows."""

    def change(table: Any, named: Sequence[str]) -> Sequence[str]:
        if not named:
            raise StatementFailed("HIVE_BAD_DATA: Error parsing symlinks: the manifest is empty")
        return named

    def read_parquet(*what: Any) -> formats.ColumnData:
        found = _READ_PARQUET(*what)
        if not found.row_count:
            raise StatementFailed("HIVE_BAD_DATA: a Parquet file without a row group")
        return found

    _with_addresses(change)(seams)
    seams.replace(formats, "read_parquet", read_parquet)


def _files_are_read_as_they_first_were(seams: Seams) -> None:
    first: dict[str, bytes] = {}

    def read(store: ObjectStore, address: str) -> bytes | None:
        body = _READ(store, address)
        return first.setdefault(address, body) if body is not None and address.endswith(".csv") else body

    seams.replace(ObjectStore, "read", read)


QUIRKS: Mapping[str, Callable[[Seams], None]] = {
    "carriage returns are text": _carriage_returns_are_text,
    "line feeds alone end lines": _line_feeds_alone_end_lines,
    "first lines are headers": _first_lines_are_headers,
    "last lines need an end": _last_lines_need_an_end,
    "byte order marks stay": _marks_stay,
    "byte order marks become question marks": _marks_become_question_marks,
    "gzip is not unpacked": _gzip_is_not_unpacked,
    "line feeds in properties are backslashes": _line_feeds_in_properties_are_backslashes,
    "null marks are read": _null_marks_are_read,
    "quotes are dropped": _quotes_are_dropped,
    "paths are encoded": _paths_are_encoded,
    "manifests are decoded": _with_addresses(lambda _, named: [unquote_plus(address) for address in named]),
    "patterns fail": _with_addresses(_patterns_fail),
    "text needs sequence files": _with_addresses(_text_needs_sequence_files),
    "text is not found": _with_addresses(_text_is_not_found),
    "emptied partitions fail": _emptied_partitions_fail,
    "files are read as they first were": _files_are_read_as_they_first_were,
}


@contextmanager
def switched_on(name: str) -> Iterator[None]:
    """Have the account differ in this way until the block ends."""
    seams = Seams()
    QUIRKS[name](seams)
    try:
        yield
    finally:
        seams.restore()
