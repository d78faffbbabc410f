"""Images at a site: each blob fetched once, whole or not there, gone when nobody needs it."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.agent.converge import LOOK_WHILE_FETCHING, Converger
from hanza.agent.images import KEEP_UNUSED_FOR, UNAVAILABLE, Images
from hanza.kit.clock import ManualClock
from hanza.model.errors import Unavailable
from hanza.model.image import Blob, Bundle
from hanza.model.verdict import Again, Later
from hanza.plan.converge import IMAGE_FETCHING, Blocked
from hanza.plan.image import bundle_of
from kit.agent_worlds import START, World, a_manifest, an_entry
from kit.images import a_blob, a_qcow2

DISK, KERNEL, INITRD = a_qcow2(), b"k" * 3000, b"i" * 2000
ONE = bundle_of(a_blob(DISK), a_blob(KERNEL), a_blob(INITRD), "quiet")
OTHER = bundle_of(None, a_blob(KERNEL), a_blob(INITRD), "loud")


class Plane:
    """Has blobs, counts what it gives, and fails as told."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {a_blob(content).id: content for content in contents}
        self.asked: list[tuple[str, int]] = []
        self.cut_after: int | None = None

    def __call__(self, blob: Blob, offset: int) -> Iterator[bytes]:
        self.asked.append((blob.id, offset))
        if blob.id not in self.contents:
            raise Unavailable("this blob is not here")
        content = self.contents[blob.id][offset:]
        if self.cut_after is not None:
            yield content[: self.cut_after]
            raise Unavailable("the connection was cut")
        for at in range(0, len(content), 1000):
            yield content[at : at + 1000]


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(START)
        self.plane = Plane(DISK, KERNEL, INITRD)
        self.hints: list[None] = []
        self.images = self.start()

    def start(self) -> Images:
        """As after a crash: all but the disk is forgotten."""
        self.images = Images(self.folder, self.plane, self.clock, lambda: self.hints.append(None))
        return self.images

    def bring(self, *bundles: Bundle, used: tuple[str, ...] = ()) -> None:
        self.images.want(bundles, used)
        self.images.run_once()
        self.images.want(bundles, used)

    def files(self) -> set[str]:
        return {
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()
        }


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "images"
    folder.mkdir()
    return Site(folder)


def blocked(site: Site, bundle: Bundle = ONE) -> Blocked:
    found = site.images.lacking(bundle.id)
    assert found is not None
    return found


def test_a_bundle_is_laid_whole_under_its_hash(site: Site) -> None:
    site.images.want([ONE], ())
    assert blocked(site).code == IMAGE_FETCHING
    assert site.images.wake.is_set()
    site.bring(ONE)
    assert site.images.lacking(ONE.id) is None
    folder = site.folder / ONE.id
    assert (folder / "disk.qcow2").read_bytes() == DISK
    assert (folder / "kernel").read_bytes() == KERNEL
    assert (folder / "initrd").read_bytes() == INITRD
    assert (folder / "cmdline").read_text() == "quiet\n"
    assert site.hints


def test_a_blob_is_fetched_once_however_many_bundles_need_it(site: Site) -> None:
    site.bring(ONE, OTHER)
    site.bring(ONE, OTHER)
    assert site.images.lacking(ONE.id) is None
    assert site.images.lacking(OTHER.id) is None
    assert len(site.plane.asked) == 3
    assert not (site.folder / OTHER.id / "disk.qcow2").exists()


def test_what_was_laid_is_known_after_a_crash_and_half_a_laying_is_gone(site: Site) -> None:
    site.bring(ONE)
    half = site.folder / f".laying-{OTHER.id}"
    half.mkdir()
    (half / "kernel").touch()
    site.start()
    assert not half.exists()
    site.images.want([ONE], ())
    assert site.images.lacking(ONE.id) is None
    assert len(site.plane.asked) == 3


def test_a_cut_fetch_goes_on_where_it_stopped(site: Site) -> None:
    site.plane.cut_after = 1200
    site.bring(OTHER)
    assert blocked(site, OTHER).code == UNAVAILABLE
    assert "cut" in blocked(site, OTHER).text
    site.plane.cut_after = None
    site.start().want([OTHER], ())
    site.clock.advance(timedelta(minutes=2))
    site.bring(OTHER)
    assert site.images.lacking(OTHER.id) is None
    assert site.plane.asked[1] == (site.plane.asked[0][0], 1200)


def test_a_plane_that_ends_early_is_asked_again_for_the_rest(site: Site) -> None:
    site.plane.contents[a_blob(KERNEL).id] = KERNEL[:1000]
    site.bring(OTHER)
    assert "cut short" in blocked(site, OTHER).text
    site.plane.contents[a_blob(KERNEL).id] = KERNEL
    site.clock.advance(timedelta(minutes=2))
    site.bring(OTHER)
    assert site.images.lacking(OTHER.id) is None


@pytest.mark.parametrize("forged", [b"x" * len(KERNEL), KERNEL + b"x", KERNEL[:-1] + b"x"])
def test_what_is_not_what_its_hash_says_is_thrown_away(site: Site, forged: bytes) -> None:
    site.plane.contents[a_blob(KERNEL).id] = forged
    site.bring(OTHER)
    assert "SHA-256" in blocked(site, OTHER).text
    assert not any("part" in name for name in site.files())
    assert not (site.folder / OTHER.id).exists()
    site.plane.contents[a_blob(KERNEL).id] = KERNEL
    site.clock.advance(timedelta(minutes=2))
    site.bring(OTHER)
    assert site.images.lacking(OTHER.id) is None


def test_failures_are_asked_again_ever_more_slowly(site: Site) -> None:
    site.plane.contents.clear()
    site.images.want([OTHER], ())
    pauses = []
    for _ in range(4):
        pauses.append(site.images.run_once())
        site.images.run_once()
        site.clock.advance(pauses[-1])
    assert pauses == sorted(set(pauses))
    assert len(site.plane.asked) == 4


@pytest.mark.parametrize(
    "bundle",
    [
        replace(ONE, cmdline="init=/bin/sh"),
        replace(ONE, id="../../etc"),
        replace(ONE, disk=Blob(a_blob(b"x" * 200).id, 200)),
        bundle_of(a_blob(a_qcow2(backing=512)), None, None, ""),
    ],
)
def test_a_bundle_that_is_not_as_named_or_reaches_out_is_refused(
    site: Site, bundle: Bundle
) -> None:
    site.plane.contents[a_blob(a_qcow2(backing=512)).id] = a_qcow2(backing=512)
    site.bring(bundle)
    assert blocked(site, bundle).code == "driver.rejected"
    assert [path.name for path in site.folder.iterdir()] == [".blobs"]


def test_an_image_that_does_not_fit_is_no_room_here(site: Site) -> None:
    large = bundle_of(Blob(a_blob(DISK).id, 2**60), None, None, "")
    site.bring(large)
    assert blocked(site, large).code == "driver.exhausted"
    assert site.plane.asked == []


def test_what_nobody_needs_goes_after_a_while_and_what_is_used_stays(site: Site) -> None:
    by_hand = site.folder / "tiny"
    by_hand.mkdir()
    site.bring(ONE, OTHER)
    site.bring(used=(OTHER.id,))
    site.clock.advance(KEEP_UNUSED_FOR)
    site.bring(ONE, used=(OTHER.id,))
    site.bring(used=(OTHER.id,))
    assert (site.folder / ONE.id).exists()
    site.clock.advance(KEEP_UNUSED_FOR)
    site.bring(used=(OTHER.id,))
    site.bring(used=(OTHER.id,))
    assert not (site.folder / ONE.id).exists()
    assert (site.folder / OTHER.id).exists()
    assert by_hand.exists()
    assert f".blobs/{a_blob(DISK).id}" not in site.files()
    assert len(list((site.folder / ".blobs").iterdir())) == 2


def test_nothing_is_taken_away_before_the_first_look(site: Site) -> None:
    site.bring(ONE)
    site.start()
    for _ in range(2):
        site.images.run_once()
        site.clock.advance(KEEP_UNUSED_FOR)
    assert (site.folder / ONE.id).exists()


def test_being_closed_stops_a_fetch_and_keeps_its_part(site: Site) -> None:
    site.images.close()
    site.bring(OTHER)
    assert not (site.folder / OTHER.id).exists()
    assert site.images.wake.is_set()


def test_being_closed_in_the_middle_keeps_what_came(site: Site) -> None:
    def closing(blob: Blob, offset: int) -> Iterator[bytes]:
        yield KERNEL[:1000]
        site.images.close()
        yield from site.plane(blob, offset + 1000)

    site.images = Images(site.folder, closing, site.clock)
    site.bring(OTHER)
    assert not (site.folder / OTHER.id).exists()
    assert any(name.endswith(".part") for name in site.files())


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "driver.exhausted"), (errno.EIO, UNAVAILABLE)]
)
def test_a_disk_that_fails_is_told_apart_from_one_that_is_full(
    site: Site, number: int, code: str
) -> None:
    def failing(blob: Blob, offset: int) -> Iterator[bytes]:
        yield from site.plane(blob, offset)
        raise OSError(number, "the disk")

    site.images = Images(site.folder, failing, site.clock)
    site.bring(OTHER)
    assert blocked(site, OTHER).code == code


def test_a_folder_that_was_damaged_is_laid_anew(site: Site) -> None:
    site.bring(ONE)
    (site.folder / ONE.id / "kernel").unlink()
    site.bring(ONE)
    assert (site.folder / ONE.id / "kernel").read_bytes() == KERNEL
    assert len(site.plane.asked) == 3


def test_a_guest_waits_for_its_image_and_holds_up_no_other(site: Site) -> None:
    world = World()
    converger = Converger(world.driver, world.clock, shelf=site.images)
    waits = an_entry("in_a")
    waits = replace(waits, spec=replace(waits.spec, image=ONE.id))
    manifest = replace(a_manifest([waits, an_entry("in_b")]), bundles=(ONE,))
    while isinstance(verdict := converger.run_pass(manifest)[1], Again):
        pass
    assert verdict == Later(world.clock.now() + LOOK_WHILE_FETCHING)
    view, _ = converger.run_pass(manifest)
    problems = {seen.mark.owner: seen.problem for seen in view.seen}
    assert [str(mark.owner) for mark, _ in world.guests()] == ["in_b"]
    assert problems["in_a"] is not None  # type: ignore[index]
    assert problems["in_a"].code == IMAGE_FETCHING  # type: ignore[index]
    assert "of 1 MiB" in problems["in_a"].text  # type: ignore[index]
    site.images.run_once()
    while isinstance(converger.run_pass(manifest)[1], Again):
        pass
    assert len(world.guests()) == 2
    view, _ = converger.run_pass(manifest)
    assert [seen.problem for seen in view.seen] == [None, None]
