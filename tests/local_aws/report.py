"""The lake's tables, printed for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from .account import LocalAccount

_MAX_CELL = 60


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
        60,
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
    names, rows = account.query_table(f'SELECT {columns} FROM "{view.table}" ORDER BY {view.order} LIMIT {view.limit}')
    if not rows:
        console.print(f"{view.title}: none\n", highlight=False)
        return
    table = Table(title=f"{view.title} ({view.table})", title_justify="left", box=box.SIMPLE_HEAD)
    cells = [[readable(cell) for cell in row] for row in rows]
    root = f"s3://{account.bucket}/"
    for position, name in enumerate(names):
        shown = [row[position] for row in rows if row[position] is not None]
        numeric = bool(shown) and all(_is_number(cell or "") for cell in shown)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in cells:
        table.add_row(*(_shortened(cell.removeprefix(root)) for cell in row))
    console.print(table, highlight=False, markup=False)
    if total > len(rows):
        console.print(
            f'… and {total - len(rows):,} more rows. All of them: --query "SELECT * FROM {view.table} ORDER BY {view.order}"\n',
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def readable(cell: str | None) -> str:
    """A cell for reading: four decimals at most, nothing for NULL."""
    if cell is None:
        return ""
    if _is_number(cell) and not cell.lstrip("+-").isdigit():
        return f"{float(cell):,.4f}".rstrip("0").rstrip(".")
    return cell


def _shortened(cell: str) -> str:
    return cell if len(cell) <= _MAX_CELL else cell[: _MAX_CELL - 1] + "…"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
