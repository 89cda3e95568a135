"""What `python -m tests.local_aws run` prints of a lake, in terminals of different widths."""

from __future__ import annotations

import io
import string
from collections.abc import Iterator

import pytest
from rich.console import Console

from tests.lakes import opened
from tests.local_aws.account import EngineName, LocalAccount
from tests.local_aws.report import FILES, VIEWS, print_tables

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROWS = "2016-01-04,10,12,9,11,11,100\n2016-01-05,11,13,10,12,12,200\n"
LONG_NAME = "symbol=GOOGL/prices of the first week of 2016 as the web site of a broker names its downloads.csv"
LONG_ROW = "2016-01-06,1,2,1,1,1,1" + ",1" * 40
REFUSED = "Date,Open,High,Low,Volume\n2016-01-04,10,12,9,100\n"


pytestmark = pytest.mark.on_trino(False)


@pytest.fixture(scope="module")
def broad_lake(engine: EngineName) -> Iterator[LocalAccount]:
    """A lake with a key, a rejected row, a refusal and a list of symbols that are longer than a terminal is wide."""
    symbols = "".join(f"{letter * 4},2016-01-04,1,2,1,2,2,1\n" for letter in string.ascii_uppercase)
    long = HEADER + ROWS + LONG_ROW + "\n"
    with opened(engine) as lake:
        lake.drop_in_one_event({LONG_NAME: long, "symbols.csv": "Symbol," + HEADER + symbols, "refused.csv": REFUSED})
        yield lake.account


def test_a_terminal_goes_without_columns_rather_than_cut_cells(broad_lake: LocalAccount) -> None:
    views = (FILES, *VIEWS)
    key = f"raw/stocks/{LONG_NAME}".replace(" ", "")
    headers = {}
    for width in (20, 80, 160, 250):
        printed = _printed(broad_lake, width)
        tables = _tables(printed)
        headers[width] = [table[0].split() for table in tables]
        for header, view in zip(headers[width], views, strict=True):
            assert header == [name for name in view.columns.split() if name in header or name not in view.spare.split()]
            assert all(name in printed for name in view.columns.split()), "named below the table, if not shown in it"
        assert key in _first_column(tables[0]) and key in _first_column(tables[1])
        assert [line.split()[:3] for line in tables[2][2:4]] == [["AAAA", "2016", "01"], ["BBBB", "2016", "01"]]
        assert width == 20 or max(len(line) for table in tables for line in table) <= width
    assert headers[250] == [view.columns.split() for view in views]
    files, _, monthly, yearly = headers[80]
    assert files == ["source", "status", "rows", "accepted", "rejected"]
    assert monthly == ["symbol", "year", "month", "trading_days", "close_price", "return_pct", "volatility"]
    assert yearly == ["symbol", "year", "close_price", "return_pct", "volatility", "max_drawdown_pct"]


def test_long_records_and_lists_of_symbols_are_cut_with_the_query_that_shows_them(broad_lake: LocalAccount) -> None:
    text = _printed(broad_lake, 250)
    assert LONG_ROW not in text and LONG_ROW[:59] + "…" in text
    assert 'record beyond 60 characters. All of them: --query "SELECT * FROM stocks_rejected' in text
    assert 'symbols beyond 60 characters. All of them: --query "SELECT * FROM stocks_loads' in text


def test_a_refusal_is_printed_whole_with_its_remedy(broad_lake: LocalAccount) -> None:
    (load,) = broad_lake.query("SELECT reason FROM stocks_loads WHERE status = 'refused'")
    assert len(load["reason"] or "") > 80
    assert f"  raw/stocks/refused.csv (refused): {load['reason']}\n" in _printed(broad_lake, 80)
    assert f"  raw/stocks/{LONG_NAME} (loaded): more fields than the header\n" in _printed(broad_lake, 80)


def _printed(account: LocalAccount, width: int) -> str:
    output = io.StringIO()
    print_tables(account, Console(width=width, file=output))
    return output.getvalue()


def _tables(printed: str) -> list[list[str]]:
    """The lines of each table: its header, a rule, its rows."""
    return [block.splitlines() for block in printed.split("\n\n") if "───" in block]


def _first_column(table: list[str]) -> str:
    """Its cells, one after the other, without the blanks at which they may be folded."""
    end = table[0].index(table[0].split()[1])
    return "".join(line[:end] for line in table).replace(" ", "")
