-- One row per pair of files that give the same days otherwise, and what differs; at least one of the two is of the batch.
-- Parameters: parsed identifier, batch text, years texts, partitions texts
-- Closes differ by more than 3 percent, adjusted closes by more than half a percent (other dividends or splits are in them), volumes
-- tenfold. days are those of the symbols on most of whose days in common they do; factor is the median of the winner's value to the
-- other's: 0.5 is a split or another company, 100 a unit. stocks_processed is as it was before the merge.
WITH contenders AS (
    SELECT symbol, trade_date, close, adj_close, volume, source, source_modified
    FROM stocks_processed
    WHERE year IN (:years)
        AND year || '-' || month IN (:partitions)
        AND source NOT IN (SELECT source FROM stocks_staging_sources WHERE batch = :batch)
    UNION ALL
    SELECT symbol, trade_date, close, adj_close, volume, source, source_modified
    FROM :parsed
    WHERE outcome = 'candidate'
        AND year || '-' || month IN (:partitions)
),
ranked AS (
    SELECT
        symbol, source,
        first_value(source) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) AS winner,
        first_value(close) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) / close AS of_closes,
        first_value(adj_close) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC) / adj_close
            AS of_adjusted,
        first_value(volume) OVER (PARTITION BY symbol, trade_date ORDER BY source_modified DESC, source DESC)
            / cast(nullif(volume, 0) AS double) AS of_volumes
    FROM contenders
),
measured AS (
    SELECT
        winner, source AS loser, symbol, what,
        CASE what WHEN 'closes' THEN of_closes WHEN 'adjusted closes' THEN of_adjusted ELSE of_volumes END AS factor,
        CASE what WHEN 'closes' THEN 1.03e0 WHEN 'adjusted closes' THEN 1.005e0 ELSE 1e1 END AS tolerated
    FROM ranked
    CROSS JOIN UNNEST(ARRAY['closes', 'adjusted closes', 'volumes']) AS measures (what)
    WHERE source <> winner
),
compared AS (
    SELECT
        winner, loser, symbol, what,
        count(*) AS days,
        count_if(factor > tolerated OR factor * tolerated < 1e0) AS differing,
        element_at(array_agg(factor ORDER BY factor), count(*) / 2 + 1) AS factor
    FROM measured
    WHERE factor > 0e0
    GROUP BY winner, loser, symbol, what
)
SELECT
    winner, loser, what,
    sum(days) AS days,
    sum(differing) AS differing,
    element_at(array_agg(factor ORDER BY factor), count(*) / 2 + 1) AS factor
FROM compared
WHERE differing * 2 > days
GROUP BY winner, loser, what
ORDER BY winner, loser, what
