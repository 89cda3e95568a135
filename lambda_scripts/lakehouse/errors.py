"""The errors that the lakehouse raises.

Error
├── ConfigurationError       the environment, an event or an action asks for what can't be
├── NotSetUpError            something of the account is not set up right; the text says what to change
├── FileRefusedError         a raw file can't be read as a whole; its reason goes to the load record
├── ConflictError            a conditional write lost to another writer
├── LeaseLostError           another invocation has taken this one's lease over
├── DeadlineReachedError     the invocation has no time left for the next wait
├── QueryFailedError         Athena ended a statement other than SUCCEEDED
├── RowsUnreadError          Athena's summary lacks rows that a file has
├── PublishError             what Athena wrote can't be published, or a row is not where it should be
└── SqlError (sql.py)        a statement's parameters and what was given do not match
"""


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


class QueryFailedError(Error):
    """`reason` is Athena's StateChangeReason."""

    # What Athena's engine says when it can't read an object's content, or not so much of it (Trino's error codes).
    FILE_ERRORS = (
        "HIVE_CURSOR_ERROR",
        "HIVE_BAD_DATA",
        "HIVE_CANNOT_OPEN_SPLIT",
        "HIVE_FILE_NOT_FOUND",
        "exhausted resources",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
    )
    # S3 throttling comes under the same codes (https://repost.aws/knowledge-center/hive-cannot-open-split-503-athena), and so
    # do permissions: no file is to blame for either.
    NOT_OF_A_FILE = ("Slow Down", "SlowDown", "reduce your request rate", "Status Code: 5", "Access Denied", "AccessDenied")

    def __init__(self, statement: str, query_id: str, reason: str) -> None:
        super().__init__(f"Athena statement {statement} (query {query_id}) failed: {reason}")
        self.reason = reason

    @property
    def blames_a_file(self) -> bool:
        """Whether one of the files that were read may be to blame."""
        return any(text in self.reason for text in self.FILE_ERRORS) and not any(
            text in self.reason for text in self.NOT_OF_A_FILE
        )


class RowsUnreadError(Error):
    pass


class PublishError(Error):
    pass
