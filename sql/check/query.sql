-- One row per check: something to run and to read the result of.
-- Parameters: none
SELECT 1 AS one
