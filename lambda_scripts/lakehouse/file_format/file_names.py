"""What the names of files and folders say: the names that sources give their downloads, and words that are not symbols.

`DOWNLOADS` and `WORDS_BY_KIND` are tables of data: reading another source's names takes one more line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .aliases import CURRENCY_CODES

SYMBOL = r"[A-Za-z0-9^][A-Za-z0-9.&=^!$*+-]{0,14}"
"""What a symbol may look like in a file or folder name: AAPL, 005380.KS, BRK-B, ^GSPC, EURUSD=X, M&M."""


class Download(NamedTuple):
    """A source's way to name the file of one symbol, which is the group `symbol`; the name has no ending and no ` (1)`."""

    pattern: str
    source: str


_S = rf"(?P<symbol>{SYMBOL})"

DOWNLOADS = (
    Download(rf"[A-Z0-9]+(?:_DLY)?_{_S}, ?[0-9]*[A-Z]?(?:_[0-9a-f]+)?", "TradingView: NASDAQ_AAPL, 1D"),
    Download(r"Quote-Equity-(?P<symbol>[A-Z0-9&-]+?)-[A-Z0-9]{2}-\d\d-\d\d-\d{4}-to-\d\d-\d\d-\d{4}", "NSE India"),
    Download(r"\d\d-\d\d-\d{4}-TO-\d\d-\d\d-\d{4}(?P<symbol>[A-Z0-9&-]+?)(?:EQ|BE|ALL)N", "NSE India, older"),
    Download(rf"(?:Download Data - )?(?:STOCK|FUND|INDEX)_[A-Z]{{2}}_[A-Z]{{4}}_{_S}", "MarketWatch: STOCK_US_XNAS_AAPL"),
    Download(rf"{_S}_(?:us|uk|jp|de|hk|pl|hu|v)_[dwmqy]", "Stooq: aapl_us_d"),
    Download(rf"{_S}_[dwmqy]", "Stooq, Polish shares: pkn_d"),
    Download(rf"{_S}_HistoricalData(?:_\w+)?", "Nasdaq.com, renamed: AAPL_HistoricalData_5D"),
    Download(rf"(?i:(?:TIME_SERIES_)?(?:daily|weekly|monthly)(?:_adjusted)?)_{_S}", "Alpha Vantage: daily_adjusted_AAPL"),
    Download(rf"{_S} Historical Data", "Investing.com: AAPL Historical Data"),
    Download(
        rf"{_S} (?:Historische Daten|- Données Historiques|Datos históricos|Dati Storici|Dados Históricos|Geçmiş Verileri"
        "|과거 데이터|過去データ)",
        "Investing.com in other languages: PETR4 Dados Históricos",
    ),
    Download(rf"Dane historyczne dla {_S}", "Investing.com in Polish: Dane historyczne dla PKN"),
    Download(rf"{_S} history", "Yahoo Finance, saved pages"),
    Download(rf"MacroTrends_Data_Download_{_S}", "Macrotrends"),
    Download(rf"{_S}_(?:daily|price)[-_]histor\w*(?:-data)?(?:-\d\d-\d\d-\d{{4}})?", "Barchart: aapl_price-history-01-14-2016"),
    Download(rf"(?:Binance|Bitfinex|Bitstamp|Coinbase|Gemini|Kraken|Poloniex)_{_S}_(?:d|1d|daily)", "CryptoDataDownload"),
    Download(r"(?P<symbol>[A-Z0-9]+)-1d-\d{4}-\d\d(?:-\d\d)?", "Binance: BTCUSDT-1d-2016-01"),
    Download(
        r"(?P<symbol>[A-Z0-9]+)(?:\.[A-Z]{4,6})?_Candlestick_1_[DWM]_(?:BID|ASK)_\d\d\.\d\d\.\d{4}-\d\d\.\d\d\.\d{4}",
        "Dukascopy: AAPL.USUSD_Candlestick_1_D_BID_04.01.2016-13.01.2016",
    ),
    Download(r"(?P<symbol>[A-Za-z.#]+)_?(?:1440|Daily_\d+_\d+)", "MetaTrader: EURUSD1440"),
    Download(r"(?P<symbol>[A-Za-z.#]+)_D1", "MetaTrader: EURUSD_D1"),
    Download(r"(?P<symbol>[A-Za-z]{6}[a-z.#]*)D1", "MetaTrader, currencies: EURUSDD1; AMD1 may be a symbol"),
    Download(rf"(?:WIKI|EOD|FSE|NSE|BSE)[-_]{_S}", "Quandl: WIKI-AAPL, NSE-INFY"),
    Download(rf"{_S}_(?:full_)?1day(?:_\w+)?", "FirstRate Data: AAPL_full_1day_adjsplit"),
    Download(r"STOCK_DAY_(?P<symbol>\d{4,6}[A-Z]?)_\d{6}", "Taiwan's TWSE: STOCK_DAY_2330_201601"),
    Download(r"wkn_(?P<symbol>[A-Z0-9]{6})_historic", "ariva.de: wkn_710000_historic"),
)

WORDS_BY_KIND = {
    "frequencies and spans": """
        daily days weekly week monthly month months quarterly quarter yearly year years annual intraday hourly minute
        january february march april june july august september october november december monday tuesday wednesday thursday friday
        1d 1w 1m 1y 5d 5y 10y 5yr 1day 1440 d1 ytd tick ticks bars holiday holidays""",
    "kinds": """
        stocks share shares equity equities etf etfs etn fund funds index indices indexes future futures option options forex
        crypto cryptos currency currencies bond bonds commodity commodities security securities asset assets ticker tickers
        symbol symbols instrument instruments company companies portfolio watchlist holdings universe sector sectors technology
        energy financials healthcare utilities materials industrials telecom small largecap midcap smallcap bluechip delisted
        individual single""",
    "prices": """
        price prices pricing quote quotes ohlc ohlcv candle candles candlestick candlesticks adjusted unadjusted adj unadj raw
        qfq hfq cleaned split splits dividend dividends close closes closing eod sod volume volumes value values market markets
        marketdata""",
    "exports": """
        data dataset datasets table tables export exports exported download downloads downloaded file files history historic
        historical historicaldata historicalquotes historicalprices hist output outputs input inputs result results report
        reports sheet sheet1 book1 workbook parts chunk batch test train valid sample samples example examples demo temp tmp
        latest current recent today backup archive archives copy complete merged combined csv csvs txt xls xlsx excel json
        parquet gz zip import imports upload uploads untitled unnamed default query queryresult dump extract snapshot items misc
        desktop documents eof unload bquxjob dataframe spreadsheet kline klines charts timeseries series screener
        everything kopie copie copia planilha tabela feuil classeur mappe hoja libro foglio
        cartel arkusz zeszyt other others project source sources finance financial trading trade trades transaction transactions
        account statement dropbox onedrive gdrive""",
    "places, exchanges and sources": """
        us usa uk eu europe asia america world global international domestic foreign india china japan korea germany france spain
        italy poland canada brazil taiwan australia nasdaq nyse amex arca bats lse tse tsx asx nse bse hkex krx kospi kosdaq sse
        szse moex b3 euronext xetra otc sp500 snp500 nasdaq100 forbes yahoo yfinance stooq google investing tiingo polygon
        alphavantage quandl kaggle bloomberg reuters refinitiv tradingview marketwatch barchart macrotrends tushare akshare
        finmind jquants nsepy bhavcopy wsj iex eodhd coinmarketcap coingecko""",
    "the same in other languages": """
        kurse kurs historie historisch historische daten tabelle aktie aktien cours historique donnees actions precios historico
        datos acciones cotizaciones prezzi storico dati azioni dados acoes notowania dane akcje""",
}
WORDS = frozenset(word for words in WORDS_BY_KIND.values() for word in words.split())
"""Names of frequencies, kinds, spans, places, sources and exports: none of them is a symbol, in whatever case it stands."""

_ALONE = """
    a the of in to from and my for with by or d w m q y x v id no max min all main tech dow day open last new old tab bar book
    cap caps mid list info part page feed wiki sp active large clean final hour nifty sensex djia dax ftse russell stock
    ark blad taul munka pasta sayfa chart df bhav"""
_FILLERS = frozenset(_ALONE.split())
"""Words that are the symbols of companies too: a symbol only where one stands alone, in upper case."""

_INDICES = "nifty s&p sp dow dax mdax ftse russell stoxx eurostoxx csi asx cac nikkei topix ibex kospi nasdaq"
INDICES = frozenset(_INDICES.split())
"""Names that a number belongs to."""

_PARTS = re.compile(r"[\s_,.()+-]+")
_LONG_WORDS = sorted((word for word in WORDS if len(word) > 2), key=len, reverse=True)
_LONG_FILLERS = sorted((word for word in _FILLERS - INDICES if len(word) > 2), key=len, reverse=True)
_GLUED = re.compile(rf"(?:{'|'.join(_LONG_WORDS)}|[0-9]+)+|(?:{'|'.join((*_LONG_WORDS, *_LONG_FILLERS))}|[0-9]+){{2,}}")
"""Words one behind the other, and words with numbers: stockdata, book2."""
_YEAR_OR_DATE = re.compile(
    r"(?:19|20)\d\d"  # 2016
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?"  # 201601, 20160104
    r"|(?:19|20)\d\d[-.](?:0?[1-9]|1[0-2])(?:[-.](?:0?[1-9]|[12]\d|3[01]))?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-.](?:0?[1-9]|[12]\d|3[01])[-.](?:19|20)\d\d"
    r"|(?:19|20)\d\d[qh]\d|[qh]\d|fy(?:19|20)?\d\d"
    r"|(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)[-.]?(?:19|20)?\d\d"
)
_SYMBOL = re.compile(SYMBOL)
_NUMBERED = re.compile(r"[a-z]{2,5}[0-9]{1,3}")
_LONG_BARS = re.compile(
    r"(?:^|[\W_])(?:week(?:s|ly)?|month(?:s|ly)?|quarterly|yearly|annual)(?:$|[\W_])"
    r"|_[a-z]{2}_[wmqy]$"  # Stooq: aapl_us_w
    r"|, ?(?:[0-9]*[WM]|[2-9]D|[1-9][0-9]+D)(?:_[0-9a-f]+)?$"  # TradingView: NASDAQ_AAPL, 1W
    r"|(?:[\W_]|^[a-z]{6})(?:W1|MN1?|10080|43200)$"  # MetaTrader: EURUSDW1; EMN is a share
    r"|_Candlestick_1_[WM]_"  # Dukascopy
    r"|-1(?:w|mo)-[0-9]{4}",  # Binance
    re.IGNORECASE,
)
_WORDS_END = re.compile(f"(?:-(?:{'|'.join((*_LONG_WORDS, *_LONG_FILLERS))}))+$", re.IGNORECASE)
_DATED_END = re.compile(r"(?:[-.](?:(?:19|20)\d{6}|(?:19|20)\d\d(?:-\d\d?){0,2}|\d\d?-\d\d?-(?:19|20)\d\d))+$")
_GLUED_YEAR = re.compile(r"([A-Za-z]+)(?:19|20)\d\d")
"""AAPL2016 is AAPL of a year, ESZ2016 a future: none tells which."""


def says_long_bars(stem: str) -> bool:
    """Whether a file's name says that its rows are bars of several days, of weeks, months or more."""
    return bool(_LONG_BARS.search(stem))


def is_word(name: str) -> bool:
    """Whether a name says a frequency, a kind, a year, a place or an export rather than a symbol."""
    parts = [part for part in _PARTS.split(name.lower()) if part]
    if not parts or _is_number(name):
        return True
    if len(parts) == 1:
        return _is_plain(parts[0]) or (parts[0] in _FILLERS and len(name) > 1 and not name.isupper())
    is_named = parts[0] in WORDS or (parts[0] in _FILLERS and len(parts[0]) > 2)
    return is_named or all(_is_plain(part) or part in _FILLERS or part.isdecimal() for part in parts)


def is_symbol(name: str) -> bool:
    """Whether a name can be a symbol and is not a word."""
    return bool(_SYMBOL.fullmatch(name)) and any(char.isalnum() for char in name) and not is_word(name)


def of_download(stem: str) -> str | None:
    """The symbol in a name that a source gave its download; None where it has no such form."""
    for download in DOWNLOADS:
        found = re.fullmatch(download.pattern, stem)
        if found and is_symbol(found["symbol"]):
            return found["symbol"]
    return None


def of_name(stem: str) -> str | None:
    """The symbol of `SYMBOL` or `SYMBOL_<years, dates, ids, words>`; None where nothing or more than one part can be it."""
    stem = _WORDS_END.sub("", _DATED_END.sub("", stem))
    first, *rest = [part for part in re.split(r"[_\s]+", stem) if part] or [""]
    first = _DATED_END.sub("", first)
    if (glued := _GLUED_YEAR.fullmatch(first)) and glued[1].lower() not in INDICES:
        return None
    if first.isdecimal() and "part" in map(str.lower, rest):  # 0000_part_00: what databases unload
        return None
    if not is_symbol(first) or (first.lower() in _FILLERS and any(part.isalpha() for part in rest)):
        return None
    # S&P 500 is another index than S&P 100: the number is part of its name.
    is_index = first.lower() in INDICES or " " in stem
    numbers = [part for part in rest if part.isdecimal() and not _YEAR_OR_DATE.fullmatch(part)]
    if first.upper() not in CURRENCY_CODES:  # AAPL_usd is in dollars, EUR_USD a pair
        rest = [part for part in rest if part.upper() not in CURRENCY_CODES]
    return first if not (is_index and numbers) and all(map(_says_nothing, rest)) else None


def _says_nothing(part: str) -> bool:
    """Whether a part behind a symbol is a year, a date, an id or a word, so that the symbol is the part before.

    A letter says something: BRK_B is another share than BRK_A. So do letters with a number: CHRIS-CME_ES1 is a future of CHRIS.
    """
    lower = part.lower().strip("()-+,")
    if _NUMBERED.fullmatch(lower) and not _is_plain(lower):
        return False
    if len(lower) == 1:
        return lower.isdecimal()
    return not lower or any(char.isdecimal() for char in lower) or lower in _FILLERS or is_word(lower)


def _is_plain(part: str) -> bool:
    return part in WORDS or bool(_YEAR_OR_DATE.fullmatch(part)) or bool(_GLUED.fullmatch(part) and not part.isdecimal())


def _is_number(name: str) -> bool:
    """Whether it is a year, a date or a number longer than a symbol's: exchanges of Asia number their shares in 4 to 6 digits."""
    digits = name.strip()
    return bool(_YEAR_OR_DATE.fullmatch(digits)) or (digits.isdecimal() and not 3 <= len(digits) <= 6)
