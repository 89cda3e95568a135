"""How a file writes its numbers: which of point and comma is the decimal mark, told from all numbers of its first lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from .aliases import CURRENCY_CODES, RARE_CURRENCY_CODES
from .refusals import Kind, refused
from .text import shown

MISSING = (
    *("", "-", "--", "—", "–", ".", "..", "*", "?", "null", "(null)", "<null>", "none", "nan", "<na>", "na", "n/a", "n.a."),
    *("n.d.", "nat", "nil", "\\n", "#n/a", "#n/a n/a", "#na", "#value!", "#null!", "#div/0!", "undefined", "not available"),
)
"""Texts, in lower case, that say that there is no value; the parse statement has the same."""

PLAIN = r"^-?[0-9]{1,18}(?:\.[0-9]*)?$"
"""A number as programs write it, where the decimal mark is a point."""

# A point behind letters is theirs, not the number's: Rs. 1050, kr.105. It is a comma where the marks have changed places.
_CODES = "|".join((*CURRENCY_CODES, *RARE_CURRENCY_CODES))
_CURRENCY = rf"(?:[A-Z]{{1,3}}\$|[$€£¥₹₩₽₺฿₫₱₪元円원]|(?:{_CODES}|GBp|p|Rs|Rp|RM|TL|Fr|SFr|zł|kr|Kč|Ft|lei|руб)[.,]?)"
BEFORE = rf"^[-+]?(?:{_CURRENCY} ?)?[-+]?"
"""What stands before a number's digits: signs and a currency."""

NUMBER = (
    rf"{BEFORE}"
    r"(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{2,3})*,[0-9]{3}|(?: [0-9]{3})+|(?:['’][0-9]{3})+)(?:\.[0-9]*)?"
    r"|(?:[0-9]{1,18}\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?0?[0-9]{1,2})?)"
    rf"(?: ?[KMBTkmbt万萬亿億])?(?: ?{_CURRENCY})?$"
)
"""A number as people write it, where the decimal mark is a point: thousands are in threes, in India in twos before the last
three, and do not begin with 0; a currency stands before or behind, and a letter for thousands, millions, billions, trillions."""

DIGITS = r"^[0-9., '’]*(?:[eE][-+]?0?[0-9]{1,2})?"
"""What of such a number is its digits, once `BEFORE` is cut off."""

LETTER = "[0-9.] ?([KMBTkmbt万萬亿億])[^A-Za-zč]"
"""The letter of a number with a blank behind it."""

NOT_OF_PRICES = "[0-9.] ?[MBTmbt][^A-Za-zč]"
"""Letters that are not millions behind a price: `101,50 B` is one on German exchanges at which nobody bought."""

SPREAD = 5
"""One reading of prices is likelier than another when they lie so many times closer together in it."""

_MISSING = frozenset(MISSING)
_NUMBER = re.compile(NUMBER)
_BEFORE = re.compile(BEFORE)
_IS_CURRENCY = re.compile(_CURRENCY)
_BARE = re.compile(r"[0-9][0-9.,]*|[.,][0-9]+")
_THOUSANDS = {mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{2,3}})*\{mark}[0-9]{{3}}") for mark in ".,"}
_FIXED_WIDTH = re.compile("0[0-9]{2,}")
# Treasury futures: 126'165 is 126 and 16.5 / 32. Swiss thousands are rarely so small in every price.
_THIRTY_SECONDS = re.compile("[0-9]{2,3}['’](?:[0-2][0-9]|3[01])[0257]")
_SWAP = str.maketrans(".,", ",.")


class Marks(NamedTuple):
    """The decimal marks of prices and of volumes, each `.` or `,`; a volume without one can't be read.

    `is_open`: no price has a mark, and the file may be of either custom, so that a later 1.151 can be read in two ways.
    """

    prices: str
    volume: str | None
    assumed: tuple[str, ...] = ()
    is_open: bool = False


def is_missing(text: str) -> bool:
    return not text[:1].isdecimal() and text.lower() in _MISSING


def value(text: str, mark: str = ".", is_volume: bool = False) -> float | None:
    """The number that a text is; None where it is none. What the parse statement finds."""
    text = text.translate(_SWAP) if mark == "," else text
    if is_missing(text) or not _NUMBER.match(text) or (not is_volume and re.search(NOT_OF_PRICES, text + " ")):
        return None
    letter = re.search(LETTER, text + " ")
    digits = re.match(DIGITS, _BEFORE.sub("", text))
    number = float(re.sub("[^0-9.eE+-]", "", digits[0] if digits else ""))
    return number * (_LETTERS[letter[1].lower()] if letter else 1.0) * (-1 if re.match("[^0-9]*-", text) else 1)


def currency(text: str) -> str:
    """The currency that stands with a price; empty where none does."""
    rest = re.sub(r"[0-9][eE][-+]?[0-9]|[-+0-9.,'’\s]", "", text)
    return rest if _IS_CURRENCY.fullmatch(rest) else ""


_LETTERS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8}


def marks(prices_of_symbols: Sequence[Sequence[str]], volumes: Sequence[str], delimiter: str, english: bool) -> Marks:
    """The decimal marks of a file with these prices of each symbol and these volumes.

    `english` says that the header's names are English. Raises FileRefusedError when prices are written with both marks, or
    when all of them can be read in two ways.
    """
    prices = [price for prices in prices_of_symbols for price in prices]
    evidence = _evidence(prices)
    fixed = next((price for price in prices if _FIXED_WIDTH.fullmatch(price)), None)
    if fixed:
        raise refused(
            Kind.DECIMALS,
            f"prices of a fixed width without a decimal mark ({shown(fixed, 30)}), as B3's COTAHIST has them in hundredths:"
            " write them with decimal points",
        )
    if prices and all(map(_THIRTY_SECONDS.fullmatch, prices)):
        raise refused(
            Kind.DECIMALS,
            f"every price can be read in two ways ({shown(prices[0], 30)} has thousands, or 32nds as those of bonds):"
            " write prices with decimal points",
        )
    if len(evidence) > 1:
        point, comma = shown(evidence["."], 30), shown(evidence[","], 30)
        raise refused(Kind.DECIMALS, f"prices have points and commas as decimal marks ({point}, {comma}): write all with points")
    of_volumes = _evidence(volumes)
    assumed: list[str] = []
    is_open = not any(mark in _bare(price) for price in prices for mark in ".,") and (delimiter != "," or not english)
    mark = next(iter(evidence), None) or _by_default(prices_of_symbols, volumes, of_volumes, delimiter, english, assumed)
    return Marks(mark, _of_volumes(volumes, of_volumes, mark, assumed), tuple(assumed), is_open and not of_volumes)


def _by_default(
    prices_of_symbols: Sequence[Sequence[str]],
    volumes: Sequence[str],
    of_volumes: Collection[str],
    delimiter: str,
    english: bool,
    assumed: list[str],
) -> str:
    """The mark of prices that do not tell it by themselves."""
    prices = [price for prices in prices_of_symbols for price in prices]
    bare = list(map(_bare, prices))
    commas = next((price for price, text in zip(prices, bare, strict=True) if "," in text), None)
    points = next((price for price, text in zip(prices, bare, strict=True) if "." in text), None)
    if commas is None and points is None:
        return "," if set(of_volumes) == {","} else "."
    if len(of_volumes) == 1:
        return next(iter(of_volumes))
    likelier = _by_size(prices_of_symbols, "," if commas is not None else ".")
    if commas is not None:
        grouped_volumes = any("," in _bare(volume) for volume in volumes)
        if grouped_volumes or any("$" in price for price in prices):  # a volume is whole: its comma parts thousands
            if not english:
                assumed.append("point as decimal mark")
            return "."
        if likelier is None:
            raise _in_two_ways(commas)
        return likelier
    if likelier is None and not english:
        raise _in_two_ways(points or "")
    if likelier is None and (delimiter != "," or not all("." in text for text in bare)):
        assumed.append("point as decimal mark")
    return likelier or "."


def _by_size(prices_of_symbols: Sequence[Sequence[str]], used: str) -> str | None:
    """The mark under which a symbol's prices with and without the used one are of one size: 980 and 1,020.

    None where the prices of each symbol all have it, or none; prices of two companies are not compared.
    """
    likelier: set[str] = set()
    for bare in (list(filter(None, map(_bare, prices))) for prices in prices_of_symbols):
        if all(used in text for text in bare) or not any(used in text for text in bare):
            continue
        spreads = {}
        for mark in ".,":
            texts = [text.replace("," if mark == "." else ".", "").replace(mark, ".") for text in bare]
            sizes = [float(text) for text in texts if float(text) > 0] or [1.0]
            spreads[mark] = max(sizes) / min(sizes)
        if max(spreads.values()) >= SPREAD * min(spreads.values()):
            likelier.add(min(spreads, key=lambda mark: spreads[mark]))
    return likelier.pop() if len(likelier) == 1 else None


def _in_two_ways(price: str) -> Exception:
    bare = re.sub("[.,]", "", price)
    return refused(
        Kind.DECIMALS,
        f"every price can be read in two ways ({shown(price, 30)} is {shown(bare, 30)} or has three decimals):"
        " write prices with two or four decimals and points as decimal marks",
    )


def _of_volumes(volumes: Sequence[str], evidence: Collection[str], of_prices: str, assumed: list[str]) -> str | None:
    """The mark of the volumes: told by the column as a whole, else that of the prices."""
    if len(evidence) > 1:
        assumed.append("volume not read: it has points and commas as decimal marks")
        return None
    if evidence:
        return next(iter(evidence))
    bare = [text for text in map(_bare, volumes) if text]
    open_one = next((text for text in bare if of_prices in text), None)  # three decimals or thousands: none tells which
    if open_one:
        assumed.append(f"volume not read: {shown(open_one, 30)} can be read in two ways")
        return None
    return of_prices


def _evidence(texts: Iterable[str]) -> dict[str, str]:
    """The decimal marks that the texts tell, each with one that tells it."""
    evidence: dict[str, str] = {}
    for text in texts:
        # Of a thousand plain numbers the first tells all.
        if "," not in text and ("." not in text or ("." in evidence and text.count(".") == 1)):
            continue
        mark = _mark(_bare(text))
        if mark:
            evidence.setdefault(mark, text)
    return evidence


def _mark(bare: str) -> str | None:
    """The decimal mark that one number tells; None where it has none or may be either."""
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        return "." if bare.rfind(".") > bare.rfind(",") else ","
    used, other = (".", ",") if points else (",", ".")
    count = points or commas
    if not count:
        return None
    if not _THOUSANDS[used].fullmatch(bare):
        return used if count == 1 else None
    return other if count > 1 else None


def _bare(text: str) -> str:
    """The digits and marks of a number, without sign, currency, letter and blanks between thousands."""
    return found[0] if (found := _BARE.search(_BEFORE.sub("", re.sub("['’ ]", "", text)))) else ""
