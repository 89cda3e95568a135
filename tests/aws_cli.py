"""The AWS CLI, loaded once: each command forks from there, and so spares the third of a second that its imports take.

PATH=folder():… bash -c 'aws s3 ls'      aws ── arguments, folder, variables, terminal ──► the loaded CLI ─► a process of its own
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

_SOCKET = "socket"
_CALLER = f"""#!{sys.executable} -IS
import json, os, socket, sys
cli = socket.socket(socket.AF_UNIX)
cli.connect(os.path.join(os.path.dirname(__file__), {_SOCKET!r}))
said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(cli, [len(said).to_bytes(4, "big")], [0, 1, 2])
cli.sendall(said)
sys.exit(cli.recv(1)[0])
"""


@cache
def folder() -> Path:
    """The folder of a program `aws`, for the life of this process: to be put first into PATH."""
    place = tempfile.TemporaryDirectory(prefix="aws-cli-")
    atexit.register(place.cleanup)
    program = Path(place.name, "aws")
    program.write_text(_CALLER, encoding="utf-8")
    program.chmod(0o700)
    command = [sys.executable, "-m", "tests.aws_cli", place.name]
    cli = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(cli.communicate)
    assert cli.stdout is not None and cli.stdout.readline(), "the AWS CLI can't be loaded: its own words are on stderr"
    return Path(place.name)


def _serve(place: str) -> None:
    """Run each command that comes, until standard input ends."""
    import awscli.clidriver
    import awscli.handlers  # noqa: F401 - what every command loads

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(place, _SOCKET))
        listener.listen()
        print("loaded", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            caller, _ = listener.accept()
            if os.fork() == 0:
                _answer(caller)
            caller.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _answer(caller: socket.socket) -> NoReturn:
    """Run the command that the caller asks for, in its terminal, and tell it the status."""
    import awscli.clidriver

    length, terminal, _, _ = socket.recv_fds(caller, 4, 3)
    said = caller.makefile("rb").read(int.from_bytes(length, "big"))
    arguments, place, variables = json.loads(said)
    for number, handle in enumerate(terminal):
        os.dup2(handle, number)
    os.chdir(place)
    models = os.environ["AWS_DATA_PATH"]  # which awscli has set as it was loaded
    os.environ.clear()
    os.environ.update(variables | {"AWS_DATA_PATH": models})
    sys.argv = ["aws", *arguments]
    status = 1
    try:
        status = awscli.clidriver.main()
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.send(bytes([status]))
        os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
