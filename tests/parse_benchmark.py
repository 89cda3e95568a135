"""What the parse of many lines costs on Trino: `python -m tests.parse_benchmark`. Prints what docs/performance.md quotes.

The figures are Trino's own CPU seconds of load/parsed_rows.sql, each time over new files of as many lines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from unittest import mock

from tests.local_aws import LocalAccount, trino_client

HEADERS = {
    "commas": "Date,Open,High,Low,Close,Adj Close,Volume",
    "semicolons and decimal commas": "Datum;Erster;Hoch;Tief;Schlusskurs;Volumen",
}


def lines(layout: str, count: int) -> str:
    """A file of that many rows, all of different days of the calendar from 1900 on."""
    days = [date(1900, 1, 1) + timedelta(days=number) for number in range(count)]
    if layout == "commas":
        rows = [
            f"{day},{n % 90 + 10.25},{n % 90 + 12.5},{n % 90 + 9.75},{n % 90 + 11},{n % 90 + 10.1:.2f},{n}"
            for n, day in enumerate(days)
        ]
    else:
        rows = [
            f"{day:%d.%m.%Y};" + ";".join(f"{n % 90 + part:.2f}".replace(".", ",") for part in (10.25, 12.5, 9.75, 11)) + f";{n}"
            for n, day in enumerate(days)
        ]
    return "\n".join([HEADERS[layout], *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--lines", type=int, default=25_000, help="of each file")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--layout", choices=HEADERS, default="commas")
    asked = parser.parse_args()
    cpu_seconds: dict[str, float] = {}
    parses: list[str] = []
    request = trino_client._request

    def watched(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        page = request(method, url, headers, body)
        if body and b"stocks_staging_lines" in body and b"unsafe_files" in body:
            parses.append(page["id"])
        if "stats" in page:
            cpu_seconds[page["id"]] = page["stats"]["cpuTimeMillis"] / 1000
        return page

    with mock.patch.object(trino_client, "_request", watched), LocalAccount("trino") as account:
        account.create_lake()
        for number in range(asked.times):
            for file in range(asked.files):
                account.drop(f"raw/stocks/T{number}F{file:02d}.csv", lines(asked.layout, asked.lines).encode())
            time.sleep(2)
            while not account.idle:
                time.sleep(0.5)
    found = [cpu_seconds[query] for query in parses]
    print(f"{asked.files} x {asked.lines:,} lines, {asked.layout}: {', '.join(f'{seconds:.2f}' for seconds in found)} CPU s")


if __name__ == "__main__":
    main()
