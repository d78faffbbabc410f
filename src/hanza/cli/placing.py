"""`hanza plan` and `hanza explain`: where things would run or do, why, and what would help."""

from collections.abc import Iterator
from typing import Any

import typer

from hanza.cli.apps import FileArgument, find_instances
from hanza.cli.files import read_file
from hanza.cli.options import (
    TENANT,
    KeepOption,
    OutputOption,
    TenantOption,
    WorkspaceOption,
    connect,
)
from hanza.cli.quotes import quote_of
from hanza.cli.render import Output, Record, show, show_warnings
from hanza.model.errors import NoRoom
from hanza.plan.pricing import words_of_price
from hanza.wire.app_v1 import app_from_yaml

COLUMNS = ["name", "change", "site", "provider", "rtt", "€/month", "because"]
LINES_SHOWN = 5


def plan(
    context: typer.Context,
    file: FileArgument,
    tenant: TenantOption = TENANT,
    keep: KeepOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Show what applying the file would change, where, why and at what price; change nothing."""
    app = app_from_yaml(read_file(file), str(file))
    with connect(context) as client:
        quote = quote_of(client, tenant, app, keep=keep)
    show_warnings(quote["warnings"])
    if output is Output.json:
        show([quote], [], output, "")
    else:
        show([_record(one) for one in quote["items"]], COLUMNS, output, "nothing in the file")
        print(f"\n{_summary(quote)}")
        for line in quote["items"]:
            for words in line["violations"]:
                print(f"violation: {words}")
    if quote["refusals"]:
        raise NoRoom("; ".join(quote["refusals"]), field=str(file), hint=_help(quote))
    if output is Output.table:
        print(f"Apply with: hanza apply {file}")


def explain(
    context: typer.Context,
    name: str,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Show why an instance, or each of a component, is where it is; or why nowhere."""
    with connect(context) as client:
        lines = []
        for one in find_instances(client, tenant, workspace, name):
            inside = f"/tenants/{tenant}/workspaces/{one['metadata']['workspace']}"
            path = f"{inside}/instances/{one['metadata']['name']}/placement"
            lines.append(client.get(path) | {"reason": one["status"]["reason"]})
    if output is Output.json:
        show(lines, [], output, "")
        return
    for line in lines:
        for words in words_of(line):
            print(words)


def _record(line: Record) -> Record:
    place = line["placement"] or {}
    trips = ", ".join(_trip(one) for one in line["roundTrips"])
    return {
        "name": line["name"],
        "change": line["change"],
        "site": place.get("site"),
        "provider": place.get("provider"),
        "rtt": trips or None,
        "€/month": _euro(line["pricePerMonth"]),
        "because": line["because"],
    }


def _summary(quote: dict[str, Any]) -> str:
    changes = [one["change"] for one in quote["items"]]
    stays = [one["placement"] for one in quote["items"] if one["change"] != "end"]
    countries = sorted({place["country"] for place in stays if place})
    price = quote["pricePerMonth"]
    anew, ends = changes.count("replace"), changes.count("end")
    parts = [
        f"{changes.count('create')} to create, {changes.count('change')} to change,"
        + (f" {anew} to begin anew," if anew else "")
        + (f" {ends} to end," if ends else "")
        + f" {changes.count('none')} as they are",
        None if price is None else words_of_price(price),
        f"nothing leaves {', '.join(countries)}" if countries else None,
    ]
    return " · ".join(part for part in parts if part)


def _help(quote: dict[str, Any]) -> str | None:
    """What would place all of it."""
    helps = quote["relaxations"]
    found = [_relaxation(one) for one in helps[:LINES_SHOWN]]
    if len(helps) > LINES_SHOWN:
        found.append(f"… and {len(helps) - LINES_SHOWN} more")
    return "; ".join(found) or None


def words_of(line: dict[str, Any], *, all_helps: bool = False) -> Iterator[str]:
    """Why it is there, or why nowhere, a line each."""
    explanation, place = line["explanation"], line["placement"]
    if place is None:
        yield f"{line['name']} runs nowhere: {line['reason'] or line['because']}"
    else:
        where = f"{place['site']} ({place['provider']}, {place['city']}, {place['country']})"
        yield f"{line['name']} is placed at {where}"
        yield f"why there      {line['because']}{_score(explanation['best'], place)}"
        for trip in line["roundTrips"]:
            yield f"               {_trip(trip)}"
        if line["pricePerMonth"] is not None:
            yield f"price          {words_of_price(line['pricePerMonth'])}"
    for violation in line["violations"]:
        yield f"violation      {violation}"
    if explanation["refusals"]:
        counts = " · ".join(f"{one['hosts']} {one['says']}" for one in explanation["refusals"])
        losers = explanation["lookedAt"] - explanation["may"]
        yield f"not elsewhere  {losers} of {explanation['lookedAt']} hosts: {counts}"
    for runner in [one for one in explanation["best"] if one["place"] != place][:1]:
        yield f"next best      {runner['place']['site']}{_dearer(line, runner)}"
    helps = explanation["relaxations"]
    shown = helps if all_helps else helps[:LINES_SHOWN]
    for relaxation in shown:
        yield f"would help     {_relaxation(relaxation)}"
    if len(helps) > len(shown):
        yield f"               … and {len(helps) - len(shown)} more; all of them: --output json"


def _score(best: list[dict[str, Any]], place: dict[str, Any]) -> str:
    for one in best:
        if one["place"] == place and one["terms"]:
            terms = " + ".join(f"{goal} {points:.2f}" for goal, points in one["terms"].items())
            return f"; score {one['score']:.2f} = {terms}"
    return ""


def _dearer(line: dict[str, Any], runner: dict[str, Any]) -> str:
    here, there = line["pricePerMonth"], runner["pricePerMonth"]
    if here is None or there is None or here == there:
        return ""
    sign = "+" if there > here else "-"
    return f"  {sign}{words_of_price(abs(there - here))}"


def _relaxation(one: dict[str, Any]) -> str:
    price = one["pricePerMonth"]
    hosts = "1 host" if one["hosts"] == 1 else f"{one['hosts']} hosts"
    from_price = "" if price is None else f", from {words_of_price(price)}"
    return f"{one['text']} ({hosts}{from_price})"


def _trip(one: dict[str, Any]) -> str:
    guessed = "" if one["isMeasured"] else "~"
    return f"{guessed}{one['ms']:.0f} ms {one['to']}"


def _euro(amount: int | None) -> str | None:
    return None if amount is None else words_of_price(amount).split()[0]
