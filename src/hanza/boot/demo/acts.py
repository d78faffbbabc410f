"""The demo's acts as commands; the page's buttons are the same calls.

`hanza demo plug pull | in SITE` works a site's cable, `hanza demo ask-forbidden` asks for what the
league's rules refuse, `hanza demo move-rule` tightens the workspace's policy.  Each tells what it
did, and none ends anything; each refuses when the context that the caller named is another plane's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hanza.boot.demo import desk, plane
from hanza.boot.demo.settings import PREFIX, STATE, Demo
from hanza.boot.demo.where import Prefix, State, place_of, refuse, refuse_other_plane
from hanza.boot.lab.process import LabError
from hanza.cli.client import Client
from hanza.cli.options import TENANT, OutputOption
from hanza.cli.placing import words_of
from hanza.cli.render import Output, show_one
from hanza.model.errors import NotFound

WORKSPACE = "demo"
SMALL = {"image": "tiny", "cpus": 1, "memoryMiB": 96, "diskMiB": 64}

plug = typer.Typer(no_args_is_help=True, help="Pull a site's cable, or plug it in again.")
SiteArgument = Annotated[str, typer.Argument(help="Such as de-fra-1; hanza site list names them.")]


@plug.command("pull")
def pull(
    context: typer.Context,
    site: SiteArgument,
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Pull a site's cable: its guests go on, and nobody hears it."""
    done = _turn(_meant(context, prefix, state), site, "pull")
    words = f"The cable of {site} is out. Its guests go on serving there; the others are untouched."
    if not done["changed"]:
        words = f"The cable of {site} was out already."
    show_one(done, output, f"{words}\nPlug it in again with: hanza demo plug in {site}")


@plug.command("in")
def plug_in(
    context: typer.Context,
    site: SiteArgument,
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Plug a site's cable in again: its agent dials out by itself."""
    done = _turn(_meant(context, prefix, state), site, "plug")
    words = f"The cable of {site} is in again; its agent dials out, and its report catches up."
    if not done["changed"]:
        words = f"The cable of {site} was in already."
    show_one(done, output, words)


def ask_forbidden(
    context: typer.Context,
    country: Annotated[str, typer.Argument(help="Where the league has no site.")] = "FR",
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Ask for a country with no site: the refusal, rule by rule, and the smallest change."""
    asked = {"instances": {"forbidden": SMALL | {"policy": {"residency": [country]}}}}
    path = f"/tenants/{TENANT}/workspaces/{WORKSPACE}/quotes"
    try:
        with plane.client(_meant(context, prefix, state)) as client:
            quote = client.post(path, asked)
    except LabError as error:
        refuse(f"{error}")
    (line,) = quote["items"]
    words = "\n".join([*words_of(line | {"reason": None}), "Nothing was started."])
    show_one(quote, output, words)


def move_rule(
    context: typer.Context,
    country: Annotated[str, typer.Argument(help="Where no data may be from now on.")] = "DE",
    back: Annotated[bool, typer.Option("--back", help="Allow it again.")] = False,
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Tighten the workspace's policy, and see what now violates it; nothing is ended."""
    path = f"/tenants/{TENANT}/workspaces/{WORKSPACE}/policy"
    try:
        with plane.client(_meant(context, prefix, state)) as client:
            spec = moved(_kept_at(client, path), country, is_back=back)
            if spec:
                _, kept = client.put(path, {"spec": spec})
            else:
                client.delete(path)
                kept = {"spec": spec, "status": {"violations": []}}
    except LabError as error:
        refuse(f"{error}")
    found = [f"  {one['sentence']}" for one in kept["status"]["violations"]]
    verb = "may be in" if back else "may no longer be in"
    words = f"Data {verb} {country}. Against the rule now, and still running: {len(found)}."
    show_one(kept, output, "\n".join([words, *found]))


def moved(spec: Mapping[str, Any], country: str, *, is_back: bool) -> dict[str, Any]:
    """The policy without the country, or with it again; empty when nothing is left.  Pure."""
    residency = dict(spec.get("residency") or {})
    denied = [one for one in residency.pop("deny", None) or [] if one != country]
    denied += [] if is_back else [country]
    residency |= {"deny": denied} if denied else {}
    rest = {name: value for name, value in spec.items() if name != "residency"}
    return rest | ({"residency": residency} if residency else {})


def _kept_at(client: Client, path: str) -> Mapping[str, Any]:
    try:
        kept: Mapping[str, Any] = client.get(path)["spec"]
    except NotFound:
        return {}
    return kept


def _meant(context: typer.Context, prefix: str, state: Path) -> Demo:
    demo = Demo(place_of(prefix, state))
    refuse_other_plane(context.find_root().params.get("context"), demo)
    return demo


def _turn(demo: Demo, site: str, act: str) -> dict[str, object]:
    try:
        with plane.client(demo, desk.BASE) as client:
            done: Mapping[str, object] = client.post(f"/cables/{site}/{act}")
    except LabError as error:
        refuse(f"{error}")
    return dict(done)
