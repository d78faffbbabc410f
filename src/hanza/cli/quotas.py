"""`hanza quota`: what a tenant or a workspace may have at most, and what it has."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from hanza.cli.options import TENANT, OutputOption, TenantOption, YesOption, connect
from hanza.cli.render import Output, Record, show
from hanza.model.errors import Invalid

quota = typer.Typer(
    help="Quotas of a tenant and of its workspaces; both hold.", no_args_is_help=True
)


class Member(StrEnum):
    """What has a limit, as documents call it."""

    instances = "instances"
    cpus = "cpus"
    memory = "memoryMiB"
    storage = "storageMiB"
    addresses = "addresses"


OneWorkspace = Annotated[
    str | None, typer.Option("--workspace", "-w", help="Of one workspace; else the tenant's own.")
]
Limit = Annotated[int | None, typer.Option(help="At most so many.", min=0)]
LimitMiB = Annotated[int | None, typer.Option(help="At most so many MiB.", min=0)]
COLUMNS = ["what", "used", "limit", "left"]


@quota.command("show")
def show_quota(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    output: OutputOption = Output.table,
) -> None:
    """Show the limits, and what is used of them."""
    with connect(context) as client:
        document = client.get(_path(tenant, workspace))
    _told(document, output)


@quota.command("set")
def set_quota(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    instances: Limit = None,
    cpus: Limit = None,
    memory_mib: LimitMiB = None,
    storage_mib: LimitMiB = None,
    addresses: Limit = None,
    unlimited: Annotated[
        list[Member] | None, typer.Option(help="Have no limit of this; may be repeated.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Change the limits that are named; the others stay as they are.

    Lower than what is used ends nothing: nothing more is admitted until it is less again.
    """
    given = {"instances": instances, "cpus": cpus, "memoryMiB": memory_mib}
    given |= {"storageMiB": storage_mib, "addresses": addresses}
    changes: dict[str, int | None] = {
        name: limit for name, limit in given.items() if limit is not None
    }
    for name in (one.value for one in unlimited or ()):
        if name in changes:
            raise Invalid(f"{name} is said to have a limit, and none", field="unlimited")
        changes[name] = None
    if not changes:
        raise Invalid("say at least one limit", hint="such as --cpus 8")
    path = _path(tenant, workspace)
    with connect(context) as client:
        spec = client.get(path)["spec"] | changes
        _, document = client.put(path, {"spec": spec})
    _told(document, output)


@quota.command("clear")
def clear_quota(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Have no limits any more."""
    path = _path(tenant, workspace)
    with connect(context) as client:
        if not yes:
            typer.confirm(f"Clear the quota of {_whose(tenant, workspace)}?", abort=True, err=True)
        client.delete(path)
        document = client.get(path)
    _told(document, output)


def _told(document: dict[str, Any], output: Output) -> None:
    if output is Output.json:
        show([document], [], output, "")
        return
    about = document["metadata"]
    limits, status = document["spec"], document["status"]
    whose = _whose(about["tenant"], about["workspace"] or None)
    print(f"# the quota of {whose}" if about["generation"] else f"# {whose} has no quota")
    show(
        [_line(name, limits[name], used) for name, used in status["used"].items()],
        COLUMNS,
        output,
        "",
    )
    for name in status["overfull"]:
        print(f"# over-full: more {name} are used than may be; nothing ends, no more is admitted")


def _line(name: str, limit: int | None, used: int) -> Record:
    left = None if limit is None else limit - used
    return {"what": name, "used": used, "limit": limit, "left": left}


def _path(tenant: str, workspace: str | None) -> str:
    inside = "" if workspace is None else f"/workspaces/{workspace}"
    return f"/tenants/{tenant}{inside}/quota"


def _whose(tenant: str, workspace: str | None) -> str:
    return f"tenant {tenant}" if workspace is None else f"workspace {workspace} of tenant {tenant}"
