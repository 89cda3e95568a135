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
        symbol, trade_date, open, high, low, close, adj_close, volume, daily_range, year,
        -- The fall from a peak is measured in adjusted closes where the whole year has them, else in closes.
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol, year) = count(*) OVER (PARTITION BY symbol, year)
            THEN adj_close ELSE close
        END AS level,
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
peaks AS (
    SELECT
        *,
        max(level) OVER (PARTITION BY symbol, year ORDER BY trade_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS peak
    FROM days
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
        max_by(adj_close, trade_date) AS last_adj_close,
        stddev_samp(daily_return) AS volatility,
        min(level / peak - 1e0) * 100e0 AS max_drawdown_pct
    FROM peaks
    GROUP BY symbol, year
),
returns AS (
    SELECT
        *,
        lag(last_adj_close) OVER (PARTITION BY symbol ORDER BY year) AS previous_adj_close,
        lag(close_price) OVER (PARTITION BY symbol ORDER BY year) AS previous_close_price,
        lag(year) OVER (PARTITION BY symbol ORDER BY year) AS previous_year
    FROM years
)
SELECT
    symbol, trading_days, open_price, close_price, avg_close_price, yearly_high, yearly_low, total_volume, avg_daily_range,
    CASE WHEN cast(previous_year AS integer) >= cast(year AS integer) - 1
        THEN (coalesce(last_adj_close / previous_adj_close, close_price / previous_close_price) - 1e0) * 100e0
    END AS return_pct,
    volatility,
    max_drawdown_pct,
    year
FROM returns
WHERE year IN (:years)
