"""Setting the lake up by the API calls that a person makes in the console."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

BUCKET = "hyn-stocks-datalakehouse"
DATABASE = "hyn_stocks_db"
CRAWLER = "stocks_raw_crawler"
CLASSIFIER = "stocks_csv_classifier"
ROLE = "hyn-stocks-lakehouse-role"
RAW_TO_PROCESSED = "stocks_raw_to_processed"
PROCESSED_TO_REPORTING = "stocks_processed_to_reporting"

Trigger = tuple[str, str, list[str]]
"""A function's name, the prefix of the keys, the types of events."""

TRIGGERS: tuple[Trigger, ...] = (
    (RAW_TO_PROCESSED, "raw/", ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
    # Manifests alone: data files wake nobody.
    (PROCESSED_TO_REPORTING, "processed/stocks/_symlink_format_manifest/", ["s3:ObjectCreated:*"]),
)
"""What wakes each function."""

REPOSITORY = Path(__file__).resolve().parents[2]

Client = Callable[[str], Any]


def create_lake(
    client: Client,
    bucket: str = BUCKET,
    database: str = DATABASE,
    timeout_seconds: int = 900,
    triggers: Iterable[Trigger] = TRIGGERS,
) -> None:
    """Create bucket, role, database, classifier, crawler, both functions and their triggers. The functions make the tables."""
    client("s3").create_bucket(Bucket=bucket)
    role = create_role(client)
    client("glue").create_database(DatabaseInput={"Name": database})
    create_crawler(client, role, bucket, database)
    package = zipped(REPOSITORY, ("lambda_scripts", "sql"))
    for name, module in (
        (RAW_TO_PROCESSED, "lambda_raw_to_processed"),
        (PROCESSED_TO_REPORTING, "lambda_processed_to_reporting"),
    ):
        handler = f"lambda_scripts.{module}.lambda_handler"
        create_function(client, name, handler, package, role, timeout_seconds=timeout_seconds)
        allow_s3(client, name, bucket)
    put_triggers(client, bucket, triggers)


def create_role(client: Client, name: str = ROLE) -> str:
    """Create a role that Lambda and Glue may assume; returns its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "glue.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(role["Role"]["Arn"])


def create_crawler(client: Client, role: str, bucket: str, database: str) -> None:
    """Create the raw crawler with its CSV classifier: one table for raw/, every column a string."""
    glue = client("glue")
    glue.create_classifier(
        CsvClassifier={
            "Name": CLASSIFIER,
            "Delimiter": ",",
            "QuoteSymbol": '"',
            "ContainsHeader": "PRESENT",
            "Serde": "OpenCSVSerDe",
        }
    )
    glue.create_crawler(
        Name=CRAWLER,
        Role=role,
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": f"s3://{bucket}/raw/"}]},
        TablePrefix="stocks_",
        Classifiers=[CLASSIFIER],
        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
        Configuration=json.dumps(
            {
                "Version": 1.0,
                "CreatePartitionIndex": False,
                # One table, whatever the headers: the bucket is level 1, raw/ level 2.
                "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 2},
                "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}, "Tables": {"TableThreshold": 2}},
            }
        ),
    )


def create_function(client: Client, name: str, handler: str, package: bytes, role: str, timeout_seconds: int = 900) -> str:
    """Create a Lambda function from a zip; returns its ARN."""
    function = client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler=handler,
        Code={"ZipFile": package},
        Timeout=timeout_seconds,
        MemorySize=512,
    )
    return str(function["FunctionArn"])


def allow_s3(client: Client, function: str, bucket: str) -> None:
    """Let the bucket invoke the function, as the console does when a trigger is added."""
    client("lambda").add_permission(
        FunctionName=function,
        StatementId=f"s3-{bucket}",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
    )


def put_triggers(client: Client, bucket: str, triggers: Iterable[Trigger]) -> None:
    """Replace the bucket's triggers. S3 sends each function an event to try it."""
    client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "Id": function,
                    "LambdaFunctionArn": client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"],
                    "Events": events,
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                }
                for function, prefix, events in triggers
            ]
        },
    )


@cache
def zipped(root: Path, folders: tuple[str, ...]) -> bytes:
    """The upload: every file of these folders of `root`, bytecode aside, in a zip. Made once a process."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(root).as_posix())
    return package.getvalue()
