"""One statement on a Trino server, over Trino's own HTTP protocol.

POST the statement, then follow `nextUri` until there is none
(https://trino.io/docs/current/develop/client-protocol.html). No client capabilities are announced, and so
timestamps come with three digits of a second, as Athena shows them.
"""

from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .lambda_runtime import PATIENCE_SECONDS

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class QueryError(Exception):
    """The statement failed. `name` is Trino's error name ("TABLE_NOT_FOUND"), `kind` USER_ERROR, EXTERNAL,
    INTERNAL_ERROR or INSUFFICIENT_RESOURCES; `message` is without the name."""

    def __init__(self, name: str, kind: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.kind = kind
        self.message = message


class QueryCancelled(Exception):
    """The statement was given up since its event was set."""


@dataclass(frozen=True)
class ResultColumn:
    name: str
    type: str
    """As Trino spells it: "varchar(1)", "decimal(10, 2)", "array(bigint)"."""


@dataclass
class Result:
    """What a statement gave. A cell is None, bool, int, float, str, bytes, list, or dict for map and row."""

    columns: list[ResultColumn] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    update_count: int | None = None
    bytes_scanned: int = 0
    query_id: str = ""
    """Trino's own: it opens the names of the files that an INSERT into an unbucketed table writes."""


def run(
    url: str,
    sql: str,
    *,
    catalog: str | None = None,
    schema: str | None = None,
    session: Mapping[str, str] | None = None,
    cancelled: threading.Event | None = None,
) -> Result:
    """Run one statement to its end.

    Raises QueryError when it fails, QueryCancelled within about a second of `cancelled` being set, and
    OSError when the server can't be reached.
    """
    headers = {"X-Trino-User": "athena", "X-Trino-Source": "local_aws", "X-Trino-Time-Zone": "UTC"}
    if catalog:
        headers["X-Trino-Catalog"] = catalog
    if schema:
        headers["X-Trino-Schema"] = schema
    if session:
        headers["X-Trino-Session"] = ",".join(f"{name}={quote(value)}" for name, value in session.items())
    signatures: list[Any] = []
    page = _request("POST", f"{url}/v1/statement", headers, sql.encode())
    result = Result(query_id=page["id"])
    while True:
        if "error" in page:
            error = page["error"]
            raise QueryError(error["errorName"], error["errorType"], error.get("message", ""))
        if "columns" in page and not result.columns:
            result.columns = [ResultColumn(column["name"], column["type"]) for column in page["columns"]]
            signatures = [column["typeSignature"] for column in page["columns"]]
        result.rows += [
            [_decoded(cell, signature) for cell, signature in zip(row, signatures, strict=True)] for row in page.get("data") or ()
        ]
        result.update_count = page.get("updateCount", result.update_count)
        result.bytes_scanned = page["stats"]["physicalInputBytes"]
        if "nextUri" not in page:
            return result
        if cancelled is not None and cancelled.is_set():
            _request("DELETE", page["nextUri"], headers)
            raise QueryCancelled
        page = _request("GET", page["nextUri"], headers)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    # It answers within a second or so, whether it has rows yet or not, unless it hangs.
    with _OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
        # Trino sends a varchar's bytes as they stand in the file, UTF-8 or not.
        text = answer.read().decode("utf-8", "replace")
    return json.loads(text) if text else {}


def _decoded(cell: Any, signature: Mapping[str, Any]) -> Any:
    """A cell of the protocol's JSON with what JSON can't say: bytes, and the names of a row's fields."""
    if cell is None:
        return None
    kind, arguments = signature["rawType"], [argument["value"] for argument in signature["arguments"]]
    if kind == "varbinary":
        return base64.b64decode(cell)
    if kind in ("double", "real") and isinstance(cell, str):
        return float(cell)
    if kind == "array":
        return [_decoded(element, arguments[0]) for element in cell]
    if kind == "map":
        return {key: _decoded(value, arguments[1]) for key, value in cell.items()}
    if kind == "row":
        names = [(argument.get("fieldName") or {}).get("name", f"field{position}") for position, argument in enumerate(arguments)]
        types = [argument["typeSignature"] for argument in arguments]
        return {name: _decoded(value, type_) for name, value, type_ in zip(names, cell, types, strict=True)}
    return cell
