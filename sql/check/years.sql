-- One row per (symbol, year) of the check's own lake.
-- Parameters: none
SELECT symbol, year, trading_days, open_price, close_price, yearly_high, yearly_low, total_volume, max_drawdown_pct
FROM yearly_stock_reporting
