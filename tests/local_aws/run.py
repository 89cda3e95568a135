"""`python -m tests.local_aws run`: drop files into a new lake, wait, and show what came of them."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from .account import EngineName, LocalAccount, QueryFailedError
from .export import check_folder, export_bucket
from .report import print_tables


class UsageError(Exception):
    """The command was given what it cannot use; the message says what to give."""


def run(
    paths: Sequence[Path],
    output: Path | None,
    queries: Sequence[str],
    engine: EngineName,
    timeout_seconds: float,
) -> int:
    """Returns the exit status: 0 when every event was handled, every file accounted for, and every query ran."""
    files = csv_files(paths)
    if output is not None:
        check_folder(output)
    errors = Console(stderr=True)
    with LocalAccount(engine) as account:
        account.create_lake()
        started = time.monotonic()
        with _progress(errors) as progress:
            _drop(account, files, progress)
            idle = _wait(account, progress, timeout_seconds)
        seconds = time.monotonic() - started
        spent = account.statistics
        errors.print(
            f"{len(files)} files in {seconds:.1f} s: {len(account.invocations)} invocations, "
            f"{spent.statements} Athena statements, {spent.crawls} crawls",
            highlight=False,
        )
        problems = [*unhandled(account), *([] if idle else [f"not idle after {timeout_seconds:g} s"])]
        if not problems:
            problems = _unaccounted(account, files)
        if output is not None:
            count = export_bucket(account.client("s3"), account.bucket, output)
            errors.print(f"{count} objects written below {output}", highlight=False, markup=False)
        if queries:
            problems += _print_queries(account, queries)
        elif not problems:
            print_tables(account, _stdout_console())
        for problem in problems:
            errors.print(f"error: {problem}", highlight=False, markup=False, soft_wrap=True)
        return 1 if problems else 0


def csv_files(paths: Iterable[Path]) -> dict[str, Path]:
    """The CSV files of these files and folders, by the key to drop each at.

    A folder's structure is kept below raw/stocks/. Raises UsageError when there is nothing to drop, a path does not
    exist, or two files would get one key.
    """
    files: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_csv(file))
        if not found:
            raise UsageError(f"{path} holds no .csv or .csv.gz file")
        for file in found:
            key = f"raw/stocks/{(file.relative_to(path) if path.is_dir() else Path(file.name)).as_posix()}"
            if files.setdefault(key, file) is not file:
                raise UsageError(f"{files[key]} and {file} would both be dropped as {key}: rename one, or run them apart")
    return files


def unhandled(account: LocalAccount) -> list[str]:
    """One line for each event that Lambda gave up."""
    return [
        f"{letter.function} gave up an event after {letter.attempt} attempts: "
        f"{letter.error['errorType']}: {letter.error['errorMessage']}"
        for letter in account.dead_letters
        if letter.error
    ]


def _is_csv(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith((".csv", ".csv.gz"))


def _drop(account: LocalAccount, files: dict[str, Path], progress: Progress) -> None:
    task = progress.add_task("dropping files", total=len(files))
    for key, path in files.items():
        account.drop(key, path.read_bytes())
        progress.advance(task)


def _wait(account: LocalAccount, progress: Progress, timeout_seconds: float) -> bool:
    task = progress.add_task("", total=None)
    deadline = time.monotonic() + timeout_seconds
    while not account.idle and time.monotonic() < deadline:
        statements = account.statistics.statements
        progress.update(
            task,
            description=f"running the pipeline ({len(account.invocations)} invocations, {statements} statements)",
        )
        time.sleep(0.1)
    return account.idle


def _unaccounted(account: LocalAccount, files: dict[str, Path]) -> list[str]:
    try:
        recorded = {row["source"] for row in account.query("SELECT DISTINCT source FROM stocks_loads")}
    except QueryFailedError as error:
        return [f"no file is accounted for: {error}"]
    return [
        f"{path} was dropped as {key}, but stocks_loads does not have it"
        for key, path in files.items()
        if f"s3://{account.bucket}/{key}" not in recorded
    ]


def _print_queries(account: LocalAccount, queries: Sequence[str]) -> list[str]:
    problems = []
    for sql in queries:
        try:
            result = account.query_result(sql)
        except QueryFailedError as error:
            problems.append(f"{sql}: {error}")
            continue
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows(result.rows)
    sys.stdout.flush()
    return problems


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _stdout_console() -> Console:
    # Into a file or a pipe nothing is to be cut at the width of a terminal that is not there.
    return Console() if sys.stdout.isatty() else Console(width=250)
