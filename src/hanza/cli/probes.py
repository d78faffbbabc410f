"""`hanza probe`: places on the network to which sites measure how near they are."""

from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, ago, show, show_one
from hanza.kit.clock import SystemClock
from hanza.model.errors import Invalid
from hanza.plan.nearness import MARGIN_MS

probe = typer.Typer(help="Probes: what sites measure their nearness to.", no_args_is_help=True)


@probe.command("add")
def add_probe(
    context: typer.Context,
    name: str,
    address: Annotated[str, typer.Argument(help="HOST:PORT that answers a TCP connection.")],
    city: Annotated[str | None, typer.Option(help="The city it stands in.")] = None,
    at: Annotated[str | None, typer.Option(help="Or where: LATITUDE,LONGITUDE.")] = None,
    output: OutputOption = Output.table,
) -> None:
    """Have every site measure its round trip to an address at a known place."""
    spec = spec_of(address, city, at)
    with connect(context) as client:
        is_new, document = client.put(f"/probes/{name}", {"spec": spec})
    done = "added" if is_new else "was there"
    show_one(_probe(document), output, f"probe {name} {done}; agents measure it within minutes")


@probe.command("list")
def list_probes(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the probes."""
    with connect(context) as client:
        records = [_probe(one) for one in client.items("/probes")]
    columns = ["name", "host", "port", "city"]
    show(records, columns, output, "no probe yet: round trips are guessed by distance")


@probe.command("remove")
def remove_probe(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Have it measured no more; what was measured to it is forgotten."""
    with connect(context) as client:
        client.delete(f"/probes/{name}")
    show_one({"name": name}, output, f"probe {name} removed")


@probe.command("measured")
def measured(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Show what each site measured to each probe, and whether it still counts."""
    now = SystemClock().now()
    with connect(context) as client:
        records = [
            {
                "site": one["site"],
                "probe": one["probe"],
                "ms": round(one["ms"], 2),
                "measured": ago(one["measuredAt"], now),
                "counts": one["isGood"],
                "measuredAt": one["measuredAt"],
                "agent": one["agent"],
            }
            for one in client.items("/round-trips")
        ]
    columns = ["site", "probe", "ms", "measured", "counts"]
    show(records, columns, output, "nothing was measured yet")


@probe.command("meetings")
def meetings(
    context: typer.Context,
    site: Annotated[
        str | None, typer.Option(help="All others of this site, measured or not.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what sites measured to each other beside what is predicted for them."""
    now = SystemClock().now()
    path = "/meetings" if site is None else f"/sites/{site}/meetings"
    with connect(context) as client:
        records = [
            one
            | {
                "measured": _ms(one["measuredMs"]),
                "when": None if one["measuredAt"] is None else ago(one["measuredAt"], now),
                "predicted": _ms(one["predictedMs"], one["predictedMarginMs"]),
                "by distance": _ms(one["distanceMs"], MARGIN_MS),
            }
            for one in client.items(path)
        ]
    columns = ["site", "other", "measured", "when", "predicted", "by distance"]
    show(records, columns, output, "no site has asked another yet: see --answer-port of agents")


def _ms(ms: float | None, margin: float | None = None) -> str | None:
    """`14 ms`, or with how far off nine of ten are at most: `14 ± 12 ms`."""
    if ms is None:
        return None
    return f"{ms:.1f} ms" if margin is None else f"{ms:.0f} ± {margin:.0f} ms"


def spec_of(address: str, city: str | None, at: str | None) -> dict[str, Any]:
    """Raises `Invalid` for what is not HOST:PORT, or no place."""
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and len(port) < 6):
        raise Invalid(f"{address!r} is not HOST:PORT", field="address")
    spec: dict[str, Any] = {"host": host.strip("[]"), "port": int(port), "city": city}
    return spec if at is None else spec | _place(at)


def _place(text: str) -> dict[str, float]:
    latitude, _, longitude = text.partition(",")
    try:
        return {"latitude": float(latitude), "longitude": float(longitude)}
    except ValueError as error:
        raise Invalid(f"{text!r} is not LATITUDE,LONGITUDE", field="at") from error


def _probe(document: dict[str, Any]) -> dict[str, Any]:
    return {"name": document["metadata"]["name"], **document["spec"]}
