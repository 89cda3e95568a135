"""QuickSight's limit of refreshes, which moto lacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.quicksight.models import QuickSightBackend

from .seams import Seams

# "32 times in a 24-hour period" of an Enterprise account, 8 of a Standard one, for each data set:
# https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateIngestion.html
REFRESHES_A_DAY = 32


class LimitExceeded(JsonRESTError):
    code = 409

    def __init__(self) -> None:
        message = f"Limit of {REFRESHES_A_DAY} ingestions in 24 hours is exceeded for this dataset"
        super().__init__("LimitExceededException", message)


def install(now: Callable[[], datetime]) -> Callable[[], None]:
    """Refuse refreshes beyond the limit, by this clock. Returns the callable that undoes it."""
    started: defaultdict[str, list[datetime]] = defaultdict(list)
    create_ingestion = QuickSightBackend.create_ingestion

    def create(backend: QuickSightBackend, data_set_id: str, ingestion_id: str) -> Any:
        recent = [moment for moment in started[data_set_id] if moment > now() - timedelta(hours=24)]
        if len(recent) >= REFRESHES_A_DAY:
            raise LimitExceeded
        started[data_set_id] = [*recent, now()]
        return create_ingestion(backend, data_set_id, ingestion_id)

    seams = Seams()
    seams.replace(QuickSightBackend, "create_ingestion", create)
    return seams.restore
