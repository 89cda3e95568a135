"""What is wrong with a lake in which nothing is under way, held against the oracle over its raw files; and what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests import oracle
from tests.lakes import Rows, assert_same
from tests.oracle import RawFile

from .world import World, readable

PROCESSED = ("symbol", "trade_date", "open", "high", "low", "close", "adj_close", "volume", "source", "year", "month")


def wrong(world: World) -> list[str]:
    """Each table that is not as it must be, with the first difference."""
    present = world.raw_files()
    read = {key: readable(file) for key, file in present.items()}
    # Of a file that is refused, what its last loaded version gave stays.
    standing = {key: file or world.standing.get(key) for key, file in read.items()}
    lake = oracle.lake([file for file in standing.values() if file], world.account.bucket)
    return [
        *_differences("stocks_processed", _processed(world), lake.processed, PROCESSED),
        *_differences("monthly_stock_reporting", world.lake.monthly(), lake.monthly),
        *_differences("yearly_stock_reporting", world.lake.yearly(), lake.yearly),
        *_loads(world, read, lake.outcomes),
    ]


def left(world: World) -> list[str]:
    """What a batch made for a while and nobody removed; and what is named that isn't there."""
    found = [key for zone in ("pipeline/inbox/", "pipeline/staging/", "pipeline/attempts/") for key in world.keys(zone)]
    tables = world.tables()
    found += [f"table {name}" for name in sorted(tables) if name.startswith("tmp_")]
    for table in tables & {"stocks_staging_lines", "stocks_staging_sources"}:
        found += [f"partition {each} of {table}" for each in world.partitions(table)]
    there = set(world.keys(""))
    for manifest, content in (world.bodies("processed/") | world.bodies("reporting/")).items():
        for address in content.decode().split() if manifest.endswith("/manifest") else ():
            if address.partition(f"s3://{world.account.bucket}/")[2] not in there:
                found.append(f"{manifest} names {address}, which is not there")
    if unfinished := world.unfinished_statements():
        found.append(f"{unfinished} statements still run")
    orphans = world.lake.query(
        "SELECT DISTINCT batch_id FROM stocks_rejected WHERE batch_id NOT IN (SELECT batch_id FROM stocks_loads)"
    )
    found += [f"rejected rows of {row['batch_id']}, which is not on record" for row in orphans]
    return found


def _processed(world: World) -> Rows:
    return world.lake.query(f"SELECT {', '.join(PROCESSED)} FROM stocks_processed ORDER BY symbol, trade_date")


def _differences(
    table: str, found: Rows, expected: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None
) -> Iterator[str]:
    try:
        assert_same(found, expected, columns)
    except AssertionError as error:
        yield f"{table}: {len(found)} rows for {len(expected)}; {str(error)[:200]}"


def _loads(world: World, read: Mapping[str, RawFile | None], outcomes: Mapping[str, oracle.Outcome]) -> Iterator[str]:
    """The latest load of each file: what it says of the file, and that its counts add up."""
    loads = {f"raw/stocks/{row['source']}": row for row in world.lake.loads()}
    rejected = _rejected(world)
    for key in sorted(loads.keys() | read.keys()):
        load = loads.get(key)
        if load is None:
            yield f"{key} is not on record"
            continue
        status = "removed" if key not in read else "loaded" if read[key] else "refused"
        rows, accepted, superseded, refused = (int(load[name] or 0) for name in ("rows", "accepted", "superseded", "rejected"))
        said = f"{key}: {load['status']}, {rows} rows = {accepted} accepted + {superseded} superseded + {refused} rejected"
        expected = outcomes[key] if status == "loaded" else oracle.Outcome(0, 0, 0, 0)
        if load["status"] != status:
            yield f"{said}, and must be {status} ({load['reason']})"
        elif rows != accepted + superseded + refused or (rows, refused) != (expected.rows, expected.rejected):
            yield f"{said}, and must be {expected}"
        elif accepted < expected.accepted:
            yield f"{said}, and of it stand {expected.accepted}"
        elif rejected.get(key, 0) != refused:
            yield f"{said}, and stocks_rejected has {rejected.get(key, 0)}"


def _rejected(world: World) -> dict[str, int]:
    """How many rejected rows the latest load of each file has, by key."""
    rows = world.lake.query(
        "SELECT r.source, count(*) AS rejected FROM stocks_rejected r"
        " JOIN stocks_load_history h ON h.batch_id = r.batch_id AND h.source = r.source WHERE h.is_latest GROUP BY r.source"
    )
    return {str(row["source"]).partition(f"{world.account.bucket}/")[2]: int(row["rejected"] or 0) for row in rows}
