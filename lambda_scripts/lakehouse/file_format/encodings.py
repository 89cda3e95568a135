"""The header of a file that may not be UTF-8: its names are read in the encoding in which they mean most.

Athena reads UTF-8. A file in another encoding is read where its prices, dates and symbols are plain ASCII, as they are next to
names of companies; only the names in its header have to be decoded, and only here.
"""

from __future__ import annotations

from ..errors import FileRefusedError
from . import header
from .header import Header
from .text import Text

ENCODINGS = {
    "cp1252": "Western Europe",
    "cp1250": "Central Europe",
    "cp1251": "Cyrillic",
    "cp1254": "Turkey",
    "cp949": "Korea",
    "gb18030": "China",
    "cp932": "Japan",
    "big5": "Taiwan",
}
"""What files are written in that are not UTF-8."""


def find_header(text: Text) -> tuple[Header, str | None]:
    """The header of the text, and what was assumed to read its names. Raises FileRefusedError where there is none."""
    if not text.undecodable:
        return header.find_header(text.sample), None
    found: list[tuple[int, str, Header]] = []
    for encoding in ENCODINGS:
        try:
            read = header.find_header(text.decoded(encoding))
        except FileRefusedError:
            continue
        found.append((len(read.binding.columns), encoding, read))
    if not found:
        return header.find_header(text.sample), None
    _, encoding, best = max(found, key=lambda each: each[0])
    is_ascii = all(name.isascii() for name in best.names)
    return best, None if is_ascii else f"header read as {encoding}"
