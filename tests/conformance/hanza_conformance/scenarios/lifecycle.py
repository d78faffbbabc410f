"""Every kind from its creation to its end: codes, metadata, echo, states and the exact log."""

from collections.abc import Callable

from hanza_conformance import expect
from hanza_conformance.exchange import Document, Exchange
from hanza_conformance.kinds import KINDS, Kind
from hanza_conformance.steps import Scenario, Step, asking, judging
from hanza_conformance.world import World

CREATED = ("pending", "creating", "active")


def lifecycles() -> tuple[Scenario, ...]:
    return tuple(Scenario(f"{kind.title}LifeCycle", _lifecycle(kind)) for kind in KINDS)


def _lifecycle(kind: Kind) -> tuple[Step, ...]:
    revisions: tuple[tuple[str, Callable[[World], Document]], ...] = (
        ("relabel", lambda world: _relabelled(world, kind)),
        ("update", lambda world: _updated(world, kind)),
        ("repeat", lambda world: _repeated(world)),
        ("put-back", lambda world: world.recall("repeat.get").document()),
    )
    steps = [*_creation(kind)]
    for number, (name, body) in enumerate(revisions, 1):
        steps += _revision(kind, name, body, number)
    return (*steps, *_end(kind))


def _creation(kind: Kind) -> list[Step]:
    name = kind.name

    def create(world: World) -> Exchange:
        world.prepare(name)
        return world.put(world.place(name), world.body(name))

    return [
        asking("create", "R1", create, 200, 201),
        judging("create.metadata", "R2-R4", "create", expect.metadata(name, "PUT")),
        judging("create.echo", "R7 R8", "create", expect.echo("create")),
        judging("create.state", "R5", "create", expect.state(*CREATED)),
        *_settled(kind, "create", 0),
    ]


def _revision(kind: Kind, name: str, body: Callable[[World], Document], changes: int) -> list[Step]:
    """One accepted PUT over what is there."""
    allowed = ("active",) if kind.is_active_in_update else ("active", "updating")

    def put(world: World) -> Exchange:
        world.recall("create")
        return world.put(world.place(kind.name), body(world))

    return [
        asking(name, "R1 R9", put, 200, 201),
        judging(f"{name}.metadata", "R2-R4", name, expect.metadata(kind.name, "PUT")),
        judging(f"{name}.echo", "R7 R8", name, expect.echo(name)),
        judging(f"{name}.state", "R6", name, expect.state(*allowed)),
        *_settled(kind, name, changes),
    ]


def _settled(kind: Kind, after: str, changes: int) -> list[Step]:
    """The first look that says `active` has the whole log: states and log move together."""
    step = f"{after}.get"

    def get(world: World) -> Exchange:
        world.recall(after)
        return world.get_active(world.place(kind.name))

    return [
        asking(step, "R1", get, 200),
        judging(f"{step}.metadata", "R2-R4", step, expect.metadata(kind.name, "GET")),
        judging(f"{step}.echo", "R7 R8", step, expect.echo(after)),
        judging(f"{step}.conditions", "R5 R6", step, expect.conditions(changes)),
    ]


def _end(kind: Kind) -> tuple[Step, ...]:
    def gone(world: World) -> Exchange:
        world.recall("delete")
        return world.await_gone(world.place(kind.name))

    def delete(world: World) -> Exchange:
        world.recall("create")
        return world.delete(world.place(kind.name))

    return (
        asking("delete", "R1", delete, 202),
        asking("delete.gone", "3.4", gone, 404),
        asking("delete.again", "2.8", delete, 202, 404),
    )


def _relabelled(world: World, kind: Kind) -> Document:
    """Labels only: that is a change too."""
    sent = world.recall("create").sent or {}
    return sent | {"labels": {"suite": "conformance", "changed": kind.name}}


def _updated(world: World, kind: Kind) -> Document:
    sent = world.recall("relabel").sent or {}
    return sent | {"spec": kind.update(world, sent["spec"])}


def _repeated(world: World) -> Document:
    """What changes nothing counts as well; clients send null where they have no status."""
    return (world.recall("update").sent or {}) | {"status": None}
