"""What waits for sites that are not heard: shown with `hanza status`, taken back by `withdraw`."""

from typing import Annotated

import typer

from hanza.cli.apps import choose_instances, path_of
from hanza.cli.options import TENANT, OutputOption, TenantOption, WorkspaceOption, connect
from hanza.cli.render import Output, show
from hanza.model.errors import NotFound


def withdraw(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; all that wait when none is named.")
    ] = None,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Take back what was asked for sites that are not heard, and so do not know of it."""
    with connect(context) as client:
        documents = choose_instances(client, tenant, workspace, names)
        waiting = [one for one in documents if one["status"]["pendingSince"] is not None]
        if names and not waiting:
            listed = ", ".join(names)
            raise NotFound(f"nothing that was asked for {listed} waits for a site")
        records = []
        for one in waiting:
            metadata = one["metadata"]
            path = path_of(tenant, metadata["workspace"], metadata["name"])
            answer = client.post(f"{path}/withdrawal")
            records.append({"name": metadata["name"], "state": answer["status"]["state"]})
    show(records, ["name", "state"], output, "nothing waits for a site")
