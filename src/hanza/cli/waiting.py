"""Volumes of which something waits for a site: looked up, and said below `hanza status`."""

from collections.abc import Iterable
from typing import Any

from hanza.cli.client import Client


def list_waiting(client: Client, tenant: str, workspace: str | None) -> list[dict[str, Any]]:
    """Those of one workspace, or of all."""
    inside = f"/workspaces/{workspace}" if workspace else ""
    return client.items(f"/tenants/{tenant}{inside}/volumes?waiting=true")


def words_of_waiting(volumes: Iterable[dict[str, Any]]) -> list[str]:
    """A sentence for each, with how to take it back."""
    told = []
    for one in volumes:
        name, workspace = one["metadata"]["name"], one["metadata"]["workspace"]
        what = "its end" if one["status"]["state"] == "deleting" else "its growth"
        # One that is nowhere ends when the instance is gone that still names it.
        site = one["status"]["site"] or "its instance"
        told.append(
            f"volume {name}: {what} waits for {site}, and is taken back by:"
            f" hanza volume withdraw -w {workspace} {name}"
        )
    return told
