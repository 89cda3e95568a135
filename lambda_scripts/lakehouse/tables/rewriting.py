"""Rewriting partitions: computed by CTAS, published by compare-and-swap, computed again where another writer was first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .. import log
from ..aws.sql import Statement
from ..errors import PublishError
from ..lake import Lake
from ..layout import Partition
from .merged import MergedTable

# A CTAS writes at most 100 partitions: https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
PARTITIONS_PER_STATEMENT = 100
ATTEMPTS = 5

Compute = Callable[[MergedTable, str, str, Sequence[Partition]], Statement]
"""(table, name of the temporary table, its location, partitions) to the CTAS that computes them, one file a partition."""


def rewrite(
    lake: Lake, batch: str, targets: dict[MergedTable, Iterable[Partition]], compute: Compute, also_run: Sequence[Statement] = ()
) -> None:
    """Rewrite these partitions of these tables; the statements `also_run` run at the same time.

    Raises LeaseLostError before anything is published where another invocation has taken over, PublishError where a partition is
    lost to another writer time after time.
    """
    todo = {table: sorted(set(partitions)) for table, partitions in targets.items()}
    for attempt in range(ATTEMPTS):
        surveys = {table: table.survey() for table in todo}
        for table, partitions in todo.items():
            table.repair(partitions, surveys[table])
        statements = list(also_run) if attempt == 0 else []
        outputs: dict[MergedTable, list[str]] = {table: [] for table in todo}
        for table, partitions in todo.items():
            for start in range(0, len(partitions), PARTITIONS_PER_STATEMENT):
                name = f"{table.name}_{attempt}_{start // PARTITIONS_PER_STATEMENT}"
                output = lake.layout.staged_output(lake.queue, batch, name)
                outputs[table].append(output)
                statements.append(
                    compute(
                        table,
                        lake.temporary_table(batch, name),
                        lake.store.uri(output),
                        partitions[start : start + PARTITIONS_PER_STATEMENT],
                    )
                )
        lake.athena.run(*statements)
        lake.lease.check()
        lost: dict[MergedTable, list[Partition]] = {}
        for table, partitions in todo.items():
            staged = {partition: key for output in outputs[table] for partition, key in table.staged_files(output).items()}
            lost[table] = table.publish(partitions, staged, surveys[table], f"{batch}-{attempt}")
        todo = {table: partitions for table, partitions in lost.items() if partitions}
        if not todo:
            return
        log.warning("another writer was first; those partitions are computed again", partitions=sum(map(len, todo.values())))
    names = ", ".join(table.name for table in todo)
    raise PublishError(f"partitions of {names} were lost to another writer {ATTEMPTS} times; the next attempt starts afresh")
