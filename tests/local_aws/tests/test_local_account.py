"""The local account behaves as S3, Lambda and Glue do, as far as the lake can tell."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from tests.local_aws import backoff, lake
from tests.local_aws.account import LocalAccount
from tests.local_aws.aws_calls import InvocationEnded, clock_offset_seconds
from tests.local_aws.export import ExportError, export_bucket, path_of
from tests.local_aws.http_server import PortInUseError, serving
from tests.local_aws.lambda_runtime import PATIENCE_SECONDS
from tests.local_aws.run import UsageError, csv_files

Behaviour = Callable[[Any, Any], Any]

BUCKET = "prices"
behaviours: dict[str, Behaviour] = {}


def handler(event: Any, context: Any) -> Any:
    """The handler of every function here: it does what the test has given for its name."""
    return behaviours[context.function_name](event, context)


@pytest.fixture
def account() -> Iterator[LocalAccount]:
    with LocalAccount(engine=None, retry_delays_seconds=(0.01, 0.02), crawl_seconds=0.1) as account:
        account.bucket = BUCKET
        account.client("s3").create_bucket(Bucket=BUCKET)
        yield account
    behaviours.clear()


def deploy(account: LocalAccount, name: str, behaviour: Behaviour, timeout_seconds: int = 30) -> None:
    behaviours[name] = behaviour
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(__file__, __name__.replace(".", "/") + ".py")
    role = lake.create_role(account.client, f"{name}-role")
    lake.create_function(account.client, name, f"{__name__}.handler", package.getvalue(), role, timeout_seconds=timeout_seconds)
    lake.allow_s3(account.client, name, BUCKET)


def events_of(account: LocalAccount, prefix: str = "raw/") -> list[Any]:
    """Deploy a function that collects the events of a prefix; the test event of its configuration is let go."""
    events: list[Any] = []
    deploy(account, "collect", lambda event, context: events.append(event))
    lake.put_triggers(account.client, BUCKET, [("collect", prefix, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])])
    account.wait_until_idle()
    events.clear()
    return events


def put(key: str = "out/x", **arguments: Any) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x", **arguments)


def keys(account: LocalAccount, prefix: str = "out/") -> list[str]:
    listed = account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_an_event_names_its_object_as_s3_writes_it(account: LocalAccount) -> None:
    events = events_of(account)
    account.drop("raw/stocks/red flower+é.csv", b"hello")
    account.wait_until_idle()
    (record,) = events[0]["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == BUCKET
    subject = record["s3"]["object"]
    assert subject["key"] == "raw/stocks/red+flower%2B%C3%A9.csv"
    assert (subject["size"], subject["eTag"]) == (5, "5d41402abc4b2a76b9719d911017c592")
    assert "versionId" not in subject


def test_the_sequencer_orders_the_events_of_a_key(account: LocalAccount) -> None:
    events = events_of(account)
    for body in (b"1", b"22", b"333"):
        account.drop("raw/x", body)
    account.wait_until_idle()
    subjects = sorted((event["Records"][0]["s3"]["object"] for event in events), key=lambda one: one["sequencer"])
    assert [subject["size"] for subject in subjects] == [1, 2, 3]


def test_a_removal_has_neither_size_nor_etag(account: LocalAccount) -> None:
    account.drop("raw/x", b"1")
    events = events_of(account)
    account.client("s3").delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "raw/x"}, {"Key": "raw/none"}]})
    account.wait_until_idle()
    (event,) = events
    assert event["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    assert set(event["Records"][0]["s3"]["object"]) == {"key", "sequencer"}


def test_deleting_from_a_versioned_bucket_announces_the_delete_marker(account: LocalAccount) -> None:
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    events = events_of(account)
    account.drop("raw/x", b"1")
    s3.delete_object(Bucket=BUCKET, Key="raw/x")
    account.wait_until_idle()
    found = {event["Records"][0]["eventName"]: event["Records"][0]["s3"]["object"] for event in events}
    assert set(found) == {"ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"}
    assert all(subject["versionId"] for subject in found.values())


def test_a_copy_and_a_multipart_upload_are_one_event_each(account: LocalAccount) -> None:
    events = events_of(account)
    s3 = account.client("s3")
    s3.put_object(Bucket=BUCKET, Key="elsewhere", Body=b"1")
    s3.copy_object(Bucket=BUCKET, Key="raw/copy", CopySource={"Bucket": BUCKET, "Key": "elsewhere"})
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="raw/parts")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="raw/parts", UploadId=upload, PartNumber=1, Body=b"1")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key="raw/parts", UploadId=upload, MultipartUpload=parts)
    account.wait_until_idle()
    assert sorted((event["Records"][0]["s3"]["object"]["key"], event["Records"][0]["eventName"]) for event in events) == [
        ("raw/copy", "ObjectCreated:Copy"),
        ("raw/parts", "ObjectCreated:CompleteMultipartUpload"),
    ]


def test_an_event_comes_after_its_request_is_done(account: LocalAccount) -> None:
    seen: list[Any] = []

    def look(event: Any, context: Any) -> None:
        for record in event.get("Records", []):
            head = boto3.client("s3").head_object(Bucket=BUCKET, Key=record["s3"]["object"]["key"])
            seen.append(head["Metadata"])

    deploy(account, "look", look)
    lake.put_triggers(account.client, BUCKET, [("look", "raw/", ["s3:ObjectCreated:*"])])
    account.client("s3").put_object(Bucket=BUCKET, Key="raw/x", Body=b"1", Metadata={"origin": "here"})
    account.wait_until_idle()
    assert seen == [{"origin": "here"}]


def test_filters_take_prefix_and_suffix_in_either_spelling(account: LocalAccount) -> None:
    events = events_of(account)
    arn = account.client("lambda").get_function(FunctionName="collect")["Configuration"]["FunctionArn"]
    rules = [{"Name": "Prefix", "Value": "raw/"}, {"Name": "SUFFIX", "Value": ".csv"}]
    configuration = {
        "LambdaFunctionArn": arn,
        "Events": ["s3:ObjectCreated:Put"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    account.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
    )
    account.wait_until_idle()
    assert [event["Event"] for event in events] == ["s3:TestEvent"]
    for key in ("raw/a.csv", "raw/a.txt", "other/a.csv"):
        account.drop(key, b"1")
    account.wait_until_idle()
    assert [event["Records"][0]["s3"]["object"]["key"] for event in events[1:]] == ["raw/a.csv"]


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (("raw/", "s3:ObjectCreated:*"), ("raw/stocks/", "s3:ObjectCreated:Put"), True),
        (("raw/", "s3:ObjectCreated:*"), ("raw/stocks/", "s3:ObjectRemoved:*"), False),
        (("raw/", "s3:ObjectCreated:*"), ("processed/", "s3:ObjectCreated:*"), False),
    ],
)
def test_rules_that_one_object_could_match_twice_are_refused(
    account: LocalAccount, one: tuple[str, str], other: tuple[str, str], refused: bool
) -> None:
    for name in ("one", "other"):
        deploy(account, name, lambda event, context: None)
    lake.put_triggers(account.client, BUCKET, [("one", "kept/", ["s3:ObjectCreated:*"])])
    triggers = [(name, prefix, [event]) for name, (prefix, event) in (("one", one), ("other", other))]
    if refused:
        assert error_code(lake.put_triggers, client=account.client, bucket=BUCKET, triggers=triggers) == "InvalidArgument"
    else:
        lake.put_triggers(account.client, BUCKET, triggers)
    kept = account.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)["LambdaFunctionConfigurations"]
    assert len(kept) == (1 if refused else 2)


def test_a_function_that_does_not_allow_s3_is_refused_as_destination(account: LocalAccount) -> None:
    deploy(account, "closed", lambda event, context: None)
    account.client("lambda").remove_permission(FunctionName="closed", StatementId=f"s3-{BUCKET}")
    triggers = [("closed", "raw/", ["s3:ObjectCreated:*"])]
    assert error_code(lake.put_triggers, client=account.client, bucket=BUCKET, triggers=triggers) == "InvalidArgument"


def test_a_function_that_allows_s3_no_more_is_told_of_nothing(account: LocalAccount) -> None:
    deploy(account, "closed", lambda event, context: None)
    lake.put_triggers(account.client, BUCKET, [("closed", "raw/", ["s3:ObjectCreated:*"])])
    account.drop("raw/a.csv", "a")
    account.wait_until_idle()
    told = len(account.invocations)
    account.client("lambda").remove_permission(FunctionName="closed", StatementId=f"s3-{BUCKET}")
    account.drop("raw/b.csv", "b")
    account.wait_until_idle()
    assert len(account.invocations) == told > 0


def test_delivery_is_at_least_once() -> None:
    with LocalAccount(engine=None, duplicate_rate=1.0) as account:
        account.client("s3").create_bucket(Bucket=BUCKET)
        account.bucket = BUCKET
        events = events_of(account)
        account.drop("raw/x", b"1")
        account.wait_until_idle()
        assert len(events) == 2 and events[0] == events[1]
        assert len({invocation.request_id for invocation in account.invocations[-2:]}) == 2


def test_a_failing_event_is_retried_twice_as_the_same_request_then_given_up(account: LocalAccount) -> None:
    def fail(event: Any, context: Any) -> None:
        raise ValueError("no")

    deploy(account, "fail", fail)
    account.client("lambda").invoke(FunctionName="fail", InvocationType="Event", Payload=b'{"n": 1}')
    account.wait_until_idle()
    assert [invocation.attempt for invocation in account.invocations] == [1, 2, 3]
    assert len({invocation.request_id for invocation in account.invocations}) == 1
    (letter,) = account.dead_letters
    assert letter.event == {"n": 1}
    assert letter.error and (letter.error["errorType"], letter.error["errorMessage"]) == ("ValueError", "no")


def test_a_synchronous_invoke_returns_the_result_or_the_error_and_is_not_retried(account: LocalAccount) -> None:
    def divide(event: Any, context: Any) -> Any:
        return {"quotient": event["a"] / event["b"], "left": context.get_remaining_time_in_millis() > 29_000}

    deploy(account, "divide", divide)
    assert account.invoke("divide", {"a": 6, "b": 3}) == {"quotient": 2.0, "left": True}
    answer = account.client("lambda").invoke(FunctionName="divide", Payload=b'{"a": 1, "b": 0}')
    assert answer["FunctionError"] == "Unhandled"
    assert len(account.invocations) == 2 and not account.dead_letters


def test_a_handler_may_invoke_itself_by_arn(account: LocalAccount) -> None:
    def count_down(event: Any, context: Any) -> None:
        if event["n"]:
            boto3.client("lambda").invoke(
                FunctionName=context.invoked_function_arn,
                InvocationType="Event",
                Payload=b'{"n": %d}' % (event["n"] - 1),
            )

    deploy(account, "down", count_down)
    account.invoke("down", {"n": 3})
    account.wait_until_idle()
    assert sorted(invocation.event["n"] for invocation in account.invocations) == [0, 1, 2, 3]


def test_what_json_cannot_carry_is_refused(account: LocalAccount) -> None:
    deploy(account, "odd", lambda event, context: {1, 2})
    assert account.invoke("odd", {})["errorType"] == "Runtime.MarshalError"
    invoke = account.client("lambda").invoke
    assert error_code(invoke, FunctionName="odd", Payload=b"{not json") == "InvalidRequestContentException"
    assert error_code(invoke, FunctionName="none", Payload=b"{}") == "ResourceNotFoundException"


def test_a_handler_that_the_zip_does_not_hold_cannot_be_imported(account: LocalAccount) -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    lake.create_function(account.client, "gone", "os.getcwd", empty.getvalue(), lake.create_role(account.client))
    assert account.invoke("gone", {})["errorType"] == "Runtime.ImportModuleError"


def test_an_invocation_past_its_timeout_is_cut_off_from_aws(account: LocalAccount) -> None:
    late: list[BaseException] = []

    def dawdle(event: Any, context: Any) -> None:
        with suppress(InvocationEnded):
            while True:
                keys(account)
                time.sleep(0.02)
        try:
            put()
        except BaseException as error:
            late.append(error)
            raise

    deploy(account, "dawdle", dawdle, timeout_seconds=1)
    answer = account.invoke("dawdle", {})
    assert answer["errorType"] == "Sandbox.Timedout" and "Task timed out after 1.00 seconds" in answer["errorMessage"]
    account.runtime.wait_for("its last call", lambda: bool(late))
    assert isinstance(late[0], InvocationEnded) and keys(account) == []


def test_no_more_invocations_run_at_once_than_allowed() -> None:
    running: list[int] = []
    most: list[int] = []
    two_at_once = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def linger(event: Any, context: Any) -> None:
        running.append(1)
        two_at_once.wait()
        most.append(len(running))
        two_at_once.wait()
        running.pop()

    with LocalAccount(engine=None, concurrency=2) as account:
        deploy(account, "linger", linger)
        for _ in range(6):
            account.client("lambda").invoke(FunctionName="linger", InvocationType="Event", Payload=b"{}")
        account.wait_until_idle()
    assert len(most) == 6 and max(most) == 2


@pytest.mark.parametrize(("when", "left"), [("before", ["out/1"]), ("after", ["out/1", "out/2"])])
def test_a_killed_invocation_makes_no_further_call_not_even_in_its_finally(
    account: LocalAccount, when: Any, left: list[str]
) -> None:
    found: list[list[str]] = []

    def write(event: Any, context: Any) -> None:
        found.append(keys(account))
        try:
            for number in (1, 2, 3):
                put(f"out/{number}")
        finally:
            put("out/tidied")

    deploy(account, "write", write)
    # The listing is a call of the invocation too.
    fault = account.faults.arm(when, 3, function="write")
    account.client("lambda").invoke(FunctionName="write", InvocationType="Event", Payload=b"{}")
    account.wait_until_idle()
    assert fault.struck is not None and fault.struck.startswith("s3:PutObject out/")
    assert found == [[], left]
    assert [invocation.error and invocation.error["errorType"] for invocation in account.invocations] == ["Killed", None]
    assert not account.dead_letters


def test_threads_of_a_killed_invocation_are_cut_off_too(account: LocalAccount) -> None:
    outcomes: list[Any] = []
    killed = threading.Event()

    def straggle() -> None:
        killed.wait(PATIENCE_SECONDS)
        try:
            put("out/straggler")
            outcomes.append("put")
        except InvocationEnded:
            outcomes.append("ended")

    def spread(event: Any, context: Any) -> None:
        if outcomes:
            return
        thread = threading.Thread(target=straggle)
        thread.start()
        with ThreadPoolExecutor(2) as pool:
            pooled = pool.submit(straggle)
            try:
                put("out/main")
            finally:
                killed.set()
                thread.join()
                pooled.result()

    deploy(account, "spread", spread)
    account.faults.arm("before", 1, operation="s3:PutObject")
    account.client("lambda").invoke(FunctionName="spread", InvocationType="Event", Payload=b"{}")
    account.wait_until_idle()
    assert outcomes == ["ended", "ended"] and keys(account) == []


def test_a_call_can_be_made_to_fail_without_ending_the_invocation(account: LocalAccount) -> None:
    def retry_once(event: Any, context: Any) -> str:
        try:
            put()
        except ClientError as error:
            put()
            return str(error.response["Error"]["Code"])
        return "no error"

    deploy(account, "retry", retry_once)
    error = ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject")
    account.faults.arm("before", operation="s3:PutObject", error=error)
    assert account.invoke("retry", {}) == "SlowDown"
    assert account.invocations[-1].calls == {"s3:PutObject": 1}


def test_a_call_can_fail_from_then_on(account: LocalAccount) -> None:
    def try_twice(event: Any, context: Any) -> list[str]:
        keys(account)
        return [error_code(put), error_code(put)]

    deploy(account, "try", try_twice)
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
    account.faults.arm("before", operation="s3:PutObject", error=error, for_good=True)
    assert account.invoke("try", {}) == ["AccessDenied", "AccessDenied"]
    account.faults.disarm()
    assert account.invoke("try", {})["errorType"] == "Failed" and keys(account) == ["out/x"]


def test_a_frozen_invocation_makes_no_call_in_any_thread_until_it_is_thawed(account: LocalAccount) -> None:
    def spread(event: Any, context: Any) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: put(f"out/{context.aws_request_id}/{number}"), range(20)))

    deploy(account, "spread", spread)
    account.faults.freeze("before", 5, request_id="first")
    arn = account.client("lambda").get_function(FunctionName="spread")["Configuration"]["FunctionArn"]
    account.runtime.send(arn, {}, "first")
    account.runtime.wait_for("frozen", lambda: account.runtime.only_frozen_left and account.faults.frozen == 1)
    # Calls that had passed the gate when the fifth was frozen come to their end.
    account.runtime.send(arn, {}, "second")
    account.runtime.wait_for("the second at its end", lambda: len(account.invocations) == 1)
    made = [key for key in keys(account) if "first" in key]
    assert 4 <= len(made) < 8
    account.runtime.send(arn, {}, "third")
    account.runtime.wait_for("the third at its end", lambda: len(account.invocations) == 2)
    assert [key for key in keys(account) if "first" in key] == made and len(keys(account)) == len(made) + 40
    account.faults.disarm()
    account.wait_until_idle()
    assert len(keys(account)) == 60


def test_a_lost_answer_has_botocore_ask_again(account: LocalAccount) -> None:
    def once(event: Any, context: Any) -> str:
        return error_code(put, key="out/once", IfNoneMatch="*")

    deploy(account, "once", once)
    fault = account.faults.lose_answer(operation="s3:PutObject")
    assert account.invoke("once", {}) == "PreconditionFailed"
    assert fault.struck and keys(account) == ["out/once"]


def test_botocore_asks_again_without_a_long_pause(account: LocalAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()
    monkeypatch.setattr(backoff, "time", SimpleNamespace(sleep=slept.append))
    s3 = account.client("s3")

    def refuse(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 503, {}, HTTPResponse(io.BytesIO(b""), preload_content=False))

    s3.meta.events.register_first("before-send.s3.ListObjectsV2", refuse, "refuse")
    try:
        with pytest.raises(ClientError):
            s3.list_objects_v2(Bucket=BUCKET)
    finally:
        s3.meta.events.unregister("before-send.s3.ListObjectsV2", refuse, "refuse")
    assert slept and max(slept) <= backoff.LONGEST_SECONDS


def test_events_can_be_held_back_and_delivered_later_and_twice(account: LocalAccount) -> None:
    held: list[tuple[str, Any]] = []
    account.runtime.held_back = held
    seen: list[Any] = []
    deploy(account, "watch", lambda event, context: seen.append(context.aws_request_id))
    arn = account.client("lambda").get_function(FunctionName="watch")["Configuration"]["FunctionArn"]
    account.runtime.deliver(arn, {})
    account.wait_until_idle()
    assert seen == [] and held == [(arn, {})]
    account.runtime.held_back = None
    request_id = account.runtime.send(*held[0])
    account.runtime.send(arn, {}, request_id)
    account.wait_until_idle()
    assert seen == [request_id, request_id]


def test_hosts_clocks_may_differ(account: LocalAccount) -> None:
    deploy(account, "clock", lambda event, context: clock_offset_seconds())
    account.runtime.clock_offset_seconds = lambda request_id, attempt: 60.0
    assert account.invoke("clock", {}) == 60.0 and clock_offset_seconds() == 0.0


def test_one_of_many_writers_wins_a_conditional_put(account: LocalAccount) -> None:
    def attempt(number: int) -> bool:
        try:
            put("out/once", IfNoneMatch="*")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_s3_refuses_here_what_it_refuses_there(account: LocalAccount) -> None:
    s3 = account.client("s3")
    put("out/empty")
    many = [{"Key": str(number)} for number in range(1001)]
    source = {"Bucket": BUCKET, "Key": "out/empty"}
    assert error_code(s3.put_object, Bucket=BUCKET, Key="é" * 513) == "KeyTooLongError"
    assert error_code(s3.delete_objects, Bucket=BUCKET, Delete={"Objects": many}) == "MalformedXML"
    assert error_code(s3.put_object, Bucket=BUCKET, Key="missing", IfMatch='"0"') == "NoSuchKey"
    assert error_code(s3.put_object, Bucket=BUCKET, Key="out/empty", IfNoneMatch="*") == "PreconditionFailed"
    assert error_code(s3.put_object, Bucket=BUCKET, Key="out/empty", IfNoneMatch='"0"') == "NotImplemented"
    assert error_code(s3.copy_object, Bucket=BUCKET, Key="c", CopySource=source, CopySourceIfMatch='"0"') == (
        "PreconditionFailed"
    )
    s3.put_object(Bucket=BUCKET, Key="out/empty", Body=b"")
    assert error_code(s3.get_object, Bucket=BUCKET, Key="out/empty", Range="bytes=0-9") == "InvalidRange"


def crawl(account: LocalAccount, root: str = "raw/", **settings: Any) -> dict[str, Any]:
    """Make a crawler of that include path with the lake's classifier, run it, and return its LastCrawl."""
    glue = account.client("glue")
    if not glue.get_crawlers()["Crawlers"]:
        glue.create_classifier(CsvClassifier=CLASSIFIER)
        targets = {"S3Targets": [{"Path": f"s3://{BUCKET}/{root}", "Exclusions": settings.pop("exclusions", [])}]}
        settings = {"Targets": targets, "Classifiers": ["csv"], **settings}
        glue.create_crawler(Name="crawler", Role="role", DatabaseName="db", TablePrefix="t_", **settings)
    glue.start_crawler(Name="crawler")
    account.wait_until_idle()
    return dict(glue.get_crawler(Name="crawler")["Crawler"]["LastCrawl"])


CLASSIFIER = {"Name": "csv", "Delimiter": ",", "ContainsHeader": "PRESENT", "Serde": "OpenCSVSerDe"}


def configuration(threshold: int = 100, **grouping: Any) -> str:
    return json.dumps({"Version": 1.0, "Grouping": grouping, "CrawlerOutput": {"Tables": {"TableThreshold": threshold}}})


def tables(account: LocalAccount) -> dict[str, str]:
    found = account.client("glue").get_tables(DatabaseName="db")["TableList"]
    return {table["Name"]: table["StorageDescriptor"]["Location"] for table in found}


def table(account: LocalAccount, name: str = "t_raw") -> dict[str, Any]:
    return dict(account.client("glue").get_table(DatabaseName="db", Name=name)["Table"])


def partitions(account: LocalAccount) -> dict[tuple[str, ...], str]:
    found = account.client("glue").get_partitions(DatabaseName="db", TableName="t_raw")["Partitions"]
    return {tuple(one["Values"]): one["StorageDescriptor"]["Location"] for one in found}


def test_a_crawl_makes_a_table_with_a_partition_for_each_folder(account: LocalAccount) -> None:
    account.drop("raw/stocks/a.csv", b"Date,Close,Volume\n2016-01-04,1.5,10\n2016-01-05,2,20\n")
    account.drop("raw/stocks/deeper/b.csv.gz", gzip.compress(b"Date,Close,Volume\n2016-01-04,1.5,10\n2016-01-05,2,20\n"))
    account.drop("raw/funds/c.csv", b"Date,Close,Volume\n2016-01-04,1,10\n")
    assert crawl(account)["Status"] == "SUCCEEDED"
    made = table(account)
    assert [(column["Name"], column["Type"]) for column in made["StorageDescriptor"]["Columns"]] == [
        ("date", "string"),
        ("close", "string"),
        ("volume", "string"),
    ]
    assert made["PartitionKeys"] == [{"Name": "partition_0", "Type": "string"}]
    assert made["Parameters"]["skip.header.line.count"] == "1"
    assert made["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    assert partitions(account) == {
        ("stocks",): f"s3://{BUCKET}/raw/stocks/",
        ("funds",): f"s3://{BUCKET}/raw/funds/",
    }


def test_a_later_crawl_adds_columns_and_partitions_and_keeps_what_is_gone(account: LocalAccount) -> None:
    account.drop("raw/symbol=A/a.csv", b"Date,Close\n2016-01-04,1.5\n")
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    crawl(account, SchemaChangePolicy=policy)
    account.client("s3").delete_object(Bucket=BUCKET, Key="raw/symbol=A/a.csv")
    account.drop("raw/symbol=B/b.csv", b"Date,Close,Note\n2016-01-04,1.5,x\n")
    assert crawl(account)["Status"] == "SUCCEEDED"
    assert [column["Name"] for column in table(account)["StorageDescriptor"]["Columns"]] == ["date", "close", "note"]
    assert [key["Name"] for key in table(account)["PartitionKeys"]] == ["symbol"]
    assert set(partitions(account)) == {("A",), ("B",)}


def test_the_lakes_classifier_gives_string_columns_of_the_header(account: LocalAccount) -> None:
    lake.create_crawler(account.client, "role", BUCKET, "db")
    glue = account.client("glue")
    assert glue.get_classifier(Name=lake.CLASSIFIER)["Classifier"]["CsvClassifier"]["ContainsHeader"] == "PRESENT"
    account.drop("raw/stocks/a.csv", b"\xef\xbb\xbfDate,Adj Close\n2016-01-04,1.5\n")
    glue.start_crawler(Name=lake.CRAWLER)
    account.wait_until_idle()
    made = table(account, "stocks_raw")
    assert [(column["Name"], column["Type"]) for column in made["StorageDescriptor"]["Columns"]] == [
        ("?date", "string"),
        ("adj close", "string"),
    ]
    assert made["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")


def test_a_crawl_with_exclusions_fails_since_they_are_not_imitated(account: LocalAccount) -> None:
    account.drop("raw/a.csv", b"Date,Close\n2016-01-04,1.5\n")
    last = crawl(account, exclusions=["old/**"])
    assert last["Status"] == "FAILED" and "without Exclusions" in last["ErrorMessage"]


def test_a_crawl_never_touches_a_table_of_another_location(account: LocalAccount) -> None:
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"})
    own = {"Name": "t_raw", "StorageDescriptor": {"Location": f"s3://{BUCKET}/mine/", "Columns": []}}
    glue.create_table(DatabaseName="db", TableInput=own)
    account.drop("raw/a.csv", b"Date,Close\n2016-01-04,1.5\n")
    crawl(account)
    crawl(account)
    assert table(account)["StorageDescriptor"]["Location"] == f"s3://{BUCKET}/mine/"
    names = {made["Name"] for made in glue.get_tables(DatabaseName="db")["TableList"]}
    assert len(names) == 2 and all(name.startswith("t_raw") for name in names)


def test_what_is_told_of_tables_is_their_definition_now(account: LocalAccount) -> None:
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"})
    for name in ("one", "another"):
        columns = [{"Name": f"of_{name}", "Type": "string"}]
        glue.create_table(DatabaseName="db", TableInput={"Name": name, "StorageDescriptor": {"Columns": columns}})
        assert table(account, name)["StorageDescriptor"]["Columns"] == columns
    listed = {found["Name"]: found for found in glue.get_tables(DatabaseName="db")["TableList"]}
    assert listed == {name: table(account, name) for name in ("one", "another")}
    assert listed["one"]["CreateTime"].tzinfo and "UpdateTime" not in listed["one"]
    glue.update_table(DatabaseName="db", TableInput={"Name": "one", "Parameters": {"changed": "yes"}})
    changed, same = glue.get_tables(DatabaseName="db")["TableList"]
    assert changed == table(account, "one") and same == listed["another"]
    assert changed["Parameters"] == {"changed": "yes"} and "UpdateTime" in changed and "StorageDescriptor" not in changed
    assert [found["Name"] for found in glue.get_tables(DatabaseName="db", Expression="an.*")["TableList"]] == ["another"]
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_tables(DatabaseName="nowhere")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        table(account, "nobody")


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        ({"TableGroupingPolicy": "CombineCompatibleSchemas"}, {"t_raw": "raw/"}),
        ({}, {"t_raw": "raw/", "t_symbols": "raw/stocks/symbols/"}),
        ({"TableLevelConfiguration": 3, "TableGroupingPolicy": "CombineCompatibleSchemas"}, {"t_stocks": "raw/stocks/"}),
    ],
    ids=["combined", "by likeness", "by level"],
)
def test_folders_are_grouped_into_tables_as_the_crawler_is_told(
    account: LocalAccount, grouping: dict[str, Any], expected: dict[str, str]
) -> None:
    account.drop("raw/stocks/prices/a.csv", b"Date,Open,High,Low,Close\n2016-01-04,1,1,1,1\n")
    account.drop("raw/stocks/prices/b.csv", b"Date,Open,High,Low,Close,Volume\n2016-01-04,1,1,1,1,1\n")
    account.drop("raw/stocks/symbols/c.csv", b"Symbol,Name\nAAPL,Apple\n")
    assert crawl(account, Configuration=configuration(**grouping))["Status"] == "SUCCEEDED"
    assert tables(account) == {name: f"s3://{BUCKET}/{folder}" for name, folder in expected.items()}


def test_a_crawl_that_finds_more_tables_than_allowed_fails_and_writes_none(account: LocalAccount) -> None:
    for folder in ("a", "b", "c"):
        account.drop(f"raw/{folder}/x.csv", b"Date,Close\n2016-01-04,1\n")
    last = crawl(account, Configuration=configuration(threshold=2, TableLevelConfiguration=3))
    assert last["Status"] == "FAILED" and "Table Threshold value = 2, Tables detected - 3" in last["ErrorMessage"]
    assert account.client("glue").get_databases()["DatabaseList"] == []


def test_a_crawl_without_a_classifier_like_the_lakes_fails(account: LocalAccount) -> None:
    account.drop("raw/a.csv", b"Date,Close\n2016-01-04,1.5\n")
    last = crawl(account, Classifiers=[])
    assert last["Status"] == "FAILED" and "OpenCSVSerDe" in last["ErrorMessage"]


def test_one_crawl_at_a_time_which_can_be_stopped() -> None:
    with LocalAccount(engine=None, crawl_seconds=600) as account:
        glue = account.client("glue")
        target = {"S3Targets": [{"Path": f"s3://{BUCKET}/raw/"}]}
        glue.create_crawler(Name="crawler", Role="role", DatabaseName="db", Targets=target)
        glue.start_crawler(Name="crawler")
        assert glue.get_crawler(Name="crawler")["Crawler"]["State"] == "RUNNING"
        assert error_code(glue.start_crawler, Name="crawler") == "CrawlerRunningException"
        glue.stop_crawler(Name="crawler")
        account.wait_until_idle()
        crawler = glue.get_crawler(Name="crawler")["Crawler"]
        assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "CANCELLED")
        assert account.statistics.crawls == 1


def test_a_crawl_of_a_bucket_that_is_not_there_fails_with_a_reason(account: LocalAccount) -> None:
    last = crawl(account, Targets={"S3Targets": [{"Path": "s3://nowhere/raw/"}]})
    assert last["Status"] == "FAILED" and "nowhere" in last["ErrorMessage"]


def test_a_crawl_over_the_catalogue_registers_the_partitions_of_a_table(account: LocalAccount) -> None:
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"})
    own = {
        "Name": "t_raw",
        "PartitionKeys": [{"Name": "year", "Type": "string"}],
        "StorageDescriptor": {"Location": f"s3://{BUCKET}/mine/", "Columns": [{"Name": "a", "Type": "int"}]},
    }
    glue.create_table(DatabaseName="db", TableInput=own)
    account.drop("mine/year=2016/manifest", b"")
    targets = {"CatalogTargets": [{"DatabaseName": "db", "Tables": ["t_raw"]}]}
    glue.create_crawler(Name="crawler", Role="role", Targets=targets)
    crawl(account)
    assert partitions(account) == {("2016",): f"s3://{BUCKET}/mine/year=2016/"}


def test_what_handlers_log_is_collected_as_json_objects(account: LocalAccount) -> None:
    def talk(event: Any, context: Any) -> None:
        logging.getLogger("lakehouse").info('{"step": "parse", "rows": 3}')

    deploy(account, "talk", talk)
    account.invoke("talk", {})
    assert account.logs == [{"step": "parse", "rows": 3}]


def test_the_environment_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-the-user")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    before = dict(os.environ)
    with LocalAccount(engine=None):
        assert "AWS_PROFILE" not in os.environ and os.environ["AWS_ACCESS_KEY_ID"] == "local"
    assert dict(os.environ) == before


def test_a_second_account_cannot_be_opened_while_the_first_is(account: LocalAccount) -> None:
    with pytest.raises(RuntimeError, match="another LocalAccount is open"), LocalAccount(engine=None):
        pass
    account.drop("still/here", b"1")
    assert keys(account, "still/") == ["still/here"]


def test_an_account_that_is_still_busy_says_with_what(account: LocalAccount) -> None:
    release = threading.Event()
    deploy(account, "wait", lambda event, context: release.wait(PATIENCE_SECONDS))
    account.client("lambda").invoke(FunctionName="wait", InvocationType="Event", Payload=b"{}")
    with pytest.raises(TimeoutError, match="1 invocations running, 0 queued|0 invocations running, 1 queued"):
        account.wait_until_idle(0.1)
    release.set()
    account.wait_until_idle()


def test_clients_over_http_see_the_same_account() -> None:
    with LocalAccount(engine=None, serve_port=0) as account:
        account.bucket = BUCKET
        remote = boto3.client("s3", endpoint_url=account.endpoint_url)
        remote.create_bucket(Bucket=BUCKET)
        events = events_of(account)
        remote.put_object(Bucket=BUCKET, Key="raw/a b", Body=b"1")
        account.wait_until_idle()
        assert events[0]["Records"][0]["s3"]["object"]["key"] == "raw/a+b"
        assert keys(account, "raw/") == ["raw/a b"]


def test_a_port_in_use_is_refused_with_a_remedy() -> None:
    with serving(0) as url, pytest.raises(PortInUseError, match="give another one"):
        port = int(url.rpartition(":")[2])
        with serving(port):
            pass


def test_a_folder_is_dropped_with_its_structure(tmp_path: Path) -> None:
    for name in ("AAPL.csv", "GOOG/2016.CSV.GZ", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert csv_files([tmp_path]) == {
        "raw/stocks/AAPL.csv": tmp_path / "AAPL.csv",
        "raw/stocks/GOOG/2016.CSV.GZ": tmp_path / "GOOG/2016.CSV.GZ",
    }
    with pytest.raises(UsageError, match="both be dropped as raw/stocks/AAPL.csv"):
        csv_files([tmp_path, tmp_path / "AAPL.csv"])
    with pytest.raises(UsageError, match="does not exist"):
        csv_files([tmp_path / "none"])


def test_a_bucket_is_exported_with_its_keys_as_paths(account: LocalAccount, tmp_path: Path) -> None:
    bodies = {"raw/a b.csv": b"1", "raw/x/é.csv": b"2", "top": b""}
    for key, body in bodies.items():
        account.drop(key, body)
    assert export_bucket(account.client("s3"), BUCKET, tmp_path / "out") == 3
    assert {key: (tmp_path / "out" / key).read_bytes() for key in bodies} == bodies
    with pytest.raises(ExportError, match="not an empty folder"):
        export_bucket(account.client("s3"), BUCKET, tmp_path / "out")


@pytest.mark.parametrize("key", ["../up", "/absolute", "a/../../up", "a//b"])
def test_no_key_is_exported_outside_the_folder(key: str, tmp_path: Path) -> None:
    assert (tmp_path / path_of(key)).resolve().is_relative_to(tmp_path)
