"""The oracle against numbers worked out by hand."""

from datetime import date, datetime, timezone

import pytest

from tests import oracle


def dropped(key: str, text: str, day: int = 1) -> oracle.RawFile:
    return oracle.RawFile(f"raw/stocks/{key}", text.encode(), datetime(2026, 1, day, tzinfo=timezone.utc))


HISTORY = """Date,Open,High,Low,Close,Adj Close,Volume
2015-12-31,99,101,98,100,50,10
2016-01-04,100,111,99,110,55,20
2016-01-05,110,112,98,99,49.5,30
2016-02-01,99,109,97,108.9,54.45,40
2018-01-02,10,10,10,10,,
"""


def test_reports_of_a_small_history() -> None:
    found = oracle.lake([dropped("AAPL.csv", HISTORY)], "lake")
    december, january, february, later = found.monthly
    assert (december["return_pct"], december["volatility"]) == (None, None)
    assert january == {
        "symbol": "AAPL",
        "year": "2016",
        "month": "01",
        "trading_days": 2,
        "open_price": 100,
        "close_price": 99,
        "avg_close_price": 104.5,
        "total_volume": 50,
        "avg_daily_range": 13,
        "return_pct": pytest.approx(-1),
        "volatility": pytest.approx(0.2 / 2**0.5),
        "highest_price": 112,
        "lowest_price": 98,
    }
    assert february["return_pct"] == pytest.approx(10)
    assert february["volatility"] is None
    assert (later["return_pct"], later["total_volume"]) == (None, None)
    assert [report["return_pct"] for report in found.yearly] == [None, pytest.approx(8.9), None]
    assert [report["max_drawdown_pct"] for report in found.yearly] == [0, pytest.approx(-10), 0]


def test_each_row_is_accepted_superseded_or_rejected() -> None:
    found = oracle.lake(
        [
            dropped("A_old.csv", "Date,Close\n04-01-2016,1\n13-01-2016,2\n", day=1),
            dropped("A_new.csv", "Date,Close,Volume\n2016-01-13,3,1\n2016-01-14,0,1\n2016-01-15,1,1.5\nsoon,1,1\n", day=2),
            dropped("b.csv", "Ticker,Date,Close\nb,2016-01-04,1\nb,2016-01-04,1\nb,2016-01-05,1\nb,2016-01-05,2\n"),
        ],
        "lake",
    )
    assert [(row["symbol"], row["trade_date"], row["close"]) for row in found.processed] == [
        ("A", date(2016, 1, 4), 1),
        ("A", date(2016, 1, 13), 3),
        ("B", date(2016, 1, 4), 1),
    ]
    assert found.outcomes == {
        "raw/stocks/A_old.csv": (2, 1, 1, 0),
        "raw/stocks/A_new.csv": (4, 1, 0, 3),
        "raw/stocks/b.csv": (4, 1, 1, 2),
    }


def test_a_file_dropped_again_replaces_its_rows() -> None:
    files = [dropped("A.csv", "Date,Close\n2016-01-04,1\n2016-01-05,1\n"), dropped("A.csv", "Date,Close\n2016-01-04,2\n", day=2)]
    assert [row["close"] for row in oracle.lake(files, "lake").processed] == [2]
