-- One row per (symbol, month) of the check's own lake.
-- Parameters: none
SELECT symbol, year, month, trading_days, open_price, close_price, highest_price, lowest_price, total_volume, return_pct
FROM monthly_stock_reporting
