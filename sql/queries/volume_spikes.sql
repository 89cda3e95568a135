-- One row per symbol and trade date with more than four times the average volume of the 20 trading days before.
-- Parameters: none
WITH days AS (
    SELECT
        symbol, trade_date, volume, close,
        avg(cast(volume AS double)) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING) AS usual_volume
    FROM stocks_processed
)
SELECT symbol, trade_date, volume, usual_volume, cast(volume AS double) / usual_volume AS times_usual
FROM days
WHERE cast(volume AS double) > 4e0 * usual_volume
ORDER BY times_usual DESC, symbol, trade_date
LIMIT 50
