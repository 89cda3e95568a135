"""`python -m tests.local_aws run`: drop files into a new lake, wait, and show what came of them."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from .export import ExportError, export_bucket, prepare_folder
from .page import PageError, require_libraries, write_page, write_picture
from .report import counted, print_tables, unhandled


class UsageError(Exception):
    """The command was given what it cannot use; the message says what to give."""


@dataclass(frozen=True)
class Outputs:
    """What to write of the lake, where asked for: the bucket into a folder, a page, a picture of the charts."""

    bucket: Path | None = None
    page: Path | None = None
    picture: Path | None = None


def run(
    paths: Sequence[Path],
    outputs: Outputs,
    queries: Sequence[str],
    engine: EngineName,
    timeout_seconds: float,
) -> int:
    """Returns the exit status: 0 when every event was handled, every file accounted for, and every query ran."""
    files = csv_files(paths)
    if outputs.bucket is not None:
        prepare_folder(outputs.bucket)
    if outputs.page or outputs.picture:
        require_libraries()
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
            f"{counted(len(files), 'file')} in {seconds:.1f} s: {counted(len(account.invocations), 'invocation')}, "
            f"{counted(spent.statements, 'Athena statement')}, {counted(spent.crawls, 'crawl')}",
            highlight=False,
        )
        problems = [*unhandled(account.dead_letters), *([] if idle else [f"not idle after {timeout_seconds:g} s"])]
        if not problems:
            problems = _unaccounted(account, files)
        handled = not problems
        if outputs.bucket is not None:
            problems += _export(account, outputs.bucket, errors)
        if handled:
            problems += _draw(account, outputs, errors)
        if queries:
            problems += _print_queries(account, queries)
        elif handled:
            print_tables(account, _stdout_console())
        for problem in problems:
            errors.print(f"error: {problem}", highlight=False, markup=False, soft_wrap=True)
        return 1 if problems else 0


def csv_files(paths: Iterable[Path]) -> dict[str, Path]:
    """The CSV files of these files and folders, by the key to drop each at.

    A folder's structure is kept below raw/stocks/. Raises UsageError when there is nothing to drop, a path does not
    exist or cannot be read, or two files would get one key.
    """
    files: dict[str, Path] = {}
    for path in paths:
        try:
            if not path.exists():
                raise UsageError(f"{path} does not exist")
            found = [path] if path.is_file() else sorted(_csv_files_below(path))
        except OSError as error:
            raise _unreadable(path, error) from error
        if not found:
            raise UsageError(f"{path} holds no .csv or .csv.gz file")
        for file in found:
            _require_readable(file)
            key = f"raw/stocks/{(file.relative_to(path) if path.is_dir() else Path(file.name)).as_posix()}"
            if files.setdefault(key, file) is not file:
                raise UsageError(f"{files[key]} and {file} would both be dropped as {key}: rename one, or run them apart")
    return files


def _csv_files_below(folder: Path) -> Iterator[Path]:
    """Raises OSError for a folder that cannot be listed: its files would be passed over in silence."""
    for parent, _, names in os.walk(folder, onerror=_raise):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and name.lower().endswith((".csv", ".csv.gz")):
                yield path


def _raise(error: OSError) -> None:
    raise error


def _require_readable(file: Path) -> None:
    """Known before the run rather than in the middle of it."""
    try:
        file.open("rb").close()
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{error.filename or path} cannot be read ({error.strerror}): make it readable, or leave it out")


def _drop(account: LocalAccount, files: dict[str, Path], progress: Progress) -> None:
    task = progress.add_task("dropping files", total=len(files))
    for key, path in files.items():
        try:
            body = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from error
        account.drop(key, body)
        progress.advance(task)


def _wait(account: LocalAccount, progress: Progress, timeout_seconds: float) -> bool:
    task = progress.add_task("", total=None)
    deadline = time.monotonic() + timeout_seconds
    while not account.idle and time.monotonic() < deadline:
        statements = account.statistics.statements
        progress.update(
            task,
            description=f"running the pipeline ({counted(len(account.invocations), 'invocation')}, "
            f"{counted(statements, 'statement')})",
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


def _export(account: LocalAccount, output: Path, errors: Console) -> list[str]:
    try:
        count = export_bucket(account.client("s3"), account.bucket, output)
    except ExportError as error:
        return [str(error)]
    errors.print(f"{counted(count, 'object')} written below {output}", highlight=False, markup=False, soft_wrap=True)
    return []


def _draw(account: LocalAccount, outputs: Outputs, errors: Console) -> list[str]:
    for file, draw in ((outputs.page, write_page), (outputs.picture, write_picture)):
        if file is None:
            continue
        try:
            draw(account, file)
        except PageError as error:
            return [str(error)]
        errors.print(f"{file} written: open it in a browser", highlight=False, markup=False, soft_wrap=True)
    return []


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
