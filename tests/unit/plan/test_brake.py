"""The brake: how many endings are too many, and which of them count."""

import pytest

from hanza.model.guest import Guest, GuestSpec, Mark
from hanza.model.ids import InstanceId, NativeId
from hanza.model.manifest import Tombstone
from hanza.plan.brake import FEW, held_endings, words_of_brake


def guests(count: int, run: int = 1) -> list[Guest]:
    spec = GuestSpec("g", "tiny", 1, 1, 1)
    return [
        Guest(NativeId(f"n{n}"), Mark(InstanceId(f"in_{n:03d}"), run), "h", spec, "on", None)
        for n in range(count)
    ]


def ends(count: int, *, is_confirmed: bool = False, run: int = 1) -> list[Tombstone]:
    return [Tombstone(Mark(InstanceId(f"in_{n:03d}"), run), is_confirmed) for n in range(count)]


@pytest.mark.parametrize(
    ("ending", "there", "held"),
    [
        (0, 0, 0),
        (FEW, FEW, 0),
        (FEW + 1, FEW + 1, FEW + 1),
        (FEW + 1, 54, FEW + 1),
        (FEW + 1, 55, 0),
        (20, 100, 0),
        (21, 100, 21),
    ],
)
def test_it_holds_what_is_more_than_a_fifth_and_more_than_a_few(
    ending: int, there: int, held: int
) -> None:
    assert held_endings(ends(ending), guests(there)) == held


@pytest.mark.parametrize(("ending", "there", "held"), [(1, 5, 0), (1, 4, 1), (2, 9, 2), (2, 10, 0)])
def test_where_none_are_few_a_fifth_alone_counts(ending: int, there: int, held: int) -> None:
    assert held_endings(ends(ending), guests(there), 0) == held


def test_what_is_confirmed_gone_or_a_later_run_does_not_count() -> None:
    assert held_endings(ends(30, is_confirmed=True), guests(30)) == 0
    mixed = ends(25, is_confirmed=True) + ends(30)[25:]
    assert held_endings(mixed, guests(30)) == 0, "five are few"
    assert held_endings(ends(30), []) == 0
    assert held_endings(ends(30), guests(30, run=2)) == 0


def test_it_says_how_many_of_how_many() -> None:
    assert words_of_brake(21, 100).startswith("21 of 100 guests would end at once")
