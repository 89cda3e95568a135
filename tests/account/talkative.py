"""A handler that logs what the lakehouse logs, and one line as a library does, and fails."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lambda_scripts.lakehouse import log, metrics

LINES = 50


@log.invocation
def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    with log.timed("publish", table="stocks_processed") as found:
        found["partitions"] = 3
    log.warning("refused", source="s3://lake/raw/stocks/Ü.csv", reason='it says "no"')
    metrics.emit(RowsAccepted=5, BatchSeconds=1.5)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.event("thread", number=number, text="x" * 2_000), range(LINES)))
    logging.getLogger("botocore").warning("of a library")
    raise ValueError("what the handler fails with")
