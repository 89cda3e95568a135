"""docs/cloudformation.yaml, read and resolved as CloudFormation does: the one place that the set-up's names and values come from.

`python -m tests.account.template` makes from it what docs/ has as JSON to paste: the policies, the alarms and the dashboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from moto.cloudformation.utils import yaml_tag_constructor

from tests.account.aws_permissions import DOCS

REPOSITORY = Path(__file__).parents[2]
TEMPLATE = REPOSITORY / "docs" / "cloudformation.yaml"

# What the pages of docs/ write where the reader has a value of his own.
READERS = {
    "BucketName": DOCS.bucket,
    "CodeBucket": "hyn-stocks-code",
    "AWS::AccountId": DOCS.account,
    "AWS::Region": DOCS.region,
    "AWS::Partition": "aws",
}
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"

_NO_VALUE = object()
_ARNS = {
    "AWS::IAM::Role": ("iam::{account}:role/", "RoleName"),
    "AWS::Lambda::Function": ("lambda:{region}:{account}:function:", "FunctionName"),
    "AWS::SQS::Queue": ("sqs:{region}:{account}:", "QueueName"),
    "AWS::S3::Bucket": ("s3:::", "BucketName"),
    "AWS::Events::Rule": ("events:{region}:{account}:rule/", "Name"),
}
_NAMES = {"AWS::Glue::Database": ("DatabaseInput", "Name"), "AWS::Glue::Classifier": ("CsvClassifier", "Name")}


class _WithShortForms(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with !Ref, !GetAtt and their like as moto reads it, and no key twice. cfn-lint would take a second to import."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice{node.start_mark}"
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


_WithShortForms.add_multi_constructor("", yaml_tag_constructor)


class Template:
    """The template with these parameters, others as they default. `resources` are those whose condition holds, resolved."""

    def __init__(self, parameters: Mapping[str, str] | None = None) -> None:
        self.body: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_WithShortForms)
        defaults = {name: each["Default"] for name, each in self.body["Parameters"].items() if "Default" in each}
        self._values = {**defaults, **READERS, **(parameters or {})}
        found = self.body["Resources"]
        self.types = {name: each["Type"] for name, each in found.items() if self._holds(each.get("Condition"))}
        self.resources: dict[str, dict[str, Any]] = {
            name: self._resolved(found[name].get("Properties", {})) for name in self.types
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type ("AWS::IAM::Role"), by logical name."""
        return {name: self.resources[name] for name, found in self.types.items() if found == kind}

    def policy(self, role: str) -> dict[str, Any]:
        """The policy document of the role of that name ("stocks_crawler")."""
        (found,) = [each for each in self.of_type("AWS::IAM::Role").values() if each["RoleName"] == role]
        document: dict[str, Any] = found["Policies"][0]["PolicyDocument"]
        return document

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self._resolved(self.body["Conditions"][condition]))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for each in value if (found := self._resolved(each)) is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._reference(argument)
            if function.startswith("Fn::"):
                return self._called(function, argument)
        return {name: found for name, each in value.items() if (found := self._resolved(each)) is not _NO_VALUE}

    def _called(self, function: str, argument: Any) -> Any:
        if function == "Fn::If":
            return self._resolved(argument[1 if self._holds(argument[0]) else 2])
        if function == "Fn::Equals":
            one, other = self._resolved(argument)
            return one == other
        if function == "Fn::Not":
            return not self._resolved(argument[0])
        if function == "Fn::GetAtt":
            return self._attribute(argument)
        if function == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda name: str(self._named(name[1])), argument)
        raise NotImplementedError(function)

    def _named(self, name: str) -> Any:
        return self._attribute(name.split(".")) if "." in name else self._reference(name)

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._values:
            return self._values[name]
        resource = self.body["Resources"][name]
        properties = self._resolved(resource["Properties"])
        for step in _NAMES.get(resource["Type"], ()):
            properties = properties[step]
        return (
            properties if isinstance(properties, str) else next(each for key, each in properties.items() if key.endswith("Name"))
        )

    def _attribute(self, path: list[str]) -> str:
        resource = self.body["Resources"][path[0]]
        if path[1] == "QueueName":
            return str(resource["Properties"]["QueueName"])
        assert path[1] == "Arn", path
        place, name = _ARNS[resource["Type"]]
        place = place.format(region=self._values["AWS::Region"], account=self._values["AWS::AccountId"])
        return f"arn:{self._values['AWS::Partition']}:{place}{self._resolved(resource['Properties'][name])}"


# The pages that a person pastes from, by role. Quick Sight's has no resource in the template and is kept by hand.
ROLES = ("stocks_raw_to_processed", "stocks_processed_to_reporting", "stocks_crawler", "stocks_scheduler")


def documents() -> dict[Path, str]:
    """What each JSON file of docs/ that is made from the template holds."""
    template, keyed = Template(), Template({"KeyArn": KEY})
    iam, found = TEMPLATE.parent / "iam", {}
    for role in ROLES:
        found[iam / f"{role}.json"] = template.policy(role)
    for name, file in (("KeyForFunctions", "own_key_functions"), ("KeyForCrawler", "own_key_crawler")):
        found[iam / f"{file}.json"] = keyed.resources[name]["PolicyDocument"]
    for alarm in Template({"AlarmEmail": ""}).of_type("AWS::CloudWatch::Alarm").values():
        found[TEMPLATE.parent / "cloudwatch" / f"{alarm['AlarmName']}.json"] = alarm
    dashboard = template.resources["Dashboard"]["DashboardBody"]
    found[TEMPLATE.parent / "cloudwatch" / "dashboard.json"] = json.loads(dashboard)
    return {path: json.dumps(content, indent=2) + "\n" for path, content in found.items()}


if __name__ == "__main__":
    for path, text in documents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
