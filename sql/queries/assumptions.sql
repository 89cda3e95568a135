-- One row per file whose latest load assumed something: what the file gave no evidence for.
-- Parameters: none
SELECT source, symbols, first_date, last_date, assumed
FROM stocks_load_history
WHERE is_latest AND assumed IS NOT NULL
ORDER BY source
