"""The errors that the lakehouse raises.

Error
├── ConfigurationError    the environment, an event or an action asks for what can't be
├── FileRefused           a raw file can't be read as a whole; its reason goes to the load record
├── Conflict              a conditional write lost to another writer
├── LeaseLost             another invocation has taken this one's lease over
├── DeadlineReached       the invocation has no time left for the next wait
├── QueryFailed           Athena ended a statement other than SUCCEEDED
└── LoadFailed            Athena's answer contradicts what the files hold, or a partition stayed contested
"""


class Error(Exception):
    """Base of all errors of the lakehouse. Its text says what happened, to what, and what to do."""


class ConfigurationError(Error):
    pass


class FileRefused(Error):
    pass


class Conflict(Error):
    pass


class LeaseLost(Error):
    pass


class DeadlineReached(Error):
    pass


class QueryFailed(Error):
    """`reason` is Athena's StateChangeReason; `is_about_data` tells whether a file that was read is to blame."""

    # What Athena's engine says when it can't read an object's content (Trino's HiveErrorCode names).
    DATA_ERRORS = ("HIVE_CURSOR_ERROR", "HIVE_BAD_DATA", "HIVE_CANNOT_OPEN_SPLIT", "HIVE_FILE_NOT_FOUND")

    def __init__(self, statement: str, query_id: str, reason: str) -> None:
        super().__init__(f"Athena statement {statement} (query {query_id}) failed: {reason}")
        self.reason = reason

    @property
    def is_about_data(self) -> bool:
        return any(name in self.reason for name in self.DATA_ERRORS) and "Access Denied" not in self.reason


class LoadFailed(Error):
    pass
