"""The Quick Sight definitions of docs/quicksight: taken by botocore's model and by CloudFormation's, and true of the reports.

Nobody here has a Quick Sight account. botocore's own validator sees types, required and unknown names; the enumerations, patterns
and one-of structures of its model are walked here. cfn-lint holds the same definitions against CloudFormation's schemas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from tests.docs.commands import Shell, commands, environment
from tests.local_aws import LocalAccount
from tests.local_aws.account import ACCOUNT_ID, CREDENTIALS

DEFINITIONS = Path(__file__).parents[2] / "docs" / "quicksight"
PAGE = DEFINITIONS.parent / "quicksight_setup.md"

# Each definition: the API that takes it, and the CloudFormation type whose schema it has to fit as well.
APIS = {
    "data-source": ("CreateDataSource", "DataSource"),
    "data-set-monthly": ("CreateDataSet", "DataSet"),
    "data-set-yearly": ("CreateDataSet", "DataSet"),
    "analysis": ("CreateAnalysis", "Analysis"),
    "refresh-schedule": ("CreateRefreshSchedule", "RefreshSchedule"),
}
# "Only one of the attributes can be non-null", say their documentation, and the model nothing.
ONE_OF = {"DataSourceParameters", "PhysicalTable", "TransformOperation", "Visual", "Filter"}

TYPES = {"string": "STRING", "bigint": "INTEGER", "double": "DECIMAL"}


def definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEFINITIONS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def faults(value: Any, shape: Shape, where: str = "") -> Iterator[str]:
    """What the model's enumerations, patterns and one-of structures do not allow."""
    if isinstance(shape, StructureShape):
        if (shape.is_tagged_union or shape.name in ONE_OF) and len(value) != 1:
            yield f"{where}: one of its members is to be given, not {', '.join(value)}"
        for name, member in value.items():
            yield from faults(member, shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for number, member in enumerate(value):
            yield from faults(member, shape.member, f"{where}[{number}]")
    elif isinstance(shape, MapShape):
        for name, member in value.items():
            yield from faults(member, shape.value, f"{where}.{name}")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{where}: {value!r} is not one of {', '.join(shape.enum)}"
        if (pattern := shape.metadata.get("pattern")) and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"


@pytest.fixture(scope="module")
def model() -> Any:
    return (
        boto3.Session(region_name="us-east-1")
        .client("quicksight", aws_access_key_id="x", aws_secret_access_key="x")
        .meta.service_model
    )


@pytest.mark.parametrize("name", APIS)
def test_a_definition_is_what_its_api_takes(name: str, model: Any) -> None:
    shape = model.operation_model(APIS[name][0]).input_shape
    assert ParamValidator().validate(definition(name), shape).generate_report() == ""
    assert list(faults(definition(name), shape)) == []


def test_the_walk_finds_what_botocore_lets_through(model: Any) -> None:
    shape = model.operation_model("CreateDataSet").input_shape
    wrong = definition("data-set-monthly") | {"ImportMode": "SPICY"}
    wrong["PhysicalTableMap"]["reporting"]["CustomSql"] = {"DataSourceArn": "arn:aws:x", "Name": "x", "SqlQuery": "SELECT 1"}
    found = sorted(fault.partition(":")[0] for fault in faults(wrong, shape))
    assert found == [".ImportMode", ".PhysicalTableMap.reporting"]
    analysis = model.operation_model("CreateAnalysis").input_shape
    assert [fault.partition(":")[0] for fault in faults({"AnalysisId": "a b"}, analysis)] == [".AnalysisId"]


def template(*names: str) -> str:
    """The definitions as one CloudFormation template."""
    resources = {}
    for name in names:
        properties = definition(name)
        if name == "refresh-schedule":  # CloudFormation spells it otherwise
            frequency = properties["Schedule"]["ScheduleFrequency"]
            frequency["TimeZone"] = frequency.pop("Timezone")
        resources[name.title().replace("-", "")] = {"Type": f"AWS::QuickSight::{APIS[name][1]}", "Properties": properties}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


def problems(text: str) -> list[str]:
    """What cfn-lint, which takes a second to import, says of a template."""
    from cfnlint.api import lint

    return [str(match) for match in lint(text, regions=["us-east-1"])]


def test_the_definitions_fit_the_schemas_of_cloudformation() -> None:
    assert problems(template(*APIS)) == []


def test_cloudformation_s_schemas_do_find_a_wrong_value() -> None:
    wrong = template(*APIS).replace('"DAILY"', '"DAYLY"')
    assert any("DAYLY" in problem for problem in problems(wrong))


def columns(table: str) -> dict[str, str]:
    """Each column of a report and its type, from its statement."""
    text = (DEFINITIONS.parents[1] / "sql" / "tables" / f"{table}.sql").read_text(encoding="utf-8")
    return dict(re.findall(r"`(\w+)` (\w+)", text.partition("(")[2]))


@pytest.mark.parametrize(
    ("name", "table"), [("data-set-monthly", "monthly_stock_reporting"), ("data-set-yearly", "yearly_stock_reporting")]
)
def test_a_data_set_has_every_column_of_its_report(name: str, table: str) -> None:
    (source,) = definition(name)["PhysicalTableMap"].values()
    assert source["RelationalTable"]["Name"] == table
    given = {column["Name"]: column["Type"] for column in source["RelationalTable"]["InputColumns"]}
    assert given == {column: TYPES[kind] for column, kind in columns(table).items()}


def test_every_field_of_the_analysis_is_a_column_of_its_data_set() -> None:
    projected = {}
    for name in ("monthly", "yearly"):
        (logical,) = definition(f"data-set-{name}")["LogicalTableMap"].values()
        projected[name] = set(logical["DataTransforms"][-1]["ProjectOperation"]["ProjectedColumns"])
    text = json.dumps(definition("analysis"))
    used = re.findall(r'\{"DataSetIdentifier": "(\w+)", "ColumnName": "(\w+)"\}', text)
    assert len(used) > 10
    assert [(data_set, column) for data_set, column in used if column not in projected[data_set]] == []


def test_the_commands_of_the_page_make_each_definition_once_and_can_undo_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, (api, _) in APIS.items():
        command = "aws quicksight " + re.sub(r"(?<!^)(?=[A-Z])", "-", api).lower()
        assert f"{command} --cli-input-json file://filled/{name}.json" in text
    for resource in ("analysis-id stocks-lakehouse", "data-set-id stocks-monthly", "data-source-id stocks-lakehouse"):
        assert f"--{resource}" in text


# moto has neither analyses nor refresh schedules: of those it is only looked whether the definition is there.
AWS = """
aws() {
  case "$1 $2" in
    "quicksight create-analysis" | "quicksight create-refresh-schedule") test -s "${4#file://}" ;;
    *) command aws "$@" ;;
  esac
}
"""


def test_the_commands_of_the_page_give_the_reader_s_names_to_what_they_make(tmp_path: Path) -> None:
    """In another Region than that of who owns it."""
    (tmp_path / "docs").symlink_to(DEFINITIONS.parent)
    with LocalAccount(engine=None, serve_port=0) as account:
        there = {"AWS_ENDPOINT_URL": str(account.endpoint_url), "AWS_DEFAULT_REGION": "eu-west-1"}
        shell = Shell(tmp_path, {**environment(), **CREDENTIALS, **there})
        shell.run(AWS)
        _, make, *_ = commands(PAGE)
        shell.run(make)
        shell.close()
        quicksight = boto3.client("quicksight", "eu-west-1")
        (source,) = quicksight.list_data_sources(AwsAccountId=ACCOUNT_ID)["DataSources"]
        assert source["Arn"] == f"arn:aws:quicksight:eu-west-1:{ACCOUNT_ID}:datasource/stocks-lakehouse"
    filled = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "filled").glob("*.json")]
    owners = {each["Principal"] for made in filled for each in made.get("Permissions", ())}
    assert owners == {f"arn:aws:quicksight:us-east-1:{ACCOUNT_ID}:user/default/your-user-name"}
    used = set(re.findall(r"arn:aws:quicksight:([^:]+:[^:]+):(?!user)", json.dumps(filled)))
    assert len(filled) == len(APIS) and used == {f"eu-west-1:{ACCOUNT_ID}"}
