"""Volumes from the command line to a real guest and back: seen, counted, kept, ended for good."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hanza.boot.demo import plane
from hanza.boot.lab import lab
from kit.labs import World, a_demo, bring_up, domains, until

BOOT_S = 180
SETTLE_S = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = a_demo(tmp_path_factory.mktemp("volumes"), sites=1, guests={"kava": "HR"})
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


def apply(world: World, folder: Path, memory: str, size: str) -> None:
    component = {"name": "db", "image": "tiny", "country": "HR", "memory": memory, "disk": "64Mi"}
    component |= {"volumes": [{"name": "data", "size": size}]}
    app = {"apiVersion": "hanza.app/v1", "name": "shop", "workspace": "demo"}
    file = folder / "shop.yaml"
    file.write_text(yaml.safe_dump(app | {"components": [component]}))
    plane.call(world.demo, "apply", str(file), "--yes")


def volumes(world: World) -> dict[str, Any]:
    found = plane.call(world.demo, "volume", "list")
    assert isinstance(found, list)
    return {one["name"]: one for one in found}


def said(world: World) -> str:
    """All that guests have said at the site, from the files that libvirt writes."""
    logs = (world.sites[0].folder / "serial").glob("*.log")
    return "".join(log.read_bytes().decode(errors="replace") for log in logs)


def await_word(world: World, word: str) -> None:
    until(lambda: word in said(world), BOOT_S, lambda: (word, said(world)[-2000:]))


def files(world: World) -> list[str]:
    pool = world.sites[0].folder / "pool"
    return sorted(path.name for path in pool.rglob("volumes/*"))


@pytest.mark.timeout(600)
def test_a_guest_sees_its_volume_and_the_next_run_finds_what_was_written(
    world: World, tmp_path: Path
) -> None:
    apply(world, tmp_path, "96Mi", "24Mi")
    device = volumes(world)["db/data"]["device"]
    serial = device.removeprefix("/dev/disk/by-id/virtio-")
    await_word(world, f"hanza disk {serial}: 24 MiB, boot 1 with it")
    until(lambda: volumes(world)["db/data"]["instance"] == "db", SETTLE_S, lambda: volumes(world))
    apply(world, tmp_path, "112Mi", "32Mi")
    await_word(world, f"hanza disk {serial}: 32 MiB, boot 2 with it")
    assert len(files(world)) == 1


@pytest.mark.timeout(600)
def test_a_volume_outlives_its_app_and_ends_by_order_only(world: World, tmp_path: Path) -> None:
    kept = files(world)
    plane.destroy(world.demo, "shop")
    until(lambda: len(domains(world.sites[0])) == 1, SETTLE_S, lambda: world.rows())
    found = volumes(world)["db/data"]
    assert (found["state"], found["site"], found["instance"]) == ("active", "hr-zag-1", None)
    assert files(world) == kept
    apply(world, tmp_path, "96Mi", "32Mi")
    serial = found["device"].removeprefix("/dev/disk/by-id/virtio-")
    await_word(world, f"hanza disk {serial}: 32 MiB, boot 3 with it")
    plane.call(world.demo, "destroy", "shop", "--volumes", "--yes")
    until(lambda: volumes(world) == {}, SETTLE_S, lambda: volumes(world))
    assert files(world) == []
