"""Lambda: functions that moto knows by name are run in this process, as the service would run them.

    Event invoke, S3 event --> queue --> attempt 1 --X error --> attempt 2 --X --> attempt 3 --X --> dead letters
                                 ^  |
                                 +--+ no slot of the reserved concurrency is free: tried again later, then dead letters
    RequestResponse invoke ------------> attempt 1 --> its result, or its FunctionError; never retried

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import heapq
import importlib
import io
import itertools
import json
import threading
import time
import traceback
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from .aws_calls import Call, Faults, InvocationEnded, Sandbox, inside
from .seams import Seams

# How long an event is tried for that finds no slot: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
EVENT_AGE_SECONDS = 21_600.0

PATIENCE_SECONDS = 900.0
"""How long a test waits for what must come: longer than a busy machine takes."""

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_EVENT_BYTES = 1024 * 1024
MAX_REQUEST_BYTES = MAX_RESPONSE_BYTES = 6 * 1024 * 1024


class HandlerMissing(Exception):
    """The function's zip has no such handler; `kind` is the error type that the runtime reports."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TimedOut(InvocationEnded):
    """The invocation was still running at its function's timeout."""


@dataclass
class Invocation:
    """One attempt to run a function on one event; a retry is another one with the same request id."""

    function: str
    request_id: str
    event: Any
    attempt: int
    duration_seconds: float = 0.0
    result: Any = None
    error: dict[str, Any] | None = None
    """What a caller is shown: errorType, errorMessage, and stackTrace where there is one."""
    calls: Counter[str] = field(default_factory=Counter)
    """The AWS calls it made, by operation ("s3:PutObject")."""
    steps: list[Call] = field(default_factory=list)
    """The same in order, each with what it is about; a row of polls once."""


@dataclass(frozen=True)
class Context:
    """The context object of the Python runtime.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass(frozen=True)
class _Delivery:
    """One event on its way to one function. `sent` is when, in the runtime's seconds; `throttled` how often it found no slot."""

    function: LambdaFunction
    payload: str
    request_id: str
    attempt: int
    sent: float
    throttled: int = 0


class LambdaRuntime:
    """Runs the functions of one account and region.

    At most `concurrency` asynchronous invocations run at once. `retry_delays_seconds` are the waits before the
    retries: as many retries as there are waits (Lambda: two, after one and two minutes). An event that finds no slot of the
    function's reserved concurrency waits, from the first of `throttle_delays_seconds` on to at most the second (Lambda: from a
    second to five minutes), and is given up after six hours. Waits and ages go by `seconds`; `wake` has
    to be called when that clock was set. The timeouts of functions are the machine's time.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        concurrency: int = 4,
        retry_delays_seconds: Sequence[float] = (0.05, 0.1),
        throttle_delays_seconds: tuple[float, float] = (0.02, 0.5),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults = Faults()
        self.invocations: list[Invocation] = []
        """Every attempt that has ended, in the order of their ends."""
        self.dead_letters: list[Invocation] = []
        """The last attempt of each asynchronous event that was given up."""
        self.held_back: list[tuple[str, Any]] | None = None
        """While it is a list, the events of AWS services are put there, to be delivered when and as often as a test likes."""
        self.clock_offset_seconds: Callable[[str, int], float] = lambda request_id, attempt: 0.0
        """How far the host's clock is ahead on which an attempt (from 1) runs."""
        self._account_id = account_id
        self._region = region
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._queue: list[tuple[float, int, _Delivery]] = []
        self._order = itertools.count()
        self._throttle_delays_seconds = throttle_delays_seconds
        self._seconds = seconds
        self._busy = 0
        self._running: Counter[str] = Counter()
        self._closed = False
        self._changed = self.faults.changed
        self._workers = [
            threading.Thread(target=self._work, name=f"lambda-{number}", daemon=True) for number in range(concurrency)
        ]
        for worker in self._workers:
            worker.start()

    def install(self) -> Callable[[], None]:
        """Answer moto's Invoke API. Returns the callable that undoes it."""
        runtime = self
        seams = Seams()

        def invoke(
            backend: LambdaBackend,
            function_name: str,
            qualifier: str | None,
            body: Any,
            headers: Any,
            response_headers: dict[str, Any],
        ) -> bytes:
            function = backend.get_function(function_name, qualifier)
            invocation_type = headers.get("X-Amz-Invocation-Type", "RequestResponse")
            payload = body.decode() if isinstance(body, bytes) else body or "{}"
            _check_payload(payload, MAX_EVENT_BYTES if invocation_type == "Event" else MAX_REQUEST_BYTES)
            if invocation_type == "DryRun":
                return b""
            if invocation_type == "Event":
                runtime._enqueue(_Delivery(function, payload, str(uuid.uuid4()), 1, runtime._seconds()))
                return b""
            delivery = _Delivery(function, payload, str(uuid.uuid4()), 1, runtime._seconds())
            if not runtime._takes_a_slot(delivery):
                raise LambdaClientError("TooManyRequestsException", "Rate Exceeded.")
            invocation = runtime._run_counted(delivery)
            response_headers["x-amz-executed-version"] = function.version
            if invocation.error is not None:
                response_headers["x-amz-function-error"] = "Unhandled"
                return json.dumps(invocation.error).encode()
            return json.dumps(invocation.result).encode()

        create, configuration = LambdaFunction.__init__, LambdaFunction.get_configuration

        def create_with_logging(function: Any, account_id: str, spec: dict[str, Any], *more: Any, **named: Any) -> None:
            create(function, account_id, spec, *more, **named)
            function.logging_config = spec.get("LoggingConfig", {})

        def configuration_with_logging(function: Any, on_create: bool = False) -> dict[str, Any]:
            default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
            return {**configuration(function, on_create), "LoggingConfig": {**default, **function.logging_config}}

        seams.replace(LambdaFunction, "__init__", create_with_logging)
        seams.replace(LambdaFunction, "get_configuration", configuration_with_logging)
        seams.replace(LambdaBackend, "invoke", invoke)
        return seams.restore

    def deliver(self, function_arn: str, event: Any) -> None:
        """Queue an event for a function, as an AWS service does. An event for a function that is gone is dropped."""
        if self.held_back is not None:
            self.held_back.append((function_arn, event))
        else:
            self.send(function_arn, event)

    def send(self, function_arn: str, event: Any, request_id: str | None = None, delay_seconds: float = 0.0) -> str:
        """As `deliver`, with events held back or not, after so long; the request id, which one that is given twice keeps."""
        request_id = request_id or str(uuid.uuid4())
        try:
            function = lambda_backends[self._account_id][self._region].get_function(function_arn)
        except UnknownFunctionException:
            return request_id
        sent = self._seconds() + delay_seconds
        self._enqueue(_Delivery(function, json.dumps(event), request_id, 1, sent), delay_seconds)
        return request_id

    def wait_until_idle(self, deadline: float) -> bool:
        """Wait until nothing runs, is queued or waits for its retry; False when it is not so at time.monotonic()."""
        with self._changed:
            return self._changed.wait_for(lambda: self.idle, max(0.0, deadline - time.monotonic()))

    def wait_for(self, what: str, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until `holds()`, asked often and at each start, end and freeze; TimeoutError, naming `what`, after that."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not holds():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{what}: not within {seconds:g} s; {self.pending}, {self.faults.frozen} frozen")
                self._changed.wait(0.02)

    @property
    def only_frozen_left(self) -> bool:
        """Whether nothing but frozen invocations runs, and nothing is queued or waits for its retry."""
        with self._changed:
            return not self._queue and self._busy == self.faults.frozen

    @property
    def idle(self) -> bool:
        """Whether nothing runs, is queued or waits for its retry."""
        with self._changed:
            return not self._queue and not self._busy

    @property
    def busy(self) -> int:
        """How many invocations run."""
        with self._changed:
            return self._busy

    @property
    def pending(self) -> str:
        """What is under way, for a person."""
        with self._changed:
            return f"{self._busy} invocations running, {len(self._queue)} queued"

    def close(self, grace_seconds: float) -> None:
        """Drop what is queued and wait that long for what runs."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, grace_seconds)

    def _enqueue(self, delivery: _Delivery, delay_seconds: float = 0.0) -> None:
        with self._changed:
            if not self._closed:
                entry = (self._seconds() + delay_seconds, next(self._order), delivery)
                heapq.heappush(self._queue, entry)
                if self._queue[0] is entry:  # else the workers wait for an earlier one already
                    self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._is_due():
                    self._changed.wait(self._queue[0][0] - self._seconds() if self._queue else None)
                if self._closed:
                    return
                delivery = heapq.heappop(self._queue)[2]
                if not self._takes_a_slot(delivery):
                    self._throttle(delivery)
                    continue
                self._busy += 1
            try:
                self._settle(delivery, self._run(delivery))
            finally:
                self._rest(delivery)

    def _is_due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= self._seconds()

    def wake(self) -> None:
        """Check what is due now."""
        with self._changed:
            self._changed.notify_all()

    def _takes_a_slot(self, delivery: _Delivery) -> bool:
        """Count an invocation that begins; False where the function's reserved concurrency is used up.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
        """
        with self._changed:
            name, reserved = delivery.function.function_name, delivery.function.reserved_concurrency
            if reserved is not None and self._running[name] >= int(reserved):
                return False
            self._running[name] += 1
            return True

    def _throttle(self, delivery: _Delivery) -> None:
        """Try again later, or give the event up for its age."""
        if self._seconds() - delivery.sent >= EVENT_AGE_SECONDS:
            lost = Invocation(
                delivery.function.function_name, delivery.request_id, json.loads(delivery.payload), delivery.attempt
            )
            # As a destination for failed events is told: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
            lost.error = _error("EventAgeExceeded", f"not invoked within {EVENT_AGE_SECONDS:g} s: throttled")
            self.dead_letters.append(lost)
            return
        first, longest = self._throttle_delays_seconds
        delay = min(longest, first * 2 ** min(delivery.throttled, 30))
        self._enqueue(replace(delivery, throttled=delivery.throttled + 1), delay)

    def _settle(self, delivery: _Delivery, invocation: Invocation) -> None:
        if invocation.error is None:
            return
        if delivery.attempt > len(self._retry_delays_seconds):
            self.dead_letters.append(invocation)
            return
        retry = replace(delivery, attempt=delivery.attempt + 1)
        self._enqueue(retry, self._retry_delays_seconds[delivery.attempt - 1])

    def _run_counted(self, delivery: _Delivery) -> Invocation:
        with self._changed:
            self._busy += 1
        try:
            return self._run(delivery)
        finally:
            self._rest(delivery)

    def _rest(self, delivery: _Delivery) -> None:
        with self._changed:
            self._busy -= 1
            self._running[delivery.function.function_name] -= 1
            self._changed.notify_all()

    def _run(self, delivery: _Delivery) -> Invocation:
        """Run one attempt in a thread of its own, so that it can be left behind at its timeout."""
        function = delivery.function
        timeout_seconds = int(function.timeout)
        offset = self.clock_offset_seconds(delivery.request_id, delivery.attempt)
        variables = getattr(function, "environment_vars", {})
        sandbox = Sandbox(function.function_name, delivery.request_id, self.faults, offset, variables)
        invocation = Invocation(
            function.function_name,
            delivery.request_id,
            json.loads(delivery.payload),
            delivery.attempt,
            calls=sandbox.calls,
            steps=sandbox.steps,
        )
        started = time.monotonic()
        context = Context(
            function_name=function.function_name,
            function_version=str(function.version),
            invoked_function_arn=function.function_arn,
            memory_limit_in_mb=str(function.memory_size),
            aws_request_id=delivery.request_id,
            log_group_name=f"/aws/lambda/{function.function_name}",
            log_stream_name=f"{datetime.now(timezone.utc):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}",
            deadline=started + timeout_seconds,
        )
        ended: list[Any] = []

        def attempt() -> None:
            with inside(sandbox):
                ended.append(_call(function, delivery.payload, context, sandbox))

        thread = threading.Thread(target=attempt, name=f"{function.function_name} {delivery.request_id}", daemon=True)
        thread.start()
        thread.join(timeout_seconds)
        if not ended:
            message = f"Task timed out after {timeout_seconds:.2f} seconds"
            sandbox.end(TimedOut(message))
            stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            ended.append(
                (
                    None,
                    {
                        "errorType": "Sandbox.Timedout",
                        "errorMessage": f"{stamp} {delivery.request_id} {message}",
                    },
                )
            )
        invocation.result, invocation.error = ended[0]
        invocation.duration_seconds = time.monotonic() - started
        self.invocations.append(invocation)
        return invocation


def _call(function: LambdaFunction, payload: str, context: Context, sandbox: Sandbox) -> tuple[Any, dict[str, Any] | None]:
    """The handler's result as JSON carries it, or the error that the service reports."""
    try:
        result = _handler(function)(json.loads(payload), context)
    except HandlerMissing as error:
        return None, _error(error.kind, str(error))
    except BaseException as error:  # noqa: B036 - a fault's BaseException ends the sandbox, not the account
        # A handler that dies of a later call, in its finally, died of the first.
        cause = sandbox.ended or error
        return None, _error(type(cause).__name__, str(cause), traceback.format_tb(error.__traceback__))
    if sandbox.ended is not None:
        return None, _error(type(sandbox.ended).__name__, str(sandbox.ended))
    try:
        text = json.dumps(result)
    except (TypeError, ValueError) as error:
        return None, _error("Runtime.MarshalError", f"Unable to marshal response: {error}")
    if len(text) > MAX_RESPONSE_BYTES:
        return None, _error(
            "Function.ResponseSizeTooLarge",
            f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
        )
    return json.loads(text), None


def _error(kind: str, message: str, stack: Sequence[str] = ()) -> dict[str, Any]:
    return {"errorType": kind, "errorMessage": message, "stackTrace": list(stack)}


def _handler(function: LambdaFunction) -> Callable[[Any, Context], Any]:
    """The handler that the function names, imported in this process; its module must be in the uploaded zip."""
    module_name, _, attribute = str(function.handler).replace("/", ".").rpartition(".")
    path = module_name.replace(".", "/")
    with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
        if not {f"{path}.py", f"{path}/__init__.py"} & set(package.namelist()):
            raise HandlerMissing(
                "Runtime.ImportModuleError", f"Unable to import module '{module_name}': No module named '{module_name}'"
            )
    module = importlib.import_module(module_name)
    if not hasattr(module, attribute):
        raise HandlerMissing("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'")
    handler: Callable[[Any, Context], Any] = getattr(module, attribute)
    return handler


def _check_payload(payload: str, max_bytes: int) -> None:
    if len(payload.encode()) > max_bytes:
        raise LambdaClientError(
            "RequestEntityTooLargeException",
            f"{len(payload.encode())} byte payload is too large (limit {max_bytes}).",
        )
    try:
        json.loads(payload)
    except ValueError as error:
        raise LambdaClientError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
