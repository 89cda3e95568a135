-- One row per price of the check's own lake, with the data file that it was read from.
-- Parameters: none
SELECT
    source, symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range, quality_issue, year, month,
    "$path" AS data_file
FROM stocks_processed
