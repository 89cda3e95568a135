-- One row per (symbol, month) of the given years.
-- Parameters: table identifier, location text, years texts, years_read texts
-- years_read are the years and the ones before them. A previous day or month counts only when it lies in the same or the
-- previous calendar year, so that a year's report depends on two years of prices, whichever years are asked for. A return compares
-- adjusted closes where both sides have one, else closes: never one with the other.
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location,
    partitioned_by = ARRAY['year'],
    bucketed_by = ARRAY['symbol'],
    bucket_count = 1
) AS
WITH prices AS (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, daily_range, year, month,
        lag(adj_close) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_adj_close,
        lag(close) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_close,
        lag(year(trade_date)) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_year
    FROM stocks_processed
    WHERE year IN (:years_read)
),
days AS (
    SELECT
        *,
        CASE WHEN previous_year >= year(trade_date) - 1
            THEN coalesce(adj_close / previous_adj_close, close / previous_close) - 1e0
        END AS daily_return
    FROM prices
),
months AS (
    SELECT
        symbol, year, month,
        count(*) AS trading_days,
        min_by(open, trade_date) FILTER (WHERE open IS NOT NULL) AS open_price,
        max_by(close, trade_date) AS close_price,
        avg(close) AS avg_close_price,
        max(high) AS highest_price,
        min(low) AS lowest_price,
        sum(volume) AS total_volume,
        avg(daily_range) AS avg_daily_range,
        max_by(adj_close, trade_date) AS last_adj_close,
        stddev_samp(daily_return) AS volatility
    FROM days
    GROUP BY symbol, year, month
),
returns AS (
    SELECT
        *,
        lag(last_adj_close) OVER (PARTITION BY symbol ORDER BY year, month) AS previous_adj_close,
        lag(close_price) OVER (PARTITION BY symbol ORDER BY year, month) AS previous_close_price,
        lag(year) OVER (PARTITION BY symbol ORDER BY year, month) AS previous_year
    FROM months
)
SELECT
    symbol, month, trading_days, open_price, close_price, avg_close_price, highest_price, lowest_price, total_volume, avg_daily_range,
    CASE WHEN cast(previous_year AS integer) >= cast(year AS integer) - 1
        THEN (coalesce(last_adj_close / previous_adj_close, close_price / previous_close_price) - 1e0) * 100e0
    END AS return_pct,
    volatility,
    year
FROM returns
WHERE year IN (:years)
