"""`hanza destroy`: the end of instances, components and whole apps."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from hanza.cli.apps import app_of, choose_instances, list_instances, path_of, wait_until
from hanza.cli.client import Client
from hanza.cli.options import (
    TENANT,
    OutputOption,
    TenantOption,
    TimeoutOption,
    WorkspaceOption,
    YesOption,
    connect,
)
from hanza.cli.render import Output, show
from hanza.cli.watch import TimedOut
from hanza.model.errors import NotFound
from hanza.plan.brake import BRAKED


def destroy(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; all when none is named.")
    ] = None,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="End their volumes too, with all that is on them.")
    ] = False,
    yes: YesOption = False,
    wait: Annotated[bool, typer.Option(help="Wait until the sites say they are gone.")] = True,
    timeout: TimeoutOption = 120,
    output: OutputOption = Output.table,
) -> None:
    """End instances, components or whole apps, with their disks; volumes stay."""
    with connect(context) as client:
        documents = choose_instances(client, tenant, workspace, names)
        if not documents:
            show([], [], output, "nothing to destroy")
            return
        listed = ", ".join(one["metadata"]["name"] for one in documents)
        if not yes:
            what = "disks and volumes" if volumes else "disks"
            typer.confirm(f"End {listed}, with their {what}?", abort=True, err=True)
        paths = _ends(tenant, documents, names or [])
        end_all(client, [f"{path}?volumes=true" if volumes else path for path in paths])
        if wait:
            ids = {one["metadata"]["id"] for one in documents}
            _wait_until_gone(client, tenant, ids, timeout)
    done = "gone" if wait else "ending"
    records = [{"name": one["metadata"]["name"], "change": done} for one in documents]
    show(records, ["name", "change"], output, "")


def end_all(client: Client, paths: Sequence[str]) -> None:
    """What somebody else has ended meanwhile keeps none of the rest."""
    for path in paths:
        with suppress(NotFound):
            client.delete(path)


def _ends(tenant: str, documents: list[dict[str, Any]], names: list[str]) -> list[str]:
    """Where to ask for their end: a whole app is ended as one."""
    paths: dict[str, None] = {}
    for one in documents:
        inside, name, app = one["metadata"]["workspace"], one["metadata"]["name"], app_of(one)
        path = path_of(tenant, inside, name)
        if app in names and name not in names:
            path = f"/tenants/{tenant}/workspaces/{inside}/apps/{app}"
        paths[path] = None
    return list(paths)


def _wait_until_gone(client: Client, tenant: str, ids: set[str], timeout: float) -> None:
    left: list[dict[str, Any]] = []

    def is_done() -> bool:
        there = list_instances(client, tenant, None)
        left[:] = [one for one in there if one["metadata"]["id"] in ids]
        return not left

    if not wait_until(is_done, timeout):
        why = words_of_left(left)
        raise TimedOut(f"not all are gone after {timeout:.0f} s{why}", hint=hint_of_left(left))


def words_of_left(left: Sequence[dict[str, Any]]) -> str:
    """Why those that are left are there, as far as their sites have said."""
    said = (
        f"{one['metadata']['name']}: {one['status']['reason']}"
        for one in left
        if one["status"]["reason"]
    )
    return "".join(f"; {one}" for one in said)


def hint_of_left(left: Sequence[dict[str, Any]]) -> str:
    if any(one["status"]["reasonCode"] == BRAKED for one in left):
        return (
            "its provider confirms that: hanza site confirm SITE; hanza status shows what is left"
        )
    return "they end as soon as their sites are reached; hanza status shows what is left"
