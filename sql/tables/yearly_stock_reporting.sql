-- One row per (symbol, year) with trades.
-- Parameters: location text
CREATE EXTERNAL TABLE IF NOT EXISTS `yearly_stock_reporting` (
    `symbol` string,
    `trading_days` bigint,
    `open_price` double COMMENT 'first open of the year that is known',
    `close_price` double COMMENT 'last close of the year',
    `avg_close_price` double,
    `yearly_high` double,
    `yearly_low` double,
    `total_volume` bigint COMMENT 'shares',
    `avg_daily_range` double,
    `return_pct` double COMMENT 'percent, against the end of the previous year: adjusted closes where both have one, else closes',
    `volatility` double COMMENT 'sample standard deviation of the daily returns (0.01 is one percent)',
    `max_drawdown_pct` double COMMENT 'percent, at most 0: the deepest fall from a peak within the year, of the adjusted close where the whole year has it'
)
PARTITIONED BY (`year` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
