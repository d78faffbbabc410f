"""`hanza provider user`, `price`, `guests`, `events`: a provider's own, without the operator."""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli.members import MICRO
from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.cli.site_acts import moment_of, path_of
from hanza.kit.clock import SystemClock
from hanza.plan.pricing import words_of_price

user = typer.Typer(help="Who acts for a provider.", no_args_is_help=True)
price = typer.Typer(help="What a provider asks, and from when until when.", no_args_is_help=True)
Price = Annotated[float, typer.Option(help="Euro an hour.", min=0)]


class Role(StrEnum):
    """What a provider's user may do."""

    admin = "admin"
    viewer = "viewer"


@user.command("add")
def add_user(
    context: typer.Context,
    name: str,
    subject: Annotated[str, typer.Argument(help="A token's subject, or ISSUER:SUBJECT.")],
    role: Annotated[Role, typer.Option(help="admin changes, viewer looks.")] = Role.viewer,
    output: OutputOption = Output.table,
) -> None:
    """Have somebody act for a provider, or change their role."""
    with connect(context) as client:
        path = f"{path_of(name)}/users/{subject}"
        _, document = client.put(path, {"spec": {"role": role.value}})
    show_one(document, output, f"{subject} acts for {name} as {role.value}")


@user.command("list")
def list_users(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """List who acts for a provider."""
    with connect(context) as client:
        found = client.items(f"{path_of(name)}/users")
    nobody = f"nobody yet but the operator; hanza provider user add {name} SUBJECT --role admin"
    show(found, ["subject", "role", "since"], output, nobody)


@user.command("remove")
def remove_user(
    context: typer.Context, name: str, subject: str, output: OutputOption = Output.table
) -> None:
    """Have somebody act for a provider no longer, from their next request on."""
    with connect(context) as client:
        client.delete(f"{path_of(name)}/users/{subject}")
    show_one({"subject": subject, "provider": name}, output, f"{subject} acts for {name} no more")


@price.command("list")
def list_prices(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """List all prices that were announced; one of them counts now."""
    with connect(context) as client:
        found = client.items(f"{path_of(name)}/prices")
    records = found if output is Output.json else [_period(one) for one in found]
    columns = ["id", "counts", "from", "until", "cpu €/h", "gib €/h", "disk €/h"]
    show(records, columns, output, "no prices yet: hanza provider price announce")


@price.command("announce")
def announce(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    name: str,
    cpu_hour: Price,
    gib_hour: Price,
    disk_gib_hour: Price,
    begins: Annotated[
        str | None, typer.Option("--from", help="A moment, or in 8h, 3d, 2w; now by default.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--until", help="A moment, or in 8h, 3d, 2w; never by default.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Ask this for a time; what has a place already keeps the price of its day."""
    now, asked = SystemClock().now(), (cpu_hour, gib_hour, disk_gib_hour)
    names = ("cpuHour", "gibHour", "diskGibHour")
    spec: dict[str, Any] = {
        "prices": {key: round(one * MICRO) for key, one in zip(names, asked, strict=True)},
        "from": None if begins is None else moment_of(begins, now),
        "until": None if ends is None else moment_of(ends, now),
    }
    with connect(context) as client:
        document = client.post(f"{path_of(name)}/prices", {"spec": spec})
    show_one(document, output, f"{document['id']}: asked from {document['from']}")


@price.command("withdraw")
def withdraw(
    context: typer.Context, name: str, period: str, output: OutputOption = Output.table
) -> None:
    """Take back prices that have not begun."""
    with connect(context) as client:
        client.delete(f"{path_of(name)}/prices/{quote(period, safe='')}")
    show_one({"id": period, "provider": name}, output, f"{period} is taken back")


def list_guests(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """List what stands at a provider's sites: whose, how large, since when, at what price."""
    with connect(context) as client:
        found = client.items(f"{path_of(name)}/guests")
    if output is Output.json:
        show(found, [], output, "")
        return
    columns = ["site", "kind", "tenant", "cpus", "memoryMiB", "diskMiB", "since", "€/month", "id"]
    show([_guest(one) for one in found], columns, output, "nothing stands there")


def list_events(
    context: typer.Context,
    name: str,
    after: Annotated[
        int | None, typer.Option(help="What came after this serial; the newest by default.", min=0)
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what happened to a provider, its sites and their agents, oldest first."""
    path = f"{path_of(name)}/events"
    with connect(context) as client:
        found = client.items(path if after is None else f"{path}?after={after}")
    show(found, ["serial", "at", "kind", "text"], output, "nothing has happened yet")


def _period(one: dict[str, Any]) -> dict[str, Any]:
    asked = one["prices"] or {}
    euros = {key: asked[key] / MICRO if key in asked else None for key in _EUROS}
    return one | {words: euros[key] for key, words in _EUROS.items()}


_EUROS = {"cpuHour": "cpu €/h", "gibHour": "gib €/h", "diskGibHour": "disk €/h"}


def _guest(one: dict[str, Any]) -> dict[str, Any]:
    month = one["pricePerMonth"]
    return one | {"€/month": None if month is None else words_of_price(month).split()[0]}
