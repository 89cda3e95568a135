"""Merged tables: immutable data files, and for each partition a manifest that names the current one.

Replacing the manifest, a few bytes in one conditional PUT, is the commit. The convention is Delta Lake's
(https://docs.delta.io/latest/presto-integration.html), the reader Hive's SymlinkTextInputFormat.

    data file copied ─ partition registered ─ manifest swapped (if it is still the one that was read) ─ event for Lambda 2
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .. import log
from ..aws import parallel
from ..aws.catalog import Catalog
from ..aws.store import Store, Stored
from ..errors import ConflictError, LeaseLostError, PublishError
from ..layout import Partition, TableLayout
from .no_rows import NO_ROWS


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

    def files_by_partition(self, paths: Iterable[str], asked: Collection[Partition]) -> dict[Partition, str]:
        """The key of the one file that was written for each partition; those asked for that end empty have none.

        `paths` are all files that the statements wrote. Raises PublishError for any that is not just what was asked for.
        """
        files: dict[Partition, str] = {}
        for path in paths:
            key = self._store.key(path)
            partition = self._layout.partition_of_staged_file(key)
            if partition is None or partition in files or partition not in asked:
                raise PublishError(
                    f"Athena wrote {path} where one file for each partition asked for of {self.name} was expected; nothing of it "
                    "was published"
                )
            files[partition] = key
        return files

    def publish(
        self, partitions: Collection[Partition], staged: Mapping[Partition, str], survey: Survey, version: str
    ) -> list[Partition]:
        """Make the staged files current, and empty the partitions that have none; returns those that another writer changed.

        The survey must have been made before the staged files were computed. Every partition gets a file of this version and a
        manifest that names it, so that no two manifests are alike, and the swap of a writer that read an earlier one fails.
        Raises LeaseLostError where a later batch has put a file, PublishError where a staged file is gone.
        """
        wanted = sorted(partitions)
        for partition in wanted:
            self._refuse_to_replace_a_later_version(partition, survey, version)
        self._register(partition for partition in wanted if partition not in survey.manifests)

        def publish_one(partition: Partition) -> bool:
            known = survey.manifests.get(partition)
            target = self._layout.data_file(partition, version)
            self._put_data_file(staged.get(partition), target)
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

    def _refuse_to_replace_a_later_version(self, partition: Partition, survey: Survey, version: str) -> None:
        """A later batch's file is there before a manifest names it, and a listing shows manifests before data files."""
        for stored in survey.data_files.get(partition, ()):
            if self._layout.version_of_data_file(stored.key) > version:
                raise LeaseLostError(f"{self._store.uri(stored.key)} is of a later batch than {version}")

    def _put_data_file(self, staged: str | None, target: str) -> None:
        if staged is None:
            self._store.put(target, NO_ROWS)
        elif not self._store.copy(staged, target):
            raise PublishError(
                f"{self._store.uri(staged)}, which Athena wrote, is gone: another invocation or a lifecycle rule removed it; the "
                "batch is not on record, and the next attempt starts afresh"
            )

    def sweep(self, survey: Survey, now: datetime, retention_seconds: float) -> None:
        """Remove data files that no manifest has named for this long, so that queries under way end undisturbed.

        Only files of versions before the one that the manifest names now: whoever wrote them can't name them any more, since its
        swap would fail. A manifest's age is S3's time against this host's clock.
        """
        expired = now - timedelta(seconds=retention_seconds)

        def superseded(partition: Partition) -> list[str]:
            candidates = [stored.key for stored in survey.data_files[partition] if stored.modified < expired]
            manifest = self._store.read(self._layout.manifest(partition)) if candidates else None
            if manifest is None or manifest.modified >= expired:
                return []
            current = self._layout.version_of_data_file(manifest.body.decode().strip())
            return [key for key in candidates if self._layout.version_of_data_file(key) < current]

        # The usual partition holds one file, its manifest's own: nothing to read.
        several = [partition for partition, files in survey.data_files.items() if len(files) > 1]
        with log.timed("sweep", table=self.name) as found:
            keys = [key for each in parallel.each(superseded, several) for key in each]
            self._store.delete(keys)
            found["removed"] = len(keys)
