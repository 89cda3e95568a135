"""Events decoded: every record, every envelope."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambda_scripts.lakehouse.errors import ConfigurationError
from lambda_scripts.lakehouse.queue.events import Change, by_bucket


def record(key: str, sequencer: str = "0055AED6DCD90281E5") -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": {"key": key, "size": 1, "sequencer": sequencer}},
    }


CHANGE = Change("b", "raw/stocks/red flower+é.csv", "0055AED6DCD90281E5")
DIRECT = {"Records": [record("raw/stocks/red+flower%2B%C3%A9.csv")]}
SNS_MESSAGE = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": json.dumps(DIRECT)}


@pytest.mark.parametrize(
    "event",
    [
        DIRECT,
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(DIRECT)}}]},
        {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(DIRECT)}]},
        {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(SNS_MESSAGE)}]},
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": "b"},
                "object": {"key": "raw/stocks/red flower+é.csv", "sequencer": "0055AED6DCD90281E5"},
            },
        },
    ],
    ids=["S3", "SNS", "SQS", "SNS in SQS", "EventBridge"],
)
def test_an_event_is_the_same_change_in_every_envelope(event: Any) -> None:
    assert dict(by_bucket(event)) == {"b": [CHANGE]}


def test_every_record_of_an_event_counts_by_bucket() -> None:
    other = record("raw/stocks/c.csv")
    other["s3"]["bucket"]["name"] = "other"
    event = {"Records": [record("raw/stocks/a.csv"), other, record("raw/stocks/b.csv")]}
    assert {bucket: [change.key for change in changes] for bucket, changes in by_bucket(event)} == {
        "b": ["raw/stocks/a.csv", "raw/stocks/b.csv"],
        "other": ["raw/stocks/c.csv"],
    }


def test_the_test_event_of_s3_is_no_change() -> None:
    assert list(by_bucket({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})) == []


def test_two_deliveries_of_one_change_have_one_token_even_without_a_sequencer() -> None:
    first, again, later = record("a.csv"), record("a.csv"), record("a.csv")
    for each in (first, again, later):
        del each["s3"]["object"]["sequencer"]
    later["s3"]["object"]["size"] = 2
    tokens = [dict(by_bucket({"Records": [each]}))["b"][0].token for each in (first, again, later)]
    assert tokens[0] == tokens[1] != tokens[2]


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({}, "{}"),
        ({"detail": {}}, '{"detail": {}}'),
        ("raw/stocks/a.csv", '"raw/stocks/a.csv"'),
        ({"Records": None}, '{"Records": null}'),
        ({"Records": "raw/stocks/a.csv"}, "raw/stocks/a.csv"),
        ({"Records": [None]}, "null"),
        ({"Records": [{"dynamodb": {}}]}, '{"dynamodb": {}}'),
        ({"Records": [{"s3": {}}]}, '{"s3": {}}'),
        ({"Records": [{"s3": {"bucket": {"name": 5}, "object": {"key": "a.csv"}}}]}, '"name": 5'),
        ({"Records": [{"s3": {"bucket": {"name": "b"}, "object": None}}]}, '"object": null'),
        ({"Records": [{"body": "hello"}]}, "hello"),
        ({"Records": [{"body": {}}]}, '{"body": {}}'),
        ({"Records": [{"Sns": {"Message": "[1]"}}]}, "[1]"),
        ({"source": "aws.s3", "detail": {"bucket": {"name": "b"}}}, '"source": "aws.s3"'),
    ],
    ids=str,
)
def test_anything_else_is_an_error_that_shows_it(event: Any, shown: str) -> None:
    with pytest.raises(ConfigurationError, match="not a.*" + re.escape(shown)):
        list(by_bucket(event))


def test_what_can_be_read_is_handed_out_before_the_error_that_names_the_rest() -> None:
    messages = [{"body": "hello"}, {"body": json.dumps(DIRECT)}, {"body": "[1]"}]
    told = by_bucket({"Records": messages})
    assert next(told) == ("b", [CHANGE])
    with pytest.raises(ConfigurationError, match=r"hello.*; .*\[1\]"):
        next(told)
