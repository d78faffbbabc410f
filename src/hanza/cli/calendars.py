"""`hanza site hours`, `hanza site maintenance`, `hanza provider suspend`: when sites take what."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli.options import OutputOption, ProviderOption, YesOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.cli.selecting import All, Names, Where
from hanza.cli.site_acts import (
    DryRun,
    Why,
    act_on,
    moment_of,
    only_one,
    path_of,
    provider_of,
    spec_of,
)
from hanza.kit.clock import SystemClock

maintenance = typer.Typer(
    help="When somebody works on a site; announced ahead.", no_args_is_help=True
)
Lines = Annotated[
    list[str] | None,
    typer.Option("--open", help="Such as 'mon-fri 09:00-17:00'; may be repeated.  None: always."),
]


def set_hours(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    opens: Lines = None,
    zone: Annotated[str, typer.Option(help="The sites' time zone.")] = "UTC",
    provider: ProviderOption = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Have sites take what is new at these times only; what stands there goes on."""
    spec = {"zone": zone, "open": opens or []}
    name = only_one(names, where, every=every)
    if name is None:
        asked = spec_of("hours", names, where, every) | {"hours": spec}
        act_on(context, asked, provider, output, dry_run=dry_run, yes=yes)
        return
    with connect(context) as client:
        owner = provider or provider_of(client, name)
        put = {"spec": spec, "dryRun": dry_run}
        _, document = client.put(f"{_site(owner, name)}/hours", put)
    said = "; ".join(document["hours"]["open"]) or "always"
    what = "what is new" if document["isOffered"] else "nothing new"
    opens_at, takes = ("would be", "would take") if dry_run else ("is", "takes")
    zone = document["hours"]["zone"]
    words = f"{name} {opens_at} open {said} ({zone}); at this moment it {takes} {what}"
    show_one(document, output, words)


@maintenance.command("announce")
def announce(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    begins: Annotated[str, typer.Option("--from", help="A moment, or in 8h, 3d, 2w.")],
    ends: Annotated[str, typer.Option("--until", help="A moment, or in 8h, 3d, 2w.")],
    text: Annotated[str, typer.Option(help="What is done; tenants read it.")],
    names: Names = None,
    where: Where = None,
    every: All = False,
    urgent: Annotated[bool, typer.Option("--urgent", help="It cannot wait a day.")] = False,
    provider: ProviderOption = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Tell whoever has something at these sites that somebody works there; a day ahead at least."""
    now = SystemClock().now()
    times = {"from": moment_of(begins, now), "until": moment_of(ends, now)}
    spec: dict[str, Any] = times | {"text": text, "urgent": urgent}
    name = only_one(names, where, every=every)
    if name is None:
        asked = spec_of("maintenance", names, where, every) | {"window": spec}
        act_on(context, asked, provider, output, dry_run=dry_run, yes=yes)
        return
    with connect(context) as client:
        owner = provider or provider_of(client, name)
        path = f"{_site(owner, name)}/maintenance"
        document = client.post(path, {"spec": spec, "dryRun": dry_run})
    has = "would have" if dry_run else "has"
    when = f"from {document['from']} to {document['until']}"
    words = f"{document['id']}: {name} {has} maintenance {when}"
    show_one(document, output, words)


@maintenance.command("list")
def list_windows(
    context: typer.Context,
    name: str,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """List the maintenance of a site."""
    with connect(context) as client:
        owner = provider or provider_of(client, name)
        found = [one for one in client.items(f"{path_of(owner)}/sites") if one["name"] == name]
    windows: list[dict[str, Any]] = found[0]["maintenance"] if found else []
    show(windows, ["id", "from", "until", "text"], output, "no maintenance is announced")


@maintenance.command("cancel")
def cancel(
    context: typer.Context,
    name: str,
    window: str,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Call it off, or end it now; whoever was told of it is told."""
    with connect(context) as client:
        owner = provider or provider_of(client, name)
        client.delete(f"{_site(owner, name)}/maintenance/{quote(window, safe='')}")
    show_one({"id": window, "site": name}, output, f"{window} is called off")


def suspend(
    context: typer.Context,
    name: str,
    why: Why = "",
    dry_run: DryRun = False,
    output: OutputOption = Output.table,
) -> None:
    """Take nothing new at any site of a provider until it resumes; what stands goes on."""
    _pause(context, name, {"why": why, "dryRun": dry_run}, "suspend", output)


def resume(
    context: typer.Context,
    name: str,
    dry_run: DryRun = False,
    output: OutputOption = Output.table,
) -> None:
    """Take what is new again, as far as nothing else keeps a site from it."""
    _pause(context, name, {"dryRun": dry_run}, "resume", output)


def _pause(
    context: typer.Context, name: str, spec: dict[str, Any], verb: str, output: Output
) -> None:
    with connect(context) as client:
        done = client.post(f"{path_of(name)}/{verb}", {"spec": spec})
    would = "would be " if done["dryRun"] else ""
    word = "suspended" if done["isSuspended"] else "resumed"
    said = f"{would}{word}" if done["changed"] else "is so already"
    show_one(done, output, f"provider {name}: {said}, {done['sites']} sites")


def _site(provider: str, name: str) -> str:
    return f"{path_of(provider)}/sites/{quote(name, safe='')}"
