-- One row per symbol and stretch of more than seven days without a trade date: a halt, or a file that is missing.
-- Parameters: none
SELECT symbol, previous_trade_date AS last_before, trade_date AS first_after, date_diff('day', previous_trade_date, trade_date) AS days
FROM stocks_daily
WHERE date_diff('day', previous_trade_date, trade_date) > 7
ORDER BY days DESC, symbol, trade_date
