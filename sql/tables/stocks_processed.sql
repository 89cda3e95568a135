-- One row per (symbol, trade_date): the newest source's prices.
-- Parameters: location text
-- A partition is the one Parquet file that its manifest names.
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_processed` (
    `symbol` string COMMENT 'upper case',
    `trade_date` date COMMENT 'the market day',
    `open` double COMMENT 'first price of the day, in the currency of the source; null where unknown',
    `high` double COMMENT 'highest price; null where unknown',
    `low` double COMMENT 'lowest price; null where unknown',
    `close` double COMMENT 'last price of the day, above zero',
    `adj_close` double COMMENT 'close adjusted for splits and dividends, where the source gives it',
    `volume` bigint COMMENT 'shares',
    `daily_change` double COMMENT 'close - open',
    `daily_range` double COMMENT 'high - low',
    `quality_issue` string COMMENT 'what is odd about the row, or null',
    `source` string COMMENT 's3:// path of the file that the row is from',
    `source_modified` timestamp COMMENT 'UTC',
    `loaded_at` timestamp COMMENT 'UTC'
)
PARTITIONED BY (`year` string COMMENT 'of trade_date, 2016', `month` string COMMENT 'of trade_date, 01 to 12')
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
