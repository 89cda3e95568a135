"""Who is blamed when a statement fails: the file that it can't read, found and named, and no other; the rest is loaded."""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambda_scripts.lakehouse import drain, file_format, load, raw_files
from lambda_scripts.lakehouse.aws import functions
from lambda_scripts.lakehouse.aws.athena import Athena, Finished
from lambda_scripts.lakehouse.aws.sql import Statement as Rendered
from lambda_scripts.lakehouse.errors import DeadlineReachedError, PublishError
from lambda_scripts.lakehouse.file_format import FIRST_RANGE_BYTES
from tests.lakes import RAW, Lake, act, csv, day
from tests.local_aws.aws_calls import Killed
from tests.local_aws.engine import Statement, StatementFailed
from tests.local_aws.interference import Interfere, hadoop_names

pytestmark = [pytest.mark.on_trino(False), pytest.mark.reports(False)]

GOOD = {f"GOOD{number:02d}.csv": csv(day("2016-01-04", 100 + number)) for number in range(3)}
ONE = {"GOOD00.csv": GOOD["GOOD00.csv"]}


def packed(symbol: str) -> bytes:
    """A gzip of rows that do not pack well, so that its head is far from its end."""
    chance = random.Random(symbol)
    rows = "".join(f"{symbol},2016-01-{at % 28 + 1:02d},{chance.random() * 1000},5\n" for at in range(10_000))
    content = gzip.compress(("Symbol,Date,Close,Volume\n" + rows).encode())
    assert len(content) > FIRST_RANGE_BYTES + 20_000
    return content


def damaged(symbol: str) -> bytes:
    content = bytearray(packed(symbol))
    content[-10_000:-9_000] = b"\xff" * 1_000
    return bytes(content)


def truncated(symbol: str) -> bytes:
    return packed(symbol)[:-10_000]


def statements(lake: Lake, name: str) -> int:
    return sum(line["statement"] == name for line in lake.logged("athena"))


@pytest.mark.on_trino(True)
def test_broken_gzips_are_refused_with_the_engines_message_and_the_others_loaded(lake: Lake) -> None:
    lake.drop_in_one_event(GOOD | {"DAMAGED.csv.gz": damaged("D"), "TRUNCATED.csv.gz": truncated("T")})
    loads = {row["source"]: row for row in lake.loads()}
    for key in ("DAMAGED.csv.gz", "TRUNCATED.csv.gz"):
        assert loads[key]["status"] == "refused"
        reason = loads[key]["reason"] or ""
        assert "HIVE_CURSOR_ERROR: Failed to read file at" in reason and f"/raw/stocks/{key}" in reason
        assert [line["reason"] for line in lake.logged("refused") if line["source"].endswith(key)] == [reason]
    assert {key for key, load in loads.items() if load["status"] == "loaded"} == set(GOOD)
    assert lake.prices() == [(f"GOOD{number:02d}", "2016-01-04", f"{100 + number}.0") for number in range(3)]
    halvings = math.ceil(math.log2(len(loads)))
    again = 2 * 2 + 1  # two more attempts with each, and one that proves that it is not the statement
    assert halvings < statements(lake, "load/parsed_rows") <= 2 * (2 * halvings + 1) + again


@pytest.mark.on_trino(True)
def test_a_file_that_goes_between_inspection_and_parse_counts_as_gone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop({"GONE.csv": csv(day("2016-02-01", 50))})
    start = Athena.start

    def start_after_the_file_went(athena: Athena, statement: Rendered) -> str:
        lake.account.client("s3").delete_object(Bucket=lake.bucket, Key="raw/stocks/GONE.csv")
        return start(athena, statement)

    monkeypatch.setattr(Athena, "start", start_after_the_file_went)
    lake.drop_in_one_event(GOOD | {"GONE.csv": csv(day("2016-02-01", 51))})
    assert lake.load_of("GONE.csv")["status"] == "removed"
    assert lake.logged("refused") == []
    assert len(lake.prices()) == len(GOOD)
    assert lake.prices("month = '02'") == []


UNREADABLE = "HIVE_CURSOR_ERROR: Failed to read file at s3://somewhere: Read timed out"


def failing(reason: str, *, named: str = "", table: str = "_parsed", times: int = 1_000) -> Interfere:
    """Have the statements that make such a table, and read such a file, fail so many times."""
    left = times

    def interfere(statement: Statement, targets: Sequence[str]) -> None:
        nonlocal left
        makes = re.match(r"CREATE TABLE tmp_\w+", statement.sql)
        if left and makes and makes[0].endswith(table) and (not named or any(named in target for target in targets)):
            left -= 1
            raise StatementFailed(reason)

    return interfere


def drained(lake: Lake, at_most: int = 20) -> None:
    """Work off what is left in the inbox, as a person or a later event does."""
    for _ in range(at_most):
        if not lake.keys("pipeline/inbox/"):
            return
        act(lake, action="drain")
        lake.account.wait_until_idle()
    raise AssertionError("the queue stands still")


def test_an_error_that_passes_blames_no_file(lake: Lake) -> None:
    for times in (1, 2):
        lake.account.interference.add(failing(UNREADABLE, times=times))
        lake.drop({"AAPL.csv": csv(day("2016-01-04", 100 + times))})
        assert lake.load_of("AAPL.csv")["status"] == "loaded"
        assert lake.keys("pipeline/attempts/") == [] and lake.keys("pipeline/staging") == []
    assert lake.prices() == [("AAPL", "2016-01-04", "102.0")]


def test_a_file_is_refused_after_three_failures_the_last_in_a_later_invocation(lake: Lake) -> None:
    lake.account.interference.add(failing("A_CODE_THAT_NOBODY_KNOWS: oh", named="BAD.csv"))
    lake.drop_in_one_event(GOOD | {"BAD.csv": csv(day("2016-01-04", 1))})
    bad = lake.load_of("BAD.csv")
    queries = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(bad["reason"]))
    assert bad["status"] == "refused" and "A_CODE_THAT_NOBODY_KNOWS: oh" in str(bad["reason"]) and len(set(queries)) == 3
    alone = [each for each in lake.account.invocations if each.function == RAW and each.error]
    assert [each.error["errorType"] for each in alone if each.error] == ["LeftForLaterError"]
    assert len(lake.prices()) == len(GOOD)
    assert lake.keys("pipeline/attempts/") == [] and lake.keys("pipeline/inbox/") == []


def invoked_once(lake: Lake, files: Mapping[str, str | bytes]) -> dict[str, Any]:
    """What an invocation answers that is told of all these files, and that Lambda does not try again."""
    answer: dict[str, Any] = lake.account.invoke(RAW, lake.event_of(files))
    return answer


def test_a_failure_of_a_statement_that_reads_no_file_blames_none(lake: Lake) -> None:
    for table in ("_stocks_processed_0_0", "_rejected"):
        interfere = failing(UNREADABLE, table=table)
        lake.account.interference.add(interfere)
        answer = invoked_once(lake, {"AAPL.csv": csv(day("2016-01-04", 100), "2016-01-06,1,2,0,,,5")})
        assert answer["errorType"] == "LeftForLaterError"
        lake.account.interference.remove(interfere)
    on_record = [json.loads(lake.body(key)) for key in lake.keys("pipeline/attempts/")]
    assert len(on_record) == 2 * 2 and not any(attempt["blames"] for attempt in on_record)
    assert lake.loads() == []
    drained(lake)
    assert lake.load_of("AAPL.csv")["status"] == "loaded" and len(lake.prices()) == 1


def test_a_failure_that_no_file_can_cause_makes_no_batch_smaller(lake: Lake) -> None:
    interfere = failing("PERMISSION_DENIED: Access Denied", table="_stocks_processed_0_0")
    lake.account.interference.add(interfere)
    assert invoked_once(lake, GOOD)["errorType"] == "QueryFailedError"
    assert lake.keys("pipeline/attempts/") == [] and len(lake.keys("pipeline/inbox/raw/")) == len(GOOD)
    assert json.loads(lake.body("pipeline/leases/raw.json"))["owner"] is None


def miscounting(name: str, times: int = 1_000) -> Any:
    """A count, after the merge, that fails so many times where a file of this name is in the batch."""
    accepted, left = load._accepted, times

    def miscounted(lake: Any, staged: str, summaries: Mapping[str, load.Summary]) -> Any:
        nonlocal left
        if left and any(path.endswith(name) for path in summaries):
            left -= 1
            raise PublishError("a row is not where it should be")
        return accepted(lake, staged, summaries)

    return miscounted


@pytest.mark.parametrize("bad", [pytest.param("A.csv", marks=pytest.mark.thorough("the same from the other end")), "Z.csv"])
def test_a_file_that_makes_a_step_after_the_parse_fail_holds_up_no_other(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setattr(load, "_accepted", miscounting(bad))
    answer = invoked_once(lake, GOOD | {bad: csv(day("2016-01-04", 7))})
    assert {load["source"]: load["status"] for load in lake.loads()} == dict.fromkeys(GOOD, "loaded")
    assert answer["errorMessage"].endswith(f"raw/stocks/{bad}: a row is not where it should be")
    monkeypatch.undo()
    drained(lake)
    assert {load["status"] for load in lake.loads()} == {"loaded"} and len(lake.loads()) == len(lake.prices()) == len(GOOD) + 1
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging/") == lake.keys("pipeline/inbox/") == []


def test_a_file_that_makes_a_step_after_the_parse_fail_holds_up_no_file_of_another_batch(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_BATCH_FILES", "1")
    monkeypatch.setattr(load, "_accepted", miscounting("A.csv"))
    assert invoked_once(lake, ONE | {"A.csv": csv(day("2016-01-04", 7))})["errorType"] == "LeftForLaterError"
    assert {load["source"]: load["status"] for load in lake.loads()} == dict.fromkeys(ONE, "loaded")


def test_where_a_step_after_the_parse_fails_with_every_file_an_invocation_ends_soon(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_accepted", miscounting(".csv"))
    monkeypatch.setattr(drain, "FAILED_BATCHES_OF_AN_INVOCATION", 2)
    files = ONE | {"AAPL.csv": csv(day("2016-01-04", 100))}
    assert invoked_once(lake, files)["errorType"] == "BatchFailedError"
    assert len(lake.logged("a batch fails; its halves are tried")) == 1 and lake.loads() == []
    monkeypatch.undo()
    drained(lake)
    assert [load["status"] for load in lake.loads()] == ["loaded"] * len(files)
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging") == []


def test_a_file_is_not_refused_by_the_invocation_that_first_failed_with_it_though_another_file_fails_after_its_parse(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_accepted", miscounting("GOOD00.csv", times=1))
    lake.account.interference.add(failing("A_CODE_THAT_NOBODY_KNOWS: oh", named="BAD.csv"))
    lake.drop_in_one_event(ONE | {"BAD.csv": csv(day("2016-01-04", 1))})
    failed = [each.error["errorType"] for each in lake.account.invocations if each.function == RAW and each.error]
    assert failed == ["LeftForLaterError"] and lake.load_of("GOOD00.csv")["status"] == "loaded"
    assert lake.load_of("BAD.csv")["status"] == "refused"
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging") == lake.keys("pipeline/inbox/") == []


def test_where_the_statement_fails_without_any_file_none_is_blamed(lake: Lake) -> None:
    interfere = failing("A_CODE_THAT_NOBODY_KNOWS: oh")
    lake.account.interference.add(interfere)
    lake.send_one_event(GOOD)
    lake.account.wait_until_idle()
    act(lake, action="drain")
    (letter,) = lake.account.dead_letters
    assert letter.attempt == 3 and lake.loads() == []
    lake.account.interference.remove(interfere)
    drained(lake)
    assert [load["status"] for load in lake.loads()] == ["loaded"] * len(GOOD)
    assert lake.keys("pipeline/attempts/") == []


def test_a_parse_that_reads_no_row_of_a_file_that_has_some_is_done_once_more(lake: Lake) -> None:
    def lose_the_lines(statement: Statement, targets: Sequence[str]) -> None:
        if re.match(r"CREATE TABLE tmp_\w+_parsed", statement.sql):
            lake.account.interference.remove(lose_the_lines)
            for key in lake.keys("pipeline/staging-tables/lines/"):
                lake.account.client("s3").delete_object(Bucket=lake.bucket, Key=key)

    lake.account.interference.add(lose_the_lines)
    lake.drop(ONE)
    assert len(lake.prices()) == len(ONE) and lake.load_of("GOOD00.csv")["rows"] == "1"


def test_what_is_in_a_files_name_does_not_make_its_failure_a_systemic_one(lake: Lake) -> None:
    name = "raw/stocks/Access Denied.csv"
    lake.account.interference.add(failing(f"HIVE_BAD_DATA: Malformed s3://{lake.bucket}/{name}", named=name))
    lake.drop_in_one_event({name: csv(day("2016-01-04", 100)), "AAPL.csv": csv(day("2016-01-04", 100))})
    assert [load["status"] for load in lake.loads()] == ["loaded", "refused"]


@pytest.mark.on_trino(True)
def test_names_that_an_athena_can_not_address_are_refused_and_the_others_loaded(lake: Lake) -> None:
    lake.account.interference.add(hadoop_names)
    odd = ["A[1].csv", "B*.csv", "10:00/C.csv"]
    lake.drop_in_one_event(ONE | {name: csv("IBM,2016-01-04,1", header="Symbol,Date,Close") for name in odd})
    statuses = {load["source"]: load["status"] for load in lake.loads()}
    assert statuses == dict.fromkeys(ONE, "loaded") | dict.fromkeys(odd, "refused")
    reasons = {name: str(lake.load_of(name)["reason"]) for name in odd}
    assert {name: reason for name, reason in reasons.items() if "HIVE_FILESYSTEM_ERROR" not in reason} == {}


def test_keys_that_no_athena_addresses_are_refused_at_once_with_the_remedy(lake: Lake) -> None:
    keys = ("raw/stocks//A.csv", "raw/./A.csv", "raw/stocks/../A.csv")
    lake.drop_in_one_event({key: csv(day("2016-01-04", 100)) for key in (*keys, "AAPL.csv")})
    loaded, *refused = sorted(lake.loads(), key=lambda load: str(load["status"]))
    assert (loaded["source"], loaded["status"]) == ("AAPL.csv", "loaded") and len(refused) == len(keys)
    for each in refused:
        assert each["status"] == "refused"
        assert "move" in str(each["reason"]) and "//, /./ or /../" in str(each["reason"])
    assert statements(lake, "load/parsed_rows") == len(lake.logged("loaded")) == 1


def test_a_file_that_takes_longer_than_a_query_may_is_refused_with_the_remedy(lake: Lake) -> None:
    lake.account.interference.add(failing("Query timeout", named="HUGE.csv"))
    lake.drop_in_one_event(ONE | {"HUGE.csv": csv(day("2016-01-04", 1))})
    huge = lake.load_of("HUGE.csv")
    assert huge["status"] == "refused" and "unpack it or split it" in str(huge["reason"])
    assert [each.error for each in lake.account.invocations if each.error] == []
    assert len(lake.prices()) == len(ONE)


def out_of_time_before(monkeypatch: pytest.MonkeyPatch, wait: int) -> list[str]:
    """Have invocations run out of time in all waits for a parse before that one; the query of each wait."""
    waited_for: list[str] = []
    wait_for = Athena.wait

    def wait_or_run_out_of_time(athena: Athena, statement: Rendered, query_id: str) -> Finished:
        waited_for.append(query_id)
        if len(waited_for) < wait:
            raise DeadlineReachedError("no time left in this invocation to wait for Athena")
        return wait_for(athena, statement, query_id)

    monkeypatch.setattr(Athena, "wait", wait_or_run_out_of_time)
    return waited_for


def test_a_parse_that_outlasts_an_invocation_is_waited_for_by_the_next(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    waited_for = out_of_time_before(monkeypatch, wait=3)
    lake.drop({"HUGE.csv": csv(day("2016-01-05", 100))})
    assert len(waited_for) == 3 and len(set(waited_for)) == 1
    assert len(lake.logged("out of time; goes on in a fresh invocation")) == 2
    assert not any(line["from_silent_holder"] for line in lake.logged("lease taken"))
    assert lake.prices() == [("HUGE", "2016-01-05", "100.0")]
    assert lake.keys("pipeline/attempts/") == [] and lake.keys("pipeline/staging") == []


def test_one_query_that_fails_counts_once_however_many_invocations_waited_for_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_for = out_of_time_before(monkeypatch, wait=4)
    lake.account.interference.add(failing(UNREADABLE, times=1))
    lake.drop({"HUGE.csv": csv(day("2016-01-05", 100))})
    assert len(set(waited_for)) >= 2 and lake.load_of("HUGE.csv")["status"] == "loaded"
    assert [each.error for each in lake.account.invocations if each.error] == []
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging") == []


def test_a_parse_of_a_file_that_was_replaced_meanwhile_is_stopped(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    waited_for: list[str] = []
    wait = Athena.wait

    def replace_the_file_first(athena: Athena, statement: Rendered, query_id: str) -> Finished:
        waited_for.append(query_id)
        if len(waited_for) == 1:
            lake.account.client("s3").put_object(
                Bucket=lake.bucket, Key="raw/stocks/HUGE.csv", Body=csv(day("2016-01-05", 200), day("2016-01-06", 201))
            )
            raise DeadlineReachedError("no time left in this invocation to wait for Athena")
        return wait(athena, statement, query_id)

    monkeypatch.setattr(Athena, "wait", replace_the_file_first)
    lake.drop({"HUGE.csv": csv(day("2016-01-05", 100))})
    assert len(set(waited_for)) == 2
    assert lake.prices() == [("HUGE", "2016-01-05", "200.0"), ("HUGE", "2016-01-06", "201.0")]
    assert lake.keys("pipeline/attempts/") == [] and lake.keys("pipeline/staging") == []


@pytest.fixture
def patient(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """The lake with GOOD files in it, and an hour-long parse."""
    monkeypatch.setenv("LAKE_LEASE_SECONDS", "2")
    lake.drop_in_one_event(GOOD)
    patient = Patient(lake)
    lake.account.interference.add(patient.hold)
    monkeypatch.setattr(Athena, "wait", patient.wait(Athena.wait))
    yield patient
    patient.released.set()
    patient.over.set()


class Patient:
    """Parses that run until they are `released`; `ends` says how each wait for one ends, of the first, the second, …

    The first of as many files as `outlasts` says runs until it is stopped.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.ends: list[BaseException | None] = []
        self.waits: list[str] = []
        self.outlasts: int | None = None
        self.released, self.over = threading.Event(), threading.Event()

    def hold(self, statement: Statement, targets: Sequence[str]) -> None:
        if re.match(r"CREATE TABLE tmp_\w+_parsed", statement.sql):
            end = self.released
            if len(targets) == self.outlasts:
                end, self.outlasts = self.over, None
            while not end.wait(0.01):
                statement.check_cancelled()

    def wait(self, wait: Any) -> Any:
        def waited(athena: Athena, statement: Rendered, query_id: str) -> Finished:
            self.waits.append(query_id)
            if error := self.ends.pop(0) if self.ends else None:
                raise error
            self.released.set()
            finished: Finished = wait(athena, statement, query_id)
            return finished

        return waited

    def change(self, *gone: str, **files: str) -> None:
        """Upload files and delete others, at once."""
        self.lake.send_one_event(dict.fromkeys(gone) | {f"{name}.csv": body for name, body in files.items()})

    def errors(self) -> list[str]:
        return [str(each.error) for each in self.lake.account.invocations if each.error]


OUT_OF_TIME = DeadlineReachedError("no time left in this invocation to wait for Athena")


def test_a_parse_of_files_and_deleted_ones_is_waited_for_as_it_was_begun(patient: Patient) -> None:
    patient.ends = [OUT_OF_TIME, OUT_OF_TIME]
    patient.change("GOOD00.csv", HUGE=csv(day("2016-01-05", 7)))
    patient.lake.settle()
    assert len(patient.waits) == 3 and len(set(patient.waits)) == 1 and patient.errors() == []
    assert [symbol for symbol, *_ in patient.lake.prices()] == ["GOOD01", "GOOD02", "HUGE"]
    assert patient.lake.keys("pipeline/attempts/") == patient.lake.keys("pipeline/staging") == []


def test_a_parse_is_not_waited_for_where_a_deleted_file_is_back(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.ends = [OUT_OF_TIME]
    invoke = functions.invoke

    def bring_it_back_first(function: str, payload: Any) -> None:
        patient.change(GOOD00=csv(day("2016-01-06", 9)))
        invoke(function, payload)

    monkeypatch.setattr(functions, "invoke", bring_it_back_first)
    patient.change("GOOD00.csv", HUGE=csv(day("2016-01-05", 7)))
    patient.lake.settle()
    assert len(set(patient.waits)) == 2 and patient.errors() == []
    assert ("GOOD00", "2016-01-06", "9.0") in patient.lake.prices() and len(patient.lake.prices()) == 4
    act(patient.lake, action="drain")
    assert patient.lake.keys("pipeline/attempts/") == patient.lake.keys("pipeline/staging") == []


def test_a_parse_is_still_waited_for_when_an_invocation_dies_that_waited(patient: Patient) -> None:
    patient.ends = [OUT_OF_TIME, Killed("a lost host")]
    patient.change(HUGE=csv(day("2016-01-05", 7)))
    patient.lake.settle()
    assert len(patient.waits) == 3 and len(set(patient.waits)) == 1
    assert not any("cancelled" in error for error in patient.errors())
    assert len(patient.lake.prices()) == 4 and patient.lake.keys("pipeline/attempts/") == []


def test_a_parse_whose_rows_an_earlier_holder_removed_is_done_once_more_and_blames_no_file(patient: Patient) -> None:
    patient.ends = [OUT_OF_TIME]
    lake = patient.lake

    def lose_the_sources(statement: Statement, targets: Sequence[str]) -> None:
        if "AS reasons" in statement.sql:
            lake.account.interference.remove(lose_the_sources)
            for key in lake.keys("pipeline/staging-tables/sources/"):
                lake.account.client("s3").delete_object(Bucket=lake.bucket, Key=key)

    lake.account.interference.add(lose_the_sources)
    patient.change(HUGE=csv(day("2016-01-05", 7)))
    lake.settle()
    assert len(patient.waits) == 3 and len(set(patient.waits)) == 2 and patient.errors() == []
    assert lake.logged("a file makes the parse fail") == [] and len(lake.prices()) == 4


def test_who_forgets_a_parse_stops_it_only_when_nobody_else_can_wait_for_it(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, ends = patient.lake, patient.ends
    ends += [OUT_OF_TIME]

    def refuse(function: str, payload: Any) -> None:
        monkeypatch.setenv("LAKE_BATCH_FILES", "1")  # so that the retry can't wait for the parse of both
        raise ClientError({"Error": {"Code": "TooManyRequestsException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}, "Invoke")

    monkeypatch.setattr(functions, "invoke", refuse)
    fault = lake.account.faults.freeze("before", 1, function=RAW, operation="athena:StopQueryExecution")
    started = lake.account.runtime
    patient.outlasts = 2
    patient.change(LONG=csv(day("2016-01-05", 7)), LONGER=csv(day("2016-01-05", 8)))
    started.wait_for("it is to be stopped", lambda: fault.struck is not None)
    monkeypatch.setenv("LAKE_BATCH_FILES", "1000")
    before = len(patient.waits)
    patient.released.clear()
    lake.account.client("lambda").invoke(
        FunctionName=RAW,
        InvocationType="Event",
        Payload=json.dumps({"action": "reprocess", "bucket": lake.bucket, "prefix": "raw/stocks/LONG"}),
    )
    started.wait_for("another one parses, or waits for the parse", lambda: len(patient.waits) > before)
    fault.thaw()
    lake.account.wait_until_idle()
    assert not any("cancelled" in error for error in patient.errors())
    assert len(lake.prices()) == 5


def test_a_file_that_kills_the_function_is_set_aside_and_the_rest_goes_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from lambda_scripts.lakehouse import load

    summarise = load._summarise

    def out_of_memory(*given: Any) -> Any:
        if any("POISON" in drop.key for drop in given[-1] if drop.file_format):
            raise Killed("out of memory")
        return summarise(*given)

    monkeypatch.setattr(load, "_summarise", out_of_memory)
    monkeypatch.setenv("LAKE_LEASE_SECONDS", "2")
    lake.send_one_event(GOOD | {"POISON.csv": csv(day("2016-01-04", 1))})
    lake.account.wait_until_idle()
    drained(lake)
    poison = lake.load_of("POISON.csv")
    assert poison["status"] == "refused" and "the function ended without a word" in str(poison["reason"])
    assert len(lake.prices()) == len(GOOD)
    assert lake.keys("pipeline/attempts/") == [] and lake.keys("pipeline/staging") == []


def test_a_file_whose_head_kills_the_function_is_set_aside_after_three_attempts_with_it_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = list[str]()

    def out_of_memory(source: Any, *given: Any, **more: Any) -> Any:
        if "POISON" in source.key:
            looks.append(source.key)
            raise Killed("out of memory")
        return file_format.inspect(source, *given, **more)

    monkeypatch.setattr(raw_files, "inspect", out_of_memory)
    monkeypatch.setenv("LAKE_LEASE_SECONDS", "2")
    lake.send_one_event(ONE | {"POISON.csv": csv(day("2016-01-04", 1))})
    lake.account.wait_until_idle()
    drained(lake)
    refused = lake.load_of("POISON.csv")
    assert refused["status"] == "refused" and "the function ended without a word" in str(refused["reason"])
    assert "3 times" in str(refused["reason"]) and len(looks) > 3
    assert len(lake.prices()) == len(ONE)
    assert lake.keys("pipeline/attempts/") == lake.keys("pipeline/staging") == []
    lake.send_one_event({"POISON_ALONE.csv": csv(day("2016-01-04", 1))})
    lake.account.wait_until_idle()
    drained(lake)
    assert lake.load_of("POISON_ALONE.csv")["status"] == "refused"
    monkeypatch.setattr(raw_files, "inspect", file_format.inspect)
    lake.account.drop("raw/stocks/POISON.csv", csv(day("2016-01-05", 2)))
    lake.account.wait_until_idle()
    assert lake.load_of("POISON.csv")["status"] == "loaded"


def test_errors_that_are_told_while_files_are_inspected_blame_none(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[str]()

    def fail(source: Any, *given: Any, **more: Any) -> Any:
        looks.append(source.key)
        raise RuntimeError("something that passes")

    monkeypatch.setattr(raw_files, "inspect", fail)
    lake.account.drop("raw/stocks/AAPL.csv", csv(day("2016-01-04", 100)))
    lake.account.wait_until_idle()
    assert len(looks) == 3 * 2 and len(lake.account.dead_letters) == 1
    monkeypatch.setattr(raw_files, "inspect", file_format.inspect)
    drained(lake)
    assert lake.load_of("AAPL.csv")["status"] == "loaded" and lake.keys("pipeline/attempts/") == []


def test_a_file_at_which_inspecting_makes_a_mistake_is_refused_with_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Any, *given: Any, **more: Any) -> Any:
        return float("1.2.3") if source.key.endswith("A.csv") else file_format.inspect(source, *given, **more)

    monkeypatch.setattr(raw_files, "inspect", fail)
    lake.drop_in_one_event({"A.csv": csv(day("2016-01-04", 7)), "B.csv": csv(day("2016-01-04", 8))})
    assert lake.load_of("B.csv")["status"] == "loaded"
    reason = str(lake.load_of("A.csv")["reason"])
    assert "can't inspect it (ValueError: could not convert string to float: '1.2.3')" in reason and "report that" in reason
    assert 'float("1.2.3")' in lake.logged("inspection failed")[0]["error"]


def test_a_file_at_which_the_function_raises_an_error_holds_up_no_other(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Any, *given: Any, **more: Any) -> Any:
        if source.key.endswith("A.csv"):
            raise RecursionError("nobody knew of this")
        return file_format.inspect(source, *given, **more)

    monkeypatch.setattr(raw_files, "inspect", fail)
    answer = invoked_once(lake, GOOD | {"A.csv": csv(day("2016-01-04", 7))})
    assert {load["source"]: load["status"] for load in lake.loads()} == dict.fromkeys(GOOD, "loaded")
    assert answer["errorMessage"].endswith("raw/stocks/A.csv: nobody knew of this")


def test_a_corrected_upload_starts_anew(lake: Lake) -> None:
    interfere = failing(UNREADABLE, named="AAPL.csv")
    lake.account.interference.add(interfere)
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 100))})
    assert lake.load_of("AAPL.csv")["status"] == "refused"
    lake.account.interference.remove(interfere)
    lake.account.interference.add(failing(UNREADABLE, named="AAPL.csv", times=2))
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 101))})
    assert lake.prices() == [("AAPL", "2016-01-04", "101.0")]


def test_a_corrected_upload_starts_anew_though_the_one_before_has_no_outcome_yet(lake: Lake) -> None:
    lake.account.interference.add(failing(UNREADABLE, named="AAPL.csv", times=3))
    assert invoked_once(lake, {"AAPL.csv": csv(day("2016-01-04", 100))})["errorType"] == "LeftForLaterError"
    lake.drop({"AAPL.csv": csv(day("2016-01-04", 101))})
    assert lake.prices() == [("AAPL", "2016-01-04", "101.0")]
