"""A Trino query as the DuckDB query that answers the same, and what it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from ..engine import StatementFailed
from ..trino_types import INTERVAL, REAL, VARCHAR, Type, to_duckdb
from .annotation import RESULTS, UNRESOLVED, Annotator, schema_of, selects
from .grammar import Athena, Node, fail, not_supported, parse, quote
from .permits import check
from .rewriting import rewrite
from .values import put_back, taken_out

PATH = "$path"
# How a column without a name is called inside a statement.
_UNNAMED = "$column"
# For the name of a star's columns, in a list of names as they were written.
_STAR = ""


@dataclass(frozen=True)
class Table:
    """A catalogue table as a query sees it: its columns in order, the last of them the partition keys."""

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
    rows for which one is not true may be left out.
    """

    table: Table
    relation: str
    alias: str = ""
    used: set[str] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Output:
    """A column of a query. `label` is the name as it was written, for the result's header."""

    name: str | None
    type: Type
    label: str | None = None


@dataclass(frozen=True)
class CompiledQuery:
    sql: str
    outputs: Sequence[Output]
    scans: Sequence[Scan]


def compile_query(node: Node, database: str, catalog: Catalog) -> CompiledQuery:
    """The DuckDB query that answers what Trino would for `node`, parsed by `grammar.parse`, which is used up.

    Its columns are called c1, c2, …
    """
    labels = _labels(node)
    query, tables = _with_tables(node, database, catalog)
    taken = taken_out(query)
    shape = _Shape(
        hash(query),
        tuple((tuple(table.columns), tuple(table.partition_keys)) for table in tables.values()),
        query,
        tables,
    )
    try:
        compiled = _translated(shape)
    except StatementFailed as error:
        raise StatementFailed(put_back(str(error), taken), error_type=error.error_type) from None
    outputs = compiled.outputs
    if labels.count(_STAR) == 1:
        place = labels.index(_STAR)
        labels[place:place] = [_STAR] * (len(outputs) - len(labels))
    if len(labels) == len(outputs):
        outputs = [replace(output, label=label) for output, label in zip(outputs, labels, strict=True)]
    scans = [
        replace(scan, table=tables[scan.relation], filters=[put_back(text, taken) for text in scan.filters])
        for scan in compiled.scans
    ]
    return CompiledQuery(put_back(compiled.sql, taken), outputs, scans)


@dataclass(frozen=True)
class _Shape:
    """A query without its values: its translation depends on its form and on the columns and keys of its tables."""

    form: int
    columns: Sequence[object]
    query: exp.Subquery = field(compare=False)
    tables: Mapping[str, Table] = field(compare=False)


@lru_cache(maxsize=256)
def _translated(shape: _Shape) -> CompiledQuery:
    query, types, scans = _resolved(shape.query, shape.tables)
    check(query)
    names = [None if item.alias_or_name.startswith(_UNNAMED) else item.alias_or_name for item in selects(query)]
    for type_ in (REAL, INTERVAL, UNRESOLVED):
        if type_ in types:
            raise not_supported(f"a result of type {type_}, cast it to another")
    outputs = [Output(*column) for column in zip(names, types, strict=True)]
    query = rewrite(query)
    _fill(query, scans)
    columns = ", ".join(f"CAST(s.c{number} AS {to_duckdb(type_)}) AS c{number}" for number, type_ in enumerate(types, 1))
    numbered = ", ".join(f"c{number}" for number in range(1, len(types) + 1))
    try:
        sql = query.sql(dialect=DuckDB, comments=False, copy=False, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise not_supported(f"sqlglot says: {error}") from None
    return CompiledQuery(f"SELECT {columns} FROM ({sql}) AS s({numbered})", outputs, list(scans.values()))


def annotated(node: Node, database: str, catalog: Catalog) -> Node:
    """A query with its tables and views put in, its names resolved and its parts typed."""
    return _resolved(*_with_tables(node, database, catalog))[0]


def _with_tables(node: Node, database: str, catalog: Catalog) -> tuple[exp.Subquery, dict[str, Table]]:
    """A query with relations in the place of its tables and queries in the place of its views; the relations' tables."""
    query = exp.Subquery(this=node)
    tables: dict[str, Table] = {}
    _put_in(query, database, catalog, tables)
    return query, tables


def _resolved(query: exp.Subquery, tables: Mapping[str, Table]) -> tuple[Node, list[Type], dict[str, Scan]]:
    """The query with its names resolved and its parts typed; its columns' types; its scans."""
    schema = schema_of({relation: {**dict(table.columns), PATH: VARCHAR} for relation, table in tables.items()})
    has_star = query.find(exp.Star) is not None
    named = [(node, node.alias_column_names) for node in query.find_all(exp.CTE, exp.Subquery)]
    try:
        resolved = qualify(query.this, schema=schema, dialect=Athena, expand_alias_refs=False)
        _check_widths(resolved)
        for node, names in named:
            _check_count(names, len(selects(node.this)), node)
        _check_ambiguity(resolved, has_star)
        if resolved.find(exp.Having):
            _resolve_having(resolved, schema)
        _check_distinct_order(resolved)
        _resolve_order(resolved)
        annotator = Annotator(schema)
        annotator.annotate(resolved)
        scans = {relation: Scan(table, relation) for relation, table in tables.items()}
        return resolved, annotator.output_types(resolved), scans
    except sqlglot.errors.SqlglotError as error:
        raise _unresolved(str(error), query.this, schema) from None


def _resolve_having(query: Node, schema: MappingSchema) -> None:
    """Resolve the names in HAVING, which qualify leaves to its handling of aliases: Trino has none there."""
    for scope in traverse_scope(query):
        having = scope.expression.args.get("having")
        for column in having.find_all(exp.Column) if having is not None else ():
            if not column.table:
                table = Resolver(scope, schema).get_table(column)
                if table is None:
                    raise fail("COLUMN_NOT_FOUND", f"Column '{column.name}' cannot be resolved", column, 1006)
                column.set("table", exp.to_identifier(table.name, quoted=True))


def _resolve_order(query: Node) -> None:
    """Put what aliases stand for into the expressions of ORDER BY, where DuckDB would take a column of the same name."""
    for select in query.find_all(exp.Query):
        items = {item.alias: item.this for item in selects(select) if isinstance(item, exp.Alias)}
        names = [item.alias_or_name for item in selects(select)]
        for ordered in select.args["order"].expressions if select.args.get("order") else ():
            for column in list(ordered.find_all(exp.Column)):
                if not column.table and names.count(column.name) > 1:
                    raise fail("AMBIGUOUS_NAME", f"Column '{column.name}' is ambiguous", column)
                if column is not ordered.this and not column.table and column.name in items:
                    column.replace(exp.paren(items[column.name].copy()))


def _check_distinct_order(query: Node) -> None:
    """Refuse to sort the rows of SELECT DISTINCT by what is not selected, as Trino does."""
    for select in query.find_all(exp.Select):
        if select.args.get("distinct") and select.args.get("order"):
            selected = [
                part for item in select.expressions for part in (item.unalias(), exp.column(item.alias_or_name, quoted=True))
            ]
            for ordered in select.args["order"].expressions:
                if not isinstance(ordered.this, exp.Literal) and ordered.this not in selected:
                    message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                    raise fail("EXPRESSION_NOT_IN_DISTINCT", message)


def _check_ambiguity(query: Node, has_star: bool) -> None:
    """Refuse a column that two of a query's columns are called as; Trino takes both for a star, sqlglot twice the first."""
    for scope in traverse_scope(query):
        for alias, (_, source) in scope.selected_sources.items():
            is_query = isinstance(source, Scope) and isinstance(source.expression, exp.Query)
            names = [item.alias_or_name for item in selects(source.expression)] if is_query else []
            for column in scope.source_columns(alias):
                if names.count(column.name) > 1:
                    message = f"Column '{column.name}' is ambiguous"
                    raise not_supported(message) if has_star else fail("AMBIGUOUS_NAME", message, column)


def _check_using(select: exp.Select) -> None:
    """Refuse a column of USING by the name of one of its tables: to Trino it is of none."""
    joins = [join for join in select.args.get("joins") or () if join.args.get("using")]
    keys = {key.name.lower() for join in joins for key in join.args["using"]}
    sides = {side.alias_or_name.lower() for side in (*joins, *([select.args["from_"]] if joins else ()))}
    for column in select.find_all(exp.Column) if joins else ():
        if column.table.lower() in sides and column.is_star:
            raise not_supported(f"{column.sql()} of a table that is joined by USING")
        if column.table.lower() in sides and column.name.lower() in keys:
            raise fail("COLUMN_NOT_FOUND", f"Column '{column.sql()}' cannot be resolved", column, 1006)


def _check_count(names: Sequence[str], width: int, node: Node) -> None:
    if names and len(names) != width:
        message = f"Column alias list has {len(names)} entries but relation has {width} columns"
        raise fail("MISMATCHED_COLUMN_ALIASES", message, node)


def _check_widths(query: Node) -> None:
    for node in query.find_all(exp.SetOperation):
        left, right = len(selects(node.this)), len(selects(node.expression))
        if left != right:
            word = type(node).__name__.upper()
            raise fail("TYPE_MISMATCH", f"{word} query has different number of fields: {left}, {right}", node)


@lru_cache(maxsize=64)
def _parsed(sql: str) -> Node:
    return parse(sql)


def _put_in(query: Node, database: str, catalog: Catalog, tables: dict[str, Table]) -> None:
    """Put relations in the place of tables, and the queries of views in the place of views; give a name to every column."""
    for values in list(query.find_all(exp.Values)):
        _name_columns(values)
    for unnest in query.find_all(exp.Unnest):
        width = len(unnest.expressions) + (unnest.args.get("offset") is True)
        if len(unnest.alias_column_names) not in (0, width):
            raise not_supported("UNNEST with another number of names than arrays")
    for select in query.find_all(exp.Select):
        _check_using(select)
        for number, item in enumerate(select.expressions):
            if not isinstance(item, exp.Alias | exp.Star) and not isinstance(item.unnest(), exp.Column):
                item.replace(exp.alias_(item.copy(), f"{_UNNAMED}{number}", quoted=True))
    for node in list(query.find_all(exp.Table)):
        if node.alias_column_names:
            raise not_supported(f"column aliases on a table: {node.sql(dialect='trino')}")
        if node.db or not _is_cte(node):
            found = _found(node, database, catalog)
            alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name))
            if isinstance(found, View):
                inner = exp.Subquery(this=_parsed(found.sql).copy(), alias=alias)
                _put_in(inner, found.database, catalog, tables)
                node.replace(inner)
                continue
            relation = f"scan{len(tables) + 1}"
            tables[relation] = found
            if isinstance(around := node.parent_select, exp.Select):
                _hide_path(around)
            node.replace(exp.Table(this=exp.to_identifier(relation), alias=alias))


def _name_columns(values: exp.Values) -> None:
    """Name the columns of VALUES; where they are a query of their own, make them one that qualify reads."""
    if len({len(row.expressions) for row in values.expressions}) != 1:
        raise fail("TYPE_MISMATCH", "Values rows have mismatched sizes", values)
    width = len(values.expressions[0].expressions)
    parent = values.parent
    if isinstance(parent, exp.Subquery) and not values.alias_column_names:
        values.set("alias", parent.args.get("alias"))
        parent.replace(values)
        parent = values.parent
    _check_count(values.alias_column_names, width, values)
    if len(set(values.alias_column_names)) < len(values.alias_column_names):
        raise not_supported("two columns of one name")
    if not values.alias_column_names:
        names = [exp.to_identifier(f"{_UNNAMED}{number}", quoted=True) for number in range(width)]
        name = values.args["alias"].this if values.args.get("alias") else exp.to_identifier("$values", quoted=True)
        values.set("alias", exp.TableAlias(this=name, columns=names))
    if not isinstance(parent, exp.From | exp.Join):
        values.replace(exp.select("*").from_(values.copy()))


def _hide_path(select: exp.Select) -> None:
    """Keep `"$path"` out of what a star stands for."""
    for item in select.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            star.set("except_", [exp.to_identifier(PATH, quoted=True)])


def _is_cte(table: exp.Table) -> bool:
    """Whether the name is that of a query of a WITH around; within the WITH, of one that stands before."""
    node: Node = table
    while node.parent is not None:
        child, node = node, node.parent
        with_ = node if isinstance(node, exp.With) else node.args.get("with_")
        if with_ is not None and with_ is not child:
            before = with_.expressions[: child.index] if with_ is node and not with_.args.get("recursive") else with_.expressions
            if any(cte.alias.lower() == table.name.lower() for cte in before):
                return True
    return False


def _found(node: exp.Table, default: str, catalog: Catalog) -> Table | View:
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise fail("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' not found", node)
    database, name = (node.db or default).lower(), node.name.lower()
    found = catalog.find(database, name)
    if found is None and not catalog.has_database(database):
        raise fail("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", node, error_type=1301)
    if found is None:
        raise fail("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist", node, error_type=1301)
    return found


def _unresolved(message: str, query: Node, schema: MappingSchema) -> Exception:
    """sqlglot's complaint about a name, in Trino's words."""
    matched = re.search(r"[Cc]olumn:? '?([^' .]+)", message)
    if matched is None:
        return not_supported(f"sqlglot says: {message}")
    name = matched[1]
    for scope in traverse_scope(query):
        for column in scope.columns:
            if column.name == name and not column.table:
                resolver = Resolver(scope, schema)
                if sum(name in resolver.get_source_columns(source) for source in scope.selected_sources) > 1:
                    return fail("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", column)
    node = next((column for column in query.find_all(exp.Column) if column.name == name), None)
    if node is not None and isinstance(node.parent, exp.Anonymous) and node.parent.name.lower() not in RESULTS:
        return not_supported(f"the function {node.parent.name.lower()}")
    return fail("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", node, 1006)


def _labels(node: Node) -> list[str | None]:
    """The select items' names as written, before any star is spread."""
    items = node.expressions if isinstance(node, exp.Select) else []
    names = (item.alias_or_name if isinstance(item, exp.Alias | exp.Column) else None for item in items)
    return [_STAR if item.is_star else name for item, name in zip(items, names, strict=True)]


def _fill(query: Node, scans: dict[str, Scan]) -> None:
    """Tell each scan which columns are used, and which conditions rule out whole files."""
    for scope in traverse_scope(query):
        for alias, (_, source) in scope.selected_sources.items():
            scan = scans.get(source.name) if isinstance(source, exp.Table) else None
            if scan is not None:
                scan.alias = quote(alias)
                scan.used = {column.name for column in scope.source_columns(alias)}
                if alias not in _optional(scope.expression):
                    scan.filters = [
                        text.sql(dialect=DuckDB, copy=False) for text in _conjuncts(scope) if _prunes(text, alias, scan.table)
                    ]


def _conjuncts(scope: Scope) -> Iterator[Node]:
    where = scope.expression.args.get("where")
    if where is not None:
        yield from where.this.flatten() if isinstance(where.this, exp.And) else [where.this]


def _optional(select: Node) -> set[str]:
    """The relations whose rows an outer join may replace by NULLs."""
    optional: set[str] = set()
    known = {select.args["from_"].alias_or_name}
    for join in select.args.get("joins") or ():
        if join.side.upper() in ("RIGHT", "FULL"):
            optional |= known
        if join.side.upper() in ("LEFT", "FULL"):
            optional.add(join.alias_or_name)
        known.add(join.alias_or_name)
    return optional


def _prunes(condition: Node, alias: str, table: Table) -> bool:
    """Whether a condition speaks of partition keys only, or of "$path" by = or IN: Trino prunes files by a set of values only."""
    if condition.find(exp.Query, exp.Lambda):
        return False
    columns = list(condition.find_all(exp.Column))
    names = {column.name for column in columns}
    if not columns or any(column.table != alias for column in columns):
        return False
    if names == {PATH}:
        return isinstance(condition.unnest(), exp.EQ | exp.In)
    return names <= set(table.partition_keys)
