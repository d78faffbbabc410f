"""`hanza issuer` and `hanza signing-key`: whose tokens are believed, and what signs our own."""

from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.model.errors import Invalid

issuer = typer.Typer(
    help="OpenID Connect issuers of others, whose tokens are believed.", no_args_is_help=True
)
signing_key = typer.Typer(help="The keys that sign our own tokens.", no_args_is_help=True)
COLUMNS = ["name", "url", "audience", "tenant", "claim"]


@issuer.command("add")
def add_issuer(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its people are known as NAME:SUBJECT.")],
    url: Annotated[str, typer.Argument(help="As its tokens say it; https, or on this machine.")],
    audience: Annotated[str, typer.Option(help="What `aud` of its tokens must have.")],
    tenant: Annotated[str | None, typer.Option(help="Whose all its people are.")] = None,
    claim: Annotated[
        str | None, typer.Option(help="The claim that names the tenants of each, instead.")
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="The client that `hanza login` is, for whoever asks.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Believe an issuer's tokens; it is asked for its keys before."""
    if (tenant is None) == (claim is None):
        raise Invalid("say --tenant, or --claim with the claim that names tenants", field="tenant")
    spec = {"url": url, "audience": audience, "tenant": tenant, "claim": claim, "client": client}
    with connect(context) as there:
        is_new, document = there.put(f"/issuers/{name}", {"spec": spec})
    done = "is believed" if is_new else "was changed"
    next_step = f"hanza user add {name}:SUBJECT --tenant {tenant or 'TENANT'} --role ROLE"
    show_one(_issuer(document), output, f"issuer {name} {done}; next: {next_step}")


@issuer.command("list")
def list_issuers(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the issuers of others that are believed."""
    with connect(context) as client:
        records = [_issuer(one) for one in client.items("/issuers")]
    show(records, COLUMNS, output, "no issuer of others; add one: hanza issuer add")


@issuer.command("remove")
def remove_issuer(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Believe an issuer no longer; its tokens open nothing from now on."""
    with connect(context) as client:
        client.delete(f"/issuers/{name}")
    show_one({"name": name}, output, f"issuer {name} is believed no longer")


@signing_key.command("list")
def list_keys(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the keys that sign or verify our tokens, and those that did."""
    with connect(context) as client:
        records = client.items("/signing-keys")
    show(records, ["kid", "signs", "createdAt", "tokensUntil", "retiredAt"], output, "no key")


@signing_key.command("rotate")
def rotate_key(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Sign with a new key from now on; the one before verifies until it is retired."""
    with connect(context) as client:
        record = client.post("/signing-keys")
    words = f"key {record['kid']} signs from now on; retire the one before once its tokens are over"
    show_one(record, output, words)


@signing_key.command("retire")
def retire_key(
    context: typer.Context,
    kid: str,
    now: Annotated[
        bool, typer.Option("--now", help="End its tokens too: for a key that leaked.")
    ] = False,
    output: OutputOption = Output.table,
) -> None:
    """Have a key verify nothing any more; refused while tokens of it are good."""
    with connect(context) as client:
        record = client.post(f"/signing-keys/{kid}/retire", {"force": now})
    show_one(record, output, f"key {kid} verifies nothing any more")


def _issuer(document: dict[str, Any]) -> dict[str, Any]:
    return {"name": document["metadata"]["name"], **document["spec"]}
