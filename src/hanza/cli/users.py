"""`hanza user`: who belongs to a tenant, and with which roles."""

from typing import Annotated, Any

import typer

from hanza.cli.options import TENANT, OutputOption, TenantOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.model.errors import Invalid

user = typer.Typer(help="Users: who belongs to a tenant, and as what.", no_args_is_help=True)
RolesOption = Annotated[
    list[str] | None,
    typer.Option("--role", help="ROLE, or ROLE@WORKSPACE; may be repeated."),
]


@user.command("add")
def add_user(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="A token's subject, or ISSUER:SUBJECT.")],
    tenant: TenantOption = TENANT,
    roles: RolesOption = None,
    no_role: Annotated[
        bool, typer.Option("--no-role", help="Only what role assignments give them.")
    ] = False,
    output: OutputOption = Output.table,
) -> None:
    """Have a tenant know somebody, or change their roles; without a word they may do all in it."""
    if no_role and roles:
        raise Invalid("either --role or --no-role", field="--role")
    spec = {} if roles is None and not no_role else {"grants": [_grant(one) for one in roles or ()]}
    with connect(context) as client:
        is_new, document = client.put(_path(tenant, subject), {"spec": spec})
    record = _user(document)
    done = "added to" if is_new else "is as told in"
    show_one(
        record, output, f"user {subject} {done} tenant {tenant}: {record['roles'] or 'no role'}"
    )


@user.command("list")
def list_users(
    context: typer.Context, tenant: TenantOption = TENANT, output: OutputOption = Output.table
) -> None:
    """List the users of a tenant; what role assignments give them is not shown here."""
    with connect(context) as client:
        records = [_user(one) for one in client.items(f"/tenants/{tenant}/users")]
    show(records, ["subject", "roles"], output, "no user yet; add one: hanza user add")


@user.command("remove")
def remove_user(
    context: typer.Context,
    subject: str,
    tenant: TenantOption = TENANT,
    output: OutputOption = Output.table,
) -> None:
    """Have a tenant know somebody no longer; their tokens open nothing of it from now on."""
    with connect(context) as client:
        client.delete(_path(tenant, subject))
    show_one({"subject": subject, "tenant": tenant}, output, f"user {subject} was removed")


def _path(tenant: str, subject: str) -> str:
    return f"/tenants/{tenant}/users/{subject}"


def _grant(text: str) -> dict[str, str]:
    role, _, workspace = text.partition("@")
    return {"role": role, "workspace": workspace} if workspace else {"role": role}


def _user(document: dict[str, Any]) -> dict[str, Any]:
    grants = document["spec"]["grants"]
    words = [
        f"{one['role']}@{one['workspace']}" if one.get("workspace") else one["role"]
        for one in grants
    ]
    return {
        "subject": document["metadata"]["name"],
        "tenant": document["metadata"]["tenant"],
        "roles": " ".join(words),
        "grants": grants,
    }
