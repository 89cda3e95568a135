"""python -m tests.chaos [--all | --one-in N] [--seed N]: stop and refuse the handlers at their calls, print what came of it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .points import KINDS, Point, Verdict, plan
from .runner import every_point, known_scenarios, processes, try_all

TOLD_EVERY = 50
"""Where the progress is not a bar, as in a file."""


def main() -> int:
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 110)
    started = time.monotonic()
    with processes(options.processes) as pool:
        with console.status("finding the points: each handler runs each scenario through once"):
            found = [
                point
                for point in every_point(pool, options.scenario or known_scenarios(), options.seed)
                if _asked(point, options)
            ]
        chosen = plan(found, options.seed, 1 if options.all else options.one_in)
        console.print(f"{len(chosen):,} of {len(found):,} points, seed {options.seed}, {options.processes} processes")
        with _progress(console) as progress:
            task = progress.add_task("points", total=len(chosen), bad=0)

            def tell(verdict: Verdict) -> None:
                bad = progress.tasks[0].fields["bad"] + bool(verdict.wrong or verdict.left)
                progress.update(task, advance=1, bad=bad)
                if verdict.wrong or verdict.left:
                    _print_bad(verdict, progress.console)
                if not console.is_terminal and progress.tasks[0].completed % TOLD_EVERY == 0:
                    console.print(
                        f"{progress.tasks[0].completed:,.0f} tried, {bad} not right, {time.monotonic() - started:,.0f} s"
                    )

            verdicts = try_all(pool, chosen, tell)
    _print_table(console, "What befell the handlers", "kind", lambda point: point.kind, found, verdicts)
    _print_table(console, "In which scenario", "scenario", lambda point: point.scenario, found, verdicts)
    bad = sum(bool(verdict.wrong or verdict.left) for verdict in verdicts)
    console.print(f"{len(verdicts):,} points in {time.monotonic() - started:,.0f} s: {bad} not right")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--all", action="store_true", help="all that is planned")
    parser.add_argument("--one-in", type=int, default=25, metavar="N", help="one in so many of it (25)")
    parser.add_argument("--seed", type=int, default=0, help="chooses what is sampled (0)")
    parser.add_argument("--processes", type=int, default=(os.cpu_count() or 1) + 1, help="how many points at once")
    parser.add_argument("--scenario", action="append", choices=known_scenarios(), help="only this one; can be repeated")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only this one; can be repeated")
    return parser.parse_args()


def _asked(point: Point, options: argparse.Namespace) -> bool:
    return not options.kind or point.kind in options.kind


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[bad]} not right"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console)


def _print_bad(verdict: Verdict, console: Console) -> None:
    console.print(str(verdict.point), style="bold red", highlight=False)
    for what, lines in (("wrong", verdict.wrong), ("left", verdict.left)):
        for line in lines[:8]:
            console.print(f"  {what}: {line}", markup=False, highlight=False)


def _print_table(
    console: Console, title: str, what: str, group: Callable[[Point], str], found: Sequence[Point], verdicts: Sequence[Verdict]
) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column(what)
    for column in ("points", "tried", "struck", "wrong", "left", "seconds each"):
        table.add_column(column, justify="right")
    names = list(dict.fromkeys(group(point) for point in found))
    for name in [*names, ""]:
        mine = [verdict for verdict in verdicts if name in ("", group(verdict.point))]
        if name == "":
            table.add_section()
        table.add_row(
            name or "all",
            f"{sum(name in ('', group(point)) for point in found):,}",
            f"{len(mine):,}",
            f"{sum(verdict.struck for verdict in mine):,}",
            f"{sum(bool(verdict.wrong) for verdict in mine):,}",
            f"{sum(bool(verdict.left) for verdict in mine):,}",
            f"{sum(verdict.seconds for verdict in mine) / max(1, len(mine)):.1f}",
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
