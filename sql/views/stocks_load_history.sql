-- One row per file and load, typed; is_latest marks each file's latest. The counts are those of its time.
-- Parameters: none
-- Batch ids sort in the order of the loads; loaded_at is what a host's clock said. A row of stocks_loads can stand there twice
-- for a while after its object was compacted, hence DISTINCT.
-- is_latest: whether this is the file's latest load
CREATE OR REPLACE VIEW stocks_load_history AS
SELECT
    batch_id,
    source,
    cast(source_modified AS timestamp) AS source_modified,
    status,
    rows, accepted, superseded, rejected,
    symbols,
    cast(first_date AS date) AS first_date,
    cast(last_date AS date) AS last_date,
    reason,
    assumed,
    cast(loaded_at AS timestamp) AS loaded_at,
    row_number() OVER (PARTITION BY source ORDER BY batch_id DESC) = 1 AS is_latest
FROM (SELECT DISTINCT * FROM stocks_loads)
