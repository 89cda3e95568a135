"""The text of one raw object: lines out of bytes, read no further than asked.

Athena reads UTF-8 and tells a gzip by the key's ending; what is neither is refused here, by what it is.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import chain

from .refusals import Kind, refused

Read = Callable[[str, int, int], bytes]
"""`read(key, start, length)`: that range of an object, shorter where it ends in it, empty past its end."""

FIRST_RANGE_BYTES = 64 * 1024
RANGE_BYTES = 1024 * 1024
PIECE_BYTES = 256 * 1024
"""What is made into lines at a time: short lines take ten times their bytes, in each of the threads that inspect files."""
LONGEST_LINE_BYTES = 1024 * 1024

_LINE_END = re.compile(rb"[\r\n]")
_GZIP = b"\x1f\x8b"
_OTHER_CONTENT = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", "save it as CSV UTF-8"),
    (b"PAR1", "a Parquet file", "drop the CSV that it was made from"),
    (b"BZh", "bzip2-compressed", "unpack it, or pack it with gzip as .csv.gz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed", "unpack it, or pack it with gzip as .csv.gz"),
    (b"\xfd7zXZ", "xz-compressed", "unpack it, or pack it with gzip as .csv.gz"),
    (b"%PDF", "a PDF document", "drop the source's CSV instead"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|!--|html|head|body|\?xml|error)", re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{\]])')


class Text:
    """The lines of one object, without line ends and byte order mark.

    `sample` holds the whole lines of the first 64 kB (of a gzip, 256 kB or more of what is in them). Iterating, once,
    gives every line, the sample's first; further ranges are read as they are needed, and none is kept. What is not UTF-8
    stands as U+FFFD; `undecodable` says where the first of it is; `is_whole` whether the sample has all lines.

    Raises FileRefusedError when the first range is not text, or later when a gzip breaks off.
    """

    def __init__(self, key: str, read: Read) -> None:
        self._pieces = _pieces(key, read)
        first, ended = next(self._pieces)
        first = first.removeprefix(codecs.BOM_UTF8)
        _require_text(first, ended)
        self.undecodable = _undecodable(first, ended)
        self.is_whole = ended
        self._first = first if self.undecodable else b""
        lines, self._rest = _whole_lines(first, ended)
        if not lines and not ended:
            raise refused(Kind.LINES, "its first line is longer than 64 kB: save it with one row a line")
        self.sample = lines

    def decoded(self, encoding: str) -> list[str]:
        """The sample's lines in another encoding than UTF-8."""
        lines = self._first.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return [line.decode(encoding, errors="replace") for line in lines[: len(self.sample)]]

    def __iter__(self) -> Iterator[str]:
        yield from self.sample
        for piece, ended in self._pieces:
            lines, self._rest = _whole_lines(self._rest + piece, ended)
            if len(self._rest) > LONGEST_LINE_BYTES:
                raise refused(Kind.LINES, "it has a line of more than 1 MB: save it with one row a line")
            yield from lines


def shown(text: str, limit: int = 60) -> str:
    """The text as evidence in a message: quoted, printable, and no longer than the limit."""
    printable = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return f"'{printable}'" if len(printable) <= limit else f"'{printable[: limit - 1]}…'"


def _whole_lines(content: bytes, ended: bool) -> tuple[list[str], bytes]:
    """The content's lines and the bytes of one that goes on in the next piece.

    A line ends in a line feed, a carriage return or both, as for Hadoop's line reader, which Athena uses.
    """
    held = b"\r" if content.endswith(b"\r") and not ended else b""  # its line feed may come with the next piece
    unified = content.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    whole, end, rest = unified.rpartition(b"\n")
    lines = _decoded(whole).split("\n") if end else []
    if ended and rest:
        return [*lines, _decoded(rest)], b""
    return lines, rest + held


def _decoded(content: bytes) -> str:
    """The text without byte order marks: files that were put together have some inside, and the parse statement drops all."""
    return content.decode(errors="replace").replace("\ufeff", "")


def _pieces(key: str, read: Read) -> Iterator[tuple[bytes, bool]]:
    """The object's content, unpacked, a range at a time, each with whether it is the last."""
    ranges = _ranges(key, read)
    first, ended = next(ranges)
    named_gzip, is_gzip = key.endswith(".gz"), first.startswith(_GZIP)
    if is_gzip and not named_gzip:
        raise refused(Kind.NOT_TEXT, "gzip content, which Athena would not unpack under this name: name it .csv.gz")
    if named_gzip and first and not is_gzip:
        raise refused(Kind.NOT_TEXT, "named .gz but not gzip content: name it .csv, or pack it with gzip")
    whole = chain([(first, ended)], ranges)
    return _unpacked(whole) if is_gzip else whole


def _ranges(key: str, read: Read) -> Iterator[tuple[bytes, bool]]:
    start, length, ended = 0, FIRST_RANGE_BYTES, False
    while not ended:
        content = read(key, start, length)
        ended = len(content) < length
        for at in range(0, max(len(content), 1), PIECE_BYTES):
            yield content[at : at + PIECE_BYTES], ended and at + PIECE_BYTES >= len(content)
        start, length = start + length, RANGE_BYTES


def _unpacked(ranges: Iterator[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bool]]:
    """The ranges' gzip members unpacked, in pieces below two PIECE_BYTES however well they were packed."""
    member = zlib.decompressobj(wbits=31)
    for packed, ended in ranges:
        unpacked = b""
        more = True
        while more:
            if member.eof and packed:
                member = zlib.decompressobj(wbits=31)
            try:
                piece = member.decompress(packed, PIECE_BYTES)
            except zlib.error as error:
                raise refused(Kind.NOT_TEXT, f"the gzip cannot be unpacked ({error}): upload it again") from error
            packed = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail  # some pad with zeros
            unpacked += piece
            more = bool(packed) or len(piece) == PIECE_BYTES
            if more and len(unpacked) >= PIECE_BYTES:
                yield unpacked, False
                unpacked = b""
        if ended and not member.eof:
            raise refused(Kind.NOT_TEXT, "the gzip breaks off before its end: upload it again")
        yield unpacked, ended


def _require_text(content: bytes, ended: bool) -> None:
    """Raise FileRefusedError, naming what it is instead, unless the content is UTF-8 text with something in it."""
    if not content.strip() and ended:
        raise refused(Kind.NOT_TEXT, "empty file: upload it again with a header and rows")
    if content.startswith(b"PK\x03\x04"):
        workbook = b"[Content_Types].xml" in content or b"xl/" in content
        what = "an Excel workbook (.xlsx)" if workbook else "a zip archive"
        raise refused(Kind.NOT_TEXT, f"{what}, not CSV text: {'save it as CSV UTF-8' if workbook else 'unpack it'}")
    for magic, what, remedy in _OTHER_CONTENT:
        if content.startswith(magic):
            raise refused(Kind.NOT_TEXT, f"{what}, not CSV text: {remedy}")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_utf16(content):
        raise refused(Kind.ENCODING, "UTF-16 text, which Athena cannot read: save it as CSV UTF-8")
    if b"\0" in content:
        raise refused(Kind.NOT_TEXT, f"binary content (a zero byte at offset {content.index(0)}), not CSV text: drop a CSV")
    beginning = shown(content[:40].decode(errors="replace"))
    if _MARKUP.match(content):
        raise refused(Kind.NOT_TEXT, f"an HTML or XML page ({beginning}), often an error in data's place: download it again")
    if _JSON.match(content):
        raise refused(Kind.NOT_TEXT, f"JSON ({beginning}), not CSV text: convert it to CSV")


def _undecodable(content: bytes, ended: bool) -> str | None:
    """Where the content is not UTF-8, as evidence; None where it is."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=ended)
    except UnicodeDecodeError as error:
        line = len(_whole_lines(content[: error.start + 1], True)[0])
        before = _LINE_END.split(content[max(0, error.start - 20) : error.start])[-1]
        after = _LINE_END.split(content[error.start : error.start + 20])[0]
        around = (before + after).decode("cp1252", errors="replace")
        return f"byte 0x{content[error.start]:02X} in line {line}: {shown(around)}"
    return None


def _is_utf16(content: bytes) -> bool:
    """Whether every other byte is mostly zero, as in UTF-16 without a byte order mark."""
    pairs = len(content) // 2
    return pairs > 1 and max(content[0::2].count(0), content[1::2].count(0)) > 0.7 * pairs
