-- One row per file of the batch with rows to merge: its rows now in stocks_processed, and those displaced by another file's.
-- Parameters: parsed identifier, years texts, partitions texts
SELECT
    p.source,
    count_if(m.source = p.source) AS accepted,
    count_if(m.source <> p.source) AS displaced
FROM :parsed p
JOIN stocks_processed m ON m.symbol = p.symbol AND m.trade_date = p.trade_date
WHERE p.outcome = 'candidate'
    AND m.year IN (:years)
    AND m.year || '-' || m.month IN (:partitions)
GROUP BY p.source
