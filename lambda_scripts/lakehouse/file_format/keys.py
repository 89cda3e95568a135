"""Keys that no load takes, whatever an account could read."""

from __future__ import annotations

import re

from .refusals import Kind, refused


def require_readable(key: str) -> None:
    """Raise FileRefusedError for a raw key under which Athena would not find the file, or that does not name a CSV file."""
    name = key.rpartition("/")[2]
    if not name.lower().endswith((".csv", ".csv.gz")):
        raise refused(Kind.NAME, f"the name {name!r} does not end in .csv or .csv.gz: rename it if it is one")
    # Hadoop's file input takes such names for hidden files; a manifest that names one fails the query.
    if name.startswith(("_", ".")):
        raise refused(Kind.NAME, f"Athena ignores files whose name begins with {name[0]!r}: rename {name!r}")
    # https://docs.aws.amazon.com/athena/latest/ug/tables-location-format.html: Athena takes // for /, and so looks elsewhere.
    if {"", ".", ".."} & set(key.split("/")):
        raise refused(Kind.NAME, f"Athena can't address a key with //, /./ or /../ in it: move {key!r}")
    # A manifest can't name a line break, nor XML, in which S3 lists keys, most of the other control characters.
    if re.search(r"[\x00-\x1f\x7f]", key):
        raise refused(Kind.NAME, f"its key holds a line break or another control character: rename {key!r}")
