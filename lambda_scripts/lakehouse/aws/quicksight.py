"""QuickSight: SPICE refreshes of data sets."""

from __future__ import annotations

from .clients import client


def refresh(account: str, data_set: str, refresh_id: str) -> None:
    """Start a SPICE refresh. Raises ClientError where it is refused: LimitExceededException beyond the day's limit.

    https://docs.aws.amazon.com/quicksight/latest/APIReference/API_CreateIngestion.html
    """
    client("quicksight").create_ingestion(AwsAccountId=account, DataSetId=data_set, IngestionId=refresh_id)


def require(account: str, data_set: str) -> None:
    """Raises ClientError unless the data set is there and may be described."""
    client("quicksight").describe_data_set(AwsAccountId=account, DataSetId=data_set)
