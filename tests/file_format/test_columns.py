"""What column names mean."""

import pytest

from lambda_scripts.lakehouse.errors import FileRefusedError
from lambda_scripts.lakehouse.file_format import columns
from lambda_scripts.lakehouse.file_format.aliases import ALIASES, READ


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Date,Close", {"date": 1, "close": 2}),
        ("CLOSE,date", {"close": 1, "date": 2}),
        ("Date,Close,Adj Close", {"date": 1, "close": 2, "adj_close": 3}),
        ("Date,Close*,Adj Close**", {"date": 1, "close": 2, "adj_close": 3}),
        ("date,close,adjClose", {"date": 1, "close": 2, "adj_close": 3}),
        ("timestamp,close,adjusted_close", {"date": 1, "close": 2, "adj_close": 3}),
        ("<DATE>,<TIME>,<CLOSE>,<VOL>", {"date": 1, "close": 3, "volume": 4}),
        ("Date,Close/Last,Volume", {"date": 1, "close": 2, "volume": 3}),
        ("Date,Price,Vol.,Change %", {"date": 1, "close": 2, "volume": 3}),
        ("Date,Unknown,Close", {"date": 1, "close": 3}),
        (",Close", {"date": 1, "close": 2}),
        (",Date,Close", {"date": 2, "close": 3}),
        ("Close,,Volume", {"close": 1, "volume": 3}),
        ("Unnamed: 0,date,close", {"date": 2, "close": 3}),
        ("日期,收盘,%", {"date": 1, "close": 2}),
    ],
)
def test_names_are_bound_in_any_order_case_and_spelling(header: str, expected: dict[str, int]) -> None:
    assert columns.bind(header.split(",")).columns == expected


@pytest.mark.parametrize(
    ("header", "meaning", "position"),
    [
        ("Price,Close", "close", 2),
        ("Last,Close", "close", 2),
        ("Name,Symbol", "symbol", 2),
        ("Company,Name", "symbol", 2),
        ("Time,Date", "date", 2),
        ("unix,date", "date", 2),
        ("Name,Date", "symbol", 1),
    ],
)
def test_a_weaker_name_counts_only_where_no_stronger_one_is(header: str, meaning: str, position: int) -> None:
    assert columns.bind(header.split(",")).columns[meaning] == position


@pytest.mark.parametrize(
    ("header", "rivals"),
    [
        ("Date,Close,close", "two columns mean close, 'Close' and 'close'"),
        ("Date,Trade Date,Close", "two columns mean date, 'Date' and 'Trade Date'"),
        ("Symbol,Ticker,Date,Close", "two columns mean symbol, 'Symbol' and 'Ticker'"),
        ("Date,Price,Last", "two columns mean close, 'Price' and 'Last'"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_by_name(header: str, rivals: str) -> None:
    with pytest.raises(FileRefusedError, match=rivals):
        columns.bind(header.split(","))


def test_weaker_names_may_repeat_below_a_stronger_one() -> None:
    assert columns.bind(["Price", "Last", "Close"]).columns == {"close": 3}


def test_an_alias_stands_in_the_table_once_and_says_where_it_is_met() -> None:
    spellings = [columns.letters(alias.name) for alias in ALIASES]
    assert sorted(spellings) == sorted(set(spellings))
    assert all(spellings)
    assert all(alias.source for alias in ALIASES)


def test_every_meaning_that_is_read_is_a_field_of_the_format() -> None:
    meanings = {alias.meaning for alias in ALIASES}
    assert meanings - set(READ) == {
        "amount",
        "instrument",
        "contract",
        "currency",
        "market",
        "exchange",
        "period",
        "action",
        "quantity",
        "fee",
    }
    assert meanings > {*READ, *columns.PRICES, *columns.REQUIRED}


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Close (USD)", "close"),
        ("close_eur", "close"),
        ("Close (t-1)", None),
        ("Close (adjusted)", "adj_close"),
        ("split_adjusted_close", "adj_close"),
        ("Adj. Closing Price", "adj_close"),
        ("Adjustment Factor", None),
        ("Adj Open", None),
        ("Close Close price adjusted for splits.", "close"),
        ("Adj Close Adjusted close price adjusted for splits and dividends.", "adj_close"),
        ("Clôture", "close"),
        ("Schluß", "close"),
        ("NAJWYŻSZY", "high"),
        ("Volume ('000)", "volume"),
        ("成交量(手)", "volume"),
        ("Volume (barrels of oil)", None),
        ("거래량(천주)", "volume"),
        ("收盘价(元)", "close"),
        ("Price Close", "close"),
        ("Cours le plus haut", "high"),
        ("Preço de fechamento", "close"),
        ("Closing Index Value", "close"),
        ("Price Change", None),
        ("Cierre ajust.", "adj_close"),
        ("Schlusskurs (bereinigt)", "adj_close"),
        ("前复权收盘价", "adj_close"),
        ("수정종가", "adj_close"),
        ("Close ($)", "close"),
        ("Close %", None),
        ("Close (%)", None),
        ("Close +/-", None),
        ("Volume %", None),
        ("Volume ($)", None),
        ("Volumen (€)", None),
        ("Volume(₹)", None),
        ("Volume(€ m)", None),
        ("Close (unadjusted)", "close"),
        ("Price (not adjusted)", "close"),
        ("Close (raw, not adjusted)", "close"),
    ],
)
def test_a_name_means_the_same_with_a_unit_a_currency_or_a_footnote(name: str, meaning: str | None) -> None:
    found = columns.meaning_of(name)
    assert (found.alias.meaning if found else None) == meaning


@pytest.mark.parametrize(
    ("name", "factor"),
    [("Volume ('000)", 1000), ("Volume (shares)", 1), ("Volume (in lakhs)", 1e5), ("成交量(手)", 100), ("Volume", None)],
)
def test_a_unit_stands_in_the_name_of_a_volume(name: str, factor: float | None) -> None:
    assert columns.bind(["Date", "Close", name]).factor == factor


@pytest.mark.parametrize("header", ["Index,AAPL.Open,AAPL.High,AAPL.Close", "Date,Open_AAPL,High_AAPL,Close_AAPL"])
def test_a_symbol_that_all_names_share_is_the_file_s(header: str) -> None:
    binding = columns.bind(header.split(","))
    assert (binding.symbol, binding.columns) == ("AAPL", {"date": 1, "open": 2, "high": 3, "close": 4})


@pytest.mark.parametrize("header", ["Date,AAPL_Close,AAPL_Volume", "Date,Close BRK_B,Volume BRK_B"])
def test_two_names_are_enough_to_share_a_symbol(header: str) -> None:
    assert columns.bind(header.split(",")).symbol in ("AAPL", "BRK_B")


def test_an_x_that_r_puts_before_digits_is_no_part_of_a_symbol() -> None:
    assert columns.bind(["Index", "X005930.KS.Open", "X005930.KS.Close"]).symbol == "005930.KS"


def test_a_symbol_before_a_point_is_none_of_the_currencies() -> None:
    binding = columns.bind(["Index", "COP.Open", "COP.Close", "COP.Volume"])  # ConocoPhillips, by R's quantmod
    assert (binding.symbol, binding.columns["close"], binding.columns["volume"]) == ("COP", 3, 4)


@pytest.mark.parametrize(
    "header",
    ["Date,usd_Open,usd_High,usd_Close", "Date,EUR Open,EUR High,EUR Close", "Date,Open in USD,High in USD,Close in USD"],
)
def test_a_currency_that_all_names_share_is_no_symbol(header: str) -> None:
    binding = columns.bind(header.split(","))
    assert (binding.symbol, binding.columns) == (None, {"date": 1, "open": 2, "high": 3, "close": 4})


@pytest.mark.parametrize("affix", ["norm", "scaled", "lag1", "ret", "log", "pred", "HA", "Mkt", "Local", "Night", "fx"])
def test_what_was_made_of_prices_is_neither_a_price_nor_a_symbol(affix: str) -> None:
    for header in (f"Date,Open_{affix},High_{affix},Close_{affix}", f"Date,{affix}_Open,{affix}_High,{affix}_Close"):
        binding = columns.bind(header.split(","))
        assert (binding.symbol, binding.is_of_prices) == (None, False)


@pytest.mark.parametrize("header", ["Date,bid_open,bid_high,bid_low,bid_close", "Date,Adj Open,Adj High,Adj Low,Adj Close"])
def test_a_kind_of_price_that_all_names_share_is_no_symbol(header: str) -> None:
    binding = columns.bind(header.split(","))
    assert (binding.symbol, binding.is_of_prices) == (None, False)


def test_what_was_chosen_and_what_was_not_read_is_said() -> None:
    names = ["Date", "<FIRST>", "<OPEN>", "High", "Low", "Last", "Settle", "Prev Close", "Adj Open", "Change"]
    assert columns.bind(names).assumed == (
        "open is '<FIRST>', not '<OPEN>'",
        "close is 'Settle', not 'Last'",
        "columns not read: Prev Close, Adj Open",
    )


@pytest.mark.parametrize("other", ["Close (unadjusted)", "Price (not adjusted)"])
def test_an_unadjusted_close_is_no_adjusted_one_and_stands_behind_a_plain_close(other: str) -> None:
    binding = columns.bind(["Date", "Close", other])
    assert (binding.columns, binding.assumed) == ({"date": 1, "close": 2}, (f"close is 'Close', not '{other}'",))
    assert columns.bind(["Date", other, "Adj Close"]).columns == {"date": 1, "close": 2, "adj_close": 3}


def test_a_change_is_not_the_close_next_to_a_price() -> None:
    binding = columns.bind(["Date", "Price", "Close +/-"])
    assert (binding.columns["close"], binding.assumed) == (2, ("columns not read: Close +/-",))


def test_two_volumes_of_one_rank_leave_the_volume_out() -> None:
    binding = columns.bind(["Date", "Close", "Volume", "Vol."])
    assert "volume" not in binding.columns
    assert binding.assumed == ("volume not read: 'Volume' and 'Vol.' mean it",)


@pytest.mark.parametrize("header", ["Date,Symbol,Type,Close", "Date,Close,Shares", "Date,Action,High,Low,Close"])
def test_a_weak_name_next_to_a_close_is_no_transaction(header: str) -> None:
    columns.require_prices(header.split(","))


@pytest.mark.parametrize(
    "header",
    [
        "Exchange Date,Open,High,Low,Close,Volume",
        "date,stock_price_open,stock_price_high,stock_price_low,stock_price_close,stock_volume",
        "Trddt,Opnprc,Hiprc,Loprc,Clsprc,Dnshrtrd",
        "DlyCalDt,DlyOpen,DlyHigh,DlyLow,DlyClose,DlyVol",
        "Date,Daily Open,Daily High,Daily Low,Daily Close,Volume",
        "Date,Open (cents),High (cents),Low (cents),Close (cents),Volume",
    ],
)
def test_names_of_more_sources_are_known(header: str) -> None:
    binding = columns.bind(header.split(","))
    assert binding.columns == {"date": 1, "open": 2, "high": 3, "low": 4, "close": 5, "volume": 6}


@pytest.mark.parametrize(
    "header",
    [
        "Date,Action,Symbol,Price",
        "Date,Type,Price",
        "Date,Shares,Price",
        "Date,Symbol,Type,Quantity,Price",
        "Date,Qty,Price,Commission",
        "Date,Qty,Open Price,Close Price",
    ],
)
def test_transactions_are_told_from_prices(header: str) -> None:
    with pytest.raises(FileRefusedError, match="transactions, not daily prices"):
        columns.require_prices(header.split(","))
