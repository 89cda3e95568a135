"""A trial load: what a check finds out by loading samples, through the very code and statements of a load.

It has a lake of its own: objects under pipeline/check/<id>/, and a database <database>_check_<id>. Nothing of the real lake is
read or changed. Both are removed at the end; those of a check that died are removed by a later one.

    tables ─ read lines ─ read odd keys ─ load ─ compare ─ replace a file, delete another ─ load ─ compare ─ report ─ compare
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote_plus

from .. import load, log, reports
from ..aws import parallel, remedies, sql
from ..aws.athena import Row
from ..aws.catalog import Catalog
from ..drain import Work, drain
from ..errors import FileRefusedError, NotSetUpError, QueryFailedError
from ..file_format import require_readable
from ..lake import Lake, assemble
from ..layout import PROCESSED_QUEUE, RAW_QUEUE
from . import samples
from .samples import Price, Sample

# A function runs 15 minutes at most: what an older check left is no longer in use.
LIFETIME = timedelta(minutes=20)

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Trial:
    """The check's own lake, as each of the two functions sees it."""

    name: str
    real: Lake
    raw: Lake
    processed: Lake

    @property
    def catalog(self) -> Catalog:
        return self.raw.catalog

    def prepare(self) -> str:
        """Remove what checks that died left; note this one; make its database and tables."""
        _remove_those_of_the_past(self.real)
        self.real.store.put(self.raw.layout.root + "note", b"")
        self.catalog.tables()
        self._work_off(self.raw, load.work, [])
        return f"database {self.raw.config.database} with {len(self.catalog.tables())} tables and views"

    def read_lines(self) -> str:
        """Have the engine read the samples as a parse does, through a manifest, and compare every line and "$path"."""
        for each in samples.SAMPLES:
            self._put(each.name, each.body)
        plain = [each for each in samples.SAMPLES if each is not samples.NAMED]
        self._point_at({"plain": [each.name for each in plain], "named": [samples.NAMED.name]})
        try:
            found = self._lines("plain")
        except QueryFailedError as failure:
            if remedies.remedy_for(failure) or "denied" in failure.reason.lower():
                raise
            raise NotSetUpError(f"{NO_TEXT} ({failure})") from failure
        if not found:
            raise NotSetUpError(f"{NO_TEXT} (it reads no line at all)")
        for each in plain:
            self._compare_lines(each, found)
        try:
            self._compare_lines(samples.NAMED, self._lines("named"))
        except QueryFailedError as failure:
            raise NotSetUpError(f"{samples.NAMED.meaning} ({failure})") from failure
        return f"{sum(len(each.lines) for each in samples.SAMPLES)} lines of {len(samples.SAMPLES)} files, read as they stand"

    def read_odd_keys(self) -> str:
        """Which keys with odd characters this engine reads: files whose key it doesn't are refused by a load."""
        for name in samples.ODD_KEYS:
            self._put(name, samples.PLAIN.body)
        self._point_at({f"odd{number}": [name] for number, name in enumerate(samples.ODD_KEYS)})
        answers = parallel.each(self._try_odd_key, list(enumerate(samples.ODD_KEYS)))
        unreadable = [f"{name} ({answer})" for name, answer in answers if answer]
        readable = [name for name, answer in answers if not answer]
        taken = [name for name in readable if _is_taken(self._key(name))]
        groups = {
            "read": taken,
            "read, but refused by a load, since Athena documents otherwise": [name for name in readable if name not in taken],
            "not read, so that such files are refused": unreadable,
        }
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in groups.items() if names)

    def load_samples(self) -> str:
        """Load every sample and compare prices, rejected lines and load records."""
        for each in (samples.REPLACED, samples.DELETED):
            self._put(each.name, each.body)
        loaded = (*samples.SAMPLES, samples.REPLACED, samples.DELETED)
        self._load([each.name for each in loaded])
        self._compare_tables({each.name: each for each in loaded})
        return f"{sum(len(each.prices) for each in loaded)} prices, {sum(len(each.rejected) for each in loaded)} rejected lines"

    def load_changes(self) -> str:
        """Replace one file and delete another; the partition of the deleted one is empty then, and read without an error."""
        self._put(samples.REPLACEMENT.name, samples.REPLACEMENT.body)
        self.raw.store.delete([self._key(samples.DELETED.name)])
        try:
            self._load([samples.REPLACEMENT.name, samples.DELETED.name])
            self._compare_tables({each.name: each for each in (*samples.SAMPLES, samples.REPLACEMENT)})
        except QueryFailedError as failure:
            raise NotSetUpError(f"{samples.EMPTIED} ({failure})") from failure
        return "a replaced file is read as it is now, an emptied partition as empty"

    def report(self) -> str:
        """Recompute the reports and compare them with the prices."""
        layout = self.processed.layout.processed
        partitions = [layout.partition_of_manifest(each.key) for each in self.processed.store.objects(layout.manifest_prefix)]
        self._work_off(self.processed, reports.work, [layout.folder(each) for each in partitions if each])
        prices = [price for each in (*samples.SAMPLES, samples.REPLACEMENT) for price in each.prices]
        months, years = self._tables("months", "years")
        _compare("monthly_stock_reporting", _months(prices), months)
        _compare("yearly_stock_reporting", _years(prices), years)
        return f"{len(months)} months and {len(years)} years"

    def remove(self) -> str:
        """Remove the lake, its tables and its database."""
        _remove(self.catalog, self.raw, self.raw.layout.root)
        return f"{self.raw.layout.root} and the database {self.raw.config.database} are gone"

    # Files

    def _key(self, name: str) -> str:
        return self.raw.layout.stocks_prefix + name

    def _path(self, name: str) -> str:
        return self.raw.store.uri(self._key(name))

    def _put(self, name: str, body: bytes) -> None:
        self.raw.store.put(self._key(name), body)

    def _point_at(self, batches: Mapping[str, Iterable[str]]) -> None:
        """For each batch, make a partition of the staging table whose manifest names these files."""
        folders = {batch: self.raw.layout.staging_partition("lines", batch) for batch in batches}
        for batch, names in batches.items():
            self.raw.store.put(folders[batch] + "manifest", "".join(f"{self._path(name)}\n" for name in names).encode())
        self.catalog.register("stocks_staging_lines", {(batch,): self.raw.store.uri(folder) for batch, folder in folders.items()})

    # Work

    def _load(self, names: Iterable[str]) -> None:
        self._work_off(self.raw, load.work, [self._key(name) for name in names])

    def _work_off(self, lake: Lake, work: Work, names: Sequence[str]) -> None:
        event = _new_id(lake)
        lake.inbox.add((name, event) for name in names)
        outcome = drain(lake, work, lake.config.batch_files)["outcome"]
        if not lake.inbox.is_empty():
            raise NotSetUpError(f"the trial load did not end: {outcome}")

    # Comparing

    def _lines(self, batch: str) -> list[Row]:
        return self.raw.athena.rows(sql.render("check/lines", batch=batch))

    def _compare_lines(self, sample: Sample, found: Sequence[Row]) -> None:
        path = self._path(sample.name)
        paths = {str(row["path"]) for row in found}
        if path not in paths and path in {unquote_plus(each) for each in paths}:
            raise NotSetUpError(f'"$path" is URL-encoded: {samples.NAMED.meaning}')
        # A reader may leave a byte order mark at the start of a file: the parse takes it off.
        read = Counter((row["line"] or "").replace("\ufeff", "") for row in found if row["path"] == path)
        expected = Counter(sample.lines)
        if read != expected:
            raise NotSetUpError(f"{sample.name}: {_difference(expected, read)}: {sample.meaning}")

    def _try_odd_key(self, numbered: tuple[int, str]) -> tuple[str, str]:
        """The name, and why the file can't be read; nothing where it can."""
        number, name = numbered
        try:
            found = self._lines(f"odd{number}")
        except QueryFailedError as failure:
            return name, failure.reason.splitlines()[0][:120]
        if {row["path"] for row in found} == {self._path(name)} and Counter(row["line"] for row in found) == Counter(PLAIN_LINES):
            return name, ""
        return name, f"read as {', '.join(sorted({str(row['path']) for row in found})) or 'an empty file'}"

    def _compare_tables(self, expected: dict[str, Sample]) -> None:
        """The prices, load records and rejected lines are just those of these files, by name."""
        paths = {self._path(name): sample for name, sample in expected.items()}
        loads, prices, rejected = self._tables("loads", "prices", "rejected")
        for path, sample in paths.items():
            self._compare_load(sample, [row for row in loads if row["source"] == path])
            _compare(f"stocks_processed, of {sample.name}", map(_price_cells, sample.prices), _of(prices, path), sample.meaning)
            _compare(
                f"stocks_rejected, of {sample.name}", [(each,) for each in sample.rejected], _of(rejected, path), sample.meaning
            )
        if strangers := {str(row["source"]) for row in prices} - set(paths):
            raise NotSetUpError(
                f"stocks_processed still has rows of {', '.join(sorted(strangers))}: {samples.REPLACEMENT.meaning}"
            )
        self._compare_data_files(prices)

    def _compare_load(self, sample: Sample, found: Sequence[Row]) -> None:
        good, bad = len(sample.prices), len(sample.rejected)
        expected = {"rows": good + bad, "accepted": good, "superseded": 0, "rejected": bad}
        for row in found:
            if row["status"] == "loaded" and {name: int(row[name] or 0) for name in expected} == expected:
                return
            raise NotSetUpError(f"the load of {sample.name}, where {expected} were expected: {dict(row)}: {sample.meaning}")
        raise NotSetUpError(f"stocks_load_history has no load of {sample.name}: {sample.meaning}")

    def _compare_data_files(self, prices: Sequence[Row]) -> None:
        """Each price stands in the file that its partition's manifest names."""
        store, layout = self.raw.store, self.raw.layout.processed
        for partition in sorted({(str(row["year"]), str(row["month"])) for row in prices}):
            part = store.read(layout.manifest(partition))
            named = part.body.decode().strip() if part else ""
            for row in prices:
                if (row["year"], row["month"]) == partition and row["data_file"] != named:
                    raise NotSetUpError(
                        f"a price of {'-'.join(partition)} is read from {row['data_file']}, where the manifest names {named}: "
                        "tables published by manifest are read wrongly"
                    )

    def _tables(self, *names: str) -> list[list[Row]]:
        """The answers to these questions of sql/check/, asked at the same time."""
        finished = self.raw.athena.run(*(sql.render(f"check/{name}") for name in names))
        return [self.raw.athena.read(each) for each in finished]


NO_TEXT = "this Athena can't read text through symlink manifests, so that no file can be loaded"
PLAIN_LINES = samples.PLAIN.lines


def _is_taken(key: str) -> bool:
    """Whether a load takes a file with that key, where the engine reads it."""
    try:
        require_readable(key)
    except FileRefusedError:
        return False
    return True


def trial_of(lake: Lake, context: Any) -> Trial:
    """A trial with an id of its own. Nothing of it is made yet."""
    check_id = _new_id(lake)
    layout = lake.layout.trial(check_id)
    config = replace(
        lake.config,
        database=_database(lake, check_id),
        raw_crawler="",
        processed_crawler="",
        quicksight_datasets=(),
        settle_seconds=0.0,
    )
    raw, processed = (assemble(queue, config, layout, context) for queue in (RAW_QUEUE, PROCESSED_QUEUE))
    return Trial(check_id, lake, raw, processed)


def _remove_those_of_the_past(lake: Lake) -> None:
    for check_id in lake.store.folders(lake.layout.checks):
        if _is_of_the_past(lake, check_id):
            with log.timed("remove what a check left", left=check_id):
                _remove(lake.catalog.other_database(_database(lake, check_id)), lake, lake.layout.trial(check_id).root)


def _new_id(lake: Lake) -> str:
    """20261124-064520-1a2b3c4d"""
    return lake.clock.now().strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(4)


def _database(lake: Lake, check_id: str) -> str:
    return f"{lake.config.database}_check_{check_id.replace('-', '_')}"


def _is_of_the_past(lake: Lake, check_id: str) -> bool:
    """Whether the check with this id, which begins with its time, can't be running any more."""
    try:
        began = datetime.strptime(check_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return lake.clock.now() - began >= LIFETIME


def _remove(catalog: Catalog, lake: Lake, root: str) -> None:
    """The note, by which a later check finds what is left, goes last."""
    catalog.remove()
    lake.store.delete([stored.key for stored in lake.store.objects(root) if stored.key != root + "note"])
    lake.store.delete([root + "note"])


# What the tables have to hold


def _price_cells(price: Price) -> Cells:
    year, month, _ = price.trade_date.split("-")
    close = price.close
    numbers = (close - 1, close + 2, close - 2, close, close)
    return (price.symbol, price.trade_date, *map(str, map(float, numbers)), "1000", "1.0", "4.0", None, year, month)


def _months(prices: Iterable[Price]) -> Iterator[Cells]:
    """A sample has a price a month, twice that of the month before where it has that one."""
    by_month = {(price.symbol, price.trade_date[:7]): price for price in prices}
    for (symbol, month), price in by_month.items():
        earlier = [other for (of, when), other in by_month.items() if of == symbol and when < month]
        change = str((price.close / earlier[-1].close - 1) * 100) if earlier else None
        cells = (price.close - 1, price.close, price.close + 2, price.close - 2)
        yield (symbol, month[:4], month[5:], "1", *map(str, map(float, cells)), "1000", change)


def _years(prices: Iterable[Price]) -> Iterator[Cells]:
    by_year: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        by_year.setdefault((price.symbol, price.trade_date[:4]), []).append(price)
    for (symbol, year), days in by_year.items():
        cells = (days[0].close - 1, days[-1].close, days[-1].close + 2, days[0].close - 2)
        yield (symbol, year, str(len(days)), *map(str, map(float, cells)), str(1_000 * len(days)), "0.0")


def _of(rows: Iterable[Row], path: str) -> list[Row]:
    """The rows of one file, less where they stand."""
    of_file = [row for row in rows if row["source"] == path]
    return [{name: cell for name, cell in row.items() if name not in ("source", "data_file")} for row in of_file]


def _compare(what: str, expected: Iterable[Cells], found: Iterable[Row], meaning: str = "do not trust the tables") -> None:
    wanted, read = Counter(expected), Counter(tuple(row.values()) for row in found)
    if wanted != read:
        raise NotSetUpError(f"{what}: {_difference(wanted, read)}: {meaning}")


def _difference(expected: Counter[Any], found: Counter[Any]) -> str:
    """The first that is missing and the first that should not be there."""
    missing, surplus = list((expected - found).elements()), list((found - expected).elements())
    parts = [f"{missing[0]!r} is missing"] if missing else []
    parts += [f"{surplus[0]!r} is there instead" if missing else f"{surplus[0]!r} is there too"] if surplus else []
    return ", ".join(parts)
