-- One row per (symbol, trade_date) of the given partitions: what they hold, less the batch's files, plus the batch's rows.
-- Parameters: table identifier, location text, parsed identifier, batch text, years texts, partitions texts, loaded_at timestamp
-- The newest source wins a day that several have. years is there since Glue prunes by it; partitions are year-month.
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location,
    partitioned_by = ARRAY['year', 'month'],
    bucketed_by = ARRAY['symbol'],
    bucket_count = 1
) AS
WITH contenders AS (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range, quality_issue,
        source, source_modified, loaded_at, year, month
    FROM stocks_processed
    WHERE year IN (:years)
        AND year || '-' || month IN (:partitions)
        AND source NOT IN (SELECT source FROM stocks_staging_sources WHERE batch = :batch)
    UNION ALL
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, close - open, high - low, quality_issue,
        source, source_modified, :loaded_at, year, month
    FROM :parsed
    WHERE outcome = 'candidate'
        AND year || '-' || month IN (:partitions)
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) AS place
    FROM contenders
)
SELECT
    symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range, quality_issue,
    source,
    cast(source_modified AS timestamp(3)) AS source_modified,
    cast(loaded_at AS timestamp(3)) AS loaded_at,
    year, month
FROM ranked
WHERE place = 1
