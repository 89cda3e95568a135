"""A function's own environment variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local_aws import LocalAccount
from tests.local_aws.aws_calls import Faults, Sandbox, inside


@pytest.fixture(autouse=True)
def account() -> Iterator[LocalAccount]:
    with LocalAccount(None) as account:
        yield account


def of_function(**variables: str) -> Sandbox:
    return Sandbox("f", "request", Faults(), environment=variables)


def test_a_functions_variables_come_before_those_of_the_process() -> None:
    os.environ["LAKE_BUCKET"], os.environ["LAKE_DATABASE"] = "of-the-process", "of-the-process"
    with inside(of_function(LAKE_BUCKET="own")):
        assert (os.environ["LAKE_BUCKET"], os.environ["LAKE_DATABASE"]) == ("own", "of-the-process")
        assert dict(os.environ)["LAKE_BUCKET"] == "own" and os.getenv("LAKE_BUCKET") == "own"
    assert os.environ["LAKE_BUCKET"] == "of-the-process"


def test_other_functions_and_the_process_do_not_see_them() -> None:
    with inside(of_function(LAKE_WORKGROUP="own")):
        assert "LAKE_WORKGROUP" in os.environ and len(os.environ) == len(list(os.environ))
    with inside(of_function()):
        assert "LAKE_WORKGROUP" not in os.environ
    assert os.environ.get("LAKE_WORKGROUP") is None


def test_the_threads_of_a_function_see_them() -> None:
    with inside(of_function(LAKE_BUCKET="own")), ThreadPoolExecutor(1) as pool:
        assert pool.submit(os.environ.get, "LAKE_BUCKET").result() == "own"
