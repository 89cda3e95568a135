"""A new user with nothing but docs/ and the AWS CLI: every command of every page, in order, where nothing is set up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.account.template import READERS, Template
from tests.docs.commands import EVERY_SERVICE, Shell, commands, environment, shown
from tests.docs.tables import REPOSITORY
from tests.local_aws import LocalAccount
from tests.local_aws.account import CREDENTIALS

DOCS = REPOSITORY / "docs"
ACCOUNT = "123456789012"
STEPS = ("bucket_setup", "role_setup", "athena_setup", "crawler_setup", "lambda_setup")


@pytest.fixture
def account() -> Iterator[LocalAccount]:
    with LocalAccount("duckdb", serve_port=0) as account:
        yield account


@pytest.fixture
def shell(account: LocalAccount, tmp_path: Path) -> Iterator[Shell]:
    """A terminal in a folder that has what a clone has, and writes to none of it."""
    for name in ("lambda_scripts", "sql", "docs", "dataset"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    shell = Shell(tmp_path, {**environment(), **CREDENTIALS, "AWS_ENDPOINT_URL": str(account.endpoint_url)})
    shell.run(EVERY_SERVICE)
    yield shell
    shell.close()


def follow(shell: Shell, *pages: str) -> None:
    for page in pages:
        for block in commands(DOCS / f"{page}.md"):
            shell.run(block)


def made_by_hand(account: LocalAccount) -> dict[str, Any]:
    """What the commands made, as AWS describes it."""
    described: dict[str, Any] = {}
    crawler = account.client("glue").get_crawler(Name="stocks_raw_crawler")["Crawler"]
    described["crawler"] = {name: crawler[name] for name in CRAWLER}
    described["crawler"]["Configuration"] = json.loads(crawler["Configuration"])
    workgroup = account.client("athena").get_work_group(WorkGroup="stocks_lakehouse")["WorkGroup"]["Configuration"]
    described["workgroup"] = {name: workgroup[name] for name in WORKGROUP}
    functions, iam = account.client("lambda"), account.client("iam")
    for name in FUNCTIONS:
        found = functions.get_function_configuration(FunctionName=name)
        described[name] = {each: found[each] for each in FUNCTION}
        retries = functions.get_function_event_invoke_config(FunctionName=name)
        described[f"{name} retries"] = [retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]]
    for role in (*FUNCTIONS, "stocks_crawler", "stocks_scheduler"):
        described[f"{role} policy"] = iam.get_role_policy(RoleName=role, PolicyName="lake")["PolicyDocument"]
    schedules = account.client("scheduler")
    for name in ("stocks_raw_sweep", "stocks_report_sweep"):
        found = schedules.get_schedule(Name=name)
        described[name] = [found["ScheduleExpression"], found["Target"]["Arn"], found["Target"]["Input"]]
    return json.loads(json.dumps(described))  # type: ignore[no-any-return]


CRAWLER = ("DatabaseName", "TablePrefix", "Classifiers", "SchemaChangePolicy", "RecrawlPolicy")
WORKGROUP = (
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "BytesScannedCutoffPerQuery",
    "ResultConfiguration",
)
FUNCTION = ("Runtime", "Architectures", "Handler", "Timeout", "MemorySize", "Role")
FUNCTIONS = ("stocks_raw_to_processed", "stocks_processed_to_reporting")


def made_by_the_template() -> dict[str, Any]:
    """The same of the template, for the local account's number."""
    template = Template({"AWS::AccountId": ACCOUNT}).resources
    crawler = template["Crawler"]
    described: dict[str, Any] = {"crawler": {name: crawler[name] for name in CRAWLER}}
    described["crawler"]["Configuration"] = json.loads(crawler["Configuration"])
    workgroup = template["WorkGroup"]["WorkGroupConfiguration"]
    described["workgroup"] = {name: workgroup[name] for name in WORKGROUP}
    for resource, name in zip(("RawToProcessed", "ProcessedToReporting"), FUNCTIONS, strict=True):
        described[name] = {each: template[resource][each] for each in FUNCTION}
        retries = template[f"{resource}Retries"]
        described[f"{name} retries"] = [retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]]
        sweep = template[f"{resource}Sweep"]
        described[sweep["Name"]] = [sweep["ScheduleExpression"], sweep["Target"]["Arn"], sweep["Target"]["Input"]]
    policies = Template({"AWS::AccountId": ACCOUNT})
    for role in (*FUNCTIONS, "stocks_crawler", "stocks_scheduler"):
        described[f"{role} policy"] = policies.policy(role)
    return described


def policy(role: str) -> str:
    """The policy of docs/iam/, for the local account."""
    text = (DOCS / "iam" / f"{role}.json").read_text(encoding="utf-8")
    return text.replace(READERS["AWS::AccountId"], ACCOUNT)


def reports(account: LocalAccount) -> str:
    rows = account.query("SELECT symbol, year, trading_days FROM yearly_stock_reporting WHERE year = '2009' ORDER BY 1")
    return " ".join(f"{row['symbol']} {row['trading_days']}" for row in rows)


@pytest.mark.thorough("every command of the set-up by the AWS CLI")
@pytest.mark.duckdb_only("the commands are the same, whatever engine runs the statements")
def test_by_the_commands_of_the_pages_a_drop_reaches_the_reports_and_all_is_taken_away_again(
    account: LocalAccount, shell: Shell, tmp_path: Path
) -> None:
    follow(shell, *STEPS)
    assert made_by_hand(account) == made_by_the_template()
    check_and_drop, look = commands(DOCS / "first_upload.md")
    shell.run(check_and_drop)
    account.wait_until_idle()
    for name in ("raw_to_processed", "processed_to_reporting"):
        checked = json.loads((tmp_path / f"check_{name}.json").read_text(encoding="utf-8"))
        assert [line for line in checked["checks"] if not line["ok"]] == []
    printed = shell.run(look).splitlines()
    lines = shown(DOCS / "first_upload.md")
    assert len(lines) > 3 and printed[: len(lines)] == lines and len(printed) == 38
    assert reports(account) == "AAPL 252 GOOG 252 IBM 252 MSFT 252"
    make_role, *_, take_role_away = commands(DOCS / "quicksight_setup.md")
    shell.run(make_role)
    made = account.client("iam").get_role_policy(RoleName="stocks_quicksight", PolicyName="lake")["PolicyDocument"]
    assert made == json.loads(policy("stocks_quicksight"))
    shell.run(take_role_away)
    follow(shell, "cleanup")
    assert account.dead_letters == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("glue").get_databases()["DatabaseList"] == []
    assert account.client("iam").list_roles()["Roles"] == []
    assert account.client("scheduler").list_schedules()["Schedules"] == []
