"""What a file would change, asked of the plane: `hanza plan` shows it, `hanza apply` acts on it."""

from typing import Any

from hanza.cli.client import Client
from hanza.wire.app_v1 import App

HARMS = {"end": "end", "replace": "begin anew, with an empty disk"}


def quote_of(client: Client, tenant: str, app: App, *, keep: bool = False) -> dict[str, Any]:
    """The plane's answer.  Raises whatever applying it would be refused with."""
    asked: dict[str, Any] = {"instances": {one.name: one.spec for one in app.components}}
    if app.name is not None:
        asked |= {"app": app.name, "keep": keep}
    quote: dict[str, Any] = client.post(
        f"/tenants/{tenant}/workspaces/{app.workspace}/quotes", asked
    )
    return quote


def harms_of(quote: dict[str, Any]) -> str | None:
    """What would be lost, as a sentence; None when nothing would."""
    parts = []
    for change, words in HARMS.items():
        names = [one["name"] for one in quote["items"] if one["change"] == change]
        if names:
            parts.append(f"{', '.join(names)} would {words}")
    return "; ".join(parts) or None
