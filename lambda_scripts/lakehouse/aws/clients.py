"""The boto3 clients: the only place where one is made."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from . import metering
from .parallel import THREADS

# "standard" retries throttling and transient errors with backoff:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
# No answer that is asked for here takes long, so that a call that hangs is tried again well before the deadline.
CLIENT_CONFIG = ClientConfig(
    retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=THREADS, connect_timeout=5, read_timeout=10
)


@cache
def client(service: str) -> Any:
    """A client for each service, kept while Lambda keeps the process: making one takes longer than most calls."""
    made = boto3.client(service, config=CLIENT_CONFIG)
    metering.install(made)
    return made
