-- One row per symbol: where its last close stands between the highest and lowest close of its last 52 weeks (0 to 100).
-- Parameters: none
WITH days AS (
    SELECT symbol, trade_date, close, max(trade_date) OVER (PARTITION BY symbol) AS last_date
    FROM stocks_processed
),
ranges AS (
    SELECT symbol, max_by(close, trade_date) AS last_close, min(close) AS lowest, max(close) AS highest
    FROM days
    WHERE trade_date > date_add('day', -364, last_date)
    GROUP BY symbol
)
SELECT symbol, last_close, lowest, highest, (last_close - lowest) / nullif(highest - lowest, 0e0) * 100e0 AS place_pct
FROM ranges
ORDER BY symbol
