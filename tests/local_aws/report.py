"""The lake's tables, printed for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from .account import LocalAccount, QueryResult
from .lambda_runtime import Invocation

_WHOLE_NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint"})
_NUMBERS = _WHOLE_NUMBERS | {"float", "double", "decimal"}

_SHORTENED = frozenset({"symbols", "record"})
"""Columns whose texts have no bound: a file of a whole exchange has thousands of symbols."""
_SHORTENED_TO = 60

_FOLDED = frozenset({"source", "symbols", "record", "reason"})
"""Columns whose texts may go on in a next line."""
_FOLDED_AT = 40
"""A table goes without its spare columns rather than fold texts narrower than this …"""
_FOLDED_AT_LEAST = 12
"""… and is wider than the console rather than fold them narrower than this."""

_GAP = 3
"""What a table's frame adds to each column, with one more at its right edge."""


@dataclass(frozen=True)
class View:
    """One table as it is shown: at most `limit` rows of `columns`, in `order`.

    `spare` are the columns that a narrow terminal goes without, the first of them first.
    """

    title: str
    table: str
    columns: Sequence[str]
    spare: Sequence[str]
    order: str
    limit: int


FILES = View(
    "Files",
    "stocks_loads",
    ("source", "status", "rows", "accepted", "superseded", "rejected", "symbols", "first_date", "last_date"),
    ("first_date", "last_date", "symbols", "superseded"),
    "source, loaded_at",
    40,
)
VIEWS = (
    View("Rejected rows", "stocks_rejected", ("source", "record", "reason"), (), "source, record", 20),
    View(
        "Monthly report",
        "monthly_stock_reporting",
        (
            "symbol",
            "year",
            "month",
            "trading_days",
            "open_price",
            "close_price",
            "highest_price",
            "lowest_price",
            "total_volume",
            "return_pct",
            "volatility",
        ),
        ("lowest_price", "highest_price", "open_price", "total_volume", "volatility", "trading_days"),
        "symbol, year, month",
        12,
    ),
    View(
        "Yearly report",
        "yearly_stock_reporting",
        (
            "symbol",
            "year",
            "trading_days",
            "open_price",
            "close_price",
            "yearly_high",
            "yearly_low",
            "total_volume",
            "return_pct",
            "volatility",
            "max_drawdown_pct",
        ),
        ("yearly_low", "yearly_high", "open_price", "total_volume", "trading_days", "volatility", "max_drawdown_pct"),
        "symbol, year",
        20,
    ),
)
_REASONS_LIMIT = 40


def print_tables(account: LocalAccount, console: Console) -> None:
    """Print what was loaded and refused, the rejected rows and both reports, as wide as the console.

    Whatever is left out (rows, columns, the end of a long record) is said below its table, with the query that shows it.
    """
    _print(account, console, FILES)
    _print_reasons(account, console)
    for view in VIEWS:
        _print(account, console, view)


def unhandled(dead_letters: Iterable[Invocation]) -> list[str]:
    """One line for each event that Lambda gave up."""
    lines = []
    for letter in dead_letters:
        error = letter.error or {}
        reason = ": ".join(filter(None, (error.get("errorType"), error.get("errorMessage")))) or "no error was reported"
        lines.append(f"{letter.function} gave up an event after {counted(letter.attempt, 'attempt')}: {reason}")
    return lines


def counted(number: int, noun: str) -> str:
    """ "1 file", "2 files", "1,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def readable(cells: Sequence[str | None], kind: str, root: str) -> list[str]:
    """The cells of one column for reading: numbers with as many decimals each, paths below `root`, nothing for NULL."""
    if kind not in _NUMBERS:
        return [(cell or "").removeprefix(root) for cell in cells]
    numbers = [None if cell is None else float(cell) for cell in cells]
    small = all(number is None or abs(number) < 1 for number in numbers)
    decimals = 0 if kind in _WHOLE_NUMBERS else 4 if small else 2
    return ["" if number is None else f"{number:,.{decimals}f}" for number in numbers]


def _print(account: LocalAccount, console: Console, view: View) -> None:
    total = _count(account, view.table)
    columns = ", ".join(f'"{column}"' for column in view.columns)
    result = account.query_result(f'SELECT {columns} FROM "{view.table}" ORDER BY {view.order} LIMIT {view.limit}')
    if not result.rows:
        _line(console, f"{view.title} ({view.table}): none\n")
        return
    _line(console, f"{view.title} ({view.table})")
    left_out = _print_rows(console, view, result, _root(account))
    if total > len(result.rows):
        left_out.append(counted(total - len(result.rows), "more row"))
    if left_out:
        query = f"SELECT * FROM {view.table} ORDER BY {view.order}"
        _line(console, f'  Not shown: {", ".join(left_out)}. All of them: --query "{query}"\n')


def _print_rows(console: Console, view: View, result: QueryResult, root: str) -> list[str]:
    """Print the table; returns what had to be left out of it, in words."""
    kinds = dict(zip(result.columns, result.types, strict=True))
    cells = dict(zip(result.columns, zip(*result.rows, strict=True), strict=True))
    shown = {name: readable(cells[name], kinds[name], root) for name in view.columns}
    left_out = []
    for name in view.columns:
        if name in _SHORTENED and any(len(cell) > _SHORTENED_TO for cell in shown[name]):
            shown[name] = [_shortened(cell) for cell in shown[name]]
            left_out.append(f"{name} beyond {_SHORTENED_TO} characters")
    for name in view.spare:
        if _width(shown, _FOLDED_AT) <= console.width:
            break
        del shown[name]
        left_out.append(name)
    table = Table(box=box.SIMPLE_HEAD)
    for name in shown:
        justify: JustifyMethod = "right" if kinds[name] in _NUMBERS else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name not in _FOLDED)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*map(Text, row))
    # On a console narrower than this the lines run over: better than cells that are cut.
    width = max(console.width, _width(shown, _FOLDED_AT_LEAST))
    for line in console.render_lines(table, console.options.update(width=width), pad=False):
        _line(console, "".join(segment.text for segment in line).rstrip())
    return left_out


def _print_reasons(account: LocalAccount, console: Console) -> None:
    """Each file's reason, whole and in one line: what to do next is at its end."""
    some = "FROM stocks_loads WHERE reason IS NOT NULL"
    order = "ORDER BY status DESC, source, loaded_at"
    reasons = account.query(f"SELECT source, status, reason {some} {order} LIMIT {_REASONS_LIMIT}")
    if not reasons:
        return
    _line(console, "Reasons for refused files and rejected rows (stocks_loads)\n")
    for row in reasons:
        source = (row["source"] or "").removeprefix(_root(account))
        _line(console, f"  {source} ({row['status']}): {row['reason']}")
    more = _count(account, "stocks_loads", "reason IS NOT NULL") - len(reasons)
    if more:
        _line(console, f'\n  Not shown: {counted(more, "more reason")}. All of them: --query "SELECT * {some} {order}"')
    _line(console, "")


def _width(shown: Mapping[str, Sequence[str]], folded_at: int) -> int:
    """How wide the table is where the texts that can be folded are, at that width."""
    width = 1
    for name, cells in shown.items():
        natural = max(map(cell_len, (name, *cells)))
        width += _GAP + (min(natural, folded_at) if name in _FOLDED else natural)
    return width


def _shortened(cell: str) -> str:
    return cell if len(cell) <= _SHORTENED_TO else cell[: _SHORTENED_TO - 1] + "…"


def _count(account: LocalAccount, table: str, condition: str = "true") -> int:
    return int(account.query(f'SELECT count(*) AS n FROM "{table}" WHERE {condition}')[0]["n"] or 0)


def _root(account: LocalAccount) -> str:
    return f"s3://{account.bucket}/"


def _line(console: Console, text: str) -> None:
    console.out(text, highlight=False)
