"""Glue's answers about tables, each definition written out once: moto does it anew each time, a twelfth of the tests' time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.models import FakeTable
from moto.glue.responses import GlueResponse

from .seams import Seams

Answer = tuple[int, dict[str, Any], str]


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
        tables = response.glue_backend.get_tables(given["DatabaseName"], given.get("Expression"))
        texts = [written(response, table, lambda found: {"TableList": [found]}) for table in tables]
        return answer(response, '{"TableList": [%s]}', ", ".join(texts))

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
    return seams.restore
