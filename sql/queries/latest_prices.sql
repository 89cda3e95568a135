-- One row per symbol: its last trade date, with what it closed at and how that compares with the day before.
-- Parameters: none
WITH days AS (
    SELECT
        symbol, trade_date, close, volume, daily_return_pct,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS days_back
    FROM stocks_daily
)
SELECT symbol, trade_date, close, daily_return_pct, volume
FROM days
WHERE days_back = 1
ORDER BY symbol
