from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Shown, Wanted
from hanza.model.report import Problem, Seen
from hanza.plan.status import sentence_of, shown_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MARK = Mark(InstanceId("in_a"), 1)
NO_ROOM = Problem("no_room", "none of 2 hosts may run it", NOW)
LOST = Problem("driver.unavailable", "libvirt does not answer", NOW)
WRONG = Problem("driver.rejected", "no such image", NOW)


def a_wanted(*, is_ended: bool = False) -> Wanted:
    spec = GuestSpec("a", "tiny", 1, 100, 10)
    return Wanted(MARK.owner, Address("t", "w", "a"), "DE", spec, "on", 1, NOW, is_ended)


def test_a_run_that_ends_to_begin_anew_is_not_what_was_asked_for() -> None:
    seen = Seen(MARK, "run", "present", "native", "on", "seen")
    shown = shown_of(a_wanted(), True, seen, None, is_leaving=True)
    assert shown == Shown("creating", None, "unknown", None, None)


def test_without_a_place_it_is_pending_and_says_why() -> None:
    shown = shown_of(a_wanted(), False, None, NO_ROOM)
    assert shown == Shown("pending", None, "unknown", NO_ROOM.text, "no_room")
    assert shown_of(a_wanted(), False, None, None).reason is None


def test_with_a_place_it_is_creating_until_the_site_has_it() -> None:
    assert shown_of(a_wanted(), True, None, None).state == "creating"
    shown = shown_of(a_wanted(), True, Seen(MARK, "run", "absent", problem=LOST), None)
    assert (shown.state, shown.reason_code) == ("creating", "driver.unavailable")


def test_what_only_the_tenant_can_end_is_an_error() -> None:
    seen = Seen(MARK, "run", "absent", problem=WRONG)
    assert shown_of(a_wanted(), True, seen, None).state == "error"


def test_what_is_there_is_active_with_its_power_and_boot() -> None:
    seen = Seen(MARK, "run", "present", power="on", boot="seen")
    assert shown_of(a_wanted(), True, seen, NO_ROOM) == Shown("active", "on", "seen", None, None)


def test_a_guest_that_never_boots_is_told_with_its_reason_until_it_says_something() -> None:
    silent = Seen(MARK, "run", "present", power="on", boot="silent")
    shown = shown_of(a_wanted(), True, silent, None)
    assert (shown.state, shown.boot, shown.reason_code) == ("active", "silent", "guest.silent")
    assert "never boot" in (shown.reason or "")
    worse = replace(silent, problem=LOST)
    assert shown_of(a_wanted(), True, worse, None).reason_code == LOST.code
    healed = shown_of(a_wanted(), True, replace(silent, boot="seen"), None)
    assert (healed.reason, healed.reason_code) == (None, None)


@pytest.mark.parametrize("is_held", [True, False])
def test_what_was_asked_to_end_is_deleting(is_held: bool) -> None:
    assert shown_of(a_wanted(is_ended=True), is_held, None, None).state == "deleting"


def test_a_word_about_what_holds_no_place_is_not_shown() -> None:
    seen = Seen(MARK, "run", "present", power="on", boot="seen")
    assert shown_of(a_wanted(), False, seen, None) == Shown("pending", None, "unknown", None, None)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (Shown("pending", None, "unknown", "no room", "no_room"), "a is pending: no room"),
        (Shown("creating", None, "unknown", None, None), "a is creating"),
        (Shown("active", "on", "unknown", None, None), "a is active, its power is on"),
        (Shown("active", "on", "seen", None, None), "a is active, its power is on, and has booted"),
        (
            Shown("active", "on", "silent", "it says nothing", "guest.silent"),
            "a is active: it says nothing",
        ),
    ],
)
def test_what_is_shown_is_told_in_a_sentence(shown: Shown, said: str) -> None:
    assert sentence_of("a", shown) == said


def test_what_nobody_will_hear_of_again_is_of_unknown_fate() -> None:
    seen = Seen(MARK, "run", "present", power="on", boot="seen")
    lost = Problem("agent.revoked", "nobody will say", NOW)
    shown = shown_of(a_wanted(), True, seen, None, lost)
    assert shown == Shown("error", None, "unknown", lost.text, "agent.revoked")
    assert shown_of(a_wanted(is_ended=True), True, seen, None, lost).state == "deleting"
