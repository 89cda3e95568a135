-- One row per (symbol, trade_date): the newest source's prices.
-- Parameters: location text
-- A partition is the one Parquet file that its manifest names.
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_processed` (
    `symbol` string,
    `trade_date` date,
    `open` double,
    `high` double,
    `low` double,
    `close` double,
    `adj_close` double COMMENT 'close adjusted for splits and dividends, where the source gives it',
    `volume` bigint COMMENT 'shares',
    `daily_change` double COMMENT 'close - open',
    `daily_range` double COMMENT 'high - low',
    `quality_issue` string COMMENT 'what is odd about the row, or null',
    `source` string COMMENT 's3:// path of the file that the row is from',
    `source_modified` timestamp COMMENT 'UTC',
    `loaded_at` timestamp COMMENT 'UTC'
)
PARTITIONED BY (`year` string, `month` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
