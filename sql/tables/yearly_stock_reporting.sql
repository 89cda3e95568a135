-- One row per (symbol, year) with trades.
-- Parameters: location text
CREATE EXTERNAL TABLE IF NOT EXISTS `yearly_stock_reporting` (
    `symbol` string COMMENT 'upper case',
    `trading_days` bigint COMMENT 'days with a price',
    `open_price` double COMMENT 'first open of the year that is known',
    `close_price` double COMMENT 'last close of the year',
    `avg_close_price` double COMMENT 'mean of the closes',
    `yearly_high` double COMMENT 'highest high',
    `yearly_low` double COMMENT 'lowest low',
    `total_volume` bigint COMMENT 'shares',
    `avg_daily_range` double COMMENT 'mean of high - low',
    `return_pct` double COMMENT 'percent, against the end of the previous year: adjusted closes where both have one, else closes',
    `volatility` double COMMENT 'sample standard deviation of the daily returns (0.01 is one percent)',
    `max_drawdown_pct` double COMMENT 'percent, at most 0: the deepest fall from a peak within the year, of the adjusted close where the whole year has it'
)
PARTITIONED BY (`year` string COMMENT '2016')
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
