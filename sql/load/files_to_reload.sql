-- One row per other file that may hold a (symbol, day) that the batch's files no longer provide.
-- Parameters: parsed identifier, batch text, years texts, partitions texts
-- Merging keeps the winner of a day only, so that the runner-up has to be loaded again to take its place.
SELECT DISTINCT h.source
FROM stocks_processed p
JOIN stocks_staging_sources s ON s.source = p.source
LEFT JOIN :parsed n ON n.source = p.source AND n.symbol = p.symbol AND n.trade_date = p.trade_date AND n.outcome = 'candidate'
JOIN stocks_load_history h ON h.first_date <= p.trade_date AND h.last_date >= p.trade_date
WHERE s.batch = :batch
    AND p.year IN (:years)
    AND p.year || '-' || p.month IN (:partitions)
    AND n.source IS NULL
    AND (s.kept_loaded_at IS NULL OR cast(s.kept_loaded_at AS timestamp(3)) <> p.loaded_at)
    AND h.is_latest
    AND strpos(',' || h.symbols || ',', ',' || p.symbol || ',') > 0
    AND h.source NOT IN (SELECT source FROM stocks_staging_sources WHERE batch = :batch)
