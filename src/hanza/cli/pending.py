"""What waits for sites that are not heard: shown with `hanza status`, taken back by `withdraw`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hanza.cli.apps import choose_instances, path_of
from hanza.cli.client import Client
from hanza.cli.options import TENANT, OutputOption, TenantOption, WorkspaceOption, connect
from hanza.cli.render import Output, Record, show
from hanza.cli.waiting import list_waiting
from hanza.model.errors import NotFound

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be taken back, and take nothing back.")
]


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
        if names:
            volumes = [one for one in volumes if one["metadata"]["name"] in names]
        others = [name for name in names or [] if "/" not in name]
        documents = []
        if others or not names:
            documents = choose_instances(client, tenant, workspace, others)
        waiting = [one for one in documents if one["status"]["pendingSince"] is not None]
        if names and not waiting and not volumes:
            listed = ", ".join(names)
            raise NotFound(f"nothing that was asked for {listed} waits for a site")
        # Volumes first: an instance does not come back to one that is to end.
        records = take_back(client, tenant, volumes, dry_run=dry_run)
        for one in waiting:
            metadata = one["metadata"]
            path = path_of(tenant, metadata["workspace"], metadata["name"])
            state = _post(client, path, dry_run=dry_run)["status"]["state"]
            records.append(_record(metadata["name"], "instance", state, dry_run=dry_run))
    show(records, ["name", "kind", "state", "change"], output, "nothing waits for a site")


def take_back(
    client: Client, tenant: str, volumes: Sequence[dict[str, Any]], *, dry_run: bool
) -> list[Record]:
    """What was asked for these; a record of each."""
    records = []
    for one in volumes:
        metadata = one["metadata"]
        path = f"/tenants/{tenant}/workspaces/{metadata['workspace']}/volumes/{metadata['name']}"
        then = _post(client, path, dry_run=dry_run)
        was, size = one["spec"]["sizeMiB"], then["spec"]["sizeMiB"]
        resized = "" if was == size else f", {was} MiB → {size} MiB"
        state = then["status"]["state"] + resized
        records.append(_record(metadata["name"], "volume", state, dry_run=dry_run))
    return records


def _post(client: Client, path: str, *, dry_run: bool) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(f"{path}/withdrawal{'?dryRun=true' if dry_run else ''}")
    return answer


def _record(name: str, kind: str, state: str, *, dry_run: bool) -> Record:
    change = "would be taken back" if dry_run else "taken back"
    return {"name": name, "kind": kind, "state": state, "change": change}
