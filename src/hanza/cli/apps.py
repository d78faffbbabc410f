"""`hanza apply`, `status`, `logs`: a tenant's day."""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from hanza.cli.absent import EMPTY, no_such, nothing_in
from hanza.cli.client import Client
from hanza.cli.files import read_file
from hanza.cli.options import (
    TENANT,
    KeepOption,
    OutputOption,
    TenantOption,
    TimeoutOption,
    WorkspaceOption,
    YesOption,
    connect,
)
from hanza.cli.quotes import harms_of, quote_of
from hanza.cli.render import (
    Output,
    Record,
    ago,
    console,
    fitting,
    for_people,
    last_line,
    pending_of,
    reach,
    show,
    show_warnings,
    silence_of,
)
from hanza.cli.waiting import list_waiting, words_of_waiting
from hanza.cli.watch import News, TimedOut, watch
from hanza.kit.clock import SystemClock
from hanza.model.errors import NotFound
from hanza.wire.app_v1 import App, Component, app_from_yaml

LOOK_EVERY_S = 0.25
INTERRUPTED = 130
DONE = {
    "create": "created",
    "change": "changed",
    "replace": "begins anew",
    "end": "ending",
    "none": "unchanged",
}
COLUMNS = [
    *("name", "law", "site", "provider", "runs"),
    *("state", "power", "boot", "heard", "reach"),
]
SPARE = ["runs", "provider", "boot", "heard", "law", "power"]
"""What a narrow terminal goes without, the first of them first."""
RUNS = {"kvm": "kvm", "tcg": "emulated"}
FileArgument = Annotated[Path, typer.Argument(help="The app as YAML.", exists=True, dir_okay=False)]


def apply(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    file: FileArgument,
    tenant: TenantOption = TENANT,
    wait: Annotated[bool, typer.Option(help="Wait until all of it has booted.")] = False,
    keep: KeepOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = 900,
    output: OutputOption = Output.table,
) -> None:
    """Have what the file says: create what is missing, change what differs, end what left it."""
    app = app_from_yaml(read_file(file), str(file))
    with connect(context) as client:
        quote = quote_of(client, tenant, app, keep=keep)
        show_warnings(quote["warnings"])
        harms = harms_of(quote)
        if harms and not yes and sys.stdin.isatty():
            typer.confirm(f"{harms}. Go on?", abort=True, err=True)
        if all(one["change"] == "none" for one in quote["items"]):
            changes = {one.name: "unchanged" for one in app.components}
        elif app.name is None:
            changes = {
                one.name: _apply_one(client, tenant, app.workspace, one) for one in app.components
            }
        else:
            changes = _apply_whole(client, tenant, app, keep=keep)
        records = _applied(app, quote, changes)
        show(records, ["name", "law", "change"], output, "nothing in the file")
        if output is Output.table and not wait and set(changes.values()) != {"unchanged"}:
            print(f"Follow with: hanza status --watch -w {app.workspace}")
        if wait:
            say = print if output is Output.table else _say_nothing
            _wait_for_boot(client, tenant, app, timeout, say)


def status(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    follow: Annotated[
        bool, typer.Option("--watch", help="Follow until all of it is as it was asked for.")
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="All columns, and the last line each guest said.")
    ] = False,
    timeout: TimeoutOption = 900,
    output: OutputOption = Output.table,
) -> None:
    """Show what runs where, and how it is."""
    with connect(context) as client:

        def look() -> list[Record]:
            return [_flat(one) for one in list_instances(client, tenant, workspace)]

        if follow:
            news = News(client, f"/tenants/{tenant}/events", time.monotonic() + timeout)
            empty = nothing_in(client, tenant, workspace)
            try:
                watch(news, look, partial(_columns, wide=wide), output, empty)
            except KeyboardInterrupt:
                raise typer.Exit(INTERRUPTED) from None
            return
        records = look()
        empty = EMPTY if records else nothing_in(client, tenant, workspace)
        volumes = [] if output is Output.json else list_waiting(client, tenant, workspace)
    _show_status(records, output, empty, wide=wide)
    for words in words_of_waiting(volumes):
        print(words)


def _show_status(records: list[Record], output: Output, empty: str, *, wide: bool) -> None:
    if output is Output.json:
        show(records, [], output, empty)
        return
    show([for_people(one) for one in records], _columns(records, wide=wide), output, empty)
    for record in records:
        if record["reason"]:
            print(f"{record['name']}: {record['reason']}  [{record['reasonCode']}]")
    for words in (*silence_of(records), *pending_of(records)):
        print(words)


def _columns(records: Sequence[Record], *, wide: bool) -> list[str]:
    """What fits the terminal, where there is one; the workspace only where there are several."""
    several = len({one["workspace"] for one in records}) > 1
    columns = ["workspace", *COLUMNS] if several else COLUMNS
    if wide:
        return [*columns, "serial"]
    if not sys.stdout.isatty():
        return columns
    return fitting([for_people(one) for one in records], columns, SPARE, console().width)


def _applied(app: App, quote: dict[str, Any], changes: Mapping[str, str]) -> list[Record]:
    """What became of each, with the law that it stands under by the plan."""
    laws = {one["name"]: one["law"] for one in quote["items"]}
    countries = {one.name: one.country for one in app.components}
    return [
        {"name": name, "country": countries.get(name), "law": laws.get(name), "change": change}
        for name, change in changes.items()
    ]


def app_of(document: dict[str, Any]) -> str | None:
    """The app that an instance is a part of."""
    name: str | None = document["spec"].get("app")
    return name


def _apply_one(client: Client, tenant: str, workspace: str, component: Component) -> str:
    path = path_of(tenant, workspace, component.name)
    before = _generation(client, path)
    is_new, document = client.put(path, {"spec": component.spec})
    same = before == document["metadata"].get("generation")
    return "created" if is_new else "unchanged" if same else "changed"


def _apply_whole(client: Client, tenant: str, app: App, *, keep: bool) -> dict[str, str]:
    """All of it in one request, so that it is placed as one."""
    path = f"/tenants/{tenant}/workspaces/{app.workspace}/apps/{app.name}"
    document = {"instances": {one.name: one.spec for one in app.components}, "keep": keep}
    _, answer = client.put(path, document)
    return {one["name"]: DONE[one["change"]] for one in answer["items"]}


def _generation(client: Client, path: str) -> int | None:
    try:
        generation: int = client.get(path)["metadata"]["generation"]
    except NotFound:
        return None
    return generation


def _wait_for_boot(
    client: Client, tenant: str, app: App, timeout: float, say: Callable[[str], None]
) -> None:
    said: set[str] = set()
    wanted = {component.name: component for component in app.components}
    started = time.monotonic()

    def is_done() -> bool:
        for one in list_instances(client, tenant, app.workspace):
            record = _flat(one)
            name = record["name"]
            if name in wanted and name not in said and _is_up(record, wanted[name]):
                said.add(name)
                elapsed = time.monotonic() - started
                say(f"{elapsed:6.1f} s  {name} at {record['site']}: {record['serial']}")
        return said >= wanted.keys()

    if not wait_until(is_done, timeout):
        missing = ", ".join(sorted(wanted.keys() - said))
        raise TimedOut(
            f"{missing} did not come up within {timeout:.0f} s", hint="hanza status says why"
        )


def _is_up(record: Record, wanted: Component) -> bool:
    if record["state"] != "active" or record["power"] != wanted.power:
        return False
    return wanted.power == "off" or record["boot"] == "seen"


def wait_until(is_done: Callable[[], bool], timeout: float) -> bool:
    """Whether it came to be in time."""
    pause = threading.Event()
    give_up_at = time.monotonic() + timeout
    while not is_done():
        if time.monotonic() >= give_up_at:
            return False
        pause.wait(LOOK_EVERY_S)
    return True


def list_instances(client: Client, tenant: str, workspace: str | None) -> list[dict[str, Any]]:
    """Of one workspace, or of all."""
    inside = f"/workspaces/{workspace}" if workspace else ""
    return client.items(f"/tenants/{tenant}{inside}/instances")


def find_instance(client: Client, tenant: str, workspace: str | None, name: str) -> dict[str, Any]:
    found = choose_instances(client, tenant, workspace, [name])
    if len(found) > 1:
        raise NotFound(f"{name!r} is in several workspaces", hint="say which with --workspace")
    return found[0]


def find_instances(
    client: Client, tenant: str, workspace: str | None, name: str
) -> list[dict[str, Any]]:
    """The instance of that name, or those of the component or app.  Raises `NotFound`."""
    documents = list_instances(client, tenant, workspace)
    found = [one for one in documents if one["metadata"]["name"] == name]
    found = found or [one for one in documents if one["spec"].get("component") == name]
    found = found or [one for one in documents if app_of(one) == name]
    if found:
        return found
    if not documents:
        raise NotFound(nothing_in(client, tenant, workspace))
    raise no_such(documents, name)


def choose_instances(
    client: Client, tenant: str, workspace: str | None, names: list[str] | None
) -> list[dict[str, Any]]:
    """Those of the names, each of an instance, an app or a component; all where none is named."""
    documents = list_instances(client, tenant, workspace)
    if not names:
        return documents
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        mine = [one for one in documents if one["metadata"]["name"] == name]
        mine = mine or [one for one in documents if app_of(one) == name]
        mine = mine or [one for one in documents if one["spec"].get("component") == name]
        if not mine:
            raise no_such(documents, name)
        found |= {one["metadata"]["id"]: one for one in mine}
    return list(found.values())


def _flat(document: dict[str, Any]) -> Record:
    metadata, spec, status = document["metadata"], document["spec"], document["status"]
    place = status["placement"] or {}
    return {
        "name": metadata["name"],
        "workspace": metadata["workspace"],
        "country": spec["country"],
        "law": status["law"],
        "site": place.get("site"),
        "city": place.get("city"),
        "provider": place.get("provider"),
        "host": place.get("host"),
        "accelerator": place.get("accelerator"),
        "runs": RUNS.get(place.get("accelerator", ""), "-"),
        "reach": reach(place.get("address"), spec["ports"]),
        "state": status["state"],
        "power": status["power"],
        "wantedPower": spec["power"],
        "boot": status["boot"],
        "heard": ago(place["heardAt"], SystemClock().now()) if place else None,
        "heardAt": place.get("heardAt"),
        "pendingSince": status["pendingSince"],
        "isHeard": place.get("isHeard", True),
        "trouble": place.get("trouble"),
        "reason": status["reason"],
        "reasonCode": status["reasonCode"],
        "serial": last_line(status["serialTail"]),
        "id": metadata["id"],
    }


def path_of(tenant: str, workspace: str, name: str) -> str:
    """Where one instance is asked for."""
    return f"/tenants/{tenant}/workspaces/{workspace}/instances/{name}"


def _say_nothing(_: str) -> None:
    pass
