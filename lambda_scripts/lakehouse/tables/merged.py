"""Merged tables: immutable data files, and for each partition a manifest that names the current one.

Replacing the manifest, a few bytes in one conditional PUT, is the commit. The convention is Delta Lake's
(https://docs.delta.io/latest/presto-integration.html), the reader Hive's SymlinkTextInputFormat.

    data file copied ─ partition registered ─ manifest swapped (if it is still the one that was read) ─ event for Lambda 2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .. import log
from ..aws import parallel
from ..aws.catalog import Catalog
from ..aws.store import Store, Stored
from ..errors import ConflictError, PublishError
from ..layout import Partition, TableLayout


@dataclass
class Survey:
    """What one listing of a table shows: its manifests and its data files, by partition."""

    manifests: dict[Partition, Stored] = field(default_factory=dict)
    data_files: dict[Partition, list[Stored]] = field(default_factory=dict)


class MergedTable:
    """One table whose partitions are published by manifest."""

    def __init__(self, name: str, layout: TableLayout, store: Store, catalog: Catalog) -> None:
        self.name = name
        self._layout = layout
        self._store = store
        self._catalog = catalog

    def survey(self) -> Survey:
        """One listing, strongly consistent: the ETags to compare when publishing, and what there is to sweep."""
        survey = Survey()
        for stored in self._store.objects(self._layout.prefix):
            if (partition := self._layout.partition_of_manifest(stored.key)) is not None:
                survey.manifests[partition] = stored
            elif (partition := self._layout.partition_of_data_file(stored.key)) is not None:
                survey.data_files.setdefault(partition, []).append(stored)
        return survey

    def repair(self, partitions: Iterable[Partition], survey: Survey) -> list[Partition]:
        """Register those of the partitions that have a manifest and that the catalogue lacks; returns them.

        A table may have been dropped and made anew. A statement that read it then would take the partition for empty.
        """
        missing = self._catalog.missing(self.name, (partition for partition in partitions if partition in survey.manifests))
        if missing:
            log.warning("partitions missing in the catalogue", table=self.name, partitions=len(missing))
            self._register(missing)
        return missing

    def _register(self, partitions: Iterable[Partition]) -> None:
        folder = self._layout.manifest_folder
        self._catalog.register(self.name, {partition: self._store.uri(folder(partition)) for partition in partitions})

    def staged_files(self, staged_prefix: str) -> dict[Partition, str]:
        """The one file that a CTAS with one bucket wrote for each partition. Raises PublishError where there are more."""
        files: dict[Partition, str] = {}
        for stored in self._store.objects(staged_prefix):
            partition = self._layout.partition_of_staged_file(stored.key)
            if partition is None or partition in files:
                raise PublishError(
                    f"Athena wrote {self._store.uri(stored.key)} where one file a partition of {self.name} was expected; "
                    "nothing of it was published"
                )
            files[partition] = stored.key
        return files

    def publish(
        self, partitions: Iterable[Partition], staged: Mapping[Partition, str], survey: Survey, version: str
    ) -> list[Partition]:
        """Make the staged files current, and empty the partitions that have none; returns those that another writer changed.

        The survey must have been made before the staged files were computed. A partition that never was anything gets an empty
        manifest too: it makes the swap of a writer fail that was overtaken before it published there.
        """
        wanted = sorted(partitions)
        self._register(partition for partition in wanted if partition not in survey.manifests)

        def publish_one(partition: Partition) -> bool:
            known = survey.manifests.get(partition)
            content = ""
            target = self._layout.data_file(partition, version)
            if partition in staged:
                self._store.copy(staged[partition], target)
                content = self._store.uri(target) + "\n"
            try:
                self._store.swap(self._layout.manifest(partition), content.encode(), known.etag if known else None)
            except ConflictError:
                return False  # its file is swept later
            return True

        with log.timed("publish", table=self.name, partitions=len(wanted)) as found:
            published = parallel.each(publish_one, wanted)
            lost = [partition for partition, done in zip(wanted, published, strict=True) if not done]
            found["lost_to_another_writer"] = len(lost)
        return lost

    def sweep(self, survey: Survey, now: datetime, retention_seconds: float) -> None:
        """Remove data files that no manifest has named for so long, so that queries under way end undisturbed.

        A file that its manifest does not name was last named before the manifest last changed; and a file younger than the
        retention may be a writer's that is about to name it.
        """
        expired = now - timedelta(seconds=retention_seconds)

        def superseded(partition: Partition) -> list[str]:
            manifest = survey.manifests.get(partition)
            candidates = [stored.key for stored in survey.data_files[partition] if stored.modified < expired]
            if not candidates or (manifest and manifest.modified >= expired):
                return []
            named = self._store.read(manifest.key) if manifest else None
            if named and manifest and named.etag != manifest.etag:
                return []  # changed since the survey: what it named then may be read by queries under way
            current = named.body.decode().split("\n") if named else []
            return [key for key in candidates if self._store.uri(key) not in current]

        def may_hold_old_files(partition: Partition) -> bool:
            """The usual partition holds one file, its manifest's own: nothing to look up."""
            manifest = survey.manifests.get(partition)
            return len(survey.data_files[partition]) > 1 or manifest is None or manifest.size == 0

        with log.timed("sweep", table=self.name) as found:
            keys = [key for each in parallel.each(superseded, filter(may_hold_old_files, survey.data_files)) for key in each]
            self._store.delete(keys)
            found["removed"] = len(keys)
