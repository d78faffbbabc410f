"""`hanza provider`, `hanza site`, `hanza host`: who is a member, with what."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, ProviderOption, YesOption, connect
from hanza.cli.render import Output, ago, show, show_one
from hanza.cli.selecting import Where, among
from hanza.cli.site_acts import path_of
from hanza.kit.clock import SystemClock
from hanza.model.errors import Invalid

MICRO = 1_000_000
PriceOption = Annotated[float | None, typer.Option(help="Euro an hour.", min=0)]
AttributeOption = Annotated[
    list[str] | None, typer.Option(help="KEY=VALUE; a key given twice has two values.")
]
provider = typer.Typer(help="Providers: who owns sites.", no_args_is_help=True)
site = typer.Typer(help="Sites: where things can run.", no_args_is_help=True)
host = typer.Typer(help="Hosts: what has capacity at a site.", no_args_is_help=True)
agent_group = typer.Typer(help="Agents: who does and looks at the sites.", no_args_is_help=True)


@provider.command("add")
def add_provider(  # noqa: PLR0913 -- one option for each thing a provider says
    context: typer.Context,
    name: str,
    title: Annotated[str, typer.Option(help="Its full name.")],
    price_cpu_hour: PriceOption = None,
    price_gib_hour: PriceOption = None,
    price_disk_gib_hour: PriceOption = None,
    attribute: AttributeOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Add a provider, or say anew what it asks and what is known of it."""
    prices = {
        "cpuHour": price_cpu_hour,
        "gibHour": price_gib_hour,
        "diskGibHour": price_disk_gib_hour,
    }
    spec: dict[str, Any] = {"title": title, "attributes": _attributes(attribute)}
    if any(price is not None for price in prices.values()):
        spec["prices"] = {key: round((price or 0) * MICRO) for key, price in prices.items()}
    with connect(context) as client:
        is_new, document = client.put(f"/providers/{name}", {"spec": spec})
    done = "added" if is_new else "was there"
    show_one(_provider(document), output, f"provider {name} {done}")


@provider.command("list")
def list_providers(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the providers."""
    with connect(context) as client:
        records = [_provider(one) for one in client.items("/providers")]
    show(records, ["name", "title"], output, "no provider yet; add one: hanza provider add")


@site.command("add")
def add_site(  # noqa: PLR0913 -- one option for each thing a site is
    context: typer.Context,
    name: str,
    provider: Annotated[str, typer.Option(help="Whose site it is.")],
    country: Annotated[str, typer.Option(help="ISO 3166 code; the law it stands under.")],
    city: Annotated[str, typer.Option(help="Where it stands.")],
    latitude: Annotated[float, typer.Option(help="Degrees north.")],
    longitude: Annotated[float, typer.Option(help="Degrees east.")],
    site_class: Annotated[
        str | None, typer.Option("--class", help="Such as store, micro_dc or regional_dc.")
    ] = None,
    attribute: AttributeOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Add a site to a provider, or say anew what is known of it."""
    spec = {
        "provider": provider,
        "country": country,
        "city": city,
        "latitude": latitude,
        "longitude": longitude,
        "class": site_class,
        "attributes": _attributes(attribute),
    }
    with connect(context) as client:
        is_new, document = client.put(f"/sites/{name}", {"spec": spec})
    done = "added" if is_new else "was there"
    show_one(_site(document), output, f"site {name} {done}; next: hanza site invite {name}")


@site.command("list")
def list_sites(
    context: typer.Context, where: Where = None, output: OutputOption = Output.table
) -> None:
    """List the sites."""
    with connect(context) as client:
        listed = among(client, where, client.items("/sites"), lambda one: one["metadata"]["name"])
        records = [_site(one) for one in listed]
    columns = ["name", "country", "city", "provider", "class"]
    show(records, columns, output, "no site yet; add one: hanza site add")


@site.command("invite")
def invite(
    context: typer.Context,
    name: str,
    file: Annotated[Path | None, typer.Option(help="Write the token here, 0600.")] = None,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Make a token with which one agent can join the site, once."""
    with connect(context) as client:
        record = client.post(f"{_of(provider)}/sites/{name}/join-tokens")
    if file is not None:
        write_secret(file, record["token"] + "\n")
        show_one(record, output, f"the token is in {file}, good until {record['expiresAt']}")
        return
    command = "hanza agent join - --state FOLDER --driver libvirt"
    sentence = f"{record['token']}\n\nat the site, which reads the token: {command}"
    show_one(record, output, sentence)


def write_secret(file: Path, text: str) -> None:
    """Readable by its owner only, also where a file of that name was readable by others."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        os.fchmod(descriptor, 0o600)
        out.write(text)


@host.command("list")
def list_hosts(
    context: typer.Context,
    where: Where = None,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """List the hosts, what they have and what of it is held."""
    with connect(context) as client:
        listed = among(client, where, client.items(f"{_of(provider)}/hosts"), _site_of)
        records = [_host(one) for one in listed]
    columns = ["site", "name", "cpus", "memory_mib", "disk_mib", "accelerator", "offered", "heard"]
    if output is Output.table:
        for record in records:
            if record["offered"] and not record["isHeard"]:
                record["offered"] = "not while silent"
            for dimension in ("cpus", "memory_mib", "disk_mib"):
                record[dimension] = f"{record['held_' + dimension]} of {record[dimension]}"
    show(records, columns, output, "no host yet: an agent reports them once it has joined")


@agent_group.command("list")
def list_agents(
    context: typer.Context,
    where: Where = None,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """List the agents, and when they were last heard."""
    with connect(context) as client:
        listed = among(client, where, client.items(f"{_of(provider)}/agents"), _site_of)
        records = [_agent(one) for one in listed]
    columns = ["site", "driver", "heard", "hosts", "contested", "revoked", "reports", "id"]
    show(records, columns, output, "no agent yet: hanza site invite")


@agent_group.command("trust")
def trust_agent(
    context: typer.Context,
    agent: str,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Say that only one copy of a contested agent's key is left."""
    with connect(context) as client:
        client.post(f"{_of(provider)}/agents/{agent}/trust")
    show_one({"id": agent, "contested": False}, output, f"agent {agent} is believed again")


@agent_group.command("revoke")
def revoke_agent(
    context: typer.Context,
    agent: str,
    provider: ProviderOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Refuse an agent's key from now on, for ever.

    Its hosts are not offered any more; what its guests do nobody knows, and so they are shown.
    """
    if not yes:
        typer.confirm(f"Never believe {agent} again?", abort=True, err=True)
    with connect(context) as client:
        record = client.post(f"{_of(provider)}/agents/{agent}/revoke")
    sentence = (
        f"agent {agent} is revoked; {record['instances']} instances there are of unknown fate"
    )
    show_one(record, output, sentence)


def _of(provider: str | None) -> str:
    """Below what it is asked: a provider's own, or the operator's."""
    return "" if provider is None else path_of(provider)


def _site_of(document: dict[str, Any]) -> str:
    return str(document["spec"]["site"])


def _agent(document: dict[str, Any]) -> dict[str, Any]:
    spec, status = document["spec"], document["status"]
    return {
        "site": spec["site"],
        "driver": spec["driver"],
        "heard": ago(status["heardAt"], SystemClock().now()),
        "heardAt": status["heardAt"],
        "joinedAt": status["joinedAt"],
        "hosts": status["hosts"],
        "contested": status["isContested"],
        "revoked": status["revokedAt"] is not None,
        "revokedAt": status["revokedAt"],
        "reports": "good" if status["refusedSince"] is None else f"refused: {status['refused']}",
        "refusedSince": status["refusedSince"],
        "id": document["metadata"]["id"],
    }


def _attributes(given: list[str] | None) -> dict[str, str | list[str]]:
    """From `key=value`; a key that is given more than once has several values."""
    found: dict[str, list[str]] = {}
    for one in given or []:
        key, separator, value = one.partition("=")
        if not separator:
            raise Invalid(f"{one!r} is not KEY=VALUE", field="attribute")
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _provider(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    return {"name": metadata["name"], **document["spec"], "id": metadata["id"]}


def _site(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    return {"name": metadata["name"], **document["spec"], "id": metadata["id"]}


def _host(document: dict[str, Any]) -> dict[str, Any]:
    metadata, status = document["metadata"], document["status"]
    return {
        "site": document["spec"]["site"],
        "name": metadata["name"],
        "cpus": status["cpus"],
        "memory_mib": status["memoryMiB"],
        "disk_mib": status["diskMiB"],
        "held_cpus": status["heldCpus"],
        "held_memory_mib": status["heldMemoryMiB"],
        "held_disk_mib": status["heldDiskMiB"],
        "accelerator": status["accelerator"],
        "offered": status["isOffered"],
        "heard": ago(status["heardAt"], SystemClock().now()),
        "heardAt": status["heardAt"],
        "isHeard": status["isHeard"],
        "id": metadata["id"],
    }
