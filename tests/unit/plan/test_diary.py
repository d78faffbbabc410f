"""What happened between two looks is said; what nobody saw is said to be unknown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hanza.model.problem import Problem
from hanza.model.report import Seen
from hanza.plan.diary import began, happened
from kit.agent_worlds import START, a_mark, a_view

ON = Seen(a_mark(), "run", "present", power="on")
OFF = replace(ON, power="off")
GONE = Seen(a_mark(), "run", "absent")
UNKNOWN = Seen(a_mark(), "run", "unknown")
LATER = START + timedelta(hours=2)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (ON, OFF, "guest.off"),
        (OFF, ON, "guest.on"),
        (ON, GONE, "guest.gone"),
        (GONE, ON, "guest.on"),
        (GONE, OFF, "guest.back"),
        (ON, replace(ON, serial_tail="hello"), None),
        (ON, UNKNOWN, None),
        (UNKNOWN, ON, None),
    ],
)
def test_a_change_of_a_guest_is_told_and_what_was_not_seen_is_not(
    before: Seen, after: Seen, kind: str | None
) -> None:
    told = happened(a_view([before]), a_view([after]), START)
    assert [one.kind for one in told] == ([] if kind is None else [kind])
    assert all((one.at, one.subject) == (START, "in_a") for one in told)


def test_a_first_look_and_a_new_guest_tell_no_change() -> None:
    assert happened(None, a_view([ON]), START) == ()
    assert happened(a_view(), a_view([ON]), START) == ()


def test_an_engine_that_is_lost_and_comes_back_is_told_before_its_guests() -> None:
    blind = replace(a_view([ON]), trouble=Problem("driver.unavailable", "no answer", START))
    assert [one.text for one in happened(a_view([ON]), blind, START)] == [
        "the engine is lost: no answer"
    ]
    assert happened(blind, blind, START) == ()
    assert [one.kind for one in happened(blind, a_view([OFF]), START)] == [
        "engine.back",
        "guest.off",
    ]


def test_a_start_tells_the_gap_before_it_as_unknown() -> None:
    assert began(None, START, is_new_boot=True) is None
    same, anew = (began(START, LATER, is_new_boot=new) for new in (False, True))
    assert same is not None
    assert anew is not None
    assert same.text == (
        "the agent began again; what happened from 2026-01-01 00:00:00 UTC"
        " to 2026-01-01 02:00:00 UTC is unknown"
    )
    assert anew.text.startswith("the machine has booted and its agent began again")
    back = began(LATER, START, is_new_boot=True)
    assert back is not None
    assert "the clock went back from" in back.text
