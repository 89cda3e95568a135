"""Keys made and taken apart in one place."""

from __future__ import annotations

import pytest

from lambda_scripts.lakehouse.layout import KEY_BYTES, RAW_QUEUE, Layout

LAYOUT = Layout()


def test_a_partition_has_its_folder_its_data_files_and_its_manifest() -> None:
    table = LAYOUT.processed
    assert table.data_file(("2016", "01"), "v") == "processed/stocks/year=2016/month=01/v.parquet"
    assert table.manifest(("2016", "01")) == "processed/stocks/_symlink_format_manifest/year=2016/month=01/manifest"


def test_a_key_is_taken_apart_as_it_was_made() -> None:
    table, partition = LAYOUT.processed, ("2016", "01")
    assert table.partition_of_manifest(table.manifest(partition)) == partition
    assert table.partition_of_data_file(table.data_file(partition, "v")) == partition
    assert table.partition_of_folder(table.folder(partition)) == partition
    assert table.partition_of_staged_file("pipeline/staging/raw/b/t/year=2016/month=01/000000_0_x") == partition


@pytest.mark.parametrize(
    "key",
    [
        "processed/stocks/year=2016/month=01/v.parquet",
        "processed/stocks/x",
        "processed/stocks/_symlink_format_manifest/manifest",
        "",
    ],
)
def test_what_is_no_manifest_is_none(key: str) -> None:
    assert LAYOUT.processed.partition_of_manifest(key) is None


@pytest.mark.parametrize("name", ["raw/stocks/a b'é.csv", "raw/stocks/" + "n" * 1_000 + ".csv"], ids=["short", "long"])
def test_markers_and_records_fit_into_a_key_whatever_the_name(name: str) -> None:
    marker = LAYOUT.marker(RAW_QUEUE, name, "0055AED6DCD90281E5")
    assert len(marker.encode()) <= KEY_BYTES and len(LAYOUT.source_record(name).encode()) <= KEY_BYTES
    assert LAYOUT.name_of_marker(RAW_QUEUE, marker) == (name if len(name) < 100 else None)
    assert LAYOUT.event_of_marker(marker) == "0055AED6DCD90281E5"


def test_a_folder_that_the_console_makes_is_no_raw_file() -> None:
    assert LAYOUT.is_raw_file("raw/stocks/a.csv")
    assert not LAYOUT.is_raw_file("raw/stocks/") and not LAYOUT.is_raw_file("processed/stocks/a.csv")
