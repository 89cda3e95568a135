"""What to do about errors of AWS that may come up anywhere: by what their text says."""

from __future__ import annotations

# https://docs.aws.amazon.com/athena/latest/ug/lf-athena-limitations.html,
# https://repost.aws/knowledge-center/athena-insufficient-lake-formation-permissions
_LAKE_FORMATION = (
    "Lake Formation governs this database or bucket: do not register the bucket there (query results, staging and manifests "
    "could not be read), and grant this role Create database, and on the database Create table, Alter, Drop, Describe and Select "
    "on all tables; or, in Lake Formation's settings, use only IAM access control for new databases"
)

_ENFORCED = "in the workgroup's settings switch 'Override client-side settings' off, or set LAKE_WORKGROUP to another one"

REMEDIES = {
    "Lake Formation": _LAKE_FORMATION,
    "lakeformation": _LAKE_FORMATION,
    "NoSuchBucket": "create the bucket in this function's Region, or correct LAKE_BUCKET or the event's bucket",
    "Unable to verify/create output bucket": "allow s3:GetBucketLocation on the bucket of results; where LAKE_RESULTS names "
    "one that is not there, create the bucket of LAKE_RESULTS, or set it to nothing for the lake's own bucket",
    "Bytes scanned limit": "in the workgroup's data usage controls raise or remove the limit of what a query may scan: a load "
    "scans its raw files twice",
    "Requester Pays": "in the workgroup's settings turn on queries of Requester Pays buckets, or turn it off for the bucket",
    "ManagedQueryResultsConfiguration": "allow athena:GetWorkGroup: this workgroup keeps its results itself, which can't be seen "
    "without; or set LAKE_WORKGROUP to one that does not",
    "external_location": _ENFORCED,
    "overrides where results go": _ENFORCED,
    "KMS": "allow kms:Decrypt and kms:GenerateDataKey on the key that the message is about",
}


def of(error: Exception) -> str | None:
    """The remedy, or None where only the line at which the error came up can tell."""
    text = str(error)
    return next((remedy for said, remedy in REMEDIES.items() if said in text), None)
