"""SPICE refreshes: one of each configured data set when reports have changed, beyond QuickSight's daily limit later.

QuickSight takes 32 refreshes of a data set in 24 hours (Enterprise edition; Standard 8):
https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateIngestion.html
"""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import ClientError

from .. import log
from ..aws import quicksight
from ..lake import Lake
from . import postponed

WHAT = "quicksight"


def all_data_sets(lake: Lake, refresh_id: str) -> None:
    """Refresh each configured data set. A refused one is logged and remembered: the reports are right without it."""
    _refresh(lake, lake.config.quicksight_datasets, refresh_id)


def postponed_data_sets(lake: Lake, refresh_id: str) -> None:
    """Refresh the configured data sets whose last refresh was refused."""
    if lake.config.quicksight_datasets:
        _refresh(lake, postponed.read(lake, WHAT) & set(lake.config.quicksight_datasets), refresh_id)


def _refresh(lake: Lake, data_sets: Iterable[str], refresh_id: str) -> None:
    refused = []
    for data_set in data_sets:
        try:
            quicksight.refresh(lake.account, data_set, refresh_id)
            log.event("quicksight refresh", data_set=data_set)
        except ClientError as error:
            refused.append(data_set)
            log.warning(
                "quicksight refresh not started",
                data_set=data_set,
                error=str(error),
                remedy="it is tried again with the next reports and by the action drain; beyond QuickSight's daily limit, give "
                "the data set a refresh schedule or have it query Athena directly, and take it out of LAKE_QUICKSIGHT_DATASETS",
            )
    if data_sets:
        postponed.write(lake, WHAT, refused)
