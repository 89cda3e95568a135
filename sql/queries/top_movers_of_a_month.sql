-- One row per symbol that traded in the month, the largest gain first.
-- Parameters: none
SELECT symbol, return_pct, close_price, trading_days
FROM monthly_stock_reporting
WHERE year = '2012' AND month = '03'
ORDER BY return_pct DESC NULLS LAST, symbol
