"""Drops: raw files whose turn has come, inspected before Athena reads them."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from . import log
from .aws import parallel
from .aws.store import Part
from .clock import milliseconds_text
from .errors import ConflictError, FileRefusedError
from .file_format import FIRST_RANGE_BYTES, FileFormat, Source, inspect
from .lake import Lake
from .tables.source_records import FileHistory

REMOVED = "removed"

# What inspecting raises by a mistake in it: the same for the same bytes, however often they are tried.
FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Drop:
    """A raw file as it was found. With a `file_format` it is loaded, with a `refusal` refused; with neither it was deleted.

    Refusing a version keeps the rows of the last load that was committed; those of an unfinished load are removed.
    """

    key: str
    path: str
    version: str
    modified: datetime | None
    history: FileHistory
    file_format: FileFormat | None = None
    refusal: str | None = None

    @property
    def is_gone(self) -> bool:
        return self.version == REMOVED

    @property
    def changes_rows(self) -> bool:
        """Whether the load adds or removes rows of the file."""
        return self.refusal is None or self.history.has_unfinished_load

    def staged(self, kept_loaded_at: str | None = None) -> dict[str, Any]:
        """What the statements need to know of the file: how to read it, or just that its rows go, less those to be kept."""
        if self.file_format:
            return self.file_format.record()
        return {"source": self.path} | ({"kept_loaded_at": kept_loaded_at} if kept_loaded_at else {})

    @property
    def modified_text(self) -> str | None:
        return milliseconds_text(self.modified) if self.modified else None


Refusal = Callable[[str, str], "str | None"]
"""(key, version) to why that version is refused without inspecting it; None to inspect it."""


def inspect_files(
    lake: Lake, keys: Iterable[str], forced: Iterable[str] = (), refusal: Refusal = lambda key, version: None
) -> list[Drop]:
    """The drops at these keys, less those whose present version is on record already: events come twice.

    `forced` keys are taken all the same. A file that is replaced while it is read is marked once more, for the next batch.
    The log line says how many ranges of how many bytes were read of the files.
    """
    always = set(forced)
    ranges: list[int] = []

    def inspect_one(key: str) -> Drop | ConflictError | None:
        return _inspect_file(lake, key, histories[key], key in always, refusal, ranges)

    with log.timed("inspect") as found:
        histories = lake.sources.histories(keys)
        inspected = parallel.each(inspect_one, histories)
        drops = [each for each in inspected if isinstance(each, Drop)]
        changed = sum(isinstance(each, ConflictError) for each in inspected)
        found.update(files=len(inspected), to_load=len(drops), already_recorded=inspected.count(None), changed_meanwhile=changed)
        found.update(requests=len(ranges), bytes=sum(ranges))
    return drops


def _inspect_file(
    lake: Lake, key: str, history: FileHistory, forced: bool, refusal: Refusal, ranges: list[int]
) -> Drop | ConflictError | None:
    lake.deadline.check(f"inspect {key}")
    path = lake.store.uri(key)
    try:
        first = lake.store.read(key, 0, FIRST_RANGE_BYTES)
    except ClientError as error:
        if not _is_of_the_object(error):
            raise
        return _unreadable(lake, key, history, error)
    ranges.append(len(first.body) if first else 0)
    version = REMOVED if first is None else f"{first.etag} {milliseconds_text(first.modified)}"
    if version == history.recorded_version and not forced:
        return None
    if first is None:
        return Drop(key, path, version, None, history)
    if reason := refusal(key, version):
        return Drop(key, path, version, first.modified, history, refusal=reason)
    try:
        file_format = _inspect(lake, key, first, ranges)
    except FileRefusedError as refused:
        return Drop(key, path, version, first.modified, history, refusal=str(refused))
    except FAULTS as fault:
        log.event("inspection failed", logging.ERROR, source=path, error="".join(traceback.format_exception(fault)))
        reason = (
            f"this version of the lake can't inspect it ({type(fault).__name__}: {fault}): report that, with the file's first "
            'lines; once it is mended, run {"action": "reprocess"} with its key as the prefix'
        )
        return Drop(key, path, version, first.modified, history, refusal=reason)
    except ConflictError as error:
        lake.inbox.add([(key, f"changed-{uuid.uuid4().hex}")])
        return error
    return Drop(key, path, version, first.modified, history, file_format=file_format)


def _is_of_the_object(error: ClientError) -> bool:
    """Whether S3 refuses this one object: archived, or encrypted with a key that the role may not use."""
    code = error.response["Error"]["Code"]
    return code in ("AccessDenied", "InvalidObjectState", "InvalidRequest") or code.startswith("KMS.")


def _unreadable(lake: Lake, key: str, history: FileHistory, error: ClientError) -> Drop:
    detail = error.response["Error"]
    reason = (
        f"S3 does not give it ({detail['Code']}: {detail.get('Message', '')}): restore it if it is archived, or allow "
        's3:GetObject and kms:Decrypt; then run {"action": "reprocess"} with its key as the prefix'
    )
    return Drop(key, lake.store.uri(key), f"unreadable {detail['Code']}", None, history, refusal=reason)


def _inspect(lake: Lake, key: str, first: Part, ranges: list[int]) -> FileFormat:
    """The file's format, read on from the first range. Raises ConflictError when the file is replaced or deleted meanwhile."""

    def read(key: str, start: int, length: int) -> bytes:
        if start + length <= len(first.body) or len(first.body) == first.size:
            return first.body[start : start + length]
        if start >= first.size:
            return b""
        lake.deadline.check(f"read on in {key}")
        part = lake.store.read(key, start, length, etag=first.etag)
        if part is None:
            raise ConflictError(f"{lake.store.uri(key)} was deleted while it was read")
        ranges.append(len(part.body))
        return part.body

    return inspect(
        Source(lake.config.bucket, key, first.modified),
        read,
        folder=lake.layout.stocks_prefix,
        default_symbol=lake.config.default_symbol,
        day_first=lake.config.date_order == "day-first",
    )
