"""The tables and views of the lake, as `sql/tables/` and `sql/views/` define them: created, or brought up to date.

Which definitions a database has is a fingerprint among the parameters of one of its tables, put there last. While it is another
one, tables get the columns that they lack and views are replaced.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

from ..aws import sql
from ..lake import Lake

_CARRIER = "stocks_loads"
_PARAMETER = "lakehouse.definitions"
_COLUMN = re.compile(r"^ +`(\w+)` (\w+)", re.MULTILINE)


def prepare(lake: Lake) -> None:
    """See that every table and view is there, as this version of the pipeline defines it."""
    existing = lake.catalog.tables()
    wanted = {name.partition("/")[2]: name for folder in ("tables", "views") for name in sql.names(folder)}
    of_this_version = existing.get(_CARRIER, {}).get("Parameters", {}).get(_PARAMETER) == fingerprint()
    if of_this_version and wanted.keys() <= existing.keys():
        return
    tables = {table: name for table, name in wanted.items() if name.startswith("tables/")}
    for table in tables.keys() & existing.keys():
        lake.catalog.add_columns(existing[table], columns(tables[table]))
    missing = tables.keys() - existing.keys()
    lake.athena.run(*(sql.render(tables[table], location=lake.table_locations[table]) for table in sorted(missing)))
    lake.athena.run(*map(sql.render, sql.names("views")))
    lake.catalog.set_parameter(_CARRIER, _PARAMETER, fingerprint())


@cache
def fingerprint() -> str:
    """Of the text of every definition."""
    names = [*sql.names("tables"), *sql.names("views")]
    texts = ((sql.FOLDER / f"{name}.sql").read_text(encoding="utf-8") for name in names)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def columns(name: str) -> dict[str, str]:
    """The columns of a table's definition with their types, less its partition keys."""
    text = (sql.FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return dict(_COLUMN.findall(text.partition("PARTITIONED BY")[0]))
