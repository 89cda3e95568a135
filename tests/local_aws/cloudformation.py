"""CloudFormation: the types and properties of a lake's template that moto 5.2.5 skips, though it says CREATE_COMPLETE.

Each resource is made by the API call that stands for it. A type that neither moto nor this module knows fails its stack, as
does a `Fn::GetAtt` of an attribute that it lacks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.s3.models import FakeBucket

from .seams import Seams

GONE = ("ResourceNotFoundException", "EntityNotFoundException", "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue")

Client = Callable[[str], Any]
Properties = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A type of resource: what `Ref` gives, and the API calls that make and unmake one of these properties."""

    name: Callable[[Properties], str]
    make: Callable[[Client, Properties], object]
    unmake: Callable[[Client, Properties], object]


KINDS = {
    "AWS::Lambda::EventInvokeConfig": Kind(
        lambda given: f"{given['FunctionName']}|{given['Qualifier']}",
        lambda client, given: client("lambda").put_function_event_invoke_config(**given),
        lambda client, given: client("lambda").delete_function_event_invoke_config(
            FunctionName=given["FunctionName"], Qualifier=given["Qualifier"]
        ),
    ),
    "AWS::S3::BucketPolicy": Kind(
        lambda given: given["Bucket"],
        lambda client, given: client("s3").put_bucket_policy(Bucket=given["Bucket"], Policy=json.dumps(given["PolicyDocument"])),
        lambda client, given: client("s3").delete_bucket_policy(Bucket=given["Bucket"]),
    ),
    "AWS::SQS::QueuePolicy": Kind(
        lambda given: given["Queues"][0],
        lambda client, given: _put_queue_policy(client, given, json.dumps(given["PolicyDocument"])),
        lambda client, given: _put_queue_policy(client, given, ""),
    ),
    "AWS::Glue::Database": Kind(
        lambda given: given["DatabaseInput"]["Name"],
        lambda client, given: client("glue").create_database(DatabaseInput=given["DatabaseInput"]),
        lambda client, given: client("glue").delete_database(Name=given["DatabaseInput"]["Name"]),
    ),
    "AWS::Glue::Classifier": Kind(
        lambda given: given["CsvClassifier"]["Name"],
        lambda client, given: client("glue").create_classifier(**given),
        lambda client, given: client("glue").delete_classifier(Name=given["CsvClassifier"]["Name"]),
    ),
    "AWS::Glue::Crawler": Kind(
        lambda given: given["Name"],
        lambda client, given: client("glue").create_crawler(**given),
        lambda client, given: client("glue").delete_crawler(Name=given["Name"]),
    ),
    "AWS::Athena::WorkGroup": Kind(
        lambda given: given["Name"],
        lambda client, given: client("athena").create_work_group(
            Name=given["Name"],
            Description=given.get("Description", ""),
            Configuration=given.get("WorkGroupConfiguration", {}),
        ),
        lambda client, given: client("athena").delete_work_group(
            WorkGroup=given["Name"], RecursiveDeleteOption=given.get("RecursiveDeleteOption", False)
        ),
    ),
    "AWS::Scheduler::Schedule": Kind(
        lambda given: given["Name"],
        lambda client, given: client("scheduler").create_schedule(**given),
        lambda client, given: client("scheduler").delete_schedule(Name=given["Name"]),
    ),
    "AWS::CloudWatch::Alarm": Kind(
        lambda given: given["AlarmName"],
        lambda client, given: client("cloudwatch").put_metric_alarm(**given),
        lambda client, given: client("cloudwatch").delete_alarms(AlarmNames=[given["AlarmName"]]),
    ),
}


def _put_queue_policy(client: Client, given: Properties, policy: str) -> None:
    for queue in given["Queues"]:
        client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


class Resource(CloudFormationModel):
    """One resource of a stack, as moto wants it: a class for each type."""

    kind: ClassVar[Kind]
    client: ClassVar[Client]
    type: ClassVar[str]

    def __init__(self, properties: Properties) -> None:
        self.properties = properties
        self.name = self.physical_resource_id = self.kind.name(properties)

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def create_from_cloudformation_json(cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any) -> Resource:
        given = cloudformation_json["Properties"].items()
        properties = {name: value for name, value in given if value is not None}  # moto's AWS::NoValue
        cls.kind.make(cls.client, properties)
        return cls(properties)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, *_: Any, **__: Any
    ) -> Resource:
        cls.kind.unmake(cls.client, original_resource.properties)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json)

    def delete(self, *_: Any) -> None:
        """What moto calls, rather than the class method, which is given the properties unresolved.

        It deletes in any order: what went with its function or bucket counts as deleted.
        """
        try:
            self.kind.unmake(type(self).client, self.properties)
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any) -> None:
        raise NotImplementedError(f"{cls.type} is deleted by its instance")


TYPES: dict[str, Any] = {name: type(name, (Resource,), {"kind": kind, "type": name}) for name, kind in KINDS.items()}


def install(client: Client) -> Callable[[], None]:
    """Make what moto's stacks skip, through clients of the account. Returns the callable that undoes it."""
    seams = Seams()
    model_map, name_types = parsing.get_model_map, parsing.get_name_type_map
    create_bucket: Any = vars(FakeBucket)["create_from_cloudformation_json"].__func__
    update_bucket: Any = vars(FakeBucket)["update_from_cloudformation_json"].__func__
    create_function: Any = vars(LambdaFunction)["create_from_cloudformation_json"].__func__
    Resource.client = staticmethod(client)

    def all_types() -> dict[str, Any]:
        return {**model_map(), **TYPES}

    def all_names() -> dict[str, str]:
        return {**name_types(), **dict.fromkeys(TYPES, "")}

    def class_of(resource_type: str) -> Any:
        if resource_type in parsing.NULL_MODELS or resource_type.startswith("Custom::") or resource_type in all_types():
            return known_class(resource_type)
        raise ValidationError("", f"the local account has no {resource_type}")

    known_class = parsing.resource_class_from_type

    def create_whole_bucket(cls: Any, resource_name: str, cloudformation_json: Any, *place: Any, **more: Any) -> Any:
        bucket = create_bucket(cls, resource_name, cloudformation_json, *place, **more)
        _configure(client("s3"), bucket.name, cloudformation_json["Properties"])
        return bucket

    def update_whole_bucket(cls: Any, /, *, original_resource: Any, cloudformation_json: Any, **more: Any) -> Any:
        bucket = update_bucket(cls, original_resource=original_resource, cloudformation_json=cloudformation_json, **more)
        _configure(client("s3"), bucket.name, cloudformation_json["Properties"])
        return bucket

    def create_whole_function(cls: Any, resource_name: str, cloudformation_json: Any, *place: Any, **more: Any) -> Any:
        function = create_function(cls, resource_name, cloudformation_json, *place, **more)
        function.architectures = cloudformation_json["Properties"].get("Architectures", ["x86_64"])
        function.logging_config = cloudformation_json["Properties"].get("LoggingConfig", {})
        return function

    seams.replace(parsing, "get_model_map", all_types)
    seams.replace(parsing, "get_name_type_map", all_names)
    seams.replace(parsing, "resource_class_from_type", class_of)
    seams.replace(FakeBucket, "create_from_cloudformation_json", classmethod(create_whole_bucket))
    seams.replace(FakeBucket, "update_from_cloudformation_json", classmethod(update_whole_bucket))
    seams.replace(LambdaFunction, "create_from_cloudformation_json", classmethod(create_whole_function))
    return seams.restore


def _configure(s3: Any, bucket: str, properties: Properties) -> None:
    """Set what the API has a call of its own for."""
    if encryption := properties.get("BucketEncryption"):
        rules = [_encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    if access := properties.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=access)
    if ownership := properties.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=ownership)
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    if notifications := properties.get("NotificationConfiguration"):
        triggers = [
            {
                "LambdaFunctionArn": each["Function"],
                "Events": [each["Event"]],
                "Filter": {"Key": {"FilterRules": each["Filter"]["S3Key"]["Rules"]}},
            }
            for each in notifications.get("LambdaConfigurations", ())
        ]
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": triggers}
        )


def _encryption_rule(rule: Properties) -> dict[str, Any]:
    default = rule["ServerSideEncryptionByDefault"]
    return {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": rule.get("BucketKeyEnabled", False)}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if days := rule.get("ExpirationInDays"):
        found["Expiration"] = {"Days": days}
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        found["AbortIncompleteMultipartUpload"] = abort
    return found
