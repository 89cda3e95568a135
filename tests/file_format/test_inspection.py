"""What the inspection of a raw file accepts, finds and refuses."""

import csv
import gzip
import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format import FileFormat, Source, inspect

SOURCES = Path(__file__).parent / "sources"
DATASET = Path(__file__).parents[2] / "dataset"
MODIFIED = datetime(2026, 11, 24, 7, 45, 20, 123456, tzinfo=timezone(timedelta(hours=1)))

with open(SOURCES / "expected.csv", encoding="utf-8", newline="") as table:
    EXPECTED = list(csv.DictReader(table))
LOADED = [row for row in EXPECTED if row["status"] == "loaded"]
REFUSED = [row for row in EXPECTED if row["status"] == "refused"]


@dataclass
class RawObject:
    """An object that notes the ranges that were read of it."""

    content: bytes
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def read(self, key: str, start: int, length: int) -> bytes:
        self.ranges.append((start, length))
        return self.content[start : start + length]


def inspected(content: str | bytes, key: str = "raw/stocks/AAPL.csv", **settings: Any) -> FileFormat:
    stored = RawObject(content.encode() if isinstance(content, str) else content)
    return inspect(Source("lake", key, MODIFIED), stored.read, **settings)


def refusal(content: str | bytes, key: str = "raw/stocks/AAPL.csv") -> str:
    with pytest.raises(FileRefusedError) as caught:
        inspected(content, key)
    return str(caught.value)


# Sources


@pytest.mark.parametrize("row", LOADED, ids=lambda row: row["source"])
def test_a_file_in_its_sources_shape_is_read(row: dict[str, str]) -> None:
    found = inspected((SOURCES / row["source"]).read_bytes(), "raw/stocks/" + row["dropped_as"])
    assert found.has_rows == (row["rows"] != "0")
    assert found.has_rows == (found.date_shape is not None)
    if row["symbols"] and found.symbol_at is None:
        assert found.symbol == row["symbols"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["source"])
def test_a_file_that_cannot_be_read_right_is_refused_with_its_reason(row: dict[str, str]) -> None:
    reason = refusal((SOURCES / row["source"]).read_bytes(), "raw/stocks/" + row["dropped_as"])
    assert row["reason"] in reason
    assert reason.isprintable()
    assert len(reason) <= 300


def test_every_source_has_its_expectation() -> None:
    files = {path.name for path in SOURCES.iterdir() if path.name not in ("expected.csv", ".gitattributes")}
    assert files == {row["source"] for row in EXPECTED}


@pytest.mark.parametrize("path", sorted(DATASET.rglob("*.csv")), ids=lambda path: path.stem)
def test_the_dataset_is_read(path: Path) -> None:
    found = inspected(path.read_bytes(), f"raw/stocks/{path.relative_to(DATASET)}")
    assert found.symbol == {"quandl": None, "GOOG": "GOOG", "dataset": "AAPL"}[path.parent.name]
    assert (found.year_at, found.month_at, found.day_at) == ((3, 2, 1) if path.stem.startswith("AAPL") else (1, 2, 3))


# What the first lines say


def test_a_head_is_what_the_parse_statement_needs_of_a_file() -> None:
    found = inspected(
        "Date,Open,High,Low,Close,Adj Close,Volume\n04-01-2016,1,2,0.5,1.5,1.4,100\n31-01-2016,1,2,0.5,1.5,1.4,100\n"
    )
    assert json.loads(json.dumps(found.record())) == {
        "source": "s3://lake/raw/stocks/AAPL.csv",
        "modified": "2026-11-24 06:45:20.123",
        "header": "Date,Open,High,Low,Close,Adj Close,Volume",
        "fields": 7,
        "symbol": "AAPL",
        "symbol_at": None,
        "date_at": 1,
        "open_at": 2,
        "high_at": 3,
        "low_at": 4,
        "close_at": 5,
        "adj_close_at": 6,
        "volume_at": 7,
        "date_shape": "#-#-#",
        "year_at": 3,
        "month_at": 2,
        "day_at": 1,
        "date_divisor": None,
        "header_names": "date\nopen\nhigh\nlow\nclose\nadj close\nvolume",
        "delimiter": ",",
        "decimal_marks": "......",
        "volume_factor": 1.0,
        "year_base": 0,
        "day_shift": 0,
        "evening_from": None,
        "exchange_at": None,
        "instrument_at": None,
        "main_instruments": None,
        "symbol_digits": None,
        "has_rows": True,
        "assumed": "symbol from the file name",
    }


def test_a_symbol_column_leaves_the_symbol_to_the_rows() -> None:
    found = inspected("Ticker,Date,Close\nMSFT,2016-01-04,1\n")
    assert (found.symbol, found.symbol_at) == (None, 1)


@pytest.mark.parametrize(
    ("key", "affix", "assumed"),
    [
        ("AAPL.csv", "AAPL.", None),
        ("BRK-B_2016.csv", "BRK.B.", None),
        ("AAPL/2016.csv", "aapl_", None),
        ("john/prices.csv", "AAPL.", "symbol from the header"),
        ("apple.csv", "AAPL.", "symbol from the header"),
        ("Apple_2016.csv", "AAPL.", "symbol from the header"),
        ("T.csv", "T.", None),
    ],
)
def test_a_symbol_in_the_column_names_is_one_that_the_file_name_does_not_contradict(
    key: str, affix: str, assumed: str | None
) -> None:
    found = inspected(f"Date,{affix}Open,{affix}High,{affix}Low,{affix}Close\n2016-01-04,1,1,1,1\n", f"raw/stocks/{key}")
    assert (found.symbol, found.assumed) == (affix[:-1].upper(), "; ".join(filter(None, (assumed, "no volume column"))))


@pytest.mark.parametrize(
    ("key", "affix"),
    [("AAPL.csv", "MSFT."), ("AAPL/2016.csv", "MSFT."), ("prices.csv", "t."), ("AAPL.csv", "x_"), ("apple.csv", "lnx_")],
)
def test_a_symbol_in_the_column_names_that_the_file_name_contradicts_refuses_the_file(key: str, affix: str) -> None:
    content = f"Date,{affix}Open,{affix}High,{affix}Close\n2016-01-04,1,1,1\n"
    assert f"the column names share '{affix[:-1].upper()}', which is not the symbol" in refusal(content, f"raw/stocks/{key}")
    assert inspected(content, "raw/stocks/symbol=IBM/1.csv").symbol == "IBM"


def test_codes_that_lost_their_zeros_are_filled_up_where_others_tell_how_many_digits_they_have() -> None:
    found = inspected("日期,股票代码,收盘\n2016-01-04,1,10\n2016-01-04,600519,200\n")
    assert (found.symbol_digits, found.assumed) == (
        6,
        "symbols filled up with zeros to 6 digits; no open or high or low column; no volume column",
    )
    assert "codes of column '종목코드' have lost their zeros ('5930')" in refusal("일자,종목코드,종가\n2016-01-04,5930,1205000\n")
    for code in ("00700", "600519.SH", "AAPL"):
        assert inspected(f"日期,股票代码,收盘\n2016-01-04,{code},10\n").symbol_digits is None


def test_an_exchange_that_some_rows_lack_is_a_mark_of_another_kind() -> None:
    content = "Code,Ex,Date,Close\nEXD,,2016-01-04,1\nEXD,XD,2016-01-05,1\n"
    assert inspected(content).exchange_at is None
    assert inspected(content.replace(",,", ",XD,")).exchange_at == 2


def test_winds_table_is_read_by_its_code_and_in_lots_of_100() -> None:
    names = "S_INFO_WINDCODE,TRADE_DT,CRNCY_CODE,S_DQ_PRECLOSE,S_DQ_OPEN,S_DQ_HIGH,S_DQ_LOW,S_DQ_CLOSE,S_DQ_VOLUME,S_DQ_AMOUNT"
    found = inspected(f"{names}\n600000.SH,20160104,CNY,18.1,18.2,18.5,17.9,18.35,1234,2264.39\n", "raw/stocks/600000.SH.csv")
    assert (found.symbol, found.symbol_at, found.close_at, found.volume_factor) == (None, 1, 8, 100.0)


def test_a_symbol_column_and_a_folder_for_another_symbol_refuse_the_file() -> None:
    content = "Symbol,Date,Close\nMSQQ,2016-01-04,1\n"
    reason = refusal(content, "raw/stocks/symbol=AAQQ/x.csv")
    assert "the symbol column says 'MSQQ', and the folder 'AAQQ'" in reason
    for folder in ("symbol=msqq", "symbol=MSQ", "year=2016"):  # MSQ of MSQ.US
        assert inspected(content, f"raw/stocks/{folder}/x.csv").symbol_at == 1


@pytest.mark.parametrize(
    ("folder", "symbol"), [("BRK-B", "BRK.B"), ("AAPL", "NASDAQ:AAPL"), ("^GSPC", "GSPC"), ("600000", "sh600000")]
)
def test_a_folder_and_a_symbol_column_that_write_one_symbol_in_two_ways_agree(folder: str, symbol: str) -> None:
    content = f"Symbol,Date,Close\n{symbol},2016-01-04,1\n"
    assert inspected(content, f"raw/stocks/symbol={folder}/x.csv").symbol_at == 1
    assert "the symbol column says" in refusal(content, "raw/stocks/symbol=MSQQ/x.csv")


def test_a_line_of_one_symbol_below_the_names_is_a_level_of_the_header() -> None:
    content = "Date,Close,High,Volume\n,MSFT,MSFT,MSFT\n2016-01-04,1,2,3\n"
    found = inspected(content, "raw/stocks/prices.csv")
    assert (found.symbol, found.header) == ("MSFT", "Date,Close,High,Volume\n,MSFT,MSFT,MSFT")
    for units in ("USD,USD,shares", "USD,USD,('000)", "float,float,int"):
        assert inspected(content.replace("MSFT,MSFT,MSFT", units)).symbol == "AAPL"


def test_symbols_side_by_side_are_told_as_such() -> None:
    assert "several symbols side by side ('AAPL,MSFT,AAPL,MSFT')" in refusal(
        "Date,Close,Close,High,High\n,AAPL,MSFT,AAPL,MSFT\n2016-01-04,1,2,1,2\n"
    )
    assert "where several symbols stand side by side, write a file for each" in refusal(
        "Date,Close,Date,Close\n2016-01-04,1,2016-01-04,2\n"
    )


def test_a_line_break_in_a_column_name_is_named() -> None:
    assert "as where a column name has a line break: write the header on one line" in refusal(
        'Date,"Close\n(USD)"\n2016-01-04,1\n'
    )


def test_unnamed_columns_at_the_end_do_not_count_as_fields() -> None:
    assert inspected("Date,Close,,\n2016-01-04,1,,\n").fields == 2


# Lines and encodings


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_and_a_byte_order_mark_are_no_part_of_the_header(end: str, mark: str, last: str) -> None:
    found = inspected(mark + end.join(["", "Date,Close ", "", "2016-01-04,1"]) + (end if last else ""))
    assert found.header == "Date,Close "
    assert found.has_rows


def test_a_header_alone_has_no_rows() -> None:
    assert not inspected("Date,Close").has_rows
    assert not inspected("Date,Close\n\n  \nDate,Close\n").has_rows


@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_a_file_with_nothing_in_it_is_refused(content: bytes) -> None:
    assert "empty file" in refusal(content)


def zipped(name: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, "<Types/>")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("Date,Close\n2016-01-04,1\n".encode("utf-16"), "UTF-16"),
        ("Date,Close\n2016-01-04,1\n".encode("utf-16-le"), "UTF-16"),
        ("Date,Close\n2016-01-04,1\n".encode("utf-16-be"), "UTF-16"),
        (b"Date,Close\n2016-01-04,1\0\n", "zero byte at offset 23"),
        (zipped("[Content_Types].xml"), "an Excel workbook (.xlsx)"),
        (zipped("AAPL.csv"), "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"BZh91AY&SY", "bzip2"),
        (b"%PDF-1.7", "a PDF"),
        (b"  <html><body>503</body></html>", "an HTML or XML page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", "an HTML or XML page"),
        (b'{"error": "limit"}', "JSON"),
        (b'[{"date": "2016-01-04"}]', "JSON"),
    ],
)
def test_what_is_not_utf8_text_is_refused_by_what_it_is(content: bytes, what: str) -> None:
    assert what in refusal(content)


@pytest.mark.parametrize("shift", ["", " "])
def test_a_character_that_the_first_range_cuts_in_two_is_not_taken_for_latin_1(shift: str) -> None:
    assert "header read" not in (inspected(f"Date,Close,Note{shift}\n2016-01-04,1,{'é' * 32_000}\n").assumed or "")


# gzip


def test_a_gzip_is_unpacked() -> None:
    found = inspected(gzip.compress(b"Date,Close\n2016-01-04,1\n"), "raw/stocks/AAPL_2016.csv.gz")
    assert (found.symbol, found.header, found.has_rows) == ("AAPL", "Date,Close", True)


def test_a_gzip_of_several_members_is_one_text() -> None:
    lines = [b"", b"Prices\n", b"Date,Close\n", b"", b"2016-01-04,1\n"]
    assert inspected(b"".join(map(gzip.compress, lines)) + b"\0" * 512, "raw/stocks/AAPL.csv.gz").has_rows


def test_a_gzip_that_ends_with_a_range_is_read_whole() -> None:
    rows = b"04/01/2016,1\n" * 5037
    packed = next(
        packed
        for blanks in range(30)
        if len(packed := gzip.compress(b"Date,Close" + b" " * blanks + b"\n" + rows, 0)) == 64 * 1024
    )
    assert inspected(packed, "raw/stocks/AAPL.csv.gz", day_first=True).day_at == 1


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        (gzip.compress(b"Date,Close\n"), "AAPL.csv", "name it .csv.gz"),
        (b"Date,Close\n", "AAPL.csv.gz", "named .gz but not gzip"),
        (gzip.compress(b"Date,Close\n2016-01-04,1\n")[:-9], "AAPL.csv.gz", "breaks off"),
        (gzip.compress(b"Date,Close\n2016-01-04,1\n")[:-8] + b"\0" * 8, "AAPL.csv.gz", "cannot be unpacked"),
        (b"", "AAPL.csv.gz", "empty file"),
    ],
)
def test_a_gzip_that_athena_could_not_read_is_refused(content: bytes, key: str, reason: str) -> None:
    assert reason in refusal(content, f"raw/stocks/{key}")


# How much is read


def open_dates(count: int) -> str:
    return "Date,Close\n" + "04/01/2016,1.25\n" * count


def test_a_file_of_certain_dates_is_read_once_however_long() -> None:
    stored = RawObject(("Date,Close\n" + "2016-01-04,1.25\n" * 200_000).encode())
    inspect(Source("lake", "raw/stocks/AAPL.csv", MODIFIED), stored.read)
    assert stored.ranges == [(0, 64 * 1024)]


def test_open_dates_are_read_on_until_a_row_settles_them() -> None:
    stored = RawObject((open_dates(100_000) + "01/13/2016,1.25\n" + "04/01/2016,1.25\n" * 200_000).encode())
    found = inspect(Source("lake", "raw/stocks/AAPL.csv", MODIFIED), stored.read)
    assert (found.month_at, found.day_at) == (1, 2)
    assert stored.ranges == [(0, 65_536), (65_536, 1_048_576), (1_114_112, 1_048_576)]


@pytest.mark.parametrize("packed", [False, True])
def test_dates_that_stay_open_to_the_end_follow_the_setting(packed: bool) -> None:
    content = open_dates(150_000).encode()
    content, key = (gzip.compress(content), "raw/stocks/A.csv.gz") if packed else (content, "raw/stocks/A.csv")
    assert inspected(content, key, day_first=True).day_at == 1
    assert inspected(content, key, day_first=False).day_at == 2


@pytest.mark.parametrize("size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 64 * 1024 + 1024 * 1024])
def test_a_file_that_ends_with_a_range_is_read_whole(size: int) -> None:
    last = "13/01/2016,2"
    content = "Date,Close\n" + "04/01/2016,1\n" * ((size - 100) // 13)
    content += " " * (size - len(content) - len(last) - 1) + "\n" + last
    assert len(content) == size
    assert inspected(content, day_first=False).day_at == 1


def test_a_carriage_return_at_the_end_of_a_range_does_not_end_two_lines() -> None:
    for shift in range(4):
        header = "Date,Close" + " " * shift
        content = header + "\r\n" + "04/01/2016,1\r\n" * 10_000 + "13/01/2016,1\r\n"
        assert inspected(content, day_first=False).day_at == 1


def test_a_gzip_that_unpacks_to_far_more_is_read_in_pieces() -> None:
    packed = gzip.compress(b"Date,Close\n2016-01-04,1\n" + b"\n" * 200_000_000)
    assert len(packed) < 300_000
    assert inspected(packed, "raw/stocks/AAPL.csv.gz").has_rows


def test_a_line_without_an_end_is_not_kept_in_memory() -> None:
    assert "longer than 64 kB" in refusal("Date,Close" * 10_000)
    assert "more than 1 MB" in refusal("Date,Close\n04/01/2016,1\n" + "1" * 4_000_000)


# The header


def test_lines_above_the_header_are_passed_over_and_belong_to_it() -> None:
    found = inspected('"Prices of AAPL"\n\nsep=,\nDate,Close\n2016-01-04,1\n')
    assert found.header.split("\n") == ['"Prices of AAPL"', "sep=,", "Date,Close"]
    assert found.has_rows


def test_a_first_line_that_is_a_row_is_no_header() -> None:
    assert "no header" in refusal("2016-01-04,1,2,0.5,1.5,100\n2016-01-05,1,2,0.5,1.5,100\n")


def test_rows_before_a_header_are_not_passed_over() -> None:
    assert "date column not found among 'Dag,Kurs'" in refusal("Dag,Kurs\n2016-01-04,1\nDate,Close\n2016-01-05,1\n")


def test_a_missing_close_is_named_with_the_remedy() -> None:
    assert refusal("Date,Open\n2016-01-04,1\n") == (
        "close column not found among 'Date,Open': rename it to close, or add the alias in "
        "lambda_scripts/lakehouse/file_format/aliases.py"
    )


def test_columns_that_contradict_are_refused_by_name() -> None:
    reason = refusal("Date,Close,Closing Price\n2016-01-04,1,2\n")
    assert "two columns mean close, 'Close' and 'Closing Price'" in reason


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_by_the_header(delimiter: str) -> None:
    found = inspected("sep=,\nDate,Open,Close\n2016-01-04,1,2\n".replace(",", delimiter))
    assert (found.delimiter, found.fields, found.close_at) == (delimiter, 3, 3)
    assert "no header" in refusal("2016-01-04,1,2\n".replace(",", delimiter))


@pytest.mark.parametrize("line", ["Date,Close,Open,High", "timestamp,high,open,close", "Datum,Schluss,Hoch,Erster"])
def test_a_second_header_that_names_other_columns_refuses_the_file(line: str) -> None:
    content = f"Date,Open,High,Close\n2016-01-04,1,1,1\n{line}\n2016-01-05,1,1,1\n"
    assert f"a second header inside the file names other columns ('{line}')" in refusal(content)


def test_the_same_header_in_another_case_is_no_row_and_a_line_of_units_is_no_header() -> None:
    assert inspected('Date,Open,High,Close\n2016-01-04,1,1,1\nDATE,open,HIGH,"Close"\n').has_rows
    assert inspected("Date,Open,High,Close\n(day),(EUR),(EUR),(EUR)\n2016-01-04,1,1,1\n").has_rows


# Encodings


def test_text_that_is_not_utf8_may_stand_in_columns_that_are_not_read() -> None:
    found = inspected("Date,Close,Société\n2016-01-04,1.5,Crédit Générale\n".encode("cp1252"))
    assert (found.header, found.close_at, found.assumed) == (
        "Date,Close,Soci\ufffdt\ufffd",
        2,
        "symbol from the file name; header read as cp1252; no open or high or low column; no volume column",
    )


@pytest.mark.parametrize(
    ("header", "encoding", "columns"),
    [
        ("Datum;Eröffnung;Höchst;Tiefst;Schluß;Stück", "cp1252", 6),
        ("Data;Otwarcie;Najwyższy;Najniższy;Zamknięcie;Wolumen", "cp1250", 6),
        ("일자,종가,시가,고가,저가,거래량", "cp949", 6),
        ("日期,收盘价,最高价,最低价,开盘价,成交量", "gb18030", 6),
        ("日付,始値,高値,安値,終値,出来高", "cp932", 6),
    ],
)
def test_a_header_is_read_in_the_encoding_in_which_it_means_most(header: str, encoding: str, columns: int) -> None:
    delimiter = ";" if ";" in header else ","
    found = inspected(f"{header}\n{delimiter.join(['2016-01-04', '10.25', '10.5', '10.75', '10', '1200'])}\n".encode(encoding))
    places = [found.date_at, found.open_at, found.high_at, found.low_at, found.close_at, found.volume_at]
    assert len({at for at in places if at}) == columns
    assert f"header read as {encoding}" in (found.assumed or "")


def test_text_that_is_not_utf8_in_a_column_that_is_read_refuses_the_file() -> None:
    content = "Name,Date,Close\nSociété,2016-01-04,1\n".encode("cp1252")
    assert "byte 0xE9 in line 2: 'Société,2016-01-04,1'" in refusal(content)


# Rows


def bars(days: str, header: str = "Date,Close") -> str:
    return f"{header}\n" + "".join(f"{day},1\n" for day in days.split())


def test_bars_of_weeks_are_refused_from_four_rows_on() -> None:
    assert "weekly or monthly bars" in refusal(bars("2016-01-04 2016-01-11 2016-01-18 2016-01-25"))
    assert inspected(bars("2016-01-04 2016-01-11 2016-01-18")).has_rows
    assert "weekly or monthly bars" in refusal(bars("2016-01-27 2016-01-25 2016-01-18 2016-01-11 2016-01-04"))
    assert "weekly or monthly bars" in refusal(bars("2016-01-01 2016-02-01 2016-03-01 2016-04-01 2016-04-13"))
    assert inspected(bars("2016-01-04 2016-01-11 2016-01-18 2016-01-19 2016-01-26 2016-01-27")).has_rows


WEEKS_THAT_ONE_DAY_IS_NEAR = (
    "2001-08-10 2001-08-17 2001-08-24 2001-08-31 2001-09-07 2001-09-10 2001-09-21 2001-09-28",  # New York was closed
    "2019-08-30 2019-09-06 2019-09-12 2019-09-20 2019-09-27 2019-09-30 2019-10-11 2019-10-18",  # China's golden week
)


@pytest.mark.parametrize("days", WEEKS_THAT_ONE_DAY_IS_NEAR)
def test_bars_of_weeks_are_refused_though_a_week_ended_on_a_monday(days: str) -> None:
    assert "weekly or monthly bars" in refusal(bars(days))


def test_bars_of_weeks_of_several_symbols_are_refused_though_one_is_listed_newly() -> None:
    weeks = [f"2016-01-{day:02d}" for day in (1, 8, 15, 22, 29)]
    rows = "".join(f"{symbol},{day},1\n" for symbol in "AB" for day in weeks)
    assert "weekly or monthly bars" in refusal(f"Symbol,Date,Close\n{rows}C,2016-01-25,1\nC,2016-01-29,1\n")
    assert inspected(f"Symbol,Date,Close\n{rows}C,2016-01-25,1\nC,2016-01-26,1\nC,2016-01-27,1\n").has_rows


@pytest.mark.parametrize(
    "days",
    [
        "2019-09-27 2019-09-30 2019-10-08 2019-10-09",  # around China's golden week
        "2016-01-04 2016-01-15 2016-01-18 2016-01-29 2016-02-15",  # a share that is seldom traded
        "2016-01-08 2016-01-11 2016-01-12 2016-01-13",
        "2007-06-14 2007-06-22 2007-06-27 2007-06-28",
    ],
)
def test_days_with_neighbours_are_not_bars_of_weeks(days: str) -> None:
    assert inspected(bars(days)).has_rows


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("EURUSDW1", True),
        ("GBPUSDMN1", True),
        ("EMN", False),
        ("NASDAQ_MSFT, 3D", True),
        ("NASDAQ_MSFT, 1D", False),
        ("aapl_us_w", True),
        ("aapl_us_d", False),
    ],
)
def test_a_name_tells_bars_of_weeks_or_several_days(name: str, is_refused: bool) -> None:
    for days in ("2016-01-04", "2016-01-04 2016-01-07 2016-01-12 2016-01-15 2016-01-20"):
        if is_refused:
            assert "weekly or monthly bars" in refusal(bars(days), f"raw/stocks/{name}.csv")
        else:
            assert inspected(bars(days), f"raw/stocks/{name}.csv").has_rows


def test_a_name_tells_bars_of_several_symbols_where_they_have_several_days() -> None:
    row = "Symbol,Date,Close\nA,2016-01-29,1\nB,2016-01-29,1\n"
    assert inspected(row, "raw/stocks/stocks_monthly.csv").has_rows
    assert "weekly or monthly bars" in refusal(row + "A,2016-02-29,1\n", "raw/stocks/stocks_monthly.csv")
    corrections = row.replace("A,2016-01-29", "A,2016-01-06")
    assert inspected(corrections, "raw/stocks/stocks_monthly.csv").has_rows


def test_a_column_that_tells_rows_of_a_day_apart_is_named() -> None:
    content = "Date,Valor,Close\n2016-01-04,AAA,1\n2016-01-04,BBB,2\n2016-01-05,AAA,1\n2016-01-05,BBB,2\n"
    assert "several rows a day, told apart by column 'Valor' ('AAA'): rename it to symbol" in refusal(content)


def test_a_column_that_names_companies_one_below_the_other_is_named_and_one_of_trends_is_not() -> None:
    days = [f"2016-01-{day:02d}" for day in (4, 5, 6, 7)]
    named = "Date,Close,Company Name\n" + "".join(f"{day},1.5,{name} SA\n" for day, name in zip(days, "AABB", strict=True))
    assert "column 'Company Name' names several ('A SA', 'B SA'): rename it to symbol" in refusal(named)
    trends = "Date,Close,Stock Trend\n" + "".join(
        f"{day},1.5,{trend}\n" for day, trend in zip(days, ("up", "no", "up", "no"), strict=True)
    )
    assert inspected(trends).symbol == "AAPL"


@pytest.mark.parametrize("name", ["Firm", "Bank", "Index"])
def test_a_company_under_another_name_for_it_is_found(name: str) -> None:
    days = [f"2016-01-{day:02d}" for day in (4, 5, 6, 7)]
    named = f"Date,{name},Close\n" + "".join(
        f"{day},{each},1.5\n" for day, each in zip(days, ("HSI", "HSI", "NYA", "NYA"), strict=True)
    )
    assert f"column '{name}' names several ('HSI', 'NYA')" in refusal(named)
    assert inspected(named.replace("HSI", "1").replace("NYA", "2")).has_rows  # a number of the row


@pytest.mark.parametrize(
    ("header", "one", "other"),
    [
        ("Date,Close,Currency", "100,USD", "93,EUR"),
        ("Date,Close", "$100", "€93"),
        ("Date,Close", "GBX 1050", "GBP 10.60"),
        ("Date,Close", "£1.005", "101.9p"),
    ],
)
def test_a_symbol_in_several_currencies_is_refused(header: str, one: str, other: str) -> None:
    reason = refusal(f"{header}\n2016-01-04,{one}\n2016-01-05,{other}\n")
    assert "rows in several currencies (" in reason
    assert inspected(f"{header}\n2016-01-04,{one}\n2016-01-05,{one}\n").has_rows
    assert inspected(f"Symbol,{header}\nA,2016-01-04,{one}\nB,2016-01-04,{other}\n").has_rows


def test_a_column_of_flags_names_no_companies() -> None:
    rows = "".join(f"2016-01-{day:02d},{day},{'No' if day < 6 else 'Yes'}\n" for day in (4, 5, 6, 7))
    assert inspected(f"Date,Close,Index Member\n{rows}").has_rows
    assert "names several ('No', 'ABC')" in refusal(f"Date,Close,Index Member\n{rows}".replace("Yes", "ABC"))


def test_a_symbol_of_several_exchanges_is_said_for_it_may_have_moved() -> None:
    content = "Symbol,Date,Close,Exchange\nBP,2016-01-04,500,LSE\nBP,2016-01-05,30,NYSE\nA,2016-01-05,30,NYSE\n"
    assert "rows of several exchanges: 'LSE', 'NYSE'" in (inspected(content).assumed or "")
    assert "exchanges" not in (inspected(content.replace("A,", "C,").replace("BP,2016-01-04", "A,2016-01-04")).assumed or "")


def test_a_currency_in_capitals_and_in_small_letters_is_one_but_pence_are_no_pounds() -> None:
    content = "Date,Close,Currency\n2016-01-04,1,{}\n2016-01-05,1,{}\n"
    assert inspected(content.format("USD", "usd")).has_rows
    assert "rows in several currencies" in refusal(content.format("GBP", "GBp"))


def test_a_price_without_the_currency_of_the_others_is_no_second_currency() -> None:
    assert inspected("Date,Close\n2016-01-04,$100\n2016-01-05,1.5e2\n2016-01-06,n/a\n").has_rows


def test_a_table_of_dividends_below_one_of_closes_refuses_the_file() -> None:
    content = "Date,Close\n2016-01-04,100.5\n\nEx-Date,Amount\n2016-02-04,0.52\n"
    assert "a second header inside the file names other columns ('Ex-Date,Amount')" in refusal(content)
    for footer in ("Source,Yahoo Finance", "NaN,NaN", "n/a,n/a", "Total,", "End of data"):
        assert inspected(f"Date,Close\n2016-01-04,100.5\n{footer}\n").has_rows


def test_a_title_between_rows_refuses_the_file_and_a_heading_or_footer_does_not() -> None:
    content = "Date,Close\n2016-01-04,54.8\n{}\n2016-02-01,44.8\n{}\n"
    assert "a title between the rows ('MSFT'), perhaps of another company" in refusal(content.format("\nMSFT", ""))
    for remark in ("page 2", "# split 7:1", ",null", "NaN", "Holiday", "EOF"):
        assert inspected(content.format(remark, "Source: Yahoo")).has_rows
    assert inspected("Date,Close\n04-Jan-2016,54.8\n05-Jan-2016,\n06-Jan-2016,44.8\n").has_rows  # a day without trade


def test_a_series_of_shares_is_told_from_others() -> None:
    content = "Symbol,Series,Date,Close\nA,EQ,2016-01-04,1\nA,N5,2016-01-04,2\n"
    found = inspected(content)
    assert found.instrument_at == 2 and ",EQ," in (found.main_instruments or "")
    assert "told apart by column 'Series'" in refusal(content.replace("EQ", "AA"))


@pytest.mark.parametrize(("column", "text"), [("Series", "N1"), ("Series", "GB"), ("BOARDID", "SMAL"), ("BOARDID", "TQOB")])
def test_a_file_of_bonds_or_odd_lots_alone_is_refused(column: str, text: str) -> None:
    content = f"Symbol,{column},Date,Close\nREC,{text},2016-01-04,1010\n"
    assert f"all rows are of series or boards that are not of the share ('{text}')" in refusal(content)
    assert inspected(content.replace(text, "SNDX")).has_rows  # the board of Moscow's indices
    assert inspected(content.replace(text, "NA")).has_rows  # none, as R and pandas write it


@pytest.mark.parametrize("names", ["Expiry", "Expiry,Option Type,Strike Price", "Maturity Date", "STRIKE_PR"])
def test_contracts_under_the_symbol_of_a_share_are_refused(names: str) -> None:
    cells = ",".join(["2016-01-28", "CE", "230"][: names.count(",") + 1])
    content = f"Date,Symbol,{names},Close,Settle Price\n2016-01-04,SBIN,{cells},5.5,5.5\n"
    assert "futures, options or bonds under the symbol of a share (column " in refusal(content)
    assert inspected(content.replace("SBIN", "SBIN16JANFUT")).has_rows
    assert inspected(content.replace(cells, "," * cells.count(","))).has_rows  # NSE's UDiFF has such columns, empty for shares


# Marks of those who write the month first


@pytest.mark.parametrize(
    ("content", "is_month_first"),
    [
        ("Date,Close\n05/02/2024,$42.10\n", True),
        ('Date,Close\n05/02/2024,"US$1,042.10"\n', True),
        ("Date,Close\n5/2/2024 4:00:00 PM,42.10\n", True),
        ("Date,Close\n05/02/2024,A$42.10\n", False),
        ("Date,Close\n05/02/2024,HK$42.10\n", False),
        ('Date,Close\n05/02/2024,"$ 1.234,50"\n', False),
        ('Data,Fechamento\n05/02/2024,"R$ 42,10"\n', False),
        ("Fecha,Cierre\n05/02/2024,$42.10\n", False),
    ],
)
def test_plain_dollars_and_halves_of_days_are_marks_of_a_month_first(content: str, is_month_first: bool) -> None:
    found = inspected(content)
    assert found.month_at == (1 if is_month_first else 2)
    assert ("month before day (American marks)" if is_month_first else "day before month") in (found.assumed or "")


def test_times_of_day_in_a_column_of_their_own_are_held_against_the_dates() -> None:
    def with_time(time: str) -> str:
        return bars("", "<DATE>,<TIME>,<CLOSE>") + "".join(f"2016.01.{day:02d},{time},1\n" for day in (3, 4, 5, 6, 7, 10, 11))

    assert "by the times of day in a column of their own the trade date is another day" in refusal(with_time("22:00"))
    assert inspected(with_time("00:00")).day_shift == 0


# Decimal marks


@pytest.mark.parametrize("price", ['"12,5"', '"1.234,50"', '"12,3456"', '"12,50 €"', '"0,399"', '"1\'234,5"', '"1 234,50"'])
def test_a_decimal_comma_is_told_by_a_price(price: str) -> None:
    assert inspected(f"Date,Close\n2016-01-04,{price}\n").decimal_marks == ",,,,,,"


@pytest.mark.parametrize("price", ['"1,234.50"', '"$1,234"', '"12,34,567.00"', "12.5", "n/a", ""])
def test_a_thousands_comma_is_not_one(price: str) -> None:
    assert inspected(f"Date,Close\n2016-01-04,{price}\n").decimal_marks == "......"


def test_prices_that_all_can_be_read_in_two_ways_refuse_the_file() -> None:
    assert "every price can be read in two ways ('1,234' is '1234' or has three decimals)" in refusal(
        'Date,Close\n2016-01-04,"1,234"\n'
    )
    assert inspected('Date,Close,Volume\n2016-01-04,"1,234","12,345,678"\n').decimal_marks == "......"
    assert "'1.234' is '1234'" in refusal("Datum;Schluss\n2016-01-04;1.234\n")
    assert "point as decimal mark" in (inspected("Date;Close\n2016-01-04;1.234\n").assumed or "")


def test_prices_with_both_decimal_marks_refuse_the_file() -> None:
    assert "points and commas as decimal marks ('1.5', '2,5')" in refusal('Date,Close\n2016-01-04,1.5\n2016-01-05,"2,5"\n')


def test_a_volume_has_its_own_mark_where_the_column_tells_it() -> None:
    assert inspected("Date,Close,Volume\n2016-01-04,1.5,1.234.567\n2016-01-05,1.5,987.654\n").decimal_marks == ".....,"
    found = inspected("Date,Close,Volume\n2016-01-04,1.5,234.567\n2016-01-05,1.5,987.654\n")
    assert found.volume_at is None
    assert "volume not read: '234.567' can be read in two ways" in (found.assumed or "")


# Units


@pytest.mark.parametrize(
    ("content", "factor", "assumed"),
    [
        ("ts_code,trade_date,close,vol,amount\nA,20160104,8.0,100,80\n", 100.0, False),
        ("ts_code,trade_date,close,vol,amount\nA,20160104,8.0,10000,80\n", 1.0, False),
        ("ts_code,trade_date,close,vol\nA,20160104,8.0,100\n", 100.0, True),
        ("股票代码,日期,收盘,成交量,成交额\nA,2016-01-04,8.0,100,80000\n", 100.0, False),
        ("股票代码,日期,收盘价,成交量,成交金额\nA,2016-01-04,8.0,10000,80000\n", 1.0, False),
        ("股票代码,日期,收盘,成交量\nA,2016-01-04,8.0,100\n", 100.0, True),
        ("Symbol,Date,Close,Volume ('000)\nA,2016-01-04,8.0,100\n", 1000.0, False),
        ("Symbol,Date,Close,Volume,Turnover\nA,2016-01-04,8.0,100,800\n", 1.0, False),
        ("Symbol,Date,Close,Volume,Turnover\nA,2016-01-04,8.0,100,80000\n", 100.0, True),
        ("trade_date,close,vol,amount\n20160104,8.0,100,80\n", 100.0, False),
        ("Date,Close,Volume\n,,(000s)\n2016-01-04,8.0,100\n", 1000.0, False),
        ("Date,Close,Volume\n,,1000\n2016-01-04,8.0,100\n", 1.0, False),
        ("All prices in pence. Volumes in thousands\nDate,Close,Volume\n2016-01-04,8.0,100\n", 1000.0, False),
    ],
)
def test_the_unit_of_the_volume_is_found(content: str, factor: float, assumed: bool) -> None:
    found = inspected(content)
    assert found.volume_factor == factor
    assert ("volume in lots" in (found.assumed or "")) == assumed


@pytest.mark.parametrize(("amount", "ratio"), [("80", "0.1"), ("800000", "1000")])
def test_amounts_that_fit_no_lot_of_a_known_source_are_said(amount: str, ratio: str) -> None:
    found = inspected(f"Symbol,Date,Close,Volume,Turnover\nA,2016-01-04,8.0,100,{amount}\n")
    assert found.volume_factor == 1.0
    assert f"volume as it stands, though amounts are {ratio} times close × volume" in (found.assumed or "")


def test_a_comma_in_a_volume_or_a_text_is_no_decimal_comma_of_prices() -> None:
    assert inspected('Date,Close,Volume,Note\n2016-01-04,1,"1,50","a, b"\n').has_rows


@pytest.mark.parametrize("row", ['2016-01-04,1,"a', '2016-01-04,1,a"b', '2016-01-04,1,"a"b'])
def test_an_unbalanced_quote_refuses_the_file(row: str) -> None:
    assert "a quote does not close" in refusal(f"Date,Close,Note\n2016-01-04,1,ok\n{row}\n")


def test_single_rows_of_another_length_are_left_to_be_rejected() -> None:
    assert inspected("Date,Close\n2016-01-04,1,9\n2016-01-05\n2016-01-06,1\n").has_rows


def test_dates_that_fit_no_style_refuse_the_file() -> None:
    assert "dates fit no known style ('soon 1', 'soon 2')" in refusal("Date,Close\nsoon 1,1\nsoon 2,1\n")


@pytest.mark.parametrize("seed", range(30))
def test_noise_is_refused_or_read_but_never_breaks_the_inspection(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray((SOURCES / chance.choice(EXPECTED)["source"]).read_bytes())
    for _ in range(chance.randrange(1, 12)):
        content[chance.randrange(len(content))] = chance.choice(b'\x00\xff\xc3",;\r\n 019-/')
    try:
        inspected(bytes(content))
    except FileRefusedError as refused:
        assert len(str(refused)) <= 300
        assert str(refused).isprintable()
