"""`hanza rebalance plan` and `hanza site drain-plan`: what to move, at what gain and cost.

Plans only: nothing moves.  The second is of a whole site, in numbers, for its provider.
"""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli.options import (
    TENANT,
    OutputOption,
    ProviderOption,
    TenantOption,
    WorkspaceOption,
    connect,
)
from hanza.cli.render import Output, Record, show
from hanza.cli.site_acts import moment_of, path_of, provider_of
from hanza.kit.clock import SystemClock
from hanza.plan.pricing import words_of_price

rebalance = typer.Typer(
    help="Plans of moves of what stands; none is carried out.", no_args_is_help=True
)
Sites = Annotated[
    list[str] | None,
    typer.Option(metavar="SITE", help="Empty this site, or site/host; may be repeated."),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(metavar="PROVIDER", help="Empty all sites of it; may be repeated."),
]
Preset = Annotated[
    str | None, typer.Option(help="A preset, such as cheapest, instead of everybody's own.")
]
Least = Annotated[
    float | None, typer.Option(help="Of all points, what a move has to gain.", min=0, max=1)
]
COLUMNS = ["step", "name", "from", "to", "for", "€/month", "MiB", "why"]
STAYING = {
    "pinned": "their policy says so, or volumes keep them where their bytes are",
    "silent": "their host has not been heard of lately",
    "nowhere": "no other host may run them",
    "room": "no other host that may run them has room",
    "budget": "more would have to move than is planned at once",
}
_MIB_PER_GIB = 1024


@rebalance.command("plan")
def plan_moves(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    drain: Sites = None,
    drain_provider: Providers = None,
    goals: Preset = None,
    moves: Annotated[int | None, typer.Option(help="No more moves than that.", min=0)] = None,
    disk: Annotated[int | None, typer.Option(help="Move no more GiB than that.", min=0)] = None,
    gain: Least = None,
    at: Annotated[
        str | None, typer.Option(help="By what is known of this moment, or of 8h, 3d, 2w from now.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what to move, in which order, and what it gains; nothing is moved.

    First what stands against a rule, then what is to be emptied; if nothing is, what would be
    better off elsewhere by its own goals.
    """
    said: dict[str, Any] = {"goals": goals, "moves": moves, "diskGiB": disk, "gainMin": gain}
    said["at"] = None if at is None else moment_of(at, SystemClock().now())
    asked = {name: value for name, value in said.items() if value is not None}
    if drain or drain_provider:
        asked["drain"] = {
            "sites": [one for one in drain or () if "/" not in one],
            "hosts": [one for one in drain or () if "/" in one],
            "providers": drain_provider or [],
        }
    inside = "" if workspace is None else f"/workspaces/{workspace}"
    with connect(context) as client:
        plan: dict[str, Any] = client.post(f"/tenants/{tenant}{inside}/rebalance", asked)
    if output is Output.json:
        show([plan], [], output, "")
        return
    show(records_of(plan), COLUMNS, output, "nothing to move")
    for line in words_of(plan):
        print(line)


def plan_drain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A site.")],
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what emptying a site would take, over all tenants, in numbers; nothing is moved."""
    with connect(context) as client:
        owner = path_of(provider or provider_of(client, name))
        plan: dict[str, Any] = client.get(f"{owner}/sites/{quote(name, safe='')}/drain-plan")
    if output is Output.json:
        show([plan], [], output, "")
        return
    for line in words_of_drain(plan):
        print(line)


def words_of_drain(plan: dict[str, Any]) -> Iterator[str]:
    """What it comes to, a line each.  Pure."""
    staying = sum(one["instances"] for one in plan["staying"])
    yield f"{plan['site']}: {plan['instances']} run there, {staying} of them cannot go"
    if plan["moves"]:
        gib = plan["diskMiB"] / _MIB_PER_GIB
        yield f"moves  {plan['moves']}, {gib:.1f} GiB, each guest off meanwhile"
    for one in plan["targets"]:
        yield f"to     {one['site']} {one['moves']}"
    for one in plan["staying"]:
        yield f"stay   {one['instances']}: {STAYING[one['reason']]}"
    if plan["hosts"]:
        yield f"empty  {', '.join(plan['hosts'])}"
    yield f"Nothing was moved: {plan['note']}."


def records_of(plan: dict[str, Any]) -> list[Record]:
    """A line for each move.  Pure."""
    several = len({one["workspace"] for one in plan["items"]}) > 1
    return [
        {
            "step": step,
            "name": f"{one['workspace']}/{one['name']}" if several else one["name"],
            "from": _place(one["origin"]),
            "to": _place(one["target"]),
            "for": one["purpose"],
            "€/month": _euro(one["gain"]["pricePerMonth"]),
            "MiB": one["diskMiB"],
            "why": one["why"],
        }
        for step, one in enumerate(plan["items"], start=1)
    ]


def words_of(plan: dict[str, Any]) -> Iterator[str]:
    """What the plan comes to, what stays, and that nothing was done.  Pure."""
    if plan["items"]:
        yield ""
        yield " · ".join(_sums(plan))
    for one in plan["kept"]:
        where = _place(one["place"])
        yield f"stays: {one['workspace']}/{one['name']} at {where} ({one['purpose']}): {one['why']}"
    if plan["hasMore"]:
        yield "There is more to move than the budget allows: --moves, --disk"
    yield f"Nothing was moved: {plan['note']}."


def _sums(plan: dict[str, Any]) -> Iterator[str]:
    gain, items = plan["gain"], plan["items"]
    yield "1 move" if len(items) == 1 else f"{len(items)} moves, one after the other"
    price = gain["pricePerMonth"]
    if price is not None:
        yield f"{words_of_price(abs(price))} {'less' if price >= 0 else 'more'}"
    if gain["ms"]:
        ms = gain["ms"]
        yield f"{abs(ms):.0f} ms {'nearer' if ms > 0 else 'further'} in sum"
    yield f"{plan['diskMiB'] / _MIB_PER_GIB:.1f} GiB to move, each guest off meanwhile"
    freed = sorted({_place(one["origin"]) for one in items if one["freesHost"]})
    if freed:
        yield f"nothing of this is left at {', '.join(freed)}"


def _place(place: dict[str, Any]) -> str:
    return f"{place['site']}/{place['host']}"


def _euro(gained: int | None) -> str | None:
    """How the price changes, with its sign."""
    if gained is None:
        return None
    amount = words_of_price(abs(gained)).split()[0]
    return amount if not gained else f"{'-' if gained > 0 else '+'}{amount}"
