"""Rewriting partitions: computed by CTAS, published by compare-and-swap, computed again where another writer was first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from .. import log
from ..aws.athena import Finished
from ..aws.sql import Statement
from ..errors import PublishError
from ..lake import Lake
from ..layout import Partition
from .merged import MergedTable, Survey

# A CTAS writes at most 100 partitions: https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
PARTITIONS_PER_STATEMENT = 100

# A partition is lost only to a writer that published it, so that a second loss in a row already takes two overlapping holders.
ATTEMPTS = 5

Compute = Callable[[str, str, Sequence[Partition]], Statement]
"""(name of the temporary table, its location, partitions) to the CTAS that computes them, one file a partition."""


@dataclass(frozen=True)
class Rewriting:
    """These partitions of this table are to be computed by this statement."""

    table: MergedTable
    partitions: Collection[Partition]
    compute: Compute


@dataclass
class Rewritten:
    """Each table as it was surveyed before it was rewritten, and the statements that ran at the same time."""

    surveys: dict[MergedTable, Survey] = field(default_factory=dict)
    also_run: list[Finished] = field(default_factory=list)


def rewrite(lake: Lake, batch: str, rewritings: Sequence[Rewriting], also_run: Sequence[Statement] = ()) -> Rewritten:
    """Rewrite partitions of one or more tables; the statements `also_run` run at the same time.

    A partition ends empty only if its statement succeeded and Athena's list of the files that it wrote has none of it.

    Raises LeaseLostError before anything is published where another invocation has taken over, PublishError where a partition is
    lost to another writer time after time, or what Athena wrote is not what was asked for.
    """
    done = Rewritten()
    for attempt in range(ATTEMPTS):
        surveys = {each.table: each.table.survey() for each in rewritings}
        done.surveys.update(surveys)
        for each in rewritings:
            each.table.repair(each.partitions, surveys[each.table])
        chunks = [
            _Chunk(lake, batch, each, attempt, number, partitions)
            for each in rewritings
            for number, partitions in enumerate(_in_chunks(sorted(set(each.partitions))))
        ]
        finished = lake.athena.run(*(chunk.statement for chunk in chunks), *also_run)
        done.also_run += finished[len(chunks) :]
        also_run = ()
        written = {chunk: lake.athena.files(answer) for chunk, answer in zip(chunks, finished, strict=False)}
        lake.lease.renew()  # so nothing that the statements read, or wrote, was removed meanwhile
        lost = []
        for each in rewritings:
            paths = [path for chunk, found in written.items() if chunk.rewriting is each for path in found]
            staged = each.table.files_by_partition(paths, each.partitions)
            partitions = each.table.publish(each.partitions, staged, surveys[each.table], f"{batch}-{attempt}")
            if partitions:
                lost.append(Rewriting(each.table, partitions, each.compute))
        if not lost:
            return done
        log.warning(
            "another writer was first; those partitions are computed again", partitions=sum(len(each.partitions) for each in lost)
        )
        rewritings = lost
    names = ", ".join(each.table.name for each in rewritings)
    raise PublishError(f"partitions of {names} were lost to another writer {ATTEMPTS} times; the next attempt starts afresh")


class _Chunk:
    """As many partitions as one statement can write."""

    def __init__(
        self, lake: Lake, batch: str, rewriting: Rewriting, attempt: int, number: int, partitions: Sequence[Partition]
    ) -> None:
        name = f"{rewriting.table.name}_{attempt}_{number}"
        self.rewriting = rewriting
        location = lake.store.uri(lake.layout.staged_output(lake.queue, batch, name))
        self.statement = rewriting.compute(lake.temporary_table(batch, name), location, partitions)


def _in_chunks(partitions: Sequence[Partition]) -> list[Sequence[Partition]]:
    return [partitions[start : start + PARTITIONS_PER_STATEMENT] for start in range(0, len(partitions), PARTITIONS_PER_STATEMENT)]
