"""Scenarios as data: a list of steps, each one thing that can be wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza_conformance.exchange import Document, Exchange, Failed
from hanza_conformance.world import World

Policy: TypeAlias = Literal["strict", "deferred"]
Outcome: TypeAlias = Literal["passed", "failed", "blocked", "other-policy"]
Act: TypeAlias = Callable[[World], Exchange | None]
Judge: TypeAlias = Callable[[World, Document], None]


@dataclass(frozen=True, slots=True)
class Side:
    """One half of two demands that contradict each other."""

    pair: str
    policy: Policy
    """The way to hold references under which it passes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check: `act` raises `Failed`; what it returns, later steps can recall by name."""

    name: str
    rule: str
    act: Act
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps that share a world.  In a sequence each builds on those before it."""

    name: str
    steps: tuple[Step, ...]
    is_sequence: bool = True
    """If not, only the first step, which makes ready, is run with any other."""


def asking(
    name: str,
    rule: str,
    act: Callable[[World], Exchange],
    *statuses: int,
    side: Side | None = None,
) -> Step:
    """A request that has to be answered with one of the statuses."""

    def run(world: World) -> Exchange:
        found = act(world)
        if found.status not in statuses:
            raise Failed(" or ".join(map(str, statuses)), str(found.status), found)
        return found

    return Step(name, rule, run, side)


def judging(name: str, rule: str, of: str, judge: Judge) -> Step:
    """A look at what another step was answered."""

    def run(world: World) -> Exchange:
        found = world.recall(of)
        try:
            judge(world, found.document())
        except Failed as failed:
            raise Failed(failed.expected, failed.got, failed.exchange or found) from failed
        return found

    return Step(name, rule, run)
