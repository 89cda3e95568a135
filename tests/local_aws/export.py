"""Writing a bucket as files, its keys as paths."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Any


class ExportError(Exception):
    """The bucket cannot be written to that folder; the message says why and what to do."""


def prepare_folder(folder: Path) -> None:
    """Make the folder, and raise ExportError unless it is empty and can be written to.

    What is there already must not be taken for the bucket's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ExportError(f"{folder} is not an empty folder: name a new one, or empty it")
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ExportError(f"{folder} cannot be written to ({error.strerror}): name another folder") from error


def export_bucket(s3: Any, bucket: str, folder: Path) -> int:
    """Write every object of the bucket below `folder`; returns how many. Folder markers become folders."""
    prepare_folder(folder)
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            path = folder / path_of(key)
            try:
                if key.endswith("/"):
                    path.mkdir(parents=True, exist_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            except OSError as error:
                raise ExportError(
                    f"s3://{bucket}/{key} cannot be written as {path} ({error.strerror}): {_remedy(error)}"
                ) from error
            count += 1
    return count


def _remedy(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "make room, or name a folder on another disk"
    if isinstance(error, (FileExistsError, IsADirectoryError, NotADirectoryError)):
        return "rename that object, since a file and a folder cannot share one name"
    return "name another folder, or rename that object"


def path_of(key: str) -> Path:
    """The key as a path that stays below the folder: "", "." and ".." between slashes are percent-encoded."""
    special = {"": "%00", ".": "%2E", "..": "%2E%2E"}
    return Path(*(special.get(part, part) for part in key.removesuffix("/").split("/")))
