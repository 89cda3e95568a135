"""The account over HTTP, in a thread of this process and over the same backends as its in-process clients."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from moto.moto_server.threaded_moto_server import ThreadedMotoServer

HOST = "127.0.0.1"


class PortInUseError(Exception):
    """Another process listens on the port, or this one may not."""


@contextmanager
def serving(port: int) -> Iterator[str]:
    """Serve on 127.0.0.1 at `port` (0 for a free one) while entered; gives the URL.

    Raises PortInUseError when the port is taken, or is the system's.
    """
    # moto's server thread would exit without a word, and its start() wait for ever.
    port = _usable(port)
    access_log = logging.getLogger("werkzeug")
    level = access_log.level
    access_log.setLevel(logging.ERROR)
    server = ThreadedMotoServer(HOST, port, verbose=False)
    server.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.stop()
        access_log.setLevel(level)


@contextmanager
def naming(port: int) -> Iterator[None]:
    """Raise PortInUseError where the port can't be listened at."""
    try:
        yield
    except OSError as error:
        raise PortInUseError(f"port {port} of {HOST} cannot be used ({error.strerror}): give another one") from error


def _usable(port: int) -> int:
    """The port, or a free one for 0."""
    with socket.socket() as probe, naming(port):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        return int(probe.getsockname()[1])
