-- One row per file that was refused, or some of whose rows were rejected, by its latest load.
-- Parameters: none
SELECT source, status, rows, accepted, rejected, reason, loaded_at
FROM stocks_load_history
WHERE is_latest AND (status = 'refused' OR rejected > 0)
ORDER BY source
