"""Which permissions an AWS call needs on which resources: those of the call, and those of what AWS does for it underneath.

The calls are those of https://docs.aws.amazon.com/service-authorization/latest/reference/. What Athena, Glue and Lambda do
underneath stands with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FINE_GRAINED = "https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html"
RESULTS = "https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html"
ATHENA_FULL = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html"
GET_RESULTS = "https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html"
CRAWLER = "https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html"
GLUE_SERVICE = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSGlueServiceRole.html"
LOGS = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html"
FAILURES = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
SCHEDULES = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html"
QUICK_SIGHT = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSQuicksightAthenaAccess.html"
CONDITIONAL = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"


@dataclass(frozen=True)
class Need:
    """An action on a resource. `source` says where it is documented that AWS needs it; empty for a call that was recorded."""

    action: str
    resource: str
    source: str = ""


@dataclass(frozen=True)
class Place:
    """Where a lake is."""

    account: str
    region: str
    bucket: str
    workgroup: str = "stocks_lakehouse"
    database: str = "hyn_stocks_db"
    elsewhere: str = ""
    """The bucket and folder of Athena's results, where that is not pipeline/athena-results/ of the lake's bucket."""

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    @property
    def bucket_arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def results_arn(self) -> str:
        return f"arn:aws:s3:::{self.elsewhere}" if self.elsewhere else self.object("pipeline/athena-results/")

    def object(self, key: str) -> str:
        return f"{self.bucket_arn}/{key}"

    def tables(self, action: str, database: str, *tables: str, source: str = "") -> Iterator[Need]:
        """A table's action is asked of the catalogue, the database and the table."""
        names = ["catalog", f"database/{database}", *(f"table/{database}/{table}" for table in tables)]
        return (Need(action, self.arn("glue", name), source) for name in names)


DOCS = Place("111122223333", "us-east-1", "hyn-stocks-datalakehouse")
"""The account, Region and bucket that docs/ writes of, where the reader has his own."""


def of_call(operation: str, given: Mapping[str, Any], place: Place) -> list[Need]:
    """What a call needs by itself. NotImplementedError for an operation that no call of the lake has made before."""
    service, name = operation.split(":")
    return list(_OF_SERVICE[service](name, given, place))


def _s3(name: str, given: Mapping[str, Any], place: Place) -> Iterator[Need]:
    bucket = f"arn:aws:s3:::{given['Bucket']}"
    thing = f"{bucket}/{given['Key']}" if "Key" in given else bucket
    match name:
        case "GetObject" | "HeadObject":
            yield Need("s3:GetObject", thing)
            yield Need("s3:ListBucket", bucket)  # without it S3 answers 403 for a key that is not there, not 404
        case "PutObject":
            yield Need("s3:PutObject", thing)
            if "IfMatch" in given:
                yield Need("s3:GetObject", thing, CONDITIONAL)
        case "CopyObject":
            source = given["CopySource"]
            yield Need("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}")
            yield Need("s3:PutObject", thing)
        case "DeleteObjects":
            for each in given["Delete"]["Objects"]:
                yield Need("s3:DeleteObject", f"{bucket}/{each['Key']}")
        case "ListObjectsV2":
            yield Need("s3:ListBucket", bucket)
        case "GetBucketNotificationConfiguration":
            yield Need("s3:GetBucketNotification", bucket)
        case "GetBucketRequestPayment":
            yield Need("s3:GetBucketRequestPayment", bucket)
        case _:
            raise NotImplementedError(name)


def _athena(name: str, given: Mapping[str, Any], place: Place) -> Iterator[Need]:
    workgroup = given.get("WorkGroup", "primary" if name == "StartQueryExecution" else place.workgroup)
    yield Need(f"athena:{name}", place.arn("athena", f"workgroup/{workgroup}"))
    if name == "GetQueryResults":
        yield Need("s3:GetObject", f"{place.results_arn}id.csv", GET_RESULTS)
    if name == "StartQueryExecution":
        yield from of_statement(given["QueryString"], given["QueryExecutionContext"]["Database"], place)


def _glue(name: str, given: Mapping[str, Any], place: Place) -> Iterator[Need]:
    if name.endswith("Crawler"):
        yield Need(f"glue:{name}", place.arn("glue", f"crawler/{given['Name']}"))
    elif name in ("GetDatabase", "CreateDatabase", "DeleteDatabase"):
        database = given["Name"] if "Name" in given else given["DatabaseInput"]["Name"]
        yield from place.tables(f"glue:{name}", database)
        if name == "DeleteDatabase":  # of everything in it
            for kind in ("table", "userDefinedFunction"):
                yield Need("glue:DeleteDatabase", place.arn("glue", f"{kind}/{database}/any"))
    elif name == "BatchDeleteTable":
        yield from place.tables("glue:BatchDeleteTable", given["DatabaseName"], *given["TablesToDelete"])
    else:
        table = given.get("TableName") or given.get("Name") or "any"
        yield from place.tables(f"glue:{name}", given["DatabaseName"], table)


def _lambda(name: str, given: Mapping[str, Any], place: Place) -> Iterator[Need]:
    yield Need("lambda:InvokeFunction" if name == "Invoke" else f"lambda:{name}", given["FunctionName"])


def _quicksight(name: str, given: Mapping[str, Any], place: Place) -> Iterator[Need]:
    data_set = f"dataset/{given['DataSetId']}"
    ingestion = f"/ingestion/{given['IngestionId']}" if name == "CreateIngestion" else ""
    yield Need(f"quicksight:{name}", place.arn("quicksight", data_set + ingestion))


_OF_SERVICE = {"s3": _s3, "athena": _athena, "glue": _glue, "lambda": _lambda, "quicksight": _quicksight}


# Athena, in the name of who started the statement

# Where the rows of a table lie: prefixes below the lake's root. The lines of a batch lie in the raw files themselves.
_LIES_IN = {
    "stocks_processed": ["processed/stocks/_symlink_format_manifest/m", "processed/stocks/file"],
    "monthly_stock_reporting": ["reporting/monthly/_symlink_format_manifest/m", "reporting/monthly/file"],
    "yearly_stock_reporting": ["reporting/yearly/_symlink_format_manifest/m", "reporting/yearly/file"],
    "stocks_rejected": ["rejected/stocks/file"],
    "stocks_loads": ["pipeline/loads/file"],
    "stocks_load_history": ["pipeline/loads/file"],
    "stocks_daily": ["processed/stocks/_symlink_format_manifest/m", "processed/stocks/file"],
    "stocks_staging_lines": ["pipeline/staging/manifest", "raw/stocks/file"],
    "stocks_staging_sources": ["pipeline/staging/file"],
}


def of_statement(text: str, database: str, place: Place) -> Iterator[Need]:
    """What Athena does underneath for a statement: the catalogue that it reads and writes, and the objects."""
    for bucket in {place.bucket_arn, place.results_arn.partition("/")[0]}:
        yield Need("s3:GetBucketLocation", bucket, RESULTS)
        yield Need("s3:ListBucket", bucket, RESULTS)
        yield Need("s3:ListBucketMultipartUploads", bucket, RESULTS)
    yield from _writes(f"{place.results_arn}id.csv", RESULTS)
    for name in ("catalog", "database/default"):
        yield Need("glue:GetDatabase", place.arn("glue", name), FINE_GRAINED)
    yield from place.tables("glue:GetDatabase", database, source=FINE_GRAINED)
    created = re.search(
        r"(?i)\bCREATE\s+(OR\s+REPLACE\s+)?(EXTERNAL\s+)?(TABLE|VIEW)\b(?:\s+IF\s+NOT\s+EXISTS)?\s+[`\"]?(\w+)", text
    )
    for table in _tables_read(text, created[4] if created else ""):
        yield from _reads(table, database, place)
    if created:
        yield from place.tables("glue:CreateTable", database, created[4], source=FINE_GRAINED)
        yield from place.tables("glue:GetTable", database, created[4], source=FINE_GRAINED)
        if created[3].upper() == "VIEW":
            yield from place.tables("glue:UpdateTable", database, created[4], source=FINE_GRAINED)  # where it is there already
        elif location := re.search(r"(?i)external_location\s*=\s*'s3://[^/']+/([^']+)'", text):
            yield from _of_created_table(created[4], location[1], database, place)


def _of_created_table(table: str, location: str, database: str, place: Place) -> Iterator[Need]:
    """CREATE TABLE AS. One that fails after its table was made takes the table back."""
    yield from _writes(place.object(f"{location}file"), RESULTS)
    for action in ("BatchCreatePartition", "CreatePartition", "DeleteTable"):
        yield from place.tables(f"glue:{action}", database, table, source=ATHENA_FULL)


def _tables_read(text: str, created: str) -> list[str]:
    names = set(re.findall(r"\w+", text)) - {created}
    return [name for name in names if name in _LIES_IN or name.startswith("tmp_")]


def _reads(table: str, database: str, place: Place) -> Iterator[Need]:
    for action in ("GetTable", "GetPartition", "GetPartitions", "BatchGetPartition"):
        yield from place.tables(f"glue:{action}", database, table, source=FINE_GRAINED)
    of_a_check = database != place.database  # whose small lake lies below pipeline/check/ as a whole
    for key in _LIES_IN.get(table, ["pipeline/staging/file"]):
        yield Need("s3:GetObject", place.object(f"pipeline/check/id/{key}" if of_a_check else key), FINE_GRAINED)


def _writes(arn: str, source: str) -> Iterator[Need]:
    """A file of more than one part, read again where Athena checks what it wrote."""
    for action in ("GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"):
        yield Need(f"s3:{action}", arn, source)


# What no call of the lake's own shows


def of_function(name: str, place: Place) -> Iterator[Need]:
    """Lambda, for the function: its log lines, and the event that it gives up."""
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Need(f"logs:{action}", place.arn("logs", f"log-group:/aws/lambda/{name}:log-stream:s"), LOGS)
    yield Need("sqs:SendMessage", place.arn("sqs", "stocks_dead_letters"), FAILURES)


def of_crawler(place: Place) -> Iterator[Need]:
    """A crawl of raw/ that makes stocks_raw.

    AWS does not list a crawler's calls; its own role may do all of glue:*. Partitions come one by one or in batches.
    """
    for action in ("GetBucketLocation", "ListBucket"):
        yield Need(f"s3:{action}", place.bucket_arn, CRAWLER)
    yield Need("s3:GetObject", place.object("raw/stocks/AAPL.csv"), CRAWLER)
    reading = ("GetDatabase", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition")
    writing = ("CreateTable", "UpdateTable", "CreatePartition", "BatchCreatePartition", "UpdatePartition", "BatchUpdatePartition")
    for action in (*reading, *writing):
        yield from place.tables(f"glue:{action}", place.database, "stocks_raw", source=GLUE_SERVICE)
    for action in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        yield Need(f"logs:{action}", place.arn("logs", "log-group:/aws-glue/crawlers:log-stream:s"), GLUE_SERVICE)


def of_schedules(functions: Mapping[str, str], place: Place) -> Iterator[Need]:
    """The scheduler's calls: `functions` are the targets of the schedules."""
    for arn in functions.values():
        yield Need("lambda:InvokeFunction", arn, SCHEDULES)


def of_quick_sight(place: Place) -> Iterator[Need]:
    """Quick Sight reads both reports through Athena."""
    asked = ("BatchGetQueryExecution", "GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "GetWorkGroup")
    for action in (*asked, "StartQueryExecution", "StopQueryExecution"):
        yield Need(f"athena:{action}", place.arn("athena", f"workgroup/{place.workgroup}"), QUICK_SIGHT)
    yield from place.tables("glue:GetTables", place.database, "any", source=QUICK_SIGHT)
    yield from of_statement("SELECT * FROM monthly_stock_reporting, yearly_stock_reporting", place.database, place)
