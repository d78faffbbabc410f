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
from hanza.plan.nearness import PRIOR_MS, PRIOR_MS_PER_KM
from hanza.plan.pricing import words_of_price
from hanza.wire.app_v1 import app_from_yaml

COLUMNS = ["name", "change", "site", "provider", "rtt", "€/month", "because"]
LINES_SHOWN = 5
HOSTS_SHOWN = 8
GUESSED = (
    f"(~ is guessed by distance: {PRIOR_MS:.0f} ms for any line,"
    f" {100 * PRIOR_MS_PER_KM:.1f} ms more for each 100 km)"
)


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
        print(f"\n{summary_of(quote)}")
        for line in quote["items"]:
            for words in line["violations"]:
                print(f"violation: {words}")
    if quote["refusals"]:
        raise NoRoom("; ".join(quote["refusals"]), field=str(file), hint=_help(quote))
    if output is Output.table:
        is_done = all(one["change"] == "none" for one in quote["items"])
        print(
            "Nothing to do: it is as the file says."
            if is_done
            else f"Apply with: hanza apply {file}"
        )


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


def summary_of(quote: dict[str, Any]) -> str:
    """What the plan comes to, in a line.  Pure."""
    changes = [one["change"] for one in quote["items"]]
    stays = [one["placement"] for one in quote["items"] if one["change"] != "end"]
    countries = sorted({place["country"] for place in stays if place})
    price = quote["pricePerMonth"]
    against = sum(bool(one["violations"]) for one in quote["items"] if one["change"] != "end")
    anew, ends = changes.count("replace"), changes.count("end")
    parts = [
        f"{changes.count('create')} to create, {changes.count('change')} to change,"
        + (f" {anew} to begin anew," if anew else "")
        + (f" {ends} to end," if ends else "")
        + f" {changes.count('none')} as they are",
        None if price is None else words_of_price(price),
        _borders(countries, against),
    ]
    return " · ".join(part for part in parts if part)


def _borders(countries: list[str], against: int) -> str | None:
    """Where all of it is; a promise only where nothing stands against its policy."""
    if not countries:
        return None
    if not against:
        return f"nothing leaves {', '.join(countries)}"
    return f"in {', '.join(countries)}, {against} of it against the policy"


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
        if not all(one["isMeasured"] for one in line["roundTrips"]):
            yield f"               {GUESSED}"
        if line["pricePerMonth"] is not None:
            yield f"price          {words_of_price(line['pricePerMonth'])}"
    for violation in line["violations"]:
        yield f"violation      {violation}"
    if explanation["refusals"]:
        yield from _refused(explanation)
    for runner in [one for one in explanation["best"] if one["place"] != place][:1]:
        yield f"next best      {runner['place']['site']}{_compared(line, runner)}"
    title = "would help" if place is None or line["violations"] else "better with"
    helps = explanation["relaxations"]
    shown = helps if all_helps else helps[:LINES_SHOWN]
    for relaxation in shown:
        yield f"{title:<15}{_relaxation(relaxation)}"
    if len(helps) > len(shown):
        yield f"               … and {len(helps) - len(shown)} more; all of them: --output json"


def _score(best: list[dict[str, Any]], place: dict[str, Any]) -> str:
    for one in best:
        if one["place"] == place and one["terms"]:
            terms = " + ".join(f"{goal} {points:.2f}" for goal, points in one["terms"].items())
            return f"; score {one['score']:.2f} = {terms}"
    return ""


def _refused(explanation: dict[str, Any]) -> Iterator[str]:
    """How many hosts each rule refuses, and what each of them lacks."""
    refusals, losers = explanation["refusals"], explanation["losers"]
    counts = " · ".join(f"{one['hosts']} {one['says']}" for one in refusals)
    refused = explanation["lookedAt"] - explanation["may"]
    several = sum(one["hosts"] for one in refusals) > refused
    also = " (one host may lack several things)" if several else ""
    yield f"not elsewhere  {refused} of {explanation['lookedAt']} hosts: {counts}{also}"
    for one in losers[:HOSTS_SHOWN]:
        lacks = ", ".join(lack["text"] for lack in one["lacks"])
        yield f"               {one['place']['site']} {lacks}"
    if refused > HOSTS_SHOWN:
        yield f"               … and {refused - HOSTS_SHOWN} more; all of them: --output json"


def _compared(line: dict[str, Any], runner: dict[str, Any]) -> str:
    """Its round trips, and how much more or less it costs."""
    here, there = line["pricePerMonth"], runner["pricePerMonth"]
    parts = [_trip(one) for one in runner["roundTrips"]]
    if here is not None and there is not None and here != there:
        parts.append(f"{'+' if there > here else '-'}{words_of_price(abs(there - here))}")
    return f"  {', '.join(parts)}" if parts else ""


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
