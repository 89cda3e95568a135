-- One row per symbol and day among each symbol's three best and three worst days.
-- Parameters: none
WITH ranked AS (
    SELECT
        symbol, trade_date, daily_return_pct, close,
        row_number() OVER (PARTITION BY symbol ORDER BY daily_return_pct DESC, trade_date) AS best,
        row_number() OVER (PARTITION BY symbol ORDER BY daily_return_pct, trade_date) AS worst
    FROM stocks_daily
    WHERE daily_return_pct IS NOT NULL
)
SELECT symbol, CASE WHEN best <= 3 THEN 'best' ELSE 'worst' END AS kind, trade_date, daily_return_pct, close
FROM ranked
WHERE best <= 3 OR worst <= 3
ORDER BY symbol, daily_return_pct DESC, trade_date
