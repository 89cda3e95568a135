-- One row per data line of the batch's files: its values, or the reason why it is rejected.
-- Parameters: table identifier, location text, batch text, parts texts, latest_date date
-- outcome is candidate (offered to the merge), superseded (an equal row stands before it in the file) or rejected.
-- The steps, each named after its result:
--  1. lines         the lines of the files, with all kinds of blanks as blanks
--  2. records       data lines, split by their file's delimiter
--  3. unsafe_files  files whose lines can't be told apart, or whose columns change on the way
--  4. bound         the cells of the columns that count, in one order for all files
--  5. named         the symbol; cells that say that there is no value become NULL
--  6. pointed       numbers with a point as decimal mark; the text of the day alone
--  7. numbered      numbers; the pieces of the day
--  8. dated         the trade date, the prices and the volume
--  9. judged        why a row is rejected by itself, or what is odd about it
-- 10. ranked        its place among the rows of its file, symbol and day
-- 11. compared      why it is rejected because of those
CREATE TABLE :table WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = :location
) AS
WITH lines AS (
    -- Bytes that are not UTF-8 are U+FFFD once decoded. A reader may leave a byte order mark at the start of a file. No-break,
    -- narrow no-break and thin spaces are blanks: tables copied from a page have them, and numbers.
    SELECT
        path,
        record,
        replace(replace(replace(record, chr(160), ' '), chr(8239), ' '), chr(8201), ' ') AS line
    FROM (
        SELECT "$path" AS path, replace(from_utf8(to_utf8(line)), chr(65279), '') AS record
        FROM stocks_staging_lines
        WHERE batch IN (:parts)
    )
),
records AS (
    -- Blank lines and the header's lines are not data rows.
    SELECT
        s.source, s.modified, s.fields, s.header_names, s.symbol AS file_symbol,
        s.symbol_at, s.symbol_digits, s.exchange_at, s.instrument_at, s.main_instruments,
        s.date_at, s.open_at, s.high_at, s.low_at, s.close_at, s.adj_close_at, s.volume_at,
        s.date_shape, s.year_at, s.month_at, s.day_at, s.date_divisor, s.year_base, s.day_shift, s.evening_from,
        s.delimiter, s.decimal_marks, s.volume_factor,
        l.record, l.line,
        CASE
            WHEN s.delimiter = ',' THEN regexp_extract_all(',' || l.line, ',(?: *=?"(?:[^"]|"")*" *|[^",]*)')
            WHEN s.delimiter = ';' THEN regexp_extract_all(';' || l.line, ';(?: *=?"(?:[^"]|"")*" *|[^";]*)')
            WHEN s.delimiter = '|' THEN regexp_extract_all('|' || l.line, '\|(?: *=?"(?:[^"]|"")*" *|[^"|]*)')
            WHEN s.delimiter = chr(9) THEN regexp_extract_all(chr(9) || l.line, '\t(?: *=?"(?:[^"]|"")*" *|[^"\t]*)')
        END AS raw_cells,
        -- Cheap first test for a header: seven characters without a digit.
        regexp_like(l.line, '^[^0-9]{7}') AS may_be_header,
        -- Whether a date of the other order of day and month may stand in it.
        CASE
            WHEN s.year_at = 3 AND s.day_at = 1 THEN regexp_like(l.line, '(?:^|[^0-9])(?:0?[1-9]|1[0-2])[-/. ] ?(?:1[3-9]|2[0-9]|3[01])[-/. ]')
            WHEN s.year_at = 3 AND s.day_at = 2 THEN regexp_like(l.line, '(?:1[3-9]|2[0-9]|3[01])[-/. ] ?(?:0?[1-9]|1[0-2])[-/. ]')
            ELSE FALSE
        END AS may_be_swapped
    FROM lines l
    JOIN stocks_staging_sources s ON s.source = l.path
    WHERE s.batch = :batch
        AND regexp_like(l.line, '\S')
        AND strpos(
            chr(10) || s.header || chr(10),
            chr(10) || CASE WHEN strpos(s.header, chr(65533)) > 0 THEN regexp_replace(l.record, '�+', '�') ELSE l.record END || chr(10)
        ) = 0
),
unsafe_files AS (
    -- A quoted line break can't be told from a stray quote, the rows below a second header are not told from those above, and
    -- where a date can only have the other order of day and month, others may have it too: each makes the whole file unsafe to
    -- read. A line is a second header if its date cell is a name of the file's header, or if its date and price cells are all
    -- names and not all the same.
    -- Found by a read of its own, since a window over a file would hold the whole of it in one worker's memory.
    SELECT source, min(reason) AS reason
    FROM (
        SELECT
            source,
            CASE
                WHEN strpos(line, '"') > 0 AND array_join(raw_cells, '') <> delimiter || line
                THEN 'the file has an unbalanced quote or a quoted line break'
                WHEN may_be_header
                    AND array_join(names, chr(10)) <> header_names
                    AND (
                        strpos(chr(10) || header_names || chr(10), chr(10) || nullif(element_at(names, date_at), '') || chr(10)) > 0
                        OR (
                            coalesce(open_at, high_at, low_at, adj_close_at, volume_at) IS NOT NULL
                            AND regexp_like(array_join(transform(
                                ARRAY[
                                    date_at, open_at, high_at, low_at, close_at,
                                    CASE WHEN coalesce(open_at, high_at, low_at) IS NULL THEN adj_close_at END,
                                    CASE WHEN coalesce(open_at, high_at, low_at) IS NULL THEN volume_at END
                                ],
                                place -> CASE
                                    WHEN place IS NOT NULL AND NOT regexp_like(
                                        coalesce(element_at(names, place), ''), '^(?:[0-9]{1,2}\. )?[^0-9]*[^\x00-\x40\x5b-\x60\x7b-\x7f][^0-9]*[0-9]?$'
                                    ) THEN '-'
                                    WHEN place <> date_at AND element_at(names, place) <> element_at(names, close_at) THEN '+'
                                END
                            ), ''), '^[+]+$')
                        )
                    )
                THEN 'the file has a second header that names other columns'
                WHEN may_be_swapped
                    AND regexp_like(element_at(names, date_at), '^[0-9]{1,2}[-/. ]+[0-9]{1,2}[-/. ]+[0-9]{2}')
                    AND try_cast(element_at(regexp_extract_all(element_at(names, date_at), '[0-9]+'), month_at) AS integer) BETWEEN 13 AND 31
                    AND try_cast(element_at(regexp_extract_all(element_at(names, date_at), '[0-9]+'), day_at) AS integer) BETWEEN 1 AND 12
                THEN 'the file has dates with the day first and with the month first'
            END AS reason
        FROM (
            SELECT
                source, line, delimiter, raw_cells, may_be_header, may_be_swapped, header_names, month_at, day_at, date_at, open_at, high_at, low_at, close_at,
                adj_close_at, volume_at,
                transform(slice(raw_cells, 1, fields), cell -> lower(regexp_replace(cell, '^.\s*(?:="|")?\s*|\s*"?\s*$', ''))) AS names
            FROM records
            WHERE strpos(line, '"') > 0 OR may_be_header OR may_be_swapped
        )
    )
    WHERE reason IS NOT NULL
    GROUP BY source
),
bound AS (
    SELECT
        r.*,
        transform(
            ARRAY[symbol_at, exchange_at, instrument_at, date_at, open_at, high_at, low_at, close_at, adj_close_at, volume_at],
            place -> regexp_replace(element_at(raw_cells, place), '^.\s*(?:="|")?\s*|\s*"?\s*$', '')
        ) AS cells,
        u.reason AS unsafe
    FROM records r
    LEFT JOIN unsafe_files u ON u.source = r.source
),
named AS (
    SELECT
        *,
        upper(nullif(CASE
            WHEN symbol_at IS NULL THEN file_symbol
            -- In capitals NAN and NA are symbols of funds and banks.
            WHEN element_at(cells, 1) IN ('nan', 'NaN', 'null', 'NULL', '(null)', 'None', '<NA>', 'N/A', '-', '--', '?') THEN NULL
            WHEN symbol_digits > length(element_at(cells, 1)) AND regexp_like(element_at(cells, 1), '^[0-9]+$')
            THEN lpad(element_at(cells, 1), symbol_digits, '0')
            -- Spreadsheets keep an apostrophe before a text that looks like a number.
            ELSE CASE WHEN strpos(element_at(cells, 1), '''') = 1 THEN substr(element_at(cells, 1), 2) ELSE element_at(cells, 1) END
                || coalesce('.' || nullif(element_at(cells, 2), ''), '')
        END, '')) AS symbol,
        CASE WHEN instrument_at IS NULL THEN 0 ELSE strpos(main_instruments, ',' || upper(element_at(cells, 3)) || ',') END AS instrument,
        -- Words that say that there is no value.
        transform(slice(cells, 4, 7), cell -> CASE
            WHEN lower(cell) NOT IN (
                '', '-', '--', '—', '–', '.', '..', '*', '?', 'null', '(null)', '<null>', 'none', 'nan', '<na>', 'na', 'n/a', 'n.a.',
                'n.d.', 'nat', 'nil', '\n', '#n/a', '#n/a n/a', '#na', '#value!', '#null!', '#div/0!', 'undefined', 'not available'
            ) THEN cell
        END) AS texts
    FROM bound
    WHERE NOT may_be_header
        OR lower(array_join(
            transform(slice(raw_cells, 1, fields), cell -> regexp_replace(cell, '^.\s*(?:="|")?\s*|\s*"?\s*$', '')), chr(10)
        )) <> header_names
),
pointed AS (
    -- Where commas are decimal marks, points and commas change places.
    SELECT
        *,
        regexp_replace(
            element_at(texts, 1),
            '(?i)^(mon|tues?|wed(nes)?|thu(rs?)?|fri|sat(ur)?|sun)(day)?[.,]* +|[T ][0-9]{1,2}:[0-9]{2}.*$|[T ][0-9]{6}Z?$|Z$|[+-][0-9]{2}:[0-9]{2}$|[ ,(]+(mon|tues?|wed(nes)?|thu(rs?)?|fri|sat(ur)?|sun)(day)?\)?$',
            ''
        ) AS day_text,
        CASE
            WHEN decimal_marks = '......' THEN slice(texts, 2, 6)
            WHEN decimal_marks <> '......' THEN transform(ARRAY[1, 2, 3, 4, 5, 6], place -> CASE
                WHEN substr(decimal_marks, place, 1) = '.' THEN element_at(texts, place + 1)
                -- All prices of the first range are whole.
                WHEN substr(decimal_marks, place, 1) = '?' THEN CASE
                    WHEN regexp_like(element_at(texts, place + 1), '^[^0-9]*[1-9][0-9]{0,2}[.,][0-9]{3}[^0-9]*$') THEN 'either'
                    ELSE element_at(texts, place + 1)
                END
                ELSE replace(replace(replace(element_at(texts, place + 1), '.', chr(10)), ',', '.'), chr(10), ',')
            END)
        END AS number_texts
    FROM named
),
numbered AS (
    SELECT
        *,
        replace(regexp_replace(day_text, '[0-9]+|[A-Za-z]+', '#'), '  ', ' ') AS day_shape,
        regexp_extract_all(day_text, '[0-9]+|[A-Za-z]+') AS day_pieces,
        transform(ARRAY[1, 2, 3, 4, 5, 6], place -> CASE
            WHEN regexp_like(element_at(number_texts, place), '^-?[0-9]{1,18}(?:\.[0-9]*)?$') THEN try_cast(element_at(number_texts, place) AS double)
            -- Thousands are in threes, in India in twos before the last three, and never begin with 0: 1,5 and 0,399 are not numbers
            -- here, rather than 15 and 399.
            -- An M, B or T behind a price is not for millions but a mark of German exchanges: such a price is not read.
            WHEN regexp_like(element_at(number_texts, place), '^[-+]?(?:(?:[A-Z]{1,3}\$|[$€£¥₹₩₽₺฿₫₱₪元円원]|(?:USD|EUR|GBP|GBX|JPY|CNY|RMB|CNH|HKD|INR|KRW|TWD|NTD|CHF|CAD|AUD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|RSD|BRL|MXN|ARS|CLP|COP|PEN|ZAR|NGN|KES|EGP|MAD|TRY|RUB|UAH|KZT|ILS|AED|SAR|QAR|KWD|BHD|OMR|JOD|LBP|SGD|THB|IDR|MYR|PHP|VND|PKR|LKR|BDT|NPR|UYU|BOB|GHS|MUR|TND|XAF|XOF|GEL|AZN|BYN|MOP|DEM|FRF|ITL|ESP|BTC|ETH|HRK|SKK|EEK|LVL|LTL|SIT|MTL|ATS|BEF|NLG|FIM|PTE|GRD|IEP|MKD|BAM|VES|IQD|IRR|SYP|DZD|BWP|NAD|ZMW|TZS|UGX|RWF|MWK|MZN|JMD|TTD|BBD|KHR|LAK|MMK|MNT|UZS|KGS|FJD|PGK|PYG|CRC|GBp|p|Rs|Rp|RM|TL|Fr|SFr|zł|kr|Kč|Ft|lei|руб)[.,]?) ?)?[-+]?(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{2,3})*,[0-9]{3}|(?: [0-9]{3})+|(?:[''’][0-9]{3})+)(?:\.[0-9]*)?|(?:[0-9]{1,18}\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?0?[0-9]{1,2})?)(?: ?[KMBTkmbt万萬亿億])?(?: ?(?:[A-Z]{1,3}\$|[$€£¥₹₩₽₺฿₫₱₪元円원]|(?:USD|EUR|GBP|GBX|JPY|CNY|RMB|CNH|HKD|INR|KRW|TWD|NTD|CHF|CAD|AUD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|RSD|BRL|MXN|ARS|CLP|COP|PEN|ZAR|NGN|KES|EGP|MAD|TRY|RUB|UAH|KZT|ILS|AED|SAR|QAR|KWD|BHD|OMR|JOD|LBP|SGD|THB|IDR|MYR|PHP|VND|PKR|LKR|BDT|NPR|UYU|BOB|GHS|MUR|TND|XAF|XOF|GEL|AZN|BYN|MOP|DEM|FRF|ITL|ESP|BTC|ETH|HRK|SKK|EEK|LVL|LTL|SIT|MTL|ATS|BEF|NLG|FIM|PTE|GRD|IEP|MKD|BAM|VES|IQD|IRR|SYP|DZD|BWP|NAD|ZMW|TZS|UGX|RWF|MWK|MZN|JMD|TTD|BBD|KHR|LAK|MMK|MNT|UZS|KGS|FJD|PGK|PYG|CRC|GBp|p|Rs|Rp|RM|TL|Fr|SFr|zł|kr|Kč|Ft|lei|руб)[.,]?))?$')
                AND (place = 6 OR NOT regexp_like(element_at(number_texts, place) || ' ', '[0-9.] ?[MBTmbt][^A-Za-zč]'))
            THEN try_cast(regexp_replace(regexp_extract(
                    regexp_replace(element_at(number_texts, place), '^[-+]?(?:(?:[A-Z]{1,3}\$|[$€£¥₹₩₽₺฿₫₱₪元円원]|(?:USD|EUR|GBP|GBX|JPY|CNY|RMB|CNH|HKD|INR|KRW|TWD|NTD|CHF|CAD|AUD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|RSD|BRL|MXN|ARS|CLP|COP|PEN|ZAR|NGN|KES|EGP|MAD|TRY|RUB|UAH|KZT|ILS|AED|SAR|QAR|KWD|BHD|OMR|JOD|LBP|SGD|THB|IDR|MYR|PHP|VND|PKR|LKR|BDT|NPR|UYU|BOB|GHS|MUR|TND|XAF|XOF|GEL|AZN|BYN|MOP|DEM|FRF|ITL|ESP|BTC|ETH|HRK|SKK|EEK|LVL|LTL|SIT|MTL|ATS|BEF|NLG|FIM|PTE|GRD|IEP|MKD|BAM|VES|IQD|IRR|SYP|DZD|BWP|NAD|ZMW|TZS|UGX|RWF|MWK|MZN|JMD|TTD|BBD|KHR|LAK|MMK|MNT|UZS|KGS|FJD|PGK|PYG|CRC|GBp|p|Rs|Rp|RM|TL|Fr|SFr|zł|kr|Kč|Ft|lei|руб)[.,]?) ?)?[-+]?', ''),
                    '^[0-9., ''’]*(?:[eE][-+]?0?[0-9]{1,2})?'), '[^0-9.eE+-]', '') AS double)
                * CASE WHEN regexp_like(element_at(number_texts, place), '^[^0-9]*-') THEN -1e0 ELSE 1e0 END
                * CASE lower(coalesce(regexp_extract(element_at(number_texts, place) || ' ', '[0-9.] ?([KMBTkmbt万萬亿億])[^A-Za-zč]', 1), ''))
                    WHEN 'k' THEN 1e3 WHEN 'm' THEN 1e6 WHEN 'b' THEN 1e9 WHEN 't' THEN 1e12
                    WHEN '万' THEN 1e4 WHEN '萬' THEN 1e4 WHEN '亿' THEN 1e8 WHEN '億' THEN 1e8
                    ELSE 1e0
                END
        END) AS numbers
    FROM pointed
),
dated AS (
    SELECT
        *,
        date_add('day', day_shift, CASE
            WHEN day_shape <> date_shape THEN NULL
            WHEN date_divisor IS NOT NULL THEN
                -- Within 1973-03-03 and 2517: before, the row's time has a coarser unit than its file's others; beyond, a finer.
                CASE WHEN try_cast(element_at(day_pieces, 1) AS bigint) / date_divisor BETWEEN 1157 AND 200000 THEN
                    date_add('day', try_cast(element_at(day_pieces, 1) AS bigint) / date_divisor, DATE '1970-01-01')
                END
            WHEN year_at IS NULL THEN
                CASE WHEN regexp_like(element_at(day_pieces, 1), '^(1[89]|2[01])[0-9]{6}([0-9]{4}([0-9]{2})?)?$') THEN
                    try_cast(
                        substr(element_at(day_pieces, 1), 1, 4) || '-' || substr(element_at(day_pieces, 1), 5, 2) || '-'
                        || substr(element_at(day_pieces, 1), 7, 2)
                    AS date)
                END
            WHEN regexp_like(element_at(day_pieces, day_at), '^[0-9]{1,2}$') THEN
                try_cast(
                    CASE
                        WHEN year_base = 0 AND regexp_like(element_at(day_pieces, year_at), '^(1[89]|2[01])[0-9]{2}$')
                        THEN element_at(day_pieces, year_at)
                        -- Years of Taiwan; two digits from 70 on are of the century before.
                        WHEN year_base = 1911 AND regexp_like(element_at(day_pieces, year_at), '^(1[0-4][0-9]|0?[7-9][0-9])$')
                        THEN cast(cast(element_at(day_pieces, year_at) AS integer) + 1911 AS varchar)
                        WHEN year_base = 2000 AND regexp_like(element_at(day_pieces, year_at), '^[0-9]{2}$')
                        THEN CASE WHEN element_at(day_pieces, year_at) < '70' THEN '20' ELSE '19' END || element_at(day_pieces, year_at)
                    END
                    || '-' ||
                    CASE
                        WHEN regexp_like(element_at(day_pieces, month_at), '^[0-9]{1,2}$') THEN element_at(day_pieces, month_at)
                        WHEN regexp_like(lower(element_at(day_pieces, month_at)),
                            '^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t|tember)?|oct(ober)?|nov(ember)?|dec(ember)?)$')
                        THEN cast((strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(substr(element_at(day_pieces, month_at), 1, 3))) + 2) / 3 AS varchar)
                    END
                    || '-' || element_at(day_pieces, day_at)
                AS date)
        END) AS trade_date,
        -- Which quarter of an hour of its day a moment is, where that must be told.
        CASE
            WHEN evening_from IS NULL THEN NULL
            WHEN date_divisor IS NOT NULL THEN try_cast(element_at(day_pieces, 1) AS bigint) % date_divisor * 96e0 / date_divisor
            ELSE try_cast(regexp_extract(element_at(texts, 1), '[T ]([0-9]{1,2}):[0-9]{2}', 1) AS double) * 4e0
                + try_cast(regexp_extract(element_at(texts, 1), '[T ][0-9]{1,2}:([0-9]{2})', 1) AS double) / 15e0
        END AS quarter,
        CASE WHEN element_at(numbers, 1) > 0e0 THEN element_at(numbers, 1) END AS open,
        CASE WHEN element_at(numbers, 2) > 0e0 THEN element_at(numbers, 2) END AS high,
        CASE WHEN element_at(numbers, 3) > 0e0 THEN element_at(numbers, 3) END AS low,
        element_at(numbers, 4) AS close,
        CASE WHEN element_at(numbers, 5) > 0e0 THEN element_at(numbers, 5) END AS adj_close,
        -- A year of such days still sums to a bigint, and each is exact as a double. Volumes adjusted for splits have fractions.
        CASE
            WHEN element_at(numbers, 6) * volume_factor BETWEEN 0e0 AND 9e15 THEN round(element_at(numbers, 6) * volume_factor)
        END AS volume
    FROM numbered
),
judged AS (
    SELECT
        *,
        CASE
            WHEN unsafe IS NOT NULL THEN unsafe
            WHEN strpos(record, chr(65533)) > 0 AND strpos(array_join(cells, ''), chr(65533)) > 0 THEN 'the line is not UTF-8'
            WHEN cardinality(raw_cells) < fields THEN 'fewer fields than the header'
            WHEN cardinality(raw_cells) > fields
                AND regexp_like(array_join(slice(raw_cells, fields + 1, cardinality(raw_cells)), ''), '[^,;|"\s]')
            THEN 'more fields than the header'
            WHEN symbol IS NULL THEN 'no symbol'
            -- Errors and numbers of spreadsheets, invisible letters (U+00AD, U+200B to U+200F, U+2060). Most symbols pass the first test.
            WHEN symbol_at IS NOT NULL AND NOT regexp_like(symbol, '^[A-Z][A-Z0-9.]*$') AND regexp_like(
                symbol, '^#(?:N/A|REF!|NAME|VALUE!|NULL!|DIV/0!|NUM!)|^[0-9]+\.0+$|^[0-9.]+E[+][0-9]+$|^[0-9]{1,3}(?:,[0-9]{3})+$|^[0-9]{1,2}-(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)$|^(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)-[0-9]{2}$|[­​-‏⁠]'
            ) THEN 'the symbol is not as its exchange writes it'
            WHEN trade_date IS NULL AND coalesce(day_text, '') = '' THEN 'no date'
            WHEN trade_date IS NULL THEN 'the date is unreadable or not in the style of its file'
            WHEN evening_from IS NOT NULL
                AND coalesce(quarter >= evening_from * 4e0 AND quarter = floor(quarter), FALSE) <> (day_shift > 0)
            THEN 'the time of day is of another zone than those of its file'
            WHEN trade_date > :latest_date THEN 'the date is in the future'
            WHEN instrument_at IS NOT NULL AND instrument = 0 THEN 'a series, board or name that is not of the share'
            WHEN element_at(number_texts, 4) IS NULL THEN 'no close'
            WHEN element_at(number_texts, 4) = 'either' THEN 'the close can be read in two ways'
            WHEN close IS NULL THEN 'the close is not a number'
            WHEN close <= 0e0 THEN 'the close is not above zero'
            WHEN high < low THEN 'the high is below the low'
        END AS reason,
        nullif(array_join(ARRAY[
            CASE WHEN open IS NULL THEN 'no readable open' END,
            CASE WHEN high IS NULL THEN 'no readable high' END,
            CASE WHEN low IS NULL THEN 'no readable low' END,
            CASE WHEN open < low OR open > high THEN 'open outside low to high' END,
            CASE WHEN close < low OR close > high THEN 'close outside low to high' END,
            CASE WHEN element_at(number_texts, 5) IS NOT NULL AND adj_close IS NULL THEN 'no usable adjusted close' END,
            -- Interactive Brokers writes -1 for no volume.
            CASE
                WHEN element_at(number_texts, 6) IS NOT NULL AND volume IS NULL AND coalesce(element_at(numbers, 6), 0e0) <> -1e0
                THEN 'no readable volume'
            END
        ], '; '), '') AS quality_issue
    FROM dated
),
ranked AS (
    -- Rows of a file with equal prices share a variant; a second variant means that its rows for that day differ. Of several
    -- boards the main one counts.
    SELECT
        *,
        rank() OVER (PARTITION BY source, symbol, trade_date, reason IS NULL
            ORDER BY instrument, open, high, low, close, adj_close) AS variant,
        first_value(instrument) OVER (PARTITION BY source, symbol, trade_date, reason IS NULL
            ORDER BY instrument, open, high, low, close, adj_close) AS main_instrument,
        row_number() OVER (PARTITION BY source, symbol, trade_date, reason IS NULL
            ORDER BY instrument, open, high, low, close, adj_close, volume) AS occurrence
    FROM judged
),
compared AS (
    SELECT
        *,
        CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN instrument > main_instrument THEN 'a series or board that is not the main one of the day'
            WHEN max(CASE WHEN instrument = main_instrument THEN variant END)
                OVER (PARTITION BY source, symbol, trade_date, reason IS NULL) > 1
            THEN 'the file has differing rows for this symbol and day'
            -- Yahoo gives the last day twice, the second time with what has been traded since. More rows are bars of a day's parts.
            WHEN max(volume) OVER (PARTITION BY source, symbol, trade_date, reason IS NULL)
                <> min(volume) OVER (PARTITION BY source, symbol, trade_date, reason IS NULL)
                AND count(*) OVER (PARTITION BY source, symbol, trade_date, reason IS NULL) > 2
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
