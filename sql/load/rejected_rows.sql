-- One row per rejected line of the batch, whole, with its reason.
-- Parameters: table identifier, location text, parsed identifier, batch text, loaded_at timestamp
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location,
    bucketed_by = ARRAY['source'],
    bucket_count = 1
) AS
SELECT
    :batch AS batch_id,
    source,
    symbol,
    record,
    reason,
    cast(:loaded_at AS timestamp(3)) AS loaded_at
FROM :parsed
WHERE outcome = 'rejected'
