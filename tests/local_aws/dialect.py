"""Trino's SQL compiled to DuckDB's, typed on the way.

Every name is resolved and every expression typed here, as Trino's analyzer does, so that what Trino refuses is refused
with Trino's words, and what is not known to mean the same in DuckDB is refused too (NOT_SUPPORTED_LOCALLY). Nothing gets
through that has no rule: `_EXPRESSIONS` and `functions` are allow lists. sqlglot only parses; its own transpiling is not
used, since it passes on what it does not know.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino

from . import functions
from .casts import cast
from .engine import StatementFailed
from .expression import Expression, literal, not_supported, quote
from .trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    MONTH_INTERVAL,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARCHAR,
    Type,
    UnknownType,
    array,
    common,
    decimal,
    from_text,
    timestamp,
)

PATH = "$path"
Node = exp.Expr


class Athena(Trino):
    """Trino's grammar with every function call left as it was written, since the functions are resolved here."""

    class Parser(Trino.Parser):  # type: ignore[misc, valid-type, unused-ignore]
        FUNCTIONS: dict[str, Callable[..., Any]] = {}
        FUNCTION_PARSERS = {
            name: Trino.Parser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
        }
        NO_PAREN_FUNCTION_PARSERS = {"CASE": Trino.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


@dataclass(frozen=True)
class Table:
    """A catalogue table as a query sees it: its columns in order, the last `partition_keys` of them partition keys."""

    database: str
    name: str
    columns: Sequence[tuple[str, Type]]
    partition_keys: Sequence[str] = ()


@dataclass(frozen=True)
class View:
    database: str
    name: str
    sql: str


class Catalog(Protocol):
    def has_database(self, name: str) -> bool: ...

    def find(self, database: str, name: str) -> Table | View | None: ...


@dataclass
class Scan:
    """One occurrence of a table in a statement: what has to be read for it.

    `relation` is the DuckDB relation that must hold the rows, in columns called as the table's; `used` the columns that
    the statement reads; `filters` conditions in DuckDB's SQL over `alias` that speak of partition keys or the path only:
    rows for which one is not true may be left out. An `optional` scan is one whose rows an outer join may replace by NULLs.
    """

    table: Table
    relation: str
    alias: str
    used: set[str] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)
    optional: bool = False


@dataclass(frozen=True)
class Output:
    """A column of a query. `label` is the name as it was written, for the result's header."""

    name: str | None
    type: Type
    label: str | None = None


@dataclass(frozen=True)
class Query:
    """DuckDB's SQL for a query; its columns are called c1, c2, … in the order of `outputs`."""

    sql: str
    outputs: Sequence[Output]


@dataclass(frozen=True)
class CompiledQuery:
    sql: str
    outputs: Sequence[Output]
    scans: Sequence[Scan]


@dataclass(frozen=True)
class _Field:
    name: str | None
    expression: Expression
    scan: Scan | None = None
    hidden: bool = False


@dataclass(frozen=True)
class _Relation:
    name: str | None
    database: str | None
    fields: Sequence[_Field]


@dataclass
class _Scope:
    """The relations whose columns an expression may name, innermost first."""

    parent: _Scope | None
    relations: list[_Relation] = field(default_factory=list)
    merged: dict[str, _Field] = field(default_factory=dict)
    lambda_variables: dict[str, Expression] = field(default_factory=dict)


Ctes = Mapping[str, tuple[str, Query]]


def parse(sql: str) -> Node:
    """The one statement in `sql`; StatementFailed with SYNTAX_ERROR otherwise."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect=Athena) if statement is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        where = f"line {first.get('line', 1)}:{first.get('col', 1)}"
        raise StatementFailed(f"SYNTAX_ERROR: {where}: {first.get('description', error)}") from None
    except sqlglot.errors.SqlglotError as error:
        raise StatementFailed(f"SYNTAX_ERROR: line 1:1: {error}") from None
    if len(statements) != 1:
        raise StatementFailed("SYNTAX_ERROR: Only one sql statement is allowed. Got: " + sql[:200])
    return statements[0]


def compile_query(node: Node, database: str, catalog: Catalog) -> CompiledQuery:
    """The DuckDB query that answers what Trino would for `node`, parsed by `parse`."""
    compiler = _Compiler(catalog)
    query = compiler.query(node, database, None, {})
    return CompiledQuery(query.sql, query.outputs, compiler.scans)


def fail(error_name: str, message: str, node: Node | None = None, error_type: int = 1001) -> StatementFailed:
    return StatementFailed(f"{error_name}: {_position(node)}{message}", error_type=error_type)


def _position(node: Node | None) -> str:
    """ "line 1:8: " for the first token of a node, as Trino opens its messages; empty where it is not known."""
    found = []
    for part in node.walk() if node is not None else ():
        meta = part.meta
        if "line" in meta and "col" in meta:
            width = meta.get("end", 0) - meta.get("start", 0)
            found.append((meta["line"], max(1, meta["col"] - width)))
    return "line {}:{}: ".format(*min(found)) if found else ""


def _only(node: Node, *allowed: str) -> None:
    """Refuse a node that carries a clause which no rule here looks at."""
    for name, value in node.args.items():
        if value and name not in allowed:
            raise not_supported(f"{type(node).__name__} with {name.strip('_')} in {node.sql(dialect='trino')[:80]}")


class _Compiler:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._numbers = itertools.count(1)
        self.scans: list[Scan] = []
        self.database = "default"
        self.ctes: Ctes = {}
        self.trying = False

    def _fresh(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    # Queries

    def query(self, node: Node, database: str, parent: _Scope | None, ctes: Ctes) -> Query:
        """Compile a query in its own naming context; `parent` is the scope of the query around a subquery."""
        outer = self.database, self.ctes
        self.database, self.ctes = database, ctes
        try:
            return self._query(node, parent)
        finally:
            self.database, self.ctes = outer

    def _subquery(self, node: Node, parent: _Scope | None) -> Query:
        return self.query(node, self.database, parent, self.ctes)

    def _query(self, node: Node, parent: _Scope | None) -> Query:
        prefix = self._with(node.args.get("with_"), parent)
        if isinstance(node, exp.Select):
            query = self._select(node, parent)
        elif isinstance(node, exp.SetOperation):
            query = self._set_operation(node, parent)
        elif isinstance(node, exp.Values):
            _only(node, "expressions", "with_")
            query = self._values(node, parent)
        elif isinstance(node, exp.Subquery):
            _only(node, "this", "order", "limit", "offset", "with_")
            inner = self._subquery(node.this, parent)
            query = Query(f"SELECT * FROM ({inner.sql}){self._tail(node, inner.outputs)}", inner.outputs)
        else:
            raise not_supported(f"the query {node.sql(dialect='trino')[:80]}")
        return Query(prefix + query.sql, query.outputs)

    def _with(self, node: Node | None, parent: _Scope | None) -> str:
        if node is None:
            return ""
        _only(node, "expressions")
        ctes = dict(self.ctes)
        texts = []
        for cte in node.expressions:
            _only(cte, "this", "alias")
            query = self.query(cte.this, self.database, parent, dict(ctes))
            names = [column.name.lower() for column in cte.args["alias"].columns]
            query = Query(query.sql, _renamed(query.outputs, names, cte))
            relation = self._fresh("q")
            ctes[cte.alias.lower()] = relation, query
            texts.append(f"{relation} AS ({query.sql})")
        self.ctes = ctes
        return f"WITH {', '.join(texts)} "

    def _values(self, node: Node, parent: _Scope | None) -> Query:
        scope = _Scope(parent)
        rows = [
            [self.expression(cell, scope) for cell in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise fail("TYPE_MISMATCH", "Values rows have mismatched sizes", node)
        types = [self.unify(column, node) for column in zip(*rows, strict=True)]
        names = ", ".join(f"c{number}" for number in range(1, len(types) + 1))
        texts = ["(" + ", ".join(cast(cell, type_).sql for cell, type_ in zip(row, types, strict=True)) + ")" for row in rows]
        relation = self._fresh("v")
        return Query(
            f"SELECT * FROM (VALUES {', '.join(texts)}) AS {relation}({names})", [Output(None, type_) for type_ in types]
        )

    def _set_operation(self, node: exp.SetOperation, parent: _Scope | None) -> Query:
        _only(node, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        left, right = self._subquery(node.this, parent), self._subquery(node.expression, parent)
        word = type(node).__name__.upper()
        if len(left.outputs) != len(right.outputs):
            raise fail(
                "TYPE_MISMATCH",
                f"{word} query has different number of fields: {len(left.outputs)}, {len(right.outputs)}",
                node,
            )
        outputs = []
        for number, (one, other) in enumerate(zip(left.outputs, right.outputs, strict=True), 1):
            type_ = common(one.type, other.type)
            if type_ is None:
                raise fail(
                    "TYPE_MISMATCH",
                    f"column {number} in {word} query has incompatible types: {one.type}, {other.type}",
                    node,
                )
            outputs.append(Output(one.name, type_))
        sides = f"({_as_types(left, outputs)}) {word}{'' if node.args.get('distinct') else ' ALL'} ({_as_types(right, outputs)})"
        if not any(node.args.get(clause) for clause in ("order", "limit", "offset")):
            return Query(sides, outputs)
        return Query(f"SELECT * FROM ({sides}){self._tail(node, outputs)}", outputs)

    def _tail(self, node: Node, outputs: Sequence[Output]) -> str:
        """ORDER BY, LIMIT and OFFSET over columns c1, c2, …, by ordinal or output name only."""

        def resolve(item: Node) -> str:
            number = _ordinal(item, len(outputs))
            if number is None and isinstance(item, exp.Column) and not item.table:
                named = [n for n, output in enumerate(outputs, 1) if output.name == item.name.lower()]
                if not named:
                    raise fail("COLUMN_NOT_FOUND", f"Column '{item.name.lower()}' cannot be resolved", item, 1006)
                number = named[0]
            if number is None:
                raise not_supported(f"ORDER BY {item.sql(dialect='trino')} over a set operation")
            return f"c{number}"

        return self._order(node.args.get("order"), resolve) + self._limit(node)

    def _order(self, node: Node | None, resolve: Callable[[Node], str]) -> str:
        if node is None:
            return ""
        items = []
        for item in node.expressions:
            _only(item, "this", "desc", "nulls_first")
            direction = "DESC" if item.args.get("desc") else "ASC"
            nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
            items.append(f"{resolve(item.this)} {direction} NULLS {nulls}")
        return f" ORDER BY {', '.join(items)}"

    def _limit(self, node: Node) -> str:
        text = ""
        for clause in ("limit", "offset"):
            found = node.args.get(clause)
            if found is None:
                continue
            if isinstance(found, exp.Fetch):
                _only(found, "direction", "count", "limit_options")
                options = found.args.get("limit_options")
                if options is not None:
                    _only(options, "rows")
            count = found.args.get("count") if isinstance(found, exp.Fetch) else found.expression
            if count is None:
                raise not_supported(f"{clause.upper()} without a number")
            if count.name.upper() == "ALL":
                continue
            if not isinstance(count, exp.Literal) or not count.this.isdigit():
                raise not_supported(f"{clause.upper()} {count.sql(dialect='trino')}")
            text += f" {clause.upper()} {count.this}"
        return text

    def _select(self, node: exp.Select, parent: _Scope | None) -> Query:
        _only(node, "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "with_")
        scope = _Scope(parent)
        source = self._from(node, scope)
        conditions = self._where(node, scope)
        items = list(self._select_items(node, scope))
        texts = [f"{expression.sql} AS c{number}" for number, (_, expression) in enumerate(items, 1)]
        distinct = node.args.get("distinct")
        if distinct:
            _only(distinct)
        sql = f"SELECT {'DISTINCT ' if distinct else ''}{', '.join(texts)}{source}{conditions}"
        sql += self._group(node.args.get("group"), items, scope)
        having = node.args.get("having")
        if having is not None:
            sql += f" HAVING {self.boolean(having.this, scope)}"

        def resolve(item: Node) -> str:
            number = _ordinal(item, len(items))
            if number is not None:
                return str(number)
            named = {name: index for index, (name, _) in reversed(list(enumerate(items, 1))) if name}
            if isinstance(item, exp.Column) and not item.table and item.name.lower() in named:
                return str(named[item.name.lower()])
            expression = self._expression_over_outputs(item, scope, items)
            for index, (_, selected) in enumerate(items, 1):
                if selected.sql == expression.sql:
                    return str(index)
            return expression.sql

        sql += self._order(node.args.get("order"), resolve) + self._limit(node)
        labels = _labels(node, len(items))
        return Query(sql, [Output(name, expression.type, label) for (name, expression), label in zip(items, labels, strict=True)])

    def _expression_over_outputs(self, node: Node, scope: _Scope, items: Sequence[tuple[str | None, Expression]]) -> Expression:
        """An ORDER BY expression: it may name the select list's aliases, which hide the tables' columns."""
        variables = {name: expression for name, expression in reversed(items) if name}
        inner = _Scope(scope.parent, scope.relations, scope.merged, {**scope.lambda_variables, **variables})
        return self.expression(node, inner)

    def _select_items(self, node: exp.Select, scope: _Scope) -> Iterator[tuple[str | None, Expression]]:
        for item in node.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                _only(item, "this", "table")
                yield from self._star(item, scope)
            elif isinstance(item, exp.Alias):
                yield item.alias.lower(), self.expression(item.this, scope)
            else:
                name = item.name.lower() if isinstance(item.unnest(), exp.Column) else None
                yield name, self.expression(item, scope)

    def _star(self, node: Node, scope: _Scope) -> Iterator[tuple[str | None, Expression]]:
        table = node.args.get("table")
        relations = scope.relations
        if table is not None:
            relations = [relation for relation in relations if relation.name == table.name.lower()]
        if not relations:
            raise fail("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", node, 1006)
        if table is None:
            for name, merged in scope.merged.items():
                yield name, self._use(merged)
        for relation in relations:
            for found in relation.fields:
                if not found.hidden and (table is not None or found.name not in scope.merged):
                    yield found.name, self._use(found)

    def _use(self, found: _Field) -> Expression:
        if found.scan is not None and found.name is not None:
            found.scan.used.add(found.name)
        return found.expression

    def _group(self, node: Node | None, items: Sequence[tuple[str | None, Expression]], scope: _Scope) -> str:
        if node is None:
            return ""
        _only(node, "expressions")
        texts = []
        for item in node.expressions:
            number = _ordinal(item, len(items))
            if isinstance(item, exp.GroupingSets | exp.Rollup | exp.Cube):
                raise not_supported(f"GROUP BY {item.sql(dialect='trino')}")
            expression = items[number - 1][1] if number else self.expression(item, scope)
            # A bare literal would be taken for an ordinal.
            texts.append(f"({expression.sql})" if expression.text is None else f"concat({expression.sql})")
        return f" GROUP BY {', '.join(texts)}"

    def _where(self, node: exp.Select, scope: _Scope) -> str:
        where = node.args.get("where")
        if where is None:
            return ""
        conjuncts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        texts = []
        for conjunct in conjuncts:
            text = self.boolean(conjunct, scope)
            texts.append(text)
            scan = self._prunable(conjunct, scope)
            if scan is not None:
                scan.filters.append(text)
        return f" WHERE {' AND '.join(f'({text})' for text in texts)}"

    def _prunable(self, conjunct: Node, scope: _Scope) -> Scan | None:
        """The scan of which a condition rules out whole files: it speaks of its partition keys only, or of "$path" by = or IN.

        Trino prunes by `"$path"` only where the predicate is a set of values.
        """
        if conjunct.find(exp.Query, exp.Lambda):
            return None
        found = []
        for column in conjunct.find_all(exp.Column):
            try:
                found.append(self._find(column, scope))
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

    # Relations

    def _from(self, node: exp.Select, scope: _Scope) -> str:
        source = node.args.get("from_")
        if source is None:
            return ""
        _only(source, "this")
        text = " FROM " + self._relation(source.this, scope)
        for join in node.args.get("joins") or ():
            text += self._join(join, scope)
        return text

    def _join(self, join: exp.Join, scope: _Scope) -> str:
        _only(join, "this", "on", "using", "side", "kind")
        side, kind = join.side.upper(), join.kind.upper()
        if kind not in ("", "INNER", "OUTER", "CROSS"):
            raise not_supported(f"{kind} JOIN")
        known = len(scope.relations)
        relation = self._relation(join.this, scope)
        _make_optional(scope.relations[known:] if side in ("LEFT", "FULL") else ())
        _make_optional(scope.relations[:known] if side in ("RIGHT", "FULL") else ())
        on, using = join.args.get("on"), join.args.get("using")
        if using:
            return f" {side or 'INNER'} JOIN {relation} ON {self._using(using, side, scope, known)}"
        if on is None:
            if side:
                raise fail("SYNTAX_ERROR", f"{side} JOIN needs ON or USING", join)
            return f" CROSS JOIN {relation}"
        return f" {side or 'INNER'} JOIN {relation} ON {self.boolean(on, scope)}"

    def _using(self, using: Sequence[Node], side: str, scope: _Scope, known: int) -> str:
        conditions = []
        for identifier in using:
            name = identifier.name.lower()
            left = scope.merged.get(name) or self._named(scope.relations[:known], name, identifier)
            right = self._named(scope.relations[known:], name, identifier)
            one, other = self._use(left), self._use(right)
            type_ = self.unify([one, other], identifier)
            one, other = cast(one, type_), cast(other, type_)
            conditions.append(f"{one.sql} = {other.sql}")
            kept = {"RIGHT": other.sql, "FULL": f"coalesce({one.sql}, {other.sql})"}.get(side, one.sql)
            scope.merged[name] = _Field(name, Expression(kept, type_))
        return " AND ".join(conditions)

    def _named(self, relations: Sequence[_Relation], name: str, node: Node) -> _Field:
        found = [entry for relation in relations for entry in relation.fields if entry.name == name]
        if not found:
            raise fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node, 1006)
        if len(found) > 1:
            raise fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
        return found[0]

    def _relation(self, node: Node, scope: _Scope) -> str:
        """The text of a FROM item; its columns become known to `scope`."""
        if isinstance(node, exp.Table):
            _only(node, "this", "db", "catalog", "alias")
            return self._table(node, scope)
        if isinstance(node, exp.Subquery):
            _only(node, "this", "alias", "with_")
            if not isinstance(node.this, exp.Query | exp.Values):
                raise not_supported(f"the relation {node.sql(dialect='trino')[:80]}")
            return self._derived(self._subquery(node.this, scope.parent), node, None, scope)
        if isinstance(node, exp.Values):
            _only(node, "expressions", "alias")
            return self._derived(self._values(node, scope.parent), node, None, scope)
        if isinstance(node, exp.Unnest):
            _only(node, "expressions", "alias", "offset")
            return self._unnest(node, scope)
        raise not_supported(f"the relation {node.sql(dialect='trino')[:80]}")

    def _derived(self, query: Query, node: Node, name: str | None, scope: _Scope, relation: str = "") -> str:
        """Bring a query in as a relation, under the node's alias or else `name`."""
        alias = node.args.get("alias")
        reference = self._fresh("r")
        names = [column.name.lower() for column in alias.columns] if alias else []
        outputs = _renamed(query.outputs, names, node)
        fields = [
            _Field(output.name, Expression(f"{reference}.c{number}", output.type)) for number, output in enumerate(outputs, 1)
        ]
        scope.relations.append(_Relation(node.alias.lower() or name, None, fields))
        return f"{relation or f'({query.sql})'} AS {reference}"

    def _table(self, node: exp.Table, scope: _Scope) -> str:
        name = node.name.lower()
        if not node.db and name in self.ctes:
            relation, query = self.ctes[name]
            return self._derived(query, node, name, scope, relation)
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            raise fail("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' not found", node)
        database = (node.db or self.database).lower()
        found = self._catalog.find(database, name)
        if found is None and not self._catalog.has_database(database):
            raise fail("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node, error_type=1301)
        if found is None:
            raise fail("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist", node, error_type=1301)
        if isinstance(found, View):
            return self._derived(self.query(parse(found.sql), found.database, None, {}), node, name, scope)
        reference = self._fresh("r")
        scan = Scan(found, self._fresh("scan"), reference)
        self.scans.append(scan)
        fields = [_Field(column, Expression(f"{reference}.{quote(column)}", type_), scan) for column, type_ in found.columns]
        fields.append(_Field(PATH, Expression(f"{reference}.{quote(PATH)}", VARCHAR), scan, hidden=True))
        if node.args.get("alias") and node.args["alias"].columns:
            raise not_supported(f"column aliases on a table: {node.sql(dialect='trino')}")
        alias = node.alias.lower()
        scope.relations.append(_Relation(alias or name, None if alias else database, fields))
        return f"{scan.relation} AS {reference}"

    def _unnest(self, node: exp.Unnest, scope: _Scope) -> str:
        arrays = [self.expression(item, scope) for item in node.expressions]
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
        outputs = [Output(None, type_) for type_ in types]
        reference = self._fresh("r")
        renamed = _renamed(outputs, names, node)
        fields = [
            _Field(output.name, Expression(f"{reference}.c{number}", output.type)) for number, output in enumerate(renamed, 1)
        ]
        scope.relations.append(_Relation(node.alias.lower() or None, None, fields))
        return f"LATERAL (SELECT {', '.join(columns)}) AS {reference}"

    # Expressions

    def expression(self, node: Node, scope: _Scope) -> Expression:
        rule = _EXPRESSIONS.get(type(node))
        if rule is None:
            raise not_supported(f"{type(node).__name__} in {node.sql(dialect='trino')[:120]}")
        _only(node, *_ARGUMENTS.get(type(node), ("this", "expression", "expressions")))
        return rule(self, node, scope)

    def boolean(self, node: Node, scope: _Scope) -> str:
        expression = self.expression(node, scope)
        if expression.type not in (BOOLEAN, UNKNOWN):
            raise fail("TYPE_MISMATCH", f"expression must evaluate to a boolean: actual type {expression.type}", node)
        return cast(expression, BOOLEAN).sql

    def unify(self, expressions: Sequence[Expression], node: Node) -> Type:
        type_ = UNKNOWN
        for expression in expressions:
            wider = common(type_, expression.type)
            if wider is None:
                raise fail("TYPE_MISMATCH", f"All operands must be the same type: {type_} and {expression.type} differ", node)
            type_ = wider
        return type_

    def _find(self, node: exp.Column, scope: _Scope) -> _Field:
        name, table, database = node.name.lower(), node.table.lower(), node.db.lower()
        level: _Scope | None = scope
        while level is not None:
            if not table:
                if name in level.lambda_variables:
                    return _Field(None, level.lambda_variables[name])
                if name in level.merged:
                    return level.merged[name]
            found = [
                entry
                for relation in level.relations
                if (not table or relation.name == table) and (not database or relation.database == database)
                for entry in relation.fields
                if entry.name == name
            ]
            if len(found) > 1:
                raise fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node)
            if found:
                return found[0]
            level = level.parent
        raise fail("COLUMN_NOT_FOUND", f"Column '{f'{table}.' if table else ''}{name}' cannot be resolved", node, 1006)

    def _column(self, node: exp.Column, scope: _Scope) -> Expression:
        return self._use(self._find(node, scope))

    def _identifier(self, node: exp.Identifier, scope: _Scope) -> Expression:
        """A lambda's variable, which sqlglot leaves bare."""
        return self._use(self._find(exp.column(node.name), scope))

    def _literal(self, node: exp.Literal, scope: _Scope) -> Expression:
        text = str(node.this)
        if node.is_string:
            return Expression(literal(text), VARCHAR, text)
        if "e" in text.lower():
            return Expression(f"CAST('{text}' AS DOUBLE)", DOUBLE)
        if "." in text:
            whole, _, fraction = text.partition(".")
            type_ = decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
            return Expression(f"CAST('{text}' AS {type_})", type_)
        value = int(text)
        if value >= 2**63:
            raise fail("SYNTAX_ERROR", f"Invalid numeric literal: {text}", node)
        return Expression(text, INTEGER if value < 2**31 else BIGINT, number=value)

    def _boolean(self, node: exp.Boolean, scope: _Scope) -> Expression:
        return Expression("true" if node.this else "false", BOOLEAN)

    def _null(self, node: exp.Null, scope: _Scope) -> Expression:
        return Expression("NULL", UNKNOWN)

    def _paren(self, node: exp.Paren, scope: _Scope) -> Expression:
        inner = self.expression(node.this, scope)
        return Expression(f"({inner.sql})", inner.type, inner.text, inner.number)

    def _connector(self, node: exp.Connector, scope: _Scope) -> Expression:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.boolean(part, scope) for part in node.flatten()]
        return Expression("(" + f" {word} ".join(parts) + ")", BOOLEAN)

    def _not(self, node: exp.Not, scope: _Scope) -> Expression:
        return Expression(f"(NOT {self.boolean(node.this, scope)})", BOOLEAN)

    def _is(self, node: exp.Is, scope: _Scope) -> Expression:
        if not isinstance(node.expression, exp.Null):
            raise not_supported(node.sql(dialect="trino"))
        return Expression(f"({self.expression(node.this, scope).sql} IS NULL)", BOOLEAN)

    def _comparison(self, node: exp.Binary, scope: _Scope) -> Expression:
        left, right = self.expression(node.this, scope), self.expression(node.expression, scope)
        return self._compare(_OPERATORS[type(node)], left, right, node)

    def _compare(self, operator: str, left: Expression, right: Expression, node: Node) -> Expression:
        type_ = common(left.type, right.type)
        if type_ is None or type_.name in ("array", "varbinary") or {left.type, right.type} == {DATE, VARCHAR}:
            shown = operator.replace("NOT DISTINCT", "DISTINCT")
            raise fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {shown.replace('<>', '=')} {right.type}", node)
        one, other = cast(left, type_).sql, cast(right, type_).sql
        text = f"({one} {operator} {other})"
        if type_ == DOUBLE and operator in _NAN_GUARDS:
            operand = one if _NAN_GUARDS[operator] == "left" else other
            if operator == "<>":
                return Expression(f"({text} OR isnan({operand}))", BOOLEAN)
            return Expression(f"({text} AND NOT isnan({operand}))", BOOLEAN)
        return Expression(text, BOOLEAN)

    def _between(self, node: exp.Between, scope: _Scope) -> Expression:
        value = self.expression(node.this, scope)
        low = self._compare(">=", value, self.expression(node.args["low"], scope), node)
        high = self._compare("<=", value, self.expression(node.args["high"], scope), node)
        return Expression(f"({low.sql} AND {high.sql})", BOOLEAN)

    def _in(self, node: exp.In, scope: _Scope) -> Expression:
        value = self.expression(node.this, scope)
        subquery = node.args.get("query")
        if subquery is None:
            choices = [self.expression(choice, scope) for choice in node.expressions]
            for choice in choices:
                self._compare("=", value, choice, node)
            type_ = self.unify([value, *choices], node)
            texts = ", ".join(cast(choice, type_).sql for choice in choices)
            return Expression(f"({cast(value, type_).sql} IN ({texts}))", BOOLEAN)
        query = self._subquery(subquery.unnest(), scope)
        if len(query.outputs) != 1:
            raise fail(
                "TYPE_MISMATCH", f"Multiple columns returned by subquery are not yet supported. Found {len(query.outputs)}", node
            )
        output = query.outputs[0]
        self._compare("=", value, Expression("", output.type), node)
        type_ = self.unify([value, Expression("", output.type)], node)
        return Expression(f"({cast(value, type_).sql} IN ({_as_types(query, [Output(None, type_)])}))", BOOLEAN)

    def _exists(self, node: exp.Exists, scope: _Scope) -> Expression:
        return Expression(f"EXISTS ({self._subquery(node.this.unnest(), scope).sql})", BOOLEAN)

    def _scalar_subquery(self, node: exp.Subquery, scope: _Scope) -> Expression:
        query = self._subquery(node.this, scope)
        if len(query.outputs) != 1:
            raise fail(
                "TYPE_MISMATCH", f"Multiple columns returned by subquery are not yet supported. Found {len(query.outputs)}", node
            )
        return Expression(f"({query.sql})", query.outputs[0].type)

    def _like(self, node: exp.Like, scope: _Scope, escape: str = "") -> Expression:
        value, pattern = self.expression(node.this, scope), self.expression(node.expression, scope)
        for operand in (value, pattern):
            if operand.type not in (VARCHAR, UNKNOWN):
                raise fail(
                    "TYPE_MISMATCH", f"Left side of LIKE expression must evaluate to a varchar (actual: {operand.type})", node
                )
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        return Expression(f"({value.sql} {word} {pattern.sql}{escape})", BOOLEAN)

    def _escape(self, node: exp.Escape, scope: _Scope) -> Expression:
        if not isinstance(node.this, exp.Like):
            raise not_supported(node.sql(dialect="trino"))
        return self._like(node.this, scope, f" ESCAPE {self.expression(node.expression, scope).sql}")

    def _negative(self, node: exp.Neg, scope: _Scope) -> Expression:
        if isinstance(node.this, exp.Literal) and node.this.this == str(2**63):
            return Expression(f"CAST('-{2**63}' AS BIGINT)", BIGINT)
        value = self.expression(node.this, scope)
        if not value.type.is_numeric:
            raise fail("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
        return Expression(f"(-{value.sql})", value.type, number=None if value.number is None else -value.number)

    def _arithmetic(self, node: exp.Binary, scope: _Scope) -> Expression:
        left, right = self.expression(node.this, scope), self.expression(node.expression, scope)
        symbol = _OPERATORS[type(node)]
        intervals = (DAY_INTERVAL, MONTH_INTERVAL)
        if right.type in intervals and symbol in "+-" or left.type in intervals and symbol == "+":
            moment, interval = (right, left) if left.type in intervals else (left, right)
            if moment.type.is_timestamp:
                return Expression(f"({moment.sql} {symbol} {interval.sql})", moment.type)
            if moment.type == DATE and not interval.text:
                return Expression(f"CAST({moment.sql} {symbol} {interval.sql} AS DATE)", DATE)
        type_ = common(left.type, right.type)
        if symbol == "-" and type_ is not None and (type_ == DATE or type_.is_timestamp):
            raise not_supported("the difference of two moments as an interval, use date_diff")
        if type_ is None or not (type_.is_numeric or type_ == UNKNOWN):
            raise fail("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {symbol} {right.type}", node)
        if type_.name == "real":
            raise not_supported("arithmetic on real")
        if type_.name == "decimal":
            return self._decimal_arithmetic(symbol, left, right, node)
        one, other = cast(left, type_).sql, cast(right, type_).sql
        if symbol == "/" and type_.is_integer:
            symbol = "//"
        return Expression(f"({one} {symbol} {other})", type_)

    def _decimal_arithmetic(self, symbol: str, left: Expression, right: Expression, node: Node) -> Expression:
        """Trino's result types; division and remainder are refused, DuckDB's differ."""
        (left_precision, left_scale), (right_precision, right_scale) = left.type.digits, right.type.digits
        if symbol in "+-":
            scale = max(left_scale, right_scale)
            precision = max(left_precision - left_scale, right_precision - right_scale) + scale + 1
        elif symbol == "*":
            precision, scale = left_precision + right_precision, left_scale + right_scale
        else:
            raise not_supported(f"decimal {symbol}; write 1e0 or cast to double: {node.sql(dialect='trino')[:80]}")
        if precision > 38:
            raise not_supported(f"a decimal of {precision} digits: {node.sql(dialect='trino')[:80]}")
        type_ = decimal(precision, scale)
        if symbol == "*":
            one, other = cast(left, decimal(*left.type.digits)).sql, cast(right, decimal(*right.type.digits)).sql
        else:
            one, other = cast(left, type_).sql, cast(right, type_).sql
        return Expression(f"CAST({one} {symbol} {other} AS {type_})", type_)

    def _concatenation(self, node: exp.DPipe, scope: _Scope) -> Expression:
        parts = [self.expression(part, scope) for part in node.flatten()]
        if any(part.type == UNKNOWN for part in parts):
            raise not_supported(f"|| with an untyped NULL: {node.sql(dialect='trino')[:80]}")
        if all(part.type == VARCHAR for part in parts):
            return Expression("(" + " || ".join(part.sql for part in parts) + ")", VARCHAR)
        if any(part.type.name == "array" for part in parts):
            raise not_supported(f"|| of arrays: {node.sql(dialect='trino')[:80]}")
        types = ", ".join(str(part.type) for part in parts)
        raise fail("FUNCTION_NOT_FOUND", f"Unexpected parameters ({types}) for function concat", node)

    def _case(self, node: exp.Case, scope: _Scope) -> Expression:
        subject = self.expression(node.this, scope) if node.this is not None else None
        conditions, results = [], []
        for branch in node.args["ifs"]:
            if subject is None:
                conditions.append(self.boolean(branch.this, scope))
            else:
                conditions.append(self._compare("=", subject, self.expression(branch.this, scope), branch).sql)
            results.append(self.expression(branch.args["true"], scope))
        default = node.args.get("default")
        otherwise = self.expression(default, scope) if default is not None else Expression("NULL", UNKNOWN)
        type_ = self.unify([*results, otherwise], node)
        branches = " ".join(
            f"WHEN {condition} THEN {cast(result, type_).sql}" for condition, result in zip(conditions, results, strict=True)
        )
        return Expression(f"CASE {branches} ELSE {cast(otherwise, type_).sql} END", type_)

    def _cast(self, node: exp.Cast, scope: _Scope) -> Expression:
        value = self.expression(node.this, scope)
        target_text = node.args["to"].sql(dialect="trino").lower()
        parameters = node.args["to"].expressions
        try:
            target = from_text(target_text)
        except UnknownType:
            if node.args["to"].this != exp.DataType.Type.USERDEFINED:
                raise not_supported(f"cast to {target_text}") from None
            raise fail("TYPE_MISMATCH", f"Unknown type: {target_text}", node) from None
        if target_text.startswith("char") or (target.name == "decimal" and not parameters):
            raise not_supported(f"cast to {target_text}")
        if target == VARCHAR and parameters and value.type != VARCHAR:
            raise not_supported(f"cast of {value.type} to {target_text}, which fails where it does not fit")
        converted = cast(
            value, target, explicit=True, trying=isinstance(node, exp.TryCast) or self.trying, where=_position(node.this)
        )
        if target == VARCHAR and parameters:
            return Expression(f"substr({converted.sql}, 1, {int(parameters[0].name)})", VARCHAR)
        return converted

    def _interval(self, node: exp.Interval, scope: _Scope) -> Expression:
        unit = node.unit.name.lower() if node.unit is not None else ""
        amount = node.this
        if not isinstance(amount, exp.Literal) or unit not in ("second", "minute", "hour", "day", "week", "month", "year"):
            raise not_supported(node.sql(dialect="trino"))
        type_ = MONTH_INTERVAL if unit in ("month", "year") else DAY_INTERVAL
        # `text` marks the units that can't be added to a date.
        part_of_day = unit if unit in ("second", "minute", "hour") else None
        return Expression(f"INTERVAL {int(amount.name)} {unit}", type_, part_of_day)

    def _array(self, node: exp.Array, scope: _Scope) -> Expression:
        elements = [self.expression(element, scope) for element in node.expressions]
        type_ = self.unify(elements, node)
        return Expression("[" + ", ".join(cast(element, type_).sql for element in elements) + "]", array(type_))

    def _subscript(self, node: exp.Bracket, scope: _Scope) -> Expression:
        raise not_supported(f"an array subscript, use element_at: {node.sql(dialect='trino')[:80]}")

    def _trim(self, node: exp.Trim, scope: _Scope) -> Expression:
        characters = node.args.get("expression")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        arguments = [node.this] + ([characters] if characters is not None else [])
        return self.call(name, arguments, node, scope)

    def _substring(self, node: exp.Substring, scope: _Scope) -> Expression:
        arguments = [node.this, node.args.get("start"), node.args.get("length")]
        return self.call("substr", [argument for argument in arguments if argument is not None], node, scope)

    def _str_position(self, node: exp.StrPosition, scope: _Scope) -> Expression:
        return self.call("strpos", [node.this, node.args["substr"]], node, scope)

    def _extract(self, node: exp.Extract, scope: _Scope) -> Expression:
        unit = node.this.name.lower()
        if unit not in ("year", "month", "day", "quarter"):
            raise not_supported(node.sql(dialect="trino"))
        return self.call(unit, [node.expression], node, scope)

    def _current_date(self, node: exp.CurrentDate, scope: _Scope) -> Expression:
        return Expression("current_date", DATE)

    def _current_timestamp(self, node: exp.CurrentTimestamp, scope: _Scope) -> Expression:
        return Expression("date_trunc('millisecond', now())", TIMESTAMP_TZ)

    def _local_timestamp(self, node: Node, scope: _Scope) -> Expression:
        return Expression("date_trunc('millisecond', CAST(now() AS TIMESTAMP))", timestamp(3))

    # Function calls

    def _function(self, node: exp.Anonymous, scope: _Scope) -> Expression:
        name = node.name.lower()
        if name == "try":
            return self._try(node, scope)
        if name in functions.AGGREGATES or name in functions.WINDOW_FUNCTIONS:
            if name in functions.WINDOW_FUNCTIONS:
                raise fail("MISSING_OVER", f"Window function {name} requires an OVER clause", node)
            call = self._aggregate(node, scope)
            return Expression(call.wrapped(call.sql), call.type)
        if name == "transform":
            return self._transform(node, scope)
        return self.call(name, node.expressions, node, scope)

    def call(self, name: str, arguments: Sequence[Node], node: Node, scope: _Scope) -> Expression:
        functions.check_known(name, _position(node))
        compiled = [self.expression(argument, scope) for argument in arguments]
        return functions.scalar(name, compiled, _position(node))

    def _try(self, node: exp.Anonymous, scope: _Scope) -> Expression:
        outer, self.trying = self.trying, True
        try:
            (argument,) = node.expressions
            value = self.expression(argument, scope)
        finally:
            self.trying = outer
        return Expression(f"TRY({value.sql})", value.type)

    def _transform(self, node: exp.Anonymous, scope: _Scope) -> Expression:
        if len(node.expressions) != 2 or not isinstance(node.expressions[1], exp.Lambda):
            raise fail("FUNCTION_NOT_FOUND", "transform takes an array and a lambda", node)
        values, function = self.expression(node.expressions[0], scope), node.expressions[1]
        if values.type.name != "array" or len(function.expressions) != 1:
            raise fail("FUNCTION_NOT_FOUND", "transform takes an array and a lambda of one argument", node)
        variable = self._fresh("x")
        inner = _Scope(scope, lambda_variables={function.expressions[0].name.lower(): Expression(variable, values.type.element)})
        body = self.expression(function.this, inner)
        return Expression(f"list_transform({values.sql}, lambda {variable}: {body.sql})", array(body.type))

    def _aggregate(self, node: Node, scope: _Scope) -> functions.Call:
        """An aggregate or window function's call, before FILTER and OVER."""
        nulls = ""
        if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
            nulls = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else ""
            node = node.this
        if not isinstance(node, exp.Anonymous):
            raise not_supported(node.sql(dialect="trino")[:120])
        arguments = list(node.expressions)
        distinct, order = False, None
        if len(arguments) == 1 and isinstance(arguments[0], exp.Order):
            order, arguments = arguments[0], [arguments[0].this]
        if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
            distinct, arguments = True, list(arguments[0].expressions)
        star = len(arguments) == 1 and isinstance(arguments[0], exp.Star)
        compiled = [] if star else [self.expression(argument, scope) for argument in arguments]
        ordering = self._order(order, lambda item: self.expression(item, scope).sql)
        return functions.aggregate(
            node.name.lower(), compiled, star=star, distinct=distinct, ordering=ordering, nulls=nulls, where=_position(node)
        )

    def _filter(self, node: exp.Filter, scope: _Scope) -> Expression:
        call = self._aggregate(node.this, scope)
        return Expression(call.wrapped(f"{call.sql} FILTER (WHERE {self.boolean(node.expression.this, scope)})"), call.type)

    def _window(self, node: exp.Window, scope: _Scope) -> Expression:
        function, condition = node.this, ""
        if isinstance(function, exp.Filter):
            condition = f" FILTER (WHERE {self.boolean(function.expression.this, scope)})"
            function = function.this
        call = self._aggregate(function, scope)
        parts = []
        keys = node.args.get("partition_by")
        if keys:
            parts.append("PARTITION BY " + ", ".join(f"({self.expression(key, scope).sql})" for key in keys))
        order = self._order(node.args.get("order"), lambda item: f"({self.expression(item, scope).sql})")
        if order:
            parts.append(order.strip())
        spec = node.args.get("spec")
        if spec is not None:
            parts.append(self._frame(spec))
        return Expression(call.wrapped(f"{call.sql}{condition} OVER ({' '.join(parts)})"), call.type)

    def _frame(self, spec: exp.WindowSpec) -> str:
        _only(spec, "kind", "start", "start_side", "end", "end_side")
        if spec.args["kind"].upper() not in ("ROWS", "RANGE"):
            raise not_supported(f"window frame {spec.args['kind']}")

        def bound(side: str) -> str:
            value, direction = spec.args.get(side), spec.args.get(f"{side}_side") or ""
            if value is None:
                return "CURRENT ROW"
            if isinstance(value, str):
                return f"{value} {direction}".upper().strip()
            if spec.args["kind"].upper() != "ROWS" or not isinstance(value, exp.Literal):
                raise not_supported(f"window frame {spec.sql(dialect='trino')}")
            return f"{int(value.name)} {direction}".upper()

        return f"{spec.args['kind'].upper()} BETWEEN {bound('start')} AND {bound('end')}"


def _labels(node: exp.Select, count: int) -> Sequence[str | None]:
    """The select items' names as written; none for what a star may have spread."""
    if len(node.expressions) != count:
        return [None] * count
    return [item.alias_or_name if isinstance(item, exp.Alias | exp.Column) else None for item in node.expressions]


def _make_optional(relations: Sequence[_Relation]) -> None:
    for relation in relations:
        for entry in relation.fields:
            if entry.scan is not None:
                entry.scan.optional = True


def _ordinal(node: Node, count: int) -> int | None:
    """The select item that GROUP BY or ORDER BY names by its number."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        return None
    number = int(node.this)
    if not 1 <= number <= count:
        raise fail("INVALID_COLUMN_REFERENCE", f"position {number} is not in select list", node)
    return number


def _renamed(outputs: Sequence[Output], names: Sequence[str], node: Node) -> Sequence[Output]:
    if not names:
        return outputs
    if len(names) != len(outputs):
        raise fail(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but relation has {len(outputs)} columns",
            node,
        )
    return [Output(name, output.type) for name, output in zip(names, outputs, strict=True)]


def _as_types(query: Query, outputs: Sequence[Output]) -> str:
    """The query's SQL with its columns cast to the types of `outputs`."""
    if all(one.type == other.type for one, other in zip(query.outputs, outputs, strict=True)):
        return query.sql
    columns = [
        f"{cast(Expression(f's.c{number}', one.type), other.type).sql} AS c{number}"
        for number, (one, other) in enumerate(zip(query.outputs, outputs, strict=True), 1)
    ]
    return f"SELECT {', '.join(columns)} FROM ({query.sql}) AS s"


# To DuckDB NaN equals itself and is greater than any number; to Trino no comparison with it holds, except <>. This is the
# operand whose being NaN would let DuckDB's comparison hold (or, for <>, not hold).
_NAN_GUARDS = {"=": "left", "<>": "left", "<": "right", "<=": "right", ">": "left", ">=": "left"}

_OPERATORS: dict[type[Node], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}

# What the rules of these nodes look at; the others take `this`, `expression` and `expressions`.
_ARGUMENTS: dict[type[Node], tuple[str, ...]] = {
    exp.Column: ("this", "table", "db"),
    exp.Identifier: ("this", "quoted"),
    exp.Literal: ("this", "is_string"),
    exp.Like: ("this", "expression", "negate"),
    exp.Between: ("this", "low", "high"),
    exp.In: ("this", "expressions", "query"),
    exp.Case: ("this", "ifs", "default"),
    exp.Cast: ("this", "to"),
    exp.TryCast: ("this", "to", "safe"),
    exp.Interval: ("this", "unit"),
    exp.Bracket: ("this", "expressions", "offset", "safe"),
    exp.Trim: ("this", "position", "expression"),
    exp.Substring: ("this", "start", "length"),
    exp.StrPosition: ("this", "substr"),
    exp.Window: ("this", "partition_by", "order", "spec", "over"),
    exp.Filter: ("this", "expression"),
    exp.Div: ("this", "expression", "typed", "safe"),
}

_EXPRESSIONS: dict[type[Node], Callable[..., Expression]] = {
    exp.Column: _Compiler._column,
    exp.Identifier: _Compiler._identifier,
    exp.Literal: _Compiler._literal,
    exp.Boolean: _Compiler._boolean,
    exp.Null: _Compiler._null,
    exp.Paren: _Compiler._paren,
    exp.And: _Compiler._connector,
    exp.Or: _Compiler._connector,
    exp.Not: _Compiler._not,
    exp.Is: _Compiler._is,
    exp.EQ: _Compiler._comparison,
    exp.NEQ: _Compiler._comparison,
    exp.LT: _Compiler._comparison,
    exp.LTE: _Compiler._comparison,
    exp.GT: _Compiler._comparison,
    exp.GTE: _Compiler._comparison,
    exp.NullSafeEQ: _Compiler._comparison,
    exp.NullSafeNEQ: _Compiler._comparison,
    exp.Between: _Compiler._between,
    exp.In: _Compiler._in,
    exp.Exists: _Compiler._exists,
    exp.Subquery: _Compiler._scalar_subquery,
    exp.Like: _Compiler._like,
    exp.Escape: _Compiler._escape,
    exp.Neg: _Compiler._negative,
    exp.Add: _Compiler._arithmetic,
    exp.Sub: _Compiler._arithmetic,
    exp.Mul: _Compiler._arithmetic,
    exp.Div: _Compiler._arithmetic,
    exp.Mod: _Compiler._arithmetic,
    exp.DPipe: _Compiler._concatenation,
    exp.Case: _Compiler._case,
    exp.Cast: _Compiler._cast,
    exp.TryCast: _Compiler._cast,
    exp.Interval: _Compiler._interval,
    exp.Array: _Compiler._array,
    exp.Bracket: _Compiler._subscript,
    exp.Trim: _Compiler._trim,
    exp.Substring: _Compiler._substring,
    exp.StrPosition: _Compiler._str_position,
    exp.Extract: _Compiler._extract,
    exp.CurrentDate: _Compiler._current_date,
    exp.CurrentTimestamp: _Compiler._current_timestamp,
    exp.Localtimestamp: _Compiler._local_timestamp,
    exp.Anonymous: _Compiler._function,
    exp.Filter: _Compiler._filter,
    exp.Window: _Compiler._window,
}
