-- One row per file of the batch, those without a data row included.
-- Parameters: parsed identifier, batch text
-- jumps counts the rows whose close is more than eight times the symbol's one before in the file, or less than an eighth, at most a
-- month apart; first_jump is the first of them. Adjusted closes are compared where both rows have one.
WITH changes AS (
    SELECT
        *,
        coalesce(
            adj_close / lag(adj_close) OVER (PARTITION BY source, symbol, outcome ORDER BY trade_date),
            close / lag(close) OVER (PARTITION BY source, symbol, outcome ORDER BY trade_date)
        ) AS change,
        lag(trade_date) OVER (PARTITION BY source, symbol, outcome ORDER BY trade_date) AS previous_date
    FROM :parsed
),
judged AS (
    SELECT
        *,
        outcome = 'candidate' AND (change > 8e0 OR change < 125e-3) AND trade_date <= date_add('day', 31, previous_date) AS is_jump
    FROM changes
)
SELECT
    s.source,
    count(p.outcome) AS rows,
    count_if(p.outcome = 'superseded') AS repeated,
    count_if(p.outcome = 'rejected') AS rejected,
    array_join(array_sort(array_agg(DISTINCT p.symbol) FILTER (WHERE p.outcome = 'candidate')), ',') AS symbols,
    min(p.trade_date) FILTER (WHERE p.outcome = 'candidate') AS first_date,
    max(p.trade_date) FILTER (WHERE p.outcome = 'candidate') AS last_date,
    array_join(array_sort(array_agg(DISTINCT p.year || '-' || p.month) FILTER (WHERE p.outcome = 'candidate')), ',') AS partitions,
    array_join(array_sort(array_agg(DISTINCT p.reason) FILTER (WHERE p.outcome = 'rejected')), '; ') AS reasons,
    count_if(p.is_jump) AS jumps,
    min(date_format(p.trade_date, '%Y-%m-%d') || ' ' || p.symbol) FILTER (WHERE p.is_jump) AS first_jump
FROM stocks_staging_sources s
LEFT JOIN judged p ON p.source = s.source
WHERE s.batch = :batch
GROUP BY s.source
