"""The console's pages name the same settings and the same values as the template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.account.template import Template
from tests.docs.tables import REPOSITORY

DOCS = REPOSITORY / "docs"
TEMPLATE = Template().resources

FUNCTIONS = ("RawToProcessed", "ProcessedToReporting")


def rows(page: Path) -> Iterator[list[str]]:
    """Each row of a page's tables, as its cells' texts without marks."""
    row: list[str] = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and token.map:
            row.append("".join(child.content for child in token.children or ()))
        elif token.type == "tr_close":
            yield row


def of_both(*path: str) -> list[str]:
    """A value of both functions' resources, as text: of_both("", "Runtime"), of_both("Retries", "MaximumRetryAttempts")."""
    suffix, *names = path
    found = []
    for name in FUNCTIONS:
        value = TEMPLATE[name + suffix]
        for each in names:
            value = value[each]
        found.append(str(value))
    return found


def triggers(bucket: dict[str, object]) -> list[tuple[str, str, str]]:
    """(function, event, prefix) of each trigger."""
    configuration = bucket["NotificationConfiguration"]
    assert isinstance(configuration, dict)
    return [
        (each["Function"].rpartition(":")[2], each["Event"], each["Filter"]["S3Key"]["Rules"][0]["Value"])
        for each in configuration["LambdaConfigurations"]
    ]


CRAWLER = TEMPLATE["Crawler"]
GROUPING = json.loads(CRAWLER["Configuration"])
WORKGROUP = TEMPLATE["WorkGroup"]["WorkGroupConfiguration"]
CLASSIFIER = TEMPLATE["Classifier"]["CsvClassifier"]
BUCKET = TEMPLATE["Bucket"]
PERIODS = {1209600: "14 days", 21600: "6 h", 900: "15 min 0 sec", 1 << 40: "1 TB"}

# A page, how a row of it begins, and the cells that have to follow.
SETTINGS: list[tuple[str, str, list[str]]] = [
    ("bucket_setup", "Bucket name", [BUCKET["BucketName"]]),
    ("bucket_setup", "Block all public access", ["on" if all(BUCKET["PublicAccessBlockConfiguration"].values()) else "off"]),
    ("bucket_setup", "Object Ownership",
     [{"BucketOwnerEnforced": "ACLs disabled"}[BUCKET["OwnershipControls"]["Rules"][0]["ObjectOwnership"]]]),
    ("bucket_setup", "Bucket Versioning", ["Enable" if "VersioningConfiguration" in BUCKET else "Disable"]),
    ("bucket_setup", "Encryption type", [{"AES256": "Server-side encryption with Amazon S3 managed keys (SSE-S3)"}[
        BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"]]]),
    ("bucket_setup", "athena-results", [BUCKET["LifecycleConfiguration"]["Rules"][0]["Prefix"],
     f"Expire current versions of objects: {BUCKET['LifecycleConfiguration']['Rules'][0]['ExpirationInDays']} days"]),
    ("bucket_setup", "unfinished-uploads", ["none: apply to all objects", "Delete incomplete multipart uploads: "
     f"{BUCKET['LifecycleConfiguration']['Rules'][1]['AbortIncompleteMultipartUpload']['DaysAfterInitiation']} days"]),
    ("athena_setup", "Workgroup name", [TEMPLATE["WorkGroup"]["Name"]]),
    ("athena_setup", "Update query engine", [f"Manual, {WORKGROUP['EngineVersion']['SelectedEngineVersion']}"]),
    ("athena_setup", "Location of query result", [WORKGROUP["ResultConfiguration"]["OutputLocation"]]),
    ("athena_setup", "Override client-side settings", ["on" if WORKGROUP["EnforceWorkGroupConfiguration"] else "off"]),
    ("athena_setup", "Publish query metrics to AWS CloudWatch",
     ["on" if WORKGROUP["PublishCloudWatchMetricsEnabled"] else "off"]),
    ("athena_setup", "Data usage control: per query limit", [PERIODS[WORKGROUP["BytesScannedCutoffPerQuery"]]]),
    ("athena_setup", "Requester pays buckets", ["on" if WORKGROUP["RequesterPaysEnabled"] else "off"]),
    ("crawler_setup", "Name", [TEMPLATE["Database"]["DatabaseInput"]["Name"]]),
    ("crawler_setup", "Classifier name", [CLASSIFIER["Name"]]),
    ("crawler_setup", "Column delimiter", [CLASSIFIER["Delimiter"]]),
    ("crawler_setup", "Quote symbol", [CLASSIFIER["QuoteSymbol"]]),
    ("crawler_setup", "Column headings", [{"PRESENT": "Has headings"}[CLASSIFIER["ContainsHeader"]]]),
    ("crawler_setup", "Processing options",
     [f"allow files with a single column: {'on' if CLASSIFIER['AllowSingleColumn'] else 'off'}; "
      f"trim whitespace: {'off' if CLASSIFIER['DisableValueTrimming'] else 'on'}"]),
    ("crawler_setup", "1 Set crawler properties", ["Name", CRAWLER["Name"]]),
    ("crawler_setup", "", ["Add a data source: S3 path", CRAWLER["Targets"]["S3Targets"][0]["Path"]]),
    ("crawler_setup", "", ["Subsequent crawler runs",
     {"CRAWL_EVERYTHING": "Crawl all sub-folders"}[CRAWLER["RecrawlPolicy"]["RecrawlBehavior"]]]),
    ("crawler_setup", "", ["Custom classifiers", CRAWLER["Classifiers"][0]]),
    ("crawler_setup", "3 Configure security settings", ["Existing IAM role", CRAWLER["Role"].rpartition("/")[2]]),
    ("crawler_setup", "4 Set output and scheduling", ["Target database", CRAWLER["DatabaseName"]]),
    ("crawler_setup", "", ["Table name prefix", CRAWLER["TablePrefix"]]),
    ("crawler_setup", "", ["Maximum table threshold", str(GROUPING["CrawlerOutput"]["Tables"]["TableThreshold"])]),
    ("crawler_setup", "", ["Advanced: Create a single schema for each S3 path",
     {"CombineCompatibleSchemas": "on"}[GROUPING["Grouping"]["TableGroupingPolicy"]]]),
    ("crawler_setup", "", ["Advanced: Table level", str(GROUPING["Grouping"]["TableLevelConfiguration"])]),
    ("crawler_setup", "", ["Advanced: When the crawler detects schema changes in the data store",
     {"UPDATE_IN_DATABASE": "Update the table definition"}[CRAWLER["SchemaChangePolicy"]["UpdateBehavior"]]]),
    ("crawler_setup", "", ["Advanced: How should AWS Glue handle deleted objects",
     {"LOG": "Ignore the change and don't update the table (log)"}[CRAWLER["SchemaChangePolicy"]["DeleteBehavior"]]]),
    ("crawler_setup", "", ["Advanced: Update all new and existing partitions with metadata from the table",
     {"InheritFromTable": "on"}[GROUPING["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"]]]),
    ("lambda_setup", "Name", [TEMPLATE["DeadLetters"]["QueueName"]]),
    ("lambda_setup", "Type", ["FIFO" if "FifoQueue" in TEMPLATE["DeadLetters"] else "Standard"]),
    ("lambda_setup", "Encryption", [{True: "Amazon SQS key (SSE-SQS)"}[TEMPLATE["DeadLetters"]["SqsManagedSseEnabled"]]]),
    ("lambda_setup", "Message retention period", [PERIODS[TEMPLATE["DeadLetters"]["MessageRetentionPeriod"]]]),
    ("lambda_setup", "Function name", of_both("", "FunctionName")),
    ("lambda_setup", "Runtime", [f"Python {runtime.removeprefix('python')}" for runtime in of_both("", "Runtime")]),
    ("lambda_setup", "Architecture", [TEMPLATE[name]["Architectures"][0] for name in FUNCTIONS]),
    ("lambda_setup", "Change default execution role: Use an existing role",
     [arn.rpartition("/")[2] for arn in of_both("", "Role")]),
    ("lambda_setup", "Code → Runtime settings → Edit", ["Handler", *of_both("", "Handler")]),
    ("lambda_setup", "Configuration → General configuration → Edit",
     ["Memory", *[f"{size} MB" for size in of_both("", "MemorySize")]]),
    ("lambda_setup", "", ["Timeout", *[PERIODS[int(seconds)] for seconds in of_both("", "Timeout")]]),
    ("lambda_setup", "Configuration → Environment variables → Edit",
     ["LAKE_BUCKET", *of_both("", "Environment", "Variables", "LAKE_BUCKET")]),
    ("lambda_setup", "", ["LAKE_WORKGROUP", *of_both("", "Environment", "Variables", "LAKE_WORKGROUP")]),
    ("lambda_setup", "Configuration → Asynchronous invocation → Edit",
     ["Maximum age of event", *[PERIODS[int(seconds)] for seconds in of_both("Retries", "MaximumEventAgeInSeconds")]]),
    ("lambda_setup", "", ["Retry attempts", *of_both("Retries", "MaximumRetryAttempts")]),
    ("lambda_setup", "Add destination (Asynchronous invocation, On failure)",
     ["SQS queue", *[arn.rpartition(":")[2] for arn in of_both("Retries", "DestinationConfig", "OnFailure", "Destination")]]),
    ("lambda_setup", "Configuration → Monitoring and operations tools → Logging configuration",
     ["Log format", *of_both("", "LoggingConfig", "LogFormat")]),
    ("lambda_setup", "Log group name", of_both("Logs", "LogGroupName")),
    ("lambda_setup", "Retention setting", [f"{days} days" for days in of_both("Logs", "RetentionInDays")]),
    ("lambda_setup", "Schedule name", of_both("Sweep", "Name")),
    ("lambda_setup", "Occurrence",
     [{"rate(15 minutes)": "Recurring, rate-based: 15 minutes"}[each] for each in of_both("Sweep", "ScheduleExpression")]),
    ("lambda_setup", "Flexible time window", [mode.title() for mode in of_both("Sweep", "FlexibleTimeWindow", "Mode")]),
    ("lambda_setup", "Target",
     [f"AWS Lambda: Invoke, {arn.rpartition(':')[2]}" for arn in of_both("Sweep", "Target", "Arn")]),
    ("lambda_setup", "Retry policy",
     ["off" if times == "0" else times for times in of_both("Sweep", "Target", "RetryPolicy", "MaximumRetryAttempts")]),
    ("lambda_setup", "Configuration → Concurrency",
     ["Reserve concurrency",
      "off: use unreserved account concurrency" if "ReservedConcurrentExecutions" not in TEMPLATE[FUNCTIONS[0]] else "on"]),
    ("lambda_setup", "Configuration → Concurrency and recursion detection",
     ["Recursive loop detection", f"{TEMPLATE[FUNCTIONS[0]].get('RecursiveLoop', 'Terminate')} (the default)"]),
    ("lambda_setup", "Payload", of_both("Sweep", "Target", "Input")),
    ("lambda_setup", "Execution role: Use existing role",
     [arn.rpartition("/")[2] for arn in of_both("Sweep", "Target", "RoleArn")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "label", "values"), SETTINGS, ids=[f"{page}-{label or cells[0]}" for page, label, cells in SETTINGS]
)
def test_the_page_has_the_template_s_value(page: str, label: str, values: list[str]) -> None:
    wanted = [label, *values]
    assert wanted in [row[: len(wanted)] for row in rows(DOCS / f"{page}.md")]


def test_the_triggers_of_the_page_are_those_of_the_template() -> None:
    names = [TEMPLATE[name]["FunctionName"] for name in FUNCTIONS]
    found = {row[0]: row[1:] for row in rows(DOCS / "lambda_setup.md")}
    events = {"All object create events": "s3:ObjectCreated:*", "All object delete events": "s3:ObjectRemoved:*"}
    of_page = [
        (function, events[event], prefix)
        for function, event, prefix in zip((names[0], names[0], names[1]), found["Event types"], found["Prefix"], strict=True)
    ]
    assert of_page == triggers(BUCKET)


def test_the_roles_of_the_page_are_those_of_the_template() -> None:
    """And of one more, for Quick Sight, which the template does not make."""
    services = {"lambda": "Lambda", "glue": "Glue", "scheduler": "EventBridge Scheduler"}
    wanted = {}
    for role in Template().of_type("AWS::IAM::Role").values():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        wanted[role["RoleName"]] = [services[trust["Principal"]["Service"].partition(".")[0]], f"{role['RoleName']}.json"]
    found = {row[0]: row[1:3] for row in rows(DOCS / "role_setup.md") if row[2:] and row[2].endswith(".json")}
    assert {name: found.get(name) for name in wanted} == wanted and len(found) == len(wanted) + 1


def test_the_trust_policy_to_paste_is_that_of_the_template() -> None:
    tokens = MarkdownIt("commonmark").parse((DOCS / "role_setup.md").read_text(encoding="utf-8"))
    (pasted,) = [json.loads(token.content) for token in tokens if token.info == "json"]
    assert pasted == TEMPLATE["SchedulerRole"]["AssumeRolePolicyDocument"]


def test_the_parameters_of_the_page_are_those_of_the_template_with_their_defaults() -> None:
    parameters = Template().body["Parameters"]
    found = {row[0]: row[1] for row in rows(DOCS / "template_setup.md")}
    assert set(parameters) == set(found) - {"parameter"}
    for name, given in parameters.items():
        if default := given.get("Default"):
            assert str(default) in found[name], name


def test_what_the_template_does_otherwise_is_said_on_its_page() -> None:
    page = (DOCS / "template_setup.md").read_text(encoding="utf-8")
    for difference in ("classifier", "TLS", "folders"):
        assert difference in page
