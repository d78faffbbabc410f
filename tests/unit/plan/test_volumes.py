"""The next step of one volume, and what a report of it means at the plane."""

import re
from datetime import timedelta

import pytest

from hanza.model.guest import Volume
from hanza.model.ids import NativeId, VolumeId
from hanza.model.kinds import NAME_PATTERN
from hanza.model.problem import Problem
from hanza.model.volume import SeenVolume, Stay, VolumeEntry, VolumeTombstone
from hanza.plan.steps import (
    FULL,
    AtRest,
    Blocked,
    DeleteVolume,
    GrowVolume,
    MakeVolume,
    Note,
    Step,
    Wait,
)
from hanza.plan.volumes import (
    ForgetVolume,
    Leave,
    Stand,
    Standing,
    Vacate,
    VolumeSettlement,
    VolumeWish,
    name_of_disk,
    next_volume_settlement,
    next_volume_step,
    serial_of,
)
from kit.agent_worlds import HOST, START

V = VolumeId("vo_a")
FIRST, SECOND = Stay(V, 1), Stay(V, 2)
MAKE = MakeVolume(V, HOST, 64, "tiny")
END = VolumeTombstone(FIRST)


def an_entry(stay: Stay = FIRST, *, size_mib: int = 64, is_made: bool = False) -> VolumeEntry:
    return VolumeEntry(stay, HOST, size_mib, "tiny", is_made)


def a_volume(size_mib: int = 64, host: str = HOST, attached_to: str | None = None) -> Volume:
    to = None if attached_to is None else NativeId(attached_to)
    return Volume(NativeId("n-1"), V, host, size_mib, to, "tiny")


def step(
    entry: VolumeEntry | None = None,
    tombstone: VolumeTombstone | None = None,
    seen: Volume | None = None,
    note: Note | None = None,
) -> Step:
    return next_volume_step(VolumeWish(entry, tombstone), seen, note, START)


def test_nothing_said_is_rest_whatever_is_there() -> None:
    assert step() == AtRest()
    assert step(seen=a_volume()) == AtRest()


def test_the_absent_is_made_once_and_never_anew() -> None:
    assert step(an_entry()) == MAKE
    lost = step(an_entry(is_made=True))
    assert isinstance(lost, Blocked)
    assert lost.code == "volume.lost"


def test_what_is_there_rests_grows_and_never_shrinks() -> None:
    for is_made in (False, True):
        assert step(an_entry(is_made=is_made), seen=a_volume()) == AtRest()
    assert step(an_entry(size_mib=65), seen=a_volume()) == GrowVolume(NativeId("n-1"), 65)
    assert step(an_entry(size_mib=63), seen=a_volume()) == AtRest()
    elsewhere = step(an_entry(), seen=a_volume(host="host-2"))
    assert isinstance(elsewhere, Blocked)
    assert elsewhere.code == "converge.elsewhere"


def test_only_a_tombstone_ends_it_and_not_while_it_is_attached() -> None:
    assert step(tombstone=END, seen=a_volume()) == DeleteVolume(NativeId("n-1"))
    assert step(an_entry(), END, a_volume()) == DeleteVolume(NativeId("n-1"))
    assert step(tombstone=END) == AtRest()
    waits = step(tombstone=END, seen=a_volume(attached_to="n-7"))
    assert isinstance(waits, Blocked)
    assert waits.code == "volume.attached"


def test_a_later_stay_is_kept_whatever_was_ended_before() -> None:
    assert step(an_entry(SECOND), END, a_volume()) == AtRest()


@pytest.mark.parametrize(
    ("order", "code", "then"),
    [
        (MAKE, FULL, MAKE),
        (MAKE, "driver.unavailable", MAKE),
        (MAKE, "driver.rejected", Blocked("driver.rejected", "why")),
    ],
)
def test_room_may_come_free_and_a_wrong_wish_stays_wrong(
    order: MakeVolume, code: str, then: Step
) -> None:
    for late, expected in ((-1, then), (1, then if isinstance(then, Blocked) else None)):
        until = START + timedelta(seconds=late)
        note = Note(an_entry(), order, Problem(code, "why", START), 1, until)
        assert step(an_entry(), note=note) == (expected or Wait(until))


def test_nothing_holds_back_an_end_for_good() -> None:
    order = DeleteVolume(NativeId("n-1"))
    note = Note(END, order, Problem("driver.rejected", "why", START), 9, START)
    assert step(tombstone=END, seen=a_volume(), note=note) == order


def test_a_serial_number_is_the_part_of_an_id_that_chance_has_made() -> None:
    one, other = f"vo_{'0' * 10}{'a' * 16}", f"vo_{'0' * 10}{'b' * 16}"
    assert (serial_of(VolumeId(one)), serial_of(VolumeId(other))) == ("a" * 16, "b" * 16)
    assert serial_of(VolumeId("vo_short")) == "vo_short"


# -- at the plane -------------------------------------------------------------------------------


def gone(stay: Stay = FIRST, role: str = "end", presence: str = "absent") -> SeenVolume:
    return SeenVolume(stay, role, presence)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("standing", "seen", "then"),
    [
        (Standing(None, False, False, False), None, Stand()),
        (Standing(None, True, False, False), None, ForgetVolume()),
        (Standing(None, True, False, False, is_wanted=True), None, Stand()),
        (Standing(FIRST, False, False, False), gone(role="keep"), Stand()),
        (Standing(FIRST, True, False, True), None, Stand()),
        (Standing(FIRST, True, False, False, is_wanted=True), None, Leave()),
        (Standing(FIRST, True, True, False), None, Stand()),
        (Standing(FIRST, True, True, False), gone(presence="present"), Stand()),
        (Standing(FIRST, True, True, False), gone(presence="unknown"), Stand()),
        (Standing(FIRST, True, True, False), gone(role="keep"), Stand()),
        (Standing(SECOND, False, True, False), gone(FIRST), Stand()),
        (Standing(FIRST, False, True, False), gone(), Vacate()),
    ],
)
def test_room_comes_back_only_when_its_site_says_so_under_a_tombstone(
    standing: Standing, seen: SeenVolume | None, then: VolumeSettlement
) -> None:
    assert next_volume_settlement(standing, seen) == then


def test_a_disk_of_an_instance_is_never_called_as_a_block_storage_may_be() -> None:
    name = name_of_disk("db-1", "data")
    assert name == "db-1/data"
    assert re.fullmatch(NAME_PATTERN, name) is None
