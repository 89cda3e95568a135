"""What the names in a file's header mean.

`ALIASES` is the one table of them; reading another source's files takes one more line in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import FileRefusedError
from .text import shown


class Alias(NamedTuple):
    """A column name with a meaning; one of a higher rank counts only where the file has none of a lower."""

    meaning: str
    rank: int
    name: str
    source: str


# Only letters and digits tell names apart, not case, blanks or punctuation: `Adj Close**`, `adjClose` and
# `adj_close` are one name, and `<DATE>` is `Date`.
ALIASES = (
    Alias("symbol", 1, "Symbol", "NSE India, Alpaca, Kaggle sets"),
    Alias("symbol", 1, "Ticker", "Quandl WIKI, Stooq's <TICKER>, Polygon.io"),
    Alias("symbol", 1, "Ticker Symbol", "brokers"),
    Alias("symbol", 1, "Stock Symbol", "Kaggle, NYSE and NASDAQ daily prices"),
    Alias("symbol", 1, "act_symbol", "DoltHub stocks"),
    Alias("symbol", 1, "ts_code", "Tushare"),
    Alias("symbol", 1, "tic", "FinRL, Compustat"),
    Alias("symbol", 1, "TckrSymb", "NSE India's UDiFF bhavcopy"),
    Alias("symbol", 1, "RIC", "Refinitiv"),
    Alias("symbol", 1, "股票代码", "AKShare"),
    Alias("symbol", 2, "Code", "EODHD bulk, Tokyo's J-Quants"),
    Alias("symbol", 2, "Stock Code", "brokers"),
    Alias("symbol", 2, "Stock", "Kaggle sets"),
    Alias("symbol", 2, "Instrument", "Zerodha"),
    Alias("symbol", 2, "Scrip", "BSE India"),
    Alias("symbol", 3, "Name", "Kaggle, S&P 500 stock data"),
    Alias("symbol", 4, "Company", "Kaggle, massive Yahoo Finance dataset"),
    Alias("date", 1, "Date", "Yahoo, yfinance, Stooq, Nasdaq.com, Investing.com, Quandl WIKI, Tiingo"),
    Alias("date", 1, "Trade Date", "Tushare's trade_date, brokers"),
    Alias("date", 1, "Trading Date", "brokers"),
    Alias("date", 1, "Business Date", "NEPSE"),
    Alias("date", 1, "DTYYYYMMDD", "MetaStock's <DTYYYYMMDD>"),
    Alias("date", 1, "datadate", "Compustat"),
    Alias("date", 1, "TradDt", "NSE India's UDiFF bhavcopy"),
    Alias("date", 1, "日期", "AKShare"),
    Alias("date", 2, "Datetime", "yfinance's hourly and minute bars"),
    Alias("date", 2, "timestamp", "Alpha Vantage, Alpaca, NSE India's bhavcopy"),
    Alias("date", 2, "window_start", "Polygon.io's flat files, in nanoseconds"),
    Alias("date", 3, "Time", "Barchart; beside a date it is the time of day"),
    Alias("date", 3, "unix", "CryptoDataDownload, beside a date"),
    Alias("date", 3, "t", "Polygon.io's aggregates, in milliseconds"),
    Alias("date", 4, "Unnamed: 0", "pandas, an index written and read back"),
    Alias("open", 1, "Open", "Yahoo, yfinance, Stooq, Nasdaq.com, Investing.com, Quandl WIKI, Tiingo"),
    Alias("open", 1, "Open Price", "BSE India, NSE India"),
    Alias("open", 1, "Opening Price", "brokers"),
    Alias("open", 1, "1. open", "Alpha Vantage's JSON through pandas"),
    Alias("open", 1, "PX_OPEN", "Bloomberg"),
    Alias("open", 1, "prcod", "Compustat"),
    Alias("open", 1, "OpnPric", "NSE India's UDiFF bhavcopy"),
    Alias("open", 1, "开盘", "AKShare"),
    Alias("open", 2, "o", "Polygon.io's aggregates"),
    Alias("high", 1, "High", "as Open"),
    Alias("high", 1, "High Price", "BSE India, NSE India"),
    Alias("high", 1, "2. high", "Alpha Vantage's JSON through pandas"),
    Alias("high", 1, "PX_HIGH", "Bloomberg"),
    Alias("high", 1, "prchd", "Compustat"),
    Alias("high", 1, "HghPric", "NSE India's UDiFF bhavcopy"),
    Alias("high", 1, "最高", "AKShare"),
    Alias("high", 2, "h", "Polygon.io's aggregates"),
    Alias("low", 1, "Low", "as Open"),
    Alias("low", 1, "Low Price", "BSE India, NSE India"),
    Alias("low", 1, "3. low", "Alpha Vantage's JSON through pandas"),
    Alias("low", 1, "PX_LOW", "Bloomberg"),
    Alias("low", 1, "prcld", "Compustat"),
    Alias("low", 1, "LwPric", "NSE India's UDiFF bhavcopy"),
    Alias("low", 1, "最低", "AKShare"),
    Alias("low", 2, "l", "Polygon.io's aggregates"),
    Alias("close", 1, "Close", "Yahoo's Close*, yfinance, Stooq, Alpha Vantage, Quandl WIKI, Tiingo"),
    Alias("close", 1, "Close/Last", "Nasdaq.com"),
    Alias("close", 1, "Close Price", "BSE India, NSE India"),
    Alias("close", 1, "Closing Price", "brokers"),
    Alias("close", 1, "4. close", "Alpha Vantage's JSON through pandas"),
    Alias("close", 1, "PX_LAST", "Bloomberg"),
    Alias("close", 1, "prccd", "Compustat"),
    Alias("close", 1, "ClsPric", "NSE India's UDiFF bhavcopy"),
    Alias("close", 1, "收盘", "AKShare"),
    Alias("close", 2, "Price", "Investing.com, where it is the close"),
    Alias("close", 2, "Last", "Barchart, older; beside a close it is the last trade"),
    Alias("close", 2, "Latest", "Barchart"),
    Alias("close", 2, "Last Price", "NSE India; beside a close it is the last trade"),
    Alias("close", 2, "c", "Polygon.io's aggregates"),
    Alias("adj_close", 1, "Adj Close", "Yahoo, yfinance, Quandl's Adj. Close, Tiingo's adjClose"),
    Alias("adj_close", 1, "Adjusted Close", "Alpha Vantage's adjusted_close, EODHD"),
    Alias("adj_close", 1, "5. adjusted close", "Alpha Vantage's JSON through pandas"),
    Alias("adj_close", 1, "adjcp", "FinRL"),
    Alias("volume", 1, "Volume", "Yahoo, yfinance, Nasdaq.com, Alpha Vantage, Quandl WIKI, Tiingo"),
    Alias("volume", 1, "Vol.", "Investing.com, Stooq's <VOL>, Tushare"),
    Alias("volume", 1, "5. volume", "Alpha Vantage's JSON through pandas"),
    Alias("volume", 1, "6. volume", "Alpha Vantage's adjusted JSON through pandas"),
    Alias("volume", 1, "PX_VOLUME", "Bloomberg"),
    Alias("volume", 1, "cshtrd", "Compustat"),
    Alias("volume", 1, "No.of Shares", "BSE India"),
    Alias("volume", 1, "Shares Traded", "NSE India's indices"),
    Alias("volume", 1, "Total Traded Quantity", "NSE India"),
    Alias("volume", 1, "TOTTRDQTY", "NSE India's bhavcopy"),
    Alias("volume", 1, "TtlTradgVol", "NSE India's UDiFF bhavcopy"),
    Alias("volume", 1, "成交量", "AKShare"),
    Alias("volume", 2, "v", "Polygon.io's aggregates"),
)

REQUIRED = ("date", "close")
PRICES = ("open", "high", "low", "close", "adj_close")

_INDEX = Alias("date", 4, "", "pandas and R write an index without a name as the first column")


def letters(name: str) -> str:
    """What counts of a column name: its letters and digits, in lower case."""
    return re.sub(r"[\W_]+", "", name.lower())


_BY_LETTERS = {letters(alias.name): alias for alias in ALIASES}


def meanings(names: Sequence[str]) -> set[str]:
    """What the names mean, those without a meaning aside."""
    return {alias.meaning for alias in map(_BY_LETTERS.get, map(letters, names)) if alias}


def bind(names: Sequence[str]) -> dict[str, int]:
    """The 1-based position of each meaning that the header names have; unknown names are left out.

    Raises FileRefusedError, naming the columns, when two have one meaning and neither has precedence.
    """
    claims: dict[str, list[tuple[int, int]]] = {}
    for position, name in enumerate(names, start=1):
        alias = _INDEX if position == 1 and not name else _BY_LETTERS.get(letters(name))
        if alias:
            claims.setdefault(alias.meaning, []).append((alias.rank, position))
    bound = {}
    for meaning, ranked in claims.items():
        (rank, position), *others = sorted(ranked)
        if others and others[0][0] == rank:
            rivals = f"{shown(names[position - 1], 30)} and {shown(names[others[0][1] - 1], 30)}"
            raise FileRefusedError(f"two columns mean {meaning}, {rivals}: rename or remove the wrong one")
        bound[meaning] = position
    return bound
