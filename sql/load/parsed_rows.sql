-- One row per data line of the batch's files: its values, or the reason why it is rejected.
-- Parameters: table identifier, location text, batch text, parts texts, latest_date date
-- outcome is candidate (offered to the merge), superseded (an equal row stands before it in the file) or rejected.
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location
) AS
WITH lines AS (
    -- A reader may leave a byte order mark at the start of a file.
    SELECT "$path" AS path, replace(line, chr(65279), '') AS line
    FROM stocks_staging_lines
    WHERE batch IN (:parts)
),
records AS (
    -- Blank lines and the header's lines are no data rows.
    SELECT
        s.source, s.modified, s.fields, s.symbol AS file_symbol,
        s.symbol_at, s.date_at, s.open_at, s.high_at, s.low_at, s.close_at, s.adj_close_at, s.volume_at,
        s.date_shape, s.year_at, s.month_at, s.day_at, s.date_divisor,
        l.line AS record,
        regexp_extract_all(',' || l.line, ',(?: *"(?:[^"]|"")*" *|[^",]*)') AS raw_cells
    FROM lines l
    JOIN stocks_staging_sources s ON s.source = l.path
    WHERE s.batch = :batch
        AND regexp_like(l.line, '\S')
        AND strpos(chr(10) || s.header || chr(10), chr(10) || l.line || chr(10)) = 0
),
unsafe_files AS (
    -- A quoted line break can't be told from a stray quote: either makes the whole file unsafe to read. Found by a read of its
    -- own, since a window over a file would hold the whole of it in one worker's memory.
    SELECT DISTINCT path
    FROM lines
    WHERE strpos(line, '"') > 0
        AND array_join(regexp_extract_all(',' || line, ',(?: *"(?:[^"]|"")*" *|[^",]*)'), '') <> ',' || line
),
cells AS (
    SELECT
        r.*,
        -- A no-break space is a blank here: tables copied from a page have them.
        transform(raw_cells, cell -> regexp_replace(replace(cell, chr(160), ' '), '^,\s*"?\s*|\s*"?\s*$', '')) AS cells,
        u.path IS NOT NULL AS quotes_unbalanced
    FROM records r
    LEFT JOIN unsafe_files u ON u.path = r.source
),
texts AS (
    -- Words that say that there is no value. A symbol may be one of them.
    SELECT
        *,
        transform(cells, cell -> CASE
            WHEN lower(cell) NOT IN ('', '-', '--', 'null', 'none', 'nan', 'na', 'n/a', '#n/a') THEN cell
        END) AS texts
    FROM cells
),
bound AS (
    SELECT
        *,
        upper(nullif(CASE WHEN symbol_at IS NULL THEN file_symbol ELSE element_at(cells, symbol_at) END, '')) AS symbol,
        regexp_replace(element_at(texts, date_at), '[T ][0-9]{1,2}:[0-9]{2}.*$', '') AS day_text,
        transform(
            ARRAY[open_at, high_at, low_at, close_at, adj_close_at, volume_at],
            field_at -> element_at(texts, field_at)
        ) AS number_texts
    FROM texts
),
pieces AS (
    SELECT
        *,
        regexp_extract_all(day_text, '[A-Za-z0-9]+') AS day_pieces,
        -- Thousands separators leave three digits at the end, of two before it in India: 1,5 is no number here, rather than 15.
        transform(number_texts, number_text -> CASE
            WHEN regexp_like(number_text,
                '^[-+]?[$€£¥₹]? ?([0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]*)?|([0-9]{1,18}\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?)[KMBkmb]?$')
            THEN try_cast(regexp_replace(number_text, '[^0-9.eE+-]', '') AS double)
                * CASE lower(substr(number_text, length(number_text)))
                    WHEN 'k' THEN 1e3 WHEN 'm' THEN 1e6 WHEN 'b' THEN 1e9 ELSE 1e0
                END
        END) AS numbers
    FROM bound
),
dated AS (
    SELECT
        *,
        CASE
            WHEN regexp_replace(day_text, '[A-Za-z0-9]+', '#') <> date_shape THEN NULL
            WHEN date_divisor IS NOT NULL THEN
                -- Within 1973-03-03 and 2517: before, the row's time has a coarser unit than its file's others; beyond, a finer.
                CASE WHEN try_cast(day_text AS bigint) / date_divisor BETWEEN 1157 AND 200000 THEN
                    date_add('day', try_cast(day_text AS bigint) / date_divisor, DATE '1970-01-01')
                END
            WHEN year_at IS NULL THEN
                CASE WHEN regexp_like(day_text, '^(1[89]|2[01])[0-9]{6}$') THEN
                    try_cast(substr(day_text, 1, 4) || '-' || substr(day_text, 5, 2) || '-' || substr(day_text, 7, 2) AS date)
                END
            WHEN regexp_like(element_at(day_pieces, year_at), '^(1[89]|2[01])[0-9]{2}$')
                AND regexp_like(element_at(day_pieces, day_at), '^[0-9]{1,2}$') THEN
                try_cast(
                    element_at(day_pieces, year_at) || '-' ||
                    CASE
                        WHEN regexp_like(element_at(day_pieces, month_at), '^[0-9]{1,2}$') THEN element_at(day_pieces, month_at)
                        WHEN regexp_like(lower(element_at(day_pieces, month_at)),
                            '^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t|tember)?|oct(ober)?|nov(ember)?|dec(ember)?)$')
                        THEN cast((strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(substr(element_at(day_pieces, month_at), 1, 3))) + 2) / 3 AS varchar)
                    END
                    || '-' || element_at(day_pieces, day_at)
                AS date)
        END AS trade_date,
        element_at(numbers, 1) AS open,
        element_at(numbers, 2) AS high,
        element_at(numbers, 3) AS low,
        element_at(numbers, 4) AS close,
        CASE WHEN element_at(numbers, 5) > 0e0 THEN element_at(numbers, 5) END AS adj_close,
        round(element_at(numbers, 6), 3) AS volume
    FROM pieces
),
judged AS (
    SELECT
        *,
        CASE
            WHEN quotes_unbalanced THEN 'the file has an unbalanced quote or a quoted line break'
            -- Bytes that are not UTF-8 read as this mark, at the latest once they are decoded.
            WHEN strpos(from_utf8(to_utf8(record)), chr(65533)) > 0 THEN 'the line is not UTF-8'
            WHEN cardinality(cells) < fields THEN 'fewer fields than the header'
            WHEN array_join(slice(cells, fields + 1, cardinality(cells)), '') <> '' THEN 'more fields than the header'
            WHEN symbol IS NULL THEN 'no symbol'
            WHEN trade_date IS NULL AND coalesce(day_text, '') = '' THEN 'no date'
            WHEN trade_date IS NULL THEN 'the date is unreadable or not in the style of its file'
            WHEN trade_date > :latest_date THEN 'the date is in the future'
            WHEN element_at(number_texts, 4) IS NULL THEN 'no close'
            WHEN close IS NULL THEN 'the close is not a number'
            WHEN close <= 0e0 THEN 'the close is not above zero'
            WHEN high < low THEN 'the high is below the low'
            WHEN element_at(number_texts, 6) IS NOT NULL AND volume IS NULL THEN 'the volume is not a number'
            WHEN volume < 0e0 THEN 'the volume is negative'
            WHEN volume <> floor(volume) THEN 'the volume is not whole'
            -- A year of such days still sums to a bigint, and each is exact as a double.
            WHEN volume > 9e15 THEN 'the volume is too large'
        END AS reason,
        nullif(array_join(ARRAY[
            CASE WHEN open IS NULL THEN 'no readable open' END,
            CASE WHEN high IS NULL THEN 'no readable high' END,
            CASE WHEN low IS NULL THEN 'no readable low' END,
            CASE WHEN open < low OR open > high THEN 'open outside low to high' END,
            CASE WHEN close < low OR close > high THEN 'close outside low to high' END,
            CASE WHEN element_at(number_texts, 5) IS NOT NULL AND adj_close IS NULL THEN 'no usable adjusted close' END
        ], '; '), '') AS quality_issue
    FROM dated
),
ranked AS (
    -- Equal rows of a file share rank 1; a second rank means that its rows for that day differ.
    SELECT
        *,
        rank() OVER (PARTITION BY source, symbol, trade_date, reason IS NULL
            ORDER BY open, high, low, close, adj_close, volume) AS variant,
        row_number() OVER (PARTITION BY source, symbol, trade_date, reason IS NULL
            ORDER BY open, high, low, close, adj_close, volume) AS occurrence
    FROM judged
),
compared AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN max(variant) OVER (PARTITION BY source, symbol, trade_date, reason IS NULL) > 1
            THEN 'the file has differing rows for this symbol and day'
        END AS rejection
    FROM ranked
)
SELECT
    source,
    cast(modified AS timestamp(3)) AS source_modified,
    symbol, trade_date, open, high, low, close, adj_close,
    CASE WHEN rejection IS NULL THEN cast(volume AS bigint) END AS volume,
    quality_issue,
    CASE WHEN rejection IS NOT NULL THEN 'rejected' WHEN occurrence > 1 THEN 'superseded' ELSE 'candidate' END AS outcome,
    rejection AS reason,
    CASE WHEN rejection IS NOT NULL THEN record END AS record,
    date_format(trade_date, '%Y') AS year,
    date_format(trade_date, '%m') AS month
FROM compared
