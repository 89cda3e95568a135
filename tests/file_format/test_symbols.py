"""The symbol of a file that has no column for it."""

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format.symbols import from_key

FOLDER = "raw/stocks/"


@pytest.mark.parametrize(
    ("key", "symbol"),
    [
        ("AAPL.csv", "AAPL"),
        ("aapl.csv.gz", "AAPL"),
        ("AAPL", "AAPL"),
        ("STOCK_2016.csv", "STOCK"),
        ("STOCK_18_19.csv", "STOCK"),
        ("005380.KS_2024.csv", "005380.KS"),
        ("BRK.B.csv", "BRK.B"),
        ("^GSPC.csv", "^GSPC"),
        ("AAPL Historical Data.csv", "AAPL"),
        ("aapl.us.TXT", "AAPL.US"),
        ("AAPL/2016.csv", "AAPL"),
        ("aapl/2016/01.csv", "AAPL"),
        ("A/AAPL.csv", "AAPL"),
        ("BRK/BRK-B.csv", "BRK-B"),
        ("AAPL.csv/part-00000.csv", "AAPL"),
        ("AAPL-2016-01-04_2016-01-13.csv", "AAPL"),
        ("AAPL-20160104-20160113.csv", "AAPL"),
        ("AAPL.2016.csv", "AAPL"),
        ("AAPL_jan2016.csv", "AAPL"),
        ("AAPL-stock-price.csv", "AAPL"),
        ("NIFTY50.csv", "NIFTY50"),
        ("PETR4 Dados Históricos.csv", "PETR4"),
        ("PETR4 Dados Histo\u0301ricos.csv", "PETR4"),
        ("AAPL/AAPL_daily.csv", "AAPL"),
        ("symbol=AAPL/2016.csv", "AAPL"),
        ("symbol=BRK%2FB/2016.csv", "BRK/B"),
        ("year=2016/AAPL.csv", "AAPL"),
        ("year=2016/symbol=AAPL/prices.csv", "AAPL"),
        ("exports/symbol=AAPL/prices.csv", "AAPL"),
        ("year=2016/AAPL/prices.csv", "AAPL"),
    ],
)
def test_folder_or_file_name_give_the_symbol(key: str, symbol: str) -> None:
    assert from_key(FOLDER + key, FOLDER).symbol == symbol


@pytest.mark.parametrize(
    ("key", "symbol", "assumed"),
    [
        ("ibkr/AAPL.csv", "AAPL", "symbol from the file name"),
        ("dropbox/AAPL.csv", "AAPL", "symbol from the file name"),
        ("aapl/AAPL.csv", "AAPL", None),
        ("AAPL_usd.csv", "AAPL", "symbol from the file name"),
        ("NSE-INFY.csv", "INFY", None),
        ("AMD1.csv", "AMD1", "symbol from the file name"),
        ("HKD1.csv", "HKD1", "symbol from the file name"),
        ("AMD_D1.csv", "AMD", None),
        ("EURUSDD1.csv", "EURUSD", None),
        ("AMD1440.csv", "AMD", None),
        ("Gold Historical Data.csv", "GOLD", "symbol from the file name"),
        ("Apple history.csv", "APPLE", "symbol from the file name"),
        ("AAPL Historical Data.csv", "AAPL", None),
        ("aapl_us_d.csv", "AAPL", None),
        ("john/prices.csv", "JOHN", "symbol from the folder"),
        ("160104/prices.csv", "160104", "symbol from the folder"),
        ("aapl/2016.csv", "AAPL", "symbol from the folder"),
        ("aapl/aapl_daily.csv", "AAPL", None),
        ("AAPL/2016.csv", "AAPL", None),
        ("AAPL.csv/part-00000.csv", "AAPL", None),
        ("symbol=AAPL/2016.csv", "AAPL", None),
    ],
)
def test_a_symbol_that_only_one_name_says_is_said(key: str, symbol: str, assumed: str | None) -> None:
    assert from_key(FOLDER + key, FOLDER) == (symbol, assumed)


def test_the_default_stands_before_the_file_name_and_after_the_folder() -> None:
    assert from_key("raw/stocks/prices.csv", FOLDER, "aapl").symbol == "AAPL"
    assert from_key("raw/stocks/year=2016/prices.csv", FOLDER, "aapl").symbol == "AAPL"
    assert from_key("raw/stocks/MSFT/prices.csv", FOLDER, "aapl").symbol == "MSFT"


def test_folders_elsewhere_name_no_symbol() -> None:
    assert from_key("raw/AAPL.csv", FOLDER).symbol == "AAPL"
    assert from_key("raw/other/AAPL.csv", FOLDER).symbol == "AAPL"


OF_TOOLS = (
    "Book2.csv",
    "Blad1.csv",
    "stockdata.csv",
    "part1.csv",
    "df.csv",
    "bquxjob_1a2b.csv",
    "AAPL2016.csv",
    "Feuil1.csv",
    "Mappe1.csv",
    "0000_part_00.csv",
    "0001_part_00.csv",
    "CHRIS-CME_ES1.csv",
)


@pytest.mark.parametrize("key", ["IBM/MSFT.csv", "ibkr/aapl.csv", "GOOG/GOOGL.csv"])
def test_a_folder_and_a_name_that_differ_are_refused(key: str) -> None:
    with pytest.raises(FileRefusedError, match="say different symbols"):
        from_key(FOLDER + key, FOLDER)


# The number tells which index it is.
OF_INDICES = ("NIFTY_50.csv", "S&P 100.csv", "DAX_40_2016.csv")


@pytest.mark.parametrize(
    "name",
    [
        "_2016.csv",
        ".csv",
        " .csv",
        "HistoricalData_1700000000000.csv",
        "table.csv",
        "2016.csv",
        "BTC_USD.csv",
        "BRK_A.csv",
        "BRK_B.csv",
        *OF_TOOLS,
        *OF_INDICES,
    ],
)
def test_a_name_that_is_no_symbol_is_refused(name: str) -> None:
    with pytest.raises(FileRefusedError, match="no symbol column, and the file name '.*' does not name one"):
        from_key(FOLDER + name, FOLDER)
