-- One row per (symbol, trade_date) of the given partitions: what they hold, less the batch's files, plus the batch's rows.
-- Parameters: table identifier, location text, parsed identifier, batch text, files number, candidates number, years texts, partitions texts, loaded_at timestamp
-- The newest source wins a day that several have. years is there since Glue prunes by it; partitions are year-month. files and
-- candidates are how many files and rows the batch has: the statement fails where it reads fewer, since Athena takes files that
-- are gone for a table without rows.
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location,
    partitioned_by = ARRAY['year', 'month'],
    bucketed_by = ARRAY['symbol'],
    bucket_count = 1
) AS
WITH staged AS (
    SELECT source, cast(kept_loaded_at AS timestamp(3)) AS kept_loaded_at
    FROM stocks_staging_sources
    WHERE batch = :batch
),
kept AS (
    -- Rows of other files, and those of a refused file that its last committed load gave.
    SELECT p.*
    FROM stocks_processed p
    LEFT JOIN staged s ON s.source = p.source
    WHERE p.year IN (:years)
        AND p.year || '-' || p.month IN (:partitions)
        AND (s.source IS NULL OR s.kept_loaded_at = p.loaded_at)
),
incomplete AS (
    -- A row only where files or rows of the batch are gone.
    SELECT f.files, c.candidates
    FROM (SELECT count(*) AS files FROM staged) f
    CROSS JOIN (SELECT count(*) AS candidates FROM :parsed WHERE outcome = 'candidate') c
    WHERE f.files <> :files OR c.candidates <> :candidates
),
contenders AS (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, daily_change, daily_range, quality_issue,
        source, source_modified, loaded_at, year, month
    FROM kept
    UNION ALL
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, close - open, high - low, quality_issue,
        source, source_modified, :loaded_at, year, month
    FROM :parsed
    WHERE outcome = 'candidate'
        AND year || '-' || month IN (:partitions)
    UNION ALL
    -- Divides by zero, which fails the statement. The other columns are NULLs of the right types.
    SELECT
        n.symbol, n.trade_date, n.open, n.high, n.low, n.close, n.adj_close, n.volume, n.open, n.open, n.quality_issue,
        n.source, n.source_modified, n.source_modified, n.year, CASE WHEN 1 / (i.files - i.files) = 1 THEN n.month END
    FROM incomplete i
    LEFT JOIN :parsed n ON n.outcome = 'none'
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
