"""Every S3 key and prefix of the lake: made, and taken apart, here and nowhere else.

raw/**                                       what people drop; never written by the pipeline
processed/stocks/year=YYYY/month=MM/         data files, and the manifests that name the current ones
reporting/monthly/year=YYYY/  yearly/…       likewise
rejected/stocks/<batch>-<number>.parquet     rejected rows
pipeline/inbox/<queue>/<name>/<event>        one marker for each event not yet worked off
pipeline/leases/<queue>.json                 who works off a queue, and who is next
pipeline/sources/<raw key>.json              what a raw file gave
pipeline/commits/<batch>.jsonl               the load record, which commits the batch or, empty, aborts it; never removed
pipeline/loads/<batch>.jsonl, ….jsonl.gz     the load records as stocks_loads reads them: of one batch, or of many
pipeline/compactions/<name>.json             load records that stand in ….jsonl.gz too and are to be removed
pipeline/postponed/<what>.json               folders to crawl, or data sets to refresh, once AWS lets it
pipeline/attempts/<batch>.json               a batch that was begun and did not end well
pipeline/staging/<queue>/<batch>/…           what Athena reads and writes while a batch is under way
pipeline/staging-tables/<table>/batch=…/     the files of a batch under way, as data
pipeline/athena-results/                     results of statements
pipeline/check/                              what the action check makes, and removes in the end
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

KEY_BYTES = 1_024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html

RAW_QUEUE = "raw"
PROCESSED_QUEUE = "processed"

_HASHED = "~"

MANIFEST_FOLDER = "_symlink_format_manifest/"  # the name that Delta Lake gave it

Partition = tuple[str, ...]
"""Values of a table's partition keys: ("2016", "01") of stocks_processed, ("2016",) of a report."""


def months(partitions: Collection[Partition]) -> dict[str, list[str]]:
    """The parameters `years` and `partitions` (2016-01) of a statement that reads these partitions of stocks_processed."""
    return {
        "years": sorted({year for year, _ in partitions}),
        "partitions": sorted(f"{year}-{month}" for year, month in partitions),
    }


# Batch ids sort in the order of their batches. Those of version 1 began with a date, and so sort before all others.
_BATCH = r"t[0-9]{10}-[0-9]{4}-[0-9]{8}-[0-9]{6}"
_BATCH_OF_VERSION_1 = r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}"


def batch_id(token: int, number: int, moment: datetime) -> str:
    """`t0000000012-0001-20261124-064520`: the lease's token, the batch's number under it, and the time for people."""
    return f"{earliest_batch_id(token)}-{number:04d}-{moment:%Y%m%d-%H%M%S}"


def earliest_batch_id(token: int) -> str:
    """A text that sorts before all batch ids of this token, and after those of lower ones."""
    return f"t{token:010d}"


def batch_of(name: str) -> str | None:
    """The batch id that a name begins with, or None."""
    found = re.match(rf"({_BATCH}|{_BATCH_OF_VERSION_1})(?![0-9a-f])", name)
    return found[1] if found else None


@dataclass(frozen=True)
class TableLayout:
    """Where a merged table's objects lie: data files below `prefix`, manifests below `manifest_prefix`."""

    prefix: str
    keys: tuple[str, ...]

    @property
    def manifest_prefix(self) -> str:
        return self.prefix + MANIFEST_FOLDER

    def folder(self, partition: Partition) -> str:
        """`year=2016/month=01/`"""
        return "".join(f"{key}={value}/" for key, value in zip(self.keys, partition, strict=True))

    def data_file(self, partition: Partition, version: str) -> str:
        return f"{self.prefix}{self.folder(partition)}{version}.parquet"

    def manifest_folder(self, partition: Partition) -> str:
        return self.manifest_prefix + self.folder(partition)

    def manifest(self, partition: Partition) -> str:
        return self.manifest_folder(partition) + "manifest"

    def partition_of_manifest(self, key: str) -> Partition | None:
        """The partition whose manifest this key is, or None."""
        if key.startswith(self.manifest_prefix) and key.endswith("/manifest"):
            return self.partition_of_folder(key[len(self.manifest_prefix) : -len("manifest")])
        return None

    def partition_of_data_file(self, key: str) -> Partition | None:
        """The partition that a data file of this table lies in, or None."""
        if key.startswith(self.prefix) and not key.startswith(self.manifest_prefix):
            return self.partition_of_folder(key[len(self.prefix) : key.rfind("/") + 1])
        return None

    @staticmethod
    def version_of_data_file(key: str) -> str:
        """The version in a data file's name. Versions sort in the order of their batches."""
        return key[key.rfind("/") + 1 :].removesuffix(".parquet")

    def partition_of_staged_file(self, key: str) -> Partition | None:
        """The partition that a file of a partitioned CTAS belongs to: its last folders."""
        folders = key.split("/")[:-1][-len(self.keys) :]
        return self.partition_of_folder("/".join(folders) + "/")

    def partition_of_folder(self, folder: str) -> Partition | None:
        """`year=2016/month=01/` taken apart, or None."""
        pattern = "".join(rf"{key}=([0-9]+)/" for key in self.keys)
        match = re.fullmatch(pattern, folder)
        return match.groups() if match else None


class Layout:
    """The keys of one lake, whose zones have the same names in every lake. Only the small lake of a check has a `root`."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.raw_prefix = f"{root}raw/"
        self.stocks_prefix = f"{root}raw/stocks/"
        self.rejected_prefix = f"{root}rejected/stocks/"
        self._pipeline = f"{root}pipeline/"
        self.processed = TableLayout(f"{root}processed/stocks/", ("year", "month"))
        self.monthly = TableLayout(f"{root}reporting/monthly/", ("year",))
        self.yearly = TableLayout(f"{root}reporting/yearly/", ("year",))

    # Queues

    def prefix_of_queue(self, queue: str) -> str:
        """Where the objects lie that a queue's markers name."""
        return self.raw_prefix if queue == RAW_QUEUE else self.processed.prefix

    # Raw files

    def is_raw_file(self, key: str) -> bool:
        """A key ending in a slash is what the S3 console makes for an empty folder."""
        return key.startswith(self.raw_prefix) and not key.endswith("/")

    @staticmethod
    def folder(key: str) -> str:
        """The folder that a key lies in, with its slash."""
        return key[: key.rfind("/") + 1]

    # The inbox

    def inbox(self, queue: str) -> str:
        return f"{self._pipeline}inbox/{queue}/"

    def marker(self, queue: str, name: str, event: str) -> str:
        """A marker's key holds its name readably, or else its hash; the marker's body has it in either case."""
        readable = f"{self.inbox(queue)}{name}/{event}"
        return readable if _fits(readable) else f"{self.inbox(queue)}{_hashed(name)}/{event}"

    def name_of_marker(self, queue: str, key: str) -> str | None:
        """The name that the marker's key holds, or None where its body has it."""
        name = key[len(self.inbox(queue)) : key.rfind("/")]
        return None if _is_hashed(name) else name

    @staticmethod
    def event_of_marker(key: str) -> str:
        return key[key.rfind("/") + 1 :]

    # What the pipeline remembers

    def lease(self, queue: str) -> str:
        return f"{self._pipeline}leases/{queue}.json"

    @property
    def source_records(self) -> str:
        return f"{self._pipeline}sources/"

    def source_record(self, raw_key: str) -> str:
        readable = f"{self.source_records}{raw_key}.json"
        return readable if _fits(readable) else f"{self.source_records}{_hashed(raw_key)}.json"

    def raw_key_of_source_record(self, key: str) -> str | None:
        """The raw key that the source record's key holds, or None where the record itself has it."""
        raw_key = key[len(self.source_records) : -len(".json")]
        return None if _is_hashed(raw_key) else raw_key

    @property
    def hashed_source_records(self) -> str:
        """The prefix of the source records whose keys do not hold the raw key."""
        return self.source_records + _HASHED

    def postponed(self, what: str) -> str:
        return f"{self._pipeline}postponed/{what}.json"

    @property
    def loads(self) -> str:
        return f"{self._pipeline}loads/"

    def load_record(self, batch: str) -> str:
        return f"{self.loads}{batch}.jsonl"

    def batch_of_load_record(self, key: str) -> str | None:
        """The batch whose load record alone this object of stocks_loads is, or None."""
        batch = batch_of(key.removeprefix(self.loads))
        return batch if batch and key == self.load_record(batch) else None

    def compacted_loads(self, name: str) -> str:
        return f"{self.loads}{name}.jsonl.gz"

    def commit(self, batch: str) -> str:
        return f"{self._pipeline}commits/{batch}.jsonl"

    @property
    def compactions(self) -> str:
        return f"{self._pipeline}compactions/"

    def compaction(self, name: str) -> str:
        return f"{self.compactions}{name}.json"

    def rejected(self, batch: str, number: int) -> str:
        return f"{self.rejected_prefix}{batch}-{number}.parquet"

    def rejected_of(self, batch: str) -> str:
        """The prefix of all rejected files of a batch."""
        return f"{self.rejected_prefix}{batch}-"

    @property
    def attempts(self) -> str:
        return f"{self._pipeline}attempts/"

    def attempt(self, batch: str) -> str:
        return f"{self.attempts}{batch}.json"

    def check_probe(self, queue: str) -> str:
        return f"{self.checks}probe-{queue}"

    @property
    def checks(self) -> str:
        """Where each check has a folder, named by its id."""
        return f"{self._pipeline}check/"

    def trial(self, check_id: str) -> Layout:
        """The keys of the small lake in which a check tries a load."""
        return Layout(f"{self.checks}{check_id}/")

    # Staging

    def staging(self, queue: str, batch: str = "") -> str:
        return f"{self._pipeline}staging/{queue}/" + (f"{batch}/" if batch else "")

    @staticmethod
    def temporary_table(queue: str, batch: str, name: str) -> str:
        """The name of a table that a batch makes for a while: `tmp_raw_t0000000012_0001_20261124_064520_parsed`."""
        return f"tmp_{queue}_{batch.replace('-', '_')}_{name}"

    @staticmethod
    def batch_of_temporary_table(queue: str, table: str) -> str | None:
        """The batch of this queue that made a temporary table, or None. Version 1 named no queue in it."""
        of_reports = re.search("_(monthly|yearly)_stock_reporting_", table) is not None
        begins = f"tmp_{queue}_" if table.startswith(f"tmp_{queue}_t") else "tmp_"
        if not table.startswith(begins) or of_reports is not (queue == PROCESSED_QUEUE):
            return None
        return batch_of(table.removeprefix(begins).replace("_", "-"))

    @property
    def staging_tables(self) -> str:
        return f"{self._pipeline}staging-tables/"

    def staging_table(self, name: str) -> str:
        """The location of a staging table, below which its partitions lie: Lake Formation wants them there.

        https://docs.aws.amazon.com/athena/latest/ug/lf-athena-limitations.html
        """
        return f"{self.staging_tables}{name}/"

    def staging_partition(self, name: str, value: str) -> str:
        """The location of a staging table's partition. The table's partitions of one batch have names that begin with its id."""
        return f"{self.staging_table(name)}batch={value}/"

    def batch_of_staging_partition(self, key: str) -> str | None:
        """The batch that an object of a staging table's partition is of, or None."""
        _, _, partition = key.removeprefix(self.staging_tables).partition("/batch=")
        return batch_of(partition)

    def staged_note(self, queue: str, batch: str) -> str:
        """The first object of a batch's staging: while it is there, the batch has not been tidied up after."""
        return self.staging(queue, batch) + "note"

    def staged_output(self, queue: str, batch: str, table: str) -> str:
        return self.staging(queue, batch) + f"{table}/"

    @property
    def athena_results(self) -> str:
        return f"{self._pipeline}athena-results/"


def _fits(key: str) -> bool:
    """S3 lists, copies and deletes such a key. (DeleteObjects takes no control characters, since XML has none.)"""
    return len(key.encode()) <= KEY_BYTES and key.isprintable()


def _hashed(name: str) -> str:
    return _HASHED + hashlib.sha256(name.encode()).hexdigest()


def _is_hashed(name: str) -> bool:
    return re.fullmatch(_HASHED + "[0-9a-f]{64}", name) is not None
