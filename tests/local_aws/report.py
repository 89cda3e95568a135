"""The lake's tables, printed for a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .account import LocalAccount, QueryResult
from .lambda_runtime import Invocation

_WHOLE_NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint"})
_NUMBERS = _WHOLE_NUMBERS | {"float", "double", "decimal"}
_TEXTS = ("source", "symbols", "record", "reason")
"""Columns whose cells may go on in a next line, after 40 characters at the earliest."""
_SHORTENED = ("symbols", "record")
"""Columns whose cells end after 60 characters: a file of a whole exchange has thousands of symbols."""


@dataclass(frozen=True)
class View:
    """One table as it is shown: at most `limit` rows of `columns`, in `order`.

    `spare` are the columns that a narrow terminal goes without, the first of them first. Names are separated by blanks.
    """

    title: str
    table: str
    columns: str
    spare: str
    order: str
    limit: int


FILES = View(
    "Files",
    "stocks_loads",
    "source status rows accepted superseded rejected symbols first_date last_date",
    "first_date last_date symbols superseded",
    "source, loaded_at",
    40,
)
VIEWS = (
    View("Rejected rows", "stocks_rejected", "source record reason", "", "source, record", 20),
    View(
        "Monthly report",
        "monthly_stock_reporting",
        "symbol year month trading_days open_price close_price highest_price lowest_price total_volume return_pct volatility",
        "lowest_price highest_price open_price total_volume volatility trading_days",
        "symbol, year, month",
        12,
    ),
    View(
        "Yearly report",
        "yearly_stock_reporting",
        "symbol year trading_days open_price close_price yearly_high yearly_low total_volume return_pct volatility"
        " max_drawdown_pct",
        "yearly_low yearly_high open_price total_volume trading_days volatility max_drawdown_pct",
        "symbol, year",
        20,
    ),
)
_REASONS_LIMIT = 40


def print_tables(account: LocalAccount, console: Console) -> None:
    """Print what was loaded and refused, the rejected rows and both reports, as wide as the console.

    Whatever is left out (rows, columns, the end of a long cell) is said below its table, with the query that shows it.
    """
    _print(account, console, FILES)
    _print_reasons(account, console)
    _print_assumed(account, console)
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
    columns = ", ".join(f'"{column}"' for column in view.columns.split())
    result = account.query_result(f'SELECT {columns} FROM "{view.table}" ORDER BY {view.order} LIMIT {view.limit}')
    if not result.rows:
        console.out(f"{view.title} ({view.table}): none\n", highlight=False)
        return
    console.out(f"{view.title} ({view.table})", highlight=False)
    left_out = _print_rows(console, view, result, f"s3://{account.bucket}/")
    if more := _count(account, view.table) - len(result.rows):
        left_out.append(counted(more, "more row"))
    if left_out:
        query = f"SELECT * FROM {view.table} ORDER BY {view.order}"
        console.out(f'  Not shown: {", ".join(left_out)}. All of them: --query "{query}"\n', highlight=False)


def _print_rows(console: Console, view: View, result: QueryResult, root: str) -> list[str]:
    """Print the table; returns what had to be left out of it, in words."""
    columns = {
        name: readable(cells, kind, root)
        for name, kind, cells in zip(result.columns, result.types, zip(*result.rows, strict=True), strict=True)
    }
    left_out = []
    for name in _SHORTENED:
        if any(len(cell) > 60 for cell in columns.get(name, ())):
            columns[name] = [cell if len(cell) <= 60 else f"{cell[:59]}…" for cell in columns[name]]
            left_out.append(f"{name} beyond 60 characters")
    numbers = {name for name, kind in zip(result.columns, result.types, strict=True) if kind in _NUMBERS}

    def width(text_width: int) -> int:
        table = _table(columns, numbers, text_width)
        return Measurement.get(console, console.options.update(width=1_000), table).maximum

    for name in view.spare.split():
        if width(40) <= console.width:
            break
        del columns[name]
        left_out.append(name)
    # On a console narrower than this the lines run over: better than cells that are cut.
    table, options = _table(columns, numbers), console.options.update(width=max(console.width, width(12)))
    for line in console.render_lines(table, options, pad=False):
        console.out("".join(segment.text for segment in line).rstrip(), highlight=False)
    return left_out


def _table(columns: dict[str, list[str]], numbers: set[str], text_width: int | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        is_text = name in _TEXTS
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            overflow="fold",
            no_wrap=not is_text,
            max_width=text_width if is_text else None,
        )
    for row in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, row))
    return table


def _print_reasons(account: LocalAccount, console: Console) -> None:
    """Each file's reason, whole and in one line: what to do next is at its end."""
    some = "FROM stocks_loads WHERE reason IS NOT NULL"
    order = "ORDER BY status DESC, source, loaded_at"
    reasons = account.query(f"SELECT source, status, reason {some} {order} LIMIT {_REASONS_LIMIT}")
    if not reasons:
        return
    lines = ["Reasons for refused files and rejected rows (stocks_loads)", ""]
    for row in reasons:
        lines.append(f"  {(row['source'] or '').removeprefix(f's3://{account.bucket}/')} ({row['status']}): {row['reason']}")
    if more := _count(account, "stocks_loads", "reason IS NOT NULL") - len(reasons):
        lines += ["", f'  Not shown: {counted(more, "more reason")}. All of them: --query "SELECT * {some} {order}"']
    console.out("\n".join([*lines, ""]), highlight=False)


def _print_assumed(account: LocalAccount, console: Console) -> None:
    """What was assumed, each with the first of the files that it was assumed of: a folder's files mostly share it."""
    assumed = account.query(
        "SELECT assumed, min(source) AS source, count(*) AS files FROM stocks_loads WHERE assumed IS NOT NULL "
        f"GROUP BY assumed ORDER BY files DESC, source LIMIT {_REASONS_LIMIT}"
    )
    if not assumed:
        return
    lines = ["Assumed, where files gave no evidence (stocks_loads)", ""]
    for row in assumed:
        others = int(row["files"] or 0) - 1
        first = (row["source"] or "").removeprefix(f"s3://{account.bucket}/")
        more = f" and {others:,} more" if others else ""
        lines.append(f"  {first}{more}: {row['assumed']}")
    console.out("\n".join([*lines, ""]), highlight=False)


def _count(account: LocalAccount, table: str, condition: str = "true") -> int:
    return int(account.query(f'SELECT count(*) AS n FROM "{table}" WHERE {condition}')[0]["n"] or 0)
