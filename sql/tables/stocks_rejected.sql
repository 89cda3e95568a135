-- One row per rejected line of a file, whole, with its reason. (Superseded rows are not rejected; refused files have none.)
-- Parameters: location text
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_rejected` (
    `batch_id` string COMMENT 'the load that rejected it',
    `source` string COMMENT 's3:// path of the file',
    `symbol` string COMMENT 'where it could be read',
    `record` string COMMENT 'the line as it stood',
    `reason` string COMMENT 'why, in words',
    `loaded_at` timestamp COMMENT 'UTC'
)
STORED AS PARQUET
LOCATION :location
