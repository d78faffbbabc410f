"""The demo's acts as commands; the page's buttons are the same calls.

`hanza demo plug pull | in SITE` works a site's cable, `hanza demo ask-forbidden` asks for what the
league's rules refuse, `hanza demo move-rule` tightens the workspace's policy.  Each tells what it
did, and none ends anything; each refuses when the context that the caller named is another plane's.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer

from hanza.boot.demo import desk
from hanza.boot.demo.asking import asked
from hanza.boot.demo.settings import PREFIX, STATE
from hanza.boot.demo.where import Prefix, State
from hanza.cli.client import BASE, Client
from hanza.cli.explaining import words_of
from hanza.cli.options import TENANT, OutputOption
from hanza.cli.render import Output, show_one
from hanza.model.errors import NotFound
from hanza.plan.countries import check_code

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
    done = _turn(asked(context, prefix, state, desk.BASE), site, "pull")
    words = f"The cable of {site} is out. Its guests go on serving there; the others are untouched."
    if not done["changed"]:
        words = f"The cable of {site} was out already."
    see = f"See it serve, from inside its site: hanza demo visit {site}"
    back = f"Plug it in again with: hanza demo plug in {site}"
    show_one(done, output, f"{words}\n{see}\n{back}")


@plug.command("in")
def plug_in(
    context: typer.Context,
    site: SiteArgument,
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Plug a site's cable in again: its agent dials out by itself."""
    done = _turn(asked(context, prefix, state, desk.BASE), site, "plug")
    words = (
        f"The cable of {site} is in again; its agent dials out, and its report catches up.\n"
        "It may take some 15 seconds until it is heard again."
    )
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
    check_code(country, "country")
    wish = {"instances": {"forbidden": SMALL | {"policy": {"residency": [country]}}}}
    path = f"/tenants/{TENANT}/workspaces/{WORKSPACE}/quotes"
    with asked(context, prefix, state, BASE) as client:
        quote = client.post(path, wish)
    (line,) = quote["items"]
    show_one(quote, output, "\n".join(answer_of(line, country)))


def answer_of(line: Mapping[str, Any], country: str) -> list[str]:
    """What is said of the one that was asked for.  Pure."""
    place = line["placement"]
    if place is None:
        return [*words_of({**line, "reason": None}, all_helps=True), "Nothing was started."]
    return [
        f"{country} is not forbidden: {place['provider']} has a site there, {place['site']}, and"
        " that is where it would run.",
        "Nothing was started. To be refused, ask for a country without a site, such as FR.",
    ]


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
    check_code(country, "country")
    with asked(context, prefix, state, BASE) as client:
        spec = moved(_kept_at(client, path), country, is_back=back)
        if spec:
            _, kept = client.put(path, {"spec": spec})
        else:
            client.delete(path)
            kept = {"spec": spec, "status": {"violations": []}}
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


def _turn(asking: AbstractContextManager[Client], site: str, act: str) -> dict[str, object]:
    with asking as client:
        done: Mapping[str, object] = client.post(f"/cables/{site}/{act}")
    return dict(done)
