"""What the names in a file's header mean: which column is read as what, and what was chosen or passed over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from . import file_names
from .aliases import ALIASES, CURRENCIES, READ, WORDS_OF_MEANINGS, Alias
from .refusals import Kind, refused
from .text import shown

REQUIRED = ("date", "close")
PRICES = ("open", "high", "low", "close", "adj_close")
_OF_TRANSACTIONS = {"action", "quantity", "fee"}

_INDEX = Alias("date", 4, "", "pandas and R write an index without a name as the first column")

# Units in brackets after a column name: `Volume ('000)`, 成交量(手).
_UNITS = {
    1.0: "shares share units nos eod local lc stuck stk titres acciones acoes azioni titoli pezzi akcji szt 股 株 주",
    100.0: "hundreds 100s 手",
    1e3: "000 000s 1000 1000s thousand thousands inthousands in000 in000s k th tsd 千株 千股 천주 张 張",
    1e4: "万股 萬股 만주",
    1e5: "lakh lakhs lac lacs inlakhs inlacs",
    1e6: "million millions inmillions mn mln mio m 百万株",
    1e7: "crore crores incrores cr",
    1e8: "亿股 億股",
}
_FACTORS = {unit: factor for factor, units in _UNITS.items() for unit in units.split()}
_BEHIND_NAME = re.compile(r"(?P<name>.+?)[\W_]+(?:in )?(?P<currency>[^\W_]+)\W*")
_BEFORE_NAME = re.compile(r"(?P<currency>[^\W_]+)[\s_-]+(?P<name>.+)")  # R's COP.Open is of ConocoPhillips
_BRACKETS = re.compile(r"(.+?)\s*[\[(](.*)[\])]\W*")
_BEHIND = re.compile(r"(.+?)[\s,_]+(?:in )?('?000s?|1000s?|thousands?|lakhs?|lacs?|millions?|mn|crores?)'?", re.IGNORECASE)
# Words that only say 'price': `Price Close`, `Precio de cierre`, `Cours le plus haut`, `Open Index Value`.
_SAYING_PRICE = """
    price prices px value daily index preis kurs cours precio preco prezzo cena koers of the de du di da del la le il el d l"""
_PRICE_WORDS = frozenset(_SAYING_PRICE.split())

# Signs that `letters` drops: `Close %` and `Close +/-` are not closes, `Volume ($)` does not count shares.
_OF_CHANGES = re.compile(r"%|\+ ?/ ?[-−]|±|Δ")
_OF_MONEY = re.compile("[$€£¥₹₩₽₺฿]")

# What several names may share and is not a symbol, but a kind of prices or what was made of them: `bid_open`, `close_norm`.
_SHARED = """
    bid ask mid avg average mean adj adjusted unadj unadjusted raw prev previous pre post day night session regular rth spot
    mkt market mark local fx real nominal ha heikin log pred predicted forecast actual true norm normalized normalised scaled
    std zscore smooth smoothed diff chg change pct ret return returns lag lag1 lag2 lag3 lag5 shift shifted sma ema rolling"""
_KINDS_OF_PRICES = frozenset(_SHARED.split())

_NOT_ADJUSTED = re.compile("un|not|non?|raw")
_ADJUSTED = re.compile(
    r"(?=.*adj)(?:adj(?:ust(?:ed|ment)?)?|split|div(?:idend)?s?|and|tot(?:al)?|return)*(?:clos(?:e|ing)|last|price|px|prc|c)+"
    r"(?:adj(?:ust(?:ed|ment)?)?|split|div(?:idend)?s?|and)*"
)

_ADJUSTED_ABROAD = re.compile(
    "adjustiert(?:er|e)?|bereinigt(?:er|e)?|ajust(?:e|ee|ado|ada)?$|aj$|adj$|^adj|rettificat[ao]|aggiustat[ao]|skorygowan[aey]"
    "|[前后後]?[复復][权權]|调整后?|調整(?:後|済み?)?|수정"
)
"""What of the letters of a name says that it is adjusted, behind or before a name of a close: `Cierre ajustado`, 调整后收盘价."""


@dataclass(frozen=True)
class Meaning:
    """What one name means; `factor` is what its numbers are to be multiplied with to be shares."""

    alias: Alias
    factor: float | None = None


@dataclass(frozen=True)
class Binding:
    """Which columns are read.

    `columns` has each meaning's 1-based position, those that only tell about the file included; `factor` is the volume's unit
    by its name, `lot` by its alias; `symbol` stands in the names themselves (`AAPL.Close`); `assumed` says what was chosen.
    """

    columns: dict[str, int] = field(default_factory=dict)
    factor: float | None = None
    lot: int = 1
    symbol: str | None = None
    assumed: tuple[str, ...] = ()

    @property
    def is_of_prices(self) -> bool:
        return all(meaning in self.columns for meaning in REQUIRED)


def letters(name: str) -> str:
    """What counts of a column name: its letters and digits, in lower case, without accents."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", re.sub(r"[\W_]+", "", plain.replace("ł", "l").replace("ı", "i")))


_BY_LETTERS = {letters(alias.name): alias for alias in ALIASES}


def meanings(names: Sequence[str]) -> set[str]:
    """What the names mean, those without a meaning aside."""
    return {meaning.alias.meaning for meaning in map(meaning_of, names) if meaning}


@lru_cache(maxsize=4096)
def meaning_of(name: str) -> Meaning | None:
    """The meaning of a name: as an alias; with a unit, currency or sentence behind it; as adjusted; with words for a price.

    What counts changes or percentages has none, and neither has a volume of money.
    """
    found = None if _OF_CHANGES.search(name) else _found(name)
    return None if found and found.alias.meaning == "volume" and _OF_MONEY.search(name) else found


def _found(name: str) -> Meaning | None:
    if alias := _BY_LETTERS.get(letters(name)):
        return Meaning(alias)
    return _with_unit(name) or _with_currency(name) or _with_sentence(name) or _adjusted(name) or _with_price_word(name)


def bind(names: Sequence[str]) -> Binding:
    """The columns that the header names have.

    Raises FileRefusedError, naming the columns, when two have one meaning and neither has precedence. Two such volumes are
    left out instead: no price is lost to a volume.
    """
    binding = _bound(names, [meaning_of(name) for name in names])
    if binding.is_of_prices:
        return binding
    symbol, bare = _without_affix(names)
    if symbol is None:
        return binding
    stripped = _bound(names, [meaning_of(name) for name in bare])
    return Binding(stripped.columns, stripped.factor, stripped.lot, symbol, stripped.assumed)


def _bound(names: Sequence[str], found: Sequence[Meaning | None]) -> Binding:
    claims: dict[str, list[tuple[int, int]]] = {}
    for position, (name, meaning_found) in enumerate(zip(names, found, strict=True), start=1):
        alias = _INDEX if position == 1 and not name else meaning_found.alias if meaning_found else None
        if alias:
            claims.setdefault(alias.meaning, []).append((alias.rank, position))
    bound: dict[str, int] = {}
    assumed: list[str] = []
    for meaning, ranked in claims.items():
        (rank, position), *others = sorted(ranked)
        rivals = [names[at - 1] for of_rank, at in others if of_rank == rank and meaning in READ]
        if rivals and meaning == "volume":
            assumed.append(f"volume not read: {' and '.join(shown(each, 30) for each in (names[position - 1], *rivals))} mean it")
            continue
        if rivals:
            aside = "" if meaning == "symbol" else "; where several symbols stand side by side, write a file for each"
            raise refused(
                Kind.COLUMNS,
                f"two columns mean {meaning}, {shown(names[position - 1], 30)} and {shown(rivals[0], 30)}:"
                f" rename or remove the wrong one{aside}",
            )
        bound[meaning] = position
        if meaning == "symbol" and rank > 2:
            assumed.append(f"symbol from column {shown(names[position - 1], 30)}")
        if others and meaning in ("open", "high", "low", "close", "adj_close", "volume"):
            passed = ", ".join(shown(names[at - 1], 30) for _, at in others)
            assumed.append(f"{meaning} is {shown(names[position - 1], 30)}, not {passed}")
    unread = _unread(names, claims)
    if unread:
        assumed.append(f"columns not read: {', '.join(shown(name, 30)[1:-1] for name in unread)}")
    volume = found[bound["volume"] - 1] if "volume" in bound else None
    return Binding(bound, volume.factor if volume else None, volume.alias.lot if volume else 1, None, tuple(assumed))


def _unread(names: Sequence[str], claims: Mapping[str, Sequence[tuple[int, int]]]) -> list[str]:
    """The names that hold a word of a meaning, though none of their own."""
    claimed = {position for meaning in READ for _, position in claims.get(meaning, ())}
    return [
        name
        for position, name in enumerate(names, start=1)
        if position not in claimed and any(word in letters(name) for word in WORDS_OF_MEANINGS)
    ]


def require_prices(names: Sequence[str]) -> None:
    """Raise FileRefusedError when the names are those of an account's transactions; positions have an open and a close too.

    A weak name among them (Type, Shares) tells nothing next to a close that is called so.
    """
    aliases = [meaning.alias for meaning in map(meaning_of, names) if meaning]
    evidence = [alias for alias in aliases if alias.meaning in _OF_TRANSACTIONS]
    if not evidence or {"high", "low"} & {alias.meaning for alias in aliases}:
        return
    if len(evidence) == 1 and evidence[0].rank > 1 and any(alias.meaning == "close" and alias.rank == 1 for alias in aliases):
        return
    raise refused(
        Kind.TRANSACTIONS,
        f"transactions, not daily prices (columns of {', '.join(sorted({alias.meaning for alias in evidence}))} next to a price):"
        " remove the file, or name its columns date, open, high, low, close and volume if these are prices",
    )


def factor(unit: str) -> float | None:
    """What numbers of a unit of the volume are to be multiplied with: 1000 for `('000)`; None where it is not one."""
    inner = letters(unicodedata.normalize("NFKC", unit))
    return _FACTORS.get(inner.removesuffix("shares") or inner)


def _with_unit(name: str) -> Meaning | None:
    """`Volume ('000)`, `Volume in thousands`, `Close (USD)`, `Close (adjusted)`."""
    plain = unicodedata.normalize("NFKC", name)
    found = _BRACKETS.fullmatch(plain) or _BEHIND.fullmatch(plain)
    alias = _BY_LETTERS.get(letters(found[1])) if found else None
    if found is None or alias is None:
        return None
    inner = letters(found[2])
    inner = inner.removesuffix("shares") or inner
    if alias.meaning == "close" and "adj" in inner:
        return _behind_bare(alias) if _NOT_ADJUSTED.match(inner) else Meaning(_BY_LETTERS["adjclose"])
    if alias.meaning == "volume":
        return Meaning(alias, _FACTORS[inner]) if inner in _FACTORS else None
    if alias.meaning == "date" or not inner or inner in CURRENCIES or _FACTORS.get(inner) == 1:
        return Meaning(alias)
    return None


def _with_currency(name: str) -> Meaning | None:
    """`Close USD`, `close_eur`, `Close in EUR`, `usd_Open`."""
    for pattern in (_BEHIND_NAME, _BEFORE_NAME):
        found = pattern.fullmatch(name)
        if found and found["currency"].lower() in CURRENCIES:
            return _behind_bare(_BY_LETTERS.get(letters(found["name"])))
    return None


def _with_sentence(name: str) -> Meaning | None:
    """`Close Close price adjusted for splits.`, as Yahoo's page of 2024 is read: the footnote became part of the name."""
    words = name.split()
    if len(words) < 4 or not name.endswith("."):
        return None
    for count in (2, 1):
        if alias := _BY_LETTERS.get(letters(" ".join(words[:count]))):
            return Meaning(alias)
    return None


def _adjusted(name: str) -> Meaning | None:
    """`split_adjusted_close`, `Close price adj.`: any name of an adjusted close that has no alias."""
    plain = letters(name)
    rest = _ADJUSTED_ABROAD.sub("", plain)
    close = _BY_LETTERS.get(rest) if rest != plain else None
    is_adjusted = _ADJUSTED.fullmatch(plain) or (close and close.meaning == "close" and close.rank == 1)
    return Meaning(_BY_LETTERS["adjclose"]) if is_adjusted else None


def _with_price_word(name: str) -> Meaning | None:
    words = list(map(letters, re.findall(r"[^\W_]+", name)))
    others = [word for word in words if word not in _PRICE_WORDS]
    alias = _BY_LETTERS.get("".join(others)) if len(others) < len(words) else None
    return _behind_bare(alias)


def _behind_bare(alias: Alias | None) -> Meaning | None:
    """The meaning of a price's name with more words: the bare name comes first where a file has both."""
    return Meaning(alias._replace(rank=max(alias.rank, 2))) if alias and alias.meaning in PRICES else None


def _without_affix(names: Sequence[str]) -> tuple[str | None, list[str]]:
    """The symbol that several names share, and the names without it: `AAPL.Open`, `AAPL.Close`; `Close_AAPL`; pandas' tuples.

    A shared affix that is a word (`bid_`) is not a symbol; such names stay unread.
    """
    for pattern in (
        r"\('(?P<name>[^']+)', '(?P<symbol>[^']+)'\)",
        r"\('(?P<symbol>[^']+)', '(?P<name>[^']+)'\)",
        r"(?P<symbol>.+?)[._ -](?P<name>[^._ -]+)",
        r"(?P<name>[^._ -]+)[._ -](?P<symbol>.+)",
    ):
        found = [re.fullmatch(pattern, name) for name in names]
        symbols = [each["symbol"] for each in found if each and meanings([each["name"]]) & {*PRICES, "volume"}]
        if len(symbols) > 1 and len(set(symbols)) == 1:
            symbol = symbols[0]
            if not file_names.is_symbol(symbol.replace("_", "-")) or symbol.lower() in _KINDS_OF_PRICES:
                break
            # R lets no name begin with a digit: X005930.KS.Open.
            return re.sub("^X(?=[0-9])", "", symbol), [
                each["name"] if each and each["symbol"] == symbol else name for each, name in zip(found, names, strict=True)
            ]
    return None, list(names)
