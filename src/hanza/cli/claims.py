"""`hanza claim`: until when something counts that a provider or a site claims."""

from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.cli.site_acts import moment_of
from hanza.kit.clock import SystemClock
from hanza.model.errors import Invalid

claim = typer.Typer(help="Until when counts what providers and sites claim.", no_args_is_help=True)
COLUMNS = ["provider", "site", "attribute", "value", "until", "state"]
FOR_EVER = "never"


@claim.command("until")
def set_claim_end(
    context: typer.Context,
    said: Annotated[str, typer.Argument(metavar="KEY=VALUE", help="What is claimed.")],
    until: Annotated[str, typer.Argument(help="A moment; 8h, 3d or 2w from now; or never.")],
    provider: Annotated[str | None, typer.Option(help="Whose claim it is.")] = None,
    site: Annotated[str | None, typer.Option(help="Or which site's.")] = None,
    output: OutputOption = Output.table,
) -> None:
    """Have a claim count until then; after that it is as if nobody had made it."""
    attribute, separator, value = said.partition("=")
    if not separator:
        raise Invalid(f"{said!r} is not KEY=VALUE", field="claim")
    now = SystemClock().now()
    end = None if until == FOR_EVER else moment_of(until, now)
    spec = {"provider": provider, "site": site, "attribute": attribute, "value": value}
    with connect(context) as client:
        record = _record(client.post("/claims", {"spec": spec | {"until": end}}))
    counts = "counted until" if record["state"] == "ended" else "counts until"
    when = "counts for ever" if end is None else f"{counts} {record['until']}"
    show_one(record, output, f"{said} of {provider or site} {when}")


@claim.command("list")
def list_claims(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the claims that end, and those that have."""
    with connect(context) as client:
        records = [_record(one) for one in client.items("/claims")]
    show(records, COLUMNS, output, "no claim has an end: hanza claim until KEY=VALUE MOMENT")


def _record(document: dict[str, Any]) -> dict[str, Any]:
    return {**document["spec"], **document["status"]}
