-- One row per line of the raw files of a batch, exactly as the line stands; "$path" names the file.
-- Parameters: location text
-- A partition holds a manifest of up to 1,000 files of a batch, so that exactly those are read, whatever their column layout.
-- A line is split in load/parsed_rows.sql, which sees what a CSV SerDe would hide: missing and surplus fields, unbalanced
-- quotes, and the rejected line whole. A line can't contain '\n', so as delimiter and NULL marker it leaves every line whole.
CREATE EXTERNAL TABLE IF NOT EXISTS `stocks_staging_lines` (
    `line` string COMMENT 'the line as it stands'
)
PARTITIONED BY (`batch` string COMMENT 'the batch that the file belongs to')
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES ('field.delim' = '\n', 'serialization.null.format' = '\n')
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION :location
