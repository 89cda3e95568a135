"""Anything that can happen, in any order, as hypothesis has it: when it settles, the lake is as its raw files say.

`MODEL_RUNS=100` tries more runs than the suite of every day does.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.lakes import RAW, REPORTS, csv, day
from tests.local_aws.account import EngineName
from tests.local_aws.aws_calls import Fault

from .reader import Reader
from .verdict import left, wrong
from .world import Kept, World

RUNS = {"duckdb": 4, "trino": 1}
STEPS = 14
MOST_CALLS = 60
FROZEN_AT_MOST = 2

KEYS = ("AAPL.csv", "MSFT.csv", "AAPL/corrections.csv", "IBM.csv")
DAYS = ("2015-12-31", "2016-01-04", "2016-01-05", "2016-02-01", "2016-02-02")
"""Of any three of them, two are close together: no file looks like monthly bars, which are refused."""

keys = st.sampled_from(KEYS)
numbers = st.integers(0, 10**6)
moments = st.integers(1, MOST_CALLS)
functions = st.sampled_from((RAW, REPORTS))


class Chaos(RuleBasedStateMachine):
    """One run in one world, which is put back to an empty lake before each."""

    world: ClassVar[World]
    empty: ClassVar[Kept]

    def __init__(self) -> None:
        super().__init__()
        self.world.restore(self.empty)
        self.reader = Reader(self.world)
        self.frozen: list[Fault] = []
        self.request_ids: dict[str, Any] = {}

    # Raw files

    @rule(key=keys, days=st.sets(st.sampled_from(DAYS), min_size=1), price=st.integers(2, 10**4), spoilt=st.booleans())
    def upload(self, key: str, days: set[str], price: int, spoilt: bool) -> None:
        rows = [day(date, price + at) for at, date in enumerate(sorted(days))]
        self.world.change({key: csv(*rows, *["2016-01-06,1,2,0,,,5"] * spoilt).encode()})

    @rule(key=keys, share=st.floats(0, 1))
    def truncate(self, key: str, share: float) -> None:
        if file := self.world.raw_files().get(f"raw/stocks/{key}"):
            header = file.body.index(b"\n") + 1
            self.world.change({key: file.body[: header + int(share * (len(file.body) - header))]})

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.world.change({key: None})

    # Events: those that no rule delivers are late

    @precondition(lambda self: self.held)
    @rule(number=numbers)
    def duplicate(self, number: int) -> None:
        self.held.append(self.held[number % len(self.held)])

    @precondition(lambda self: len(self.held) > 1)
    @rule(seed=numbers)
    def reorder(self, seed: int) -> None:
        random.Random(seed).shuffle(self.held)

    @precondition(lambda self: self.held)
    @rule(number=numbers)
    def deliver(self, number: int) -> None:
        self._deliver(number)
        self.world.settle_but_frozen()

    @precondition(lambda self: self.held)
    @rule(number=numbers, moment=moments, when=st.sampled_from(("before", "after")))
    def deliver_and_crash(self, number: int, moment: int, when: Any) -> None:
        fault = self.world.faults.arm(when, moment)
        self._deliver(number)
        self.world.settle_but_frozen()
        self.world.faults.disarm(fault)

    @precondition(lambda self: self.held and len(self.frozen) < FROZEN_AT_MOST)
    @rule(number=numbers, moment=moments)
    def deliver_and_freeze(self, number: int, moment: int) -> None:
        fault = self.world.faults.freeze("before", moment)
        self._deliver(number)
        if self.world.until_frozen(fault):
            self.frozen.append(fault)
        else:
            self.world.faults.disarm(fault)

    @precondition(lambda self: self.frozen)
    @rule(number=numbers)
    def thaw(self, number: int) -> None:
        self.frozen.pop(number % len(self.frozen)).thaw()
        self.world.settle_but_frozen()

    @precondition(lambda self: self.frozen and self.request_ids)
    @rule(number=numbers)
    def try_again(self, number: int) -> None:
        """Lambda delivers an event again while its first attempt may still be frozen."""
        request_id = list(self.request_ids)[number % len(self.request_ids)]
        arn, event = self.request_ids[request_id]
        self.world.runtime.send(arn, event, request_id)
        self.world.settle_but_frozen()

    # Time and operators

    @rule()
    def sweep(self) -> None:
        """An hour and more goes by, in which no invocation lives on; then what is superseded is swept."""
        for fault in self.frozen:
            fault.kill()
        self.frozen.clear()
        self.world.settle()
        self.world.account.clock.advance(4_000)
        self._act(RAW, {"action": "drain"})
        self._act(REPORTS, {"action": "drain"})

    @rule(function=functions)
    def drain(self, function: str) -> None:
        self._act(function, {"action": "drain"})

    @rule()
    def reprocess(self) -> None:
        self._act(RAW, {"action": "reprocess"})

    # What must hold

    @rule()
    def read(self) -> None:
        """A reader sees of each partition one committed version, whole."""
        self.reader.read()
        assert self.reader.wrong == []

    @rule()
    def settle(self) -> None:
        while self.frozen:
            self.frozen.pop().thaw()
        self.world.flow()
        self.world.settle()
        assert [str(letter.error) for letter in self.world.account.dead_letters] == []
        assert self.world.keys("pipeline/inbox/") == []
        if "stocks_loads" in self.world.tables():
            assert wrong(self.world) == []
            if left(self.world):
                self.world.drain()
            assert left(self.world) == []
        self.world.runtime.held_back = []
        self.request_ids.clear()

    def teardown(self) -> None:
        self.settle()

    @property
    def held(self) -> list[tuple[str, Any]]:
        held = self.world.runtime.held_back
        assert held is not None
        return held

    def _deliver(self, number: int) -> None:
        arn, event = self.held.pop(number % len(self.held))
        self.request_ids[self.world.runtime.send(arn, event)] = (arn, event)

    def _act(self, function: str, action: dict[str, Any]) -> None:
        self.world.send(function, action | {"bucket": self.world.account.bucket})
        self.world.settle_but_frozen()


@pytest.fixture
def world(engine: EngineName) -> Iterator[World]:
    with World(engine) as world:
        yield world


def test_whatever_happens_the_lake_is_as_its_raw_files_say(world: World, engine: EngineName) -> None:
    Chaos.world, Chaos.empty = world, world.keep()
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=int(os.environ.get("MODEL_RUNS", RUNS[engine])),
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            # A failing run is told with its steps; making it shorter would take minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
