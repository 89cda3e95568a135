"""`python -m tests.local_aws serve`: the account over HTTP, and a page of its lake, which is set up but with --empty."""

from __future__ import annotations

import html
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .account import CREDENTIALS, EngineName, LocalAccount, QueryFailedError
from .http_server import HOST, naming
from .page import PageError, page_html
from .report import unhandled

EMPTY = "Nothing is in this account: set a lake up in it, by the commands of docs/ or by its template."


def serve(port: int, page_port: int, engine: EngineName, *, is_empty: bool = False) -> int:
    """Serve until SIGINT or SIGTERM. Prints the variables to export, in a shell's words, once requests are answered.

    An empty account has no lake, nor anything else: it is for those who set one up in it, by docs/.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with LocalAccount(engine, serve_port=port) as account, serving_page(account, page_port) as page_url:
        if not is_empty:
            account.create_lake()
        print(f"export AWS_ENDPOINT_URL={account.endpoint_url}")
        for name, value in CREDENTIALS.items():
            print(f"export {name}={value}")
        sys.stdout.flush()
        drop = f"Drop CSV files below s3://{account.bucket}/raw/stocks/ and query database {account.database}."
        print(
            f"{EMPTY if is_empty else drop} Charts and what became of each file: {page_url}\n"
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


@contextmanager
def serving_page(account: LocalAccount, port: int) -> Iterator[str]:
    """Serve a page of the lake, made anew for each visit, on 127.0.0.1 at `port` while entered; gives the URL.

    Raises PortInUseError when the port is taken.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                status, body = HTTPStatus.OK, page_html(account)
            except (PageError, QueryFailedError) as error:
                status, body = HTTPStatus.SERVICE_UNAVAILABLE, f"<p>{html.escape(str(error))}</p>"
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Visits are not worth a line on the terminal."""

    with naming(port):
        server = ThreadingHTTPServer((HOST, port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
