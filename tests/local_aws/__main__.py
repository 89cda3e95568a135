"""The command line: `python -m tests.local_aws run PATH…` and `python -m tests.local_aws serve`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .export import ExportError
from .http_server import PortInUseError
from .page import PageError
from .run import Outputs, UsageError, run
from .serve import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 done, 1 not everything was handled, 2 wrong usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.local_aws",
        description="The stocks lakehouse on an AWS account inside this process.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    runner = commands.add_parser("run", help="drop CSV files, wait, and show what was loaded and reported")
    runner.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="a CSV file, or a folder of them")
    runner.add_argument("--output", type=_path, metavar="DIR", help="write the whole bucket as files below DIR, an empty folder")
    runner.add_argument(
        "--query",
        action="append",
        default=[],
        metavar="SQL",
        help="print the result of this statement as CSV instead of the tables (may be repeated)",
    )
    runner.add_argument("--page", type=_path, metavar="FILE", help="write charts and what became of each file as one .html")
    runner.add_argument("--picture", type=_path, metavar="FILE", help="draw the charts (.svg or .png)")
    runner.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS", help="give up after (%(default)g)")

    server = commands.add_parser("serve", help="answer AWS clients over HTTP until interrupted")
    server.add_argument("--port", type=_port, default=5000, help="0 takes a free one (default: %(default)s)")
    server.add_argument("--page-port", type=_port, default=5001, help="of the page of charts (default: %(default)s)")
    server.add_argument("--empty", action="store_true", help="set no lake up: an account to follow docs/ in")

    for command in (runner, server):
        command.add_argument("--engine", choices=("duckdb", "trino"), default="duckdb", help="what runs the SQL")

    options = parser.parse_args(arguments)
    try:
        if options.command == "serve":
            return serve(options.port, options.page_port, options.engine, is_empty=options.empty)
        return run(
            options.paths, Outputs(options.output, options.page, options.picture), options.query, options.engine, options.timeout
        )
    except (UsageError, ExportError, PageError, PortInUseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, say) has gone; nothing is to be written to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _path(text: str) -> Path:
    # Path("") is the working directory: `run "$UNSET"` would drop all of it.
    if not text:
        raise argparse.ArgumentTypeError("the path is empty: name a file or a folder (this one is .)")
    return Path(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return int(text)


if __name__ == "__main__":
    # The collector would go through all of moto and sqlglot again and again, for a tenth of the time of `run dataset`.
    gc.set_threshold(100_000, 50)
    sys.exit(main())
