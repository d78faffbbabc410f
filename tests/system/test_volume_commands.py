"""Volumes by the commands that the page of volumes tells, at a site with a fake engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

FILE = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
components:
  - name: db
    image: tiny
    memory: 96Mi
    disk: 64Mi
    country: DE
    replicas: 2
    volumes:
      - {name: data, size: 64Mi}
"""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        found.add_site("berlin", "DE")
        until(lambda: len(found.ask("host", "list")) == 1, "it reports", 30)
        found.add_image("tiny")
        (tmp_path / "shop.yaml").write_text(FILE)
        yield found


def volumes(league: LocalLeague) -> dict[str, Any]:
    return {one["name"]: one for one in league.ask("volume", "list")}


def test_volumes_outlive_their_app_and_end_by_order(league: LocalLeague) -> None:
    league.ask("apply", str(league.folder / "shop.yaml"), "--wait", "--timeout", "60")
    held = {name: one["instance"] for name, one in volumes(league).items()}
    assert held == {"db-1/data": "db-1", "db-2/data": "db-2"}
    refused = league.run("volume", "delete", "--yes", "db-1/data")
    assert (refused.returncode, "[in_use]" in refused.stderr) == (1, True)
    league.ask("destroy", "--yes", "--timeout", "60", "shop")
    kept = volumes(league)
    assert {(one["site"], one["instance"]) for one in kept.values()} == {("berlin", None)}
    assert all(one["device"].startswith("/dev/disk/by-id/virtio-") for one in kept.values())
    league.ask("volume", "delete", "--yes", "db-1/data")
    until(lambda: set(volumes(league)) == {"db-2/data"}, "it is gone", 30)
    gone = league.run("volume", "delete", "--yes", "db-1/data")
    assert (gone.returncode, "[not_found]" in gone.stderr) == (1, True)
    league.ask("apply", str(league.folder / "shop.yaml"), "--wait", "--timeout", "60")
    assert volumes(league)["db-2/data"]["device"] == kept["db-2/data"]["device"]
    league.ask("destroy", "--yes", "--volumes", "--timeout", "60", "shop")
    until(lambda: volumes(league) == {}, "they are gone", 30)
    assert league.ask("orphans") == []
