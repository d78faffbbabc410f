"""What a cloud must not be too strict about: deletions, bulk creations, references to come."""

from collections.abc import Callable
from functools import partial

from hanza_conformance import expect
from hanza_conformance.exchange import Exchange, Failed
from hanza_conformance.kinds import BY_NAME, Spec
from hanza_conformance.refusals.conflicts import ADDRESS, ROLE, VOLUME
from hanza_conformance.scenarios.lifecycle import CREATED
from hanza_conformance.steps import Scenario, Side, Step, asking, judging
from hanza_conformance.world import ACCEPTED, World

BULK = (
    ("network", 2),
    ("subnet", 2),
    ("public-ip", 2),
    ("nic", 2),
    ("block-storage", 2),
    ("instance", 3),
)


def accepted() -> tuple[Scenario, ...]:
    return (_deletions(), *_bulks(), _deferred())


def _deletions() -> Scenario:
    """What may go although something names it; and parents whose children are going."""

    def make(world: World) -> Exchange:
        world.ensure("subnet")
        world.ensure("security-group-rule")
        group: Spec = {"ruleRefs": [world.ref("security-group-rule")]}
        world.make(world.place("security-group"), spec=group)
        world.ensure("instance")
        return world.get_active(world.place("instance"))

    order = (
        ("internet-gateway", "named by a route table"),
        ("routing-table", "named by a subnet"),
        ("security-group-rule", "named by a group"),
        ("network", "with a subnet"),
        ("instance", "just made"),
        ("block-storage", "of an instance that is being deleted"),
        ("security-group", "without its rule"),
        ("workspace", "with a subnet and what is being deleted"),
    )
    steps = [asking("make", "R20", make, 200)]
    steps += [
        asking(f"{kind}-{why.replace(' ', '-')}", "R16", _delete(kind), 202) for kind, why in order
    ]
    steps.append(asking("workspace.gone", "R16", _gone, 404))
    return Scenario("PermittedDeletions", tuple(steps))


def _delete(kind: str) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        world.recall("make")
        return world.delete(world.place(kind))

    return run


def _gone(world: World) -> Exchange:
    world.recall("make")
    return world.await_gone(world.place("workspace"))


def _bulks() -> tuple[Scenario, ...]:
    """Several of one document at once: two may not have one address for long, but may be wished."""
    return tuple(Scenario(f"{BY_NAME[kind].title}Bulk", _bulk(kind, count)) for kind, count in BULK)


def _bulk(kind: str, count: int) -> tuple[Step, ...]:
    def make(world: World, number: int) -> Exchange:
        world.prepare(kind)
        spec = BY_NAME[kind].spec(world)
        if kind == "nic":
            world.ensure("public-ip")
            spec = spec | {"publicIpRefs": [world.ref("public-ip")]}
        name = f"{world.place(kind).name}-{number}"
        return world.put(world.place(kind, name), {"spec": spec})

    steps: list[Step] = []
    for number in range(1, count + 1):
        steps += [
            asking(f"put-{number}", "R17", partial(make, number=number), *ACCEPTED),
            judging(f"put-{number}.state", "R17", f"put-{number}", expect.state(*CREATED)),
        ]
    return tuple(steps)


def _deferred() -> Scenario:
    """The other half of the three contradictions: what is named is made later, or never."""

    def prepare(world: World) -> Exchange:
        world.ensure("workspace")
        return world.get_active(world.place("workspace"))

    def role(world: World) -> Exchange:
        return _put_active(world, "role-assignment")

    def address(world: World) -> Exchange:
        world.prepare("nic")
        spec = BY_NAME["nic"].spec(world) | {"publicIpRefs": [world.ref("public-ip")]}
        return _put_active(world, "nic", spec)

    def volume(world: World) -> Exchange:
        return _put_active(world, "image")

    def side(pair: str) -> Side:
        return Side(pair, "deferred")

    return Scenario(
        "DeferredReferences",
        (
            asking("workspace", "R1", prepare, 200),
            Step("role-never-made", "3.6", role, side(ROLE)),
            Step("public-ip-made-later", "3.6", address, side(ADDRESS)),
            Step("block-storage-made-later", "3.6", volume, side(VOLUME)),
        ),
        is_sequence=False,
    )


def _put_active(world: World, kind: str, spec: Spec | None = None) -> Exchange:
    place = world.place(kind)
    body = world.body(kind) if spec is None else world.body(kind, spec=spec)
    found = world.put(place, body)
    if found.status not in ACCEPTED:
        raise Failed("201", str(found.status), found)
    return world.get_active(place)
