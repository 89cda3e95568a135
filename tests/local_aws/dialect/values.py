"""The values of a statement, taken out of it and put back, so that statements which differ in them alone are translated once.

A batch's statements are the last batch's with other texts in them: its id, its partitions, its moments. A text that is compared,
cast, selected or listed means the same to the translation whatever it says; one that is an argument of a function may be a
pattern, a format or a unit, which the translation reads, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from .grammar import Node

_READ_AS_THEY_ARE = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Cast, exp.Alias)
# Characters for private use, which no statement has: one that has is left as it is.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"'?{_OPEN}([0-9]+){_CLOSE}'?|'?{_OPEN}[0-9]*")


def taken_out(query: Node) -> Sequence[Sequence[str]]:
    """Replace the texts of a query by marks, those of an IN list by one. Returns the texts behind each mark."""
    taken: dict[tuple[str, ...], int] = {}
    literals = [literal for literal in query.find_all(exp.Literal) if literal.is_string]
    if any(_OPEN in part.name for part in query.find_all(exp.Literal, exp.Identifier)):
        return []
    for literal in literals:
        parent = literal.parent
        if isinstance(parent, _READ_AS_THEY_ARE):
            texts = [literal]
        elif isinstance(parent, exp.In) and literal.arg_key == "expressions":
            if literal.index or not all(isinstance(item, exp.Literal) and item.is_string for item in parent.expressions):
                continue
            texts = parent.expressions
            parent.set("expressions", [literal])
        else:
            continue
        number = taken.setdefault(tuple(text.this for text in texts), len(taken))
        literal.set("this", f"{_OPEN}{number}{_CLOSE}")
    return list(taken)


def put_back(sql: str, taken: Sequence[Sequence[str]]) -> str:
    """SQL, or a message that shows some, with the texts as literals in the place of their marks; … for a mark that is cut off."""

    def literals(mark: re.Match[str]) -> str:
        return ", ".join("'" + text.replace("'", "''") + "'" for text in taken[int(mark[1])]) if mark[1] else "…"

    return _MARK.sub(literals, sql) if taken else sql
