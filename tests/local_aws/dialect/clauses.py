"""ORDER BY, LIMIT and OFFSET, and the ordinals by which ORDER BY and GROUP BY name columns."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from ..expression import not_supported
from .grammar import Node, fail, only


def order_by(node: Node | None, resolve: Callable[[Node], str]) -> str:
    """ORDER BY with Trino's place for NULLs; `resolve` gives the SQL of what an item orders by. Empty without a node."""
    if node is None:
        return ""
    items = []
    for item in node.expressions:
        only(item, "this", "desc", "nulls_first")
        direction = "DESC" if item.args.get("desc") else "ASC"
        nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
        items.append(f"{resolve(item.this)} {direction} NULLS {nulls}")
    return f" ORDER BY {', '.join(items)}"


def limit(node: Node) -> str:
    """A query's LIMIT (or FETCH FIRST) and OFFSET."""
    text = ""
    for clause in ("limit", "offset"):
        found = node.args.get(clause)
        if found is None:
            continue
        if isinstance(found, exp.Fetch):
            only(found, "direction", "count", "limit_options")
            options = found.args.get("limit_options")
            if options is not None:
                only(options, "rows")
        count = found.args.get("count") if isinstance(found, exp.Fetch) else found.expression
        if count is None:
            raise not_supported(f"{clause.upper()} without a number")
        if count.name.upper() == "ALL":
            continue
        if not isinstance(count, exp.Literal) or not count.this.isdigit():
            raise not_supported(f"{clause.upper()} {count.sql(dialect='trino')}")
        text += f" {clause.upper()} {count.this}"
    return text


def ordinal(node: Node, count: int) -> int | None:
    """The select item that GROUP BY or ORDER BY names by its number."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        return None
    number = int(node.this)
    if not 1 <= number <= count:
        raise fail("INVALID_COLUMN_REFERENCE", f"position {number} is not in select list", node)
    return number
