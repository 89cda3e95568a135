"""Several instruments under one symbol: which of them is the share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from . import columns, numbers

MAIN = {
    "EQ": "NSE India: shares in the rolling segment",
    "BE": "NSE India: shares traded for delivery only",
    "BZ": "NSE India: the same, of companies that break listing rules",
    "SM": "NSE India: shares of small companies",
    "ST": "NSE India: the same, for delivery only",
    "SZ": "NSE India: the same, of companies that break listing rules",
    "RR": "NSE India: units of real-estate trusts",
    "IV": "NSE India: units of infrastructure trusts",
    "TQBR": "Moscow's MOEX: the main board of shares since 2013",
    "TQTF": "Moscow's MOEX: exchange-traded funds in roubles",
    "TQIF": "Moscow's MOEX: units of funds",
    "TQPI": "Moscow's MOEX: shares of higher risk",
    "EQBR": "Moscow's MOEX: the main board until 2013",
    "EQNE": "Moscow's MOEX: shares outside the lists until 2013",
}
"""The series and boards of shares, the main one first; rows of others (bonds, odd lots, auctions, block deals) are not
prices of the share. A file without any of these has no main one."""

OTHERS = {
    "[NYZ][0-9A-Z]": "NSE India: debentures",
    "GB|GS|SG|TB": "NSE India: bonds and bills of the state",
    "BL|IL": "NSE India: block deals, and deals among foreigners",
    "W[0-9]": "NSE India: warrants",
    "SMAL": "Moscow's MOEX: odd lots",
    "TQOB|TQCB|TQOD|EQOB": "Moscow's MOEX: bonds",
}
"""Patterns of series and boards that are never of shares: a file of these alone is not one of prices of a share."""

_OTHERS = re.compile("|".join(OTHERS))

LISTED = f",{','.join(MAIN)},"
"""Comma-separated, for the parse statement's strpos."""

_NAMING = """
    symbol ticker stock compan instrument isin wkn scrip securit asset issuer firm bank corp fund index coin commodit
    emittent empresa societe
    valeur wertpapier aktie papel ativo accion azion spolk 종목 股票 证券 證券 銘柄 名称 名稱"""
NAMING = tuple(columns.letters(word) for word in _NAMING.split())
"""A column whose name holds one of these names the company of a row."""

TEXTS = 0.5
"""A column tells instruments apart when at least so much of it is not numbers."""

Keyed = tuple[Sequence[str], tuple[str, str]]
"""A row's fields, with its symbol and day."""


def are_told(texts: Sequence[str]) -> bool:
    """Whether a column of these texts has the main series or board."""
    return any(text.upper() in MAIN for text in texts)


def are_of_others(texts: Sequence[str]) -> bool:
    """Whether a column of these texts has series or boards of bonds, odd lots and the like alone."""
    return bool(texts) and all(_OTHERS.fullmatch(text.upper()) for text in texts)


def rows_of_shared_days(rows: Iterable[Keyed], close_at: int) -> list[list[Sequence[str]]]:
    """The rows of each symbol and day that has several with different closes."""
    days: dict[tuple[str, str], list[Sequence[str]]] = defaultdict(list)
    for values, key in rows:
        days[key].append(values)
    return [group for group in days.values() if len({values[close_at - 1] for values in group}) > 1]


def telling_column(several: Sequence[Sequence[Sequence[str]]], read: Collection[int]) -> int | None:
    """The 1-based position of a column that tells apart the rows of each day: one of texts, or of numbers that are the same on
    each day, as ids are. Columns at `read` positions are not asked.
    """
    width = min(len(values) for group in several for values in group)
    ids: int | None = None
    for at in (at for at in range(1, width + 1) if at not in read):
        if any(len({values[at - 1] for values in group}) < len(group) for group in several):
            continue
        texts = [values[at - 1] for group in several for values in group]
        if sum(map(is_text, texts)) >= TEXTS * len(texts):
            return at
        if not ids and len(several) > 1 and len(set(texts)) == max(map(len, several)):
            ids = at
    return ids


def is_text(text: str) -> bool:
    return bool(text) and not numbers.is_missing(text) and numbers.value(text) is None


def is_plain(name: str) -> bool:
    """Whether the parse statement finds the name alike: quotes, unreadable bytes and ß in upper case are another text there."""
    return '"' not in name and "\ufffd" not in name and (name.isascii() or name.upper() == name)
