"""`hanza site confirm`: a person's word that so many endings at once are meant.

Each site is confirmed for the endings that were held when somebody looked; where there are others
by now it is refused, and the other sites go on.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import typer

from hanza.cli.client import Client
from hanza.cli.options import OutputOption, ProviderOption, YesOption, connect
from hanza.cli.render import Output, Record, show
from hanza.cli.selecting import All, Names, Where, among
from hanza.cli.site_acts import DryRun, path_of, spec_of
from hanza.model.errors import NotFound, SelectionMoved


def confirm(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    provider: ProviderOption = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Have everything end that the sites' agents hold back, since it is much at once."""
    spec_of("confirm", names, where, every)
    with connect(context) as client:
        held = _holding(client, names or [], where, provider)
        total = sum(one["heldEndings"] for one in held)
        if held and not dry_run and not yes:
            listed = ", ".join(one["name"] for one in held)
            typer.confirm(f"End {total} guests at {listed}?", abort=True, err=True)
        records = [_confirmed(client, one, dry_run=dry_run) for one in held]
    show(records, ["site", "held", "confirmed", "why"], output, "nothing is held back there")
    if any(one["why"] for one in records):
        raise typer.Exit(1)


def _holding(
    client: Client, names: Sequence[str], where: str | None, provider: str | None
) -> list[dict[str, Any]]:
    """Sites that are meant and hold something back.  Raises `NotFound` for a name of none."""
    known = client.items("/sites")
    owners = {provider} if provider else {str(one["spec"]["provider"]) for one in known}
    if names and not provider:
        owners = {str(one["spec"]["provider"]) for one in known if one["metadata"]["name"] in names}
    found = [one for owner in sorted(owners) for one in client.items(f"{path_of(owner)}/sites")]
    lacking = set(names) - {one["name"] for one in found}
    if lacking:
        raise NotFound(f"there is no site {min(lacking)!r}", hint="hanza site list")
    meant = among(client, where, found, lambda one: str(one["name"]))
    return [one for one in meant if one["heldEndings"] and (not names or one["name"] in names)]


def _confirmed(client: Client, site: dict[str, Any], *, dry_run: bool) -> Record:
    path = f"{path_of(site['provider'])}/sites/{quote(site['name'], safe='')}/confirm"
    held = site["heldEndings"]
    record: Record = {"site": site["name"], "held": held, "confirmed": 0, "why": None}
    try:
        spec = {"dryRun": True} if dry_run else {"expect": held}
        done = client.post(path, {"spec": spec})
    except SelectionMoved as refusal:
        return record | {"why": refusal.text}
    return record | {"confirmed": done["confirmed"]}
