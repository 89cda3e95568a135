"""AWS's own Python runtime client, run on one event: what a function's log group gets in either log format.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def output_of(handler: str, log_format: str) -> list[str]:
    """The lines that the runtime client prints while `handler` (`package.module.function`) answers one event."""
    answered, over = threading.Event(), threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the next event: one, then none for as long as the client waits
            if answered.is_set():
                over.wait()
            self._answer(
                {
                    "Lambda-Runtime-Aws-Request-Id": "the-request",
                    "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                    "Content-Type": "application/json",
                }
            )

        def do_POST(self) -> None:  # the event's response or error
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer({})
            answered.set()

        def _answer(self, headers: Mapping[str, str]) -> None:
            self.send_response(200)
            for name, value in {**headers, "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_LOG_FORMAT": log_format,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "LAMBDA_TASK_ROOT": str(REPOSITORY),
        "PYTHONPATH": str(REPOSITORY),
    }
    with tempfile.TemporaryFile() as printed:
        command = [sys.executable, "-m", "awslambdaric", handler]
        client = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=printed, stderr=subprocess.STDOUT)
        while client.poll() is None and not answered.wait(0.1):
            pass
        client.kill()
        client.wait()
        printed.seek(0)
        output = printed.read().decode()
    over.set()
    server.shutdown()
    server.server_close()
    assert answered.is_set(), f"the runtime client did not answer its event; it printed: {output}"
    return output.splitlines()
