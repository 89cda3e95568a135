"""The configuration: read in one place, wrong values refused by name."""

from __future__ import annotations

import pytest

from lambda_scripts.lakehouse.config import Config
from lambda_scripts.lakehouse.errors import ConfigurationError


def test_the_defaults_are_those_of_the_description() -> None:
    config = Config.from_environment("hyn-stocks-datalakehouse", {})
    assert (config.bucket, config.database) == ("hyn-stocks-datalakehouse", "hyn_stocks_db")
    assert (config.workgroup, config.raw_crawler) == ("primary", "stocks_raw_crawler")


def test_every_field_is_read_from_the_environment_with_its_type() -> None:
    config = Config.from_environment(
        "",
        {
            "LAKE_BUCKET": "mine",
            "LAKE_BATCH_FILES": "7",
            "LAKE_POLL_SECONDS": "0.25",
            "LAKE_QUICKSIGHT_DATASETS": "a, b,",
            "HOME": "x",
        },
    )
    assert (config.bucket, config.batch_files, config.poll_seconds, config.quicksight_datasets) == ("mine", 7, 0.25, ("a", "b"))


def test_an_empty_value_switches_the_crawler_off_but_not_the_bucket() -> None:
    config = Config.from_environment("event-bucket", {"LAKE_BUCKET": "", "LAKE_RAW_CRAWLER": ""})
    assert (config.bucket, config.raw_crawler) == ("event-bucket", "")


def test_a_lake_has_one_bucket() -> None:
    with pytest.raises(ConfigurationError, match="one lake has one bucket"):
        Config.from_environment("event-bucket", {"LAKE_BUCKET": "mine"})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "LAKE_BUCKET"),
        ({"LAKE_BUCKET": "b", "LAKE_DATABSE": "x"}, "unknown setting LAKE_DATABSE"),
        ({"LAKE_BUCKET": "b", "LAKE_BATCH_FILES": "many"}, "LAKE_BATCH_FILES must be a int"),
        ({"LAKE_BUCKET": "b", "LAKE_BATCH_FILES": "0"}, "at least 1"),
        ({"LAKE_BUCKET": "b", "LAKE_RAW_PREFIX": "incoming/"}, "unknown setting LAKE_RAW_PREFIX"),
        ({"LAKE_BUCKET": "b", "LAKE_POLL_SECONDS": "-1"}, "must not be negative"),
        ({"LAKE_BUCKET": "b", "LAKE_DATE_ORDER": "american"}, "day-first or month-first"),
        ({"LAKE_BUCKET": "b", "LAKE_RESULTS": "results/"}, "must be an s3:// folder"),
        ({"LAKE_BUCKET": "lake", "LAKE_RESULTS": "s3://lake/raw/results/"}, "lies in a zone of the lake"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_value_is_refused_by_name(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Config.from_environment("", environment)
