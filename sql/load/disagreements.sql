-- One row per pair of files that give the same days with different closes, at least one of the two being of the batch.
-- Parameters: parsed identifier, batch text, years texts, partitions texts
-- days are those of the symbols on most of whose days in common the closes differ by more than 3 percent; factor is the median of
-- the winner's close to the other's: 0.5 is a split or another company, 100 a unit. stocks_processed is as it was before the merge.
WITH contenders AS (
    SELECT symbol, trade_date, close, source, source_modified, 0 AS is_new
    FROM stocks_processed
    WHERE year IN (:years)
        AND year || '-' || month IN (:partitions)
        AND source NOT IN (SELECT source FROM stocks_staging_sources WHERE batch = :batch)
    UNION ALL
    SELECT symbol, trade_date, close, source, source_modified, 1
    FROM :parsed
    WHERE outcome = 'candidate'
        AND year || '-' || month IN (:partitions)
),
ranked AS (
    SELECT
        symbol, source, close, is_new,
        first_value(source) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) AS winner,
        first_value(close) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) AS winner_close,
        first_value(is_new) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) AS winner_is_new
    FROM contenders
),
compared AS (
    SELECT
        winner, source AS loser, symbol,
        count(*) AS days,
        count_if(abs(winner_close / close - 1e0) > 3e-2) AS differing,
        element_at(array_agg(winner_close / close ORDER BY winner_close / close), count(*) / 2 + 1) AS factor
    FROM ranked
    WHERE source <> winner
        AND is_new + winner_is_new > 0
    GROUP BY winner, source, symbol
)
SELECT
    winner, loser,
    sum(days) AS days,
    sum(differing) AS differing,
    element_at(array_agg(factor ORDER BY factor), count(*) / 2 + 1) AS factor
FROM compared
WHERE differing * 2 > days
GROUP BY winner, loser
