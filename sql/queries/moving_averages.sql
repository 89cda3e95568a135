-- One row per symbol and trade date of the year: the close with its averages over 50 and 200 trading days, once there are so many.
-- Parameters: none
WITH averages AS (
    SELECT
        symbol, trade_date, close, year,
        count(*) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 199 PRECEDING AND CURRENT ROW) AS days,
        avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 49 PRECEDING AND CURRENT ROW) AS average_50,
        avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 199 PRECEDING AND CURRENT ROW) AS average_200
    FROM stocks_processed
    WHERE year IN ('2011', '2012')
)
SELECT symbol, trade_date, close, CASE WHEN days >= 50 THEN average_50 END AS average_50, CASE WHEN days >= 200 THEN average_200 END AS average_200
FROM averages
WHERE year = '2012'
ORDER BY symbol, trade_date
