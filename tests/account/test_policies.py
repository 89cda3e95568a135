"""The policies of docs/iam/: every call is allowed, every action granted is needed, and nothing beyond the lake is reached.

conftest.py holds the calls of every test against them. Here calls are recorded while a lake that the template made lives through
what happens to one, for what is granted to be needed; what AWS does underneath is added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.aws_managed_policies import aws_managed_policies_data

from lambda_scripts.lakehouse.aws.clients import client
from tests.account import aws_permissions
from tests.account.aws_permissions import DOCS, Need
from tests.account.granted import IAM, Recorder, allows, document, every, here, moved
from tests.account.template import Template
from tests.account.test_template import deploy, put_code
from tests.lakes import RAW, REPORTS, Lake, csv, day, one_odd_key
from tests.local_aws import LocalAccount
from tests.local_aws.aws_calls import observed
from tests.local_aws.lake import BUCKET

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"

SCHEDULES = {name: DOCS.arn("lambda", f"function:{name}") for name in (RAW, REPORTS)}

Calls = dict[str, set[Need]]
"""What each function needed."""


# A lake's life


def configure(account: LocalAccount, function: str, **settings: str) -> None:
    configuration = account.client("lambda").get_function(FunctionName=function)["Configuration"]
    variables = {**configuration["Environment"]["Variables"], **settings}
    account.client("lambda").update_function_configuration(FunctionName=function, Environment={"Variables": variables})


def live(lake: Lake) -> None:
    """What happens to a lake: drops, corrections, removals, refusals, crawls, checks, repairs, refreshes and a lost hour."""
    account, s3 = lake.account, lake.account.client("s3")
    account.client("glue").create_crawler(
        Name="stocks_processed_crawler",
        Role="stocks_crawler",
        DatabaseName="hyn_stocks_db",
        Targets={"CatalogTargets": [{"DatabaseName": "hyn_stocks_db", "Tables": ["stocks_processed"]}]},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    )
    configure(
        account,
        REPORTS,
        LAKE_PROCESSED_CRAWLER="stocks_processed_crawler",
        LAKE_QUICKSIGHT_DATASETS="stocks-monthly,stocks-yearly",
    )
    lake.drop_in_one_event(
        {"AAPL.csv": AAPL + "2016-02-30,1,1,1,1,1,1\n", "MSFT.csv": AAPL, "notes.csv": "nothing", "new/folder/IBM.csv": AAPL}
    )
    corrected = csv(day("2016-01-04", 101), day("2017-01-03", 90))
    lake.drop_in_one_event({"AAPL.csv": corrected, "MSFT.csv": None, "IBM/broken.csv.gz": b"\x1f\x8b\x08\x00 not gzip"})
    forget_a_partition(account)
    account.invoke(REPORTS, {"action": "reprocess"})
    for function in (RAW, REPORTS):
        for action in ("reprocess", "drain"):
            assert "outcome" in account.invoke(function, {"action": action})
            account.wait_until_idle()
        with one_odd_key():
            checked = account.invoke(function, {"action": "check"})
        # moto's Quick Sight has no DescribeDataSet.
        assert [line for line in checked["checks"] if not line["ok"] and "quicksight" not in line["check"]] == []
    fail_a_statement_while_others_run(lake)
    for function in (RAW, REPORTS):
        go_on_in_a_fresh_invocation(lake, function)
    s3.delete_object(Bucket=BUCKET, Key="pipeline/leases/raw.json")
    account.wait_until_idle()


def forget_a_partition(account: LocalAccount) -> None:
    """So that the reports register it again, and start the crawler of processed prices."""
    table = {"DatabaseName": account.database, "TableName": "stocks_processed"}
    partition = account.client("glue").get_partitions(**table)["Partitions"][0]
    account.client("glue").delete_partition(**table, PartitionValues=partition["Values"])


def fail_a_statement_while_others_run(lake: Lake) -> None:
    """So that those others are stopped."""
    # The third statement of a load runs at the same time as the second; of reports the second as the first.
    for function, nth in ((RAW, 3), (REPORTS, 2)):
        error = ClientError({"Error": {"Code": "InternalServerException", "Message": "m"}}, "StartQueryExecution")
        lake.account.faults.arm("before", nth, function=function, operation="athena:StartQueryExecution", error=error)
        lake.account.invoke(function, {"action": "reprocess"})
        lake.account.wait_until_idle()
        lake.account.faults.disarm()


def go_on_in_a_fresh_invocation(lake: Lake, function: str) -> None:
    configure(lake.account, function, LAKE_DEADLINE_MARGIN_SECONDS="899.5", LAKE_SETTLE_SECONDS="5")
    lake.account.invoke(function, {"action": "reprocess"})
    lake.account.wait_until_idle()
    configure(lake.account, function, LAKE_DEADLINE_MARGIN_SECONDS="20", LAKE_SETTLE_SECONDS="0.1")


@pytest.fixture(scope="module")
def calls() -> Iterator[Calls]:
    """What the functions of a lake needed in its life, underneath included."""
    needs: Calls = {RAW: set(), REPORTS: set()}

    def note(function: str, operation: str, given: Any) -> None:
        place = here()
        needs[function].update(moved(need, place) for need in aws_permissions.of_call(operation, given, place))

    with LocalAccount() as account:
        put_code(account)
        deploy(account)
        with observed(note):
            live(Lake(account))
    for function, found in needs.items():
        found.update(aws_permissions.of_function(function, DOCS))
    yield needs


def test_a_call_of_any_test_that_no_policy_grants_is_named() -> None:
    recorder = Recorder()
    for key in ("raw/stocks/AAPL.csv", "pipeline/inbox/raw/AAPL.csv"):
        recorder.note(RAW, "s3:PutObject", {"Bucket": BUCKET, "Key": key})
    assert recorder.denied() == {(RAW, "s3:PutObject", DOCS.object("raw/stocks/AAPL.csv"))} and recorder.denied() == set()


def test_of_a_bucket_for_results_only_their_folder_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_RESULTS", "s3://elsewhere/results/")
    recorder = Recorder()
    for key in ("results/id.csv", "processed/stocks/file"):
        recorder.note(RAW, "s3:PutObject", {"Bucket": "elsewhere", "Key": key})
    assert recorder.denied() == {(RAW, "s3:PutObject", "arn:aws:s3:::elsewhere/processed/stocks/file")}


def needs_of(role: str, calls: Calls) -> set[Need]:
    match role:
        case "stocks_crawler":
            return set(aws_permissions.of_crawler(DOCS))
        case "stocks_scheduler":
            return set(aws_permissions.of_schedules(SCHEDULES, DOCS))
        case "stocks_quicksight":
            return set(aws_permissions.of_quick_sight(DOCS))
    return calls[role]


ALL = (RAW, REPORTS, "stocks_crawler", "stocks_scheduler", "stocks_quicksight")


@pytest.mark.parametrize("role", ALL)
def test_every_call_is_allowed(role: str, calls: Calls) -> None:
    policy = document(role)
    denied = {
        (need.action, re.sub(r"/\d{8}-\d{6}-\w+|[0-9a-f]{8,}", "…", need.resource))
        for need in needs_of(role, calls)
        if not allows(policy, need)
    }
    assert denied == set()


@pytest.mark.parametrize("role", ALL)
def test_every_action_granted_is_needed_on_every_resource_that_it_is_granted_for(role: str, calls: Calls) -> None:
    needed = needs_of(role, calls)
    for statement in document(role)["Statement"]:
        for action in every(statement["Action"]):
            of_action = {**statement, "Action": action}
            assert any(allows({"Statement": [of_action]}, need) for need in needed), f"{action}: no call and no source"
        for resource in every(statement["Resource"]):
            of_resource = {**statement, "Resource": resource}
            assert any(allows({"Statement": [of_resource]}, need) for need in needed), f"{resource}: nothing is asked of it"


def test_each_operation_that_the_code_calls_was_recorded(calls: Calls) -> None:
    """A call that the lake's life never reached would pass for one that needs no permission."""
    source = Path(__file__).parents[2] / "lambda_scripts" / "lakehouse" / "aws"
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.glob("*.py"))
    methods = set(re.findall(r"(?:_client|client\(\"\w+\"\)|glue)\.([a-z]+(?:_[a-z0-9]+)+)\(", text))
    methods |= set(re.findall(r"get_paginator\(\"(\w+)\"\)", text))
    recorded = {need.action.split(":")[1] for found in calls.values() for need in found if not need.source}
    expected = {"".join(word.title() for word in method.split("_")) for method in methods - {"get_paginator"}}
    names = {
        "HeadObject": "GetObject",
        "CopyObject": "PutObject",
        "DeleteObjects": "DeleteObject",
        "ListObjectsV2": "ListBucket",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
    }
    # CreateDatabase is needed of the lake's own database where nobody made it: the set-up does.
    assert {names.get(name, name) for name in expected} - recorded == set() and "InvokeFunction" in recorded


@pytest.mark.parametrize("name", sorted(path.stem for path in IAM.glob("*.json")))
def test_no_statement_reaches_beyond_the_lake(name: str) -> None:
    """Only its bucket, databases, crawlers, workgroup, functions, queue, data sets and logs; no action or resource in general."""
    arn = rf"arn:aws:(\w+):{DOCS.region}:{DOCS.account}:"
    own = (
        rf"arn:aws:s3:::{DOCS.bucket}(/(raw|processed|reporting|rejected|pipeline)/(athena-results/)?\*)?",
        rf"{arn}catalog|{arn}database/(hyn_stocks_db(_check_\*)?|default)",
        rf"{arn}(table|userDefinedFunction)/hyn_stocks_db(_check_\*)?/(stocks_)?\*",
        rf"{arn}crawler/stocks_(raw|processed)_crawler",
        rf"{arn}workgroup/stocks_lakehouse",
        rf"{arn}function:({RAW}|{REPORTS})",
        rf"{arn}stocks_dead_letters",
        rf"{arn}log-group:(/aws/lambda/({RAW}|{REPORTS}):|/aws-glue/crawlers)\*",
        rf"{arn}dataset/stocks-(monthly|yearly)(/ingestion/\*)?",
        re.escape(KEY),
    )
    for statement in document(name)["Statement"]:
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"} and statement["Effect"] == "Allow"
        assert [action for action in every(statement["Action"]) if "*" in action] == []
        assert [each for each in every(statement["Resource"]) if not any(re.fullmatch(pattern, each) for pattern in own)] == []
        if any(each.endswith(":database/default") for each in every(statement["Resource"])):
            assert every(statement["Action"]) == ["glue:GetDatabase"]


def test_the_first_function_only_reads_what_people_drop_and_the_second_what_the_first_writes() -> None:
    writing = ("s3:PutObject", "s3:DeleteObject")
    for function, kept in ((RAW, ("raw", "reporting")), (REPORTS, ("raw", "processed", "rejected"))):
        for zone in kept:
            for action in writing:
                assert not allows(document(function), Need(action, DOCS.object(f"{zone}/stocks/file")))
    assert not allows(document(REPORTS), Need("s3:GetObject", DOCS.object("raw/stocks/AAPL.csv")))


def findings(policy: Mapping[str, Any]) -> list[str]:
    """What parliament, which takes long to import, finds wrong with a policy."""
    import parliament

    return [f"{finding.issue} {finding.detail}" for finding in parliament.analyze_policy_string(json.dumps(policy)).findings]


@pytest.mark.parametrize("name", sorted(path.stem for path in IAM.glob("*.json")))
def test_parliament_finds_nothing(name: str) -> None:
    """Unknown actions, and actions on resources of another type."""
    assert findings(document(name)) == []


def test_parliament_would_find_an_action_on_a_resource_of_another_type() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": DOCS.bucket_arn}]}
    assert [found.split()[0] for found in findings(policy)] == ["RESOURCE_MISMATCH"]


@pytest.mark.parametrize("role", ALL)
def test_a_policy_fits_inline_into_its_role(role: str) -> None:
    """10,240 characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert len(json.dumps(document(role), separators=(",", ":"))) <= 10_240


# The quick way

PAGE = IAM.parent / "role_setup.md"
OWN_STATEMENTS = ("Itself", "DeadLetters", "QuickSight", "QuickSightRefresh")


@pytest.mark.parametrize("role", [RAW, REPORTS, "stocks_crawler"])
def test_the_managed_policies_that_the_page_names_allow_every_call(role: str, calls: Calls) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## The quick way")[2].partition("\n## ")[0]
    of_functions, _, of_crawler = section.partition("| `stocks_crawler` |")
    managed = json.loads(aws_managed_policies_data)
    names = re.findall(r"`((?:AWS|Amazon|CloudWatch)\w+)`", of_crawler if role == "stocks_crawler" else of_functions)
    policies = [managed[name]["Document"] for name in names]
    policies += [{"Statement": [each for each in document(role)["Statement"] if each["Sid"] in OWN_STATEMENTS]}]
    denied = {need for need in needs_of(role, calls) if not any(allows(policy, need) for policy in policies)}
    assert len(names) in (2, 4) and {(need.action, need.resource) for need in denied} == set()


# Buckets of a stricter kind


@pytest.mark.parametrize("role", [RAW, REPORTS, "stocks_crawler"])
def test_with_a_key_of_ones_own_what_is_read_can_be_decrypted_and_what_is_written_encrypted(role: str, calls: Calls) -> None:
    """S3 asks the caller for both: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"""
    policy = document("own_key_crawler" if role == "stocks_crawler" else "own_key_functions")
    asked = {need.action for need in needs_of(role, calls)}
    assert "s3:GetObject" in asked and allows(policy, Need("kms:Decrypt", KEY))
    assert allows(policy, Need("kms:GenerateDataKey", KEY)) == ("s3:PutObject" in asked)


def test_a_bucket_that_takes_tls_only_refuses_no_call() -> None:
    for service in ("s3", "athena", "glue", "lambda", "quicksight"):
        with LocalAccount(None):
            assert client(service).meta.endpoint_url.startswith("https://")
    (statement,) = Template().resources["BucketPolicy"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} and statement["Effect"] == "Deny"


# The evaluator, on cases whose answer is known

STATEMENTS = [
    {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::lake/raw/*", "arn:aws:s3:::lake/p/*"],
    },
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::lake"},
    {"Effect": "Allow", "Action": "glue:GetTable", "Resource": ["arn:aws:glue:r:1:catalog", "arn:aws:glue:r:1:table/db/t_*"]},
]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::lake/raw/a.csv", True),
        ("s3:GetObject", "arn:aws:s3:::lake/raw/a/b c+d,é.csv", True),
        ("s3:PutObject", "arn:aws:s3:::lake/p/a", True),
        ("s3:GetObject", "arn:aws:s3:::lake/rawer/a.csv", False),
        ("s3:GetObject", "arn:aws:s3:::lake/raw", False),
        ("s3:GetObject", "arn:aws:s3:::lakes/raw/a.csv", False),
        ("s3:GetObject", "arn:aws:s3:::lake", False),
        ("s3:GetObjectVersion", "arn:aws:s3:::lake/raw/a.csv", False),
        ("s3:DeleteObject", "arn:aws:s3:::lake/raw/a.csv", False),
        ("s3:ListBucket", "arn:aws:s3:::lake", True),
        ("s3:ListBucket", "arn:aws:s3:::lake/raw/a.csv", False),
        ("glue:GetTable", "arn:aws:glue:r:1:catalog", True),
        ("glue:GetTable", "arn:aws:glue:r:1:table/db/t_1", True),
        ("glue:GetTable", "arn:aws:glue:r:1:table/db/s_1", False),
        ("glue:GetTables", "arn:aws:glue:r:1:catalog", False),
    ],
)
def test_the_evaluator_answers_as_iam_does_where_there_is_neither_deny_nor_condition(
    action: str, resource: str, allowed: bool
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""
    assert allows({"Version": "2012-10-17", "Statement": STATEMENTS}, Need(action, resource)) is allowed
