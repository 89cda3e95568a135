"""Nothing lost, nothing twice, whoever else is alive: the rules of docs/architecture.md, each with the timeline that broke it.

`python -m tests.chaos` tries them at every call of the handlers.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from lambda_scripts.lakehouse import halving
from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.catalog import Catalog
from lambda_scripts.lakehouse.aws.sql import Statement
from lambda_scripts.lakehouse.aws.store import Store
from lambda_scripts.lakehouse.clock import Clock, Deadline
from lambda_scripts.lakehouse.errors import ConflictError, Error, LeaseLostError, PublishError
from lambda_scripts.lakehouse.lake import open_lake
from lambda_scripts.lakehouse.layout import RAW_QUEUE, Layout
from lambda_scripts.lakehouse.queue.lease import Lease
from lambda_scripts.lakehouse.tables import attempts, staging
from lambda_scripts.lakehouse.tables.attempts import Attempt
from lambda_scripts.lakehouse.tables.load_records import LoadRecords
from lambda_scripts.lakehouse.tables.merged import MergedTable
from lambda_scripts.lakehouse.tables.no_rows import NO_ROWS
from lambda_scripts.lakehouse.tables.source_records import FileHistory, SourceRecords
from tests.lake.clocks import SteppedClock
from tests.lakes import RAW, REPORTS, Lake, act, csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.engine import Statement as Running
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS

pytestmark = [pytest.mark.on_trino(False), pytest.mark.reports(False)]

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
MSFT = csv(day("2016-01-04", 50), day("2016-02-01", 51))
ONE_MONTH = csv(day("2016-01-04", 50))
DATABASE = "hyn_stocks_db"
CONTEXT = SimpleNamespace(
    function_name=RAW, aws_request_id="1", invoked_function_arn="arn", get_remaining_time_in_millis=lambda: 900_000
)


def patched_run(monkeypatch: pytest.MonkeyPatch, statement: str, act: Callable[[], object], when: str = "after") -> None:
    """Have `act` done once, before or after the handlers first run a statement of this name."""
    run, done = Athena.run, [False]

    def run_and_act(athena: Athena, *statements: Statement) -> list[Finished]:
        due = not done[0] and any(each.name == statement for each in statements)
        done[0] = done[0] or due
        if due and when == "before":
            act()
        finished = run(athena, *statements)
        if due and when == "after":
            act()
        return finished

    monkeypatch.setattr(Athena, "run", run_and_act)


def fail() -> None:
    """As AWS does now and then."""
    raise ClientError({"Error": {"Code": "InternalServerException", "Message": "oh"}}, "StartQueryExecution")


@pytest.fixture
def hurried(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose lease is lost after a second without a sign of life."""
    monkeypatch.setenv("LAKE_LEASE_SECONDS", "1")
    return lake


def overtaken(
    lake: Lake, function: str, operation: str, nth: int, key: str, body: str | None, meanwhile: Callable[[], object]
) -> None:
    """Drop or delete a file; freeze its handler at a call; let others work it off, and more; thaw."""
    fault = lake.account.faults.freeze("before", nth, function=function, operation=operation)
    if body is None:
        lake.account.client("s3").delete_object(Bucket=lake.bucket, Key=f"raw/stocks/{key}")
    else:
        lake.account.drop(f"raw/stocks/{key}", body)
    lake.account.runtime.wait_for("the holder freezes", lambda: fault.struck is not None)
    meanwhile()
    lake.account.runtime.wait_for("only the frozen one is left", lambda: lake.account.runtime.only_frozen_left)
    fault.thaw()
    lake.settle()


def lose(lake: Lake, staged: str) -> None:
    """Remove what is staged with this in its key, as another holder or a lifecycle rule does."""
    keys = [key for key in lake.keys("pipeline/staging") if staged in key]
    assert keys
    for key in keys:
        lake.account.client("s3").delete_object(Bucket=lake.bucket, Key=key)


# An absence is never evidence


@pytest.mark.parametrize("nth", [1, 2])
def test_a_frozen_holder_whose_staged_files_were_tidied_away_empties_nothing(hurried: Lake, nth: int) -> None:
    hurried.drop({"AAPL.csv": AAPL})
    overtaken(hurried, RAW, "s3:CopyObject", nth, "MSFT.csv", MSFT, lambda: hurried.account.drop("raw/stocks/IBM.csv", MSFT))
    assert [symbol for symbol, *_ in hurried.prices()] == ["AAPL", "AAPL", "IBM", "IBM", "MSFT", "MSFT"]
    assert hurried.keys("pipeline/inbox/") == hurried.keys("pipeline/staging/") == hurried.keys("pipeline/attempts/") == []


@pytest.mark.parametrize(
    "written",
    [["year=2016/month=01/a", "year=2016/month=01/b"], ["year=2016/month=02/a"], ["a"]],
    ids=["two", "of another", "of none"],
)
def test_files_other_than_one_of_each_partition_that_was_asked_for_are_not_published(store: Store, written: list[str]) -> None:
    table = MergedTable("stocks_processed", Layout().processed, store, Catalog(DATABASE))
    asked = {("2016", "01")}
    assert table.files_by_partition(["s3://lake/t/year=2016/month=01/a"], asked) == {("2016", "01"): "t/year=2016/month=01/a"}
    with pytest.raises(PublishError, match="nothing of it was published"):
        table.files_by_partition([f"s3://lake/t/{key}" for key in written], asked)


def test_a_staged_file_that_is_gone_before_it_is_published_empties_nothing(lake: Lake) -> None:
    lake.drop({"AAPL.csv": ONE_MONTH})
    fault = lake.account.faults.freeze("before", 1, function=RAW, operation="s3:CopyObject")
    lake.account.drop("raw/stocks/MSFT.csv", ONE_MONTH)
    lake.account.runtime.wait_for("the month is to be published", lambda: fault.struck is not None)
    lose(lake, "/stocks_processed_0_0/")
    fault.thaw()
    lake.settle()
    assert [symbol for symbol, *_ in lake.prices()] == ["AAPL", "MSFT"]


@pytest.mark.reports(True)
def test_reports_of_a_frozen_holder_empty_nothing(hurried: Lake) -> None:
    hurried.drop({"AAPL.csv": ONE_MONTH})
    drop = partial(hurried.account.drop, "raw/stocks/IBM.csv", ONE_MONTH)
    overtaken(hurried, REPORTS, "s3:CopyObject", 1, "MSFT.csv", ONE_MONTH, drop)
    assert len(hurried.monthly()) == 3 and len(hurried.yearly()) == 3


def test_staging_that_is_gone_fails_the_merge_and_no_row_is_lost(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": ONE_MONTH})
    for failed, gone in enumerate(("parsed", "sources"), 1):
        with monkeypatch.context() as patch:
            patched_run(patch, "load/merged_partitions", partial(lose, lake, f"/{gone}/"), when="before")
            lake.drop({"AAPL.csv": csv(day("2016-01-04", 100 + failed), day("2016-01-05", 98))})
        assert sum("DIVISION_BY_ZERO" in str(line.get("error")) for line in lake.logged("athena")) == failed
        assert lake.prices() == [("AAPL", "2016-01-04", f"{100 + failed}.0"), ("AAPL", "2016-01-05", "98.0")]


@pytest.mark.reports(True)
@pytest.mark.on_trino(True)
def test_the_file_of_an_emptied_partition_holds_no_rows_and_is_read_by_name(lake: Lake) -> None:
    table = pq.read_table(io.BytesIO(NO_ROWS))
    assert (table.num_rows, table.column_names, str(table.schema.field("symbol").type)) == (0, ["symbol"], "string")
    lake.drop_in_one_event({"AAPL.csv": AAPL, "MSFT.csv": csv(day("2016-02-01", 51))})
    lake.remove("AAPL.csv")
    assert lake.query("SELECT * FROM stocks_processed WHERE month = '01'") == []
    assert lake.prices() == [("MSFT", "2016-02-01", "51.0")]
    assert lake.query("SELECT count(*) AS rows FROM monthly_stock_reporting") == [{"rows": "1"}]


# No two commits are alike


def test_rows_of_a_deleted_file_stay_away_though_an_overtaken_holder_goes_on_to_publish_them(hurried: Lake) -> None:
    hurried.drop({"AAPL.csv": ONE_MONTH})
    hurried.remove("AAPL.csv")  # so the month is empty before, and is empty again when the frozen one goes on

    def delete() -> None:
        hurried.account.client("s3").delete_object(Bucket=hurried.bucket, Key="raw/stocks/MSFT.csv")

    overtaken(hurried, RAW, "s3:CopyObject", 1, "MSFT.csv", ONE_MONTH, delete)
    assert hurried.prices() == []


def test_only_files_of_versions_before_the_named_one_are_swept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": AAPL})
    folder = "processed/stocks/year=2016/month=01/"
    (named,) = lake.keys(folder)
    s3 = lake.account.client("s3")
    for name in ("20260101-000000-0a0b0c0d-0", "t9999999999-0001-20260101-000000-0"):
        s3.put_object(Bucket=lake.bucket, Key=f"{folder}{name}.parquet", Body=NO_ROWS)
    monkeypatch.setenv("LAKE_RETENTION_SECONDS", "0")
    lake.account.clock.advance(5)
    lake.drop({"IBM.csv": csv(day("2016-02-01", 7))})
    assert lake.keys(folder) == sorted([named, f"{folder}t9999999999-0001-20260101-000000-0.parquet"])


def test_a_file_that_a_manifest_named_until_just_now_is_not_swept_however_old_it_is(lake: Lake) -> None:
    folder = "processed/stocks/year=2016/month=01/"
    lake.drop({"AAPL.csv": ONE_MONTH})
    lake.later(3_601)
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 51))})
    for left in (2, 1):
        lake.drop({f"{left}.csv": ""})
        assert len(lake.keys(folder)) == left
        lake.later(3_601)


def test_what_a_later_batch_has_put_ends_a_load_with_an_error(lake: Lake) -> None:
    """As where an object of the lake was restored or deleted by hand: no other holder is there to be waited for."""
    lake.drop({"AAPL.csv": ONE_MONTH})
    later = "processed/stocks/year=2016/month=01/t9999999999-0001-20260101-000000-0.parquet"
    lake.account.client("s3").put_object(Bucket=lake.bucket, Key=later, Body=NO_ROWS)
    lake.account.client("lambda").update_function_configuration(FunctionName=RAW, Timeout=45)  # or it would go on for 15 minutes
    answer = lake.account.invoke(RAW, lake.event_of({"MSFT.csv": ONE_MONTH}))
    assert answer.get("errorType") == "LeaseLostError" and later in answer["errorMessage"]
    assert [symbol for symbol, *_ in lake.prices()] == ["AAPL"]
    assert json.loads(lake.body("pipeline/leases/raw.json"))["owner"] is None


# A refusal changes no row that a committed load stands for


@pytest.mark.on_trino(True)
def test_a_refused_version_keeps_the_rows_of_the_last_committed_load(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": MSFT})
    key = "pipeline/sources/raw/stocks/AAPL.csv.json"
    s3 = lake.account.client("s3")
    committed = json.loads(lake.body(key))
    unfinished = committed | {
        "version": "v2",
        "batch": "t0000000001-0001-20260101-000000",
        "before": committed["partitions"],
        "rows_batch_before": committed["batch"],
    }
    s3.put_object(Bucket=lake.bucket, Key=key, Body=json.dumps(unfinished))
    before = lake.prices()
    lake.drop({"AAPL.csv": "garbage"})
    assert lake.load_of("AAPL.csv")["status"] == "refused" and "unfinished load" in str(lake.load_of("AAPL.csv")["reason"])
    assert lake.prices() == before
    lake.drop({"AAPL.csv": csv(day("2016-03-01", 1))})
    assert [row for row in lake.prices() if row[0] == "AAPL"] == [("AAPL", "2016-03-01", "1.0")]


def test_a_refused_version_takes_out_the_rows_of_one_that_was_published_and_not_committed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.drop({"AAPL.csv": ONE_MONTH})
    with monkeypatch.context() as patch:
        patched_run(patch, "load/accepted_rows", fail, when="before")
        lake.account.invoke(RAW, lake.event_of({"AAPL.csv": AAPL}))
    assert [day for _, day, _ in lake.prices()] == ["2016-01-04", "2016-02-01"]
    lake.drop({"AAPL.csv": "garbage"})
    assert lake.load_of("AAPL.csv")["status"] == "refused" and lake.prices() == []


@pytest.mark.parametrize("step", ["load/merged_partitions", "load/accepted_rows"], ids=["before", "after"])
def test_rows_of_all_versions_go_though_the_last_one_failed_before_or_after_it_was_published(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    lake.drop({"AAPL.csv": ONE_MONTH})
    with monkeypatch.context() as patch:
        patched_run(patch, step, fail, when="before")
        lake.account.invoke(RAW, lake.event_of({"AAPL.csv": csv(day("2016-02-01", 51))}))
    lake.drop({"AAPL.csv": csv(day("2016-03-01", 52))})
    assert lake.prices() == [("AAPL", "2016-03-01", "52.0")]


def test_a_source_record_of_version_1_is_read(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL, "MSFT.csv": MSFT})
    key = "pipeline/sources/raw/stocks/AAPL.csv.json"
    s3 = lake.account.client("s3")
    record = json.loads(lake.body(key))
    old_batch, new_batch = "20260101-000000-0a0b0c0d", record["batch"]
    old = {name: record[name] for name in ("version", "changes_rows", "partitions", "before")} | {"batch": old_batch}
    s3.put_object(Bucket=lake.bucket, Key=key, Body=json.dumps(old))
    loads = lake.body(f"pipeline/loads/{new_batch}.jsonl")
    s3.put_object(
        Bucket=lake.bucket, Key=f"pipeline/loads/{old_batch}.jsonl", Body=loads.replace(new_batch.encode(), old_batch.encode())
    )
    known = records(lake).histories(["raw/stocks/AAPL.csv"])["raw/stocks/AAPL.csv"]
    assert (known.recorded_version, known.rows_batch, known.has_unfinished_load) == (old["version"], old_batch, False)
    lake.drop({"AAPL.csv": csv(day("2016-03-01", 1))})
    assert [row for row in lake.prices() if row[0] == "AAPL"] == [("AAPL", "2016-03-01", "1.0")]


# What is later is said by the token


def test_the_latest_load_is_the_one_of_the_highest_token_whatever_clocks_say(lake: Lake) -> None:
    lake.account.clock.advance(3_600)
    lake.drop({"AAPL.csv": AAPL})
    lake.account.clock.advance(-3_600)
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 7))})
    rows = lake.query("SELECT accepted, is_latest FROM stocks_load_history ORDER BY loaded_at")
    assert [tuple(row.values()) for row in rows] == [("1", "true"), ("2", "false")]


def test_each_taking_raises_the_token_which_begins_the_batch_ids(store: Store) -> None:
    first, second = lease(store, "first"), lease(store, "second")
    assert first.take() and not second.take()
    ids = [first.new_batch(), first.new_batch()]
    first.give_back()
    assert second.take()
    ids.append(second.new_batch())
    assert ids == sorted(ids) and [int(each[1:11]) - int(ids[0][1:11]) for each in ids] == [0, 0, 1]
    assert ids[1] < second.first_batch <= ids[2] and second.first_batch > "20260101-000000-0a0b0c0d"


def test_where_the_lease_object_is_deleted_tokens_begin_no_lower(store: Store) -> None:
    store.put("pipeline/leases/raw.json", json.dumps({"owner": None, "token": 1_700_000_000}).encode())
    first, second = lease(store, "first"), lease(store, "second")
    assert first.take()
    store.delete(["pipeline/leases/raw.json"])
    assert second.take() and second.new_batch() > first.new_batch()


def test_an_earlier_batch_writes_no_source_record_over_a_later_ones(store: Store) -> None:
    sources = SourceRecords(store, Layout(), LoadRecords(store, Layout()))
    key, later = "raw/stocks/A.csv", "t0000000002-0001-20260101-000000"
    write = {"partitions": frozenset({("2016", "01")}), "changes_rows": True, "replaces_rows": True}
    sources.write(key, later, "v2", history=FileHistory(), **write)  # type: ignore[arg-type]
    known = sources.histories([key])[key]
    with pytest.raises(LeaseLostError):
        sources.write(key, "t0000000001-0009-20260101-000000", "v1", history=known, **write)  # type: ignore[arg-type]
    with pytest.raises(ConflictError):
        sources.write(key, "t0000000003-0001-20260101-000000", "v1", history=FileHistory(), **write)  # type: ignore[arg-type]


def test_a_source_record_that_is_damaged_is_an_error_that_names_it(store: Store) -> None:
    key = "raw/stocks/A.csv"
    for damaged in (b"", b"{}", b'{"version": "v1", "batch": "t1", "changes_rows": true, "partitions": 5, "before": []}'):
        store.put(Layout().source_record(key), damaged)
        with pytest.raises(Error, match=f"{key}.json is not a source record .*: restore its earlier version"):
            SourceRecords(store, Layout(), LoadRecords(store, Layout())).histories([key])


# Tidying


def test_a_batch_is_committed_or_aborted_once_and_for_all(store: Store) -> None:
    loads = LoadRecords(store, Layout())
    loads.commit("t1", b"{}\n")
    assert not loads.abort("t1") and loads.abort("t2") and loads.abort("t2")
    with pytest.raises(LeaseLostError):
        loads.commit("t2", b"{}\n")
    assert loads.committed(["t1", "t2", "t3"]) == {"t1"}
    assert [stored.key for stored in store.objects(Layout().loads)] == [Layout().load_record("t1")]


def test_who_aborts_a_batch_that_is_committed_meanwhile_learns_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, swap = LoadRecords(store, Layout()), Store.swap

    def swap_after_the_commit(store: Store, key: str, body: bytes, etag: str | None) -> str:
        monkeypatch.setattr(Store, "swap", swap)
        loads.commit("t1", b"{}\n")
        return swap(store, key, body, etag)

    monkeypatch.setattr(Store, "swap", swap_after_the_commit)
    assert not loads.abort("t1") and loads.committed(["t1"]) == {"t1"}


def test_a_batch_is_committed_only_where_its_rows_are_where_they_should_be(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = "processed/stocks/_symlink_format_manifest/year=2016/month=01/manifest"
    empty = partial(lake.account.client("s3").put_object, Bucket=lake.bucket, Key=manifest, Body=b"")
    patched_run(monkeypatch, "load/accepted_rows", empty, when="before")
    lake.drop({"AAPL.csv": ONE_MONTH})
    assert len(lake.prices()) == 1 and lake.load_of("AAPL.csv")["accepted"] == "1"


def test_a_day_that_was_given_up_goes_to_the_file_before_though_that_load_fails_once_it_has_published(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for close in (50, 60):
        lake.drop({f"AAPL_{close}.csv": csv(day("2016-01-04", close), day("2016-01-05", close))})
        lake.later()
    patched_run(monkeypatch, "load/accepted_rows", fail, when="before")
    lake.drop({"AAPL_60.csv": csv(day("2016-01-05", 60))})
    assert lake.prices() == [("AAPL", "2016-01-04", "50.0"), ("AAPL", "2016-01-05", "60.0")]


def test_what_a_statement_left_that_outlived_its_invocation_goes_with_the_next_holder(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables
    dead, live = "t0000000001-0001-20260101-000000", "t9999999999-0001-20260101-000000"
    glue, s3 = lake.account.client("glue"), lake.account.client("s3")
    (definition,) = (
        table for table in glue.get_tables(DatabaseName=DATABASE)["TableList"] if table["Name"] == "stocks_staging_sources"
    )
    storage = definition["StorageDescriptor"]

    def leave(batch: str) -> None:
        table = f"tmp_raw_{batch.replace('-', '_')}_parsed"
        glue.create_table(DatabaseName=DATABASE, TableInput={"Name": table, "StorageDescriptor": storage})
        glue.create_partition(
            DatabaseName=DATABASE,
            TableName="stocks_staging_sources",
            PartitionInput={"Values": [batch], "StorageDescriptor": storage},
        )
        s3.put_object(Bucket=lake.bucket, Key=f"pipeline/staging/raw/{batch}/parsed/file", Body=b"x")
        s3.put_object(Bucket=lake.bucket, Key=f"rejected/stocks/{batch}-0.parquet", Body=b"x")  # as version 1 did

    leave(live)
    for work_on in (lambda: act(lake, action="drain"), lambda: lake.drop({"MSFT.csv": MSFT})):
        leave(dead)
        work_on()
        tables = [table for table in lake.account.tables() if table.startswith("tmp_")]
        assert tables == [f"tmp_raw_{live.replace('-', '_')}_parsed"]
        partitions = glue.get_partitions(DatabaseName=DATABASE, TableName="stocks_staging_sources")["Partitions"]
        assert [partition["Values"] for partition in partitions] == [[live]]
        assert lake.keys("pipeline/staging/") == [f"pipeline/staging/raw/{live}/parsed/file"]
        assert lake.keys("rejected/") == [f"rejected/stocks/{live}-0.parquet"]
    assert len(lake.prices()) == 2


def test_an_attempt_that_a_frozen_holder_puts_when_its_files_have_an_outcome_goes_with_what_it_staged(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    dead = "t0000000001-0001-20260101-000000"
    late = Attempt(dead, {"raw/stocks/AAPL.csv": "v1"}, "a query", dead, is_running=True)
    s3 = lake.account.client("s3")
    s3.put_object(Bucket=lake.bucket, Key=f"pipeline/attempts/{dead}.json", Body=json.dumps(asdict(late)))
    s3.put_object(Bucket=lake.bucket, Key=f"pipeline/staging/raw/{dead}/parsed/file", Body=b"x")
    act(lake, action="drain")
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging/") == []


def test_rejected_rows_of_a_batch_that_was_committed_just_before_a_crash_are_there(lake: Lake) -> None:
    lake.account.faults.arm("before", 1, function=RAW, operation="s3:DeleteObjects")
    lake.account.faults.arm("before", 3, function=RAW, operation="s3:CopyObject")
    lake.drop({"AAPL.csv": AAPL + "2016-01-05,1,2,0,,,5\n"})
    assert [row["reason"] for row in lake.rejected()] == ["no close"]
    assert lake.query("SELECT source FROM stocks_loads") == [{"source": f"s3://{lake.bucket}/raw/stocks/AAPL.csv"}]


def test_rejected_rows_that_are_gone_before_they_are_published_are_got_again(lake: Lake) -> None:
    fault = lake.account.faults.freeze("before", 2, function=RAW, operation="s3:CopyObject")
    lake.account.drop("raw/stocks/AAPL.csv", csv(day("2016-01-04", 100), "2016-01-05,1,2,0,,,5"))
    lake.account.runtime.wait_for("the batch is committed", lambda: fault.struck is not None)
    assert lake.keys("pipeline/commits/")
    lose(lake, "/rejected/")
    fault.thaw()
    lake.settle()
    assert [row["reason"] for row in lake.rejected()] == ["no close"] and len(lake.prices()) == 1
    assert len(lake.logged("rejected rows were removed before they were published; their files are loaded again")) == 1


@pytest.mark.parametrize("call", ["athena:StartQueryExecution", "athena:GetQueryExecution"])
def test_who_is_overtaken_stops_the_parse_that_it_waits_for(hurried: Lake, call: str) -> None:
    act(hurried, action="drain")  # makes the tables, so that the first statement is the parse
    frozen: list[str] = []
    stopped: list[bool] = []

    def hold(statement: Running, targets: Sequence[str]) -> None:
        makes = re.match(r"CREATE TABLE tmp_raw_(\w+)_parsed", statement.sql)
        if makes and (not frozen or makes[1] == frozen[0].replace("-", "_")):
            stopped.append(statement.cancelled.wait(PATIENCE_SECONDS))

    def work_it_off() -> None:
        frozen.extend(key.split("/")[3] for key in hurried.keys("pipeline/staging/raw/") if key.endswith("note"))
        hurried.account.drop("raw/stocks/IBM.csv", ONE_MONTH)

    hurried.account.interference.add(hold)
    overtaken(hurried, RAW, call, 1, "MSFT.csv", ONE_MONTH, work_it_off)
    assert len(frozen) == 1 and stopped == [True] and len(hurried.prices()) == 2
    assert hurried.keys("pipeline/attempts/") == []


def test_who_is_overtaken_blames_no_file_whose_parse_reads_nothing_any_more(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables, so that the first statement is the parse
    runtime, event = lake.account.runtime, lake.event_of({"MSFT.csv": ONE_MONTH})
    fault = lake.account.faults.freeze("before", 1, function=RAW, operation="athena:StartQueryExecution")
    for _ in range(2):  # Lambda takes the first for dead, and tries again
        runtime.send(RAW, event, "request")
        runtime.wait_for("only the frozen one is left", lambda: fault.struck is not None and runtime.only_frozen_left)
    fault.thaw()
    lake.settle()
    assert len(lake.prices()) == 1 and lake.logged("a file makes the parse fail") == []
    assert lake.keys("pipeline/attempts/") == []


def test_who_is_overtaken_stops_no_parse_puts_no_attempt_and_blames_no_file(lake: Lake) -> None:
    act(lake, action="drain")  # makes the tables
    overtaken, holder = (open_lake(RAW_QUEUE, lake.bucket, CONTEXT) for _ in range(2))
    assert overtaken.lease.take()
    batch, files = staging.begin(overtaken, ["raw/stocks/HUGE.csv"]), {"raw/stocks/HUGE.csv": "v1"}
    assert holder.lease.take()  # as a retry of the same request
    with pytest.raises(LeaseLostError):
        halving.forget(overtaken, [Attempt(batch, files, "a query", batch, is_running=True)])
    assert lake.keys("pipeline/staging/raw/") == [f"pipeline/staging/raw/{batch}/note"]
    with pytest.raises(LeaseLostError):
        attempts.put_failed(overtaken, batch, list(files), "what it was to read is gone")
    with pytest.raises(RuntimeError), staging.excused(overtaken, staging.begin(overtaken, list(files))):
        raise RuntimeError("a word of the function")
    with pytest.raises(RuntimeError), staging.excused(overtaken, batch):
        staging.tidy(holder)  # of both batches
        assert [each.batch for each in attempts.read(holder)] == [batch]
        raise RuntimeError("a word that came late")
    assert attempts.read(holder) == []


# The lease


def test_a_marker_that_comes_as_the_lease_is_given_back_is_worked_off(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    give_back, marker = Lease.give_back, "pipeline/inbox/raw/raw/stocks/MSFT.csv/1"
    lake.event_of({"MSFT.csv": ONE_MONTH})

    def give_back_after_a_marker(lease: Lease) -> None:
        monkeypatch.setattr(Lease, "give_back", give_back)
        lake.account.client("s3").put_object(Bucket=lake.bucket, Key=marker, Body=b"raw/stocks/MSFT.csv")
        give_back(lease)

    monkeypatch.setattr(Lease, "give_back", give_back_after_a_marker)
    answer = lake.account.invoke(RAW, lake.event_of({"AAPL.csv": ONE_MONTH}))
    assert answer == {lake.bucket: {"outcome": "the inbox is empty", "batches": 2}}


@pytest.fixture
def store() -> Iterator[Store]:
    with LocalAccount(None) as account:
        account.client("s3").create_bucket(Bucket="lake")
        yield Store("lake")


def lease(store: Store, owner: str, clock: Clock | None = None) -> Lease:
    return Lease(store, "pipeline/leases/raw.json", clock or Clock(), owner, 60)


def test_a_silent_holder_is_overtaken_after_the_leases_time_and_not_before(store: Store) -> None:
    clock = SteppedClock()
    holder, other = lease(store, "holder", clock), lease(store, "other", clock)
    assert holder.take() and not other.take()
    assert other.wait(Deadline(clock, 900), 5)
    assert 60 <= clock.seconds <= 65 and other.take()
    with pytest.raises(LeaseLostError):
        holder.renew()
    holder.give_back()
    other.renew()  # it is still the other's


def test_a_holder_that_waits_renews_its_lease_and_is_not_overtaken(store: Store) -> None:
    clock = SteppedClock()
    holder, other = lease(store, "holder", clock), lease(store, "other", clock)
    assert holder.take() and not other.take()
    waiting = Deadline(clock, 300, holder.keep)
    with pytest.raises(Exception, match="no time left in this invocation to wait for the lease"):
        other.wait(waiting, 5)
    assert clock.seconds >= 300 and not other.take()


def test_a_retry_of_the_request_that_holds_the_lease_takes_it_at_once(store: Store) -> None:
    assert lease(store, "request").take() and lease(store, "request").take()


def test_of_two_deliveries_of_one_request_that_take_the_lease_at_the_same_time_one_has_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = lease(store, "request"), lease(store, "request")
    swap = Store.swap

    def swap_after_the_first(store: Store, key: str, body: bytes, etag: str | None) -> str:
        monkeypatch.setattr(Store, "swap", swap)
        assert first.take()
        return swap(store, key, body, etag)

    monkeypatch.setattr(Store, "swap", swap_after_the_first)
    assert not second.take() and second.take()
    with pytest.raises(LeaseLostError):
        first.renew()


def test_of_two_deliveries_of_one_request_that_are_both_alive_the_overtaken_one_waits(store: Store) -> None:
    clock = SteppedClock()
    first, second = lease(store, "request", clock), lease(store, "request", clock)
    assert first.take() and second.take()
    with pytest.raises(LeaseLostError):
        first.renew()
    assert not first.take()
    second.renew()
    assert first.wait(Deadline(clock, 900, lambda: second.give_back() if clock.seconds > 20 else second.keep()), 5)
    assert first.take()


def test_one_invocation_waits_for_the_lease_and_the_others_do_not(store: Store) -> None:
    clock = SteppedClock()
    holder, second = lease(store, "holder", clock), lease(store, "second", clock)
    assert holder.take() and not second.take()
    asked: list[bool] = []

    def another_asks() -> None:
        third = lease(store, "third", clock)
        asked.append(third.take() or third.wait(Deadline(clock, 900), 5))

    assert second.wait(Deadline(clock, 900, second.keep, another_asks), 5)
    assert len(asked) > 10 and not any(asked)
    fourth = lease(store, "fourth", clock)
    assert not fourth.take() and fourth.wait(Deadline(clock, 900), 5)


def test_a_holder_renews_its_lease_though_another_claims_to_be_next(store: Store) -> None:
    clock = SteppedClock()
    holder, second = lease(store, "holder", clock), lease(store, "second", clock)
    assert holder.take() and not second.take()

    def renew() -> None:
        holder.renew()
        if clock.seconds > 200:
            holder.give_back()

    assert second.wait(Deadline(clock, 900, second.keep, lambda: renew() if holder.is_held else None), 5)
    assert clock.seconds > 200 and second.take()


def test_a_lease_of_version_1_is_held_until_its_time(store: Store) -> None:
    key = "pipeline/leases/raw.json"
    store.put(key, json.dumps({"owner": "old", "token": "0a0b", "expires": 4e9}).encode())
    assert not lease(store, "new").take()
    store.put(key, json.dumps({"owner": "old", "token": "0a0b", "expires": 0.0}).encode())
    assert lease(store, "new").take()


def records(lake: Lake) -> SourceRecords:
    store = Store(lake.bucket)
    return SourceRecords(store, Layout(), LoadRecords(store, Layout()))


def test_a_parse_reads_of_the_staged_files_those_of_its_batch_alone(lake: Lake) -> None:
    """A batch that is not tidied up after yet, here one of a later token, may have staged the same file."""
    held = lake.account.faults.freeze("after", function=RAW, operation="glue:BatchCreatePartition", nth=2)
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    lake.account.runtime.wait_for("the file is staged", lambda: held.struck is not None)
    (staged,) = lake.keys("pipeline/staging-tables/sources/")
    left = re.sub("batch=t[0-9]{10}", "batch=t9999999999", staged)
    lake.account.client("s3").copy_object(Bucket=lake.bucket, Key=left, CopySource={"Bucket": lake.bucket, "Key": staged})
    lake.query("MSCK REPAIR TABLE stocks_staging_sources")
    held.thaw()
    lake.settle()
    load = lake.load_of("AAPL.csv")
    assert (load["rows"], load["accepted"], load["superseded"]) == ("2", "2", "0")
