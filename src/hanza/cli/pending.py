"""What waits for sites that are not heard: shown with `hanza status`, taken back by `withdraw`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hanza.cli.apps import choose_instances, path_of
from hanza.cli.client import Client
from hanza.cli.options import TENANT, OutputOption, TenantOption, WorkspaceOption, connect
from hanza.cli.render import Output, Record, show
from hanza.cli.waiting import list_waiting
from hanza.model.errors import NotPending, Refusal

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be taken back, and take nothing back.")
]

SIZE = "sizeMiB"
"""What a volume's document has, and an instance's has not."""
REFUSED = "not taken back"


def withdraw(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Instances, apps, components, INSTANCE/VOLUME; none: all that wait."),
    ] = None,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take back what was asked for sites that are not heard, and so do not know of it."""
    with connect(context) as client:
        volumes = list_waiting(client, tenant, workspace)
        # A block storage may be called as an instance is: that takes `hanza volume withdraw`.
        disks, others = _apart(names or [])
        if names:
            volumes = [one for one in volumes if one["metadata"]["name"] in disks]
        documents = []
        if others or not names:
            documents = choose_instances(client, tenant, workspace, others)
        waiting = [one for one in documents if one["status"]["pendingSince"] is not None]
        if names and not waiting and not volumes:
            listed = ", ".join(names)
            raise NotPending(f"nothing that was asked for {listed} waits for a site")
        # Volumes first: an instance does not come back to one that is to end.
        records = take_back(client, tenant, [*volumes, *waiting], dry_run=dry_run)
    show_taken_back(records, output)


def _apart(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of instances' own volumes, and all others."""
    return [one for one in names if "/" in one], [one for one in names if "/" not in one]


def take_back(
    client: Client, tenant: str, documents: Sequence[dict[str, Any]], *, dry_run: bool
) -> list[Record]:
    """What was asked for these volumes and instances; a record of each.

    Of one alone a refusal is raised; of several it is its record's, and the others go on.
    """
    records = []
    for one in documents:
        try:
            records.append(_take_back(client, tenant, one, dry_run=dry_run))
        except Refusal as refusal:
            if len(documents) == 1:
                raise
            change, status = f"{REFUSED}: {refusal.text}", one["status"]
            records.append(_record(one, status["state"], change) | {"code": refusal.code})
    return records


def show_taken_back(records: Sequence[Record], output: Output) -> None:
    """Raises `typer.Exit` where one of them was refused."""
    show(records, ["name", "kind", "state", "change"], output, "nothing waits for a site")
    if any("code" in one for one in records):
        raise typer.Exit(1)


def _take_back(client: Client, tenant: str, one: dict[str, Any], *, dry_run: bool) -> Record:
    metadata, size = one["metadata"], one["spec"].get(SIZE)
    path = path_of(tenant, metadata["workspace"], metadata["name"])
    if size is not None:
        path = f"/tenants/{tenant}/workspaces/{metadata['workspace']}/volumes/{metadata['name']}"
    then = client.post(f"{path}/withdrawal{'?dryRun=true' if dry_run else ''}")
    state, change = then["status"]["state"], "would be taken back" if dry_run else "taken back"
    if size != then["spec"].get(SIZE):
        change += f", {size} MiB → {then['spec'][SIZE]} MiB"
    return _record(one, state, change)


def _record(one: dict[str, Any], state: str, change: str) -> Record:
    kind = "volume" if SIZE in one["spec"] else "instance"
    return {"name": one["metadata"]["name"], "kind": kind, "state": state, "change": change}
