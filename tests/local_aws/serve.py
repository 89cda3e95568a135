"""`python -m tests.local_aws serve`: the account over HTTP, the lake set up and its triggers live."""

from __future__ import annotations

import signal
import sys
import threading

from .account import CREDENTIALS, EngineName, LocalAccount
from .report import unhandled


def serve(port: int, engine: EngineName) -> int:
    """Serve until SIGINT or SIGTERM. Prints the variables to export, in a shell's words, once requests are answered."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with LocalAccount(engine, serve_port=port) as account:
        account.create_lake()
        print(f"export AWS_ENDPOINT_URL={account.endpoint_url}")
        for name, value in CREDENTIALS.items():
            print(f"export {name}={value}")
        sys.stdout.flush()
        print(
            f"Drop CSV files below s3://{account.bucket}/raw/stocks/ and query database {account.database}. "
            "Ctrl-C ends the account and all that is in it.",
            file=sys.stderr,
            flush=True,
        )
        seen = 0
        while not stop.wait(0.5):
            for line in unhandled(account.dead_letters[seen:]):
                print(line, file=sys.stderr, flush=True)
                seen += 1
    return 0
