-- One row per symbol: which dates are there, from how many files, and how many rows have something odd.
-- Parameters: none
SELECT
    symbol,
    min(trade_date) AS first_date,
    max(trade_date) AS last_date,
    count(*) AS trading_days,
    count(DISTINCT source) AS files,
    count_if(quality_issue IS NOT NULL) AS rows_with_issue
FROM stocks_processed
GROUP BY symbol
ORDER BY symbol
