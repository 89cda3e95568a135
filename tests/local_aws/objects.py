"""The account's S3 objects, as an engine reads and writes them: straight from moto's backend, under its lock."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from .s3_events import S3_LOCK


def split_address(address: str) -> tuple[str, str]:
    """("bucket", "key") of "s3://bucket/key" (s3a:// and s3n:// too); ValueError when it is none."""
    scheme, separator, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if not separator or scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise ValueError(f"not an S3 location: {address!r}")
    return bucket, key


@dataclass(frozen=True)
class StoredObject:
    """An object seen in a listing. Its bytes are read later, and may have been replaced by then, as in S3."""

    address: str
    size: int


class ObjectStore:
    """Reads and writes objects by their s3:// address. Each call is atomic; two calls see two moments, as with S3."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    @property
    def _backend(self) -> Any:
        return s3_backends[self._account_id]["aws"]

    def read(self, address: str) -> bytes | None:
        """The object's bytes, None when it does not exist."""
        bucket, key = split_address(address)
        with S3_LOCK:
            try:
                found = self._backend.get_object(bucket, key)
            except S3ClientError:
                return None
            return None if found is None else bytes(found.value)

    def write(self, address: str, body: bytes) -> None:
        bucket, key = split_address(address)
        with S3_LOCK:
            self._backend.put_object(bucket, key, body)

    def has_bucket(self, address: str) -> bool:
        with S3_LOCK:
            return split_address(address)[0] in self._backend.buckets

    def list(self, location: str) -> Iterator[StoredObject]:
        """The objects under a folder, its subfolders included, in key order."""
        bucket, prefix = split_address(location)
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        with S3_LOCK:
            if bucket not in self._backend.buckets:
                return
            keys = self._backend.get_bucket(bucket).keys
            listed = [StoredObject(f"s3://{bucket}/{key}", keys[key].size) for key in keys if key.startswith(prefix)]
        yield from sorted(listed, key=lambda found: found.address)

    def list_data(self, location: str) -> Sequence[StoredObject]:
        """What Hive reads of a folder: all but folder markers and names that open with "_" or "."."""
        (found,) = self.list_data_of([location])
        return found

    def list_data_of(self, locations: Sequence[str]) -> Iterator[Sequence[StoredObject]]:
        """`list_data` of each folder; a table of many partitions does not walk the bucket for each."""
        folders = [_folder(location) for location in locations]
        snapshots: dict[str, Sequence[StoredObject]] = {}
        for folder in folders:
            bucket, _ = split_address(folder)
            if bucket not in snapshots:
                same = os.path.commonprefix([each for each in folders if split_address(each)[0] == bucket])
                snapshots[bucket] = list(self.list(same[: same.rindex("/") + 1]))
            known = snapshots[bucket]
            start = bisect_left(known, folder, key=lambda found: found.address)
            yield [found for found in _within(known, start, folder) if not _is_hidden(found.address[len(folder) :])]


def _folder(location: str) -> str:
    bucket, prefix = split_address(location)
    return f"s3://{bucket}/{prefix.rstrip('/')}/" if prefix else f"s3://{bucket}/"


def _within(known: Sequence[StoredObject], start: int, folder: str) -> Iterator[StoredObject]:
    for index in range(start, len(known)):
        if not known[index].address.startswith(folder):
            return
        yield known[index]


def _is_hidden(key: str) -> bool:
    return not key or key.endswith("/") or any(part.startswith(("_", ".")) for part in key.split("/"))
