-- One row per file of the batch that has rows in stocks_processed, with their number.
-- Parameters: batch text, years texts, partitions texts
SELECT source, count(*) AS accepted
FROM stocks_processed
WHERE year IN (:years)
    AND year || '-' || month IN (:partitions)
    AND source IN (SELECT source FROM stocks_staging_sources WHERE batch = :batch)
GROUP BY source
