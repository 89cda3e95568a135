"""Trying many points in several processes, each with a world of its own."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context

from tests.lakes import RAW, REPORTS

from .points import Point, Trials, Verdict, points
from .scenarios import SCENARIOS
from .world import World

AT_ONCE = 10


class _Worker:
    """This process's world, made anew where a point left it unusable."""

    def __init__(self) -> None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the handlers' logs, for the life of the process
        # DuckDB's bindings would look for minutes for what they did not take apart, and print it.
        atexit.register(os._exit, 0)
        self._open()

    def _open(self) -> None:
        self.world = World()
        self.world.__enter__()
        self.trials = Trials(self.world)

    def run(self, point: Point) -> Verdict:
        started = time.monotonic()
        try:
            verdict = self.trials.run(point)
        except Exception as error:
            verdict = Verdict(point, True, [f"{type(error).__name__}: {error}"], [])
            self.world.__exit__(None, None, None)
            self._open()
        return verdict.timed(time.monotonic() - started)

    def points(self, scenario: str, function: str, seed: int) -> list[Point]:
        return points(scenario, function, self.trials.steps(scenario, function), seed)


_worker: _Worker | None = None


def _here() -> _Worker:
    global _worker
    _worker = _worker or _Worker()
    return _worker


def _run(chosen: Sequence[Point]) -> list[Verdict]:
    return [_here().run(point) for point in chosen]


def _points(scenario: str, function: str, seed: int) -> list[Point]:
    return _here().points(scenario, function, seed)


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """As many processes as asked for, spawned: a fork would take the engine's threads for alive."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def every_point(pool: ProcessPoolExecutor, scenarios: Iterable[str], seed: int) -> list[Point]:
    """The points of these scenarios, for both functions."""
    found = [pool.submit(_points, scenario, function, seed) for scenario in scenarios for function in (RAW, REPORTS)]
    return [point for each in found for point in each.result()]


def try_all(pool: ProcessPoolExecutor, chosen: Sequence[Point], tell: Callable[[Verdict], None]) -> list[Verdict]:
    """A verdict on each point; `tell` is called with each as it comes.

    A process gets some points of one scenario and function at a time, which it then has to prepare but once.
    """
    stages: dict[tuple[str, str], list[Point]] = {}
    for point in chosen:
        stages.setdefault((point.scenario, point.function), []).append(point)
    parts = [mine[at : at + AT_ONCE] for mine in stages.values() for at in range(0, len(mine), AT_ONCE)]
    verdicts = []
    for future in as_completed([pool.submit(_run, part) for part in parts]):
        for verdict in future.result():
            verdicts.append(verdict)
            tell(verdict)
    return verdicts


def known_scenarios() -> list[str]:
    return list(SCENARIOS)
