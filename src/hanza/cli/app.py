"""The commands that are clients of a plane, put together; `hanza.boot.main` adds the others."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli import (
    alerts,
    apps,
    calendars,
    claims,
    clients,
    confirming,
    console,
    directory,
    ending,
    following,
    forwarding,
    images,
    invitations,
    issuers,
    login,
    members,
    own,
    pending,
    placing,
    policies,
    probes,
    quotas,
    rebalancing,
    rollouts,
    site_acts,
    sites,
    tenants,
    terms,
    update_rules,
    users,
    volumes,
)
from hanza.cli.client import Client, default_context, page_of, read_context
from hanza.cli.options import AnyTenantOption, OutputOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.model.errors import Forbidden, Refusal

app = typer.Typer(
    name="hanza",
    help="A sovereign, multi-provider proximity cloud.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
members.provider.command("invite")(invitations.invite)
members.provider.command("uninvite")(invitations.uninvite)
members.provider.add_typer(terms.terms, name="terms")
members.provider.add_typer(own.user, name="user")
members.provider.add_typer(own.price, name="price")
members.provider.command("guests")(own.list_guests)
members.provider.command("events")(own.list_events)
members.provider.command("suspend")(calendars.suspend)
members.provider.command("resume")(calendars.resume)
members.provider.command("updates")(update_rules.provider_updates)
members.site.command("drain-plan")(rebalancing.plan_drain)
members.site.command("show")(sites.show_site)
members.site.command("metrics")(sites.show_metrics)
members.site.command("adopt")(sites.adopt)
members.site.command("mine")(site_acts.list_mine)
members.site.command("cordon")(site_acts.cordon)
members.site.command("uncordon")(site_acts.uncordon)
members.site.command("drain")(site_acts.drain)
members.site.command("leave")(site_acts.leave)
members.site.command("confirm")(confirming.confirm)
members.site.command("export")(site_acts.export_site)
members.site.command("hours")(calendars.set_hours)
members.site.add_typer(calendars.maintenance, name="maintenance")
app.add_typer(members.provider, name="provider")
app.add_typer(members.site, name="site")
app.add_typer(members.host, name="host")
app.add_typer(members.agent_group, name="agents")
app.add_typer(alerts.alert, name="alert")
app.add_typer(images.image, name="image")
app.add_typer(invitations.group, name="invite")
app.add_typer(probes.probe, name="probe")
app.add_typer(clients.client, name="client")
app.add_typer(claims.claim, name="claim")
app.add_typer(directory.directory, name="directory")
app.add_typer(tenants.tenant, name="tenant")
app.add_typer(volumes.volume, name="volume")
app.add_typer(policies.policy, name="policy")
app.add_typer(users.user, name="user")
app.add_typer(issuers.issuer, name="issuer")
app.add_typer(issuers.signing_key, name="signing-key")
app.add_typer(quotas.quota, name="quota")
app.add_typer(rebalancing.rebalance, name="rebalance")
app.add_typer(rollouts.rollout, name="rollout")
app.command("token")(tenants.issue_token)
app.command("login")(login.login)
app.command("plan")(placing.plan)
app.command("apply")(apps.apply)
app.command("explain")(placing.explain)
app.command("status")(apps.status)
app.command("logs")(following.logs)
app.command("console")(console.console)
app.command("port-forward")(forwarding.port_forward)
app.command("destroy")(ending.destroy)
app.command("withdraw")(pending.withdraw)

WELCOME = """\
hanza: small data centres of different owners, as one cloud

  hanza demo up       six sites on this machine, in about a minute
  hanza plan FILE     where it would run, why, at what price
  hanza apply FILE    run what a file says
  hanza status        what runs where
  hanza explain NAME  why it is there, or nowhere
  hanza console NAME  type at a guest's serial port
  hanza web           where to see all of it in a browser
  hanza --help        everything else
"""

YOURS = """\
how the league is, its operator sees; what is yours:
  hanza status, or as a provider: hanza site mine"""

WARNED_OF = """\
Browsers warn of this address, for they do not know the federation's root. Go on all the same, or
have the browser trust {root}. No warning, on this machine
alone: start the plane with --web 127.0.0.1:7444, and the page is there by plain HTTP too."""


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    context_file: Annotated[
        Path | None,
        typer.Option("--context", envvar="HANZA_CONTEXT", help="The context a plane wrote."),
    ] = None,
    says_version: Annotated[
        bool, typer.Option("--version", help="Say which release this is, and exit.")
    ] = False,
) -> None:
    """A sovereign, multi-provider proximity cloud."""
    if says_version:
        print(f"hanza {metadata.version('hanza')}")
        raise typer.Exit
    context.find_root().params["context"] = context_file
    if context.invoked_subcommand is None:
        print(WELCOME)
        print(_league(context_file or default_context()))


@app.command("events")
def list_events(
    context: typer.Context,
    after: Annotated[
        int | None, typer.Option(help="What came after this serial; the newest by default.", min=0)
    ] = None,
    tenant: AnyTenantOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what happened, oldest first: to all, for the operator; to a tenant, for its people."""
    path = "/events" if tenant is None else f"/tenants/{quote(tenant, safe='')}/events"
    with connect(context) as client:
        records = client.items(path if after is None else f"{path}?after={after}")
    show(records, ["serial", "at", "kind", "text"], output, "nothing has happened yet")


@app.command("web")
def show_web(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Print where to open the page, with the operator's token: keep it to yourself."""
    with connect(context) as client:
        client.get("/sites")  # an address that nobody answers at is none
        found = client.context
    address = page_of(found)
    show_one({"web": address}, output, address)
    if found.ca and found.web.startswith("https:"):
        # Beside the address and not after it, so that what prints it can be handed to a browser.
        typer.echo(WARNED_OF.format(root=found.ca), err=True)


@app.command("orphans")
def list_orphans(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Show guests and volumes with our mark that nobody ordered; they are left as they are."""
    with connect(context) as client:
        records = [{"volume": None, **one} for one in client.items("/orphans")]
        lacking = dict.fromkeys(("instance", "runEpoch", "power"))
        records += [{**lacking, **one} for one in client.items("/orphan-volumes")]
    columns = ["agent", "host", "instance", "runEpoch", "power", "volume", "since", "native"]
    show(records, columns, output, "no orphans")


Documents = Sequence[dict[str, Any]]


def _league(path: Path) -> str:
    """The state of the league, or why it cannot be had."""
    try:
        with Client(read_context(path)) as client:
            sites, hosts = client.items("/sites"), client.items("/hosts")
            agents = client.items("/agents")
    except Forbidden:
        return YOURS
    except Refusal as refusal:
        return f"{refusal.text}\n{refusal.hint or ''}".rstrip()
    return words_of_league(sites, agents, hosts)


def words_of_league(sites: Documents, agents: Documents, hosts: Documents) -> str:
    """Three lines, and one more for each agent whose reports are refused."""
    countries = sorted({one["spec"]["country"] for one in sites})
    silent = sorted(one["spec"]["site"] for one in agents if not one["status"]["isHeard"])
    heard = len(agents) - len(silent)
    also = f"; silent: {', '.join(silent)}" if silent else ""
    refused = "".join(
        f"\n{one['spec']['site']}: reports are refused since {one['status']['refusedSince']}:"
        f" {one['status']['refused']}"
        for one in sorted(agents, key=lambda one: str(one["spec"]["site"]))
        if one["status"]["refusedSince"] is not None
    )
    return (
        f"{len(sites)} sites in {len(countries)} countries: {', '.join(countries) or '-'}\n"
        f"{heard} of {len(agents)} agents are heard{also}\n"
        f"{sum(one['status']['isOffered'] and one['status']['isHeard'] for one in hosts)}"
        f" hosts take what is new{refused}"
    )
