-- One row per file of the check's own lake: what its latest load came to.
-- Parameters: none
SELECT source, status, rows, accepted, superseded, rejected, symbols, first_date, last_date, reason
FROM stocks_load_history
WHERE is_latest
