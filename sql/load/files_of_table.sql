-- One row per data file of a table that a statement has just written, with its rows.
-- Parameters: table identifier
SELECT "$path" AS path, count(*) AS rows
FROM :table
GROUP BY "$path"
