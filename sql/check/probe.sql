-- One row per probe: a table made as a merge makes its own, for the check of an account.
-- Parameters: table identifier, location text
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location,
    partitioned_by = ARRAY['year'],
    bucketed_by = ARRAY['symbol'],
    bucket_count = 1
) AS
SELECT 'CHECK' AS symbol, '2016' AS year
