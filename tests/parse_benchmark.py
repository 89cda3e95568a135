"""What the parse of many lines costs on Trino: `python -m tests.parse_benchmark`. Prints what docs/performance.md quotes.

The figures are Trino's own CPU seconds of load/parsed_rows.sql, each time over new files of as many lines.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import date
from typing import Any
from unittest import mock

from tests.local_aws import LocalAccount, trino_client

HEADERS = {
    "commas": "Symbol,Date,Open,High,Low,Close,Adj Close,Volume",
    "semicolons and decimal commas": "Symbol;Datum;Erster;Hoch;Tief;Schlusskurs;Volumen",
}
DAYS = [date(2016, 1, day) for day in range(4, 30)]


def lines(layout: str, count: int) -> str:
    """A file of that many rows: the days of a month of one symbol after the other."""
    rows = []
    for n in range(count):
        symbol, day, low = f"S{n // len(DAYS):05d}", DAYS[n % len(DAYS)], n % 90 + 9.75
        if layout == "commas":
            rows.append(f"{symbol},{day},{low + 0.5},{low + 2.5},{low},{low + 1.25},{low + 1.1:.2f},{n}")
        else:
            prices = ";".join(f"{low + part:.2f}".replace(".", ",") for part in (0.5, 2.5, 0, 1.25))
            rows.append(f"{symbol};{day:%d.%m.%Y};{prices};{n}")
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
                content = lines(asked.layout, asked.lines).replace("S0", f"S{number}F{file:02d}N")
                account.drop(f"raw/stocks/T{number}F{file:02d}.csv", content.encode())
            time.sleep(2)
            while not account.idle:
                time.sleep(0.5)
            found = ", ".join(f"{cpu_seconds[query]:.2f}" for query in parses)
            print(f"{asked.files} x {asked.lines:,} lines, {asked.layout}: {found} CPU s", flush=True)


if __name__ == "__main__":
    main()
