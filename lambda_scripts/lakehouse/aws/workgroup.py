"""The Athena workgroup that statements run in, and what to change where a lake can't run in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .. import log
from ..errors import NotSetUpError

OR_ANOTHER = "or set LAKE_WORKGROUP to another one"


@dataclass(frozen=True)
class Workgroup:
    """`manages_results`: Athena keeps the results itself, and refuses a statement that says where to put them.

    https://docs.aws.amazon.com/athena/latest/ug/managed-results.html

    `scan_limit_bytes` is what a statement may scan, if there is a limit; `reads_requester_pays` whether it may read buckets whose
    reader pays (https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html); `is_seen` whether its
    settings could be read.
    """

    name: str
    manages_results: bool = False
    scan_limit_bytes: int | None = None
    reads_requester_pays: bool = False
    is_seen: bool = True


def get(client: Any, name: str) -> Workgroup:
    """The workgroup by its name. Raises NotSetUpError, with the remedy, where no lake can run in it.

    Without permission to see its settings it is taken for one that lets the client say where results go.
    """
    try:
        group = client.get_work_group(WorkGroup=name)["WorkGroup"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDeniedException":
            log.warning("workgroup not seen: allow athena:GetWorkGroup", workgroup=name, error=str(error))
            return Workgroup(name, is_seen=False)
        if code == "InvalidRequestException":
            raise NotSetUpError(f"there is no Athena workgroup {name}: create it, {OR_ANOTHER}") from error
        raise
    configuration = group.get("Configuration") or {}
    if problem := _problem(group, configuration):
        raise NotSetUpError(f"the Athena workgroup {name} {problem}, {OR_ANOTHER}")
    managed = (configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled")
    return Workgroup(
        name, bool(managed), configuration.get("BytesScannedCutoffPerQuery"), bool(configuration.get("RequesterPaysEnabled"))
    )


def _problem(group: dict[str, Any], configuration: dict[str, Any]) -> str | None:
    if group.get("State") == "DISABLED":
        return "is disabled: turn it on"
    if "PySpark" in (configuration.get("EngineVersion") or {}).get("SelectedEngineVersion", ""):
        return "runs Apache Spark: choose one whose engine is Athena SQL"
    # https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html: a CTAS may not say where to write then.
    if configuration.get("EnforceWorkGroupConfiguration") and (configuration.get("ResultConfiguration") or {}).get(
        "OutputLocation"
    ):
        return (
            "overrides where results go, and so refuses every statement that says where its table is to lie: in its settings, "
            "switch 'Override client-side settings' off"
        )
    return None
