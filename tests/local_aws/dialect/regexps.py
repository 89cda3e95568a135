"""Functions on regular expressions: the patterns that Trino's engine and DuckDB's read alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..casts import cast
from ..engine import StatementFailed
from ..expression import Expression, literal, not_supported
from ..trino_types import BOOLEAN, UNKNOWN, VARCHAR
from .signatures import TEXTS, FunctionRule, check_arity, no_signature

_ARITY = {"regexp_like": (2,), "regexp_replace": (2, 3), "regexp_extract": (2, 3), "regexp_extract_all": (2, 3)}


def _check_regex(name: str, pattern: Expression, where: str) -> str:
    """A pattern that RE2 and Java read alike: no look-around, back-reference, possessive or atomic group, class algebra."""
    text = pattern.text
    if text is None:
        raise not_supported(f"{where}{name} with a pattern that is not a literal")
    for meaning, refused in (
        ("look-around or an atomic group", r"\(\?(?![:a-z])"),
        ("inline flags other than i", r"\(\?(?!i\))[a-zA-Z-]"),
        ("a back-reference", r"\\[1-9k]"),
        ("a possessive quantifier", r"[*+?}]\+"),
        ("class intersection", r"&&"),
        ("a POSIX or Unicode class", r"\[:|\\p|\\P|\\h|\\v|\\R|\\X|\\Q|\\Z|\\G"),
    ):
        if re.search(refused, re.sub(r"\\\\", "", text)):
            raise not_supported(f"{where}{meaning} in the pattern {text!r}")
    try:
        re.compile(text)
    except re.error as error:
        raise StatementFailed(f"INVALID_FUNCTION_ARGUMENT: {where}{error} in the pattern {text!r}") from None
    return text


def _regexp(name: str, arguments: Sequence[Expression], where: str) -> Expression:
    check_arity(name, arguments, where, *_ARITY[name])
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments[:2]):
        raise no_signature(name, arguments, where)
    pattern = _check_regex(name, arguments[1], where)
    subject, quoted = cast(arguments[0], VARCHAR).sql, literal(pattern)
    if name == "regexp_like":
        return Expression(f"regexp_matches({subject}, {quoted})", BOOLEAN)
    if name == "regexp_replace":
        return Expression(f"regexp_replace({subject}, {quoted}, {_replacement(arguments, pattern, where)}, 'g')", VARCHAR)
    group = 0
    if len(arguments) == 3:
        if arguments[2].number is None:
            raise not_supported(f"{where}{name} with a group that is not a literal")
        group = arguments[2].number
    if group > re.compile(pattern).groups or group < 0:
        raise StatementFailed(
            f"INVALID_FUNCTION_ARGUMENT: {where}Pattern has {re.compile(pattern).groups} groups. Cannot access group {group}"
        )
    if group and re.search(r"\)[?*]|\)\{0|\|", pattern):
        # Trino gives NULL for a group that took no part, RE2 an empty text.
        raise not_supported(f"{where}a group that may take no part in the match: {pattern!r}")
    if name == "regexp_extract":
        return Expression(
            f"CASE WHEN regexp_matches({subject}, {quoted}) THEN regexp_extract({subject}, {quoted}, {group}) END", VARCHAR
        )
    if re.fullmatch(pattern, ""):
        raise not_supported(f"{where}regexp_extract_all with a pattern that matches nothing: {pattern!r}")
    return Expression(f"regexp_extract_all({subject}, {quoted}, {group})", TEXTS)


def _replacement(arguments: Sequence[Expression], pattern: str, where: str) -> str:
    if len(arguments) == 2:
        return "''"
    text = arguments[2].text
    if text is None or "\\" in text:
        raise not_supported(f"{where}regexp_replace with a replacement that is no literal or has a backslash")
    if text and re.fullmatch(pattern, ""):
        raise not_supported(f"{where}regexp_replace of a pattern that matches nothing: {pattern!r}")
    if re.search(r"\$(?!\d)|\$\d\d", text):
        raise not_supported(f"{where}the replacement {text!r}")
    return literal(re.sub(r"\$(\d)", r"\\\1", text))


RULES: dict[str, FunctionRule] = dict.fromkeys(_ARITY, _regexp)
