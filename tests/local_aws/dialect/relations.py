"""FROM and its relations: tables, views, subqueries, VALUES and UNNEST, joined."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ..casts import cast
from ..expression import Expression, not_supported, quote
from ..trino_types import BIGINT, VARCHAR
from .compiler import Compiler, unify
from .grammar import Node, fail, only, parse
from .outputs import Output, Query, renamed
from .scopes import PATH, Field, Relation, Scan, Scope, View, named


def from_clause(compiler: Compiler, node: exp.Select, scope: Scope) -> str:
    source = node.args.get("from_")
    if source is None:
        return ""
    only(source, "this")
    text = " FROM " + _relation(compiler, source.this, scope)
    for join in node.args.get("joins") or ():
        text += _join(compiler, join, scope)
    return text


def _join(compiler: Compiler, join: exp.Join, scope: Scope) -> str:
    only(join, "this", "on", "using", "side", "kind")
    side, kind = join.side.upper(), join.kind.upper()
    if kind not in ("", "INNER", "OUTER", "CROSS"):
        raise not_supported(f"{kind} JOIN")
    known = len(scope.relations)
    relation = _relation(compiler, join.this, scope)
    _make_optional(scope.relations[known:] if side in ("LEFT", "FULL") else ())
    _make_optional(scope.relations[:known] if side in ("RIGHT", "FULL") else ())
    on, using = join.args.get("on"), join.args.get("using")
    if using:
        return f" {side or 'INNER'} JOIN {relation} ON {_using(compiler, using, side, scope, known)}"
    if on is None:
        if side:
            raise fail("SYNTAX_ERROR", f"{side} JOIN needs ON or USING", join)
        return f" CROSS JOIN {relation}"
    return f" {side or 'INNER'} JOIN {relation} ON {compiler.boolean(on, scope)}"


def _using(compiler: Compiler, using: Sequence[Node], side: str, scope: Scope, known: int) -> str:
    conditions = []
    for identifier in using:
        name = identifier.name.lower()
        left = scope.merged.get(name) or named(scope.relations[:known], name, identifier)
        right = named(scope.relations[known:], name, identifier)
        one, other = left.use(), right.use()
        type_ = unify([one, other], identifier)
        one, other = cast(one, type_), cast(other, type_)
        conditions.append(f"{one.sql} = {other.sql}")
        kept = {"RIGHT": other.sql, "FULL": f"coalesce({one.sql}, {other.sql})"}.get(side, one.sql)
        scope.merged[name] = Field(name, Expression(kept, type_))
    return " AND ".join(conditions)


def _make_optional(relations: Sequence[Relation]) -> None:
    for relation in relations:
        for entry in relation.fields:
            if entry.scan is not None:
                entry.scan.optional = True


def _relation(compiler: Compiler, node: Node, scope: Scope) -> str:
    """The text of a FROM item; its columns become known to `scope`."""
    if isinstance(node, exp.Table):
        only(node, "this", "db", "catalog", "alias")
        return _table(compiler, node, scope)
    if isinstance(node, exp.Subquery):
        only(node, "this", "alias", "with_")
        if not isinstance(node.this, exp.Query | exp.Values):
            raise not_supported(f"the relation {node.sql(dialect='trino')[:80]}")
        return _derived(compiler, compiler.subquery(node.this, scope.parent), node, None, scope)
    if isinstance(node, exp.Values):
        only(node, "expressions", "alias")
        return _derived(compiler, values(compiler, node, scope.parent), node, None, scope)
    if isinstance(node, exp.Unnest):
        only(node, "expressions", "alias", "offset")
        return _unnest(compiler, node, scope)
    raise not_supported(f"the relation {node.sql(dialect='trino')[:80]}")


def _derived(compiler: Compiler, query: Query, node: Node, name: str | None, scope: Scope, relation: str = "") -> str:
    """Bring a query in as a relation, under the node's alias or else `name`."""
    alias = node.args.get("alias")
    reference = compiler.fresh("r")
    names = [column.name.lower() for column in alias.columns] if alias else []
    outputs = renamed(query.outputs, names, node)
    fields = [Field(output.name, Expression(f"{reference}.c{number}", output.type)) for number, output in enumerate(outputs, 1)]
    scope.relations.append(Relation(node.alias.lower() or name, None, fields))
    return f"{relation or f'({query.sql})'} AS {reference}"


def _table(compiler: Compiler, node: exp.Table, scope: Scope) -> str:
    name = node.name.lower()
    if not node.db and name in compiler.ctes:
        relation, query = compiler.ctes[name]
        return _derived(compiler, query, node, name, scope, relation)
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise fail("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' not found", node)
    database = (node.db or compiler.database).lower()
    found = compiler.catalog.find(database, name)
    if found is None and not compiler.catalog.has_database(database):
        raise fail("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node, error_type=1301)
    if found is None:
        raise fail("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist", node, error_type=1301)
    if isinstance(found, View):
        return _derived(compiler, compiler.query(parse(found.sql), found.database, None, {}), node, name, scope)
    reference = compiler.fresh("r")
    scan = Scan(found, compiler.fresh("scan"), reference)
    compiler.scans.append(scan)
    fields = [Field(column, Expression(f"{reference}.{quote(column)}", type_), scan) for column, type_ in found.columns]
    fields.append(Field(PATH, Expression(f"{reference}.{quote(PATH)}", VARCHAR), scan, hidden=True))
    if node.args.get("alias") and node.args["alias"].columns:
        raise not_supported(f"column aliases on a table: {node.sql(dialect='trino')}")
    alias = node.alias.lower()
    scope.relations.append(Relation(alias or name, None if alias else database, fields))
    return f"{scan.relation} AS {reference}"


def _unnest(compiler: Compiler, node: exp.Unnest, scope: Scope) -> str:
    arrays = [compiler.expression(item, scope) for item in node.expressions]
    for item, expression in zip(node.expressions, arrays, strict=True):
        if expression.type.name != "array":
            raise fail("TYPE_MISMATCH", f"Cannot unnest type: {expression.type}", item)
    columns = [f"unnest({expression.sql}) AS c{number}" for number, expression in enumerate(arrays, 1)]
    types = [expression.type.element for expression in arrays]
    alias = node.args.get("alias")
    names = [column.name.lower() for column in alias.columns] if alias else []
    offset = node.args.get("offset")
    if offset:
        columns.append(f"unnest(range(1, greatest({', '.join(f'len({e.sql})' for e in arrays)}) + 1)) AS c{len(types) + 1}")
        types.append(BIGINT)
        if isinstance(offset, Node):
            names.append(offset.name.lower())
    reference = compiler.fresh("r")
    outputs = renamed([Output(None, type_) for type_ in types], names, node)
    fields = [Field(output.name, Expression(f"{reference}.c{number}", output.type)) for number, output in enumerate(outputs, 1)]
    scope.relations.append(Relation(node.alias.lower() or None, None, fields))
    return f"LATERAL (SELECT {', '.join(columns)}) AS {reference}"


def values(compiler: Compiler, node: Node, parent: Scope | None) -> Query:
    scope = Scope(parent)
    rows = [
        [compiler.expression(cell, scope) for cell in (row.expressions if isinstance(row, exp.Tuple) else [row])]
        for row in node.expressions
    ]
    if len({len(row) for row in rows}) != 1:
        raise fail("TYPE_MISMATCH", "Values rows have mismatched sizes", node)
    types = [unify(column, node) for column in zip(*rows, strict=True)]
    names = ", ".join(f"c{number}" for number in range(1, len(types) + 1))
    texts = ["(" + ", ".join(cast(cell, type_).sql for cell, type_ in zip(row, types, strict=True)) + ")" for row in rows]
    relation = compiler.fresh("v")
    return Query(f"SELECT * FROM (VALUES {', '.join(texts)}) AS {relation}({names})", [Output(None, type_) for type_ in types])
