"""The files that a check loads: what each holds, what has to be read of it, and what it means where something else is."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

HEADER = "Symbol,Date,Open,High,Low,Close,Adj Close,Volume"


@dataclass(frozen=True)
class Price:
    """One day: opened a dollar below the close, ranged two either way, a thousand shares."""

    symbol: str
    trade_date: str
    close: float

    @property
    def line(self) -> str:
        close = self.close
        return f"{self.symbol},{self.trade_date},{close - 1},{close + 2},{close - 2},{close},{close},1000"


@dataclass(frozen=True)
class Sample:
    """A file: its name below raw/stocks/, its bytes, its lines, and which of them are prices or have to be rejected."""

    name: str
    body: bytes
    lines: tuple[str, ...]
    prices: tuple[Price, ...]
    meaning: str
    """What follows for a person's files where the engine reads this one otherwise."""
    rejected: tuple[str, ...] = ()


def _sample(
    name: str,
    symbol: str,
    meaning: str,
    *,
    end: str = "\n",
    last_end: bool = True,
    mark: bool = False,
    days: tuple[str, ...] = ("2016-01-04", "2016-02-01"),
    close: float = 100,
    extra: tuple[str, ...] = (),
) -> Sample:
    """A file with a price a day, the close doubling from one to the next, and extra lines that have to be rejected."""
    prices = tuple(Price(symbol, day, close * 2**number) for number, day in enumerate(days))
    lines = (HEADER, *(price.line for price in prices), *extra)
    body = (end.join(lines) + (end if last_end else "")).encode("utf-8-sig" if mark else "utf-8")
    return Sample(name, gzip.compress(body) if name.endswith(".gz") else body, lines, prices, meaning, extra)


def _quoted() -> Sample:
    price = Price("QUOTES", "2016-01-04", 1026)
    line = 'QUOTES,"2016-01-04","1,025.00","1,028.00","1,024.00","1,026.00","1,026.00","1,000"'
    body = f"{HEADER}\n{line}\n".encode()
    return Sample(
        "quotes.csv", body, (HEADER, line), (price,), "quoted numbers with commas are read wrongly: do not load such files"
    )


PLAIN = _sample("line-feeds.csv", "LF", "even the plainest file is read wrongly: do not load anything")

NAMED = _sample(
    "a b+c,é (1).csv",
    "NAMED",
    "files whose key has a blank, +, comma, accent or bracket are refused: name files and folders with letters, digits, - and _",
)

SAMPLES = (
    PLAIN,
    _sample(
        "carriage-returns-and-line-feeds.csv",
        "CRLF",
        "files with the line ends of Windows (CR LF) are read wrongly: save them with line feeds (LF)",
        end="\r\n",
    ),
    _sample(
        "carriage-returns.csv",
        "CR",
        "this Athena reads carriage returns as text: files with the line ends of the old Mac (CR) are refused or rejected; "
        "save them with line feeds (LF)",
        end="\r",
    ),
    _sample(
        "byte-order-mark.csv",
        "MARK",
        "files that begin with a byte order mark are read wrongly: save them as UTF-8 without one",
        mark=True,
    ),
    _sample("packed.csv.gz", "GZIP", "gzip files are read wrongly: unpack them before they are dropped"),
    _sample(
        "no-last-line-end.csv",
        "NOEND",
        "the last line is lost where it does not end in a line feed: let files end in one",
        last_end=False,
    ),
    _sample(
        "backslashes.csv",
        "SLASH",
        "lines with a backslash are cut or changed, so that stocks_rejected does not hold them as they stand in the file",
        extra=(r"SLASH,C:\new\table,1,3,0,1,1,1000",),
    ),
    _sample(
        "null-marks.csv",
        "NULLS",
        r"a line \N is read as no line at all: it is neither loaded nor counted as rejected",
        extra=(r"\N",),
    ),
    _quoted(),
    NAMED,
)

# Loaded with the others; then the first is replaced, which has a month go, and the second deleted, which empties a partition.
REPLACED = _sample("replaced.csv", "AGAIN", "the first version of a file is read wrongly", days=("2016-01-04", "2016-03-01"))
REPLACEMENT = _sample(
    "replaced.csv",
    "AGAIN",
    "a file that was replaced is not read again as it is now: a correction would not come through",
    days=("2016-01-04",),
    close=64,
)
EMPTIED = "an emptied partition can't be read: once a month's only file is deleted, queries of the month fail"
DELETED = _sample("deleted.csv", "GONE", "the only file of a month is read wrongly", days=("2017-03-01",))

# Each with the characters that a path of Hadoop takes for a pattern, a scheme or a folder of no name.
ODD_KEYS = tuple(f"odd/a{characters}b.csv" for characters in ("[1]", "{1}", "[", "]", "{", "}", "*", "?", ":", "//"))
