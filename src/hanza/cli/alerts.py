"""`hanza alert`: who is woken for what, and which alerts did not arrive."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hanza.cli.members import write_secret
from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show, show_one

alert = typer.Typer(help="Alerts: what somebody is woken for.", no_args_is_help=True)
hook = typer.Typer(help="Where alerts are posted.", no_args_is_help=True)
alert.add_typer(hook, name="hook")


@alert.command("list")
def list_alerts(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List the alerts: those first that did not arrive, then the newest."""
    with connect(context) as client:
        found = client.items("/alerts")
    columns = ["at", "state", "hook", "kind", "text", "tries", "error"]
    show(found, columns, output, "no alert yet; where they go: hanza alert hook add")


@alert.command("retry")
def retry_alerts(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Have those that were given up tried anew."""
    with connect(context) as client:
        client.post("/alerts/retry")
    show_one({"retried": True}, output, "they are tried anew: hanza alert list")


@hook.command("add")
def add_hook(
    context: typer.Context,
    name: str,
    url: Annotated[str, typer.Argument(help="https://…, to which alerts are posted.")],
    private: Annotated[
        bool, typer.Option("--private", help="Plain HTTP and addresses of a LAN may be used.")
    ] = False,
    file: Annotated[Path | None, typer.Option(help="Write the secret here, 0600.")] = None,
    output: OutputOption = Output.table,
) -> None:
    """Have alerts posted there too; the secret that signs them is shown once."""
    with connect(context) as client:
        _, document = client.put(
            f"/alert-hooks/{name}", {"spec": {"url": url, "isPrivate": private}}
        )
    secret = document.get("secret")
    if secret and file is not None:
        write_secret(file, secret + "\n")
        document = {key: value for key, value in document.items() if key != "secret"}
    told = f"; its secret: {secret}" if secret and file is None else ""
    show_one(document, output, f"hook {name} posts to {url}{told}")


@hook.command("list")
def list_hooks(context: typer.Context, output: OutputOption = Output.table) -> None:
    """List where alerts go."""
    with connect(context) as client:
        found: list[dict[str, Any]] = client.items("/alert-hooks")
    show(found, ["name", "url", "isPrivate"], output, "no hook yet: hanza alert hook add")


@hook.command("remove")
def remove_hook(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Post there no longer; what is on its way is forgotten."""
    with connect(context) as client:
        client.delete(f"/alert-hooks/{name}")
    show_one({"name": name}, output, f"hook {name} is removed")


@hook.command("test")
def try_hook(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Send one alert, to see whether it arrives."""
    with connect(context) as client:
        client.post(f"/alert-hooks/{name}/test")
    show_one({"name": name}, output, "sent in a moment; see whether it arrived: hanza alert list")
