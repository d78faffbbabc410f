"""`hanza rollout`: releases of the agent given to a plane, and rolled out ring after ring.

They are made and signed by `hanza release`, which needs no plane.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hanza.cli.files import read_file
from hanza.cli.images import send_blob
from hanza.cli.options import OutputOption, ProviderOption, YesOption, connect
from hanza.cli.render import Output, show, show_one
from hanza.cli.site_acts import DryRun, acting_for, path_of
from hanza.model.errors import Invalid, NotFound
from hanza.plan.selection import parse_selector
from hanza.wire.release_v1 import (
    SignedDoc,
    read_release,
    revocation_from_json,
    signed_from_json,
)

rollout = typer.Typer(help="Releases of the agent, ring after ring.", no_args_is_help=True)
key = typer.Typer(help="Whose signatures of releases count.", no_args_is_help=True)
rollout.add_typer(key, name="key")
CONDITIONS = ("none", "untried", "under_way", "good", "failed")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Rings = Annotated[
    list[str],
    typer.Option("--ring", help="KEY=VALUE,… as of --where, or all; repeated, the first first."),
]
Words = Annotated[str, typer.Option(help="Such as 90s, 10m, 1h, 2d.")]


@key.command("add")
def add_key(context: typer.Context, public: str, output: OutputOption = Output.table) -> None:
    """Have its signatures count: who joins from now on pins it."""
    with connect(context) as client:
        is_new, document = client.put(f"/release-keys/{public}", {})
    show_one(document, output, f"key {public} {'counts' if is_new else 'counted already'}")


@key.command("list")
def list_keys(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the keys whose signatures count, and those that are revoked."""
    with connect(context) as client:
        found = client.items("/release-keys")
    records = [{"key": one["key"], "revoked": one["isRevoked"]} for one in found]
    show(records, ["key", "revoked"], output, "no key yet: hanza release keys FILE")


@key.command("remove")
def remove_key(context: typer.Context, public: str, output: OutputOption = Output.table) -> None:
    """Tell it no more to who joins; agents that have pinned it are not reached by this."""
    with connect(context) as client:
        client.delete(f"/release-keys/{public}")
    show_one({"key": public}, output, f"key {public} counts no longer at the plane")


@key.command("revoke")
def revoke_key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The key's revocation.", dir_okay=False)],
    output: OutputOption = Output.table,
) -> None:
    """Tell every agent that a key has revoked itself: nothing it signs is taken again, for ever."""
    said = revocation_from_json(read_file(file))
    public, spec = said.key.hex(), {"signature": base64.b64encode(said.signature).decode()}
    with connect(context) as client:
        document = client.post(f"/release-keys/{public}/revocation", {"spec": spec})
    show_one(document, output, f"key {public} is revoked; agents that have pinned it are told")


@rollout.command("add")
def add_release(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="What hanza release build wrote.")],
    output: OutputOption = Output.table,
) -> None:
    """Give a plane an archive, and the ARCHIVE.signed that stands beside it."""
    file = archive.with_name(f"{archive.name}.signed")
    try:
        signed = signed_from_json(file.read_bytes())
    except OSError as error:
        hint = f"hanza release sign {archive} --key FILE"
        raise Invalid(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    spec = msgspec.to_builtins(SignedDoc(signed.statement, signed.key, signed.signature))
    with connect(context) as client:
        send_blob(client, archive, read_release(signed).digest)
        document = client.post("/releases", {"spec": spec})
    show_one(document, output, f"release {document['version']} for {document['tag']} is here")


@rollout.command("releases")
def list_releases(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the releases that may be rolled out."""
    with connect(context) as client:
        found = client.items("/releases")
    show(found, ["version", "tag", "size", "expiresAt"], output, "none: hanza rollout add ARCHIVE")


@rollout.command("start")
def start(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    release: str,
    rings: Rings,
    soak: Words = "1h",
    back_within: Words = "20m",
    at_once: Annotated[int, typer.Option(help="Of a ring on their way.", min=1)] = 10,
    failing_max: Annotated[
        float, typer.Option(help="Share of a ring that may fail.", min=0, max=1)
    ] = 0.02,
    dry_run: DryRun = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Roll a release out; it takes the place of the rollout before.

    A ring begins once the one before has kept its links for --soak; who is not back within
    --back-within has failed, and too many of those halt it.
    """
    spec = {
        "release": release,
        "rings": [_ring(one) for one in rings],
        "soakSeconds": _seconds(soak),
        "backWithinSeconds": _seconds(back_within),
        "atOnce": at_once,
        "failingMax": failing_max,
    }
    with connect(context) as client:
        seen = client.post("/rollouts", {"spec": spec | {"dryRun": True}})
        if not dry_run:
            if not yes:
                count = len(seen["agents"])
                question = f"Roll out {release} to {count} agents in {len(rings)} rings?"
                typer.confirm(question, abort=True, err=True)
            seen = client.post("/rollouts", {"spec": spec})
    _show(seen, output, is_rehearsed=dry_run)


@rollout.command("status")
def status(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Show how far it is, by ring and by agent, and why some are not asked."""
    with connect(context) as client:
        found = client.items("/rollouts")
    if not found:
        raise NotFound("nothing is rolled out", hint="hanza rollout start VERSION --ring ...")
    _show(found[0], output)


@rollout.command("halt")
def halt(
    context: typer.Context,
    why: Annotated[str, typer.Option(help="The reason, for the record.")] = "",
    output: OutputOption = Output.table,
) -> None:
    """Ask nobody any more; what is on trial already ends its trial."""
    with connect(context) as client:
        _show(client.post("/rollout-acts", {"spec": {"act": "halt", "why": why}}), output)


@rollout.command("resume")
def resume(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Go on; who has failed is asked anew."""
    with connect(context) as client:
        _show(client.post("/rollout-acts", {"spec": {"act": "resume"}}), output)


@rollout.command("consent")
def consent(
    context: typer.Context,
    release: str,
    provider: ProviderOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Say yes to a release for a provider's agents, as far as their own rules let them."""
    provider = acting_for(provider)
    with connect(context) as client:
        document = client.post(f"{path_of(provider)}/update-words", {"spec": {"release": release}})
    show_one(document, output, f"{provider} says yes to {release}")


def _ring(words: str) -> dict[str, Any]:
    return {"all": True} if words == "all" else {"where": parse_selector(words)}


def _seconds(words: str) -> float:
    number, unit = words[:-1], words[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 8 and unit in UNITS):
        raise Invalid(f"{words!r} is no duration", hint="such as 90s, 10m, 1h or 2d")
    return int(number) * UNITS[unit]


def _show(document: dict[str, Any], output: Output, *, is_rehearsed: bool = False) -> None:
    if output is Output.json:
        show_one(document, output, "")
        return
    why = f": {document['why']}" if document["why"] else ""
    said = "would be rolled out" if is_rehearsed else f"is {document['state']}{why}"
    print(f"release {document['release']} {said}")
    columns = {"under_way": "underWay"}
    rings = [
        {"ring": one["ring"], **{word: one[columns.get(word, word)] for word in CONDITIONS}}
        for one in document["rings"]
    ]
    show(rings, ["ring", *CONDITIONS], output, "")
    show(_lines(document["agents"]), ["ring", "site", "release", "condition", "why"], output, "")


def _lines(agents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "why": one["why"] or None} for one in agents]
