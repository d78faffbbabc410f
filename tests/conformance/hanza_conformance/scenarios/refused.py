"""The refusals as scenarios: first the valid document, then everything that is wrong with it."""

from hanza_conformance import expect
from hanza_conformance.exchange import Exchange, Failed
from hanza_conformance.refusals.conflicts import conflict_refusals
from hanza_conformance.refusals.limits import limit_refusals
from hanza_conformance.refusals.shape import Refusal
from hanza_conformance.steps import Scenario, Step, asking
from hanza_conformance.world import ACCEPTED, World

READY, NOTHING_MADE = "valid-document", "nothing-made"


def refused() -> tuple[Scenario, ...]:
    found = limit_refusals() | conflict_refusals()
    return tuple(
        Scenario(
            name,
            (_ready(kind), *(_step(one) for one in rows), _nothing_made(kind)),
            is_sequence=False,
        )
        for name, (kind, rows) in found.items()
    )


def _ready(kind: str) -> Step:
    """Without it, a cloud that refuses everything would pass."""

    def make(world: World) -> Exchange:
        world.prepare(kind)
        return world.make(world.place(kind))

    return asking(READY, "R1", make, *ACCEPTED)


def _step(refusal: Refusal) -> Step:
    def run(world: World) -> Exchange:
        world.recall(READY)
        for found in refusal.ask(world):
            if found.status != 412:
                raise Failed("412", str(found.status), found)
        return found

    return Step(refusal.name, "A.3", run, refusal.side)


def _nothing_made(kind: str) -> Step:
    """What was answered with 412 is not there afterwards either."""

    def look(world: World) -> Exchange:
        world.recall(READY)
        place = world.place(kind)
        found = world.cloud.ask("GET", world.collection_url(place))
        if found.status != 200:
            raise Failed("200", str(found.status), found)
        accepted = {one.name for one in world.made}
        begun = [name for name in expect.names_of(found.document()) if place.name in name]
        half = sorted(set(begun) - accepted)
        if half:
            raise Failed("nothing of what was refused", ", ".join(half), found)
        return found

    return Step(NOTHING_MADE, "R11", look)
