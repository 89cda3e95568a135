"""What DuckDB means otherwise than Trino, put so that it means the same: operators, casts, aggregates, patterns and formats."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from ..trino_types import DATE, DOUBLE, TIMESTAMP_TZ, UNKNOWN, VARCHAR, Type, decimal, to_duckdb
from .annotation import type_of
from .grammar import Node, call, fail, not_supported
from .macros import NAMES
from .permits import UNITS

_AGGREGATES = {
    "count_if": "count",
    "every": "bool_and",
    "arbitrary": "any_value",
    "max_by": "arg_max_null",
    "min_by": "arg_min_null",
    "stddev": "stddev_samp",
    "variance": "var_samp",
}
# MySQL's specifiers, as Trino has them, in strftime's spelling; those not here are spelt alike.
_FORMATS = {"i": "%M", "s": "%S", "M": "%B", "W": "%A", "e": "%-d", "c": "%-m", "T": "%H:%M:%S", "h": "%I"}
# To DuckDB NaN equals itself and is greater than any number; to Trino no comparison with it holds, except <>. This is the
# operand whose being NaN would let DuckDB's comparison hold (or, for <>, not hold).
_NAN_GUARDS: dict[type[Node], str] = {
    exp.EQ: "this",
    exp.NEQ: "this",
    exp.LT: "expression",
    exp.LTE: "expression",
    exp.GT: "this",
    exp.GTE: "this",
}
# What Java's regular expressions mean otherwise than RE2's; what RE2 lacks, it refuses itself.
_OTHER_PATTERNS = re.compile(r"\\[bBvpPQ]|\{,|\(\?P|.\(\?[a-zA-Z-]+\)|\(\?[a-zA-Z-]*[a-hj-zA-Z-][a-zA-Z-]*[:)]")
_OTHER_CLASSES = re.compile(r"&&|\[\^?\]|\[[^\]]*\[")
# Without regard to case Java has one letter equal several, such as ß and ss.
_OTHER_CASES = re.compile(r"\(\?[a-zA-Z-]*i.*([^\x00-\xff]|[ßẞ]|ss|st|f[fil])", re.IGNORECASE | re.DOTALL)
# What Python says of patterns that Java refuses too.
_NO_PATTERN = re.compile("unterminated character|missing|min repeat|bad character range|unbalanced|nothing to repeat")


# Functions that it does not know by name too may stand within IGNORE NULLS. The compiled generator wants as many as
# there were, and has no subclass either.
_GENERATOR: Any = DuckDB.generator_class
_GENERATOR.IGNORE_RESPECT_NULLS_WINDOW_FUNCTIONS = (exp.Expr, *_GENERATOR.IGNORE_RESPECT_NULLS_WINDOW_FUNCTIONS[1:])


def rewrite(query: Node) -> Node:
    """The annotated query with every part replaced that DuckDB would read otherwise, operands before what they are part of."""
    root = exp.Subquery(this=query)
    for node in reversed(list(query.walk())):
        rule = _RULES.get(type(node))
        if rule is not None:
            parent, key, index, type_ = node.parent, node.arg_key, node.index, node.type
            replacement = rule(node)
            if replacement is not node and parent is not None and key is not None:
                parent.set(key, replacement, index)
                replacement.type = type_
    rewritten: Node = root.this
    return rewritten


def _cast_to(sql: Node, type_: Type, word: type[Node] = exp.Cast) -> Node:
    return word(this=sql, to=exp.DataType.build(to_duckdb(type_), dialect="duckdb"))


def _arithmetic(node: Node) -> Node:
    type_ = type_of(node)
    if type_.is_integer and isinstance(node, exp.Div):
        return exp.Paren(this=exp.IntDiv(this=node.this, expression=node.expression))
    has_interval = isinstance(node.this, exp.Interval) or isinstance(node.expression, exp.Interval)
    return _cast_to(node, type_) if type_.name == "decimal" or (type_ == DATE and has_interval) else node


def _comparison(node: Node) -> Node:
    guard = _NAN_GUARDS.get(type(node))
    if guard is None or DOUBLE not in (type_of(node.this), type_of(node.expression)):
        return node
    guarded, other = node.args[guard], node.args["this" if guard == "expression" else "expression"]
    if _is_number(guarded):
        return node
    is_nan: Node = call("isnan", exp.cast(guarded.copy(), "double"))
    if not _is_number(other):
        is_nan = exp.Paren(this=exp.And(this=is_nan, expression=exp.Not(this=exp.Is(this=other.copy(), expression=exp.Null()))))
    if isinstance(node, exp.NEQ):
        return exp.Paren(this=exp.Or(this=node, expression=is_nan))
    return exp.Paren(this=exp.And(this=node, expression=exp.Not(this=is_nan)))


def _is_number(node: Node) -> bool:
    return isinstance(node.this if isinstance(node, exp.Neg) else node, exp.Literal)


def _between(node: Node) -> Node:
    if DOUBLE not in (type_of(node.this), type_of(node.args["low"]), type_of(node.args["high"])):
        return node
    low = exp.GTE(this=node.this.copy(), expression=node.args["low"])
    high = exp.LTE(this=node.this, expression=node.args["high"])
    return exp.Paren(this=exp.And(this=_comparison(low), expression=_comparison(high)))


def _case(node: Node) -> Node:
    subject, branches = node.args.get("this"), node.args["ifs"]
    if subject is not None and DOUBLE in map(type_of, (subject, *(branch.this for branch in branches))):
        for branch in branches:
            branch.set("this", _equal(subject, branch.this))
        node.set("this", None)
    return node


def _in(node: Node) -> Node:
    if node.args.get("query"):
        if not isinstance(node.find_ancestor(exp.Select, exp.Where, exp.Having, exp.Join), exp.Select):
            # Where it is a condition, Trino makes it a join, to which NaN is not equal to itself; among selected items it is.
            node.set("this", _not_nan(node.this))
        return node
    if DOUBLE not in map(type_of, (node.this, *node.expressions)):
        return node
    equal = (_equal(node.this, item) for item in node.expressions)
    return exp.Paren(this=reduce(lambda one, other: exp.Or(this=one, expression=other), equal))


def _equal(subject: Node, value: Node) -> Node:
    """As IN and CASE compare: to Trino a column is equal to itself there, be it NaN."""
    equal = exp.EQ(this=subject.copy(), expression=value)
    return equal if subject == value and subject.find(exp.Column) else _comparison(equal)


def _not_nan(node: Node) -> Node:
    return call("trino_not_nan", node) if type_of(node) == DOUBLE else node


def _cast(node: Node) -> Node:
    source, target, value = type_of(node.this), type_of(node), node.this
    trying = isinstance(node, exp.TryCast) or _in_try(node)
    word = exp.TryCast if trying else exp.Cast
    prefix = "trino_try_cast" if trying else "trino_cast"
    if target == VARCHAR:
        text = _text_of(value, source)
        parameters = node.args["to"].expressions
        if not parameters:
            return text
        if source != VARCHAR:
            raise not_supported(f"cast of {source} to a bounded varchar, which fails where it does not fit")
        return call("substr", text, exp.Literal.number(1), exp.Literal.number(parameters[0].name))
    if source == VARCHAR and target.name == "decimal":
        return _decimal_of(value, target, trying)
    if source == VARCHAR and target.name in (
        "date",
        "boolean",
        "double",
        "timestamp",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
    ):
        return _rounded(call(f"{prefix}_{target.name}", value), target, 6)
    if source.name in ("double", "real") and target.is_integer:
        return _cast_to(call("round", value), target, word)
    if source == DOUBLE and target.name == "decimal":
        # Trino rounds the double's shortest text, DuckDB its exact value: 1.005e0 would be 1.00 instead of 1.01.
        return _decimal_of(call("java_double", value), target, trying)
    if source.is_timestamp and target.is_timestamp:
        return _rounded(value, target, source.precision)
    if source == TIMESTAMP_TZ:
        return exp.cast(exp.cast(value, "timestamp"), to_duckdb(target), dialect="duckdb")
    return _cast_to(value, target, exp.Cast if source == UNKNOWN else word)


def _rounded(moment: Node, target: Type, given: int) -> Node:
    if not target.is_timestamp or target.precision >= given:
        return moment
    return call("trino_round_timestamp", moment, exp.Literal.number(10 ** (6 - target.precision)))


def _text_of(value: Node, source: Type) -> Node:
    if source == DOUBLE:
        return call("text_of_double", value)
    if source.is_timestamp:
        if source.precision not in (0, 3, 6):
            raise not_supported(f"cast of {source} to varchar")
        fraction = {0: "", 3: ".%g", 6: ".%f"}[source.precision]
        return call("strftime", call("trino_in_years", value), exp.Literal.string(f"%Y-%m-%d %H:%M:%S{fraction}"))
    value = call("trino_in_years", value) if source == DATE else value
    return value if source == VARCHAR else _cast_to(value, VARCHAR)


def _decimal_of(text: Node, target: Type, trying: bool) -> Node:
    """By way of a text without an exponent, since DuckDB does not count the digits of one with an exponent."""
    word, prefix = (exp.TryCast, "trino_try_cast") if trying else (exp.Cast, "trino_cast")
    widest = _cast_to(call(f"{prefix}_decimal_text", text), decimal(38, target.digits[1]), word)
    return _cast_to(_cast_to(widest, VARCHAR), target, word)


def _in_try(node: Node) -> bool:
    parent = node.parent
    while parent is not None and not isinstance(parent, exp.Query):
        if isinstance(parent, exp.Anonymous) and parent.name.lower() == "try":
            return True
        parent = parent.parent
    return False


def _call(node: Node) -> Node:
    name, type_ = node.name.lower(), type_of(node)
    arguments: list[Node] = node.expressions
    if name.startswith("regexp_"):
        _check_pattern(name, node)
    if name == "concat":
        # DuckDB's passes over NULLs, as do its greatest and least.
        return exp.Paren(this=reduce(lambda one, other: exp.DPipe(this=one, expression=other), arguments))
    if name == "if":
        return exp.Case(ifs=[exp.If(this=arguments[0], true=arguments[1])], default=arguments[2] if arguments[2:] else None)
    if name in ("greatest", "least"):
        missing = exp.or_(*(exp.Is(this=argument.copy(), expression=exp.Null()) for argument in arguments))
        if name == "greatest" and type_ == DOUBLE:
            node = _neg(call("least", *(_neg(exp.cast(argument, "double")) for argument in arguments)))
        return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=node)
    if name in ("floor", "ceil", "ceiling", "round") and len(arguments) == 1 and type_of(arguments[0]).is_integer:
        return arguments[0]
    if name in ("lag", "lead", "nth_value"):
        _check_neighbour(name, node)
    if name == "codepoint" and not (isinstance(arguments[0], exp.Literal) and len(arguments[0].name) == 1):
        raise not_supported("codepoint of other than a literal of one character")
    if name == "nullif" and not (type_ == VARCHAR and isinstance(arguments[1], exp.Literal)):
        equal = _comparison(exp.EQ(this=arguments[0].copy(), expression=arguments[1]))
        return exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=arguments[0])
    if name == "date":
        return call("trino_cast_date", *arguments) if type_of(arguments[0]) == VARCHAR else _cast_to(arguments[0], DATE)
    if name == "date_format":
        format_ = re.sub("%(.)", lambda found: _FORMATS.get(found[1], found[0]), arguments[1].name)
        arguments[1].replace(exp.Literal.string(format_))
    if name == "transform":
        name = "list_transform"
    elif name == "element_at" and isinstance(arguments[1], exp.Literal) and arguments[1].name != "0":
        name = "list_extract"
    elif name == "slice" and _is_position(arguments[1]):
        name = "slice_from"
    elif name == "substr" and all(map(_is_position, arguments[1:])):
        node.set("this", "substr")
        return node
    elif name == "contains":
        arguments[1].replace(_not_nan(arguments[1].copy()))
    elif name == "max" and type_ == DOUBLE:
        name = "arg_min"
        node.set("expressions", [_first(arguments[0]), _neg(_first(arguments[0]).copy())])
    elif name == "max_by" and type_of(arguments[1]) == DOUBLE:
        name = "min_by"
        arguments[1].replace(_neg(arguments[1].copy()))
    elif name == "avg":
        _first(arguments[0]).replace(exp.cast(_first(arguments[0]).copy(), "double"))
    elif name == "count_if":
        arguments[0].replace(call("trino_count_if", arguments[0].copy()))
    node.set("this", _AGGREGATES.get(name, f"trino_{name}" if name in NAMES else name))
    if name in UNITS:
        unit = arguments[0].name.lower()
        arguments[0].replace(exp.Literal.string(unit))
        if name == "date_add":
            node = exp.Paren(this=exp.Add(this=arguments[2], expression=call(f"to_{unit}s", exp.cast(arguments[1], "int"))))
        return _cast_to(node, DATE) if type_ == DATE else node
    return _summed(node)


def _is_position(node: Node) -> bool:
    """Whether it is a literal from 1 on that an integer holds: then DuckDB counts as Trino does."""
    return isinstance(node, exp.Literal) and not node.is_string and 1 <= int(node.name) < 2**31


def _neg(node: Node) -> Node:
    """NaN is the greatest to DuckDB and greater than nothing to Trino: what is greatest is found as the least of the negated."""
    return exp.Neg(this=exp.paren(node))


def _first(argument: Node) -> Node:
    return argument.expressions[0] if isinstance(argument, exp.Distinct) else argument


def _summed(node: Node) -> Node:
    """A sum has Trino's type once FILTER and OVER stand by it; DuckDB's of integers has more digits."""
    if node.arg_key == "this" and isinstance(node.parent, exp.Filter | exp.Window):
        return node
    inner = node.find(exp.Anonymous)
    return _cast_to(node, type_of(node)) if inner is not None and inner.name == "sum" and _is_of(node, inner) else node


def _is_of(node: Node, inner: Node) -> bool:
    while isinstance(node, exp.Filter | exp.Window):
        node = node.this
    return node is inner


def _check_pattern(name: str, node: Node) -> None:
    """Refuse a pattern, group or replacement that RE2 and Java may read otherwise."""
    text, third = node.expressions[1].name, node.expressions[2] if len(node.expressions) > 2 else None
    plain = re.sub(r"\\.", "", text)
    if _OTHER_PATTERNS.search(text.replace(r"\\", "")) or _OTHER_CLASSES.search(plain) or _OTHER_CASES.search(text):
        raise not_supported(f"the pattern {text!r}, which Java and RE2 read otherwise")
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError) as error:
        if _NO_PATTERN.match(str(error)) and not re.search(r"[$^][?*+{]", plain):
            raise fail("INVALID_FUNCTION_ARGUMENT", f"{error} in the pattern {text!r}", node) from None
        raise not_supported(f"the pattern {text!r}: {error}") from None
    node.expressions[1].replace(exp.Literal.string(_in_re2(text)))
    matches_nothing = pattern.fullmatch("") is not None
    if matches_nothing and re.fullmatch(r"[^^*+][^*+]*\$", plain):
        raise not_supported(f"the pattern {text!r}, of which Trino finds no end where the last character has more than one byte")
    if name == "regexp_replace" and third is not None:
        if "\\" in third.name or re.search(r"\$(?!\d)|\$\d\d", third.name) or (third.name and matches_nothing):
            raise not_supported(f"the replacement {third.name!r} for the pattern {text!r}")
        third.replace(exp.Literal.string(re.sub(r"\$(\d)", r"\\\1", third.name)))
    elif third is not None:
        if not isinstance(third, exp.Literal):
            raise not_supported(f"{name} with a group that is not a literal")
        if int(third.name) > pattern.groups:
            raise fail(
                "INVALID_FUNCTION_ARGUMENT", f"Pattern has {pattern.groups} groups. Cannot access group {third.name}", node
            )
        if int(third.name) and re.search(r"\)[?*]|\)\{0|\|", text):
            # Trino gives NULL for a group that took no part, RE2 an empty text.
            raise not_supported(f"a group that may take no part in the match: {text!r}")
    if name == "regexp_extract_all" and matches_nothing:
        raise not_supported(f"{name} with a pattern that matches nothing: {text!r}")


def _in_re2(pattern: str) -> str:
    """The pattern with what RE2's \\s lacks, the vertical tab."""
    parts, in_class = [], False
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        in_class = part == "[" or (in_class and part != "]")
        if part == r"\S" and in_class:
            raise not_supported(f"\\S within brackets: {pattern!r}")
        parts.append({r"\s": r"\t-\r " if in_class else r"[\t-\r ]", r"\S": r"[^\t-\r ]"}.get(part, part))
    return "".join(parts)


def _check_neighbour(name: str, node: Node) -> None:
    """Refuse LAG and LEAD without an order, and offsets below 0 or, of NTH_VALUE, below 1: Trino does."""
    window = node.find_ancestor(exp.Window)
    if name != "nth_value" and window is not None and not window.args.get("order"):
        raise fail("MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause", node)
    if not node.expressions[1:]:
        return
    offset = node.expressions[1]
    if isinstance(offset, exp.Neg) or (name == "nth_value" and offset.name == "0"):
        raise fail("INVALID_FUNCTION_ARGUMENT", f"Offset must be at least {int(name == 'nth_value')}", node)
    if not isinstance(offset, exp.Literal):
        raise not_supported(f"{name} with an offset that is not a literal")


def _escape(node: Node) -> Node:
    if isinstance(node.expression, exp.Literal) and len(node.expression.name) != 1:
        raise fail("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character", node)
    return node


def _ignore_nulls(node: Node) -> Node:
    """DuckDB has IGNORE NULLS inside the call."""
    function: Node = node.this
    function.set("expressions", [*function.expressions[:-1], exp.IgnoreNulls(this=function.expressions[-1])])
    return function


def _unnest(node: Node) -> Node:
    """DuckDB's UNNEST of FROM takes one array only, that of SELECT several."""
    if len(node.expressions) == 1:
        return node
    if node.args.get("offset"):
        raise not_supported("UNNEST of several arrays WITH ORDINALITY")
    return exp.Subquery(this=exp.select(*(call("unnest", values) for values in node.expressions)), alias=node.args.get("alias"))


_RULES: dict[type[Node], Callable[[Any], Node]] = {
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div), _arithmetic),
    **dict.fromkeys(_NAN_GUARDS, _comparison),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    **dict.fromkeys((exp.Filter, exp.Window), _summed),
    exp.Between: _between,
    exp.Case: _case,
    exp.In: _in,
    exp.Escape: _escape,
    exp.Anonymous: _call,
    exp.IgnoreNulls: _ignore_nulls,
    exp.Unnest: _unnest,
    exp.CurrentTimestamp: lambda node: call("trino_now_of_trino"),
    exp.Localtimestamp: lambda node: exp.cast(call("trino_now_of_trino"), "timestamp"),
}
