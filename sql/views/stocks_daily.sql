-- One row per (symbol, trade_date), with the return against the symbol's previous trade date.
-- Parameters: none
-- previous_trade_date: the symbol's trade date before this one, however long ago
-- daily_return_pct: percent, against the previous trade date: adjusted closes where both days have one, else closes
-- The previous trade date is however long ago; the reports leave out a return over more than a calendar year.
CREATE OR REPLACE VIEW stocks_daily AS
WITH prices AS (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range, quality_issue, year, month,
        lag(trade_date) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_trade_date,
        lag(adj_close) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_adj_close,
        lag(close) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_close
    FROM stocks_processed
)
SELECT
    symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range,
    previous_trade_date,
    -- Adjusted closes where both days have one, else closes: never one with the other.
    (coalesce(adj_close / previous_adj_close, close / previous_close) - 1e0) * 100e0 AS daily_return_pct,
    quality_issue, year, month
FROM prices
