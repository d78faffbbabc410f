"""`hanza site show` and `hanza site adopt`: one site with its agents, and who else runs there."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli.client import Client
from hanza.cli.options import OutputOption, ProviderOption, connect
from hanza.cli.render import Output, ago, show, show_one
from hanza.cli.site_acts import path_of, provider_of
from hanza.kit.clock import SystemClock
from hanza.model.errors import Invalid

STATES = {
    "steady": "every agent is heard",
    "partly": "not every agent is heard; the others go on",
    "silent": "no agent is heard",
    "empty": "no agent has joined, or those that had are revoked",
}


def show_site(
    context: typer.Context,
    name: str,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """One site: its agents and hosts, each by itself, and what the doctor found there."""
    with connect(context) as client:
        record = client.get(_path_of(client, name, provider))
    show_one(record, output, "\n".join(lines_of(record)))


def lines_of(record: dict[str, Any]) -> list[str]:
    spec = record["site"]["spec"]
    state = record["state"]
    lines = [
        f"{record['site']['metadata']['name']} ({spec['provider']}, {spec['city']}): {state},"
        f" {STATES.get(state, '')}"
    ]
    for one in record["agents"]:
        lines += _lines_of_agent(one, record["hosts"])
    if record["strangers"]:
        count = record["strangers"]
        lines.append(f"{count} guests there are not the federation's: hanza site adopt lists them")
    return lines


def _lines_of_agent(one: dict[str, Any], hosts: list[dict[str, Any]]) -> list[str]:
    agent, checkup = one["agent"], one["checkup"]
    status, name = agent["status"], agent["metadata"]["id"]
    heard = "revoked" if status["revokedAt"] else "heard" if status["isHeard"] else "SILENT"
    since = ago(status["heardAt"], SystemClock().now()) if status["heardAt"] else "never"
    lines = [f"  agent {name}: {heard}, last {since}, driver {agent['spec']['driver']}"]
    for host in hosts:
        if host["spec"].get("agent") != name:
            continue
        has = host["status"]
        room = f"{has['heldCpus']} of {has['cpus']} cpus, {has['heldMemoryMiB']} of"
        lines.append(f"    host {host['metadata']['name']}: {room} {has['memoryMiB']} MiB are held")
    if checkup is not None:
        lines.append(f"    doctor: score {checkup['score']} of 100, {checkup['at']}")
        for found in checkup["findings"]:
            if found["level"] != "good":
                lines.append(f"      {found['level']:<7} {found['check']}: {found['text']}")
                if found.get("mend"):
                    lines.append(f"              mend: {found['mend']}")
    return lines


def show_metrics(
    context: typer.Context,
    name: str,
    provider: ProviderOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh/--kept", help="Ask the site now, or show what it said last.")
    ] = True,
    output: OutputOption = Output.table,
) -> None:
    """What the agents of a site count: guests by state, calls of the engine, disk, link."""
    with connect(context) as client:
        where = f"{_path_of(client, name, provider)}/metrics"
        record = client.get(f"{where}?fresh=true" if fresh else where)
    show_one(record, output, "\n".join(lines_of_metrics(record)))


def _path_of(client: Client, site: str, provider: str | None) -> str:
    """As whoever acts for its provider asks; the operator may, too."""
    owner = provider or provider_of(client, site)
    return f"{path_of(owner)}/sites/{quote(site, safe='')}"


def lines_of_metrics(record: dict[str, Any]) -> list[str]:
    """A line for each number of each agent."""
    lines = []
    for one in record["agents"]:
        said = one["at"]
        when = "has said none to this plane" if said is None else ago(said, SystemClock().now())
        lines.append(f"agent {one['agent']}: {when}")
        lines += [f"  {name:<18} {value:>16,.15g}" for name, value in one["numbers"].items()]
    return lines or [f"no agent has joined {record['site']}"]


def adopt(
    context: typer.Context,
    site: str,
    guest: Annotated[
        str | None, typer.Argument(help="Its id or name there; without it they are listed.")
    ] = None,
    to: Annotated[str, typer.Option("--as", help="TENANT/WORKSPACE/NAME that it becomes.")] = "",
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """List the guests of a site that are not the federation's, or adopt one where it runs.

    It is neither stopped nor changed; the site's people must have let it: hanza local adopt.  Who
    acts for the provider lists them; whose they become is for the operator to say.
    """
    with connect(context) as client:
        if guest is None:
            found = client.items(f"{_path_of(client, site, provider)}/strangers")
            columns = ("native", "name", "host", "cpus", "memoryMiB", "diskMiB", "power")
            show(found, columns, output, f"every guest at {site} is the federation's")
            return
        spec = {"guest": guest, **_address_of(to)}
        record = client.post(f"/sites/{quote(site, safe='')}/adoptions", {"spec": spec})
    show_one(record, output, f"{guest} becomes {to}, where it runs at {site}")


def _address_of(text: str) -> dict[str, str]:
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise Invalid("--as is TENANT/WORKSPACE/NAME", field="as")
    return dict(zip(("tenant", "workspace", "name"), parts, strict=True))
