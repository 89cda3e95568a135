"""What to do about errors of AWS, by what their text says: those that may come up anywhere, and those of failed statements."""

from __future__ import annotations

from collections.abc import Iterable

# https://docs.aws.amazon.com/athena/latest/ug/lf-athena-limitations.html,
# https://repost.aws/knowledge-center/athena-insufficient-lake-formation-permissions
_LAKE_FORMATION = (
    "Lake Formation governs this database or bucket: do not register the bucket there (query results, staging and manifests "
    "could not be read), and grant this role Create database, and on the database Create table, Alter, Drop, Describe and Select "
    "on all tables; or, in Lake Formation's settings, use only IAM access control for new databases"
)

_ENFORCED = "in the workgroup's settings switch 'Override client-side settings' off, or set LAKE_WORKGROUP to another one"

REMEDIES = {
    "Lake Formation": _LAKE_FORMATION,
    "lakeformation": _LAKE_FORMATION,
    "NoSuchBucket": "create the bucket in this function's Region, or correct LAKE_BUCKET or the event's bucket",
    "Unable to verify/create output bucket": "allow s3:GetBucketLocation on the bucket of results; where LAKE_RESULTS names "
    "one that is not there, create the bucket of LAKE_RESULTS, or set it to nothing for the lake's own bucket",
    "Bytes scanned limit": "in the workgroup's data usage controls raise or remove the limit of what a query may scan: a load "
    "scans its raw files twice",
    "Requester Pays": "in the workgroup's settings turn on queries of Requester Pays buckets, or turn it off for the bucket",
    "ManagedQueryResultsConfiguration": "allow athena:GetWorkGroup: this workgroup keeps its results itself, which can't be seen "
    "without; or set LAKE_WORKGROUP to one that does not",
    "external_location": _ENFORCED,
    "overrides where results go": _ENFORCED,
    "KMS": "allow kms:Decrypt and kms:GenerateDataKey on the key that the message is about",
}


def remedy_for(error: Exception) -> str | None:
    """The remedy, or None where only the line at which the error came up can tell."""
    text = str(error)
    return next((remedy for said, remedy in REMEDIES.items() if said in text), None)


# What fails a statement whatever files it reads, with the remedy. Codes open Athena's reason, words stand anywhere in it.
# https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html, and Trino's StandardErrorCode and HiveErrorCode.
# S3's refusals come under the codes of unreadable files: https://repost.aws/knowledge-center/hive-cannot-open-split-503-athena
SYSTEMIC: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        ("PERMISSION_DENIED",),
        (
            "Access Denied", "AccessDenied", "Status Code: 403", "not authorized", "Insufficient permissions",
            "Lake Formation permission",
        ),
        "allow the function's role to read and write the bucket and the catalogue; where the bucket is a Requester Pays one, "
        "switch 'Enable queries on Requester Pays buckets' on in the Athena workgroup",
    ),
    (
        (),
        ("Slow Down", "SlowDown", "reduce your request rate", "Status Code: 5", "Rate exceeded", "Throttling", "TooManyRequests"),
        "S3 or Glue is asked too often: it is tried again",
    ),
    ((), ("Bytes scanned limit was exceeded",), "raise or remove the Athena workgroup's limit of data scanned by a query"),
    ((), ("Query cancelled by user",), "someone stopped it: it is tried again"),
    (
        (
            "SYNTAX_ERROR", "TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND", "COLUMN_NOT_FOUND", "TYPE_MISMATCH",
            "FUNCTION_NOT_FOUND", "MISSING_TABLE", "TABLE_ALREADY_EXISTS", "HIVE_PATH_ALREADY_EXISTS", "HIVE_METASTORE_ERROR",
            "NOT_SUPPORTED", "NOT_SUPPORTED_LOCALLY", "HIVE_WRITER_OPEN_ERROR", "HIVE_WRITER_CLOSE_ERROR",
        ),
        (),
        "the statement, the catalogue or the place that it writes to is to blame: run the action check",
    ),
    (
        ("INTERNAL_ERROR_QUERY_ENGINE", "SERVER_SHUTTING_DOWN", "NO_NODES_AVAILABLE", "SERVER_STARTING_UP"),
        ("Internal Service", "Internal error", "internal service error"),
        "Athena has a fault of its own: it is tried again",
    ),
)  # fmt: skip


def systemic_cause(reason: str, paths: Iterable[str] = ()) -> str | None:
    """The remedy for what fails a statement whatever files it reads; None where a file may be to blame.

    `paths` are the files' own: what is in the name of a file says nothing.
    """
    for path in paths:
        reason = reason.replace(path, "")
    code = reason.partition(":")[0]
    for codes, words, remedy in SYSTEMIC:
        if code in codes or any(word in reason for word in words):
            return remedy
    return None


def is_timeout(reason: str) -> bool:
    """Whether a query took longer than Athena lets one run: 30 minutes, or the account's own quota.

    https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
    """
    return "Query timeout" in reason or reason.startswith("EXCEEDED_TIME_LIMIT")
