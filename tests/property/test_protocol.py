"""All that two instances, two sites, two planes and a bad network can come to, breadth first.

In every state that is reached the laws hold.  That they can fail is shown by worse steps in the
place of ours: each breaks the law that it is there for.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hanza.model.guest import Guest
from hanza.plan.converge import Destroy, SetPower, next_step
from hanza.plan.settle import Release, Withdraw, next_settlement
from hanza.plan.steps import Step
from kit.protocol import INSTANCES, Bounds, State, Steps, World

STATES_MAX = 25_000
"""Breadth first: so all that happens within a number of moves is among them."""


class Broken(Exception):
    """A law, and the moves that led there."""


def explore(world: World, states_max: int = STATES_MAX, *, is_restored: bool = False) -> int:
    """How many moves the farthest state is away.  Raises `Broken`."""
    begin = State()
    came: dict[State, tuple[State, str] | None] = {begin: None}
    depths, waiting = {begin: 0}, deque([begin])
    while waiting and len(came) < states_max:
        state = waiting.popleft()
        for words, after in world.moves(state):
            if after in came:
                continue
            came[after] = (state, words)
            depths[after] = depths[state] + 1
            broken = next(laws(state, after, is_restored=is_restored), None)
            if broken is not None:
                raise Broken(f"{broken}: {'; '.join(path_to(came, after))}")
            waiting.append(after)
    return max(depths.values())


def path_to(came: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    words: list[str] = []
    while (step := came[state]) is not None:
        state, said = step
        words.insert(0, said)
    return words


def laws(before: State, after: State, *, is_restored: bool) -> Iterator[str]:
    """Those that are broken on the way from one state to the next."""
    for was, now in zip(before.sites, after.sites, strict=True):
        if was.held is not None and (now.held is None or now.held.version < was.held.version):
            yield "a manifest went back"
        for gone in was.there - now.there:
            ended = was.held.tombstones if was.held else ()
            if not any(t.mark.owner == gone.owner and t.mark.run_epoch >= gone.run_epoch
                       for t in ended):  # fmt: skip
                yield "something ended without a tombstone"
    if is_restored:
        return
    for n, owner in enumerate(INSTANCES):
        lives = [(at, mark) for at, site in enumerate(after.sites)
                 for mark in site.there if mark.owner == owner]  # fmt: skip
        if len(lives) > 1:
            yield "an instance is there twice"
        wish = after.store.wishes[n]
        for at, mark in lives:
            if wish is None or (wish.host, wish.runs) != (at, mark.run_epoch):
                yield "room was given back under a guest"


ALONE = Bounds(instances=1, on_the_way=2, reports=3)
"""One instance, and messages that overtake each other: deeper than with two."""
RESTORED = Bounds(instances=1, runs=1, manifests=3, starts=1, reports=0, has_restore=True)


@pytest.mark.parametrize(("bounds", "moves"), [(Bounds(), 9), (ALONE, 12)], ids=["two", "one"])
def test_the_laws_hold_whatever_happens(bounds: Bounds, moves: int) -> None:
    assert explore(World(bounds=bounds)) >= moves


def test_a_store_that_is_put_back_sends_no_manifest_back_and_ends_nothing_unasked() -> None:
    bounds = replace(RESTORED, runs=2, reports=2)
    assert explore(World(bounds=bounds), is_restored=True) >= 12


def test_that_a_store_put_back_places_twice_is_found() -> None:
    """Why a plane is not simply restored: it has forgotten what it placed since, and nothing
    raises the epoch yet.  An agent that is ahead is told."""
    with pytest.raises(Broken, match=r"twice|given back"):
        explore(World(bounds=RESTORED))


def _makes_anew_what_is_off(entry: Any, tombstone: Any, seen: list[Guest], *rest: Any) -> Step:
    step = next_step(entry, tombstone, seen, *rest)
    return Destroy(step.native) if isinstance(step, SetPower) else step


def _releases_on_any_absence(is_ended: bool, placed: Any, seen: Any) -> Any:
    if placed is not None and placed.is_ending and seen is not None and seen.presence == "absent":
        return Release(placed.mark)
    return next_settlement(is_ended, placed, seen)


def _releases_what_is_full(is_ended: bool, placed: Any, seen: Any) -> Any:
    step = next_settlement(is_ended, placed, seen)
    return Release(step.mark) if isinstance(step, Withdraw) and step.is_full else step


WORSE = {
    "an agent that takes whatever it is offered": (
        Steps(judge=lambda *_: "take"),
        "went back",
    ),
    "an agent that makes anew what it finds off": (
        Steps(next_step=_makes_anew_what_is_off),
        "without a tombstone",
    ),
    "a plane that believes an absence before the tombstone": (
        Steps(next_settlement=_releases_on_any_absence),
        "given back|twice",
    ),
    "a plane that gives room back when the site is full": (
        Steps(next_settlement=_releases_what_is_full),
        "given back|twice",
    ),
}


@pytest.mark.parametrize("worse", WORSE)
def test_a_worse_step_breaks_the_law_that_it_is_there_for(worse: str) -> None:
    steps, law = WORSE[worse]
    with pytest.raises(Broken, match=law):
        explore(World(steps, ALONE))
