"""Which Lambda invocation makes an AWS call, and whether that call may be made now, later or never.

A thread cannot be killed, but a Lambda sandbox can. So every boto3 call passes a gate: a call that belongs to a dead
invocation (killed by a fault, or past its timeout) raises `InvocationEnded`, in whichever thread of the invocation it
is made and out of whichever `finally`. A frozen invocation waits at the gate with all its threads until it is thawed.
Threads and executor tasks belong to the invocation that started them.

    handler          call 1 ---- call 2 -X killed
    its thread pool     call 3 ------------ call 4 -X InvocationEnded
    the retry                                   call 1 ---- call 2 ---- call 3 ...

    handler          call 1 ---- call 2 | frozen ~~~~~~~~~~~~~~~~~~~~~ thawed | call 2 ---- call 3 ...
    another                                call 1 ---- call 2 ---- end
"""

from __future__ import annotations

import contextvars
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from weakref import WeakSet

from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from .seams import Seams

When = Literal["before", "after"]

# Asked again and again until the answer changes: a poll right after a poll is the same step of a handler.
POLLS = ("athena:GetQueryExecution",)


class InvocationEnded(BaseException):
    """The sandbox of this invocation is gone: nothing that it still runs reaches AWS.

    A BaseException, so that no `except Exception` of a handler goes on after it.
    """


class Killed(InvocationEnded):
    """A fault ended the invocation at this AWS call, as a lost sandbox would."""


class Call(NamedTuple):
    """An AWS call: "s3:PutObject", and the key, prefix, table or statement that it is about."""

    operation: str
    target: str

    def __str__(self) -> str:
        return f"{self.operation} {self.target}".rstrip()


class Sandbox:
    """What one attempt of an invocation may do: make AWS calls until it has ended.

    `clock_offset_seconds` is how far its host's clock is ahead of the others'; `environment` are its function's variables.
    """

    def __init__(
        self,
        function_name: str,
        request_id: str,
        faults: Faults,
        clock_offset_seconds: float = 0.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.function_name = function_name
        self.request_id = request_id
        self.clock_offset_seconds = clock_offset_seconds
        self.environment = environment or {}
        self.calls: Counter[str] = Counter()
        self.steps: list[Call] = []
        """Its calls in order, a row of polls once."""
        self._faults = faults
        self._ended: InvocationEnded | None = None
        self._frozen: Fault | None = None
        self._lock = threading.Lock()

    @property
    def ended(self) -> InvocationEnded | None:
        """What ended the sandbox before its handler returned, if anything did."""
        return self._ended

    def end(self, cause: InvocationEnded) -> None:
        """Let no further AWS call through; the first cause stays."""
        with self._lock:
            self._ended = self._ended or cause

    def call(self, call: Call, make: Callable[[bool], Any]) -> Any:
        """Make one AWS call, unless the sandbox has ended or a fault forbids it; `make(True)` loses its first answer."""
        self._pass()
        with self._lock:
            polls_again = call.operation in POLLS and bool(self.steps) and self.steps[-1].operation == call.operation
            if not polls_again:
                self.steps.append(call)
        faults = self._faults.due(self, call, polls_again)
        self._strike(faults, "before", call)
        with self._lock:
            self.calls[call.operation] += 1
        answer = make(any(fault.effect == "lose answer" for fault in faults))
        self._strike(faults, "after", call)
        self._pass()
        return answer

    def _pass(self) -> None:
        """Wait while the sandbox is frozen; raise InvocationEnded once it has ended."""
        while (frozen := self._frozen) is not None:
            frozen.thawed.wait()
            if frozen.killed:
                self.end(Killed(f"killed while frozen {frozen.when} {frozen.struck}"))
            self._frozen = None if self._frozen is frozen else self._frozen
        if self._ended is not None:
            raise InvocationEnded(f"invocation {self.request_id} has ended: {self._ended}")

    def _strike(self, faults: list[Fault], when: When, call: Call) -> None:
        for fault in faults:
            fault.struck = fault.struck or str(call)
            if fault.when != when or fault.effect == "lose answer":
                continue
            if fault.effect == "freeze":
                self._frozen = fault
                self._faults.note_frozen(fault)
                self._pass()
                continue
            error = fault.error or Killed(f"killed {when} {call}")
            if isinstance(error, InvocationEnded):
                self.end(error)
            raise error


@dataclass(eq=False)
class Fault:
    """What is to happen at one AWS call of a handler; `struck` names that call once it has been made."""

    when: When
    nth: int
    effect: Literal["raise", "freeze", "lose answer"]
    function: str | None = None
    operation: str | None = None
    request_id: str | None = None
    error: BaseException | None = None
    for_good: bool = False
    struck: str | None = None
    frozen: threading.Event = field(default_factory=threading.Event, repr=False)
    thawed: threading.Event = field(default_factory=threading.Event, repr=False)
    _killed: bool = field(default=False, repr=False)
    _seen: int = field(default=0, repr=False)

    def kill(self) -> None:
        """End a frozen invocation where it is: no further AWS call of it succeeds."""
        self._killed = True
        self.thaw()

    @property
    def killed(self) -> bool:
        return self._killed

    def thaw(self) -> None:
        """Let a frozen invocation go on; one that has not been frozen yet never will be."""
        self.thawed.set()

    def counts(self, sandbox: Sandbox, call: Call, polls_again: bool) -> bool:
        """Whether this call is one to strike; to be asked once a call."""
        if (
            self.function not in (None, sandbox.function_name)
            or self.operation not in (None, call.operation)
            or self.request_id not in (None, sandbox.request_id)
            or (polls_again and self.operation is None)
        ):
            return False
        self._seen += 1
        return self._seen >= self.nth if self.for_good else self._seen == self.nth


class Faults:
    """The faults that a test has armed. Each strikes once, or from then on.

    Which call is the nth is counted from now, among those of that function, operation and request. Without an operation every
    call counts, a row of polls as one. Operations are named "s3:PutObject".
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        """Notified when an invocation has been frozen or thawed."""
        self._armed: list[Fault] = []
        self._frozen: list[Fault] = []
        self._lock = threading.Lock()

    def arm(
        self,
        when: When,
        nth: int = 1,
        *,
        function: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        error: BaseException | None = None,
        for_good: bool = False,
    ) -> Fault:
        """Strike before or after the nth call (from 1), with `for_good` that and each one after it.

        Without `error` the invocation is killed: no AWS call of it succeeds any more, and Lambda retries it. With one
        (a ClientError, say) the call raises just that.
        """
        return self._add(Fault(when, nth, "raise", function, operation, request_id, error, for_good))

    def freeze(
        self,
        when: When,
        nth: int = 1,
        *,
        function: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
    ) -> Fault:
        """Freeze the invocation before or after the nth call (from 1), with all its threads, until `Fault.thaw`."""
        return self._add(Fault(when, nth, "freeze", function, operation, request_id))

    def lose_answer(
        self, nth: int = 1, *, function: str | None = None, operation: str | None = None, request_id: str | None = None
    ) -> Fault:
        """Have AWS do the nth call (from 1) and its answer get lost on the way, so that botocore makes it once more."""
        return self._add(Fault("after", nth, "lose answer", function, operation, request_id))

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._armed.append(fault)
        return fault

    def disarm(self, fault: Fault | None = None) -> None:
        """Forget a fault, or every one, and thaw what it froze."""
        with self._lock:
            forgotten = [each for each in self._armed if fault in (None, each)]
            self._armed = [each for each in self._armed if each not in forgotten]
        for each in (*forgotten, *(each for each in self._frozen if fault in (None, each))):
            each.thaw()

    def due(self, sandbox: Sandbox, call: Call, polls_again: bool) -> list[Fault]:
        """The faults that this call, being made now, is to meet."""
        with self._lock:
            due = [fault for fault in self._armed if fault.counts(sandbox, call, polls_again)]
            self._armed = [fault for fault in self._armed if fault not in due or fault.for_good]
        return due

    def note_frozen(self, fault: Fault) -> None:
        """Let those who wait know that an invocation is frozen."""
        with self.changed:
            self._frozen.append(fault)
            fault.frozen.set()
            self.changed.notify_all()

    @property
    def frozen(self) -> int:
        """How many invocations are frozen now."""
        return sum(not fault.thawed.is_set() for fault in self._frozen)


Observer = Callable[[str, str, Mapping[str, Any]], None]
"""Is told the function, the operation ("s3:PutObject") and the parameters of each AWS call that a handler is about to make."""

_sandbox: contextvars.ContextVar[Sandbox | None] = contextvars.ContextVar("sandbox", default=None)
_observers: list[Observer] = []
_of_the_account: WeakSet[Any] = WeakSet()
_installed = threading.Lock()


def current() -> Sandbox | None:
    """The sandbox that this thread's code runs in, if any."""
    return _sandbox.get()


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Tell `observer` of every call of a handler while entered, and of none by the account's own clients."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def of_the_account(client: Any) -> Any:
    """The client, of whose calls no observer is told: a test makes them, though it may be in a handler's thread."""
    _of_the_account.add(client)
    return client


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

        def outside_the_sandbox(loses_answer: bool) -> Any:
            # Threads that the account's own services start while they answer are not the handler's.
            with inside(None), _answer_lost(client) if loses_answer else nullcontext():
                return make_api_call(client, operation_name, api_params)

        service = client.meta.service_model.service_name
        if client not in _of_the_account and not sandbox.ended:
            for observer in _observers:
                observer(sandbox.function_name, f"{service}:{operation_name}", api_params)
        return sandbox.call(Call(f"{service}:{operation_name}", _target(api_params)), outside_the_sandbox)

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


@contextmanager
def _answer_lost(client: Any) -> Iterator[None]:
    """Lose the answer to the first request that this thread sends, once the account has done what it asks for."""
    thread, losing = threading.get_ident(), [True]

    def lose(request: Any, **_: Any) -> None:
        if threading.get_ident() == thread and losing:
            losing.clear()
            raise ReadTimeoutError(endpoint_url=request.url)

    name = f"lose answer {thread}"
    client.meta.events.register_last("before-send", lose, name)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send", lose, name)


def _target(parameters: Mapping[str, Any]) -> str:
    """What a call is about, for a person."""
    if "QueryString" in parameters:
        return " ".join(str(parameters["QueryString"]).split())[:60]
    return next(
        (str(parameters[name]) for name in ("Key", "Prefix", "TableName", "DatabaseName", "Name") if name in parameters), ""
    )


def clock_offset_seconds() -> float:
    """How far the clock of the host is ahead on which this thread's invocation runs; 0 outside of one."""
    sandbox = _sandbox.get()
    return sandbox.clock_offset_seconds if sandbox else 0.0


def _inside(sandbox: Sandbox | None, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        with inside(sandbox):
            return function(*args, **kwargs)

    return run
