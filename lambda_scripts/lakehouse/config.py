"""The configuration: one frozen object, read from the environment in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from .errors import ConfigurationError

# Where the files of tables lie, and nothing else.
ZONES = ("raw", "processed", "reporting", "rejected")


@dataclass(frozen=True)
class Config:
    """Names and limits of the lake. Each field is the environment variable LAKE_<FIELD IN UPPER CASE>.

    The text below a field is its documentation; docs/lambda_setup.md is made from it.
    """

    bucket: str = ""
    """The lake's bucket; empty takes the event's. An event of another bucket is refused."""
    database: str = "hyn_stocks_db"
    """The Glue database of all tables."""
    workgroup: str = "primary"
    """Athena's workgroup."""
    results: str = ""
    """An s3:// folder for the results of Athena's statements; empty, they lie in `pipeline/athena-results/` of the lake."""
    raw_crawler: str = "stocks_raw_crawler"
    """The crawler of `raw/`, which makes `stocks_raw`; empty starts none."""
    processed_crawler: str = ""
    """A crawler of `stocks_processed`, to be started for partitions that the catalogue lacked; empty starts none."""
    quicksight_datasets: tuple[str, ...] = ()
    """Quick Sight data sets to refresh after each batch of reports, separated by commas; those beyond its 32 a day later."""
    default_symbol: str = ""
    """The symbol of files that have no column for it and lie in no folder that names one; empty goes by the file name."""
    date_order: str = "day-first"
    """`day-first` or `month-first`: the order of dates where nothing in a file tells."""
    batch_files: int = 5_000
    """The most files in a batch."""
    settle_seconds: float = 1.0
    """A batch begins once no file has come for this long."""
    poll_seconds: float = 0.5
    """The longest pause between two polls of a statement."""
    lease_seconds: float = 60.0
    """An invocation that has not renewed its lease for this long loses its queue to the next one."""
    lease_poll_seconds: float = 5.0
    """The pause between two polls of a queue that another invocation holds."""
    retention_seconds: float = 3_600.0
    """How long superseded data files stay, so that queries under way end undisturbed; longer than Athena lets a query run."""
    deadline_margin_seconds: float = 20.0
    """How long before its time is up an invocation stops waiting, and goes on in a fresh one."""

    @classmethod
    def from_environment(cls, bucket: str = "", environment: Mapping[str, str] = os.environ) -> Config:
        """Read LAKE_*; `bucket` (the event's) is used where LAKE_BUCKET is not set.

        Raises ConfigurationError for a value that can't be used or a LAKE_ variable that does not exist.
        """
        given = {name[5:].lower(): value.strip() for name, value in environment.items() if name.startswith("LAKE_")}
        known = {field.name: type(field.default) for field in fields(cls)}
        if unknown := sorted(set(given) - set(known)):
            raise ConfigurationError(
                f"unknown setting LAKE_{unknown[0].upper()}; there are " + ", ".join(f"LAKE_{n.upper()}" for n in known)
            )
        values: dict[str, object] = {"bucket": bucket}
        for name, text in given.items():
            if name != "bucket" or text:
                values[name] = _typed(name, text, known[name])
        config = cls(**values)  # type: ignore[arg-type]
        if bucket and config.bucket != bucket:
            raise ConfigurationError(
                f"the event is of bucket {bucket}, but LAKE_BUCKET is {config.bucket}: one lake has one bucket"
            )
        config._check()
        return config

    def _check(self) -> None:
        if not self.bucket:
            raise ConfigurationError("no bucket: set LAKE_BUCKET on the function, since this event names none")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and value < 0:
                raise ConfigurationError(f"LAKE_{field.name.upper()} must not be negative, not {value}")
        if self.batch_files < 1:
            raise ConfigurationError("LAKE_BATCH_FILES must be at least 1")
        if self.results and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/(\S+/)?", self.results):
            raise ConfigurationError(f"LAKE_RESULTS must be an s3:// folder with a slash at its end, not {self.results!r}")
        if self.results.startswith(tuple(f"s3://{self.bucket}/{zone}/" for zone in ZONES)):
            raise ConfigurationError(f"LAKE_RESULTS {self.results!r} lies in a zone of the lake: name another folder or bucket")
        if self.date_order not in ("day-first", "month-first"):
            raise ConfigurationError(f"LAKE_DATE_ORDER must be day-first or month-first, not {self.date_order!r}")


def _typed(name: str, text: str, kind: type) -> object:
    try:
        if kind is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return kind(text)
    except ValueError as error:
        raise ConfigurationError(f"LAKE_{name.upper()} must be a {kind.__name__}, not {text!r}") from error
