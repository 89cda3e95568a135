-- One row per line of a file that was not accepted, whole, with its reason.
-- Parameters: location text
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_rejected` (
    `batch_id` string,
    `source` string COMMENT 's3:// path of the file',
    `symbol` string COMMENT 'where it could be read',
    `record` string COMMENT 'the line as it stood',
    `reason` string,
    `loaded_at` timestamp COMMENT 'UTC'
)
STORED AS PARQUET
LOCATION :location
