"""Two workspaces whose volumes have one name: neither sees or touches the other's."""

from hanza_conformance import expect
from hanza_conformance.exchange import Document, Exchange, Failed
from hanza_conformance.kinds import BY_NAME
from hanza_conformance.steps import Scenario, asking, judging
from hanza_conformance.world import ACCEPTED, Place, World

VOLUME, ASSIGNMENT = "block-storage", "role-assignment"
BESIDE = "the world beside"


def isolation() -> Scenario:
    return Scenario(
        "MultiWorkspaceIsolation",
        (
            asking("assignment-before-its-workspaces", "R14", _assign, *ACCEPTED),
            asking("workspaces", "R1", lambda world: _make(world, "workspace"), *ACCEPTED),
            asking("volumes", "R1", lambda world: _make(world, VOLUME), *ACCEPTED),
            asking("list-other", "3.3", _list_other, 200),
            judging("list-other.items", "3.3", "list-other", _is_alone),
            asking("grow-one", "R20", _grow_one, *ACCEPTED),
            asking("other", "3.3", _look_at_other, 200),
            judging("other.is-untouched", "3.3", "other", _is_untouched),
            judging("other.conditions", "R5", "other", expect.conditions(0)),
            asking("delete-one", "R16", _delete_one, 202),
            asking("other.is-still-there", "3.3", _look_after_deletion, 200),
        ),
    )


def _other(world: World) -> World:
    """A world beside this one.  What it makes is ours to take away."""
    if BESIDE not in world.memo:
        other = World(world.cloud, made=world.made)
        name, workspace = world.place(VOLUME).name, other.place("workspace").name
        other.places[VOLUME] = Place(BY_NAME[VOLUME], world.tenant, name, workspace)
        world.memo[BESIDE] = other
    found = world.memo[BESIDE]
    assert isinstance(found, World)
    return found


def _assign(world: World) -> Exchange:
    """Before the workspaces are there: that has to be accepted."""
    world.ensure("role")
    spec = BY_NAME[ASSIGNMENT].spec(world)
    names = [one.place("workspace").name for one in (world, _other(world))]
    spec["scopes"] = [spec["scopes"][0] | {"workspaces": names}]
    return world.put(world.place(ASSIGNMENT), world.body(ASSIGNMENT, spec=spec))


def _make(world: World, kind: str) -> Exchange:
    world.make(world.place(kind))
    return _other(world).make(_other(world).place(kind))


def _list_other(world: World) -> Exchange:
    world.recall("volumes")
    return world.cloud.ask("GET", _other(world).collection_url(_other(world).place(VOLUME)))


def _is_alone(world: World, document: Document) -> None:
    wanted = [_other(world).place(VOLUME).name]
    if expect.names_of(document) != wanted:
        raise Failed(f"only {wanted[0]}", expect.words(expect.names_of(document)))


def _grow_one(world: World) -> Exchange:
    world.recall("volumes")
    spec = BY_NAME[VOLUME].spec(world) | {"sizeGB": 40}
    return world.put(world.place(VOLUME), world.body(VOLUME, spec=spec))


def _look_at_other(world: World) -> Exchange:
    world.recall("grow-one")
    return _other(world).get_active(_other(world).place(VOLUME))


def _is_untouched(_: World, document: Document) -> None:
    expect.same({"sizeGB": 20}, document["spec"], "spec of the other workspace's")


def _delete_one(world: World) -> Exchange:
    world.recall("volumes")
    return world.delete(world.place(VOLUME))


def _look_after_deletion(world: World) -> Exchange:
    world.recall("delete-one")
    world.await_gone(world.place(VOLUME))
    return _other(world).get(_other(world).place(VOLUME))
