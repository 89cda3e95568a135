"""Glue's answers about tables and partitions, in pages, as moto has none.

Each table's definition is written out once: moto does it anew each time, a twelfth of the tests' time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from moto.core.responses import ActionResult
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

from .seams import Seams

Answer = tuple[int, dict[str, Any], str]
Listed = TypeVar("Listed")

MAX_TABLES = 100  # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
MAX_PARTITIONS = 1000  # https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html


def install() -> Callable[[], None]:
    """Returns the callable that undoes it."""
    seams = Seams()
    known: dict[str, str] = {}

    def get_table(response: GlueResponse) -> Answer:
        given = response.parameters
        table = response.glue_backend.get_table(given["DatabaseName"], given["Name"])
        return answer(response, '{"Table": %s}', written(response, table, lambda found: {"Table": found}))

    def get_tables(response: GlueResponse) -> Answer:
        given = response.parameters
        found = response.glue_backend.get_tables(given["DatabaseName"], given.get("Expression"))
        tables, more = page(response, found, MAX_TABLES)
        texts = [written(response, table, lambda found: {"TableList": [found]}) for table in tables]
        return answer(response, '{"TableList": [%s]' + (f', "NextToken": "{more}"' if more else "") + "}", ", ".join(texts))

    def get_partitions(response: GlueResponse) -> ActionResult:
        given = response.parameters
        asked: Any = given["DatabaseName"], given["TableName"], given.get("Expression")
        found = response.glue_backend.get_partitions(*asked)
        partitions, more = page(response, found, MAX_PARTITIONS)
        return ActionResult({"Partitions": [each.as_dict() for each in partitions], **({"NextToken": more} if more else {})})

    def page(response: GlueResponse, found: Sequence[Listed], most: int) -> tuple[Sequence[Listed], str | None]:
        """What is listed from the token on that was given, and the token of what is left."""
        start = int(response.parameters.get("NextToken") or 0)
        end = start + min(int(response.parameters.get("MaxResults") or most), most)
        return found[start:end], str(end) if end < len(found) else None

    def written(response: GlueResponse, table: FakeTable, around: Callable[[Any], Any]) -> str:
        definition = table.as_dict()
        key = json.dumps(definition, default=repr)
        if key not in known:
            body = str(response.serialized(ActionResult(around(definition)))[2])
            known[key] = body[body.index("{", 1) : body.rindex("}", 0, -1) + 1]
        return known[key]

    def answer(response: GlueResponse, text: str, tables: str) -> Answer:
        status, headers, _ = response.serialized(ActionResult({}))
        return status, headers, text % tables

    seams.replace(GlueResponse, "get_table", get_table)
    seams.replace(GlueResponse, "get_tables", get_tables)
    seams.replace(GlueResponse, "get_partitions", get_partitions)
    return seams.restore
