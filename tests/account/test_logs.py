"""Log lines as CloudWatch gets them, through AWS's own runtime client, in both of Lambda's log formats."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.account.runtime_api import output_of
from tests.account.talkative import LINES

pytest.importorskip("awslambdaric", reason="AWS builds its runtime client for Linux only")


@pytest.fixture(scope="module", params=["Text", "JSON"])
def lines(request: pytest.FixtureRequest) -> list[str]:
    return output_of("tests.account.talkative.lambda_handler", request.param)


def objects(lines: list[str]) -> list[dict[str, Any]]:
    """The lines that are JSON objects from end to end: Logs Insights finds the fields of those, and CloudWatch their metrics."""
    return [json.loads(line) for line in lines if line.startswith("{") and '"step"' in line]


def test_the_fields_of_a_line_are_at_its_top_in_either_format(lines: list[str]) -> None:
    (publish,) = [line for line in objects(lines) if line["step"] == "publish"]
    assert (publish["table"], publish["partitions"]) == ("stocks_processed", 3) and publish["seconds"] >= 0
    assert (publish["function"], publish["request_id"]) == ("f", "the-request")


def test_level_and_time_are_those_that_lambda_filters_by(lines: list[str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    levels = {line["step"]: line["level"] for line in objects(lines)}
    assert levels["refused"] == "WARN" and levels["publish"] == "INFO"
    assert all(datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")).tzinfo for line in objects(lines))


def test_the_error_of_an_invocation_is_a_line_of_the_function_in_either_format(lines: list[str]) -> None:
    (failed,) = [line for line in objects(lines) if line["step"] == "failed"]
    assert (failed["level"], failed["function"], failed["request_id"]) == ("ERROR", "f", "the-request")
    assert failed["error"] == "ValueError: what the handler fails with"


def test_the_runtimes_own_line_has_the_field_that_the_queries_ask_for(lines: list[str]) -> None:
    """In JSON format, where it is an object; it is all that there is of an error before the handler runs."""
    own = [json.loads(line) for line in lines if line.startswith("{") and "errorType" in line]
    assert [(line["level"], line["errorMessage"]) for line in own] in ([], [("ERROR", "what the handler fails with")])


def test_text_stays_as_it_is(lines: list[str]) -> None:
    (refused,) = [line for line in objects(lines) if line["step"] == "refused"]
    assert (refused["source"], refused["reason"]) == ("s3://lake/raw/stocks/Ü.csv", 'it says "no"')


def test_metrics_are_a_line_of_their_own_in_either_format(lines: list[str]) -> None:
    (metrics,) = [line for line in objects(lines) if line["step"] == "metrics"]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Function"]]
    assert (metrics["Function"], metrics["RowsAccepted"], metrics["BatchSeconds"]) == ("f", 5, 1.5)


def test_lines_of_many_threads_stay_whole(lines: list[str]) -> None:
    assert sorted(line["number"] for line in objects(lines) if line["step"] == "thread") == list(range(LINES))


def test_what_a_library_logs_comes_through_once(lines: list[str]) -> None:
    assert len([line for line in lines if "of a library" in line]) == 1
    assert len(objects(lines)) == LINES + 4
