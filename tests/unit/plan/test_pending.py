"""What of a volume waits for its site, and how it stands once that is taken back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hanza.model.volume import Before
from hanza.plan.pending import Books, Undone, is_told, undone

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = b"old", b"new"
BEFORE = Before(16, is_ended=False, is_leaving=False, since=NOW, manifest=OLD)
STILL = Books(16, 16, False, False, True, False, OLD, 16)
"""At a site, as it was."""
GROWN = replace(STILL, size_mib=32, held_mib=32)
ENDING = replace(STILL, is_ended=True, is_leaving=True)


@pytest.mark.parametrize(
    ("books", "told"),
    [
        (GROWN, False),
        (replace(GROWN, manifest=NEW), True),
        (replace(GROWN, manifest=NEW, held_mib=16), False),  # its host has no room: not told
        (replace(GROWN, manifest=None, held_mib=0, seen_mib=0), False),  # nowhere
        (replace(GROWN, seen_mib=32), True),  # done, whatever the books say was told
        (ENDING, False),
        (replace(ENDING, manifest=NEW), True),
        (replace(ENDING, manifest=NEW, is_leaving=False), False),  # it waits for its instance
        (replace(STILL, manifest=NEW), False),
    ],
)
def test_a_site_is_told_what_is_held_and_what_leaves_by_its_next_manifest(
    books: Books, told: bool
) -> None:
    assert is_told(books, BEFORE) is told


def test_an_end_before_is_none_that_waits() -> None:
    before = replace(BEFORE, is_ended=True, is_leaving=True)
    assert not is_told(replace(ENDING, manifest=NEW), before)
    assert undone(ENDING, before) is None


def test_growth_and_end_are_undone_together() -> None:
    both = replace(GROWN, is_ended=True, is_leaving=True)
    assert undone(both, BEFORE) == Undone(16, 16, False, False, True)


def test_it_goes_back_no_further_than_is_said_and_the_rest_still_waits() -> None:
    assert undone(GROWN, BEFORE, 24) == Undone(24, 24, False, False, False)
    assert undone(GROWN, BEFORE, 32) is None


def test_room_that_was_not_there_is_not_given_back() -> None:
    assert undone(replace(GROWN, held_mib=16), BEFORE) == Undone(16, 16, False, False, True)


def test_what_is_nowhere_has_its_end_undone_and_its_size_kept() -> None:
    nowhere = Books(32, 0, True, False, False, False, None)
    assert undone(nowhere, BEFORE) == Undone(32, 0, False, False, True)
    assert undone(replace(nowhere, is_ended=False), BEFORE) is None


@pytest.mark.parametrize(
    ("is_made", "is_attached", "is_leaving"),
    [(True, False, False), (False, True, False), (False, False, True)],
)
def test_one_that_nobody_has_and_never_was_goes_on_leaving(
    is_made: bool, is_attached: bool, is_leaving: bool
) -> None:
    books = replace(ENDING, is_made=is_made, is_attached=is_attached)
    then = undone(books, BEFORE)
    assert then is not None
    assert then.is_leaving is is_leaving


def test_one_that_was_leaving_goes_on_leaving() -> None:
    then = undone(ENDING, replace(BEFORE, is_leaving=True))
    assert then is not None
    assert then.is_leaving
