"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

from hanza.cli.client import Client, default_context, read_context
from hanza.cli.logged_in import refresh_if_due
from hanza.cli.render import Output

OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table, or JSON.")]
TenantOption = Annotated[str, typer.Option(help="Whose.", envvar="HANZA_TENANT")]
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
    named = context.find_root().params.get("context")
    path = Path(named) if named else default_context()
    refresh_if_due(path)
    return Client(read_context(path))
