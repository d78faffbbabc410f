"""`hanza plan` and `hanza explain`: where things would run or do, why, and what would help."""

from collections.abc import Callable
from typing import Any

import typer

from hanza.cli.apps import FileArgument, find_instances
from hanza.cli.explaining import LINES_SHOWN, relaxation_words, trip_words, words_of
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
            line = client.get(path) | {"reason": one["status"]["reason"]}
            if output is Output.json:
                ask_for_losers(client.get, path, line["explanation"])
            lines.append(line)
    if output is Output.json:
        show(lines, [], output, "")
        return
    for line in lines:
        for words in words_of(line):
            print(words)


def ask_for_losers(get: Callable[[str], Any], path: str, explanation: Record) -> None:
    """Add those that are not told at once, page by page."""
    while explanation["losersNext"] is not None:
        more = get(f"{path}?losersFrom={explanation['losersNext']}")["explanation"]
        explanation["losers"] += more["losers"]
        explanation["losersNext"] = more["losersNext"]


def _record(line: Record) -> Record:
    place = line["placement"] or {}
    trips = ", ".join(trip_words(one) for one in line["roundTrips"])
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
        _until(quote),
        _borders(countries, against),
        *(f"{one['members']} placed together, {one['says']}" for one in quote.get("proofs", ())),
    ]
    return " · ".join(part for part in parts if part)


def _until(quote: dict[str, Any]) -> str | None:
    """The first moment at which one of them would cost something else to who comes then."""
    moments = [one["priceUntil"] for one in quote["items"] if one.get("priceUntil")]
    return f"for who comes before {min(moments)[:16].replace('T', ' ')} UTC" if moments else None


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
    found = [relaxation_words(one) for one in helps[:LINES_SHOWN]]
    if len(helps) > LINES_SHOWN:
        found.append(f"… and {len(helps) - LINES_SHOWN} more")
    return "; ".join(found) or None


def _euro(amount: int | None) -> str | None:
    return None if amount is None else words_of_price(amount).split()[0]
