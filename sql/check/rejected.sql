-- One row per rejected line of the check's own lake.
-- Parameters: none
SELECT source, record
FROM stocks_rejected
