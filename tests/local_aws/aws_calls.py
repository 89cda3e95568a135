"""Which Lambda invocation makes an AWS call, and whether that call may still be made.

A thread cannot be killed, but a Lambda sandbox can. So every boto3 call passes a gate: a call that belongs to a dead
invocation (killed by a fault, or past its timeout) raises `InvocationEnded`, in whichever thread of the invocation it
is made and out of whichever `finally`. Threads and executor tasks belong to the invocation that started them.

    handler          call 1 ---- call 2 -X killed
    its thread pool     call 3 ------------ call 4 -X InvocationEnded
    the retry                                   call 1 ---- call 2 ---- call 3 ...
"""

from __future__ import annotations

import contextvars
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.client import BaseClient

from .seams import Seams


class InvocationEnded(BaseException):
    """The sandbox of this invocation is gone: nothing that it still runs reaches AWS.

    A BaseException, so that no `except Exception` of a handler goes on after it.
    """


class Killed(InvocationEnded):
    """A fault ended the invocation at this AWS call, as a lost sandbox would."""


class Sandbox:
    """What one attempt of an invocation may do: make AWS calls until it has ended."""

    def __init__(self, function_name: str, request_id: str, faults: Faults) -> None:
        self.function_name = function_name
        self.request_id = request_id
        self.calls: Counter[str] = Counter()
        self._faults = faults
        self._ended: InvocationEnded | None = None
        self._lock = threading.Lock()

    @property
    def ended(self) -> InvocationEnded | None:
        """What ended the sandbox before its handler returned, if anything did."""
        return self._ended

    def end(self, cause: InvocationEnded) -> None:
        """Let no further AWS call through; the first cause stays."""
        with self._lock:
            self._ended = self._ended or cause

    def call(self, operation: str, make: Callable[[], Any]) -> Any:
        """Make one AWS call, named "s3:PutObject", unless the sandbox has ended or a fault forbids it."""
        self._refuse_when_ended()
        faults = self._faults.due(self.function_name, operation)
        self._strike(faults, "before", operation)
        with self._lock:
            self.calls[operation] += 1
        answer = make()
        self._strike(faults, "after", operation)
        self._refuse_when_ended()
        return answer

    def _refuse_when_ended(self) -> None:
        if self._ended is not None:
            raise InvocationEnded(f"invocation {self.request_id} has ended: {self._ended}")

    def _strike(self, faults: list[Fault], when: str, operation: str) -> None:
        for fault in faults:
            if fault.when == when:
                fault.struck = operation
                error = fault.error or Killed(f"killed {when} {operation}")
                if isinstance(error, InvocationEnded):
                    self.end(error)
                raise error


@dataclass
class Fault:
    """An error to raise at one AWS call of a handler; `struck` names the operation once it has been raised."""

    when: Literal["before", "after"]
    nth: int
    function: str | None
    operation: str | None
    error: BaseException | None
    struck: str | None = None
    _seen: int = field(default=0, repr=False)

    def counts(self, function: str, operation: str) -> bool:
        """Whether a call of this operation is the one to strike; to be asked once a call."""
        if self.function not in (None, function) or self.operation not in (None, operation):
            return False
        self._seen += 1
        return self._seen == self.nth


class Faults:
    """The faults that a test has armed. Each strikes once."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(
        self,
        when: Literal["before", "after"],
        nth: int = 1,
        *,
        function: str | None = None,
        operation: str | None = None,
        error: BaseException | None = None,
    ) -> Fault:
        """Strike before or after the nth AWS call (from 1, counted from now) of that function and operation.

        Without `error` the invocation is killed: no AWS call of it succeeds any more, and Lambda retries it. With one
        (a ClientError, say) the call raises just that. Operations are named "s3:PutObject".
        """
        fault = Fault(when, nth, function, operation, error)
        with self._lock:
            self._armed.append(fault)
        return fault

    def disarm(self) -> None:
        """Forget every armed fault."""
        with self._lock:
            self._armed.clear()

    def due(self, function: str, operation: str) -> list[Fault]:
        """The faults that this call, being made now, is to meet."""
        with self._lock:
            due = [fault for fault in self._armed if fault.counts(function, operation)]
            self._armed = [fault for fault in self._armed if fault not in due]
        return due


_sandbox: contextvars.ContextVar[Sandbox | None] = contextvars.ContextVar("sandbox", default=None)
_installed = threading.Lock()


@contextmanager
def inside(sandbox: Sandbox | None) -> Iterator[None]:
    """Have the AWS calls of this thread, and of the threads that it starts, belong to this sandbox, or to none."""
    token = _sandbox.set(sandbox)
    try:
        yield
    finally:
        _sandbox.reset(token)


def install() -> None:
    """Put the gate in front of every boto3 client, for the life of the process.

    It is never taken away, so that a handler which outlives its account meets the gate, not the real AWS. Outside of
    an invocation it lets everything pass.
    """
    if not _installed.acquire(blocking=False):
        return
    make_api_call = BaseClient._make_api_call
    start = threading.Thread.start
    submit = ThreadPoolExecutor.submit

    def gated_call(client: Any, operation_name: str, api_params: Any) -> Any:
        sandbox = _sandbox.get()
        if sandbox is None:
            return make_api_call(client, operation_name, api_params)

        def outside_the_sandbox() -> Any:
            # Threads that the account's own services start while they answer are not the handler's.
            with inside(None):
                return make_api_call(client, operation_name, api_params)

        service = client.meta.service_model.service_name
        return sandbox.call(f"{service}:{operation_name}", outside_the_sandbox)

    def start_inside(thread: threading.Thread) -> None:
        sandbox = _sandbox.get()
        if sandbox is not None:
            thread.run = _inside(sandbox, thread.run)  # type: ignore[method-assign]
        start(thread)

    def submit_inside(executor: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # A pool that outlives one invocation (at module level, in a warm sandbox) runs the next one's tasks too.
        return submit(executor, _inside(_sandbox.get(), function), *args, **kwargs)

    gate = Seams()
    gate.replace(BaseClient, "_make_api_call", gated_call)
    gate.replace(threading.Thread, "start", start_inside)
    gate.replace(ThreadPoolExecutor, "submit", submit_inside)


def _inside(sandbox: Sandbox | None, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        with inside(sandbox):
            return function(*args, **kwargs)

    return run
