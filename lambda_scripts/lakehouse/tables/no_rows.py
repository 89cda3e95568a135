"""The Parquet file of a partition that ends empty, so that even then its manifest names a file of one version.

    PAR1 │ format version 1, schema: symbol, an optional text; 0 rows, no row groups │ length of that │ PAR1

It is the smallest file that the format allows, written by hand from its definition
(https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, in Thrift's compact protocol).
Readers find a table's columns by name and take those that a file lacks for NULL, so that one file serves every table.
"""

from __future__ import annotations

_ROOT = b"\x48\x06schema\x15\x02\x00"  # name, number of children
_SYMBOL = b"\x15\x0c\x25\x02\x18\x06symbol\x25\x00\x00"  # BYTE_ARRAY, OPTIONAL, name, UTF8
_METADATA = b"\x15\x02" + b"\x19\x2c" + _ROOT + _SYMBOL + b"\x16\x00" + b"\x19\x0c" + b"\x00"

NO_ROWS = b"PAR1" + _METADATA + len(_METADATA).to_bytes(4, "little") + b"PAR1"
