"""Metrics as CloudWatch reads them out of log lines: valid by the format's rules, all of them there, and right."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest

from lambda_scripts.lakehouse import metrics
from tests.lakes import RAW, REPORTS, Lake, csv, day

pytestmark = pytest.mark.on_trino(False)

AAPL = csv(day("2016-01-04", 100), day("2016-02-01", 99))

# The units of https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html that are used here.
UNITS = ["Count", "Seconds", "Bytes"]

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {"type": "array", "minItems": 1, "items": {"type": "array", "maxItems": 30}},
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {"Name": {"type": "string", "minLength": 1}, "Unit": {"enum": UNITS}},
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


def assert_valid(line: dict[str, Any]) -> None:
    """CloudWatch drops in silence what breaks these rules."""
    jsonschema.validate(line, SCHEMA)
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 3_600  # milliseconds; two weeks old at most
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimension in (name for names in directive["Dimensions"] for name in names):
            assert isinstance(line[dimension], str) and line[dimension]
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], (int, float)) and not isinstance(line[metric["Name"]], bool)


def values(lake: Lake, name: str, function: str = RAW) -> list[float]:
    return [line[name] for line in lake.logged("metrics") if name in line and line["Function"] == function]


def test_a_drop_emits_what_became_of_it(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL + "2016-02-30,1,1,1,1,1,1\n", "AAPL_old.csv": csv(day("2016-01-04", 1)), "notes.csv": "nothing"})
    assert sum(values(lake, "FilesLoaded")) + sum(values(lake, "FilesRefused")) == 3
    assert (sum(values(lake, "RowsAccepted")), sum(values(lake, "RowsSuperseded")), sum(values(lake, "RowsRejected"))) == (
        2,
        1,
        1,
    )
    assert all(seconds > 0 for function in (RAW, REPORTS) for seconds in values(lake, "BatchSeconds", function))
    assert sum(values(lake, "BytesScanned")) == sum(
        line["bytes_scanned"] for line in lake.logged("athena") if line["function"] == RAW
    )
    assert values(lake, "YearsReported", REPORTS)[-1] == 1
    assert values(lake, "InboxMarkers")[0] == 3 and values(lake, "InboxMarkers")[-1] == 0


def test_every_metric_is_emitted_validly_with_the_function_as_its_one_dimension(lake: Lake) -> None:
    lake.drop({"AAPL.csv": AAPL})
    lines = lake.logged("metrics")
    for line in lines:
        assert_valid(json.loads(json.dumps(line)))
    emitted = {metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert emitted == set(metrics.UNITS) and len(emitted) == 10
    assert {tuple(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) for line in lines} == {("Function",)}
    assert {line["Function"] for line in lines} == {RAW, REPORTS}


def test_the_scheduled_drain_tells_the_inbox_age_of_an_empty_inbox_too(lake: Lake) -> None:
    for function in (RAW, REPORTS):
        lake.account.invoke(function, {"action": "drain", "bucket": lake.bucket})
        assert set(values(lake, "InboxAge", function)) == {0.0}


def test_the_scheduled_drain_tells_the_inbox_age_while_another_invocation_is_at_work(lake: Lake) -> None:
    runtime, holder = (
        lake.account.runtime,
        lake.account.faults.freeze("before", function=RAW, operation="athena:StartQueryExecution"),
    )
    lake.account.drop("raw/stocks/AAPL.csv", AAPL)
    runtime.wait_for("the holder freezes", lambda: holder.struck is not None)
    lake.later(2)
    runtime.send(RAW, {"action": "drain", "bucket": lake.bucket}, "the drain")
    runtime.wait_for("the drain tells", lambda: any(line["request_id"] == "the drain" for line in lake.logged("metrics")))
    first = next(line for line in lake.logged("metrics") if line["request_id"] == "the drain")
    assert first["InboxMarkers"] == 1 and first["InboxAge"] >= 2
    holder.thaw()
    lake.settle()


def test_a_metric_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        metrics.emit(RowsAcepted=1)
