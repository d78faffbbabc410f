"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

from hanza.cli.client import Client, default_context, read_content, read_context
from hanza.cli.logged_in import refresh_if_due
from hanza.cli.render import Output
from hanza.model.errors import NotFound


def _of_context(
    context: typer.Context, option: typer.CallbackParam, given: str | None
) -> str | None:
    """What was said, or else whom the context that was handed over is for."""
    name = str(option.name)
    source = context.get_parameter_source(name)
    if context.resilient_parsing or source is None or source.name != "DEFAULT":
        return given
    try:
        said = read_content(_path_of(context)).get(name)
    except NotFound:
        return given  # whoever asks a plane is told then
    return said if isinstance(said, str) else given


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table, or JSON.")]
TenantOption = Annotated[
    str,
    typer.Option(help="Whose; the context's own.", envvar="HANZA_TENANT", callback=_of_context),
]
AnyTenantOption = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        help="What this tenant is told; the context's own.",
        envvar="HANZA_TENANT",
        callback=_of_context,
    ),
]
ProviderOption = Annotated[
    str | None,
    typer.Option(
        help="For whom you act; the context's own, or the named sites'.",
        envvar="HANZA_PROVIDER",
        callback=_of_context,
    ),
]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", "-w", help="One workspace; all of them by default.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
TimeoutOption = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep what is of this app and no longer in the file.")
]
TENANT = "default"


def connect(context: typer.Context) -> Client:
    """A client for the plane that `--context` names."""
    path = _path_of(context)
    refresh_if_due(path)
    return Client(read_context(path))


def _path_of(context: typer.Context) -> Path:
    named = context.find_root().params.get("context")
    return Path(named) if named else default_context()
