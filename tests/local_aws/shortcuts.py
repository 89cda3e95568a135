"""What botocore and moto work out anew at every call, in a quicker way with the same answer: a twentieth of the tests' time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import botocore.parsers
import botocore.session
import botocore.utils
import moto.core.responses
from botocore.auth import SigV4Auth
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp
from moto import backend_index
from moto.core.base_backend import BaseBackend
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import method_names_from_class

from .seams import Seams

_LISTED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z")
_IN_A_HEADER = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    seams.replace(botocore.parsers, "DEFAULT_TIMESTAMP_PARSER", _timestamp)
    seams.replace(botocore.utils, "parse_timestamp", _timestamp)
    # The engines add methods to moto's classes, so what is known of them ends with the account.
    seams.replace(moto.core.responses, "method_names_from_class", cache(method_names_from_class))
    seams.replace(XFormedAttributePicker, "get_possible_keys", _possible_keys_known(XFormedAttributePicker.get_possible_keys))
    # Nobody checks a signature here, nor which headers it is of.
    seams.replace(SigV4Auth, "canonical_request", lambda signer, request: "")
    seams.replace(SigV4Auth, "headers_to_sign", lambda signer, request: {"host": ""})
    seams.replace(SigV4Auth, "signature", lambda signer, string_to_sign, request: "0" * 64)
    # Each backend puts its patterns together for each request.
    seams.replace(BaseBackend, "urls", property(cache(vars(BaseBackend)["urls"].fget)))
    # moto tries the patterns of all services in turn. Those that are called most come first.
    seams.replace(backend_index, "backend_url_patterns", sorted(backend_index.backend_url_patterns, key=_is_rarely_called))
    seams.replace(botocore.session, "create_loader", _loader_of_the_process)
    return seams.restore


# Of botocore's descriptions of services, a megabyte each: read once a process, for all of its sessions and accounts. moto has
# a loader of its own, and must: botocore changes some of what it has read.
_loader = cache(create_loader)


def _loader_of_the_process(search_path_string: str | None = None) -> Loader:
    loader = _loader(search_path_string)
    # Each session of boto3 appends its folder.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return loader


def _possible_keys_known(possible_keys: Callable[..., Iterable[str]]) -> Callable[..., Iterable[str]]:
    """Under which names moto looks for a member of an answer: the same for all objects of a type."""
    known: dict[Any, tuple[str, ...]] = {}

    def of_its_type(picker: XFormedAttributePicker, context: AttributePickerContext) -> Iterable[str]:
        place = type(context.obj), context.key, context.shape
        if place not in known:
            known[place] = tuple(possible_keys(picker, context))
        return known[place]

    return of_its_type


def _is_rarely_called(service_and_pattern: tuple[str, Any]) -> bool:
    return service_and_pattern[0] not in ("s3", "athena", "glue")


def _timestamp(value: Any) -> datetime:
    """A moment of S3's listings (2016-01-04T00:00:00Z) or headers (Mon, 04 Jan 2016 00:00:00 GMT); else as botocore reads it."""
    if isinstance(value, str):
        with suppress(ValueError):
            if _LISTED.fullmatch(value):
                return datetime.fromisoformat(f"{value[:-1]}+00:00")
            if _IN_A_HEADER.fullmatch(value):
                return parsedate_to_datetime(value)
    found: datetime = parse_timestamp(value)
    return found
