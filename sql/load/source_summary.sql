-- One row per file of the batch, those without a data row included.
-- Parameters: parsed identifier, batch text
SELECT
    s.source,
    count(p.outcome) AS rows,
    count_if(p.outcome = 'superseded') AS repeated,
    count_if(p.outcome = 'rejected') AS rejected,
    array_join(array_sort(array_agg(DISTINCT p.symbol) FILTER (WHERE p.outcome = 'candidate')), ',') AS symbols,
    min(p.trade_date) FILTER (WHERE p.outcome = 'candidate') AS first_date,
    max(p.trade_date) FILTER (WHERE p.outcome = 'candidate') AS last_date,
    array_join(array_sort(array_agg(DISTINCT p.year || '-' || p.month) FILTER (WHERE p.outcome = 'candidate')), ',') AS partitions,
    array_join(array_sort(array_agg(DISTINCT p.reason) FILTER (WHERE p.outcome = 'rejected')), '; ') AS reasons
FROM stocks_staging_sources s
LEFT JOIN :parsed p ON p.source = s.source
WHERE s.batch = :batch
GROUP BY s.source
