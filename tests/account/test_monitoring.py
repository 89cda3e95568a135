"""docs/monitoring.md: each metric, alarm and query that there is, and the queries tried on the log lines of a lake."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambda_scripts.lakehouse import metrics
from tests.account.template import REPOSITORY, Template
from tests.docs.commands import Shell, commands, environment
from tests.lakes import RAW, REPORTS, Lake, csv, day
from tests.local_aws import LocalAccount
from tests.local_aws.account import ACCOUNT_ID, CREDENTIALS

PAGE = (REPOSITORY / "docs" / "monitoring.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```insights\n(.*?)```", PAGE, re.DOTALL)
AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))

FUNCTIONS = {"count", "sum", "avg", "max", "min", "ispresent", "bin", "coalesce"}
WORDS = {"as", "by", "desc", "asc", "in", "and", "or", "not"}

Line = dict[str, Any]


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """What the functions log when files are loaded, refused and reported, and when an invocation fails."""
    with LocalAccount() as account:
        account.create_lake()
        lake = Lake(account)
        lake.drop_in_one_event({"AAPL.csv": AAPL, "notes.txt": "nothing"})
        lake.account.invoke(RAW, {"action": "drain", "bucket": lake.bucket})
        lake.account.invoke(RAW, {"action": "dance"})
    return account.logs


def selected(query: str, lines: list[Line]) -> list[Line]:
    """The lines that pass the query's filters, as far as the queries of the page go: =, in and ispresent."""
    for command in (each.strip() for each in query.split("|")):
        if not command.startswith("filter "):
            continue
        condition = command.removeprefix("filter ")
        if found := re.fullmatch(r'(\w+) = "([^"]*)"', condition):
            lines = [line for line in lines if line.get(found[1]) == found[2]]
        elif found := re.fullmatch(r"(\w+) in \[(.*)\]", condition):
            lines = [line for line in lines if line.get(found[1]) in re.findall(r'"([^"]*)"', found[2])]
        elif found := re.fullmatch(r"ispresent\((\w+)\)", condition):
            lines = [line for line in lines if line.get(found[1]) is not None]
        else:
            raise NotImplementedError(condition)
    return lines


def fields(query: str) -> set[str]:
    """The fields that a query names: not those of CloudWatch's own (@…), nor names that it gives."""
    text = re.sub(r'"[^"]*"|@\w+', "", query)
    given = set(re.findall(r"\bas (\w+)", text))
    words = set(re.findall(r"[a-z_]\w*", re.sub(r"\bbin\([^)]*\)", "", text)))
    return words - given - FUNCTIONS - WORDS - {"fields", "filter", "sort", "stats", "limit", "parse"}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:60])
def test_each_query_finds_lines_and_each_of_its_fields(query: str, lines: list[Line]) -> None:
    request = next(line["request_id"] for line in lines if line["step"] == "loaded")
    found = selected(query.replace("the request id", request), lines)
    assert found, "no line passes its filters"
    optional = {"errorMessage", "remedy"}  # of lines that this lake had no reason to write; the first is Lambda's own
    assert {name for name in fields(query) - optional if not any(line.get(name) is not None for line in found)} == set()


def test_the_log_query_of_the_dashboard_finds_lines_in_log_groups_that_there_are(lines: list[Line]) -> None:
    template = Template()
    widgets = json.loads(template.resources["Dashboard"]["DashboardBody"])["widgets"]
    (query,) = [each["properties"]["query"].replace("'", '"') for each in widgets if each["type"] == "log"]
    *sources, asked = re.split(r'(SOURCE "[^"]+") \| ', query)
    groups = {group["LogGroupName"] for group in template.of_type("AWS::Logs::LogGroup").values()}
    assert {source.split('"')[1] for source in sources if source} == groups
    found = selected(asked, lines)
    assert (
        found
        and {name for name in fields(asked) - {"errorMessage", "remedy"} if not any(line.get(name) for line in found)} == set()
    )


def test_the_optional_fields_are_written_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "lambda_scripts").rglob("*.py"))
    assert "remedy=" in code


def test_what_a_misspelt_field_would_do() -> None:
    assert fields('fields @timestamp, sorce | filter step = "refused" | stats sum(rows) as total by bin(1d)') == {
        "sorce",
        "step",
        "rows",
    }


def test_each_metric_is_described_with_its_unit_and_each_described_one_exists() -> None:
    described = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| [12, ]+ \|", PAGE, re.MULTILINE))
    assert described == metrics.UNITS


def test_metrics_are_emitted_by_the_functions_that_the_page_says(lines: list[Line]) -> None:
    numbers = {"1": RAW, "2": REPORTS}
    told = dict(re.findall(r"^\| `(\w+)` \| \w+ \| ([12, ]+) \|", PAGE, re.MULTILINE))
    emitted = {name: {line["Function"] for line in lines if name in line} for name in metrics.UNITS}
    assert emitted == {name: {numbers[each] for each in who.split(", ")} for name, who in told.items()}
    assert f"{sum(map(len, emitted.values()))} in all" in PAGE


def test_each_alarm_is_described_and_each_described_one_exists() -> None:
    rows = re.findall(r"^\| (`stocks_\w+`(?:, `stocks_\w+`)*) \|", PAGE, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"\w+", row)}
    assert described == {alarm["AlarmName"] for alarm in Template().of_type("AWS::CloudWatch::Alarm").values()}


@pytest.mark.thorough("every command of the page by the AWS CLI")
def test_the_commands_of_the_page_make_alarms_and_dashboard_and_take_them_away() -> None:
    with LocalAccount(None, serve_port=0) as account:
        cloudwatch = account.client("cloudwatch")
        shell = Shell(REPOSITORY, {**environment(), **CREDENTIALS, "AWS_ENDPOINT_URL": str(account.endpoint_url)})
        make, take_away = commands(REPOSITORY / "docs" / "monitoring.md")
        shell.run(f"region=us-east-1 account={ACCOUNT_ID}")
        shell.run(make)
        (dashboard,) = cloudwatch.list_dashboards()["DashboardEntries"]
        assert dashboard["DashboardName"] == "stocks_lakehouse"
        (topic,) = account.client("sns").list_topics()["Topics"]
        made = {alarm["AlarmName"]: alarm["AlarmActions"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
        assert made == {
            alarm["AlarmName"]: [topic["TopicArn"]] for alarm in Template().of_type("AWS::CloudWatch::Alarm").values()
        }
        shell.run(take_away)
        shell.close()
        assert cloudwatch.list_dashboards()["DashboardEntries"] == [] and cloudwatch.describe_alarms()["MetricAlarms"] == []
        assert account.client("sns").list_topics()["Topics"] == []
