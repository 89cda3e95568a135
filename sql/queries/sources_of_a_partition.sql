-- One row per file that rows of the partition are from, with the file's latest load.
-- Parameters: none
SELECT
    p.source,
    count(*) AS rows_in_partition,
    min(p.trade_date) AS first_date,
    max(p.trade_date) AS last_date,
    max(h.loaded_at) AS loaded_at,
    max(h.accepted) AS rows_accepted_of_file
FROM stocks_processed p
LEFT JOIN stocks_load_history h ON h.source = p.source AND h.is_latest
WHERE p.year = '2012' AND p.month = '03'
GROUP BY p.source
ORDER BY p.source
