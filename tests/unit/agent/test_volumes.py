"""Volumes in a pass over a fake site: what waits for what, what is told, and what is doubted."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from hanza.agent.converge import Converger
from hanza.agent.doubts import GRACE
from hanza.drivers.fake import Fault
from hanza.model.ids import VolumeId
from hanza.model.image import Bundle
from hanza.model.manifest import Entry, Manifest
from hanza.model.report import View
from hanza.model.verdict import Again
from hanza.model.volume import SeenVolume, Stay, VolumeEntry, VolumeTombstone
from hanza.plan.steps import IMAGE_FETCHING, Blocked
from kit.agent_worlds import HOST, US, World, a_manifest, a_spec, an_entry

BOOT, DATA = Stay(VolumeId("vo_boot"), 1), Stay(VolumeId("vo_data"), 1)
GUEST = replace(
    an_entry(),
    spec=replace(a_spec(), boot_volume=BOOT.volume, image="tiny"),
    volumes=(DATA.volume,),
)


def kept(stay: Stay, image: str = "blank", *, is_made: bool = False) -> VolumeEntry:
    return VolumeEntry(stay, HOST, 64, image, is_made)


def wanting(*entries: Entry, volumes: Iterable[VolumeEntry | VolumeTombstone]) -> Manifest:
    return a_manifest(entries, others=volumes)


def settled(converger: Converger, manifest: Manifest) -> View:
    view, verdict = converger.run_pass(manifest)
    while isinstance(verdict, Again):
        view, verdict = converger.run_pass(manifest)
    return view


def seen(view: View, stay: Stay) -> SeenVolume:
    (one,) = [one for one in view.volumes if one.stay == stay]
    return one


class OneImage:
    """A shelf to which one image is on its way."""

    def __init__(self) -> None:
        self.is_here = False
        self.used: Collection[str] = ()

    def want(self, bundles: Iterable[Bundle], used: Collection[str]) -> None:
        del bundles
        self.used = used

    def lacking(self, image: str) -> Blocked | None:
        if image != "tiny" or self.is_here:
            return None
        return Blocked(IMAGE_FETCHING, "the image is on its way")


def test_a_guest_starts_with_its_volumes_and_all_of_it_is_told() -> None:
    world = World()
    converger = Converger(world.driver, world.clock)
    view = settled(converger, wanting(GUEST, volumes=[kept(BOOT, "tiny"), kept(DATA)]))
    assert [(one.presence, one.power) for one in view.seen] == [("present", "on")]
    assert [(one.presence, one.size_mib) for one in view.volumes] == [("present", 64)] * 2
    guest = world.guests()[0]
    with world.site.look() as site:
        rows = list(site.state.volumes.values())
        assert {row.attached_to for row in rows} == set(site.state.guests)
    assert guest[1] == "on"


def test_a_volume_waits_for_its_image_and_the_guest_says_for_what() -> None:
    world, shelf = World(), OneImage()
    converger = Converger(world.driver, world.clock, shelf=shelf)
    manifest = wanting(GUEST, volumes=[kept(BOOT, "tiny"), kept(DATA)])
    view = settled(converger, manifest)
    for problem in (seen(view, BOOT).problem, view.seen[0].problem):
        assert problem is not None
        assert problem.code == IMAGE_FETCHING
    assert seen(view, DATA).presence == "present"
    shelf.is_here = True
    assert settled(converger, manifest).seen[0].presence == "present"
    settled(converger, manifest)
    assert "tiny" in shelf.used


def test_what_lies_over_an_image_keeps_it_when_no_guest_does() -> None:
    world, shelf = World(), OneImage()
    shelf.is_here = True
    converger = Converger(world.driver, world.clock, shelf=shelf)
    settled(converger, wanting(volumes=[kept(BOOT, "tiny")]))
    settled(converger, wanting(volumes=[]))
    assert set(shelf.used) == {"tiny"}


def test_a_guest_whose_volume_has_no_room_says_so_as_its_own() -> None:
    world = World()
    converger = Converger(world.driver, world.clock)
    world.site.order(Fault("create_volume", kind="exhausted"))
    view, _ = converger.run_pass(wanting(GUEST, volumes=[kept(BOOT)]))
    view, _ = converger.run_pass(wanting(GUEST, volumes=[kept(BOOT)]))
    problem = view.seen[0].problem
    assert problem is not None
    assert (view.seen[0].presence, problem.code) == ("absent", "driver.exhausted")
    assert "its volume" in problem.text


def test_a_volume_that_may_yet_appear_is_not_called_absent() -> None:
    world = World()
    converger = Converger(world.driver, world.clock)
    world.site.order(Fault("create_volume", kind="mute"))
    converger.run_pass(wanting(volumes=[kept(BOOT)]))
    ending = wanting(volumes=[VolumeTombstone(BOOT)])
    view, _ = converger.run_pass(ending)
    assert (seen(view, BOOT).role, seen(view, BOOT).presence) == ("end", "unknown")
    world.clock.advance(GRACE - timedelta(seconds=1))
    assert seen(converger.run_pass(ending)[0], BOOT).presence == "unknown"
    world.clock.advance(timedelta(seconds=1))
    assert seen(converger.run_pass(ending)[0], BOOT).presence == "absent"


def test_what_was_refused_for_sure_leaves_no_doubt() -> None:
    world = World()
    converger = Converger(world.driver, world.clock)
    world.site.order(Fault("create_volume", kind="unavailable"))
    converger.run_pass(wanting(volumes=[kept(BOOT)]))
    view, _ = converger.run_pass(wanting(volumes=[VolumeTombstone(BOOT)]))
    assert seen(view, BOOT).presence == "absent"


def test_before_the_first_good_look_nothing_is_known() -> None:
    world = World()
    world.site.order(Fault("survey", kind="unavailable"))
    manifest = wanting(volumes=[kept(BOOT), VolumeTombstone(DATA)])
    view, _ = Converger(world.driver, world.clock).run_pass(manifest)
    assert [(one.role, one.presence) for one in view.volumes] == [
        ("keep", "unknown"),
        ("end", "unknown"),
    ]


def test_what_nobody_ordered_is_left_and_told() -> None:
    world = World()
    with world.site.open() as site:
        site.add_volume(US, VolumeId("vo_stray"), HOST, 8)
        site.add_volume("fe_them", VolumeId("vo_theirs"), HOST, 8)
    view = settled(Converger(world.driver, world.clock), wanting(volumes=[]))
    assert [(one.volume, one.size_mib) for one in view.orphan_volumes] == [("vo_stray", 8)]
    with world.site.look() as site:
        assert len(site.state.volumes) == 2


def test_lost_bytes_are_told_by_the_volume_and_by_whoever_wants_it() -> None:
    world = World()
    converger = Converger(world.driver, world.clock)
    view = settled(converger, wanting(GUEST, volumes=[kept(BOOT), kept(DATA, is_made=True)]))
    assert (seen(view, DATA).presence, view.seen[0].presence) == ("absent", "absent")
    for problem in (seen(view, DATA).problem, view.seen[0].problem):
        assert problem is not None
        assert problem.code == "volume.lost"
