"""The next step of one instance, for every combination that matters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hanza.model.guest import Guest, Mark, Power, Volume
from hanza.model.ids import NativeId, VolumeId
from hanza.model.manifest import Entry, Tombstone
from hanza.model.report import Problem
from hanza.plan.converge import (
    FULL,
    STUCK,
    Around,
    AtRest,
    Blocked,
    Create,
    Destroy,
    Note,
    Order,
    Resize,
    SetPower,
    Step,
    Sweep,
    Wait,
    held_back,
    next_step,
    plugged_of,
)
from hanza.plan.steps import Attach, Detach
from kit.agent_worlds import START, a_guest, a_mark, a_spec, a_tombstone, an_entry

ONE = NativeId("n-1")
CREATE = Create(a_mark(), "host-1", a_spec())


def step(
    entry: Entry | None = None,
    *guests: Guest,
    tombstone: Tombstone | None = None,
    note: Note | None = None,
    unswept: Mark | None = None,
    volumes: Sequence[Volume] = (),
) -> Step:
    around = Around({one.owner: one for one in volumes}, unswept, plugged_of(volumes))
    return next_step(entry, tombstone, guests, note, START, around)


def a_note(
    order: Order = CREATE,
    code: str = "driver.unavailable",
    wait_s: int = 10,
    wish: Entry | Tombstone | None = None,
) -> Note:
    problem = Problem(code, "why", START)
    return Note(wish or an_entry(), order, problem, 1, START + timedelta(seconds=wait_s))


def test_nothing_said_and_nothing_there_is_rest() -> None:
    assert step() == AtRest()


def test_what_is_not_mentioned_is_left_alone() -> None:
    assert step(None, a_guest()) == AtRest()


def test_the_absent_is_created() -> None:
    assert step(an_entry()) == CREATE


def test_the_one_that_is_off_is_powered_on() -> None:
    assert step(an_entry(), a_guest(power="off")) == SetPower(ONE, "on")


def test_the_one_that_is_on_is_powered_off() -> None:
    assert step(an_entry(power="off"), a_guest()) == SetPower(ONE, "off")


def test_as_wanted_is_rest() -> None:
    assert step(an_entry(), a_guest()) == AtRest()


def test_one_that_is_off_is_resized_before_it_is_powered_on() -> None:
    assert step(an_entry(cpus=2), a_guest(power="off")) == Resize(ONE, a_spec(2))


def test_drift_of_size_under_a_running_guest_is_told_and_not_mended() -> None:
    assert step(an_entry(cpus=2), a_guest()) == Blocked(
        "converge.drift", "its size was changed at the site; it is kept running"
    )


def test_one_that_is_to_be_off_is_powered_off_before_it_is_resized() -> None:
    assert step(an_entry(cpus=2, power="off"), a_guest()) == SetPower(ONE, "off")


def test_twins_are_never_made_three() -> None:
    blocked = step(an_entry(), a_guest(), a_guest(native="n-2"))
    assert isinstance(blocked, Blocked)
    assert blocked.code == "converge.twins"


def test_another_run_blocks_and_is_left_alone() -> None:
    blocked = step(an_entry(run=2), a_guest(run=1))
    assert isinstance(blocked, Blocked)
    assert blocked.code == "converge.other_run"


def test_a_guest_at_another_host_blocks() -> None:
    blocked = step(an_entry(), replace(a_guest(), host="host-9"))
    assert blocked == Blocked("converge.elsewhere", "the guest is at host host-9")


def test_a_tombstone_ends_its_run_and_earlier_ones_first_to_last() -> None:
    guests = a_guest(run=2, native="n-2"), a_guest(run=1, native="n-1")
    assert step(None, *guests, tombstone=a_tombstone(run=2)) == Destroy(ONE)


def test_a_tombstone_leaves_later_runs() -> None:
    assert step(None, a_guest(run=3), tombstone=a_tombstone(run=2)) == AtRest()


def test_a_tombstone_without_a_guest_is_rest() -> None:
    assert step(None, tombstone=a_tombstone()) == AtRest()


def test_the_earlier_run_is_ended_before_the_next_is_made() -> None:
    entry, tombstone = an_entry(run=2), a_tombstone(run=1)
    assert step(entry, a_guest(run=1), tombstone=tombstone) == Destroy(ONE)
    assert step(entry, tombstone=tombstone) == Create(a_mark(run=2), "host-1", a_spec())


def test_what_an_ended_run_left_is_swept_once_its_guest_is_gone() -> None:
    ended, sweep = a_tombstone(), Sweep(a_mark())
    assert step(None, a_guest(), tombstone=ended, unswept=a_mark()) == Destroy(ONE)
    assert step(None, tombstone=ended, unswept=a_mark()) == sweep
    assert step(an_entry(run=2), tombstone=ended, unswept=a_mark()) == sweep, "before the next run"


def test_an_entry_that_its_tombstone_ends_is_never_made() -> None:
    assert step(an_entry(run=1), tombstone=a_tombstone(run=1)) == AtRest()
    assert step(an_entry(run=1), a_guest(), tombstone=a_tombstone(run=1)) == Destroy(ONE)


def test_after_a_failure_the_same_order_waits() -> None:
    assert step(an_entry(), note=a_note(wait_s=10)) == Wait(START + timedelta(seconds=10))


def test_when_the_wait_is_over_the_order_is_given_again() -> None:
    assert step(an_entry(), note=a_note(wait_s=0)) == CREATE


@pytest.mark.parametrize("code", sorted({*STUCK, FULL}))
def test_what_asking_again_cannot_change_blocks(code: str) -> None:
    assert step(an_entry(), note=a_note(code=code, wait_s=0)) == Blocked(code, "why")


def test_a_full_site_gets_another_try_for_what_already_stands_there() -> None:
    order = SetPower(ONE, "on")
    off = a_guest(power="off")
    waiting = step(an_entry(), off, note=a_note(order, code=FULL))
    assert waiting == Wait(START + timedelta(seconds=10))
    assert step(an_entry(), off, note=a_note(order, code=FULL, wait_s=0)) == order


@pytest.mark.parametrize("code", sorted({*STUCK, FULL}))
def test_nothing_holds_back_an_ending_for_good(code: str) -> None:
    note = a_note(Destroy(ONE), wish=a_tombstone(), code=code, wait_s=0)
    assert step(None, a_guest(), tombstone=a_tombstone(), note=note) == Destroy(ONE)
    swept = a_note(Sweep(a_mark()), wish=a_tombstone(), code=code, wait_s=0)
    again = step(None, tombstone=a_tombstone(), note=swept, unswept=a_mark())
    assert again == Sweep(a_mark())


def test_another_wish_frees_what_was_blocked() -> None:
    note = a_note(code="driver.rejected", wish=an_entry(power="off"))
    assert step(an_entry(), note=note) == CREATE


def test_another_order_is_not_held_back_by_what_became_of_the_last() -> None:
    """A guest that vanished between look and order made the order wrong, not the wish."""
    refused = a_note(SetPower(ONE, "on"), code="driver.rejected")
    assert step(an_entry(), note=refused) == CREATE


def test_a_destroy_that_failed_waits_as_well() -> None:
    note = a_note(Destroy(ONE), wish=a_tombstone())
    waiting = step(None, a_guest(), tombstone=a_tombstone(), note=note)
    assert waiting == Wait(START + timedelta(seconds=10))


def test_a_note_does_not_disturb_rest() -> None:
    assert step(an_entry(), a_guest(), note=a_note()) == AtRest()


def test_same_input_same_step_in_whatever_order_guests_are_surveyed() -> None:
    guests = a_guest(run=1, native="n-2"), a_guest(run=1, native="n-1")
    tombstone = a_tombstone()
    assert step(None, *guests, tombstone=tombstone) == step(
        None, *reversed(guests), tombstone=tombstone
    )


def test_only_a_making_is_held_back_by_what_is_lacking() -> None:
    lacking = Blocked("image.fetching", "on its way")
    make = Create(a_mark(), "host-1", a_spec())
    assert held_back(make, lacking) is lacking
    assert held_back(make, None) is make
    end = Destroy(NativeId("n-1"))
    assert held_back(end, lacking) is end


# -- volumes ----------------------------------------------------------------------------------

BOOT, DATA, MORE = VolumeId("vo_boot"), VolumeId("vo_data"), VolumeId("vo_more")
BOOTING = replace(an_entry(), spec=replace(a_spec(), boot_volume=BOOT), volumes=(DATA,), power="on")


def a_volume(owner: VolumeId, attached_to: str | None = None) -> Volume:
    to = None if attached_to is None else NativeId(attached_to)
    return Volume(NativeId(f"n-{owner}"), owner, "host-1", 64, to)


def booted(power: Power = "off") -> Guest:
    return replace(a_guest(power=power), spec=BOOTING.spec)


def test_a_guest_is_made_once_all_of_its_volumes_are_there_and_free() -> None:
    boot, data = a_volume(BOOT), a_volume(DATA)
    assert step(BOOTING, volumes=[boot, data]) == Create(a_mark(), "host-1", BOOTING.spec)
    for lacking in ([], [boot], [data]):
        waits = step(BOOTING, volumes=lacking)
        assert isinstance(waits, Blocked)
        assert waits.code == "volume.waiting"
    for taken in ([a_volume(BOOT, "n-7"), data], [boot, a_volume(DATA, "n-7")]):
        waits = step(BOOTING, volumes=taken)
        assert isinstance(waits, Blocked)
        assert waits.code == "volume.taken"


def test_its_volumes_are_attached_in_order_before_it_starts() -> None:
    boot, data, more = a_volume(BOOT, ONE), a_volume(DATA), a_volume(MORE)
    both = replace(BOOTING, volumes=(MORE, DATA))
    assert step(both, booted(), volumes=[boot, data, more]) == Attach(more.native, ONE)
    more = a_volume(MORE, ONE)
    assert step(both, booted(), volumes=[boot, data, more]) == Attach(data.native, ONE)
    data = a_volume(DATA, ONE)
    assert step(both, booted(), volumes=[boot, data, more]) == SetPower(ONE, "on")
    assert step(both, booted("on"), volumes=[boot, data, more]) == AtRest()


def test_a_volume_that_comes_later_is_attached_to_a_guest_that_runs() -> None:
    here = [a_volume(BOOT, ONE), a_volume(DATA)]
    assert step(BOOTING, booted("on"), volumes=here) == Attach(here[1].native, ONE)
    waits = step(BOOTING, booted("on"), volumes=here[:1])
    assert waits == Blocked("volume.waiting", "it waits for its volume, which is not there yet")


def test_a_volume_is_taken_from_a_guest_only_while_that_is_off() -> None:
    here = [a_volume(BOOT, ONE), a_volume(DATA, ONE)]
    without = replace(BOOTING, volumes=())
    waits = step(without, booted("on"), volumes=here)
    assert isinstance(waits, Blocked)
    assert waits.code == "volume.in_use"
    assert step(without, booted("off"), volumes=here) == Detach(here[1].native)
    to_be_off = replace(without, power="off")
    assert step(to_be_off, booted("on"), volumes=here) == SetPower(ONE, "off")


def test_what_others_have_attached_is_asked_for_again() -> None:
    here = [a_volume(BOOT, ONE), a_volume(DATA)]
    attach = Attach(here[1].native, ONE)
    note = a_note(attach, "driver.rejected", wait_s=-1, wish=BOOTING)
    assert step(BOOTING, booted(), note=note, volumes=here) == attach
