"""What of Trino's SQL is permitted: what a recorded statement has, with the same types of operands.

`expressions.tsv` records what Trino answers, and whether DuckDB answers the same. Each part of a statement has a `kind`, such
as "add(integer, double)", "lower(varchar)", "cast(varchar, date)" or "join left". A kind passes if a statement that the record
calls the same has it. Where Trino itself refuses the statement for its types, the kind fails with Trino's error.
`permits.txt` is drawn from the record, since parsing all of it would hold up the first statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from sqlglot import exp

from ..engine import StatementFailed
from ..trino_types import UNKNOWN, Type
from .annotation import selects, type_of
from .grammar import Node, fail, not_supported

PERMITS = Path(__file__).with_name("permits.txt")
# Errors that Trino finds before it runs a statement, in the types of a part's operands.
REFUSALS = ("TYPE_MISMATCH", "FUNCTION_NOT_FOUND", "INVALID_FUNCTION_ARGUMENT", "TYPE_NOT_FOUND")
# Their first argument is a unit.
UNITS = ("date_add", "date_diff", "date_trunc")
_ANY_NUMBER = ("coalesce", "concat", "greatest", "least")
# Parts that mean what the types of their operands, one after the other, say.
_BY_OPERANDS = (exp.Binary, exp.Unary, exp.Between, exp.Where, exp.Having, exp.Ordered, exp.Exists)
# What a query stands in other than as a value.
_AROUND = (exp.In, exp.Exists, exp.From, exp.Join, exp.Lateral, exp.SetOperation)
_WITHOUT_KIND = (
    exp.Identifier,
    exp.Paren,
    exp.Tuple,
    exp.Column,
    exp.Literal,
    exp.Star,
    exp.DataType,
    exp.DataTypeParam,
    exp.Alias,
    exp.TableAlias,
)


def kinds(query: Node) -> Iterator[tuple[str, Node]]:
    """The kinds of all parts of an annotated query, each with the part."""
    for node in query.walk(prune=lambda node: isinstance(node, exp.DataType)):
        if isinstance(node, _WITHOUT_KIND):
            continue
        name = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
        for kind in (*(_typed(name, node) or [name]), *_clauses(name, node)):
            yield kind, node
        if isinstance(node, exp.Select) and node.parent_select:
            yield from ((kind, node) for kind in _correlated(node))


def _correlated(select: exp.Select) -> Iterator[str]:
    """Where a query speaks of the queries around it, and what it has: Trino makes a join of it, which not each allows."""
    inside = {source.alias_or_name for source in select.find_all(exp.Table, exp.Subquery, exp.Values, exp.Unnest)}
    outer = [column for column in select.find_all(exp.Column) if column.table and column.table not in inside]
    places = {_place(column, select) for column in outer}
    if places:
        has = {arg for arg, value in select.args.items() if value} | ({"window"} if select.find(exp.Window) else set())
        around = select.parent.parent if isinstance(select.parent, exp.Subquery) else select.parent
        use = type(around).__name__.lower() if isinstance(around, _AROUND) else "value"
        yield f"correlated {use} in {' '.join(sorted(places))} of {' '.join(sorted(has))}"


def _place(node: Node, select: exp.Select) -> str:
    """The clause of a query that a part of it stands in."""
    return node.arg_key or "" if node.parent is select or node.parent is None else _place(node.parent, select)


def _clauses(name: str, node: Node) -> Iterator[str]:
    """The clauses that a part has besides its first two operands, with the words in them."""
    for arg, value in node.args.items():
        if value and arg not in ("this", "expression") and not (isinstance(node, exp.Anonymous) and arg == "expressions"):
            yield f"{name} {arg.strip('_')} {value.lower()}" if isinstance(value, str) else f"{name} {arg.strip('_')}"


def _typed(name: str, node: Node) -> Sequence[str]:
    """What the types of a part's operands say of its meaning; nothing of a part that has clauses only."""
    if isinstance(node, exp.Anonymous):
        return _calls(name, node)
    if isinstance(node, exp.Cast):
        if type_of(node.this) == type_of(node) and _target(node) != "varchar(n)":
            return []
        return [f"{name}({_operand(node.this)}, {_target(node)})"]
    if isinstance(node, exp.SetOperation):
        sides = zip(selects(node.this), selects(node.expression), strict=True)
        keeps = "distinct" if node.args.get("distinct") else "all"
        return [f"{name} {keeps}", *(f"{name}({_operand(one)}, {_operand(other)})" for one, other in sides)]
    if isinstance(node, exp.Values):
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        return [f"{name}({_set(column)})" for column in zip(*rows, strict=True)]
    if isinstance(node, exp.Group):
        return [f"{name}({_operand(item)})" for item in node.expressions]
    if isinstance(node, exp.Window | exp.IgnoreNulls | exp.Filter):
        inner = node.find(exp.Anonymous)
        name += " of filter" if isinstance(node.this, exp.Filter) else ""
        return [f"{name} {inner.name.lower() if inner else '?'}"]
    if isinstance(node, exp.WindowSpec):
        return [f"{name} {node.text('kind')} {side} {_bound(node, side)}".lower() for side in ("start", "end")]
    if isinstance(node, exp.Join):
        condition = node.args.get("on")
        return [f"join on({_operand(condition)})"] if condition else []
    if isinstance(node, exp.Interval):
        return [f"interval {_amount(node)} {node.unit.name.lower() if node.unit else '?'}"]
    if isinstance(node, exp.In):
        subquery = node.args.get("query")
        return [f"in({_operand(node.this)}, {'query ' + _operand(subquery) if subquery else _set(node.expressions)})"]
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default") or exp.Null()]
        conditions = [branch.this for branch in node.args["ifs"]]
        subject = f" {_operand(node.this)}" if node.this else ""
        return [f"case{subject}({_set(conditions)}: {_set(results)})"]
    if isinstance(node, exp.Limit | exp.Offset):
        return [f"{name} {type(node.expression).__name__.lower()}"]
    if isinstance(node, exp.Array):
        return [f"array({_set(node.expressions)})"]
    if isinstance(node, exp.Coalesce):
        return [f"coalesce({_set([node.this, *node.expressions])})"]
    if isinstance(node, exp.Lambda):
        return [f"lambda of {len(node.expressions)}({_operand(node.this)})"]
    if isinstance(node, _BY_OPERANDS):
        operands = [value for value in node.args.values() if isinstance(value, exp.Expr)]
        return [f"{name}({', '.join(map(_operand, operands))})"]
    return []


def _amount(interval: exp.Interval) -> str:
    """Trino takes whole numbers, DuckDB any text that it can read."""
    amount = interval.this
    return "constant" if isinstance(amount, exp.Literal) and amount.name.isdecimal() else "?"


def _bound(node: exp.WindowSpec, side: str) -> str:
    bound = node.args.get(side)
    return f"{_operand(bound) if isinstance(bound, exp.Expr) else bound} {node.text(f'{side}_side')}"


def _calls(name: str, node: exp.Anonymous) -> Sequence[str]:
    arguments = node.expressions
    if name in _ANY_NUMBER:
        name += " of one" if len(arguments) == 1 else ""
        return [f"{name}({_set(arguments)})"]
    operands = [_operand(argument) for argument in arguments]
    texts = [argument.name if isinstance(argument, exp.Literal) and argument.is_string else None for argument in arguments]
    if name in UNITS and texts and texts[0] is not None:
        operands[0] = f"'{texts[0].lower()}'"
    elif name.startswith("regexp_"):
        operands = ["constant" if text is not None else operand for text, operand in zip(texts, operands, strict=True)]
        operands[0] = _operand(arguments[0])
    elif name == "date_format" and len(texts) == 2 and texts[1] is not None:
        return [f"{name}({operands[0]}, '{specifier}')" for specifier in re.findall("%.", texts[1]) or ["?"]]
    return [f"{name}({', '.join(operands)})"]


def _operand(node: Node) -> str:
    if isinstance(node, exp.Star):
        return "*"
    if isinstance(node, exp.Interval):
        return f"interval {node.unit.name.lower() if node.unit else '?'}"
    if isinstance(node, exp.Distinct) and len(node.expressions) > 1:
        return "distinct, several"
    prefix = "distinct " if isinstance(node, exp.Distinct) else "ordered " if isinstance(node, exp.Order) else ""
    return prefix + _name(UNKNOWN if isinstance(node, exp.Null) else type_of(node))


def _name(type_: Type) -> str:
    """Decimals of all digits are one: results are cast to the digits that Trino gives."""
    return f"array({_name(type_.element)})" if type_.name == "array" else "decimal" if type_.name == "decimal" else str(type_)


def _target(node: exp.Cast) -> str:
    bounded = type_of(node).name == "varchar" and node.to.expressions
    return "varchar(n)" if bounded else _name(type_of(node))


def _set(nodes: Iterable[Node]) -> str:
    return "|".join(sorted(set(map(_operand, nodes))))


@lru_cache(maxsize=1)
def permitted() -> dict[str, str]:
    """Each recorded kind: an empty text for one that passes, else the error that Trino refuses it with."""
    lines = PERMITS.read_text(encoding="utf-8").splitlines()
    return {kind: error for line in lines for error, _, kind in [line.rpartition("\t")]}


def check(query: Node) -> None:
    """Refuse an annotated query that has a part of a kind that is not permitted."""
    known = permitted()
    for kind, node in kinds(query):
        error = known.get(kind)
        if error is None:
            raise not_supported(
                f"no recorded statement has {kind}, as here: {node.sql(dialect='trino')[:120]}. Athena may accept this; "
                "local DuckDB is not known to mean the same. Record a statement that has it, so that both are held against each "
                'other: python -m tests.local_aws.tests.record "SELECT …"; or run on the Trino engine'
            )
        if error:
            raise fail(error, f"{kind} in {node.sql(dialect='trino')[:120]}", node)


def draw(recorded: Iterable[tuple[str, str]], annotated: Callable[[str], Node]) -> str:
    """The text of `permits.txt` for statements of the record that are the same, each with the error of Trino or an empty text."""
    found: dict[str, str] = {}
    refused: dict[str, str] = {}
    for statement, error in recorded:
        if error and error not in REFUSALS:
            continue
        try:
            for kind, _ in kinds(annotated(statement)):
                (refused if error else found)[kind] = error
        except StatementFailed:
            if not error:
                raise
    return "".join(f"{error}\t{kind}\n" if error else f"{kind}\n" for kind, error in sorted({**refused, **found}.items()))
