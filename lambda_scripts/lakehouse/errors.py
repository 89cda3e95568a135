"""The errors that the lakehouse raises.

Error
├── ConfigurationError       an invalid setting, event or action
├── NotSetUpError            something of the account is not set up right; the text says what to change
├── FileRefusedError         a raw file can't be read as a whole; its reason goes to the load record
├── ConflictError            a conditional write lost to another writer
├── LeaseLostError           another invocation has taken this one's lease over
├── DeadlineReachedError     the invocation has no time left for the next wait
│   └── StillRunningError    a parse goes on all the same, and the next invocation waits for it
├── QueryFailedError         Athena ended a statement other than SUCCEEDED
├── ParseFailedError         the statement that reads raw files failed, or read too few rows: a file may be to blame
├── LeftForLaterError        files are left in the inbox, for a later invocation to try once more
├── PublishError             what Athena wrote can't be published, or a row is not where it should be
└── SqlError (sql.py)        a statement's parameters and what was given do not match
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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


class Error(Exception):
    """Base of all errors of the lakehouse. Its text says what happened, to what, and what to do."""


class ConfigurationError(Error):
    pass


class NotSetUpError(Error):
    pass


class FileRefusedError(Error):
    """`kind` is the name of one of `file_format.refusals.Kind`, the closed list of reasons."""

    def __init__(self, reason: str, kind: str = "NAME") -> None:
        super().__init__(reason)
        self.kind = kind


class ConflictError(Error):
    pass


class LeaseLostError(Error):
    pass


class DeadlineReachedError(Error):
    pass


class StillRunningError(DeadlineReachedError):
    pass


class QueryFailedError(Error):
    """`reason` is Athena's StateChangeReason."""

    def __init__(self, statement: str, query_id: str, reason: str) -> None:
        cause = systemic_cause(reason)
        super().__init__(f"Athena statement {statement} (query {query_id}) failed: {reason}" + (f"; {cause}" if cause else ""))
        self.query_id = query_id
        self.reason = reason


class ParseFailedError(Error):
    """`attempt` is the one that failed; its reason is Athena's, or says what was not read."""

    def __init__(self, attempt: Any) -> None:
        super().__init__(f"the files of batch {attempt.batch} can't be read (query {attempt.query_id}): {attempt.reason}")
        self.attempt = attempt


class LeftForLaterError(Error):
    """`reasons` says by raw key what happened to each file that is left in the inbox."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        named = "; ".join(f"{key}: {reason}" for key, reason in sorted(reasons.items()))
        super().__init__(f"{len(reasons)} files can't be read so far, and are tried once more by the next invocation: {named}")
        self.reasons = reasons


class PublishError(Error):
    pass
