"""`hanza client`: addresses of a tenant's own that sites measure to once that is granted."""

from typing import Annotated, Any

import typer

from hanza.cli.options import TENANT, OutputOption, TenantOption, connect
from hanza.cli.probes import spec_of
from hanza.cli.render import Output, ago, show, show_one
from hanza.kit.clock import SystemClock

client = typer.Typer(
    help="Clients: addresses of yours that sites measure to, by name.", no_args_is_help=True
)
COLUMNS = ["tenant", "name", "host", "port", "city", "state", "nearest", "ms", "probe"]
MEASURED = ["name", "site", "ms", "measured", "counts"]


@client.command("add")
def add_client(  # noqa: PLR0913 -- one for each option
    context: typer.Context,
    name: str,
    address: Annotated[str, typer.Argument(help="HOST:PORT that answers a TCP connection.")],
    city: Annotated[str | None, typer.Option(help="The city it stands in.")] = None,
    at: Annotated[str | None, typer.Option(help="Or where: LATITUDE,LONGITUDE.")] = None,
    tenant: TenantOption = TENANT,
    output: OutputOption = Output.table,
) -> None:
    """Ask that every site measures its round trip to an address of yours."""
    with connect(context) as plane:
        _, document = plane.put(
            f"/tenants/{tenant}/clients/{name}", {"spec": spec_of(address, city, at)}
        )
    record = _record(document)
    said = "granted; agents measure it within minutes"
    if record["state"] == "asked":
        said = (
            f"asked for; the operator grants it with: hanza client grant {name} --tenant {tenant}"
        )
    show_one(record, output, f"client {name} {said}")


@client.command("list")
def list_clients(
    context: typer.Context,
    tenant: TenantOption = TENANT,
    everybody: Annotated[
        bool, typer.Option("--all", help="Of all tenants, for operators.")
    ] = False,
    output: OutputOption = Output.table,
) -> None:
    """List them, with the site that is nearest by what was measured."""
    with connect(context) as plane:
        path = "/clients" if everybody else f"/tenants/{tenant}/clients"
        records = [_record(one) for one in plane.items(path)]
    show(records, COLUMNS, output, "no client yet: hanza client add NAME HOST:PORT --city CITY")


@client.command("measured")
def measured(
    context: typer.Context, tenant: TenantOption = TENANT, output: OutputOption = Output.table
) -> None:
    """Show what each site measured to each client, the nearest first, and whether it counts."""
    now = SystemClock().now()
    with connect(context) as plane:
        records = [
            {
                "name": one["metadata"]["name"],
                "site": trip["site"],
                "ms": round(trip["ms"], 2),
                "measured": ago(trip["measuredAt"], now),
                "counts": trip["isGood"],
                "measuredAt": trip["measuredAt"],
            }
            for one in plane.items(f"/tenants/{tenant}/clients")
            for trip in sorted(one["status"]["trips"], key=lambda trip: float(trip["ms"]))
        ]
    show(
        records,
        MEASURED,
        output,
        "nothing was measured yet; hanza client list says which are granted",
    )


@client.command("remove")
def remove_client(
    context: typer.Context,
    name: str,
    tenant: TenantOption = TENANT,
    output: OutputOption = Output.table,
) -> None:
    """Have it measured no more; what was measured to it is forgotten."""
    with connect(context) as plane:
        plane.delete(f"/tenants/{tenant}/clients/{name}")
    show_one({"name": name}, output, f"client {name} removed")


@client.command("grant")
def grant_client(
    context: typer.Context,
    name: str,
    tenant: TenantOption = TENANT,
    output: OutputOption = Output.table,
) -> None:
    """For operators: have every site measure to what a tenant asks for.  Taking the probe away with
    `hanza probe remove` takes it back."""
    with connect(context) as plane:
        document = plane.post(f"/clients/{tenant}/{name}/grant", None)
    record = _record(document)
    show_one(record, output, f"client {name} granted as probe {record['probe']}")


def _record(document: dict[str, Any]) -> dict[str, Any]:
    spec, status = document["spec"], document["status"]
    good = [one for one in status["trips"] if one["isGood"]]
    best = min(good, key=lambda one: float(one["ms"]), default=None)
    return {
        **document["metadata"],
        "host": spec["host"],
        "port": spec["port"],
        "city": spec["city"],
        "latitude": spec["latitude"],
        "longitude": spec["longitude"],
        "state": status["state"],
        "probe": status["probe"],
        "nearest": None if best is None else best["site"],
        "ms": None if best is None else round(best["ms"], 1),
    }
