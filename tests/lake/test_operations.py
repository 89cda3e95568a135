"""What an operator meets: deadlines, leases, throttling, lost partitions, refreshes and logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.clients import client
from lambda_scripts.lakehouse.aws.sql import Statement
from tests.lakes import RAW, REPORTS, Lake, act, csv, day, opened
from tests.local_aws.account import EngineName

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))


@pytest.fixture
def short(engine: EngineName) -> Iterator[Lake]:
    """A lake whose functions have a second's time, too little even for the inbox to settle."""
    settings = {"LAKE_DEADLINE_MARGIN_SECONDS": "1.4", "LAKE_SETTLE_SECONDS": "5", "LAKE_BATCH_FILES": "4"}
    with opened(engine, settings=settings, timeout_seconds=3) as lake:
        yield lake


def test_work_left_at_the_deadline_goes_on_in_fresh_invocations(short: Lake) -> None:
    short.account.drop("raw/stocks/AAPL.csv", AAPL)
    short.account.wait_until_idle()
    batch_files = [each.event["batch_files"] for each in short.account.invocations if "action" in each.event]
    assert list(dict.fromkeys(batch_files)) == [2, 1]
    (letter,) = short.account.dead_letters
    assert "not even for one file: give the function a longer timeout" in str(letter.error)
    assert short.keys("pipeline/inbox/raw/")


OF_A_DEAD_HOLDER = {"token": 7, "owner": "killed", "renewals": 3, "seconds": 0.5}


@pytest.mark.reports(False)
@pytest.mark.parametrize("successor", [None, {"owner": "killed too", "until": 0.0}], ids=["alone", "as the one who waited died"])
def test_a_lease_that_its_holder_does_not_renew_is_taken_over_by_the_one_who_waits(
    lake: Lake, successor: dict[str, Any] | None
) -> None:
    lease = json.dumps(OF_A_DEAD_HOLDER | {"successor": successor})
    lake.account.client("s3").put_object(Bucket=lake.bucket, Key="pipeline/leases/raw.json", Body=lease)
    lake.drop({"AAPL.csv": AAPL})
    assert len(lake.prices()) == 2
    assert [line["token"] for line in lake.logged("lease taken") if line["function"] == RAW] == [8]


@pytest.mark.reports(False)
def test_an_overtaken_writer_publishes_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": AAPL})
    before = lake.manifests()
    lease, taken = "pipeline/leases/raw.json", {"token": 4_000_000_000, "owner": "another", "renewals": 0, "seconds": 600.0}
    run = Athena.run

    def run_and_be_overtaken(athena: Athena, *statements: Statement) -> list[Finished]:
        finished = run(athena, *statements)
        if any(statement.name == "load/merged_partitions" for statement in statements):
            lake.account.client("s3").put_object(Bucket=lake.bucket, Key=lease, Body=json.dumps(taken))
        return finished

    monkeypatch.setattr(Athena, "run", run_and_be_overtaken)
    lake.account.drop("raw/stocks/AAPL.csv", csv(day("2016-01-04", 101)))
    lake.wait_for("overtaken")
    assert lake.manifests() == before and len(lake.keys("pipeline/inbox/raw/")) == 1
    monkeypatch.setattr(Athena, "run", run)
    lake.account.client("s3").put_object(Bucket=lake.bucket, Key=lease, Body=json.dumps(taken | {"owner": None}))
    lake.settle()
    assert lake.prices() == [("AAPL", "2016-01-04", "101.0")]


@pytest.mark.reports(False)
def test_a_partition_that_another_writer_changed_meanwhile_is_computed_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"AAPL.csv": AAPL})
    manifest = "processed/stocks/_symlink_format_manifest/year=2016/month=01/manifest"
    s3 = lake.account.client("s3")
    run, others = Athena.run, iter([b"", b""])

    def run_and_be_beaten(athena: Athena, *statements: Statement) -> list[Finished]:
        finished = run(athena, *statements)
        if any(statement.name == "load/merged_partitions" for statement in statements):
            for body in others:
                s3.put_object(Bucket=lake.bucket, Key=manifest, Body=body)
                break
        return finished

    monkeypatch.setattr(Athena, "run", run_and_be_beaten)
    lake.drop({"MSFT.csv": csv(day("2016-01-04", 50), day("2016-02-01", 51), "2016-02-02,1,2,0,,,5")})
    # The other writer emptied the month: what is published stands on that, not on what had been read before.
    assert lake.prices() == [("AAPL", "2016-02-01", "99.0"), ("MSFT", "2016-01-04", "50.0"), ("MSFT", "2016-02-01", "51.0")]
    assert [line["lost_to_another_writer"] for line in lake.logged("publish") if line["table"] == "stocks_processed"] == [0, 1, 0]
    assert len(lake.rejected()) == 1 and not any(each.error for each in lake.account.invocations)
    assert lake.logged("a batch fails; its halves are tried") == []
    # And as a file of its own, since somebody may read the one that was to be published.
    assert lake.manifests()[manifest].endswith("-1.parquet\n")


def test_throttled_calls_are_tried_again(lake: Lake) -> None:
    throttled: list[str] = []

    def throttle(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        if event_name in throttled:
            return None
        throttled.append(event_name)
        body = BytesIO(b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
        return AWSResponse(request.url, 400, {}, HTTPResponse(body, preload_content=False))

    operations = {"athena": "StartQueryExecution", "glue": "GetTables"}
    for service, operation in operations.items():
        client(service).meta.events.register_first(f"before-send.{service}.{operation}", throttle, "throttle")
    try:
        lake.drop({"AAPL.csv": AAPL})
    finally:
        for service, operation in operations.items():
            client(service).meta.events.unregister(f"before-send.{service}.{operation}", throttle, "throttle")
    assert len(throttled) == 2 and len(lake.prices()) == 2


def test_events_delivered_twice_load_once(engine: EngineName) -> None:
    with opened(engine, duplicate_rate=1.0) as lake:
        lake.drop({"AAPL.csv": AAPL, "MSFT.csv": AAPL})
        assert len(lake.query("SELECT source FROM stocks_loads")) == 2
        assert len(lake.prices()) == 4


@pytest.mark.reports(False)
@pytest.mark.on_trino(True)
def test_partitions_that_the_catalogue_lost_are_repaired_with_those_of_the_year_before(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL + day("2015-12-31", 80) + "\n"})
    for partition in (["2015", "12"], ["2016", "01"]):
        lake.account.client("glue").delete_partition(
            DatabaseName="hyn_stocks_db", TableName="stocks_processed", PartitionValues=partition
        )
    assert len(lake.prices()) == 1
    act(lake, REPORTS, action="reprocess", prefix="processed/stocks/year=2016")
    assert len(lake.prices()) == 3
    assert [(row["month"], row["return_pct"]) for row in lake.monthly()][0] == ("01", "25.0")


@pytest.mark.reports(False)
@pytest.mark.on_trino(True)
def test_msck_repair_finds_the_partitions_of_a_table_made_anew(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lake.account.client("glue").delete_table(DatabaseName="hyn_stocks_db", Name="stocks_processed")
    lake.account.invoke(RAW, {"action": "reprocess", "bucket": lake.bucket, "prefix": "raw/stocks/nosuch"})
    lake.drop({"MSFT.csv": csv(day("2020-01-02", 5))})
    lake.query("MSCK REPAIR TABLE stocks_processed")
    assert len(lake.prices()) == 3


def test_quicksight_is_refreshed_once_a_batch_of_reports(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_QUICKSIGHT_DATASETS", "stocks-monthly, stocks-yearly")
    lake.drop({"AAPL.csv": AAPL})
    assert [line["data_set"] for line in lake.logged("quicksight refresh")] == ["stocks-monthly", "stocks-yearly"]


def test_a_refresh_beyond_the_days_limit_stops_no_report_and_is_made_up_for_by_drain(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_QUICKSIGHT_DATASETS", "stocks-monthly, stocks-yearly")
    quicksight = lake.account.client("quicksight")
    for number in range(32):
        quicksight.create_ingestion(AwsAccountId="123456789012", DataSetId="stocks-monthly", IngestionId=f"by-hand-{number}")
    lake.drop({"AAPL.csv": AAPL})
    (refused,) = lake.logged("quicksight refresh not started")
    assert "LimitExceededException" in refused["error"] and refused["data_set"] == "stocks-monthly" and len(lake.monthly()) == 2
    act(lake, REPORTS, action="drain")
    assert [line["data_set"] for line in lake.logged("quicksight refresh")] == ["stocks-yearly"]
    lake.account.clock.advance(86_400)
    act(lake, REPORTS, action="drain")
    act(lake, REPORTS, action="drain")
    assert [line["data_set"] for line in lake.logged("quicksight refresh")] == ["stocks-yearly", "stocks-monthly"]


TIMED = ("athena", "inbox", "inspect", "register", "source records", "publish", "loaded", "reported", "sweep")


def test_every_log_line_tells_function_and_request_and_those_of_work_their_duration(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lines = [line for line in lake.account.logs if line["step"] != "test event"]
    assert {line["function"] for line in lines} == {RAW, REPORTS} and all(line["request_id"] for line in lines)
    assert {line["step"] for line in lines} >= set(TIMED)
    assert [line for line in lines if line["step"] in TIMED and "seconds" not in line] == []
    statements = lake.logged("athena")
    assert {"load/parsed_rows", "load/source_summary", "load/merged_partitions"} <= {line["statement"] for line in statements}
    assert sum(line["bytes_scanned"] for line in statements) > 0
    (loaded,) = lake.logged("loaded")
    assert (loaded["files"], loaded["rows"], loaded["accepted"]) == (1, 2, 2)
