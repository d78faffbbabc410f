from datetime import UTC, datetime

from hanza.model.guest import Mark
from hanza.model.ids import InstanceId
from hanza.model.report import Problem, Seen
from hanza.plan.settle import Forget, Keep, Placed, Release, Withdraw, next_settlement

MARK, OTHER = Mark(InstanceId("in_a"), 2), Mark(InstanceId("in_a"), 1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FULL = Problem("driver.exhausted", "no room", NOW)
WRONG = Problem("driver.rejected", "no such image", NOW)


def test_what_was_to_end_and_holds_nothing_is_forgotten() -> None:
    assert next_settlement(True, None, None) == Forget()
    assert next_settlement(False, None, None) == Keep()


def test_what_is_to_end_is_withdrawn_first() -> None:
    assert next_settlement(True, Placed(MARK, False), None) == Withdraw(MARK, is_full=False)


def test_room_comes_back_only_when_the_site_says_so_under_the_tombstone() -> None:
    ending = Placed(MARK, True)
    assert next_settlement(True, ending, None) == Keep()
    assert next_settlement(True, ending, Seen(MARK, "run", "absent")) == Keep()
    assert next_settlement(True, ending, Seen(MARK, "end", "present")) == Keep()
    assert next_settlement(True, ending, Seen(MARK, "end", "unknown")) == Keep()
    assert next_settlement(True, ending, Seen(OTHER, "end", "absent")) == Keep()
    assert next_settlement(True, ending, Seen(MARK, "end", "absent")) == Release(MARK)


def test_a_site_that_is_full_is_left() -> None:
    placed = Placed(MARK, False)
    full = Seen(MARK, "run", "absent", problem=FULL)
    assert next_settlement(False, placed, full) == Withdraw(MARK, is_full=True)
    there = Seen(MARK, "run", "present", problem=FULL)
    assert next_settlement(False, placed, there) == Keep()
    assert next_settlement(False, placed, Seen(MARK, "run", "absent", problem=WRONG)) == Keep()
    assert next_settlement(False, placed, Seen(MARK, "run", "absent")) == Keep()
    assert next_settlement(False, placed, Seen(OTHER, "run", "absent", problem=FULL)) == Keep()
