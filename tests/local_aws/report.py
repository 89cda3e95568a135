"""The lake's tables, printed for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .account import LocalAccount

_MAX_CELL = 60
_WHOLE_NUMBERS = frozenset({"tinyint", "smallint", "integer", "bigint"})
_NUMBERS = _WHOLE_NUMBERS | {"float", "double", "decimal"}


@dataclass(frozen=True)
class View:
    """One table as it is shown: at most `limit` rows of `columns`, in `order`."""

    title: str
    table: str
    columns: Sequence[str]
    order: str
    limit: int


VIEWS = (
    View(
        "Files",
        "stocks_loads",
        (
            "source",
            "status",
            "rows",
            "accepted",
            "superseded",
            "rejected",
            "symbols",
            "first_date",
            "last_date",
            "reason",
        ),
        "source, loaded_at",
        40,
    ),
    View("Rejected rows", "stocks_rejected", ("source", "record", "reason"), "source, record", 20),
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
        "symbol, year",
        20,
    ),
)


def print_tables(account: LocalAccount, console: Console) -> None:
    """Print what was loaded and rejected and both reports; long tables are cut, with a line that says so."""
    for view in VIEWS:
        _print(account, console, view)


def _print(account: LocalAccount, console: Console, view: View) -> None:
    total = int(account.query(f'SELECT count(*) AS n FROM "{view.table}"')[0]["n"] or 0)
    columns = ", ".join(f'"{column}"' for column in view.columns)
    result = account.query_result(f'SELECT {columns} FROM "{view.table}" ORDER BY {view.order} LIMIT {view.limit}')
    if not result.rows:
        console.print(f"{view.title} ({view.table}): none\n", highlight=False)
        return
    table = Table(title=f"{view.title} ({view.table})", title_justify="left", box=box.SIMPLE_HEAD)
    shown = []
    for name, kind, cells in zip(result.columns, result.types, zip(*result.rows, strict=True), strict=True):
        table.add_column(name, justify="right" if kind in _NUMBERS else "left", no_wrap=True)
        shown.append(readable(cells, kind, f"s3://{account.bucket}/"))
    for row in zip(*shown, strict=True):
        table.add_row(*map(escape, row))
    with console.capture() as printed:
        console.print(table, highlight=False)
    for line in printed.get().splitlines():
        console.out(line.rstrip(), highlight=False)
    if total > len(result.rows):
        console.out(
            f"  … and {total - len(result.rows):,} more rows. All of them: "
            f'--query "SELECT * FROM {view.table} ORDER BY {view.order}"\n',
            highlight=False,
        )


def readable(cells: Sequence[str | None], kind: str, root: str) -> list[str]:
    """The cells of one column for reading: numbers with as many decimals each, paths below `root`, nothing for NULL."""
    if kind not in _NUMBERS:
        return [_shortened((cell or "").removeprefix(root)) for cell in cells]
    numbers = [None if cell is None else float(cell) for cell in cells]
    small = all(number is None or abs(number) < 1 for number in numbers)
    decimals = 0 if kind in _WHOLE_NUMBERS else 4 if small else 2
    return ["" if number is None else f"{number:,.{decimals}f}" for number in numbers]


def _shortened(cell: str) -> str:
    return cell if len(cell) <= _MAX_CELL else cell[: _MAX_CELL - 1] + "…"
