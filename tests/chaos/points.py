"""What can happen to a handler, and at which of its AWS calls: the points of the chaos.

kind                    what happens at a point
frozen, …               the holder freezes before a call; another works the event off, a newer version is loaded; it thaws
both frozen             and the other one freezes too
killed …                the holder is killed before or after a call, and Lambda tries again; or it does not
error …                 AWS says no, once or from then on
answer lost             AWS does what it is asked for, and the answer does not arrive
statement …             a statement fails, is cancelled, or goes on after the invocation that started it
clocks apart, pages …   frozen and killed, with hosts' clocks a minute apart; with listings in pages of three keys
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from lambda_scripts.lakehouse.errors import LeftForLaterError
from tests.lakes import RAW, REPORTS
from tests.local_aws.aws_calls import Call, Fault, Killed
from tests.local_aws.engine import SYSTEM, StatementFailed
from tests.local_aws.lambda_runtime import Invocation

from .reader import Reader
from .scenarios import SCENARIOS
from .verdict import left, wrong
from .world import Changes, Kept, Upset, World

FIRST = "first-request"
SECOND = "second-request"
KILLED = Killed.__name__

# What AWS can answer other than yes, with the HTTP status, once botocore has given up trying again: what any operation
# of a service may answer, and what some of them do.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html and each operation's page
# https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html and each operation's page
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
ERRORS: dict[str, tuple[tuple[str, int], ...]] = {
    "s3": (("SlowDown", 503), ("InternalError", 500)),
    "athena": (("ThrottlingException", 400), ("InternalServerException", 500), ("AccessDeniedException", 400)),
    "glue": (
        ("ThrottlingException", 400),
        ("InternalServiceException", 500),
        ("OperationTimeoutException", 400),
        ("AccessDeniedException", 400),
    ),
    "lambda": (("TooManyRequestsException", 429), ("ServiceException", 500), ("AccessDeniedException", 403)),
    # Not s3:GetObject: AccessDenied of a raw file is an answer about that file, which is refused with the remedy.
    "s3:HeadObject": (("AccessDenied", 403),),
    "s3:ListObjectsV2": (("AccessDenied", 403),),
    "s3:PutObject": (("AccessDenied", 403), ("ConditionalRequestConflict", 409)),
    "s3:CopyObject": (("AccessDenied", 403), ("NoSuchKey", 404)),
    "s3:DeleteObjects": (("AccessDenied", 403),),
    "athena:StartQueryExecution": (("TooManyRequestsException", 400),),
    "glue:CreateDatabase": (("ConcurrentModificationException", 400),),
    "glue:BatchCreatePartition": (("ResourceNumberLimitExceededException", 400),),
    "glue:BatchDeleteTable": (("ResourceNotReadyException", 400),),
}
WAITED_OUT = {("athena:StartQueryExecution", code) for code in ("ThrottlingException", "TooManyRequestsException")}
"""What a handler tries again until its deadline: to have that for good is the deadline's test."""

CHANGES = ("Put", "Copy", "Delete", "Start", "Create", "Invoke")
"""How the names of the operations begin that do something: of the others a lost answer is an answer asked for again."""

CONDITIONAL = re.compile(r"pipeline/(leases|sources|commits)/|/manifest$")

STATEMENTS = {
    RAW: ("regexp_extract_all", "AS reasons", "WITH contenders", "count_if(m.source", "'rejected'\n", "DISTINCT h.source"),
    REPORTS: ("highest_price", "yearly_high"),
}
"""Words by which each function's statements can be told apart."""

STATEMENT_ERRORS = {
    "fails with a read error": StatementFailed("HIVE_CURSOR_ERROR: Failed to read file at s3://bucket/key: Read timed out"),
    "fails inside Athena": StatementFailed("GENERIC_INTERNAL_ERROR: worker lost", SYSTEM, 200),
    "is throttled": StatementFailed("HIVE_CANNOT_OPEN_SPLIT: Please reduce your request rate (Status Code: 503)"),
}


@dataclass(frozen=True)
class Point:
    """What happens to the handler of a scenario: at its step `step` (from 1), `other` and `detail` as the kind has it."""

    kind: str
    scenario: str
    function: str
    step: int
    other: int = 0
    detail: str = ""
    call: str = ""
    """What the handler does at that step, in a run in which nothing happens."""

    def __str__(self) -> str:
        more = "".join(f", {each}" for each in (self.detail, f"then {self.other}" if self.other else "") if each)
        return f"{self.kind}{more}: {self.scenario}, {self.function} at {self.step} ({self.call})"


@dataclass(frozen=True)
class Verdict:
    """What came of a point. `struck` is false where the handler ended before it got there."""

    point: Point
    struck: bool
    wrong: list[str]
    left: list[str]
    seconds: float = 0.0

    def timed(self, seconds: float) -> Verdict:
        return replace(self, seconds=seconds)


@dataclass(frozen=True)
class Kind:
    """`strike` makes it happen and returns whether it did; `gives_up` says that events may end as dead letters.

    `leaves_one_attempt` says that it kills two of Lambda's three attempts: then a batch with a file that fails, which a later
    attempt has to prove, is given up, and `drain` finds its markers.

    Of its points, one in `one_in` of each scenario and function is planned, or with `per_detail` one of each detail and function.
    """

    strike: Callable[[Trials, Point], bool]
    points: Callable[[Sequence[Call], random.Random], Iterator[tuple[int, int, str]]]
    one_in: int = 1
    per_detail: bool = False
    gives_up: bool = False
    leaves_one_attempt: bool = False


class Trials:
    """One world in which point after point is tried."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._settled: dict[tuple[tuple[tuple[str, bytes | None], ...], ...], Kept] = {(): world.keep()}
        """The state after each row of changes that were settled, one after the other."""
        self._stages: dict[tuple[str, str], Kept] = {}
        self.event: dict[str, object] = {}

    def stage(self, scenario: str, function: str) -> None:
        """Have everything as it is when the scenario's event has come for the function, as `event`."""
        world, plan = self.world, SCENARIOS[scenario]
        if (scenario, function) not in self._stages:
            world.restore(self._after(plan.before))
            world.change(plan.event)
            if function == REPORTS:
                world.send(RAW, world.collect(RAW))
                world.settle()
                world.note_standing()
            self._stages[scenario, function] = world.keep()
        world.restore(self._stages[scenario, function])
        self.event = world.collect(function)

    def _after(self, changes: tuple[Changes, ...]) -> Kept:
        world = self.world
        made = tuple(tuple(each.items()) for each in changes)
        if made not in self._settled:
            world.restore(self._after(changes[:-1]))
            world.change(changes[-1])
            for function in (RAW, REPORTS):
                world.send(function, world.collect(function))
                world.settle()
            world.note_standing()
            self._settled[made] = world.keep()
        return self._settled[made]

    def steps(self, scenario: str, function: str) -> list[Call]:
        """The AWS calls that the function makes when nothing happens; none where the event changes nothing for it."""
        self.stage(scenario, function)
        if self.event is None:
            return []
        self.world.send(function, self.event, FIRST)
        self.world.flow()
        self.world.settle()
        if found := wrong(self.world) + left(self.world):
            raise AssertionError(f"{scenario}, {function}, where nothing happens: {found}")
        return self.world.invocations(FIRST)[0].steps

    def run(self, point: Point) -> Verdict:
        kind = KINDS[point.kind]
        self.stage(point.scenario, point.function)
        world, reader = self.world, Reader(self.world)
        with reader.reading():
            struck = kind.strike(self, point)
            world.calm()
            world.settle()
        given_up = list(world.account.dead_letters)
        waiting = [] if given_up else world.keys("pipeline/inbox/")
        if given_up:
            world.replay(given_up)
            world.drain()
        reader.read()
        found = wrong(world) + reader.wrong
        if not kind.gives_up:
            found += [
                f"given up: {str(letter.error)[:300]}"
                for letter in given_up
                if not (kind.leaves_one_attempt and self._was_killed_twice_and_asked_for_another_attempt(letter))
            ]
        if leaves := left(world):
            # A statement that was stopped may yet end well; what it leaves is the next holder's to remove.
            world.runtime.wait_for("every statement's end", lambda: not world.unfinished_statements())
            world.drain()
            leaves = left(world)
        return Verdict(point, struck, found, waiting + leaves)

    def _was_killed_twice_and_asked_for_another_attempt(self, letter: Invocation) -> bool:
        return letter.request_id == FIRST and self._ends_of_the_first() == [KILLED, KILLED, LeftForLaterError.__name__]

    def _ends_of_the_first(self) -> list[str]:
        """The types of the errors that the attempts of the first request ended with, sorted."""
        return sorted(str(each.error["errorType"]) for each in self.world.invocations(FIRST) if each.error)

    # What happens

    def freeze(self, point: Point, second: str) -> bool:
        """Freeze the holder; let the event be worked off by another and a newer version be loaded; thaw."""
        fault = self._begin_frozen(point)
        if fault is None:
            return False
        self.world.send(point.function, self.event, second)
        self.world.settle_but_frozen()
        self._load_newer(point)
        self.world.settle_but_frozen()
        fault.thaw()
        return True

    def freeze_both(self, point: Point) -> bool:
        """Freeze the holder and the one that overtakes it; thaw them in either order; a newer version comes before or after."""
        fault = self._begin_frozen(point)
        if fault is None:
            return False
        other = self.world.faults.freeze("before", point.other, function=point.function, request_id=FIRST)
        self.world.send(point.function, self.event, FIRST)
        if not self.world.until_frozen(other):
            fault.thaw()
            return False
        if "newer before" in point.detail:
            self._load_newer(point)
            self.world.settle_but_frozen()
        for each in (fault, other) if "first thaws" in point.detail else (other, fault):
            each.thaw()
            self.world.settle_but_frozen()
        if "newer after" in point.detail:
            self._load_newer(point)
        return True

    def kill(self, point: Point) -> bool:
        """Kill the holder before or after a call, and its retry at a later one where there is `other`."""
        when = "after" if "after" in point.kind else "before"
        fault = self.world.faults.arm(when, point.step, request_id=FIRST)  # type: ignore[arg-type]
        if point.other:
            self.world.faults.arm("before", point.step + point.other, request_id=FIRST)
        self._send(point)
        self.world.settle()
        return fault.struck is not None

    def kill_for_good(self, point: Point) -> bool:
        """Kill the holder, and each retry at its first call; then something newer comes."""
        fault = self.world.faults.arm("before", point.step, request_id=FIRST, for_good=True)
        self._send(point)
        self.world.settle()
        self._load_newer(point)
        self.world.settle()
        self._replay_the_first()
        return fault.struck is not None

    def _replay_the_first(self) -> None:
        """The event whose every attempt was killed: it is given up, which is right, and replayed if it was never taken in."""
        if set(self._ends_of_the_first()) == {KILLED}:
            letters = self.world.account.dead_letters
            mine = [each for each in letters if each.request_id == FIRST]
            letters[:] = [each for each in letters if each not in mine]
            self.world.replay(mine)

    def kill_while_another_waits(self, point: Point) -> bool:
        """Kill the holder once the event of something newer has met it."""
        fault = self._begin_frozen(point)
        if fault is None:
            return False
        self.world.faults.arm("before", 1, request_id=FIRST, for_good=True)
        self._load_newer(point)
        self.world.runtime.wait_for(
            "the newer one's end, or its wait",
            lambda: self.world.runtime.only_frozen_left or bool(self.world.lake.logged("lease held by another")),
        )
        fault.kill()
        self.world.settle()
        self._replay_the_first()
        return True

    def refuse(self, point: Point) -> bool:
        """Have AWS say no at the step, or to every call of its operation from then on."""
        operation, code, status = point.detail.split()
        error = ClientError(
            {"Error": {"Code": code, "Message": "as chaos has it"}, "ResponseMetadata": {"HTTPStatusCode": int(status)}},
            operation.partition(":")[2],
        )
        for_good = "for good" in point.kind
        fault = self.world.faults.arm(
            "before", point.other or point.step, operation=operation if point.other else None,
            function=point.function, error=error, for_good=for_good,
        )  # fmt: skip
        self._send(point)
        self.world.settle()
        return fault.struck is not None

    def lose_answer(self, point: Point) -> bool:
        fault = self.world.faults.lose_answer(point.step, request_id=FIRST)
        self._send(point)
        self.world.settle()
        return fault.struck is not None

    def fail_statement(self, point: Point) -> bool:
        text, error = point.detail, STATEMENT_ERRORS[point.kind.removeprefix("statement ").removesuffix(", once")]
        upset = self.world.upset(text, 1, error)
        self._send(point)
        self.world.settle()
        return upset.struck

    def cancel_statement(self, point: Point) -> bool:
        upset = self._send_until_statement(point)
        self.world.stop_statements(point.detail)
        self.world.settle()
        return upset.struck

    def outlive(self, point: Point) -> bool:
        """Kill the holder while a statement of it runs; that statement succeeds when everything has been done again."""
        upset = self._send_until_statement(point)
        self.world.faults.arm("before", 1, request_id=FIRST, operation="athena:GetQueryExecution")
        self.world.settle()
        upset.release.set()
        self.world.runtime.wait_for("its end", lambda: not self.world.unfinished_statements())
        return upset.struck

    def clocks_apart(self, point: Point) -> bool:
        self.world.set_clocks_apart(60)
        return self.kill(point) if point.detail == "killed" else self.freeze(point, FIRST)

    def pages_of_three(self, point: Point) -> bool:
        self.world.list_in_pages_of(3)
        return self.kill(point) if point.detail == "killed" else self.freeze(point, FIRST)

    def _send(self, point: Point) -> None:
        self.world.send(point.function, self.event, FIRST)
        self.world.flow()

    def _send_until_statement(self, point: Point) -> Upset:
        """Send the event, and wait until the statement that the point names runs, or all has ended without it."""
        upset = self.world.upset(point.detail)
        self._send(point)
        self.world.runtime.wait_for("the statement", lambda: upset.struck or self.world.runtime.idle)
        return upset

    def _begin_frozen(self, point: Point) -> Fault | None:
        """The function frozen before a call, and events flowing; None, once everything has ended, where it was not."""
        fault = self.world.faults.freeze("before", point.step, function=point.function, request_id=FIRST)
        self.world.send(point.function, self.event, FIRST)
        frozen = self.world.until_frozen(fault)
        self.world.flow()
        if not frozen:
            fault.thaw()
            self.world.settle()
            return None
        return fault

    def _load_newer(self, point: Point) -> None:
        self.world.change(SCENARIOS[point.scenario].newer)


# Which points there are


def _each(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    """Every step; of those between two statements that do the same to one object after another one, by chance."""
    alike: dict[tuple[int, str], list[int]] = defaultdict(list)
    statements = 0
    for number, call in enumerate(steps, 1):
        statements += call.operation == "athena:StartQueryExecution"
        alike[statements, re.sub(r"[0-9a-f]{4,}|[0-9]+", "#", str(call))].append(number)
    for numbers in alike.values():
        yield chance.choice(numbers), 0, ""


def _every_other(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    """Every other step: to be killed after a call is to be killed before the next one."""
    yield from sorted(_each(steps, chance))[::2]


def _pairs(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for number, _, _ in _each(steps, chance):
        order = f"the {chance.choice(('first', 'second'))} thaws first, newer {chance.choice(('before', 'after'))}"
        yield number, chance.randint(1, len(steps)), order


def _twice(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for number, _, _ in _each(steps, chance):
        yield number, chance.randint(1, len(steps)), ""


def _either(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for number, _, _ in _each(steps, chance):
        yield number, 0, chance.choice(("killed", "frozen"))


def _errors_of(operation: str) -> tuple[tuple[str, int], ...]:
    return ERRORS[operation.partition(":")[0]] + ERRORS.get(operation, ())


def _refused(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for number, _, _ in _each(steps, chance):
        call = steps[number - 1]
        for code, status in _errors_of(call.operation):
            if status != 409 or CONDITIONAL.search(call.target):
                yield number, 0, f"{call.operation} {code} {status}"


def _refused_for_good(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for operation in dict.fromkeys(call.operation for call in steps):
        numbers = [number for number, call in enumerate(steps, 1) if call.operation == operation]
        nths = sorted({1, (len(numbers) + 1) // 2, len(numbers)})
        for nth in nths:
            for code, status in _errors_of(operation):
                if status not in (404, 409) and (operation, code) not in WAITED_OUT:
                    yield numbers[nth - 1], nth, f"{operation} {code} {status}"


def _changing(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    for number, _, _ in _each(steps, chance):
        if steps[number - 1].operation.partition(":")[2].startswith(CHANGES):
            yield number, 0, ""


def _statements(steps: Sequence[Call], chance: random.Random) -> Iterator[tuple[int, int, str]]:
    function = REPORTS if any("reporting" in call.target for call in steps if call.operation == "s3:CopyObject") else RAW
    yield from ((1, 0, text) for text in STATEMENTS[function])


KINDS: dict[str, Kind] = {
    "frozen, same request": Kind(lambda trials, point: trials.freeze(point, FIRST), _each),
    "frozen, lease expired": Kind(lambda trials, point: trials.freeze(point, SECOND), _each, 16),
    "both frozen": Kind(Trials.freeze_both, _pairs, 6),
    "killed before": Kind(Trials.kill, _every_other, 4),
    "killed after": Kind(Trials.kill, _every_other, 4),
    "killed twice": Kind(Trials.kill, _twice, 16, leaves_one_attempt=True),
    "killed for good": Kind(Trials.kill_for_good, _each, 16),
    "killed while another waits": Kind(Trials.kill_while_another_waits, _each, 16),
    "error once": Kind(Trials.refuse, _refused, per_detail=True),
    "error for good": Kind(Trials.refuse, _refused_for_good, per_detail=True, gives_up=True),
    "answer lost": Kind(Trials.lose_answer, _changing, 12),
    **{f"statement {what}, once": Kind(Trials.fail_statement, _statements, 2) for what in STATEMENT_ERRORS},
    "statement is cancelled": Kind(Trials.cancel_statement, _statements, 2),
    "statement outlives its invocation": Kind(Trials.outlive, _statements, 2),
    "clocks apart": Kind(Trials.clocks_apart, _either, 16),
    "pages of three keys": Kind(Trials.pages_of_three, _either, 16),
}


def points(scenario: str, function: str, steps: Sequence[Call], seed: int) -> list[Point]:
    """Every point of a scenario's function, in the order of the kinds; of calls that do the same one, of pairs one a call."""
    if not steps:
        return []
    found = []
    for kind, described in KINDS.items():
        chance = random.Random(f"{seed} {kind} {scenario} {function}")
        for step, other, detail in described.points(steps, chance):
            found.append(Point(kind, scenario, function, step, other, detail, str(steps[step - 1])))
    return found


def plan(found: Sequence[Point], seed: int, one_in: int = 1) -> list[Point]:
    """The points to try: one in `one_in` of what each kind plans, and at least one of each kind and function."""
    chance = random.Random(seed)
    planned = [
        point
        for group in _grouped(found, lambda point: point.detail if KINDS[point.kind].per_detail else point.scenario)
        for point in _share(group, len(group) if KINDS[group[0].kind].per_detail else KINDS[group[0].kind].one_in, chance)
    ]
    if one_in == 1:
        return planned
    return [point for group in _grouped(planned, lambda point: "") for point in _share(group, one_in, chance)]


def _grouped(found: Iterable[Point], by: Callable[[Point], str]) -> list[list[Point]]:
    """By kind and function, and by something more."""
    groups: dict[tuple[str, ...], list[Point]] = defaultdict(list)
    for point in found:
        groups[point.kind, point.function, by(point)].append(point)
    return list(groups.values())


def _share(group: Sequence[Point], one_in: int, chance: random.Random) -> list[Point]:
    return sorted(chance.sample(group, -(-len(group) // one_in)), key=lambda point: point.step)
