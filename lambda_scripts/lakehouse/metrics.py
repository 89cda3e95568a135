"""Metrics: log lines in CloudWatch's embedded metric format, which costs no API call and no permission but that to log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

CloudWatch bills each name for each function and takes a line at least once, so a sum can count twice; the load records are exact.
"""

from __future__ import annotations

import time
from typing import Any

from . import log

NAMESPACE = "StocksLakehouse"
DIMENSION = "Function"

UNITS = {
    "FilesLoaded": "Count",
    "FilesRefused": "Count",
    "RowsAccepted": "Count",
    "RowsSuperseded": "Count",
    "RowsRejected": "Count",
    "YearsReported": "Count",
    "BatchSeconds": "Seconds",
    "BytesScanned": "Bytes",
    "InboxMarkers": "Count",
    "InboxAge": "Seconds",
}
"""Every metric, with its unit. docs/monitoring.md says what each counts."""


def emit(**values: float) -> None:
    """Log one line that holds these metrics of the function that runs. Raises KeyError for a name that UNITS lacks.

    Nothing of a check's trial load is counted.
    """
    if log.bound("check"):
        return
    definitions = [{"Name": name, "Unit": UNITS[name]} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": definitions}
    header = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    line: dict[str, Any] = {"_aws": header, DIMENSION: log.bound("function") or "none", **values}
    log.event("metrics", **line)
