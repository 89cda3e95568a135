"""What S3 refuses or limits and moto 5.2.5 lets pass, as far as a lake can meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import MalformedXML, PreconditionFailed, S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from .seams import Seams

MAX_KEY_BYTES = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_DELETES = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_KEYS_LISTED = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


class KeyTooLong(S3ClientError):
    code = "KeyTooLongError"

    def __init__(self) -> None:
        super().__init__("Your key is too long")


class NotImplementedByS3(S3ClientError):
    code = "NotImplemented"

    def __init__(self) -> None:
        super().__init__("A header you provided implies functionality that is not implemented")


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    key_response = S3Response._key_response
    delete_keys = S3Response._bucket_response_delete_keys
    list_objects_v2 = S3Response.list_objects_v2
    put_object = S3Response.put_object
    copy_object = S3Response.copy_object

    def of_short_keys(response: S3Response, request: Any, full_url: str) -> Any:
        if len(response.parse_key_name().encode()) > MAX_KEY_BYTES:
            raise KeyTooLong
        return key_response(response, request, full_url)

    def delete_few(response: S3Response, *args: Any, **kwargs: Any) -> Any:
        wanted = ElementTree.fromstring(response.body)
        if sum(entry.tag.rpartition("}")[2] == "Object" for entry in wanted) > MAX_DELETES:
            raise MalformedXML
        return delete_keys(response, *args, **kwargs)

    def list_few(response: S3Response) -> Any:
        asked = int(response.querystring.get("max-keys", [MAX_KEYS_LISTED])[0])
        response.querystring["max-keys"] = [str(min(asked, MAX_KEYS_LISTED))]
        return list_objects_v2(response)

    def put_when_absent(response: S3Response) -> Any:
        # "*" is all that a write's If-None-Match may say:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        if response.headers.get("If-None-Match", "*") != "*":
            raise NotImplementedByS3
        return put_object(response)

    def copy_that_version(response: S3Response) -> Any:
        wanted = response.headers.get("x-amz-copy-source-if-match")
        if wanted is not None:
            bucket, _, key = unquote(response.headers["x-amz-copy-source"].lstrip("/")).partition("/")
            source = response.backend.get_object(bucket, key.partition("?versionId=")[0])
            if source is not None and source.etag.strip('"') != wanted.strip('"'):
                raise PreconditionFailed("x-amz-copy-source-If-Match")
        return copy_object(response)

    def permission_over_tls(bucket: FakeBucket, action: str, resource: str) -> Any:
        # moto takes a Deny for one that applies whether or not its condition holds. Requests count as made over TLS here.
        policy = json.loads(bucket.policy or "{}")
        applying = [each for each in policy.get("Statement", []) if each.get("Condition") != WITHOUT_TLS]
        if not applying:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**policy, "Statement": applying})).is_action_permitted(action, resource)

    seams.replace(FakeBucket, "get_permission", permission_over_tls)
    seams.replace(S3Response, "_key_response", of_short_keys)
    seams.replace(S3Response, "_bucket_response_delete_keys", delete_few)
    seams.replace(S3Response, "list_objects_v2", list_few)
    seams.replace(S3Response, "put_object", put_when_absent)
    seams.replace(S3Response, "copy_object", copy_that_version)
    return seams.restore
