"""`hanza site cordon`, `drain`, `leave` and the way back: one site, some, or all that match.

Many at once are looked at first: it says how many are meant and asks, and the plane does it only
if it is still as many.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from hanza.cli.client import Client
from hanza.cli.options import OutputOption, ProviderOption, YesOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.cli.selecting import All, Names, Where, among
from hanza.kit.clock import SystemClock
from hanza.model.errors import Invalid, NotFound
from hanza.plan.selection import parse_selector

Why = Annotated[str, typer.Option(help="The reason, shown to those who are refused.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be, and do nothing.")]
When = Annotated[
    str | None, typer.Option(help="A moment such as 2026-12-01T09:00+01:00, or in 8h, 3d, 2w.")
]
COLUMNS = ["site", "changed", "offered", "holds", "why"]
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def cordon(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    provider: ProviderOption = None,
    why: Why = "",
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take nothing new at these sites; what stands there goes on."""
    spec = spec_of("cordon", names, where, every, why=why)
    act_on(context, spec, provider, output, dry_run=dry_run, yes=yes)


def uncordon(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    provider: ProviderOption = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take what is new again, as far as nothing else is in the way."""
    spec = spec_of("uncordon", names, where, every)
    act_on(context, spec, provider, output, dry_run=dry_run, yes=yes)


def drain(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    provider: ProviderOption = None,
    by: When = None,
    why: Why = "",
    stop: Annotated[bool, typer.Option("--stop", help="Drain them no longer.")] = False,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take nothing new and tell those who have something there; nothing is moved or ended.

    How far it is: hanza site mine.  What it would take: hanza site drain-plan.
    """
    if stop and (by or why):
        raise Invalid("--stop says all", field="--stop")
    act, at = ("undrain", None) if stop else ("drain", _moment(by))
    spec = spec_of(act, names, where, every, why=why, at=at)
    act_on(context, spec, provider, output, dry_run=dry_run, yes=yes)


def leave(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Names = None,
    where: Where = None,
    every: All = False,
    provider: ProviderOption = None,
    on: When = None,
    why: Why = "",
    stay: Annotated[bool, typer.Option("--stay", help="Take a notice back.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Folder for the records of each site that leaves.")
    ] = None,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Leave the federation for ever: with --on give notice, without it go.

    A site goes when nothing stands there, or on the day that its tenants were told two weeks
    before.  Its records are written to files first; its agents' keys are refused from then on.
    """
    if stay and (on or why):
        raise Invalid("--stay says all", field="--stay")
    act, at = ("stay", None) if stay else ("leave", _moment(on))
    spec = spec_of(act, names, where, every, why=why, at=at)
    folder = None if stay or on else export or Path()
    act_on(context, spec, provider, output, dry_run=dry_run, yes=yes, export=folder)


def export_site(
    context: typer.Context,
    name: str,
    file: Annotated[Path | None, typer.Option(help="Write it here; to the terminal else.")] = None,
    provider: ProviderOption = None,
) -> None:
    """Write all that is known of a site and is its provider's, also after it has left."""
    with connect(context) as client:
        owner = provider or provider_of(client, name)
        document = client.get(f"{path_of(owner)}/sites/{quote(name, safe='')}/export")
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if file is None:
        print(text)
        return
    file.write_text(text + "\n", encoding="utf-8")
    typer.echo(f"the records of {name} are in {file}", err=True)


def list_mine(
    context: typer.Context,
    where: Where = None,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """List a provider's sites as it sees them: what they take, why not, how a drain goes.

    Endings that are held back wait for: hanza site confirm.
    """
    path = path_of(acting_for(provider))
    with connect(context) as client:
        found = among(client, where, client.items(f"{path}/sites"), _name_of)
    if output is Output.json:
        show(found, [], output, "")
        return
    columns = ["site", "offered", "holds", "held_back", "drain", "hours", "maintenance", "why"]
    show([_own(one) for one in found], columns, output, "no site yet")


def acting_for(provider: str | None) -> str:
    """Raises `Invalid` where neither the command nor its context says it."""
    if provider is None:
        raise Invalid("say for whom: --provider", field="--provider")
    return provider


def _name_of(site: Mapping[str, Any]) -> str:
    return str(site["name"])


def path_of(provider: str) -> str:
    return f"/providers/{quote(provider, safe='')}"


def provider_of(client: Client, site: str) -> str:
    """Whose site it is.  Raises `NotFound`."""
    for one in client.items("/sites"):
        if one["metadata"]["name"] == site:
            return str(one["spec"]["provider"])
    raise NotFound(f"there is no site {site!r}", hint="of one that has left say --provider")


def only_one(names: Sequence[str] | None, where: str | None, *, every: bool) -> str | None:
    """The name, where that means one site by its name and nothing else."""
    return names[0] if names and len(names) == 1 and where is None and not every else None


def spec_of(
    act: str,
    names: Sequence[str] | None,
    where: str | None,
    every: bool,
    why: str = "",
    at: str | None = None,
) -> dict[str, Any]:
    """The act as a document.  Raises `Invalid` for a selector that says nothing or too much."""
    said = parse_selector(where) if where else {}
    if names:
        said["site"] = [*said.get("site", ()), *names]
    if not said and not every:
        raise Invalid("say which sites: by name, --where, or --all", field="where")
    return {"act": act, "where": said, "all": every, "why": why, "at": at}


def act_on(  # noqa: PLR0913 -- the act, and how it is asked
    context: typer.Context,
    spec: dict[str, Any],
    provider: str | None,
    output: Output,
    *,
    dry_run: bool,
    yes: bool,
    export: Path | None = None,
) -> None:
    with connect(context) as client:
        path = _path(client, spec["where"], provider)
        seen = client.post(path, {"spec": spec | {"dryRun": True}})
        if dry_run or not seen["changed"]:
            _show(seen, output)
            return
        is_grave = seen["matched"] > 1 or spec["act"] == "leave"
        if is_grave and not yes:
            named = ", ".join(one["site"]["name"] for one in seen["items"] if one["changed"])
            question = f"{spec['act']} at {seen['changed']} of {seen['matched']} sites: {named}?"
            typer.confirm(question, abort=True, err=True)
        if export is not None:
            _export(client, seen, export)
        _show(client.post(path, {"spec": spec | {"expect": seen["matched"]}}), output)


def _path(client: Client, where: Mapping[str, Sequence[str]], provider: str | None) -> str:
    """Where it is asked: of the provider that all of them are of, else of the operator's."""
    if provider is not None:
        return f"{path_of(provider)}/site-acts"
    owners = set(where.get("provider", ()))
    if not owners and where.get("site"):
        known = {
            one["metadata"]["name"]: str(one["spec"]["provider"]) for one in client.items("/sites")
        }
        owners = {known[name] for name in where["site"] if name in known}
    return f"{path_of(owners.pop())}/site-acts" if len(owners) == 1 else "/site-acts"


def _export(client: Client, seen: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in seen["items"]:
        name, provider = one["site"]["name"], one["site"]["provider"]
        document = client.get(f"{path_of(provider)}/sites/{quote(name, safe='')}/export")
        file = folder / f"hanza-{name}.json"
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        typer.echo(f"the records of {name} are in {file}", err=True)


def _show(done: dict[str, Any], output: Output) -> None:
    if output is Output.json:
        show_one(done, output, "")
        return
    show([_line(one) for one in done["items"]], COLUMNS, output, "no site is meant by that")
    word = "would change" if done["dryRun"] else "changed"
    print(f"{done['changed']} of {done['matched']} sites {word}")


def _line(one: Mapping[str, Any]) -> dict[str, Any]:
    site = one["site"]
    return {
        "site": site["name"],
        "changed": one["changed"],
        "offered": site["isOffered"],
        "holds": site["holds"],
        "why": "; ".join(reason["text"] for reason in site["reasons"]) or None,
    }


def _own(site: Mapping[str, Any]) -> dict[str, Any]:
    drain_, hours = site["drain"], site["hours"]
    windows = [one["from"][:16].replace("T", " ") for one in site["maintenance"]]
    return {
        "site": site["name"],
        "offered": site["isOffered"],
        "holds": site["holds"],
        "held_back": site["heldEndings"] or None,
        "drain": None if drain_ is None else f"{drain_['left']} of {drain_['beganWith']} left",
        "hours": "; ".join(hours["open"]) or "always",
        "maintenance": ", ".join(windows) or None,
        "why": "; ".join(reason["text"] for reason in site["reasons"]) or None,
    }


def moment_of(text: str, now: datetime) -> str:
    """From an ISO 8601 moment, or `8h`, `3d`, `2w` from now.  Raises `Invalid`."""
    if text[:-1].isascii() and text[:-1].isdigit() and text[-1] in _UNITS and len(text) < 8:
        return (now + timedelta(**{_UNITS[text[-1]]: int(text[:-1])})).isoformat()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "such as 2026-12-01T09:00+01:00, 8h, 3d or 2w"
        raise Invalid(f"{text!r} is no moment", hint=hint) from error
    if moment.tzinfo is None:
        raise Invalid(f"{text!r} says no time zone", hint="such as +01:00, or Z for UTC")
    return moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> str | None:
    return None if text is None else moment_of(text, SystemClock().now())
