"""What a tenant is told of an instance, and when silence has lasted long enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hanza.model.errors import Conflict
from hanza.model.guest import GuestSpec, Mark, Power
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.instance import Address, Shown, Wanted
from hanza.model.kinds import Action
from hanza.model.problem import Problem
from hanza.model.report import Seen
from hanza.model.volume import SeenVolume, Stay, VolumeWanted
from hanza.plan.seca.outlook import (
    UNPLACED,
    At,
    is_at_rest,
    outlook_of,
    reason_of,
    volume_outlook,
)
from hanza.plan.seca.power import has_stopped, power_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = GuestSpec("web", "tiny", 1, 1024, 1024)
WANTED = Wanted(InstanceId("in_1"), Address("t", "w", "web"), "DE", SPEC, "on", 1, NOW)
AT = At("berlin", "Berlin", "DE", "spree")
SOON, LATE = timedelta(seconds=44), timedelta(seconds=45)


def seen(power: Power = "on") -> Seen:
    return Seen(Mark(WANTED.id, 1), "run", "present", power=power)


def shown(state: str = "pending", reason: str | None = None, code: str | None = None) -> Shown:
    return Shown(state, None, "unknown", reason, code)  # type: ignore[arg-type]


def test_at_rest_is_there_and_as_it_was_wished() -> None:
    assert is_at_rest(WANTED, seen())
    assert not is_at_rest(WANTED, seen("off"))
    assert not is_at_rest(WANTED, None)
    assert not is_at_rest(replace(WANTED, is_restarting=True), seen())
    assert not is_at_rest(WANTED, replace(seen(), presence="unknown"))


def test_each_state_has_its_words() -> None:
    there = outlook_of(WANTED, shown("active"), seen(), AT, SOON)
    assert (there.state, there.message) == ("active", "at berlin in Berlin, DE, with spree")
    assert outlook_of(WANTED, shown("active"), seen(), None, SOON).message is None
    ended = replace(WANTED, is_ended=True)
    assert "berlin" in (outlook_of(ended, shown("deleting"), seen(), AT, SOON).message or "")
    assert outlook_of(ended, shown("deleting"), None, None, SOON).message is None
    wrong = outlook_of(WANTED, shown("error", "no image", "driver.rejected"), None, AT, SOON)
    assert (wrong.state, wrong.reason, wrong.message) == ("error", "DriverRejected", "no image")
    full = outlook_of(WANTED, shown("pending", "no room", "no_room"), None, None, SOON)
    assert (full.state, full.reason, full.message) == ("pending", "NoRoom", "no room")
    assert outlook_of(WANTED, shown("creating"), None, AT, SOON).state == "creating"
    assert outlook_of(WANTED, shown("active"), seen("off"), AT, SOON).state == "updating"


def test_silence_is_put_into_words_once_it_lasts() -> None:
    assert outlook_of(WANTED, shown(), None, None, SOON).message is None
    assert "no place" in (outlook_of(WANTED, shown(), None, None, LATE).message or "")
    assert outlook_of(WANTED, shown("creating"), None, AT, SOON).message == AT.words
    late = outlook_of(WANTED, shown("creating"), None, AT, LATE).message
    assert late == "not done within 45 s: berlin has not said that it is"
    blind = replace(AT, trouble="libvirtd is down")
    assert "libvirtd is down" in (
        outlook_of(WANTED, shown("creating"), None, blind, SOON).message or ""
    )


def test_a_reason_is_written_as_the_standard_wants_it() -> None:
    assert reason_of("driver.outcome_unknown") == "DriverOutcomeUnknown"


@pytest.mark.parametrize(
    ("action", "power", "after"),
    [("start", "off", "on"), ("stop", "on", "off"), ("restart", "on", "on")],
)
def test_power_follows_the_action(action: Action, power: Power, after: Power) -> None:
    assert power_after(action, replace(WANTED, power=power)) == after
    with pytest.raises(Conflict):
        power_after(action, replace(WANTED, power="on" if power == "off" else "off"))
    with pytest.raises(Conflict):
        power_after(action, replace(WANTED, power=power, is_ended=True))


def test_a_restart_is_half_done_once_it_is_off() -> None:
    restarting = replace(WANTED, is_restarting=True)
    assert has_stopped(restarting, "off")
    assert not has_stopped(restarting, "on")
    assert not has_stopped(WANTED, "off")


def test_what_is_wrong_with_something_at_rest_is_told() -> None:
    waits = replace(seen(), problem=Problem("volume.in_use", "when it is next off", NOW))
    there = outlook_of(WANTED, shown("active"), waits, AT, SOON)
    said = (there.state, there.reason, there.message)
    assert said == ("active", "VolumeInUse", "when it is next off")


VOLUME = VolumeWanted(VolumeId("vo_1"), "acme", "shop", "data", 128, NOW)


def of_volume(
    wanted: VolumeWanted = VOLUME,
    at: At | None = AT,
    *,
    size_mib: int | None = 128,
    problem: Problem | None = None,
    known: Problem | None = None,
) -> tuple[str, str | None, str | None]:
    word = SeenVolume(Stay(wanted.id, 1), "keep", "present", size_mib, problem)
    told = volume_outlook(wanted, at, word, known, is_made=size_mib is not None)
    return told.state, told.reason, told.message


def test_a_volume_is_active_before_it_has_bytes_and_says_where_they_are() -> None:
    nowhere = volume_outlook(VOLUME, None, None, None, is_made=False)
    assert (nowhere.state, nowhere.message) == ("active", UNPLACED)
    assert of_volume() == ("active", None, AT.words)
    assert of_volume(size_mib=None) == ("active", None, AT.words)


def test_a_volume_says_what_it_waits_for() -> None:
    full, lost = Problem("driver.exhausted", "full", NOW), Problem("volume.lost", "gone", NOW)
    assert of_volume(size_mib=64) == ("updating", None, f"it grows {AT.words}")
    assert of_volume(size_mib=64, problem=full) == ("updating", "DriverExhausted", "full")
    no_room = Problem("no_room", "no room", NOW)
    assert of_volume(size_mib=64, problem=full, known=no_room)[1:] == ("NoRoom", "no room")
    assert of_volume(problem=lost) == ("error", "VolumeLost", "gone")
    ended = replace(VOLUME, is_ended=True)
    assert of_volume(ended) == ("deleting", None, f"until its bytes {AT.words} end")
    assert of_volume(ended, None) == ("deleting", None, None)
    assert of_volume(ended, problem=full) == ("deleting", "DriverExhausted", "full")


def test_who_is_on_and_says_nothing_is_active_with_the_reason() -> None:
    mute = shown("active", "it says nothing", "guest.silent")
    told = outlook_of(WANTED, mute, replace(seen(), boot="silent"), AT, SOON)
    assert (told.state, told.reason, told.message) == ("active", "GuestSilent", "it says nothing")
