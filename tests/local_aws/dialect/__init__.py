"""Trino's SQL compiled to DuckDB's, typed on the way.

Every name is resolved and every expression typed here, as Trino's analyzer does, so that what Trino refuses is refused
with Trino's words, and what is not known to mean the same in DuckDB is refused too (NOT_SUPPORTED_LOCALLY). Nothing gets
through that has no rule: the `RULES` of the modules and `functions` are allow lists.

    grammar     parses
    compiler    holds a statement's state, and hands each node to its rule
    scopes      resolves names; outputs are a query's columns
    queries     WITH and set operations; a SELECT is taken apart by select, relations and clauses
    terms, conditions, operators, subqueries, calls
                rules for expressions
    functions   what may be called: forms in signatures, rules in arrays, moments and regexps; aggregates apart
    macros      what the SQL calls that DuckDB lacks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..expression import not_supported
from ..trino_types import REAL
from . import calls, conditions, operators, queries, subqueries, terms
from .compiler import Compiler
from .grammar import Node
from .outputs import Output
from .scopes import Catalog, Scan

RULES = {**terms.RULES, **conditions.RULES, **operators.RULES, **subqueries.RULES, **calls.RULES}


@dataclass(frozen=True)
class CompiledQuery:
    sql: str
    outputs: Sequence[Output]
    scans: Sequence[Scan]


def compile_query(node: Node, database: str, catalog: Catalog) -> CompiledQuery:
    """The DuckDB query that answers what Trino would for `node`, parsed by `grammar.parse`."""
    compiler = Compiler(catalog, RULES, queries.query)
    query = compiler.query(node, database, None, {})
    if any(output.type == REAL for output in query.outputs):
        # As a result it would have the digits of a double.
        raise not_supported("a result of type real, cast it to double")
    return CompiledQuery(query.sql, query.outputs, compiler.scans)
