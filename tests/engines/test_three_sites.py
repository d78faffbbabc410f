"""End to end with three real libvirt sites: apply, boot, a cut that harms nobody, nothing left."""

import urllib.request
from collections.abc import Iterator

import pytest

from hanza.boot.demo import plane
from hanza.boot.lab import lab, network
from kit.labs import FIRST_GUEST_PORT, World, a_demo, bring_up, domains, running, until

GUESTS = {"kava": "HR", "brezel": "DE", "stroopwafel": "NL"}
BOOT_S = 180
SETTLE_S = 60
FIRST_WITHIN_S = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = a_demo(tmp_path_factory.mktemp("three"), sites=3, guests=GUESTS)
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


@pytest.mark.timeout(600)
def test_each_guest_boots_under_the_law_it_asked_for(world: World) -> None:
    rows = world.rows()
    assert {name: row["country"] for name, row in rows.items()} == GUESTS
    assert {row["site"] for row in rows.values()} == {"hr-zag-1", "de-fra-1", "nl-ams-1"}
    assert all(name in str(row["serial"]) for name, row in rows.items())
    assert [len(running(site)) for site in world.sites] == [1, 1, 1]


@pytest.mark.timeout(600)
def test_from_the_tokens_to_the_first_guests_it_is_no_minute(world: World) -> None:
    """With the doctor, who boots a guest at each site before its token is spent."""
    steps = ("registered", "agents joined", "applied", "every guest booted")
    took = {step: seconds for step, seconds in world.took.items() if any(w in step for w in steps)}
    assert len(took) == len(steps), world.took
    assert sum(took.values()) <= FIRST_WITHIN_S, took


@pytest.mark.timeout(120)
def test_each_guest_answers_at_its_sites_address_with_its_own_page(world: World) -> None:
    """From the plane's machine, by real requests through the published ports."""
    for port, (name, site) in enumerate(zip(GUESTS, world.sites, strict=True), FIRST_GUEST_PORT):
        assert world.rows()[name]["reach"] == f"{site.address}:{port}"
        with urllib.request.urlopen(f"http://{site.address}:{port}/", timeout=30) as answer:
            assert f"hanza guest {name} (" in answer.read().decode()


@pytest.mark.timeout(600)
def test_each_site_has_fetched_the_image_once_from_the_plane(world: World) -> None:
    for site in world.sites:
        laid = [path for path in (site.folder / "images").iterdir() if len(path.name) == 64]
        assert len(laid) == 1
        log = (site.place.logs / f"{site.name}.agent.log").read_text()
        assert log.count("image.laid") == 1


@pytest.mark.timeout(600)
def test_a_cut_site_keeps_its_guest_and_holds_up_nobody(world: World) -> None:
    cut = world.sites[0]
    before = running(cut)
    network.cut(cut)
    wanted = {**GUESTS, "burek": "HR", "spaetzle": "DE"}
    world.apply(wanted)
    world.await_boots({"spaetzle"}, BOOT_S)
    assert running(cut) == before
    assert world.boots()["burek"] != "seen"

    network.plug(cut)
    world.await_boots(set(wanted), BOOT_S)
    assert set(before) < set(running(cut))


@pytest.mark.timeout(600)
def test_destroying_leaves_nothing_at_any_site(world: World) -> None:
    for name in world.rows():
        plane.destroy(world.demo, name)
    until(lambda: not any(map(domains, world.sites)), SETTLE_S, lambda: world.rows())
    left = [path for site in world.sites for path in (site.folder / "pool").rglob("*")]
    assert [path for path in left if path.is_file() and path.name != "lock"] == []
    until(lambda: not world.rows(), SETTLE_S, lambda: world.rows())


@pytest.mark.timeout(120)
def test_down_leaves_nothing(world: World) -> None:
    lab.down(world.demo.place)
    assert lab.look(world.demo.place).is_nothing
