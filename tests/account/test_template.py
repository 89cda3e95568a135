"""The template: lint clean, made, changed and taken away in the local account, each resource looked at for itself.

A stack's status says nothing here: moto 5.2.5 says CREATE_COMPLETE over types that it skips.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_scripts.lakehouse import metrics
from tests.account.template import TEMPLATE, Template, documents
from tests.lakes import RAW, REPORTS, Lake, csv, day, one_odd_key
from tests.local_aws import LocalAccount
from tests.local_aws.lake import BUCKET, DATABASE, REPOSITORY, zipped

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))
STACK = "stocks-lakehouse"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
FUNCTIONS = (RAW, REPORTS)

Deployed = tuple[Lake, Template]


def parameters(**given: str) -> dict[str, str]:
    return {"BucketName": BUCKET, "CodeBucket": "code", "AlarmEmail": "prices@example.com", **given}


def resolved(**given: str) -> Template:
    return Template({**parameters(**given), "AWS::AccountId": "123456789012"})


def deploy(account: LocalAccount, update: bool = False, **given: str) -> Template:
    cloudformation = account.client("cloudformation")
    (cloudformation.update_stack if update else cloudformation.create_stack)(
        StackName=STACK,
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters(**given).items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    return resolved(**given)


def put_code(account: LocalAccount) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="stocks-lakehouse.zip", Body=zipped(REPOSITORY, ("lambda_scripts", "sql")))


@pytest.fixture(params=["new bucket", "existing bucket"])
def deployed(request: pytest.FixtureRequest, engine: str) -> Iterator[Deployed]:
    with LocalAccount(engine) as account:  # type: ignore[arg-type]
        put_code(account)
        existing = request.param == "existing bucket"
        if existing:
            account.client("s3").create_bucket(Bucket=BUCKET)
            account.client("s3").put_bucket_notification_configuration(
                Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )
        template = deploy(account, ExistingBucket="yes" if existing else "no")
        yield Lake(account), template


@pytest.fixture
def new(engine: str) -> Iterator[LocalAccount]:
    """An account that has the zip and nothing else."""
    with LocalAccount(engine) as account:  # type: ignore[arg-type]
        put_code(account)
        yield account


def test_the_template_is_lint_clean_and_fits_an_upload() -> None:
    # cfn-lint takes a second to import, and each process of the tests would.
    from cfnlint.api import ManualArgs, lint

    text = TEMPLATE.read_text(encoding="utf-8")
    regions = ["us-east-1", "eu-central-1", "ap-southeast-2"]
    assert [str(match) for match in lint(text, config=ManualArgs(regions=regions))] == []
    # TemplateBody of CreateStack: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    assert len(text.encode()) <= 51_200


def test_what_docs_has_as_json_is_what_the_template_makes() -> None:
    """`python -m tests.account.template` writes these files."""
    for path, text in documents().items():
        assert path.read_text(encoding="utf-8") == text, path


def test_a_drop_reaches_the_yearly_report_and_check_is_all_ok(deployed: Deployed) -> None:
    lake, template = deployed
    lake.drop({"AAPL.csv": AAPL})
    assert [(row["symbol"], row["year"], row["trading_days"]) for row in lake.yearly()] == [("AAPL", "2016", "2")]
    # Both functions try a load in the new bucket of test_policies.py.
    is_new = "AWS::S3::Bucket" in template.types.values()
    for function in FUNCTIONS:
        with one_odd_key():
            answer = lake.account.invoke(function, {"action": "check", "trial": function == RAW and not is_new})
        assert [line for line in answer["checks"] if not line["ok"]] == []
    lake.remove("AAPL.csv")
    assert lake.yearly() == [] and lake.load_of("AAPL.csv")["status"] == "removed"


def test_what_the_schedules_send_drains_the_inbox(new: LocalAccount) -> None:
    deploy(new)
    lake, scheduler = Lake(new), new.client("scheduler")
    new.client("s3").put_object(Bucket=BUCKET, Key="pipeline/inbox/raw/raw/stocks/AAPL.csv/1", Body=b"raw/stocks/AAPL.csv")
    for name, function in (("stocks_raw_sweep", RAW), ("stocks_report_sweep", REPORTS)):
        target = scheduler.get_schedule(Name=name)["Target"]
        assert target["Arn"].endswith(f":function:{function}")
        new.runtime.send(target["Arn"], json.loads(target["Input"]))
        lake.settle()
    assert lake.keys("pipeline/inbox/") == [] and lake.load_of("AAPL.csv")["status"] == "removed"
    assert {line["function"] for line in lake.logged("metrics") if "InboxAge" in line} == set(FUNCTIONS)


# Each resource for itself: what the account has of it, by type, as far as the template says something of it.


def of_role(account: LocalAccount, properties: dict[str, Any]) -> None:
    iam, name = account.client("iam"), properties["RoleName"]
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == properties["AssumeRolePolicyDocument"]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["lake"]


def of_function(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("lambda").get_function(FunctionName=properties["FunctionName"])["Configuration"]
    for name in (
        "Runtime",
        "Handler",
        "Timeout",
        "MemorySize",
        "Role",
        "Environment",
        "Description",
        "Architectures",
        "LoggingConfig",
    ):
        assert found[name] == properties[name], name
    assert (found["Runtime"], found["Timeout"], found["MemorySize"]) == ("python3.14", 900, 512)


def of_permission(account: LocalAccount, properties: dict[str, Any]) -> None:
    policy = json.loads(account.client("lambda").get_policy(FunctionName=properties["FunctionName"])["Policy"])
    assert properties["Principal"] in str(policy["Statement"]) and properties["SourceArn"] in str(policy["Statement"])
    # A bucket's ARN names no account: whoever has the name after it was deleted could call the function.
    assert properties["SourceArn"].startswith("arn:aws:events:") or properties["SourceAccount"] == "123456789012"


def of_retries(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("lambda").get_function_event_invoke_config(FunctionName=properties["FunctionName"])
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (2, 21_600)
    assert found["DestinationConfig"]["OnFailure"]["Destination"].endswith(":stocks_dead_letters")


def of_queue(account: LocalAccount, properties: dict[str, Any]) -> None:
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=properties["QueueName"])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600" == str(14 * 24 * 3_600)


def of_queue_policy(account: LocalAccount, properties: dict[str, Any]) -> None:
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName="stocks_dead_letters")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(attributes["Policy"]) == properties["PolicyDocument"]
    (statement,) = properties["PolicyDocument"]["Statement"]
    assert [arn.rpartition("/")[2] for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"]] == list(DETAIL_TYPES)


def of_log_group(account: LocalAccount, properties: dict[str, Any]) -> None:
    (group,) = account.client("logs").describe_log_groups(logGroupNamePrefix=properties["LogGroupName"])["logGroups"]
    assert group["retentionInDays"] == 30


def of_bucket(account: LocalAccount, properties: dict[str, Any]) -> None:
    s3, name = account.client("s3"), properties["BucketName"]
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert {each for each, rule in rules.items() if "Expiration" in rule} == {"athena-results"}
    assert rules["athena-results"]["Filter"]["Prefix"] == "pipeline/athena-results/"
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    triggers = s3.get_bucket_notification_configuration(Bucket=name)["LambdaFunctionConfigurations"]
    assert {
        (each["LambdaFunctionArn"].split(":")[-1], *each["Events"], each["Filter"]["Key"]["FilterRules"][0]["Value"])
        for each in triggers
    } == {
        (RAW, "s3:ObjectCreated:*", "raw/"),
        (RAW, "s3:ObjectRemoved:*", "raw/"),
        (REPORTS, "s3:ObjectCreated:*", "processed/stocks/_symlink_format_manifest/"),
    }


def of_bucket_policy(account: LocalAccount, properties: dict[str, Any]) -> None:
    policy = json.loads(account.client("s3").get_bucket_policy(Bucket=properties["Bucket"])["Policy"])
    assert policy == properties["PolicyDocument"]


DETAIL_TYPES = {
    "stocks_raw_files": ["Object Created", "Object Deleted"],
    "stocks_processed_partitions": ["Object Created"],
}
"""What each rule of EventBridge tells its function of."""


def of_rule(account: LocalAccount, properties: dict[str, Any]) -> None:
    events = account.client("events")
    assert json.loads(events.describe_rule(Name=properties["Name"])["EventPattern"]) == properties["EventPattern"]
    assert properties["EventPattern"]["detail-type"] == DETAIL_TYPES[properties["Name"]]
    assert events.list_targets_by_rule(Rule=properties["Name"])["Targets"] == properties["Targets"]


def of_database(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("glue").get_database(Name=properties["DatabaseInput"]["Name"])["Database"]
    assert (found["Name"], found["Description"]) == (DATABASE, properties["DatabaseInput"]["Description"])


def of_classifier(account: LocalAccount, properties: dict[str, Any]) -> None:
    wanted = properties["CsvClassifier"]
    found = account.client("glue").get_classifier(Name=wanted["Name"])["Classifier"]["CsvClassifier"]
    assert {name: found[name] for name in wanted} == wanted


def of_crawler(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("glue").get_crawler(Name=properties["Name"])["Crawler"]
    for name in ("DatabaseName", "TablePrefix", "Classifiers", "SchemaChangePolicy", "RecrawlPolicy"):
        assert found[name] == properties[name], name
    assert [target["Path"] for target in found["Targets"]["S3Targets"]] == [f"s3://{BUCKET}/raw/"]
    configuration = json.loads(found["Configuration"])
    assert configuration["Grouping"] == {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 2}
    assert configuration["CrawlerOutput"]["Tables"] == {"TableThreshold": 2}


def of_workgroup(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("athena").get_work_group(WorkGroup=properties["Name"])["WorkGroup"]
    wanted = properties["WorkGroupConfiguration"]
    assert found["State"] == "ENABLED" and found["Configuration"]["EnforceWorkGroupConfiguration"] is False
    for name in ("ResultConfiguration", "BytesScannedCutoffPerQuery", "PublishCloudWatchMetricsEnabled"):
        assert found["Configuration"][name] == wanted[name], name


def of_schedule(account: LocalAccount, properties: dict[str, Any]) -> None:
    found = account.client("scheduler").get_schedule(Name=properties["Name"])
    assert (found["ScheduleExpression"], found["State"], found["FlexibleTimeWindow"]) == (
        "rate(15 minutes)",
        "ENABLED",
        {"Mode": "OFF"},
    )
    assert found["Target"] == properties["Target"] and found["Target"]["RoleArn"].endswith(":role/stocks_scheduler")


def of_topic(account: LocalAccount, properties: dict[str, Any]) -> None:
    (found,) = account.client("sns").list_subscriptions()["Subscriptions"]
    assert found["TopicArn"].endswith(f":{properties['TopicName']}") and found["Endpoint"] == "prices@example.com"


def of_alarm(account: LocalAccount, properties: dict[str, Any]) -> None:
    (found,) = account.client("cloudwatch").describe_alarms(AlarmNames=[properties["AlarmName"]])["MetricAlarms"]
    for name in ("Threshold", "ComparisonOperator", "EvaluationPeriods", "TreatMissingData", "AlarmDescription"):
        assert found[name] == properties[name], name
    assert found["AlarmActions"][0].endswith(":stocks_alarms")


def of_dashboard(account: LocalAccount, properties: dict[str, Any]) -> None:
    body = account.client("cloudwatch").get_dashboard(DashboardName=properties["DashboardName"])["DashboardBody"]
    assert json.loads(body) == json.loads(properties["DashboardBody"])


LOOKED_AT = {
    "AWS::IAM::Role": of_role,
    "AWS::Lambda::Function": of_function,
    "AWS::Lambda::Permission": of_permission,
    "AWS::Lambda::EventInvokeConfig": of_retries,
    "AWS::SQS::Queue": of_queue,
    "AWS::SQS::QueuePolicy": of_queue_policy,
    "AWS::Logs::LogGroup": of_log_group,
    "AWS::S3::Bucket": of_bucket,
    "AWS::S3::BucketPolicy": of_bucket_policy,
    "AWS::Events::Rule": of_rule,
    "AWS::Glue::Database": of_database,
    "AWS::Glue::Classifier": of_classifier,
    "AWS::Glue::Crawler": of_crawler,
    "AWS::Athena::WorkGroup": of_workgroup,
    "AWS::Scheduler::Schedule": of_schedule,
    "AWS::SNS::Topic": of_topic,
    "AWS::CloudWatch::Alarm": of_alarm,
    "AWS::CloudWatch::Dashboard": of_dashboard,
}


def test_each_resource_is_as_the_template_says(deployed: Deployed) -> None:
    lake, template = deployed
    for name, kind in template.types.items():
        LOOKED_AT[kind](lake.account, template.resources[name])


def test_a_key_of_ones_own_encrypts_the_bucket_and_is_granted_to_those_who_read_and_write_it(new: LocalAccount) -> None:
    template = deploy(new, KeyArn=KEY)
    rule = new.client("s3").get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert rule["BucketKeyEnabled"]
    granted = {
        role: statement["Action"]
        for policy in template.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for role in policy["Roles"]
        if statement["Resource"] == KEY
    }
    both = ["kms:Decrypt", "kms:GenerateDataKey"]
    assert granted == {RAW: both, REPORTS: both, "stocks_crawler": "kms:Decrypt"}
    iam = new.client("iam")
    assert all("lake-key" in iam.list_role_policies(RoleName=role)["PolicyNames"] for role in granted)


def test_an_update_changes_what_it_says_and_keeps_the_data(new: LocalAccount) -> None:
    lake = Lake(new)
    deploy(new)
    lake.drop({"AAPL.csv": AAPL})
    before = lake.processed(), lake.yearly(), lake.loads()
    template = deploy(new, update=True, DateOrder="month-first", DefaultSymbol="IBM", LogRetentionDays="90")
    variables = new.client("lambda").get_function(FunctionName=RAW)["Configuration"]["Environment"]["Variables"]
    assert (variables["LAKE_DATE_ORDER"], variables["LAKE_DEFAULT_SYMBOL"]) == ("month-first", "IBM")
    assert template.resources["RawToProcessed"]["Environment"]["Variables"] == variables
    assert (lake.processed(), lake.yearly(), lake.loads()) == before
    lake.drop({"2017.csv": csv("02/01/2017,99,101,98,100,100,1000")})
    assert lake.prices("symbol = 'IBM'") == [("IBM", "2017-02-01", "100.0")]


def test_deletion_takes_everything_but_the_bucket_with_its_prices(deployed: Deployed) -> None:
    lake, template = deployed
    # moto leaves a bucket that is not empty, whatever its policy.
    assert template.body["Resources"]["Bucket"]["DeletionPolicy"] == "Retain"
    account, glue = lake.account, lake.account.client("glue")
    account.runtime.held_back = []  # what a load leaves is put here by hand
    for key in ("raw/stocks/AAPL.csv", "processed/stocks/year=2016/month=01/file.parquet"):
        account.drop(key, AAPL)
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "stocks_processed"})
    account.client("cloudformation").delete_stack(StackName=STACK)
    assert "raw/stocks/AAPL.csv" in lake.keys("raw/") and lake.keys("processed/")
    left = {
        "functions": account.client("lambda").list_functions()["Functions"],
        "roles": account.client("iam").list_roles()["Roles"],
        "crawlers": glue.get_crawlers()["Crawlers"],
        "classifiers": glue.get_classifiers()["Classifiers"],
        "databases": glue.get_databases()["DatabaseList"],
        "schedules": account.client("scheduler").list_schedules()["Schedules"],
        "alarms": account.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": account.client("cloudwatch").list_dashboards()["DashboardEntries"],
        "queues": account.client("sqs").list_queues().get("QueueUrls", []),
        "rules": account.client("events").list_rules()["Rules"],
        "log groups": [
            group for group in account.client("logs").describe_log_groups()["logGroups"] if "lambda" in group["logGroupName"]
        ],
        "workgroups": [
            each["Name"] for each in account.client("athena").list_work_groups()["WorkGroups"] if each["Name"] != "primary"
        ],
    }
    assert {what: found for what, found in left.items() if found} == {}


def test_a_type_that_the_account_does_not_have_fails_its_stack() -> None:
    with LocalAccount(None) as account:
        body = json.dumps({"Resources": {"X": {"Type": "AWS::Lake::Monster", "Properties": {}}}})
        with pytest.raises(Exception, match="AWS::Lake::Monster"):
            account.client("cloudformation").create_stack(StackName=STACK, TemplateBody=body)


# The dashboard and the alarms show what is emitted.

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    "AWS/Lambda": {"Errors", "Throttles", "DestinationDeliveryFailures"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}
DIMENSIONS = {"AWS/Lambda": "FunctionName", "AWS/SQS": "QueueName", metrics.NAMESPACE: metrics.DIMENSION}
NAMES = {"AWS/Lambda": {RAW, REPORTS}, "AWS/SQS": {"stocks_dead_letters"}, metrics.NAMESPACE: {RAW, REPORTS}}
EMITTED = {**OF_AWS, metrics.NAMESPACE: set(metrics.UNITS)}


def assert_emitted(namespace: str, name: str, dimension: str, value: str) -> None:
    assert name in EMITTED[namespace] and dimension == DIMENSIONS[namespace] and value in NAMES[namespace]


def test_the_dashboard_shows_every_metric_on_a_grid_without_overlaps() -> None:
    widgets = json.loads(resolved().resources["Dashboard"]["DashboardBody"])["widgets"]
    places = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(places) == len(set(places)) and max(x for x, _ in places) < 24
    shown = [metric for each in widgets for metric in each["properties"].get("metrics", ())]
    for namespace, name, dimension, value, *_ in shown:
        assert_emitted(namespace, name, dimension, value)
    assert {name for namespace, name, *_ in shown if namespace == metrics.NAMESPACE} == set(metrics.UNITS)


def test_alarms_watch_one_metric_each_that_is_emitted_and_silence_of_the_schedules_alarms() -> None:
    alarms = {each["AlarmName"]: each for each in resolved().of_type("AWS::CloudWatch::Alarm").values()}
    for alarm in alarms.values():
        ((dimension,)) = [(each["Name"], each["Value"]) for each in alarm["Dimensions"]]
        assert_emitted(alarm["Namespace"], alarm["MetricName"], *dimension)
    silence = {name for name, each in alarms.items() if each["TreatMissingData"] != "notBreaching"}
    assert silence == {"stocks_raw_inbox_age", "stocks_report_inbox_age"}
    assert len(alarms) <= 10  # so many are free: https://aws.amazon.com/cloudwatch/pricing/
