"""Names, cells, packages and events that somebody made to do harm: they are data, or they are refused."""

from __future__ import annotations

import gzip
import io
import re
import tracemalloc
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambda_scripts.lakehouse.aws import sql
from lambda_scripts.lakehouse.errors import ConfigurationError, FileRefusedError
from lambda_scripts.lakehouse.file_format import Source, inspect
from lambda_scripts.lakehouse.queue.events import Change, by_bucket
from tests.lakes import RAW, REPORTS, Lake, act, csv, day

ZONES = ("raw/", "processed/", "reporting/", "rejected/", "pipeline/")
RIGHT_TO_LEFT = "\u202egnp\u202c"
INJECTION = "'; DROP TABLE stocks_processed; --"

NAMES = (
    f"{INJECTION}.csv",
    "O'Brien''s.csv",
    'say "so".csv',
    "../../processed/stocks/year=2016/month=01/x.csv",
    "x\\..\\..\\x.csv",
    f"{RIGHT_TO_LEFT}.csv",
    "%27%3B+plus & amp;.csv",
    "${jndi:ldap:x}{0}%s.csv",
    ":years, :table.csv",
    "a,b;c|d.csv",
    "naïve 股票 🦊.csv",
    "symbol=A%27%2F..%2FB/x.csv",
    "é" * ((1_024 - len("raw/stocks/.csv")) // 2) + ".csv",
)
SYMBOLS = (
    INJECTION,
    "' OR '1'='1",
    "../../X",
    RIGHT_TO_LEFT,
    "=CMD|' /C CALC'!A0",
    ":years",
    "x" * 10_000,
    "A,B",
    "NULL;--",
    "{0}%s",
)
REASON = re.compile(r"[a-z][A-Za-z -]{6,}")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def test_hostile_keys_and_symbols_are_data_and_nothing_else(lake: Lake) -> None:
    for function in (RAW, REPORTS):
        act(lake, function, action="drain")  # makes the tables
    tables = sorted([*lake.account.tables(), "stocks_raw"])
    rows = "".join('"' + symbol.replace('"', '""') + f'",2016-01-04,{at + 1},5\n' for at, symbol in enumerate(SYMBOLS))
    lake.drop_in_one_event(
        {name: f"Symbol,Date,Close\nH{at},2016-01-05,{at + 1}\n" for at, name in enumerate(NAMES)}
        | {"SYMBOLS.csv": "Symbol,Date,Close,Volume\n" + rows, "GOOD.csv": csv(day("2016-01-04", 100))}
    )
    sources = {
        row["source"]: row["close"]
        for row in lake.query("SELECT source, close FROM stocks_processed WHERE trade_date = DATE '2016-01-05'")
    }
    loads = {row["source"]: row for row in lake.loads()}
    for at, name in enumerate(NAMES):
        loaded = sources.pop(f"s3://{lake.bucket}/raw/stocks/{name}", None)
        assert loaded == f"{at + 1}.0" if loads[name]["status"] == "loaded" else loaded is None and loads[name]["reason"]
    assert sources == {} and sum(load["status"] == "loaded" for load in loads.values()) > len(NAMES) // 2
    found = lake.query(
        "SELECT symbol, close FROM stocks_processed WHERE trade_date = DATE '2016-01-04' AND source LIKE '%/SYMBOLS.csv'"
    )
    assert {row["symbol"]: row["close"] for row in found} == {
        symbol.upper().removeprefix("'"): f"{at + 1}.0" for at, symbol in enumerate(SYMBOLS)
    }
    assert {row["symbol"] for row in lake.monthly()} >= {symbol.upper().removeprefix("'") for symbol in SYMBOLS} | {"GOOD"}
    assert lake.account.tables() == tables
    assert {key for key in lake.keys("") if not key.startswith(ZONES)} == set()
    assert [key for key in lake.keys("pipeline/inbox/") + lake.keys("pipeline/staging/")] == []
    # A deleted file's rows go, whatever its name.
    lake.drop_in_one_event(dict.fromkeys(NAMES))
    assert {row["source"] for row in lake.query("SELECT DISTINCT source FROM stocks_processed")} == {
        f"s3://{lake.bucket}/raw/stocks/{name}" for name in ("GOOD.csv", "SYMBOLS.csv")
    }


@pytest.mark.reports(False)
def test_hostile_cells_give_reasons_of_ours_and_no_text_of_an_exception(lake: Lake) -> None:
    cells = (
        "'; SELECT 1/0; --",
        "9" * 400,
        "1e999",
        "NaN",
        "-Infinity",
        "0x10",
        "१२३",
        "\u202e5",
        "5" + " " * 10_000,
        "x" * 10_000,
        "1;2",
        "=1+1",
    )
    lines = [f'2016-01-{at + 1:02d},1,2,1,"{cell}",,5' for at, cell in enumerate(cells)]
    lines += [f'"{cell}",1,2,1,1,,5' for cell in cells] + ["2016-02-01,1,2,1,1,,5," + "y" * 10_000]
    lake.drop({"CELLS.csv": csv(day("2016-01-31", 1), *lines)})
    load = lake.load_of("CELLS.csv")
    assert (load["rows"], load["superseded"]) == (str(len(lines) + 1), "0")
    reasons = {row["reason"] or "" for row in lake.rejected()}
    assert reasons and all(REASON.fullmatch(reason) for reason in reasons)
    assert "CAST" not in str(load["reason"]) and "Error" not in str(load["reason"])


@pytest.mark.on_trino(False)
@pytest.mark.reports(False)
def test_a_gzip_bomb_is_refused_or_read_in_little_memory_and_stops_no_one_else(lake: Lake) -> None:
    blank = b"Date,Close\n" + b"\n" * 8_000_000
    line = b"Date,Close\n2016-01-04," + b"1" * 2_000_000
    for content in (blank, line):
        packed = gzip.compress(content, 9)
        assert len(packed) < 25_000
        tracemalloc.start()
        try:
            _inspected(packed, "raw/stocks/BOMB.csv.gz")
        finally:
            peak_bytes = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak_bytes < len(content)
    lake.drop({"LINE.csv.gz": gzip.compress(line), "AAPL.csv": csv(day("2016-01-04", 100))})
    assert lake.load_of("AAPL.csv")["status"] == "loaded" and lake.load_of("LINE.csv.gz")["accepted"] == "0"
    assert lake.prices() == [("AAPL", "2016-01-04", "100.0")]


NOT_OF_THIS_LAKE: tuple[Any, ...] = (
    None,
    [],
    "text",
    {},
    {"Records": {}},
    {"Records": [{}]},
    {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"Keys": {}}}]},
    {"Records": [{"kinesis": {"data": "AAAA"}}]},
    {"Records": [{"body": "not JSON"}]},
    {"Records": [{"s3": {"bucket": {"name": "other"}, "object": {"key": "raw/stocks/A.csv", "sequencer": "1"}}}]},
    {"source": "aws.ec2", "detail": {}},
    {"action": "../../x"},
    {"action": "reprocess", "prefix": "processed/stocks/", "bucket": "other"},
)


@pytest.mark.on_trino(False)
def test_an_event_that_is_not_of_this_lake_is_refused_and_changes_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", lake.bucket)
    s3 = lake.account.client("s3")
    s3.create_bucket(Bucket="other")
    for function in (RAW, REPORTS):
        for event in NOT_OF_THIS_LAKE:
            answer = lake.account.invoke(function, event)
            assert answer["errorType"] == "ConfigurationError", (event, answer)
    assert lake.keys("") == [] and "Contents" not in s3.list_objects_v2(Bucket="other")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Records", "s3", "bucket", "name", "object", "key", "sequencer", "body", "Sns", "Message", "TopicArn",
                         "Event", "source", "detail"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, derandomize=True, database=None)
@given(JSON)
@example({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "raw/\ud800.csv", "sequencer": "1"}}}]})
@example({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "raw/a.csv", "sequencer": "reprocess-1/../../x"}}}]})
@example({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "raw/a.csv", "sequencer": {"a": float("nan")}}}}]})
def test_whatever_comes_is_decoded_or_refused_as_a_configuration_error(event: Any) -> None:
    changes: list[Change] = []
    with suppress(ConfigurationError):
        for _, each in by_bucket(event):
            changes += each
    for change in changes:
        change.key.encode()
        assert re.fullmatch(r"[0-9A-Fa-f]+", change.token)


@settings(max_examples=200, derandomize=True, database=None)
@given(texts.filter(bool))
def test_any_key_arrives_as_it_was_uploaded(key: str) -> None:
    record = {"s3": {"bucket": {"name": "b"}, "object": {"key": quote_plus(key, safe="/"), "sequencer": "0A"}}}
    ((_, (change,)),) = by_bucket({"Records": [record]})
    assert (change.key, change.token) == (key, "0A")


SOURCES = sorted((Path(__file__).parents[1] / "file_format" / "sources").glob("*.csv"))
FRAGMENTS = ("Date", "Close", "Symbol", "Volume", ",", ";", "\t", '"', "\n", "\r\n", "\r", "2016-01-04", "04/01/16", "1.234,5",
             "1,234.5", "$", "nan", "\ufeff", "\x00", "é", "sep=;", "Ticker", "#", " ", "'", "20160104",
             "1451865600")  # fmt: skip


@settings(max_examples=300, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(lambda parts: "".join(parts).encode())
    | st.binary(max_size=400).map(lambda body: gzip.compress(body)[:-4]),
    st.sampled_from(["raw/stocks/A.csv", "raw/stocks/A.csv.gz", "raw/stocks/.csv", "raw/a/b/c.csv", "raw/stocks/symbol=/x.csv"]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(body: bytes, key: str) -> None:
    _inspected(body, key)


@settings(max_examples=200, derandomize=True, database=None)
@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), max_size=5), st.floats(0, 1))
def test_a_real_file_that_was_damaged_is_read_or_refused(source: Path, damage: list[tuple[float, bytes]], cut: float) -> None:
    body = bytearray(source.read_bytes())
    for place, replacement in damage:
        at = int(place * len(body))
        body[at : at + 1] = replacement
    _inspected(bytes(body[: int(cut * len(body)) + 1]), "raw/stocks/A.csv")


def test_any_text_comes_back_from_a_statement_as_it_went_in(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "texts.sql").write_text(
        "-- One row per text\n-- Parameters: one text, several texts\n"
        "SELECT value, value = :one AS is_one\n"
        "FROM UNNEST(ARRAY[:several]) WITH ORDINALITY AS t(value, place) ORDER BY place\n"
    )
    monkeypatch.setattr(sql, "FOLDER", tmp_path)
    sql._parsed.cache_clear()

    @settings(max_examples=15, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(texts, min_size=1, max_size=30))
    @example(
        [
            INJECTION,
            "''",
            "'",
            "\\'",
            "\\",
            ":one",
            "-- x",
            "/* x */",
            "\n",
            "\r\n",
            "\t",
            RIGHT_TO_LEFT,
            "${x}",
            "%s",
            "?",
            ";",
            "",
        ]
    )
    def holds(several: list[str]) -> None:
        statement = sql.render("texts", one=several[0], several=several)
        rows = lake.query(statement.text)
        assert [row["value"] for row in rows] == several
        assert [row["is_one"] for row in rows] == ["true" if text == several[0] else "false" for text in several]

    lake.query("SELECT 1")
    try:
        holds()
    finally:
        sql._parsed.cache_clear()


def _inspected(body: bytes, key: str) -> None:
    """Inspect a file: anything but a result or a FileRefusedError is an error."""
    content = io.BytesIO(body)

    def read(key: str, start: int, length: int) -> bytes:
        content.seek(start)
        return content.read(length)

    try:
        found = inspect(Source("lake", key, datetime(2026, 1, 1, tzinfo=timezone.utc)), read)
    except FileRefusedError as refusal:
        assert str(refusal)
        return
    assert found.record()["source"] == f"s3://lake/{key}"
