"""`hanza policy`: what a tenant keeps for itself and its workspaces, and what violates it."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from hanza.cli.files import read_file
from hanza.cli.options import TENANT, OutputOption, TenantOption, YesOption, connect
from hanza.cli.render import Output, Record, show, show_warnings
from hanza.wire.app_v1 import policy_from_yaml
from hanza.wire.policy_v1 import policy_to_json

policy = typer.Typer(
    help="Policies of a tenant and of its workspaces: every level only tightens.",
    no_args_is_help=True,
)
OneWorkspace = Annotated[
    str | None, typer.Option("--workspace", "-w", help="Of one workspace; else the tenant's own.")
]
VersionOption = Annotated[
    int | None, typer.Option("--if-version", help="Only if it is at this version now.", min=1)
]
COLUMNS = ["workspace", "name", "site", "rule", "level", "text", "since"]


@policy.command("show")
def show_policy(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what is kept, and what then holds."""
    with connect(context) as client:
        document = client.get(_path(tenant, workspace))
    show_warnings(document["status"]["warnings"])
    _told(document, output)


@policy.command("set")
def set_policy(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="The policy as YAML.", exists=True, dir_okay=False, allow_dash=True),
    ],
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    version: VersionOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would violate it, and keep nothing.")
    ] = False,
    output: OutputOption = Output.table,
) -> None:
    """Keep a policy for a tenant or a workspace; what runs already is named, never ended."""
    said = policy_to_json(policy_from_yaml(read_file(file), str(file)))
    path = _path(tenant, workspace) + ("?dryRun=true" if dry_run else "")
    with connect(context) as client:
        _, document = client.put(path, {"spec": said}, _match(version))
    show_warnings(document["status"]["warnings"])
    if output is Output.json:
        show([document], [], output, "")
        return
    kept = document["metadata"]["generation"]
    verb = "would be" if dry_run else "is"
    print(f"the policy of {_whose(tenant, workspace)} {verb} at version {kept}")
    _violations(document["status"]["violations"], output, "nothing that runs violates it")


@policy.command("remove")
def remove_policy(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    version: VersionOption = None,
    yes: YesOption = False,
) -> None:
    """Keep no policy any longer; what it forbade is allowed again."""
    whose = _whose(tenant, workspace)
    with connect(context) as client:
        if not yes:
            typer.confirm(f"Remove the policy of {whose}?", abort=True, err=True)
        client.delete(_path(tenant, workspace), _match(version))
    print(f"no policy is kept for {whose}")


@policy.command("violations")
def list_violations(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: OneWorkspace = None,
    output: OutputOption = Output.table,
) -> None:
    """Name what runs where a policy would not have it (any more)."""
    inside = "" if workspace is None else f"/workspaces/{workspace}"
    with connect(context) as client:
        found = client.items(f"/tenants/{tenant}{inside}/violations")
    _violations(found, output, "nothing violates a policy")


def _told(document: dict[str, Any], output: Output) -> None:
    if output is Output.json:
        show([document], [], output, "")
        return
    about, status = document["metadata"], document["status"]
    whose = _whose(about["tenant"], about["workspace"] or None)
    print(f"# the policy of {whose}, version {about['generation']}")
    print(_yaml(document["spec"]))
    if status["effective"] != document["spec"]:
        print("# what holds, with the level above")
        print(_yaml(status["effective"]))
    for one in status["violations"]:
        print(f"# violation: {one['sentence']}")


def _violations(found: list[Record], output: Output, empty: str) -> None:
    is_noted = any(one["since"] is not None for one in found)
    columns = COLUMNS if is_noted else [one for one in COLUMNS if one != "since"]
    show(found, columns, output, empty)


def _yaml(spec: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(spec, sort_keys=False, default_flow_style=None, allow_unicode=True)
    return text.rstrip()


def _path(tenant: str, workspace: str | None) -> str:
    inside = "" if workspace is None else f"/workspaces/{workspace}"
    return f"/tenants/{tenant}{inside}/policy"


def _match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"if-match": f'"{version}"'}


def _whose(tenant: str, workspace: str | None) -> str:
    return f"tenant {tenant}" if workspace is None else f"workspace {workspace} of tenant {tenant}"
