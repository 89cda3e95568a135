"""Any daily-price CSV that people have: what becomes of each kind of file, read off the lake's tables.

Every file of `FILES` is dropped at once; each then has a test of its own. A file beyond whose first 64 kB something
comes is long because only that much of it is looked at before Athena reads the rest.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.lakes import Lake, Rows, csv, opened
from tests.local_aws.account import EngineName

PARSE = Path(__file__).parents[2] / "sql" / "load" / "parsed_rows.sql"

TODAY = datetime.now(timezone.utc).date()
TOMORROW, IN_THREE_DAYS = TODAY + timedelta(days=1), TODAY + timedelta(days=3)

HEADER = "Date,Close,Volume"
MONDAY, TUESDAY, WEDNESDAY = "2016-01-04", "2016-01-05", "2016-01-06"

Days = dict[str, dict[str, object]]


@dataclass(frozen=True)
class File:
    """A file, and what must become of it.

    days: of its prices by day, the columns that are told; all its days, unless `accepted` says how many rows there are.
    rejected: the reason of each rejected row by the row as it stands, or how many rows share one reason.
    refused: a part of the reason for which the whole file is.
    """

    about: str
    body: str | bytes
    key: str = ""
    symbol: str = ""
    days: Days = field(default_factory=dict)
    accepted: int | None = None
    superseded: int = 0
    rejected: Mapping[str, str] | tuple[int, str] = field(default_factory=dict)
    refused: str = ""


def close(price: float, volume: int | None = 10, day: str = MONDAY) -> Days:
    return {day: {"close": price, "volume": volume}}


def two_days(end: str = "\n", start: str = "", finish: str = "\n") -> str:
    return start + end.join((HEADER, "2016-01-04,1.5,10", "2016-01-05,2.5,20")) + finish


TWO_DAYS = {**close(1.5), **close(2.5, 20, TUESDAY)}


def dated(about: str, monday: str, tuesday: str, the_13th: str) -> File:
    """A file that writes its dates in one style; the 13th settles which is the day and which the month."""
    body = csv(f'"{monday}",1,10', f'"{tuesday}",2,10', f'"{the_13th}",3,10', header=HEADER)
    return File(about, body, days={**close(1.0), **close(2.0, day=TUESDAY), **close(3.0, day="2016-01-13")})


def numbered(close_text: str, volume_text: str = "10") -> str:
    return csv(f'2016-01-04,"{close_text}","{volume_text}"', header=HEADER)


ROWS_BEYOND_THE_HEAD = 400
"""Wide ones, so that few of them fill the first range."""


def long(last: str, day: str = "2016-01-04") -> str:
    """More than 64 kB of good rows, one a symbol, and then the last lines."""
    rows = "".join(f"Z{number:05d},{day},{'1.25':180},100\n" for number in range(ROWS_BEYOND_THE_HEAD))
    assert len(rows) > 64 * 1024
    return "Symbol,Date,Close,Volume\n" + rows + last


def long_run(row: str) -> str:
    """More than 64 kB of rows of one symbol, a day each."""
    rows = "".join(f"{row.format(date(2000, 1, 1) + timedelta(number)):180}\n" for number in range(ROWS_BEYOND_THE_HEAD))
    assert len(rows) > 64 * 1024
    return rows


def workbook() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return stored.getvalue()


LINES = [
    File("line feeds end lines", two_days("\n"), days=TWO_DAYS),
    File("carriage returns and line feeds end lines", two_days("\r\n"), days=TWO_DAYS),
    File("carriage returns alone end lines", two_days("\r"), days=TWO_DAYS),
    File("a last line without an end is a row", two_days(finish=""), days=TWO_DAYS),
    File("blank lines are not rows", two_days("\n \n\n", start="\n", finish="\n\n\t\n"), days=TWO_DAYS),
    File("a repeated header is not a row", two_days() + HEADER + "\n", days=TWO_DAYS),
    File("a byte order mark is not part of the header", two_days("\r\n", start="\ufeff"), days=TWO_DAYS),
    File("a byte order mark written twice", two_days(start="\ufeff\ufeff"), days=TWO_DAYS),
    File(
        "files put together, each with its byte order mark",
        two_days(start="\ufeff") + csv("2016-01-06,3.5,30", header="\ufeff" + HEADER),
        days=TWO_DAYS | close(3.5, 30, WEDNESDAY),
    ),
    File("gzip", gzip.compress(two_days().encode()), key="PACKED.csv.gz", symbol="PACKED", days=TWO_DAYS),
    File(
        "gzip of several members",
        gzip.compress(two_days("\r").encode()) + gzip.compress(b"2016-01-06,3.5,30\r"),
        key="MEMBERS.csv.gz",
        symbol="MEMBERS",
        days=TWO_DAYS | close(3.5, 30, WEDNESDAY),
    ),
    File("a header alone is a file of no rows", HEADER + "\n"),
]

FIELDS = [
    File(
        "columns in any order among unknown ones",
        csv("7,x,2,2016-01-04,1,3,y,1.5", header="Volume,Note,High,Date,Low,Adj Close,Change %,Close"),
        days={MONDAY: {"high": 2.0, "low": 1.0, "close": 1.5, "adj_close": 3.0, "volume": 7, "open": None}},
    ),
    File(
        "quotes, commas in quotes and blanks around fields",
        csv('" 2016-01-04 ", "1.5" ,"a, ""b"", c",10 ', header='"Date", "Close",Note,"Volume"'),
        days=close(1.5),
    ),
    File("a no-break space around a field", csv("2016-01-04\u00a0,\u00a01.5,10", header=HEADER), days=close(1.5)),
    File("commas after the last field", csv("2016-01-04,1.5,10,,", "2016-01-05,2.5,20", header=HEADER + ",,"), days=TWO_DAYS),
    File(
        "rows with fewer or more fields than the header",
        csv("2016-01-04,1.5,10", "2016-01-05,2.5", "2016-01-06,1,234.50,10", "Total", header=HEADER),
        days=close(1.5),
        rejected={
            "2016-01-05,2.5": "fewer fields than the header",
            "2016-01-06,1,234.50,10": "more fields than the header",
            "Total": "fewer fields than the header",
        },
    ),
]

NUMBERS = [
    File("a currency sign and thousands separators", numbered("$1,234.50", "12,345,678"), days=close(1234.5, 12_345_678)),
    File("India's thousands separators", numbered("₹1,23,456.50", "1,23,45,678"), days=close(123_456.5, 12_345_678)),
    File("a plus sign, no digit before the point", numbered("+.5", "1000.0"), days=close(0.5, 1000)),
    File("exponents", numbered("1.5e2", "1E6"), days=close(150.0, 1_000_000)),
    File("thousands", numbered("1", "12.5K"), days=close(1.0, 12_500)),
    File("millions", numbered("1", "3.4M"), days=close(1.0, 3_400_000)),
    File("billions", numbered("1", "1.2b"), days=close(1.0, 1_200_000_000)),
    *(
        File(f"no volume, written {word!r}", csv(f"2016-01-04,1.5,{word}", header=HEADER), days=close(1.5, None))
        for word in ("", "-", "—", ".", "null", "(null)", "None", "NaN", "<NA>", "N/A", "#N/A N/A", "NaT", "\\N")
    ),
    File(
        "prices of doubtful quality",
        csv("2016-01-04,5,2,1,1.5,1.5,9", "2016-01-05,n/a,,x,1.5,0,9", "2016-01-06,1.5,2,1,3,3,9"),
        days={
            MONDAY: {"open": 5.0, "quality_issue": "open outside low to high"},
            TUESDAY: {
                "open": None,
                "adj_close": None,
                "quality_issue": "no readable open; no readable high; no readable low; no usable adjusted close",
            },
            WEDNESDAY: {"close": 3.0, "quality_issue": "close outside low to high"},
        },
    ),
    File(
        "prices that are none",
        csv(
            "2016-01-04,1,2,0.5,null,1,10",
            "2016-01-05,1,2,0.5,abc,1,10",
            "2016-01-06,1,2,0.5,0,1,10",
            "2016-01-07,1,2,0.5,-1.5,1,10",
            "2016-01-08,1,0.5,2,1,1,10",
            "2016-01-11,0,0,0,1,1,10",
        ),
        days={
            "2016-01-11": {
                "open": None,
                "high": None,
                "low": None,
                "quality_issue": "no readable open; no readable high; no readable low",
            }
        },
        rejected={
            "2016-01-04,1,2,0.5,null,1,10": "no close",
            "2016-01-05,1,2,0.5,abc,1,10": "the close is not a number",
            "2016-01-06,1,2,0.5,0,1,10": "the close is not above zero",
            "2016-01-07,1,2,0.5,-1.5,1,10": "the close is not above zero",
            "2016-01-08,1,0.5,2,1,1,10": "the high is below the low",
        },
    ),
    File(
        "no price is lost to a volume",
        csv(
            "2016-01-04,1,2,0.5,1,1,many",
            "2016-01-05,1,2,0.5,1,1,-10",
            "2016-01-06,1,2,0.5,1,1,-1",
            "2016-01-07,1,2,0.5,1,1,10.5",
            "2016-01-08,1,2,0.5,1,1,9e15",
            "2016-01-11,1,2,0.5,1,1,9.1e15",
            "2016-01-12,1,2,0.5,1,1,1.2T",
        ),
        days={
            "2016-01-04": {"volume": None, "quality_issue": "no readable volume"},
            "2016-01-05": {"volume": None, "quality_issue": "no readable volume"},
            "2016-01-06": {"volume": None, "quality_issue": None},
            "2016-01-07": {"volume": 11, "quality_issue": None},
            "2016-01-08": {"volume": 9_000_000_000_000_000, "quality_issue": None},
            "2016-01-11": {"volume": None, "quality_issue": "no readable volume"},
            "2016-01-12": {"volume": 1_200_000_000_000, "quality_issue": None},
        },
    ),
    File("a currency behind the number", numbered("101.5 €", "1 234 567"), days=close(101.5, 1_234_567)),
    File("an apostrophe between thousands", numbered("CHF 1'003.50", "1’234’567"), days=close(1003.5, 1_234_567)),
    File("a currency that ends in a point", numbered("Rs. 1,05,000"), days=close(105_000.0)),
    File("a point behind a currency, and the sign before it", numbered("Rs.105", "-kr.10"), days=close(105.0, None)),
    File("an exponent of three digits", numbered("1.0535000E+002", "1E+003"), days=close(105.35, 1000)),
    File(
        "letters of German exchanges behind prices are not millions",
        csv("2016-01-04;101,50;100", "2016-01-05;101,50 b;100", "2016-01-06;101,90 B;0", header="Datum;Schluss;Volumen"),
        days=close(101.5, 100),
        rejected={row: "the close is not a number" for row in ("2016-01-05;101,50 b;100", "2016-01-06;101,90 B;0")},
    ),
    File("three letters that are not a currency", numbered("1.5", "2 MLN"), days=close(1.5, None)),
    File("ten thousands in Chinese", numbered("1.5", "12.5万"), days=close(1.5, 125_000)),
    File(
        "decimal commas, with points between thousands",
        csv("2016-01-04;1.234,50;12.345", "2016-01-05;999,5 €;9.876.543", header="Datum;Schluß;Volumen"),
        days={**close(1234.5, 12_345), **close(999.5, 9_876_543, TUESDAY)},
    ),
    File(
        "decimal commas in quotes, with blanks between thousands",
        csv('2015-01-05,"0,399","1\u202f234"', '2016-01-05,"1\u00a0000,5","12"', header="Date,Clôture,Volume"),
        days={**close(0.399, 1234, "2015-01-05"), **close(1000.5, 12, TUESDAY)},
    ),
    File(
        "points between thousands of the volume alone",
        csv("2016-01-04,1.5,1.234.567", "2016-01-05,2.5,987.654", header=HEADER),
        days={**close(1.5, 1_234_567), **close(2.5, 987_654, TUESDAY)},
    ),
    File(
        "volumes in lots of 100, as amounts of money tell",
        csv("A1,20160104,8,100,80", "A1,20160105,8.5,200,170", header="ts_code,trade_date,close,vol,amount"),
        symbol="A1",
        days={**close(8.0, 10_000), **close(8.5, 20_000, TUESDAY)},
    ),
]

DATES = [
    dated("ISO dates", "2016-01-04", "2016-01-05", "2016-01-13"),
    dated("ISO dates with times of day", "2016-01-04 00:00:00-05:00", "2016-01-05T16:00:00.000Z", "2016-01-13 9:30"),
    dated("dates that begin with the year", "2016/01/04", "2016/1/5", "2016/1/13"),
    dated("compact dates", "20160104", "20160105", "20160113"),
    dated("dates that begin with the day", "04.01.2016", "5.1.2016", "13.01.2016"),
    dated("dates that begin with the month", "1/4/2016 4:00 PM", "01/05/2016 4:00 PM", "01/13/2016 4:00 PM"),
    dated("month names after the day", "04-Jan-2016", "5-January-2016", "13-jan-2016"),
    dated("month names before the day", "Jan 4, 2016", "January 05, 2016", "JAN 13, 2016"),
    dated("Unix seconds", "1451865600", "1452005999", "1452643200"),
    dated("Unix milliseconds", "1451865600000", "1452005999000", "1452643200000"),
    dated("Unix microseconds", "1451865600000000", "1452005999000000", "1452643200000000"),
    dated("Unix nanoseconds", "1451865600000000000", "1452005999000000000", "1452643200000000000"),
    dated("compact dates with a time of day", "201601040000", "201601050000", "201601130000"),
    dated("SQL Server's dates", "Jan  4 2016 12:00AM", "Jan  5 2016 12:00AM", "Jan 13 2016 12:00AM"),
    dated("integers that became floats", "20160104.0", "20160105.0", "20160113.0"),
    dated("a weekday before the date", "Mon, 04 Jan 2016", "Tuesday, 5 Jan 2016", "Wed. 13 Jan 2016"),
    dated("a month's name without separators", "04JAN2016", "05JAN2016", "13JAN2016"),
    dated("years of Taiwan", "105/01/04", "105/01/05", "105/01/13"),
    dated("dates in Chinese", "2016年1月4日", "2016年01月05日", "2016年1月13日"),
    dated("years of two digits", "4-Jan-16", "05-Jan-16", "13-Jan-16"),
    dated("years of two digits behind a month", "1/4/16", "1/5/16", "1/13/16"),
    File(
        "local midnights in UTC are the day after",
        csv("2016-01-03 23:00:00+00:00,1.5,10", "2016-01-04 23:00:00+00:00,2.5,20", header=HEADER),
        days=TWO_DAYS,
    ),
    File(
        "day and month that nothing tells are read day first",
        csv("04/01/2016,1.5,10", "06/09/2016,2.5,20", header=HEADER),
        days={**close(1.5), **close(2.5, 20, "2016-09-06")},
    ),
    File(
        "day and month that the calendar tells",
        csv("01/04/2016,1.5,10", "01/05/2016,2.5,20", header=HEADER),
        days=TWO_DAYS,
    ),
    File(
        "dollars are written by those who write the month first",
        csv("01/04/2016,$1.5,10", header=HEADER),
        days=close(1.5),
    ),
    File(
        "a date of another style than its file's",
        csv("13/01/2016,1,10", "2016-01-15,3,10", "31/02/2016,4,10", "04/01/2016,1.5,10", header=HEADER),
        days={"2016-01-13": {"close": 1.0}, MONDAY: {"close": 1.5}},
        rejected={
            row: "the date is unreadable or not in the style of its file" for row in ("2016-01-15,3,10", "31/02/2016,4,10")
        },
    ),
    File(
        "dates with the day first and with the month first",
        csv("13/01/2016,1,10", "01/14/2016,2,10", header=HEADER),
        refused="dates with the day first and with the month first",
    ),
    *(
        File(
            f"dates with the {about} and, beyond the first range, otherwise",
            long(f"Z,{certain},2,10\nZ,{other},2,10\n", day="04/01/2016"),
            rejected=(ROWS_BEYOND_THE_HEAD + 2, "the file has dates with the day first and with the month first"),
        )
        for about, certain, other in (("day first", "13/01/2016", "01/14/2016"), ("month first", "01/13/2016", "14/01/2016"))
    ),
    File(
        "another column in the other order of day and month",
        csv("13/01/2016,1,01/28/2016", "04/01/2016,1.5,02/25/2016", header="Date,Close,Updated"),
        days={"2016-01-13": {"close": 1.0}, MONDAY: {"close": 1.5}},
    ),
    File(
        "months by name next to numbers that would be days",
        csv("04-Jan-16,1.5,01/28/2016", "31-Jan-16,1.5,02/25/2016", header="Date,Close,Updated"),
        days={MONDAY: {"close": 1.5}, "2016-01-31": {"close": 1.5}},
    ),
    File(
        "a Unix time of another unit than its file's",
        csv("1451865600,1.5,10", "1452005999000,2,10", "86400,3,10", header=HEADER),
        days=close(1.5),
        rejected={row: "the date is unreadable or not in the style of its file" for row in ("1452005999000,2,10", "86400,3,10")},
    ),
    File(
        "a year that no exchange has seen",
        csv("2016-01-04,1.5,10", "0216-01-04,2,10", "0000-01-01,3,10", "9999-01-01,4,10", header=HEADER),
        days=close(1.5),
        rejected={
            row: "the date is unreadable or not in the style of its file"
            for row in ("0216-01-04,2,10", "0000-01-01,3,10", "9999-01-01,4,10")
        },
    ),
    *(
        File(
            f"midnights of {about}, and of another zone beyond the first range",
            "Symbol,Date,Close,Volume\n" + long_run(f"{symbol},{{}}{first},1.25,100") + f"{symbol}2,2016-01-04{other},2,10\n",
            symbol=f"{symbol}2",
            accepted=ROWS_BEYOND_THE_HEAD,
            rejected={f"{symbol}2,2016-01-04{other},2,10": "the time of day is of another zone than those of its file"},
        )
        for about, symbol, first, other in (
            ("New York", "NYM", "T05:00:00Z", "T15:00:00Z"),
            ("a coin", "CNM", " 00:00:00+00:00", " 23:00:00+00:00"),
        )
    ),
    File(
        "midnights of Tokyo, and of New York beyond the first range",
        "Symbol,Date,Close,Volume\n"
        + "".join(
            f"{s},{1_262_530_800 + 86_400 * day},{'1.25':180},100\n"
            for s in ("TKM", "TKN", "TKO")
            for day in range(280)
            if day % 7 < 5
        )
        + "TKU,1451883600,2,10\n",
        symbol="TKU",
        accepted=3 * 200,
        rejected={"TKU,1451883600,2,10": "the time of day is of another zone than those of its file"},
    ),
    File(
        "a coin's last row with the time of the download",
        "Symbol,Date,Close,Volume\n" + long_run("CNL,{} 00:00:00+00:00,1.25,100") + "CNK,2016-01-04 17:22:00+00:00,2,10\n",
        symbol="CNK",
        days=close(2.0),
        accepted=ROWS_BEYOND_THE_HEAD + 1,
    ),
    File(
        "a date in the future",
        csv(f"{TOMORROW},1.5,10", f"{IN_THREE_DAYS},2,10", header=HEADER),
        days=close(1.5, day=str(TOMORROW)),
        rejected={f"{IN_THREE_DAYS},2,10": "the date is in the future"},
    ),
    File(
        "a row without a date",
        csv("2016-01-04,1.5,10", ",2,10", "null,3,10", header=HEADER),
        days=close(1.5),
        rejected={",2,10": "no date", "null,3,10": "no date"},
    ),
    File(
        "day and month that a row beyond the first range settles: month first",
        long("Z,01/13/2016,2,10\n", day="01/04/2016"),
        symbol="Z",
        days={"2016-01-13": {"close": 2.0}},
        accepted=ROWS_BEYOND_THE_HEAD + 1,
    ),
    File(
        "day and month that a row beyond a packed first range settles: day first",
        gzip.compress(long("Y,13/01/2016,2,10\n", day="04/01/2016").replace("Z", "Q").encode()),
        key="far.csv.gz",
        symbol="Y",
        days={"2016-01-13": {"close": 2.0}},
        accepted=ROWS_BEYOND_THE_HEAD + 1,
    ),
]

MANGLED = ("#N/A", "#REF!", "600036.0", "6E+05", "2,330", "1-MAR", "Mar-01", "ZWS\u200b")

SYMBOLS = [
    File("the symbol of a column", csv(" aapl ,2016-01-04,1.5,10", header="Ticker," + HEADER), symbol="AAPL", days=close(1.5)),
    File("the symbol of a folder", two_days(), key="msft/2016.csv", symbol="MSFT", days=TWO_DAYS),
    File("the symbol of a partition's folder", two_days(), key="year=2016/symbol=brk.b/a.csv", symbol="BRK.B", days=TWO_DAYS),
    File("the symbol of a file name", two_days(), key="005380.ks_2024.csv", symbol="005380.KS", days=TWO_DAYS),
    File("the symbol of a file below a folder of a kind", two_days(), key="daily/etfs/xlk.csv", symbol="XLK", days=TWO_DAYS),
    File("the symbol of a download's name", two_days(), key="BATS_QQQ, 1D.csv", symbol="QQQ", days=TWO_DAYS),
    File(
        "a guarded symbol",
        csv('="007",2016-01-04,1.5,10', "'008,2016-01-04,2.5,20", header="Symbol," + HEADER),
        symbol="007",
        days=close(1.5),
        accepted=2,
    ),
    File(
        "a code and its exchange",
        csv("BP,US,2016-01-04,1.5,10", "BP,LSE,2016-01-04,2.5,20", header="Code,Ex," + HEADER),
        symbol="BP.US",
        days=close(1.5),
        accepted=2,
    ),
    File(
        "a share among other instruments of its symbol",
        csv("S,EQ,2016-01-04,1.5,10", "S,N5,2016-01-04,900,1", "S,N5,2016-01-05,900,1", header="Symbol,Series," + HEADER),
        symbol="S",
        days=close(1.5),
        rejected={
            row: "a series, board or name that is not of the share" for row in ("S,N5,2016-01-04,900,1", "S,N5,2016-01-05,900,1")
        },
    ),
    File(
        "a share on two boards",
        csv("G,EQBR,2016-01-04,1.4,5", "G,TQBR,2016-01-04,1.5,10", "G,EQBR,2016-01-05,2.5,20", header="SECID,BOARDID," + HEADER),
        symbol="G",
        days={**close(1.5), **close(2.5, 20, TUESDAY)},
        rejected={"G,EQBR,2016-01-04,1.4,5": "a series or board that is not the main one of the day"},
    ),
    File(
        "a row without a symbol",
        csv(
            "IBM,2016-01-04,1.5,10",
            *(f"{word},2016-01-04,2.5,20" for word in ("", "nan", "NULL", "-")),
            header="Symbol," + HEADER,
        ),
        symbol="IBM",
        days=close(1.5),
        rejected={f"{word},2016-01-04,2.5,20": "no symbol" for word in ("", "nan", "NULL", "-")},
    ),
    File(
        "symbols that are errors of a spreadsheet, changed numbers or have invisible letters",
        csv(
            *(
                f"{symbol},2016-01-04,1.5,10"
                for symbol in ("NAN", "NA", "#AAPL", "MAR", "600036", "700.HK", "BRK-B", "1-A", "ＫＤＤＩ")
            ),
            *(f'"{symbol}",2016-01-04,1.5,10' for symbol in MANGLED),
            header="Symbol," + HEADER,
        ),
        symbol="NAN",
        days=close(1.5),
        accepted=9,
        rejected={f'"{symbol}",2016-01-04,1.5,10': "the symbol is not as its exchange writes it" for symbol in MANGLED},
    ),
    File(
        "codes that lost their zeros",
        csv("1,2016-01-04,1.5,10", "600519,2016-01-04,2.5,20", header="股票代码," + HEADER),
        symbol="000001",
        days=close(1.5),
        accepted=2,
    ),
]

REPEATED = [
    File(
        "equal rows count once",
        csv(*["2016-01-04,1.5,10", "2016-01-04,1.50,10.0"] * 2, header=HEADER),
        days=close(1.5),
        superseded=3,
    ),
    File(
        "a day given twice with another volume counts once",
        csv("2016-01-04,1.5,10", "2016-01-04,1.5,12", header=HEADER),
        days=close(1.5),
        superseded=1,
    ),
    File(
        "differing rows of one day are all rejected",
        csv("2016-01-04,1.5,10", "2016-01-05,2,10", "2016-01-05,3,11", "2016-01-05,2,10", "2016-01-05,,10", header=HEADER),
        days=close(1.5),
        rejected={
            "2016-01-05,2,10": "the file has differing rows for this symbol and day",
            "2016-01-05,3,11": "the file has differing rows for this symbol and day",
            "2016-01-05,,10": "no close",
        },
    ),
]

BEYOND_THE_HEAD = [
    File(
        "a stray quote beyond the first range",
        long('A,2016-01-04,2,"10\n').replace("Z", "U"),
        rejected=(ROWS_BEYOND_THE_HEAD + 1, "the file has an unbalanced quote or a quoted line break"),
    ),
    File(
        "a quoted line break beyond the first range",
        long('A,2016-01-04,2,10,"two\nlines"\n')
        .replace("Volume\n", "Volume,Note\n")
        .replace("100\n", "100,\n")
        .replace("Z", "V"),
        rejected=(ROWS_BEYOND_THE_HEAD + 2, "the file has an unbalanced quote or a quoted line break"),
    ),
    File(
        "text beyond the first range that is not UTF-8",
        long("A,2016-01-04,2,10,Soci\u00e9t\u00e9\nSoci\u00e9t\u00e9,2016-01-04,2,10,\n")
        .replace("Volume\n", "Volume,Note\n")
        .replace("100\n", "100,\n")
        .replace("Z", "W")
        .encode("latin-1"),
        accepted=ROWS_BEYOND_THE_HEAD + 1,
        rejected={"Soci\ufffdt\ufffd,2016-01-04,2,10,": "the line is not UTF-8"},
    ),
    File(
        "a zero byte beyond the first range",
        long("A,2016-01-04,2\x00,10\n").replace("Z", "X"),
        accepted=ROWS_BEYOND_THE_HEAD,
        rejected={"A,2016-01-04,2\x00,10": "the close is not a number"},
    ),
    File(
        "a second header beyond the first range that changes close and volume",
        long("Symbol,Date,Volume,Close\nA,2016-01-05,10,3\n").replace("Z", "X"),
        rejected=(ROWS_BEYOND_THE_HEAD + 2, "the file has a second header that names other columns"),
    ),
    File(
        "a second header beyond the first range",
        long("Symbol,Date,Open,Close,Volume\nA,2016-01-04,2,3,10\n")
        .replace("Volume\nZ", "Volume,Open\nZ")
        .replace("100\n", "100,1\n"),
        rejected=(ROWS_BEYOND_THE_HEAD + 2, "the file has a second header that names other columns"),
    ),
    File(
        "a second header beyond the first range that has a name of the first for its date",
        "Date,Close\n" + long_run("{},1.25") + "Date,Open\n2020-01-05,3\n",
        key="YTWO.csv",
        rejected=(ROWS_BEYOND_THE_HEAD + 2, "the file has a second header that names other columns"),
    ),
    File(
        "a row of nothing beyond the first range",
        long("NaN,NaT,NaN,NaN\n").replace("Z", "V"),
        accepted=ROWS_BEYOND_THE_HEAD,
        rejected={"NaN,NaT,NaN,NaN": "no symbol"},
    ),
    File(
        "another company beyond the first range, in a column of an unknown name",
        "Date,Company Name,Close\n" + long_run("{},Total SA,1.25") + "2020-01-05,Danone SA,3\n",
        key="YTOT.csv",
        days={str(date(2000, 1, 1) + timedelta(number)): {} for number in range(ROWS_BEYOND_THE_HEAD)},
        accepted=ROWS_BEYOND_THE_HEAD,
        rejected={"2020-01-05,Danone SA,3": "a series, board or name that is not of the share"},
    ),
    File(
        "a mark beyond a first range of whole prices",
        "Datum;Schluss\n" + long_run("{};980") + "2020-01-05;1.151\n2020-01-06;99,5\n2020-01-07;1151\n",
        key="YGER.csv",
        days={str(date(2000, 1, 1) + timedelta(number)): {} for number in range(ROWS_BEYOND_THE_HEAD)}
        | {"2020-01-07": {"close": 1151.0}},
        accepted=ROWS_BEYOND_THE_HEAD + 1,
        rejected={"2020-01-05;1.151": "the close can be read in two ways", "2020-01-06;99,5": "the close is not a number"},
    ),
    File(
        "a decimal comma beyond the first range",
        long('A,2016-01-04,"2,5",10\n').replace("Z", "T"),
        accepted=ROWS_BEYOND_THE_HEAD,
        rejected={'A,2016-01-04,"2,5",10': "the close is not a number"},
    ),
]

REFUSED = [
    File(
        "no header", "2016-01-04,1.5,10\n", refused="no header, the first line is already a row ('2016-01-04,1.5,10'): put a line"
    ),
    File(
        "no date column",
        "Dag,Kurs\n2016-01-04,1\n",
        refused="date column not found among 'Dag,Kurs': rename it to date",
    ),
    File("no close column", "Date,Open\n2016-01-04,1\n", refused="close column not found among 'Date,Open': rename it to close"),
    File(
        "two columns for one meaning", "Date,Close,Closing Price\n2016-01-04,1,2\n", refused="two columns mean close, 'Close' and"
    ),
    File("nothing", "", refused="empty file: upload it again"),
    File("a page", "<html><body>503 Service Unavailable</body></html>", refused="an HTML or XML page ('<html><body>503"),
    File("JSON", '{"Note": "limit reached"}', refused="JSON ("),
    File("a workbook", workbook(), refused="an Excel workbook (.xlsx), not CSV text: save it as CSV UTF-8"),
    File("UTF-16", two_days().encode("utf-16"), refused="UTF-16 text, which Athena cannot read: save it as CSV UTF-8"),
    File(
        "Latin-1",
        "Date,Close,Symbol\n2016-01-04,1,Soci\u00e9t\u00e9\n".encode("latin-1"),
        refused="byte 0xE9 in line 2: '2016-01-04,1,Soci\u00e9t\u00e9",
    ),
    File(
        "points and commas as decimal marks",
        csv("2016-01-04,1.5,10", '2016-01-05,"2,5",10', header=HEADER),
        refused="prices have points",
    ),
    File(
        "prices that can be read in two ways", numbered("1,234"), refused="every price can be read in two ways ('1,234' is '1234'"
    ),
    File("years of two digits whose place is open", csv("01/04/16,1,10", header=HEADER), refused="dates have two-digit years"),
    File("months of another language", csv("4 janvier 2016,1,10", header=HEADER), refused="months that are not named in English"),
    File(
        "bars of weeks",
        csv(*(f"2016-01-{day:02d},1,10" for day in (4, 11, 18, 25)), header=HEADER),
        refused="weekly or monthly bars",
    ),
    File("transactions", "Date,Action,Quantity,Price\n2016-01-04,Buy,10,1.5\n", refused="transactions, not daily prices"),
    File(
        "symbols under an unknown name",
        csv("2016-01-04,1,10,AA", "2016-01-04,2,10,BB", header=HEADER + ",Valor"),
        refused="told apart by column 'Valor' ('AA'): rename it to symbol",
    ),
    File(
        "a second header that names other columns",
        "Date,Open,High,Close\n2016-01-04,1,2,1.5\nDate,Close,High,Open\n2016-01-05,1.5,2,1\n",
        refused="a second header inside the file names other columns ('Date,Close,High,Open')",
    ),
    File("a folder and a name that differ", two_days(), key="IBM/MSFT.csv", refused="say different symbols (IBM, MSFT)"),
    File("an export's name", two_days(), key="table.csv", refused="the file name 'table.csv' does not name one"),
    File(
        "Excel's day numbers",
        csv("42373,1,10", header=HEADER),
        refused="dates are Excel's day numbers ('42373'): format the column",
    ),
    File("no dates", csv("soon,1,10", header=HEADER), refused="no row has a date: fill the date column"),
    File("a quoted line break", csv('2016-01-04,1,"1\n0"', header=HEADER), refused="a quote does not close within its line ("),
    File("a gzip that breaks off", gzip.compress(two_days().encode())[:-9], key="off.csv.gz", refused="the gzip breaks off"),
    File("gzip under a name without .gz", gzip.compress(two_days().encode()), refused="name it .csv.gz"),
    File(
        "plain text under a name with .gz", two_days(), key="plain.csv.gz", refused="named .gz but not gzip content: name it .csv"
    ),
    File(
        "another ending", two_days(), key="prices.txt", refused="the name 'prices.txt' does not end in .csv or .csv.gz: rename it"
    ),
    File(
        "a hidden name",
        two_days(),
        key="_AAPL.csv",
        refused="Athena ignores files whose name begins with '_': rename '_AAPL.csv'",
    ),
    File("no symbol", two_days(), key="HistoricalData_1700000000000.csv", refused="no symbol column, and the file name"),
]

FILES = [*LINES, *FIELDS, *NUMBERS, *DATES, *SYMBOLS, *REPEATED, *BEYOND_THE_HEAD, *REFUSED]
KEYS = {file.about: file.key or f"S{number:03d}.csv" for number, file in enumerate(FILES)}


@dataclass(frozen=True)
class Outcome:
    """What the lake's tables say of one file, and the reason of its refusal that was logged."""

    load: dict[str, str | None]
    prices: Rows
    rejected: Rows
    logged: list[str]


Logs = list[dict[str, Any]]


@pytest.fixture(scope="module")
def dropped(engine: EngineName) -> tuple[dict[str, Outcome], Logs]:
    """What became of all the files, dropped at once, by what each is about; and what was logged meanwhile."""
    with opened(engine, reports=False) as lake:
        lake.drop_in_one_event({KEYS[file.about]: file.body for file in FILES})
        prices = lake.query("SELECT * FROM stocks_processed")
        rejected = lake.query("SELECT * FROM stocks_rejected")
        loads = {str(row["source"]): row for row in lake.query("SELECT * FROM stocks_loads")}
        refusals = lake.logged("refused")
        sources = {about: f"s3://{lake.bucket}/raw/stocks/{key}" for about, key in KEYS.items()}
    assert set(loads) == set(sources.values())
    outcomes = {
        about: Outcome(
            loads[source],
            [row for row in prices if row["source"] == source],
            [row for row in rejected if row["source"] == source],
            [line["reason"] for line in refusals if line["source"] == source],
        )
        for about, source in sources.items()
    }
    return outcomes, lake.account.logs


@pytest.fixture
def outcomes(dropped: tuple[dict[str, Outcome], Logs]) -> dict[str, Outcome]:
    return dropped[0]


@pytest.mark.parametrize("file", [file for file in FILES if not file.refused], ids=lambda file: file.about)
def test_a_file_is_read(file: File, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[file.about]
    symbol = file.symbol or KEYS[file.about].removesuffix(".csv")
    found = {row["trade_date"]: row for row in outcome.prices if row["symbol"] == symbol}
    assert sorted(file.days) == sorted(str(day) for day in found)
    for day, columns in file.days.items():
        assert {name: found[day][name] for name in columns} == {name: _cell(value) for name, value in columns.items()}
    accepted = len(file.days) if file.accepted is None else file.accepted
    assert len(outcome.prices) == accepted
    rejected = _rejected(file, outcome)
    load = outcome.load
    assert load["status"] == "loaded"
    counted = [int(load[name] or 0) for name in ("accepted", "superseded", "rejected", "rows")]
    assert counted == [accepted, file.superseded, rejected, accepted + file.superseded + rejected]


def _rejected(file: File, outcome: Outcome) -> int:
    """How many rows must have been rejected, having seen that they were, and why."""
    reasons = {row["reason"] for row in outcome.rejected}
    assert outcome.load["reason"] == ("; ".join(sorted(str(reason) for reason in reasons)) or None)
    if isinstance(file.rejected, tuple):
        assert reasons == {file.rejected[1]}
        body = file.body if isinstance(file.body, str) else file.body.decode()
        assert sorted(str(row["record"]) for row in outcome.rejected) == sorted(body.splitlines()[1:])
        return file.rejected[0]
    assert {row["record"]: row["reason"] for row in outcome.rejected} == file.rejected
    return len(outcome.rejected)


def _cell(value: object) -> str | None:
    return None if value is None else str(value)


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.about)
def test_a_file_is_refused_with_evidence_and_remedy(file: File, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[file.about]
    reason = outcome.load["reason"] or ""
    assert file.refused in reason
    assert ": " in reason and reason.isprintable() and len(reason) <= 300
    assert outcome.load["status"] == "refused" and outcome.prices == outcome.rejected == []
    assert [outcome.load[count] for count in ("rows", "accepted", "superseded", "rejected")] == ["0"] * 4
    assert outcome.logged == [reason]


def test_one_statement_parses_a_batch_whatever_its_layouts(dropped: tuple[dict[str, Outcome], Logs]) -> None:
    _, logs = dropped
    parses = [line for line in logs if line["step"] == "athena" and line["statement"] == "load/parsed_rows"]
    batches = [line for line in logs if line["step"] == "loaded"]
    assert sum(line["files"] for line in batches) == len(FILES)
    assert len(parses) == sum(line["files"] > line["refused"] for line in batches)


def test_every_reason_for_which_a_row_is_rejected_is_shown_above() -> None:
    reasons = {reason for file in FILES if not isinstance(file.rejected, tuple) for reason in file.rejected.values()}
    reasons |= {file.rejected[1] for file in FILES if isinstance(file.rejected, tuple)}
    statement = PARSE.read_text(encoding="utf-8")
    unsafe = statement.partition("unsafe_files AS")[2].partition("END AS reason")[0]
    named = re.findall(r"THEN '([^']{9,})'$", unsafe, re.MULTILINE)
    named += re.findall(r"THEN '([^']+)'$", statement.partition("judged AS")[2].partition("END AS reason")[0], re.MULTILINE)
    named += re.findall(r"THEN '([^']+)'$", statement.partition("compared AS")[2].partition("END AS rejection")[0], re.MULTILINE)
    assert len(set(named)) == 20
    assert reasons == set(named)


def test_the_default_symbol_stands_for_files_that_name_none(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_DEFAULT_SYMBOL", "spx")
    monkeypatch.setenv("LAKE_DATE_ORDER", "month-first")
    lake.drop({"HistoricalData_1.csv": csv("04/01/2016,1.5,10", header=HEADER), "ibm/2.csv": two_days()})
    assert lake.prices("symbol = 'SPX'") == [("SPX", "2016-04-01", "1.5")]
    assert {row["symbol"] for row in lake.processed()} == {"IBM", "SPX"}
