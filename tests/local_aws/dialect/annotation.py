"""The Trino type of every part of a statement, by sqlglot's annotator with Trino's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp, optimizer
from sqlglot.schema import MappingSchema

from ..trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    Type,
    UnknownType,
    array,
    common,
    decimal,
    from_text,
    timestamp,
)
from .grammar import Athena, Node, not_supported

if TYPE_CHECKING:
    from sqlglot.optimizer.annotate_types import TypeAnnotator
else:
    # From its source: no subclass can be made of it where it is compiled.
    _SOURCE = spec_from_file_location("sqlglot_annotate_types", Path(optimizer.__file__).with_name("annotate_types.py"))
    _MODULE = module_from_spec(_SOURCE)
    _SOURCE.loader.exec_module(_MODULE)
    TypeAnnotator = _MODULE.TypeAnnotator

# Of what has no rule: nothing that has it is in the record.
UNRESOLVED = Type("?")
_SQLGLOT = {
    UNKNOWN: exp.DType.NULL,
    UNRESOLVED: exp.DType.UNKNOWN,
    TIMESTAMP_TZ: exp.DType.TIMESTAMPTZ,
    INTERVAL: exp.DType.INTERVAL,
}
_TRINO = {in_sqlglot: in_trino for in_trino, in_sqlglot in _SQLGLOT.items()}


@cache
def to_sqlglot(type_: Type) -> exp.DataType:
    if type_.name == "array":
        made = exp.DataType(this=exp.DType.ARRAY, expressions=[to_sqlglot(type_.element).copy()], nested=True)
    else:
        made = exp.DataType.build(_SQLGLOT.get(type_) or str(type_), dialect="trino")
    made.meta["trino"] = type_
    return made


def type_of(node: Node) -> Type:
    """The Trino type of an annotated node."""
    return UNRESOLVED if node.type is None else from_sqlglot(node.type)


def from_sqlglot(type_: exp.DataType) -> Type:
    known: Type | None = type_.meta.get("trino") or _TRINO.get(type_.this)
    if known is not None:
        return known
    if type_.this == exp.DType.ARRAY and type_.expressions:
        return array(from_sqlglot(type_.expressions[0]))
    return _from_text(type_.sql(dialect="trino").lower())


@cache
def _from_text(text: str) -> Type:
    try:
        return from_text(text)
    except UnknownType:
        return UNRESOLVED


def selects(query: Node) -> list[Node]:
    """The select items of a query, those of the first side of a set operation."""
    query = query.unnest()
    assert isinstance(query, exp.Query)
    return query.selects


def target_of(node: exp.Cast) -> Type:
    """What a CAST casts to; refused where the local engines have no such type."""
    text = node.to.sql(dialect="trino").lower()
    type_ = from_sqlglot(node.to)
    if type_ == UNRESOLVED or text.startswith("char") or text == "decimal":
        raise not_supported(f"cast to {text}")
    return type_


def _literal(node: exp.Literal) -> Type:
    text = str(node.this)
    if node.is_string:
        return VARCHAR
    if "e" in text.lower():
        return DOUBLE
    if "." in text:
        whole, _, fraction = text.partition(".")
        return decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
    value = int(text)
    negated = isinstance(node.parent, exp.Neg)
    if value < 2**31 + negated:
        return INTEGER
    return BIGINT if value < 2**63 + negated else UNRESOLVED


def _arithmetic(node: exp.Binary) -> Type:
    left, right = type_of(node.left), type_of(node.right)
    if isinstance(node.right, exp.Interval) or isinstance(node.left, exp.Interval):
        return right if isinstance(node.left, exp.Interval) else left
    type_ = common(left, right) or UNRESOLVED
    if type_.name != "decimal":
        return type_
    (left_precision, left_scale), (right_precision, right_scale) = left.digits, right.digits
    if isinstance(node, exp.Mul):
        precision, scale = left_precision + right_precision, left_scale + right_scale
    else:
        scale = max(left_scale, right_scale)
        precision = max(left_precision - left_scale, right_precision - right_scale) + scale + 1
    return decimal(precision, scale) if precision <= 38 else UNRESOLVED


def _common(types: Any) -> Type:
    found = UNKNOWN
    for type_ in types:
        found = common(found, type_) or UNRESOLVED
    return found


def _element(type_: Type) -> Type:
    return type_.element if type_.name == "array" else UNRESOLVED


def _sum(type_: Type) -> Type:
    return BIGINT if type_.is_integer else decimal(38, type_.digits[1]) if type_.name == "decimal" else type_


Result = Type | Callable[[list[Type]], Type]
_FIRST = "abs floor ceil ceiling round try array_sort slice nullif min max max_by min_by arbitrary any_value"
_NEIGHBOURS = "lag lead first_value last_value nth_value"
_RESULTS: dict[Result, str] = {
    VARCHAR: "upper lower replace substr substring lpad rpad trim ltrim rtrim chr from_utf8 concat array_join date_format "
    "regexp_replace regexp_extract split_part",
    BIGINT: "length strpos cardinality year month day day_of_month quarter week day_of_week day_of_year date_diff count count_if "
    "row_number rank dense_rank ntile",
    DOUBLE: "sqrt exp ln pow power infinity avg stddev stddev_samp stddev_pop variance var_samp var_pop percent_rank cume_dist",
    BOOLEAN: "starts_with regexp_like contains is_nan is_finite bool_and bool_or every",
    DATE: "date last_day_of_month",
    INTEGER: "codepoint",
    VARBINARY: "to_utf8",
    array(VARCHAR): "split regexp_extract_all",
    (lambda types: types[0]): f"{_FIRST} {_NEIGHBOURS}",
    (lambda types: types[-1]): "date_add date_trunc",
    (lambda types: array(types[-1])): "transform array_agg",
    (lambda types: _element(types[0])): "element_at",
    (lambda types: _sum(types[0])): "sum",
    (lambda types: _common(types[1:])): "if",
    _common: "coalesce greatest least mod",
}
RESULTS: Mapping[str, Result] = {name: result for result, names in _RESULTS.items() for name in names.split()}


class Annotator(TypeAnnotator):
    """sqlglot's, with Trino's coercions between the rows of VALUES and the sides of a set operation."""

    def __init__(self, schema: MappingSchema) -> None:
        super().__init__(schema, expression_metadata=_RULES)

    def _maybe_coerce(self, type1: Any, type2: Any) -> exp.DataType:
        one, other = (from_sqlglot(t if isinstance(t, exp.DataType) else t.into_expr()) for t in (type1, type2))
        return to_sqlglot(common(one, other) or UNRESOLVED)

    def output_types(self, query: Node) -> list[Type]:
        """The types of an annotated query's columns."""
        query = query.unnest()
        if isinstance(query, exp.SetOperation):
            return [from_sqlglot(exp.DataType.build(type_)) for _, type_ in self._setop_column_types[id(query)]]
        return [type_of(item) for item in selects(query)]

    def call(self, node: exp.Anonymous) -> None:
        if node.expressions and isinstance(node.expressions[-1], exp.Lambda):
            self._lambda(node.expressions[-1], _element(type_of(node.expressions[0])))
        result = RESULTS.get(node.name.lower(), UNRESOLVED)
        types = [type_of(argument) for argument in node.expressions]
        self._set_type(node, to_sqlglot(result if isinstance(result, Type) else result(types) if types else UNRESOLVED))

    def _lambda(self, node: exp.Lambda, element: Type) -> None:
        """Type a lambda's body again, now that the type of its variable is known."""
        names = {variable.name for variable in node.expressions}
        for part in node.walk():
            if isinstance(part, exp.Identifier) and part.name in names and not isinstance(part.parent, exp.Column):
                self._set_type(part, to_sqlglot(element))
            elif not isinstance(part, exp.Column | exp.Identifier | exp.Subquery):
                self._visited.pop(id(part), None)
        self.annotate_expression(node)

    def unnest(self, node: exp.Unnest) -> None:
        """As sqlglot types the columns of an UNNEST: by a struct."""
        columns = [
            exp.ColumnDef(this=exp.to_identifier(name), kind=to_sqlglot(_element(type_of(values))).copy())
            for name, values in zip(node.alias_column_names, node.expressions, strict=False)
        ]
        self._set_type(node, exp.DataType(this=exp.DType.STRUCT, expressions=columns, nested=True))


def _by(rule: Callable[[Any], Type]) -> dict[str, Any]:
    return {"annotator": lambda annotator, node: annotator._set_type(node, to_sqlglot(rule(node)))}


_BOOLEAN = _by(lambda node: BOOLEAN)
_SAME = _by(lambda node: type_of(node.this) if isinstance(node.this, exp.Expr) else UNRESOLVED)
_RULES: dict[type[Node], dict[str, Any]] = {
    exp.Literal: _by(_literal),
    exp.Null: _by(lambda node: UNKNOWN),
    exp.Boolean: _BOOLEAN,
    exp.CurrentDate: _by(lambda node: DATE),
    exp.CurrentTimestamp: _by(lambda node: TIMESTAMP_TZ),
    exp.Localtimestamp: _by(lambda node: timestamp(3)),
    exp.Interval: _by(lambda node: INTERVAL),
    exp.Array: _by(lambda node: array(_common(map(type_of, node.expressions)))),
    exp.Case: _by(lambda node: _common(map(type_of, [*node.args["ifs"], *filter(None, [node.args.get("default")])]))),
    exp.If: _by(lambda node: type_of(node.args["true"])),
    exp.DPipe: _by(lambda node: VARCHAR if {type_of(node.left), type_of(node.right)} == {VARCHAR} else UNRESOLVED),
    exp.Coalesce: _by(lambda node: _common(map(type_of, [node.this, *node.expressions]))),
    exp.Distinct: _by(lambda node: type_of(node.expressions[0]) if node.expressions else UNRESOLVED),
    exp.Anonymous: {"annotator": Annotator.call},
    exp.Unnest: {"annotator": Annotator.unnest},
    **dict.fromkeys((exp.Cast, exp.TryCast), _by(target_of)),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _by(_arithmetic)),
    **dict.fromkeys((exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.Escape, exp.Exists), _BOOLEAN),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), _BOOLEAN),
    **dict.fromkeys((exp.Neg, exp.Paren, exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.Lambda), _SAME),
    **dict.fromkeys((exp.Alias, exp.Ordered, exp.Order), _SAME),
    exp.Subquery: _by(lambda node: type_of(selects(node)[0]) if len(selects(node)) == 1 else UNRESOLVED),
}


def schema_of(tables: Mapping[str, Mapping[str, Type]]) -> MappingSchema:
    """The tables' columns as sqlglot wants them."""
    columns: dict[str, object] = {
        name: {column: to_sqlglot(type_) for column, type_ in types.items()} for name, types in tables.items()
    }
    return MappingSchema(columns, dialect=Athena, normalize=False)
