-- One row per symbol and month with fewer trading days than the month's fullest symbol: a hole in the data, or a listing.
-- Parameters: none
WITH months AS (
    SELECT symbol, year, month, trading_days, max(trading_days) OVER (PARTITION BY year, month) AS full_set
    FROM monthly_stock_reporting
)
SELECT year, month, symbol, trading_days, full_set, full_set - trading_days AS days_missing
FROM months
WHERE trading_days < full_set
ORDER BY year, month, symbol
