"""`hanza tenant` and `hanza token`: who may want things, and how they prove who they are."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hanza.cli.members import write_secret
from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.plan.access_roles import DEFAULT_ROLE

tenant = typer.Typer(help="Tenants: who wants things.", no_args_is_help=True)

References = Literal["strict", "deferred"]


@tenant.command("add")
def add_tenant(
    context: typer.Context,
    name: str,
    references: Annotated[
        References | None, typer.Option(help="Whether what a resource names must exist already.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Add a tenant, or change how its references are held."""
    spec = {} if references is None else {"references": references}
    with connect(context) as client:
        is_new, document = client.put(f"/tenants/{name}", {"spec": spec})
    done = "added" if is_new else "was there"
    next_step = f"hanza token SUBJECT --tenant {name}"
    show_one(_tenant(document), output, f"tenant {name} {done}; next: {next_step}")


@tenant.command("list")
def list_tenants(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the tenants."""
    with connect(context) as client:
        records = [_tenant(one) for one in client.items("/tenants")]
    columns = ["name", "references", "createdAt"]
    show(records, columns, output, "no tenant yet; add one: hanza tenant add")


def issue_token(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    subject: str,
    tenants: Annotated[
        list[str] | None, typer.Option("--tenant", help="Whose; may be repeated.")
    ] = None,
    providers: Annotated[
        list[str] | None,
        typer.Option("--provider", help="For which they act already; may be repeated."),
    ] = None,
    hours: Annotated[int, typer.Option(help="How long it is good.", min=1, max=8784)] = 24,
    file: Annotated[Path | None, typer.Option(help="Write the token here, 0600.")] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", help="Of whoever is new there; seca.admin without a word."),
    ] = None,
    workspaces: Annotated[
        list[str] | None,
        typer.Option("--workspace", "-w", help="Good for this one only; may be repeated."),
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Make a token for somebody of a tenant, or who acts for a provider; it is shown once.

    Whom a tenant does not know yet is added to its users.
    """
    spec: dict[str, Any] = {"subject": subject, "validForSeconds": hours * 3600}
    spec |= {"tenants": tenants or [], "providers": providers or []}
    spec |= {"roles": roles} if roles else {}
    if workspaces:
        spec["scope"] = {"workspaces": workspaces}
    with connect(context) as client:
        record = client.post("/tokens", {"spec": spec})
    _say_added(subject, record["added"], roles or [DEFAULT_ROLE], output)
    if file is None:
        show_one(record, output, record["token"])
        return
    write_secret(file, record["token"] + "\n")
    shown = {key: value for key, value in record.items() if key != "token"}
    show_one(shown, output, f"the token is in {file}, good until {record['expiresAt']}")


def _say_added(subject: str, added: list[str], roles: list[str], output: Output) -> None:
    if added and output is Output.table:
        what, where = " ".join(roles), ", ".join(added)
        print(f"{subject} is a user of {where} now, as {what}", file=sys.stderr)


def _tenant(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    return {"name": metadata["name"], **document["spec"], "createdAt": metadata["createdAt"]}
