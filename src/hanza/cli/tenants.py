"""`hanza tenant` and `hanza token`: who may want things, and how they prove who they are."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hanza.cli.logged_in import handed_content, write_context
from hanza.cli.members import write_secret
from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.model.errors import Invalid
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
    country: Annotated[
        str | None,
        typer.Option(help="Where it is at home, such as DE: some providers refuse by that."),
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Add a tenant, or change how its references are held and where it is at home."""
    given = {"references": references, "country": country}
    spec = {key: value for key, value in given.items() if value is not None}
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
    columns = ["name", "references", "country", "createdAt"]
    show(records, columns, output, "no tenant yet; add one: hanza tenant add")


TenantsOption = Annotated[
    list[str] | None, typer.Option("--tenant", help="Whose; may be repeated.")
]
ProvidersOption = Annotated[
    list[str] | None,
    typer.Option("--provider", help="For which they act already; may be repeated."),
]
ContextFileOption = Annotated[
    Path | None,
    typer.Option(help="Write a whole context here, 0600: token, plane and root, to hand over."),
]
PlaneOption = Annotated[
    str | None, typer.Option(help="The plane's URL in it; by default the one asked here.")
]


def issue_token(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    subject: str,
    tenants: TenantsOption = None,
    providers: ProvidersOption = None,
    hours: Annotated[int, typer.Option(help="How long it is good.", min=1, max=8784)] = 24,
    file: Annotated[Path | None, typer.Option(help="Write the token here, 0600.")] = None,
    context_file: ContextFileOption = None,
    plane: PlaneOption = None,
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
    _check_context(file, context_file, plane)
    spec: dict[str, Any] = {"subject": subject, "validForSeconds": hours * 3600}
    spec |= {"tenants": tenants or [], "providers": providers or []}
    spec |= {"roles": roles} if roles else {}
    if workspaces:
        spec["scope"] = {"workspaces": workspaces}
    with connect(context) as client:
        record = client.post("/tokens", {"spec": spec})
        _say_added(subject, record["added"], roles or [DEFAULT_ROLE], output)
        if context_file is not None:
            whose = {"tenant": spec["tenants"], "provider": spec["providers"]}
            content = handed_content(client.context, record["token"], plane, whose)
            _hand_over(content, record, context_file, output)
            return
    _give(record, file, output)


def _check_context(file: Path | None, context_file: Path | None, plane: str | None) -> None:
    """Before a token is made.  Raises `Invalid`."""
    if file is not None and context_file is not None:
        raise Invalid("--file is for the token alone, --context-file for all of it", field="file")
    if context_file is None and plane is not None:
        raise Invalid("--plane is said in a context: --context-file", field="plane")
    if plane is not None and not plane.startswith("https://"):
        raise Invalid("a plane is asked by https:// alone", field="plane")


def _hand_over(content: dict[str, Any], record: dict[str, Any], file: Path, output: Output) -> None:
    write_context(file, content)
    shown = {key: value for key, value in record.items() if key != "token"}
    words = f"{file} is their context until {record['expiresAt']}; hand it over as a password, then"
    show_one(shown | {"url": content["url"]}, output, f"{words}: export HANZA_CONTEXT={file.name}")


def _give(record: dict[str, Any], file: Path | None, output: Output) -> None:
    """To the terminal, or to a file that only its owner reads."""
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
