-- One row per symbol and year, with its place among the year's symbols by return.
-- Parameters: none
SELECT
    year, symbol, return_pct,
    rank() OVER (PARTITION BY year ORDER BY return_pct DESC) AS place,
    volatility
FROM yearly_stock_reporting
WHERE return_pct IS NOT NULL
ORDER BY year, place, symbol
