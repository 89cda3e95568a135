-- One row per (symbol, month) with trades.
-- Parameters: location text
CREATE EXTERNAL TABLE IF NOT EXISTS `monthly_stock_reporting` (
    `symbol` string COMMENT 'upper case',
    `month` string COMMENT '01 to 12',
    `trading_days` bigint COMMENT 'days with a price',
    `open_price` double COMMENT 'first open of the month that is known',
    `close_price` double COMMENT 'last close of the month',
    `avg_close_price` double COMMENT 'mean of the closes',
    `highest_price` double COMMENT 'highest high',
    `lowest_price` double COMMENT 'lowest low',
    `total_volume` bigint COMMENT 'shares',
    `avg_daily_range` double COMMENT 'mean of high - low',
    `return_pct` double COMMENT 'percent, against the previous month with trades, if in this or the last year: adjusted closes where both have one, else closes',
    `volatility` double COMMENT 'sample standard deviation of the daily returns (0.01 is one percent)'
)
PARTITIONED BY (`year` string COMMENT '2016')
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
