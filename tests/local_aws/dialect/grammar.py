"""Trino's SQL as sqlglot parses it, and the refusals that point at a place in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.dialects.trino import Trino

from ..engine import StatementFailed

Node = exp.Expr


class Athena(Trino):
    """Trino's grammar with every function call left as it was written, since `translation` and `macros` know the functions."""

    SUPPORTS_NULL_TYPE = True


# Set on sqlglot's own parser, of which no subclass can be made where it is compiled: for all of the process, so that nobody else
# may have sqlglot read Trino's SQL in it.
_PARSER: Any = Athena.parser_class
_PARSER.FUNCTIONS = {}
_PARSER.FUNCTION_PARSERS = {
    name: _PARSER.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
}
_PARSER.NO_PAREN_FUNCTION_PARSERS = {"CASE": _PARSER.NO_PAREN_FUNCTION_PARSERS["CASE"]}

_ATHENA = Athena()


def parse(sql: str) -> Node:
    """The one statement in `sql`; StatementFailed with SYNTAX_ERROR otherwise."""
    try:
        tokens = _ATHENA.tokenize(sql)
        _check_spelling(tokens)
        statements = [statement for statement in _ATHENA.parser().parse(tokens, sql) if statement is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        where = f"line {first.get('line', 1)}:{first.get('col', 1)}"
        raise StatementFailed(f"SYNTAX_ERROR: {where}: {first.get('description', error)}") from None
    except sqlglot.errors.SqlglotError as error:
        raise StatementFailed(f"SYNTAX_ERROR: line 1:1: {error}") from None
    if len(statements) != 1:
        raise StatementFailed("SYNTAX_ERROR: Only one sql statement is allowed. Got: " + sql[:200])
    return statements[0].transform(_plain_call, copy=False)


# What sqlglot lets through since other engines have it: the words, in upper case, of a token and the ones after it.
_OF_OTHER_ENGINES = re.compile(
    r"""^FROM\b | \s(?:==|::|<=>)\s | ,\s(?:\)|FROM\b) | \bAS\s(?:'|\w+\s\[)"""
    r"""| \*\s(?:EXCEPT|EXCLUDE|REPLACE|RENAME|ILIKE)\s\( | \bINTERVAL\s\d | \bLIMIT\s\S+\s(?:,|OFFSET\b)"""
    r"""| \bNATURAL\s(?:\w+\s)*JOIN\b | \bGROUP\sBY\sALL\b""",
    re.VERBOSE,
)

# The words that Trino takes for names only within quotes.
_RESERVED = frozenset(Path(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8").split())
_TYPES = """ARRAY BIGINT BOOLEAN CHAR DATE DECIMAL DOUBLE HYPERLOGLOG INT INTEGER INTERVAL IPADDRESS JSON MAP QDIGEST REAL ROW
    SMALLINT TDIGEST TIME TIMESTAMP TINYINT UUID VARBINARY VARCHAR"""
_TYPE_NAMES = frozenset(_TYPES.split())
_BARE_INTERVAL = re.compile(r"\bINTERVAL\s(?:[+-]\s)?'(?!\s(?:SECOND|MINUTE|HOUR|DAY|MONTH|YEAR)\b)")


def _check_spelling(tokens: Sequence[sqlglot.Token]) -> None:
    texts = {TokenType.STRING: "'", TokenType.IDENTIFIER: '"'}
    words = [texts.get(token.token_type, token.text.upper()) for token in tokens]
    found = _OF_OTHER_ENGINES.search(" ".join(words))
    if found:
        raise StatementFailed(f"SYNTAX_ERROR: mismatched input near {found[0].strip()!r}")
    if _BARE_INTERVAL.search(" ".join(words)):
        raise StatementFailed("TYPE_NOT_FOUND: Unknown type: interval")
    is_cast: list[bool] = []
    for before, token in zip(tokens, tokens[1:], strict=False):
        if token.token_type == TokenType.L_PAREN:
            is_cast.append(before.text.upper() in ("CAST", "TRY_CAST"))
        elif token.token_type == TokenType.R_PAREN and is_cast:
            is_cast.pop()
        cast_to = before.token_type == TokenType.ALIAS and is_cast[-1:] == [True]
        if cast_to and token.text.upper().partition(" ")[0] not in _TYPE_NAMES:
            raise StatementFailed(f"TYPE_MISMATCH: line {token.line}:{token.col}: Unknown type: {token.text}")
        is_typed = token.token_type == TokenType.STRING and before.token_type in _PARSER.TYPE_TOKENS
        if is_typed and before.text.upper() not in _TYPE_NAMES:
            raise StatementFailed(f"TYPE_NOT_FOUND: line {before.line}:{before.col}: Unknown type: {before.text}")
        if before.token_type == TokenType.NUMBER and token.start == before.end + 1 and token.text[:1].isidentifier():
            # 1_000 or 0b11, which sqlglot reads as a value with the name _000 or b11.
            raise not_supported(f"the number {before.text}{token.text}")


def _plain_call(node: Node) -> Node:
    """A call that has words between its arguments, as the plain call that means the same; refuses reserved words as names."""
    if isinstance(node, exp.Identifier) and not node.quoted and node.name.upper() in _RESERVED:
        raise fail("SYNTAX_ERROR", f"mismatched input {node.name!r}", node)
    if isinstance(node, exp.Trim):
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        return call(name, node.this, node.args.get("expression"))
    if isinstance(node, exp.Substring):
        return call("substr", node.this, node.args.get("start"), node.args.get("length"))
    if isinstance(node, exp.StrPosition):
        return call("strpos", node.this, node.args["substr"])
    if isinstance(node, exp.Extract):
        return call(node.this.name.lower(), node.expression)
    return node


def call(name: str, *arguments: Node | None) -> Node:
    return exp.Anonymous(this=name, expressions=[argument for argument in arguments if argument is not None])


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def fail(error_name: str, message: str, node: Node | None = None, error_type: int = 1001) -> StatementFailed:
    """Trino's error of that name at `node`; `error_type` is Athena's number for its kind."""
    return StatementFailed(f"{error_name}: {position(node)}{message}", error_type=error_type)


def not_supported(what: str) -> StatementFailed:
    """What Athena may well run, but the local engine is not known to run with the same meaning."""
    return StatementFailed(f"NOT_SUPPORTED_LOCALLY: {what}")


def position(node: Node | None) -> str:
    """ "line 1:8: " for the first token of a node, as Trino opens its messages; empty where it is not known."""
    found = []
    for part in node.walk() if node is not None else ():
        meta = part.meta
        if "line" in meta and "col" in meta:
            width = meta.get("end", 0) - meta.get("start", 0)
            found.append((meta["line"], max(1, meta["col"] - width)))
    return "line {}:{}: ".format(*min(found)) if found else ""
