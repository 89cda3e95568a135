-- One row per file of a batch: how load/parsed_rows.sql has to read its lines, found from its first ones.
-- Parameters: location text
-- Positions (…_at) count a line's fields from 1; year_at, month_at and day_at count the pieces of a date.
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_staging_sources` (
    `source` string COMMENT 's3:// path of the file',
    `modified` string COMMENT 'UTC, as yyyy-MM-dd HH:mm:ss.SSS',
    `header` string COMMENT 'the header line as it stands; lines, where the header has several',
    `fields` int COMMENT 'fields of the header',
    `symbol` string COMMENT 'the symbol where the file has no column for it',
    `symbol_at` int COMMENT 'position of the symbol, from 1',
    `date_at` int COMMENT 'position of the date',
    `open_at` int COMMENT 'position of the open',
    `high_at` int COMMENT 'position of the high',
    `low_at` int COMMENT 'position of the low',
    `close_at` int COMMENT 'position of the close',
    `adj_close_at` int COMMENT 'position of the adjusted close',
    `volume_at` int COMMENT 'position of the volume',
    `date_shape` string COMMENT 'a date with # for each run of letters or digits: #-#-#',
    `year_at` int COMMENT 'which piece of a date is the year, from 1',
    `month_at` int COMMENT 'which piece is the month',
    `day_at` int COMMENT 'which piece is the day',
    `date_divisor` bigint COMMENT 'units a day where dates are Unix times',
    `kept_loaded_at` string COMMENT 'of a file that is not read: when those of its rows were loaded that stay; null for none',
    `header_names` string COMMENT 'the names of the columns in lower case, one a line',
    `delimiter` string COMMENT 'what separates fields',
    `decimal_marks` string COMMENT 'of open, high, low, close, adj_close and volume, a character each; ? where none is known',
    `volume_factor` double COMMENT 'shares in a unit of volume',
    `year_base` int COMMENT '0 where years stand in full, 1911 in Taiwan, 2000 in two digits',
    `day_shift` int COMMENT 'days from the day that a date says, in UTC, to the trade date',
    `exchange_at` int COMMENT 'position of the exchange, which becomes part of the symbol',
    `instrument_at` int COMMENT 'series, board or name, where several share a symbol',
    `main_instruments` string COMMENT 'those that are read, the main one first, each between commas',
    `evening_from` int COMMENT 'the hour from which on a quarter of an hour is the evening before the trade date, where all dates or none are so',
    `symbol_digits` int COMMENT 'digits of the codes that are symbols, where shorter ones have lost their zeros'
)
PARTITIONED BY (`batch` string COMMENT 'the batch that the file belongs to')
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
