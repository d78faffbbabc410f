"""How a refusal is said: a valid document, and what is wrong in it."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from hanza_conformance.exchange import Document, Exchange
from hanza_conformance.steps import Side
from hanza_conformance.world import World

NOWHERE = "non-existent"
ID_CHARACTERS_MAX = 64
Spoil: TypeAlias = Callable[[World, Document], Document]
"""Makes a valid document wrong in one way."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that has to be answered with 412; `ask` may send more than one form of it."""

    name: str
    ask: Callable[[World], list[Exchange]]
    side: Side | None = None


_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def setting(path: str, value: Any) -> Spoil:
    """Put the value at a path such as `spec.routes[0].targetRef`."""

    def spoil(_: World, body: Document) -> Document:
        changed = copy.deepcopy(body)
        *ways, last = [name or int(index) for name, index in _STEP.findall(path)]
        here: Any = changed
        for way in ways:
            here = here[way] if isinstance(way, int) else here.setdefault(way, {})
        here[last] = value
        return changed

    return spoil


def referring(path: str, resource: Callable[[World], str]) -> Spoil:
    """Put a reference at the path."""

    def spoil(world: World, body: Document) -> Document:
        return setting(path, {"resource": resource(world)})(world, body)

    return spoil


def name_for(world: World, kind: str, refusal: str) -> str:
    """A name that nothing is wrong with, so that it cannot be why."""
    own = re.sub(r"[^a-z0-9]+", "-", refusal.lower())
    return f"{world.place(kind).name}-{own}"[:ID_CHARACTERS_MAX].rstrip("-")


def spoiled(name: str, kind: str, *spoils: Spoil, side: Side | None = None) -> Refusal:
    """A PUT of a new resource; each of the spoils is a form of the same mistake."""

    def ask(world: World) -> list[Exchange]:
        place = world.place(kind, name_for(world, kind, name))
        return [world.put(place, spoil(world, world.body(kind))) for spoil in spoils]

    return Refusal(name, ask, side)


def misnamed(name: str, kind: str, called: str) -> Refusal:
    """A PUT of a valid document under a name that none may have."""
    return Refusal(name, lambda world: [world.put(world.place(kind, called), world.body(kind))])


def misplaced(name: str, kind: str, **where: str) -> Refusal:
    """A PUT of a valid document below a workspace or network that is not there."""

    def ask(world: World) -> list[Exchange]:
        place = world.place(kind)
        there = type(place)(
            kind=place.kind,
            tenant=place.tenant,
            name=name_for(world, kind, name),
            workspace=where.get("workspace", place.workspace),
            network=where.get("network", place.network),
        )
        return [world.put(there, world.body(kind))]

    return Refusal(name, ask)


def elsewhere(kind: str, name: str = "invalid-region") -> Refusal:
    """A PUT that says another region than the endpoint's."""
    return spoiled(name, kind, setting("metadata", {"region": f"{NOWHERE}-region"}))
