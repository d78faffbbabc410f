"""What `hanza volume withdraw` asks of a plane, and what it says of the answers."""

from typing import Any, cast

import pytest
import typer

from hanza.cli.client import Client
from hanza.cli.pending import show_taken_back, take_back
from hanza.cli.render import Output
from hanza.cli.waiting import list_waiting, words_of_waiting
from hanza.model import errors


class Plane:
    """Has one volume that waits to grow, and takes that back."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def items(self, path: str) -> list[dict[str, Any]]:
        self.asked.append(path)
        return [self._volume(32)]

    def post(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return self._volume(16)

    def _volume(self, size_mib: int) -> dict[str, Any]:
        return {
            "metadata": {"name": "db/data", "workspace": "shop"},
            "spec": {"sizeMiB": size_mib},
            "status": {"state": "active", "site": "zagreb"},
        }


def test_sizes_before_and_after_are_said_and_a_rehearsal_is_called_one() -> None:
    plane = Plane()
    client = cast("Client", plane)
    waiting = list_waiting(client, "acme", None)
    for dry_run, change in ((True, "would be taken back"), (False, "taken back")):
        (told,) = take_back(client, "acme", waiting, dry_run=dry_run)
        assert told["change"] == f"{change}, 32 MiB → 16 MiB"
        assert (told["name"], told["kind"], told["state"]) == ("db/data", "volume", "active")
    path = "/tenants/acme/workspaces/shop/volumes/db/data/withdrawal"
    assert plane.asked == ["/tenants/acme/volumes?waiting=true", f"{path}?dryRun=true", path]


def test_each_that_waits_is_said_with_how_to_take_it_back() -> None:
    growing = Plane().items("")[0]
    ending = growing | {"status": {"state": "deleting", "site": None}}
    back = "and is taken back by: hanza volume withdraw -w shop db/data"
    assert words_of_waiting([growing, ending]) == [
        f"volume db/data: its growth waits for zagreb, {back}",
        f"volume db/data: its end waits for its instance, {back}",
    ]


class Told(Plane):
    """Its volumes' sites know of all of it."""

    def post(self, path: str) -> dict[str, Any]:
        raise errors.Told(f"{path} is done")


def test_of_several_each_refusal_is_its_own_and_the_command_fails() -> None:
    one = Plane().items("")[0]
    web = {
        "metadata": {"name": "web", "workspace": "shop"},
        "spec": {},
        "status": {"state": "active"},
    }
    told = cast("Client", Told())
    with pytest.raises(errors.Told):
        take_back(told, "acme", [one], dry_run=False)
    records = take_back(told, "acme", [one, web], dry_run=False)
    assert [(each["kind"], each["code"]) for each in records] == [
        ("volume", "pending.told"),
        ("instance", "pending.told"),
    ]
    path = "/tenants/acme/workspaces/shop/instances/web/withdrawal"
    assert records[1]["change"] == f"not taken back: {path} is done"
    with pytest.raises(typer.Exit):
        show_taken_back(records, Output.json)
