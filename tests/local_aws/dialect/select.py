"""SELECT: its items, WHERE, GROUP BY, HAVING and ORDER BY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from ..engine import StatementFailed
from ..expression import Expression, not_supported
from .clauses import limit, order_by, ordinal
from .compiler import Compiler
from .grammar import Node, fail, only
from .outputs import Output, Query
from .relations import from_clause
from .scopes import PATH, Scan, Scope

_Item = tuple["str | None", Expression]


def select(compiler: Compiler, node: exp.Select, parent: Scope | None) -> Query:
    only(node, "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "with_")
    scope = Scope(parent)
    source = from_clause(compiler, node, scope)
    conditions = _where(compiler, node, scope)
    items = list(_select_items(compiler, node, scope))
    texts = [f"{expression.sql} AS c{number}" for number, (_, expression) in enumerate(items, 1)]
    distinct = node.args.get("distinct")
    if distinct:
        only(distinct)
    sql = f"SELECT {'DISTINCT ' if distinct else ''}{', '.join(texts)}{source}{conditions}"
    sql += _group(compiler, node.args.get("group"), items, scope)
    having = node.args.get("having")
    if having is not None:
        sql += f" HAVING {compiler.boolean(having.this, scope)}"

    def resolve(item: Node) -> str:
        number = ordinal(item, len(items))
        if number is not None:
            return str(number)
        named = {name: index for index, (name, _) in reversed(list(enumerate(items, 1))) if name}
        if isinstance(item, exp.Column) and not item.table and item.name.lower() in named:
            return str(named[item.name.lower()])
        expression = _expression_over_outputs(compiler, item, scope, items)
        for index, (_, selected) in enumerate(items, 1):
            if selected.sql == expression.sql:
                return str(index)
        return expression.sql

    sql += order_by(node.args.get("order"), resolve) + limit(node)
    labels = _labels(node, len(items))
    return Query(sql, [Output(name, expression.type, label) for (name, expression), label in zip(items, labels, strict=True)])


def _expression_over_outputs(compiler: Compiler, node: Node, scope: Scope, items: Sequence[_Item]) -> Expression:
    """An ORDER BY expression: it may name the select list's aliases, which hide the tables' columns."""
    variables = {name: expression for name, expression in reversed(items) if name}
    inner = Scope(scope.parent, scope.relations, scope.merged, {**scope.lambda_variables, **variables})
    return compiler.expression(node, inner)


def _select_items(compiler: Compiler, node: exp.Select, scope: Scope) -> Iterator[_Item]:
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            only(item, "this", "table")
            yield from _star(compiler, item, scope)
        elif isinstance(item, exp.Alias):
            yield item.alias.lower(), compiler.expression(item.this, scope)
        else:
            name = item.name.lower() if isinstance(item.unnest(), exp.Column) else None
            yield name, compiler.expression(item, scope)


def _star(compiler: Compiler, node: Node, scope: Scope) -> Iterator[_Item]:
    table = node.args.get("table")
    relations = scope.relations
    if table is not None:
        relations = [relation for relation in relations if relation.name == table.name.lower()]
    if not relations:
        raise fail("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", node, 1006)
    if table is None:
        for name, merged in scope.merged.items():
            yield name, merged.use()
    for relation in relations:
        for found in relation.fields:
            if not found.hidden and (table is not None or found.name not in scope.merged):
                yield found.name, found.use()


def _where(compiler: Compiler, node: exp.Select, scope: Scope) -> str:
    where = node.args.get("where")
    if where is None:
        return ""
    conjuncts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    texts = []
    for conjunct in conjuncts:
        text = compiler.boolean(conjunct, scope)
        texts.append(text)
        scan = _prunable(conjunct, scope)
        if scan is not None:
            scan.filters.append(text)
    return f" WHERE {' AND '.join(f'({text})' for text in texts)}"


def _prunable(conjunct: Node, scope: Scope) -> Scan | None:
    """The scan of which a condition rules out whole files: it speaks of its partition keys only, or of "$path" by = or IN.

    Trino prunes by `"$path"` only where the predicate is a set of values.
    """
    if conjunct.find(exp.Query, exp.Lambda):
        return None
    found = []
    for column in conjunct.find_all(exp.Column):
        try:
            found.append(scope.find(column))
        except StatementFailed:
            return None
    scans = {id(entry.scan): entry.scan for entry in found}
    if len(scans) != 1:
        return None
    (scan,) = scans.values()
    names = {entry.name for entry in found}
    if scan is None or scan.optional:
        return None
    if names == {PATH}:
        return scan if isinstance(conjunct.unnest(), exp.EQ | exp.In) else None
    return scan if names <= set(scan.table.partition_keys) else None


def _group(compiler: Compiler, node: Node | None, items: Sequence[_Item], scope: Scope) -> str:
    if node is None:
        return ""
    only(node, "expressions")
    texts = []
    for item in node.expressions:
        number = ordinal(item, len(items))
        if isinstance(item, exp.GroupingSets | exp.Rollup | exp.Cube):
            raise not_supported(f"GROUP BY {item.sql(dialect='trino')}")
        expression = items[number - 1][1] if number else compiler.expression(item, scope)
        # A bare literal would be taken for an ordinal.
        texts.append(f"({expression.sql})" if expression.text is None else f"concat({expression.sql})")
    return f" GROUP BY {', '.join(texts)}"


def _labels(node: exp.Select, count: int) -> Sequence[str | None]:
    """The select items' names as written; none for what a star may have spread."""
    if len(node.expressions) != count:
        return [None] * count
    return [item.alias_or_name if isinstance(item, exp.Alias | exp.Column) else None for item in node.expressions]
