-- One row per symbol and year, the deepest fall from a peak within the year first; the twenty deepest.
-- Parameters: none
SELECT symbol, year, max_drawdown_pct, return_pct, yearly_high, yearly_low
FROM yearly_stock_reporting
ORDER BY max_drawdown_pct, symbol, year
LIMIT 20
