"""The symbol of a file that has no column for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from . import columns, file_names
from .refusals import Kind, refused
from .text import shown

FROM_NAME = "symbol from the file name"
FROM_FOLDER = "symbol from the folder"
FROM_HEADER = "symbol from the header"

_ENDING = re.compile(r"(\.(csv|txt))?(\.gz)?$", re.IGNORECASE)
_COPY = re.compile(r" ?(\(\d+\)| - copy)$", re.IGNORECASE)


class Named(NamedTuple):
    """A symbol in upper case, and what was assumed to find it."""

    symbol: str | None
    assumed: str | None = None


def from_key(key: str, folder: str, default: str = "") -> Named:
    """The symbol of the file at this key.

    It is, in this order: the value of a `symbol=` folder (or `ticker=` …) below `folder`, which ends in a slash; a folder there
    that can be a symbol and is not a word for something else; the default; what the file name says, in a form that a source
    gives its downloads or as `SYMBOL` or `SYMBOL_2016`.

    Raises FileRefusedError when nothing of that names a symbol, or a folder and the file name differ.
    """
    folders, name = _parts(key, folder)
    if keyed := _of_keyed_folder(folders):
        return Named(keyed.upper())
    stem = stem_of(name)
    downloaded = file_names.of_download(stem)
    of_file = downloaded or file_names.of_name(stem)
    plain = [part for part in map(stem_of, folders) if "=" not in part and file_names.is_symbol(part)]
    if plain:
        return _of_folders(plain, of_file, folder, name)
    if default.strip():
        return Named(default.strip().upper(), "symbol from LAKE_DEFAULT_SYMBOL")
    if not of_file:
        raise refused(
            Kind.SYMBOL,
            f"no symbol column, and the file name {shown(name)} does not name one: put the file in a folder"
            f" {folder}SYMBOL/ or rename it to SYMBOL_2016.csv",
        )
    # Sources write symbols in one case: Gold Historical Data is the name of a thing.
    is_plain = downloaded and downloaded in (downloaded.upper(), downloaded.lower())
    return Named(of_file.upper(), None if is_plain else FROM_NAME)


def from_header(symbol: str, key: str, folder: str) -> Named:
    """The symbol that column names share, as in `AAPL.Open` and `AAPL.Close`, if folders and file name do not say another.

    What only the header says may be a word of another kind: it is said, and one letter (`Open_x`) is not enough. A file name that
    is not in capitals may be a company's, and gives way to a symbol in capitals: `apple.csv` with `AAPL.Open`.

    Raises FileRefusedError where they say another, or nothing of that letter.
    """
    folders, name = _parts(key, folder)
    if keyed := _of_keyed_folder(folders):
        return Named(keyed.upper())
    stem = stem_of(name)
    # A folder in lower case may be anything: john/prices.csv.
    upper = [part for part in map(stem_of, folders) if part.isupper() and file_names.is_symbol(part)]
    downloaded, plain = file_names.of_download(stem), file_names.of_name(stem)
    said = [each for each in (*upper, downloaded or plain) if each]
    if columns.letters(symbol) in map(columns.letters, said):
        return Named(symbol.upper())
    may_be_a_company = symbol.isupper() and not upper and not downloaded and plain and not plain.isupper()
    if (said and not may_be_a_company) or len(symbol) == 1:
        raise refused(
            Kind.SYMBOL,
            f"the column names share {shown(symbol.upper(), 20)}, which is not the symbol that its folders and name"
            f" {shown('/'.join((*folders, name)))} say: put the file in a folder {folder}symbol=SYMBOL/, if its columns are"
            " plain prices",
        )
    return Named(symbol.upper(), FROM_HEADER)


def require_agreement(texts: Sequence[str], key: str, folder: str) -> None:
    """Raise FileRefusedError where a folder `symbol=AAPL` says another symbol than all texts of the symbol column."""
    keyed = _of_keyed_folder(_parts(key, folder)[0]).upper()
    plain = columns.letters(keyed)

    def agrees(text: str) -> bool:
        """AAPL agrees with AAPL.US and NASDAQ:AAPL, BRK-B with BRK.B, 600000 with sh600000; one letter ends any symbol."""
        of_column = columns.letters(text)
        return of_column.startswith(plain) or (len(plain) > 2 and of_column.endswith(plain))

    if keyed and texts and not any(map(agrees, texts)):
        raise refused(
            Kind.SYMBOL,
            f"the symbol column says {shown(texts[0], 30)}, and the folder {shown(keyed, 30)}: put the file into the folder of"
            " its symbol, or remove the column",
        )


def _parts(key: str, folder: str) -> tuple[list[str], str]:
    """The folders below `folder`, and the file's name."""
    below = key.removeprefix(folder) if key.startswith(folder) else key.rpartition("/")[2]
    *folders, name = below.split("/")
    return folders, name


def _of_keyed_folder(folders: list[str]) -> str:
    """The value of the first `symbol=AAPL` or `ticker=AAPL`: any name that a symbol column may have."""
    for name, equals, value in (part.partition("=") for part in folders):
        if equals and value.strip() and columns.meanings([name]) == {"symbol"}:
            return unquote(value).strip()
    return ""


def stem_of(name: str) -> str:
    """The name without its ending and the mark of a copy: `AAPL (1).csv` is `AAPL`, and so is Spark's folder `AAPL.csv`."""
    for _ in range(2):  # a copy may have its mark behind its first ending: AAPL.csv (1).csv
        name = _COPY.sub("", _ENDING.sub("", name).strip()).strip()
    return unicodedata.normalize("NFC", name)  # a Mac writes an accent as a letter of its own


def _of_folders(folders: list[str], of_file: str | None, folder: str, name: str) -> Named:
    """The symbol of folders and a file name that agree: `A/AAPL.csv` and `BRK/BRK-B.csv` are the file's, the longer of the two.

    Raises FileRefusedError where they say different symbols: `ibkr/aapl.csv`, `GOOG/GOOGL.csv`.
    """
    if of_file and of_file.isupper() and not any(part.isupper() for part in folders):
        # ibkr/AAPL.csv, aapl/AAPL.csv: only names in capitals are surely meant as symbols.
        return Named(of_file, None if of_file.lower() in map(str.lower, folders) else FROM_NAME)
    shortest, *longer = sorted({part.upper() for part in (*folders, of_file) if part}, key=len)
    rests = [each.removeprefix(shortest) for each in longer]
    # Who names a folder after a symbol writes it in capitals; john/ and 160104/ may be anything.
    of_folder = None if any(part.isupper() for part in folders) else FROM_FOLDER
    if all(file_names.is_word(rest) for rest in rests):
        return Named(shortest, None if of_file else of_folder)
    is_one = len(longer) == 1 and longer[0].startswith(shortest) and (len(shortest) == 1 or not rests[0][0].isalnum())
    if not is_one:
        raise refused(
            Kind.SYMBOL,
            f"no symbol column, and its folders and name {shown('/'.join((*folders, name)))} say different symbols"
            f" ({', '.join(sorted((shortest, *longer)))}): put it in a folder {folder}symbol=SYMBOL/",
        )
    return Named(longer[0], FROM_NAME if of_file and of_file.upper() == longer[0] else FROM_FOLDER)
