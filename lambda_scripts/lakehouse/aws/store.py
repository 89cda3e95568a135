"""The bucket: S3 as the lakehouse uses it, with conditional writes as compare-and-swap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ..errors import ConflictError, Error
from .clients import client

DELETE_AT_ONCE = 1_000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it. `size` in bytes, `etag` with its quotes."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Part:
    """Bytes of an object from a start on, and of which version of it they are."""

    body: bytes
    size: int
    etag: str
    modified: datetime


class Store:
    """One bucket."""

    def __init__(self, bucket: str, s3: Any = None) -> None:
        self._client = s3 or client("s3")
        self.bucket = bucket

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def key(self, uri: str) -> str:
        """The key of an s3:// path in this bucket."""
        return uri.removeprefix(self.uri(""))

    def read(self, key: str, start: int = 0, length: int | None = None, etag: str | None = None) -> Part | None:
        """Up to `length` bytes from `start`, to the object's end without a length; None where there is no such object.

        With an `etag`, raises ConflictError when the object is another version by now.
        """
        condition = {"IfMatch": etag} if etag else {}
        if length is not None or start:
            condition["Range"] = f"bytes={start}-" + ("" if length is None else str(start + length - 1))
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key, **condition)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchKey", "404"):
                return None
            if code == "InvalidRange":  # the object ends before `start`: an empty one has no first byte either
                return self._end_of(key)
            if code in ("PreconditionFailed", "412"):
                raise ConflictError(f"{self.uri(key)} changed while it was read") from error
            raise
        whole = answer.get("ContentRange", "").rpartition("/")[2] or answer["ContentLength"]
        return Part(answer["Body"].read(), int(whole), answer["ETag"], answer["LastModified"])

    def read_path(self, path: str) -> Part | None:
        """The object at an s3:// path, of this bucket or another one; None where there is none."""
        bucket, _, key = path.removeprefix("s3://").partition("/")
        return Store(bucket, self._client).read(key)

    def _end_of(self, key: str) -> Part | None:
        found = self.head(key)
        return Part(b"", found.size, found.etag, found.modified) if found else None

    def head(self, key: str) -> Stored | None:
        """The object's size and version, or None where there is none."""
        try:
            answer = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return Stored(key, answer["ContentLength"], answer["ETag"], answer["LastModified"])

    def put(self, key: str, body: bytes) -> str:
        """Write, whatever is there; the new ETag."""
        return str(self._client.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"])

    def swap(self, key: str, body: bytes, etag: str | None) -> str:
        """Write if the object still has this ETag (None: does not exist yet); the new ETag. Raises ConflictError otherwise.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 412 when the condition fails, 409 when
        another write was under way, 404 when the object to match is gone. Each of them means that another writer was there,
        or that this write was done, its answer lost and it was tried again: then the object holds just this body.
        """
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            return str(self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **condition)["ETag"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 409, 412):
                raise
            found = self.read(key)
            if found is not None and found.body == body:
                return found.etag
            raise ConflictError(f"another writer was at {self.uri(key)}") from error

    def copy(self, source: str, target: str) -> bool:
        """Copy within the bucket; False where there is nothing to copy.

        Atomic, and up to 5 GB: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        try:
            self._client.copy_object(Bucket=self.bucket, Key=target, CopySource={"Bucket": self.bucket, "Key": source})
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            return False
        return True

    def objects(self, prefix: str) -> Iterator[Stored]:
        """Every object under the prefix, in key order. Listings are strongly consistent."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield Stored(found["Key"], found["Size"], found["ETag"], found["LastModified"])

    def any(self, prefix: str) -> bool:
        """Whether there is an object under the prefix."""
        return bool(self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=1).get("Contents"))

    def folders(self, prefix: str) -> list[str]:
        """The names one level below the prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        return [found["Prefix"][len(prefix) : -1] for page in pages for found in page.get("CommonPrefixes", ())]

    def notifications(self) -> Mapping[str, Any]:
        """The bucket's notification configuration, as GetBucketNotificationConfiguration answers."""
        answer: Mapping[str, Any] = self._client.get_bucket_notification_configuration(Bucket=self.bucket)
        return answer

    def is_requester_pays(self) -> bool:
        """Whether who reads the bucket pays for it. False, too, where the role may not ask (s3:GetBucketRequestPayment).

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
        """
        try:
            return bool(self._client.get_bucket_request_payment(Bucket=self.bucket).get("Payer") == "Requester")
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return False

    def delete(self, keys: Iterable[str]) -> None:
        """Delete these keys; those that are gone already count as deleted. Raises Error naming what S3 kept."""
        work = list(keys)
        for start in range(0, len(work), DELETE_AT_ONCE):
            batch = [{"Key": key} for key in work[start : start + DELETE_AT_ONCE]]
            answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise Error(
                    f"S3 did not delete {len(errors)} objects, the first {self.uri(first['Key'])}: "
                    f"{first['Code']} {first.get('Message', '')}"
                )
