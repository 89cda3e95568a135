"""A lake to look at: its reports as charts, and what became of each file, in one HTML file that opens without a network.

    write_page(account, Path("lake.html"))       charts that a symbol filters, the files, what was assumed and rejected
    write_picture(account, Path("lake.svg"))     the same charts, still; .png likewise

The charts are Altair's; vl-convert puts Vega into the page and draws the pictures. Both are in requirements.txt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .account import LocalAccount

if TYPE_CHECKING:
    import altair as alt

CHARTED_SYMBOLS = 30
"""More symbols than these, the most traded ones, would make charts that nobody can read and a page of many megabytes."""

SHOWN_ROWS = 500
"""So many files and rejected rows at most are listed; the page says how many there are."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Rows = list[dict[str, Any]]


class PageError(Exception):
    """The page can't be made; the message says what to do."""


@dataclass(frozen=True)
class Reports:
    """The charts' rows: of each charted symbol a row a month and a row a year."""

    symbols: list[str]
    all_symbols: int
    monthly: Rows
    yearly: Rows


@dataclass(frozen=True)
class Chart:
    """One chart: what it shows in words, and how it is made of its table's rows. A wide one has a row of the page to itself."""

    name: str
    title: str
    note: str
    table: str
    make: Callable[[], alt.Chart]
    height: int = 260
    is_wide: bool = False


def write_page(account: LocalAccount, file: Path) -> None:
    """Write the page. Raises PageError where the charting libraries are not installed or the file can't be written."""
    _write(file, page_html(account).encode())


def page_html(account: LocalAccount) -> str:
    """The page as one HTML text, without a reference to anything outside of it."""
    require_libraries()
    reports = read_reports(account)
    template = _templates().get_template("page.html")
    files, rejected = _files(account), _rejected(account)
    return template.render(
        bucket=account.bucket,
        reports=reports,
        charts=CHARTS,
        counts=_counts(account),
        files=files,
        file_columns=_columns_with_content(files),
        rejected=rejected,
        shown_rows=SHOWN_ROWS,
        specs=_script({chart.name: {**_with_colours(chart, reports).to_dict(), "autosize": _AUTOSIZE} for chart in CHARTS}),
        datasets=_script({"monthly": reports.monthly, "yearly": reports.yearly}),
        vega=_vega(),
    )


@cache
def _vega() -> Markup:
    """Vega and what it needs as one script, which takes more than a second to put together."""
    import vl_convert

    return Markup(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script"))


def _templates() -> Environment:
    folder = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def write_picture(account: LocalAccount, file: Path) -> None:
    """Draw the charts, one below the other, as .svg or .png. Raises PageError as above, or for another ending."""
    require_libraries()
    import altair as alt

    if file.suffix not in (".svg", ".png"):
        raise PageError(f"a picture ends in .svg or .png, not {file.name!r}")
    reports = read_reports(account)
    alt.data_transformers.disable_max_rows()
    rows = {"monthly": reports.monthly, "yearly": reports.yearly}
    drawn = [
        _with_colours(chart, reports).properties(
            title=chart.title, width=960 if chart.is_wide else 420, height=150, data=alt.Data(values=rows[chart.table])
        )
        for chart in CHARTS
    ]
    whole = alt.concat(*drawn[1:], columns=2).resolve_scale(color="independent")
    whole = alt.vconcat(drawn[0], whole).resolve_scale(color="independent").configure(**_LIGHT)
    _write(file, b"")
    whole.save(file, scale_factor=2) if file.suffix == ".png" else whole.save(file)


def read_reports(account: LocalAccount) -> Reports:
    """The rows of both reports for the most traded symbols."""
    ranked = account.query(
        "SELECT symbol FROM yearly_stock_reporting GROUP BY symbol ORDER BY sum(total_volume) DESC NULLS LAST, symbol"
    )
    symbols = sorted(str(row["symbol"]) for row in ranked[:CHARTED_SYMBOLS])
    monthly = _numbers(
        account.query("SELECT symbol, year, month, close_price, total_volume, return_pct FROM monthly_stock_reporting"),
        ("close_price", "total_volume", "return_pct"),
    )
    yearly = _numbers(
        account.query("SELECT symbol, year, close_price, return_pct, max_drawdown_pct, volatility FROM yearly_stock_reporting"),
        ("close_price", "return_pct", "max_drawdown_pct", "volatility"),
    )
    for row in monthly:
        row["start"] = f"{row['year']}-{row['month']}-01"
        row["name"] = MONTHS[int(row["month"]) - 1]
    charted = set(symbols)
    return Reports(
        symbols,
        len(ranked),
        sorted((row for row in monthly if row["symbol"] in charted), key=lambda row: (row["symbol"], row["start"])),
        sorted((row for row in yearly if row["symbol"] in charted), key=lambda row: (row["symbol"], row["year"])),
    )


def _with_colours(chart: Chart, reports: Reports) -> alt.Chart:
    """The chart, with each symbol in the colour that it has in every other chart."""
    import altair as alt

    made = chart.make()
    if made.encoding.color.shorthand == "symbol:N":
        made.encoding.color = alt.Color("symbol:N").title(None).scale(domain=reports.symbols)
    return made


def _chart(table: str) -> alt.Chart:
    """A chart of one report's rows that the parameter `symbol` filters; null lets all through."""
    import altair as alt

    return (
        alt.Chart(alt.NamedData(table), width="container")
        .add_params(alt.param(name="symbol", value=None))
        .transform_filter("symbol === null || datum.symbol === symbol")
    )


def _price() -> alt.Chart:
    import altair as alt

    symbol, month = alt.Tooltip("symbol:N"), alt.Tooltip("yearmonth(start):T").title("month")
    return (
        _chart("monthly")
        .mark_line(strokeWidth=1.8)
        .encode(
            alt.X("start:T").title(None).axis(labelSeparation=8),
            alt.Y("close_price:Q").title("close").scale(zero=False),
            alt.Color("symbol:N"),
            [symbol, month, alt.Tooltip("close_price:Q", format=",.2f")],
        )
    )


# 1 k, 250 m, 1.5 bn: a person says none of the engineer's G and M.
_SHARES = "replace(replace(replace(format(datum.value, '~s'), 'k', ' k'), 'M', ' m'), 'G', ' bn')"


def _volume() -> alt.Chart:
    import altair as alt

    symbol, month = alt.Tooltip("symbol:N"), alt.Tooltip("yearmonth(start):T").title("month")
    return (
        _chart("monthly")
        .mark_bar()
        .encode(
            alt.X("yearmonth(start):T").title(None).axis(labelSeparation=8),
            alt.Y("total_volume:Q").title("shares").axis(labelExpr=_SHARES),
            alt.Color("symbol:N"),
            [symbol, month, alt.Tooltip("total_volume:Q", format=",")],
        )
    )


def _returns() -> alt.Chart:
    import altair as alt

    return (
        _chart("monthly")
        .mark_rect()
        .encode(
            alt.X("name:O").title(None).sort(MONTHS).axis(labelAngle=0),
            alt.Y("year:O").title(None),
            alt.Color("mean(return_pct):Q")
            .title("%")
            .scale(scheme="redblue", domainMid=0, domain=[-25, 25], clamp=True)
            .legend(orient="right"),
            [
                alt.Tooltip("year:O"),
                alt.Tooltip("name:O").title("month"),
                alt.Tooltip("mean(return_pct):Q", format="+.2f").title("%"),
            ],
        )
    )


def _by_year(column: str, axis: str) -> alt.Chart:
    import altair as alt

    return (
        _chart("yearly")
        .mark_bar()
        .encode(
            alt.X("year:O").title(None).axis(labelAngle=0, labelOverlap=True),
            alt.Y(f"{column}:Q").title(axis),
            alt.Color("symbol:N"),
            [alt.Tooltip("symbol:N"), alt.Tooltip("year:O"), alt.Tooltip(f"{column}:Q", format="+.2f").title("%")],
            xOffset=alt.XOffset("symbol:N"),
        )
    )


CHARTS = (
    Chart("price", "Price", "Last close of each month, as traded.", "monthly", _price, height=320, is_wide=True),
    Chart("volume", "Volume", "Shares traded each month.", "monthly", _volume, height=180),
    Chart("returns", "Monthly returns", "Percent; over all symbols it is their average.", "monthly", _returns),
    Chart(
        "years",
        "Yearly returns",
        "Percent against the last close of the year before.",
        "yearly",
        lambda: _by_year("return_pct", "%"),
    ),
    Chart(
        "drawdowns",
        "Drawdowns",
        "Deepest fall from a peak within the year, in percent.",
        "yearly",
        lambda: _by_year("max_drawdown_pct", "%"),
        height=180,
    ),
)

# Laid out anew when a symbol is chosen, whose labels may be wider.
_AUTOSIZE = {"type": "fit", "contains": "padding", "resize": True}
_LIGHT: dict[str, Any] = {"background": "white", "font": "sans-serif", "view": {"stroke": None}}


def _counts(account: LocalAccount) -> dict[str, str]:
    """The figures at the top of the page, by what they count."""
    (loads,) = account.query(
        "SELECT count(*) AS files, count_if(status = 'refused') AS refused, sum(rows) AS rows, sum(accepted) AS accepted,"
        " sum(superseded) AS superseded, sum(rejected) AS rejected FROM stocks_load_history WHERE is_latest"
    )
    (prices,) = account.query(
        "SELECT count(DISTINCT symbol) AS symbols, min(trade_date) AS first_day, max(trade_date) AS last_day"
        " FROM stocks_processed"
    )
    figures = {name: f"{int(value or 0):,}" for name, value in (loads | {"symbols": prices["symbols"]}).items()}
    days = {name.replace("_", " "): value for name in ("first_day", "last_day") if (value := prices[name])}
    return figures | days


def _files(account: LocalAccount) -> Rows:
    rows = account.query(f"SELECT * FROM stocks_load_history WHERE is_latest ORDER BY source LIMIT {SHOWN_ROWS}")
    return [row | {"source": _below_root(account, row["source"])} for row in rows]


_FILE_COLUMNS = (
    "source", "status", "rows", "accepted", "superseded", "rejected", "symbols", "first_date", "last_date", "assumed", "reason"
)  # fmt: skip


def _columns_with_content(files: Rows) -> list[str]:
    """The columns to show of the files: those in which some file has something."""
    return [column for column in _FILE_COLUMNS if any(row.get(column) is not None for row in files)]


def _rejected(account: LocalAccount) -> Rows:
    rows = account.query(f"SELECT source, record, reason FROM stocks_rejected ORDER BY source, record LIMIT {SHOWN_ROWS}")
    return [row | {"source": _below_root(account, row["source"])} for row in rows]


def _below_root(account: LocalAccount, path: str | None) -> str:
    return (path or "").removeprefix(f"s3://{account.bucket}/")


def _numbers(rows: Sequence[dict[str, str | None]], columns: Sequence[str]) -> Rows:
    """The rows with these columns as numbers, of which four significant decimals are drawn."""
    return [row | {name: None if (value := row[name]) is None else round(float(value), 4) for name in columns} for row in rows]


def _script(value: Any) -> Markup:
    """JSON that can stand in a script: no `<` of it can end the element."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def require_libraries() -> None:
    """Raise PageError, with the remedy, where the charting libraries are not installed."""
    missing = [name for name, module in (("altair", "altair"), ("vl-convert-python", "vl_convert")) if find_spec(module) is None]
    if missing:
        raise PageError(f"charts need {' and '.join(missing)}: pip install -r requirements.txt installs them")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise PageError(f"{file} can't be written ({error.strerror}): name a file in a folder that exists") from error
