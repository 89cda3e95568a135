-- One row per file and load: what became of its rows then. (A file loaded later may win a day from it, or give one back.)
-- Parameters: location text
-- A row can stand here twice for a while; the view stocks_load_history has it once. Times and dates are text here, so that nothing
-- depends on how a SerDe reads them; the view has them typed.
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_loads` (
    `batch_id` string COMMENT 'the load; later loads have greater ids',
    `source` string COMMENT 's3:// path of the file',
    `source_modified` string COMMENT 'UTC',
    `status` string COMMENT 'loaded, refused or removed',
    `rows` bigint COMMENT 'data rows of the file = accepted + superseded + rejected',
    `accepted` bigint COMMENT 'rows that stood in stocks_processed when the load ended',
    `superseded` bigint COMMENT 'rows repeated in the file, or given by a newer source too',
    `rejected` bigint COMMENT 'rows in stocks_rejected',
    `symbols` string COMMENT 'of the rows that could be read, separated by commas',
    `first_date` string COMMENT 'of the rows that could be read, yyyy-MM-dd',
    `last_date` string COMMENT 'yyyy-MM-dd',
    `reason` string COMMENT 'why the file was refused, why rows were rejected, which closes jump, and which other file has other values',
    `loaded_at` string COMMENT 'UTC',
    `assumed` string COMMENT 'what the file gave no evidence for and was assumed; null where nothing was'
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
