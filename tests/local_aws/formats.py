"""The file formats of Hive tables: bytes in, Arrow columns out, as Trino's readers do it.

Text: io.trino.hive.formats.line (TextLineReader, SimpleDeserializer, CsvDeserializer, OpenXJsonDeserializer).
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .engine import StatementFailed
from .trino_types import Type

LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
OPENX_JSON = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
SYMLINK_INPUT = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class ColumnData:
    """Some columns of one file, in the order asked for, and the bytes that were read to get them."""

    arrays: list[pa.Array]
    row_count: int
    bytes_read: int


def lines(address: str, body: bytes, skip: int = 0) -> list[bytes]:
    """A text file's lines: ended by \\n, \\r\\n or \\r, the last one possibly by nothing; a UTF-8 BOM is dropped.

    An address that ends in .gz is decompressed; what can't be fails the query, naming the file.
    """
    if address.endswith(".gz"):
        body = _decompressed(address, body)
    if body.startswith(_BOM):
        body = body[3:]
    if not body:
        return []
    found = _LINE_END.split(body) if b"\r" in body else body.split(b"\n")
    if not found[-1]:
        found.pop()
    return found[skip:]


def _decompressed(address: str, body: bytes) -> bytes:
    if body[:2] != _GZIP_MAGIC:
        raise _unopened(address, body, "Not in GZIP format")
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        # Trino opens a file by reading its first buffer, and only then reads it line by line.
        if not _has_first_buffer(body):
            raise _unopened(address, body, "Unexpected end of ZLIB input stream") from None
        raise StatementFailed(f"HIVE_CURSOR_ERROR: Failed to read file at {address}") from None


def _has_first_buffer(body: bytes, buffer_bytes: int = 1024) -> bool:
    try:
        return len(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, buffer_bytes)) == buffer_bytes
    except zlib.error:
        return False


def _unopened(address: str, body: bytes, why: str) -> StatementFailed:
    return StatementFailed(f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {address} (offset=0, length={len(body)}): {why}")


def read_text(
    serde: str,
    parameters: Mapping[str, str],
    table_columns: Sequence[tuple[str, Type]],
    wanted: Sequence[int],
    address: str,
    body: bytes,
    skip: int,
) -> ColumnData:
    """The `wanted` columns (positions in `table_columns`) of one text file, read with the named SerDe."""
    found = lines(address, body, skip)
    if serde == OPEN_CSV:
        columns = _open_csv(found, parameters, len(table_columns), wanted)
    elif serde == LAZY_SIMPLE:
        columns = _lazy_simple(found, parameters, len(table_columns), wanted)
    else:
        names = [name.lower() for name, _ in table_columns]
        columns = _json(address, found, parameters, [names[index] for index in wanted])
    arrays = [
        _typed(column, table_columns[index][1], address, lenient=serde == LAZY_SIMPLE)
        for column, index in zip(columns, wanted, strict=True)
    ]
    return ColumnData(arrays, len(found), len(body))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _lazy_simple(found: list[bytes], parameters: Mapping[str, str], width: int, wanted: Sequence[int]) -> list[list[str | None]]:
    delimiter = (parameters.get("field.delim") or parameters.get("serialization.format") or "\x01").encode()
    if delimiter.isdigit():
        delimiter = bytes([int(delimiter)])
    null = parameters.get("serialization.null.format", "\\N").encode()
    takes_rest = parameters.get("serialization.last.column.takes.rest", "").lower() == "true"
    escape = parameters.get("escape.delim")
    if escape:
        raise StatementFailed("NOT_SUPPORTED_LOCALLY: LazySimpleSerDe with escape.delim")
    # A lone column does not take the rest, measured on Trino: it ends at the delimiter.
    limit = width - 1 if takes_rest and width > 1 else -1
    rows = [line.split(delimiter, limit) for line in found]
    return [[_text(row[index]) if index < len(row) and row[index] != null else None for row in rows] for index in wanted]


def _open_csv(found: list[bytes], parameters: Mapping[str, str], width: int, wanted: Sequence[int]) -> list[list[str | None]]:
    separator = parameters.get("separatorChar", ",")
    quote = parameters.get("quoteChar", '"')
    escape = parameters.get("escapeChar", "\\")
    rows: list[list[str]] = []
    for raw in found:
        line = _text(raw)
        if not line:
            rows.append([])
        elif quote in line or escape in line:
            rows.append(_parse_csv_line(line, separator, quote, escape, width))
        else:
            rows.append(line.split(separator, width))
    return [[row[index] if index < len(row) else None for row in rows] for index in wanted]


def _parse_csv_line(line: str, separator: str, quote: str, escape: str, width: int) -> list[str]:
    """One line of CSV as OpenCSVSerDe reads it (Trino's CsvDeserializer): an unterminated field is dropped."""
    values: list[str] = []
    buffer: list[str] = []
    in_quotes = in_field = False
    position, end = 0, len(line)
    while position < end and len(values) < width:
        char = line[position]
        following = line[position + 1] if position + 1 < end else ""
        if char == escape:
            if (in_quotes or in_field) and following and following in (quote, escape):
                buffer.append(following)
                position += 1
        elif char == quote:
            if (in_quotes or in_field) and following == quote:
                buffer.append(quote)
                position += 1
            else:
                embedded = position > 2 and line[position - 1] != separator and following not in ("", separator)
                if embedded:
                    if buffer and not "".join(buffer).strip():
                        buffer.clear()
                    else:
                        buffer.append(char)
                in_quotes = not in_quotes
            in_field = not in_field
        elif char == separator and not in_quotes:
            values.append("".join(buffer))
            buffer.clear()
            in_field = False
        else:
            buffer.append(char)
            in_field = True
        position += 1
    if len(values) < width and not in_quotes:
        values.append("".join(buffer))
    return values


def _json(address: str, found: list[bytes], parameters: Mapping[str, str], names: Sequence[str]) -> list[list[Any]]:
    ignore_malformed = parameters.get("ignore.malformed.json", "").lower() == "true"
    columns: list[list[Any]] = [[] for _ in names]
    for number, line in enumerate(found, 1):
        if not line.strip():
            row: dict[str, Any] = {}
        else:
            try:
                parsed = json.loads(_text(line), parse_float=str)
                if not isinstance(parsed, dict):
                    raise ValueError("not an object")
                row = {key.lower(): value for key, value in parsed.items()}
            except ValueError:
                if not ignore_malformed:
                    raise StatementFailed(
                        f"HIVE_CURSOR_ERROR: Failed to read file at {address}: line {number} is no JSON object"
                    ) from None
                row = {}
        for column, name in zip(columns, names, strict=True):
            value = row.get(name)
            column.append(_json_text(value))
    return columns


def _json_text(value: Any) -> Any:
    if value is None or isinstance(value, str | list):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def _timestamp(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "bigint": int,
    "double": float,
    "real": float,
    "date": datetime.date.fromisoformat,
    "timestamp": _timestamp,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


def _typed(values: list[Any], type_: Type, address: str, lenient: bool) -> pa.Array:
    """Texts parsed as `type_`. LazySimpleSerDe gives NULL for what it can't parse; the others fail the query."""
    if type_.name == "varchar":
        texts = [json.dumps(value) if isinstance(value, list) else value for value in values]
        return pa.array(texts, pa.string())
    if type_.name == "array" and type_.element.name == "varchar":
        return pa.array(values, pa.list_(pa.string()))
    parse = _PARSERS.get(type_.name)
    if parse is None:
        raise StatementFailed(f"NOT_SUPPORTED_LOCALLY: a text column of type {type_} in {address}")
    parsed: list[Any] = []
    for value in values:
        try:
            parsed.append(None if value is None or (value == "" and lenient) else parse(value.strip()))
        except (ValueError, KeyError, AttributeError):
            if not lenient:
                raise StatementFailed(
                    f"HIVE_BAD_DATA: Error Parsing a column in the table: {value!r} is not a {type_} in {address}"
                ) from None
            parsed.append(None)
    try:
        return pa.array(parsed, arrow_type(type_))
    except pa.ArrowInvalid:
        raise StatementFailed(f"HIVE_BAD_DATA: a value is out of the range of {type_} in {address}") from None


_ARROW = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def arrow_type(type_: Type) -> pa.DataType:
    if type_.name == "decimal":
        return pa.decimal128(*type_.digits)
    if type_.name == "array":
        return pa.list_(arrow_type(type_.element))
    try:
        return _ARROW[type_.name]
    except KeyError:
        raise StatementFailed(f"NOT_SUPPORTED: Unsupported Hive type: {type_}") from None


def read_parquet(table_columns: Sequence[tuple[str, Type]], wanted: Sequence[int], address: str, body: bytes) -> ColumnData:
    """The `wanted` columns of one Parquet file, found by name; one that the file lacks is NULL."""
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
    except (pa.ArrowInvalid, OSError):
        raise StatementFailed(
            f"HIVE_BAD_DATA: Malformed Parquet file. {address} is not a valid Parquet File [{address}]"
        ) from None
    stored = {field.name.lower(): field for field in file.schema_arrow}
    present = [stored[table_columns[index][0]].name for index in wanted if table_columns[index][0] in stored]
    table = file.read(columns=present, use_threads=False)
    arrays = []
    for index in wanted:
        name, type_ = table_columns[index]
        if name not in stored:
            arrays.append(pa.nulls(table.num_rows, arrow_type(type_)))
            continue
        column = table.column(stored[name].name)
        if not _readable(column.type, type_):
            raise StatementFailed(
                f"NOT_SUPPORTED: Unsupported Trino column type ({type_}) for Parquet column ([{name}] {column.type}) [{address}]"
            )
        arrays.append(column.cast(arrow_type(type_), safe=False).combine_chunks())
    arrays = [array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for array in arrays]
    return ColumnData(arrays, table.num_rows, _chunk_bytes(file.metadata, set(present)))


def _chunk_bytes(metadata: pq.FileMetaData, names: set[str]) -> int:
    total = 0
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(row_group.num_columns):
            chunk = row_group.column(index)
            if chunk.path_in_schema.split(".")[0] in names:
                total += chunk.total_compressed_size
    return total


def _readable(stored: pa.DataType, type_: Type) -> bool:
    """Whether Trino reads a Parquet column of the stored type into a table column of `type_`."""
    if type_.name == "timestamp":
        return bool(pa.types.is_timestamp(stored))
    if type_.is_integer:
        return bool(pa.types.is_signed_integer(stored))
    if type_.name == "double":
        return bool(pa.types.is_floating(stored))
    if type_.name == "decimal":
        return bool(pa.types.is_decimal(stored))
    if type_.name == "array":
        return bool(pa.types.is_list(stored)) and _readable(stored.value_type, type_.element)
    return bool(stored == arrow_type(type_))


def write_parquet(table: pa.Table, compression: str) -> bytes:
    """One Parquet file, timestamps as INT96 as Trino's Hive connector writes them."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=compression, use_deprecated_int96_timestamps=True)
    return sink.getvalue()
