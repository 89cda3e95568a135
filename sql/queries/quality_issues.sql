-- One row per kind of issue and symbol, with an example.
-- Parameters: none
SELECT quality_issue, symbol, count(*) AS days, min(trade_date) AS first_date, max(trade_date) AS last_date, max(source) AS example_source
FROM stocks_processed
WHERE quality_issue IS NOT NULL
GROUP BY quality_issue, symbol
ORDER BY quality_issue, symbol
