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
├── BatchFailedError         a batch failed, which blames no file, and is tried again in halves
├── LeftForLaterError        files are left in the inbox, for a later invocation to try once more
├── PublishError             what Athena wrote can't be published, or a row is not where it should be
└── SqlError (sql.py)        a statement's parameters and what was given do not match
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Error(Exception):
    """Base of all errors of the lakehouse. Its text says what happened, to what, and what to do."""


class ConfigurationError(Error):
    pass


class NotSetUpError(Error):
    pass


class FileRefusedError(Error):
    """`kind` is the name of one of `file_format.refusals.Kind`, the closed list of reasons."""

    def __init__(self, reason: str, kind: str) -> None:
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
    """`reason` is Athena's StateChangeReason; `remedy` says what to do about it, where that is known."""

    def __init__(self, statement: str, query_id: str, reason: str, remedy: str | None) -> None:
        super().__init__(f"Athena statement {statement} (query {query_id}) failed: {reason}" + (f"; {remedy}" if remedy else ""))
        self.query_id = query_id
        self.reason = reason


class ParseFailedError(Error):
    """`attempt` is the one that failed; its reason is Athena's, or says what was not read."""

    def __init__(self, attempt: Any) -> None:
        super().__init__(f"the files of batch {attempt.batch} can't be read (query {attempt.query_id}): {attempt.reason}")
        self.attempt = attempt


class BatchFailedError(Error):
    pass


class LeftForLaterError(Error):
    """`reasons` says by raw key what happened to each file that is left in the inbox."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        named = "; ".join(f"{key}: {reason}" for key, reason in sorted(reasons.items()))
        super().__init__(f"{len(reasons)} files can't be loaded so far, and are tried once more by the next invocation: {named}")
        self.reasons = reasons


class PublishError(Error):
    pass
