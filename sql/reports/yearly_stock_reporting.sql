-- One row per (symbol, year) of the given years.
-- Parameters: table identifier, location text, years texts, years_read texts
-- years_read are the years and the ones before them; see monthly_stock_reporting.sql.
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
        symbol, trade_date, open, high, low, close, volume, daily_range, year,
        coalesce(adj_close, close) AS price,
        lag(coalesce(adj_close, close)) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_price,
        lag(year(trade_date)) OVER (PARTITION BY symbol ORDER BY trade_date) AS previous_year,
        max(coalesce(adj_close, close)) OVER (PARTITION BY symbol, year ORDER BY trade_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS peak
    FROM stocks_processed
    WHERE year IN (:years_read)
),
days AS (
    SELECT *, CASE WHEN previous_year >= year(trade_date) - 1 THEN price / previous_price - 1e0 END AS daily_return
    FROM prices
),
years AS (
    SELECT
        symbol, year,
        count(*) AS trading_days,
        min_by(open, trade_date) FILTER (WHERE open IS NOT NULL) AS open_price,
        max_by(close, trade_date) AS close_price,
        avg(close) AS avg_close_price,
        max(high) AS yearly_high,
        min(low) AS yearly_low,
        sum(volume) AS total_volume,
        avg(daily_range) AS avg_daily_range,
        max_by(price, trade_date) AS last_price,
        stddev_samp(daily_return) AS volatility,
        min(price / peak - 1e0) * 100e0 AS max_drawdown_pct
    FROM days
    GROUP BY symbol, year
),
returns AS (
    SELECT
        *,
        lag(last_price) OVER (PARTITION BY symbol ORDER BY year) AS previous_price,
        lag(year) OVER (PARTITION BY symbol ORDER BY year) AS previous_year
    FROM years
)
SELECT
    symbol, trading_days, open_price, close_price, avg_close_price, yearly_high, yearly_low, total_volume, avg_daily_range,
    CASE WHEN cast(previous_year AS integer) >= cast(year AS integer) - 1
        THEN (last_price / previous_price - 1e0) * 100e0
    END AS return_pct,
    volatility,
    max_drawdown_pct,
    year
FROM returns
WHERE year IN (:years)
