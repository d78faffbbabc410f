"""What is said where what was named is not there: that it is not, and what may have been meant."""

from collections.abc import Sequence
from typing import Any

from hanza.cli.client import Client
from hanza.cli.options import TENANT
from hanza.kit.text import meant_by
from hanza.model.errors import Forbidden, NotFound

EMPTY = "nothing runs here; try: hanza apply FILE"


def nothing_in(client: Client, tenant: str, workspace: str | None) -> str:
    """In words, that nothing runs there.  Raises `NotFound` for a tenant that is not there."""
    refuse_absent_tenant(client, tenant)
    if workspace is None:
        return EMPTY
    used = {one["metadata"]["workspace"] for one in client.items(f"/tenants/{tenant}/instances")}
    if not used:
        return EMPTY
    meant = meant_by(workspace, used)
    others = f"perhaps {meant}" if meant else f"something runs in {', '.join(sorted(used))}"
    return f"nothing runs in workspace {workspace}; {others}"


def refuse_absent_tenant(client: Client, tenant: str) -> None:
    """Raises `NotFound`, with those that there are where they may be known."""
    if tenant == TENANT:
        return  # whoever runs a plane alone never has to add it
    try:
        client.get(f"/tenants/{tenant}")
    except NotFound as error:
        raise NotFound(f"there is no tenant {tenant}", hint=_tenants(client, tenant)) from error


def _tenants(client: Client, tenant: str) -> str | None:
    try:
        names = sorted({TENANT, *(one["metadata"]["name"] for one in client.items("/tenants"))})
    except Forbidden:
        return None
    meant = meant_by(tenant, names)
    return f"perhaps {meant}" if meant else f"the tenants are {', '.join(names)}"


def no_such(documents: Sequence[dict[str, Any]], name: str) -> NotFound:
    """That nothing of these is called so: no instance, component or app."""
    known = {one["metadata"]["name"] for one in documents}
    known |= {one["spec"].get("component") or one["metadata"]["name"] for one in documents}
    known |= {one["spec"].get("app") or one["metadata"]["name"] for one in documents}
    meant = meant_by(name, known)
    perhaps = f"perhaps {meant}; " if meant else ""
    text = f"there is no instance {name}, and no component or app of that name"
    return NotFound(text, hint=f"{perhaps}hanza status lists them")
