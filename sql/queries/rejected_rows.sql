-- One row per line rejected by the latest load of its file, as it stood in the file.
-- Parameters: none
SELECT r.source, r.reason, r.record, r.loaded_at
FROM stocks_rejected r
JOIN stocks_load_history h ON h.batch_id = r.batch_id AND h.source = r.source
WHERE h.is_latest
ORDER BY r.source, r.reason, r.record
