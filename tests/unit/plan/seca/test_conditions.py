"""The log of states: exact counts, no gaps, never back in time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.resource import State
from hanza.plan.seca.conditions import History, Outlook, advanced, changed, requested, taken_back

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVE = Outlook("active")


def states(history: History) -> list[State]:
    return [one.state for one in history.log]


def test_a_creation_is_three_entries_and_each_change_two_more() -> None:
    history = advanced(requested(START), ACTIVE, START)
    assert states(history) == ["active", "creating", "pending"]
    for count in range(1, 5):
        history = advanced(changed(history, START), ACTIVE, START)
        assert states(history)[:2] == ["active", "updating"]
        assert len(history.log) == 3 + 2 * count


def test_changes_that_came_too_early_are_logged_in_their_turn() -> None:
    history = changed(changed(requested(START), START), START)
    assert (states(history), history.owed) == (["pending"], 2)
    history = advanced(history, ACTIVE, START)
    assert states(history) == ["active", "updating"] * 2 + ["active", "creating", "pending"]
    assert history.owed == 0


def test_what_happens_without_a_wish_is_an_update() -> None:
    history = advanced(requested(START), ACTIVE, START)
    for outlook in (Outlook("creating"), Outlook("pending"), Outlook("updating")):
        lost = advanced(history, outlook, START)
        assert states(lost)[0] == "updating"
        assert advanced(lost, outlook, START) == lost
    assert len(advanced(lost, ACTIVE, START).log) == 5


def test_a_creation_that_loses_its_place_stays_a_creation() -> None:
    history = advanced(requested(START), Outlook("creating"), START)
    assert states(history) == ["creating", "pending"]
    assert states(advanced(history, Outlook("pending"), START)) == ["creating", "pending"]
    assert states(advanced(requested(START), Outlook("pending"), START)) == ["pending"]
    assert states(advanced(requested(START), Outlook("updating"), START)) == ["creating", "pending"]


def test_an_error_is_entered_once_and_left_by_an_update() -> None:
    history = advanced(requested(START), Outlook("error", "Rejected", "no such image"), START)
    assert states(history) == ["error", "pending"]
    assert (history.log[0].reason, history.log[0].message) == ("Rejected", "no such image")
    assert advanced(history, Outlook("error", "Rejected", "no such image"), START) == history
    assert states(advanced(history, ACTIVE, START))[:3] == ["active", "updating", "error"]
    assert states(changed(history, START))[0] == "updating"


def test_what_is_being_deleted_is_nothing_else_any_more() -> None:
    history = advanced(advanced(requested(START), ACTIVE, START), Outlook("deleting"), START)
    for state in ("active", "error", "pending", "deleting"):
        assert states(advanced(history, Outlook(state), START)) == states(history)


@pytest.mark.parametrize("size", [10, 5000])
def test_words_change_without_a_new_entry_and_are_cut(size: int) -> None:
    history = advanced(requested(START), Outlook("pending", None, "x" * size), START)
    assert len(history.log) == 1
    assert len(history.log[0].message or "") == min(size, 2000)


OUTLOOKS = st.sampled_from(["pending", "creating", "updating", "active", "error"])


@given(st.lists(st.one_of(OUTLOOKS, st.just("change")), max_size=60), st.integers(-5, 5))
def test_the_log_never_goes_back_in_time_nor_past_its_length(
    steps: list[State], drift: int
) -> None:
    history, now = requested(START), START
    for step in steps:
        now += timedelta(seconds=drift)
        if step == "change":  # type: ignore[comparison-overlap]
            history = changed(history, now)
        else:
            history = advanced(history, Outlook(step), now)
        times = [one.since for one in history.log]
        assert times == sorted(times, reverse=True)
        assert 1 <= len(history.log) <= 32
        assert not (history.log[0].state == "active" and history.owed)


def test_what_is_taken_back_is_a_change_also_of_an_end() -> None:
    history = advanced(requested(START), ACTIVE, START)
    assert taken_back(changed(history, START), START) == changed(changed(history, START), START)
    ending = advanced(history, Outlook("deleting"), START)
    back = advanced(taken_back(ending, START), ACTIVE, START)
    assert states(back)[:4] == ["active", "updating", "deleting", "active"]
