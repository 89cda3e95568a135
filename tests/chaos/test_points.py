"""A handler is stopped or refused at a call: a point of each kind. `python -m tests.chaos --all` tries all that are planned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_scripts.lakehouse.tables.no_rows import NO_ROWS
from tests.lakes import RAW, REPORTS
from tests.local_aws.account import EngineName

from .points import KINDS, Point, Trials, points
from .reader import Reader
from .world import World

STAGES = (("merge", RAW), ("deleted file", REPORTS), ("corrected file", RAW))
SEEDS_OF_TWO_HOLDERS = range(5)


@pytest.fixture(scope="module")
def trials(engine: EngineName) -> Iterator[Trials]:
    with World(engine) as world:
        yield Trials(world)


@pytest.fixture(scope="module")
def stages(trials: Trials) -> dict[tuple[str, str], list[Point]]:
    """The points of each stage, found once."""
    return {}


def case(kind: str, seed: int = 0) -> object:
    # Those whose statements run on while others do; what fails or is cancelled never gets to an engine.
    marks = [pytest.mark.on_trino(kind in ("both frozen", "statement outlives its invocation"))]
    if seed:
        marks += [
            pytest.mark.thorough("other samples"),
            pytest.mark.duckdb_only("the handlers' calls are the same on either engine"),
        ]
    return pytest.param(kind, seed, marks=marks, id=f"{kind}, seed {seed}" if seed else kind)


@pytest.mark.parametrize(
    ("kind", "seed"), [*map(case, KINDS), *(case("both frozen", seed) for seed in SEEDS_OF_TWO_HOLDERS if seed)]
)
def test_it_comes_out_right_and_nothing_is_left(
    trials: Trials, stages: dict[tuple[str, str], list[Point]], kind: str, seed: int
) -> None:
    stage = STAGES[(list(KINDS).index(kind) + seed) % len(STAGES)]
    if stage not in stages:
        stages[stage] = points(*stage, trials.steps(*stage), seed=0)
    mine = [point for point in stages[stage] if point.kind == kind]
    point = mine[(7 * seed + len(mine) // 2) % len(mine)]
    verdict = trials.run(point)
    assert (verdict.wrong, verdict.left) == ([], []), str(point)


@pytest.mark.duckdb_only("the reader compares alike on either engine")
def test_a_reader_to_whom_a_committed_version_is_not_whole_says_so(trials: Trials) -> None:
    trials.stage("merge", RAW)
    reader, world = Reader(trials.world), trials.world
    named = next(body for _, body in sorted(world.lake.manifests().items())).strip().partition(f"{world.account.bucket}/")[2]
    with reader.reading():
        world.runtime.wait_for("a reading of each table", lambda: reader.reads == 3)
        assert reader.wrong == []
        world.account.client("s3").put_object(Bucket=world.account.bucket, Key=named, Body=NO_ROWS)
        world.runtime.wait_for("another reading", lambda: reader.reads == 4)
    assert any("which are none of its versions" in line for line in reader.wrong)
    assert f"{named} was written once more" in reader.wrong
