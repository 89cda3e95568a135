-- One row per line that the engine reads of the files of a batch, with the file that it says the line is from.
-- Parameters: batch text
SELECT "$path" AS path, line
FROM stocks_staging_lines
WHERE batch = :batch
