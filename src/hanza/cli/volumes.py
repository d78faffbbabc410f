"""`hanza volume`: the disks that outlive their instances."""

from typing import Annotated, Any

import typer

from hanza.cli.options import (
    TENANT,
    OutputOption,
    TenantOption,
    WorkspaceOption,
    YesOption,
    connect,
)
from hanza.cli.pending import DryRunOption, show_taken_back, take_back
from hanza.cli.render import Output, Record, show
from hanza.cli.waiting import words_of_waiting
from hanza.model.errors import NotFound

volume = typer.Typer(help="Volumes: disks that outlive their instances.", no_args_is_help=True)


@volume.command("list")
def list_volumes(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Show every volume, where its bytes are, and who has it attached."""
    inside = f"/workspaces/{workspace}" if workspace else ""
    with connect(context) as client:
        listed = client.items(f"/tenants/{tenant}{inside}/volumes")
    records = [_flat(one) for one in listed]
    columns = ["name", "workspace", "size_mib", "state", "site", "instance", "device", "reason"]
    show(records, columns, output, "no volumes")
    if output is Output.table:
        waiting = [one for one in listed if one["status"]["pendingSince"] is not None]
        for words in words_of_waiting(waiting):
            print(words)


@volume.command("withdraw")
def withdraw_volumes(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(help="INSTANCE/VOLUME, or a block storage of the standard's.")
    ],
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take back the growth or the end of volumes, of which their sites cannot know yet."""
    inside = f"/workspaces/{workspace}" if workspace else ""
    with connect(context) as client:
        listed = client.items(f"/tenants/{tenant}{inside}/volumes")
        chosen = [_of_name(listed, name) for name in names]
        records = take_back(client, tenant, chosen, dry_run=dry_run)
    show_taken_back(records, output)


@volume.command("delete")
def delete_volume(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="INSTANCE/VOLUME, as `hanza volume list` says it.")],
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """End a volume that no instance wants any more, with all that is on it."""
    inside = f"/workspaces/{workspace}" if workspace else ""
    with connect(context) as client:
        listed = client.items(f"/tenants/{tenant}{inside}/volumes")
        found = _of_name(listed, name)
        if not yes:
            typer.confirm(f"End {name}, with all that is on it?", abort=True, err=True)
        place = found["metadata"]["workspace"]
        client.delete(f"/tenants/{tenant}/workspaces/{place}/volumes/{name}")
    show([{"name": name, "change": "ending"}], ["name", "change"], output, "")


def _of_name(listed: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = [one for one in listed if one["metadata"]["name"] == name]
    if len(found) == 1:
        return found[0]
    what = f"{name!r} is in several workspaces" if found else f"there is no volume {name!r}"
    raise NotFound(what, hint="hanza volume list; say which with --workspace")


def _flat(document: dict[str, Any]) -> Record:
    metadata, status = document["metadata"], document["status"]
    return {
        "name": metadata["name"],
        "workspace": metadata["workspace"],
        "size_mib": document["spec"]["sizeMiB"],
        "state": status["state"],
        "site": status["site"],
        "instance": status["instance"],
        "device": status["device"],
        "reason": status["reason"],
        "pendingSince": status["pendingSince"],
        "id": metadata["id"],
    }
