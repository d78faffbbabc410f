"""What people do with such a cloud: everything once, several zones, a private workspace."""

from collections.abc import Callable
from functools import partial

from hanza_conformance import expect
from hanza_conformance.exchange import Exchange
from hanza_conformance.kinds import BY_NAME, Spec, a_rule
from hanza_conformance.steps import Scenario, Step, asking, judging
from hanza_conformance.world import ACCEPTED, World

FOUNDATION = (
    "role",
    "role-assignment",
    "workspace",
    "block-storage",
    "image",
    "network",
    "internet-gateway",
    "routing-table",
    "subnet",
    "public-ip",
    "security-group-rule",
    "security-group",
    "nic",
    "instance",
)

DELETION = (
    "instance",
    "security-group",
    "security-group-rule",
    "nic",
    "public-ip",
    "subnet",
    "routing-table",
    "internet-gateway",
    "network",
    "block-storage",
    "image",
    "workspace",
    "role-assignment",
    "role",
)
"""As clients go: a storage before its image, a role after what assigns it."""


def usage() -> tuple[Scenario, ...]:
    return (_foundation(), _zones(), _private())


def _foundation() -> Scenario:
    """One of each, together; deleted together without waiting in between."""
    specs: dict[str, Callable[[World], Spec]] = {
        "nic": lambda world: {"publicIpRefs": [world.ref("public-ip")]},
        "instance": lambda world: {
            "primaryNicRef": world.ref("nic"),
            "securityGroupRef": world.ref("security-group"),
        },
    }
    steps = []
    for kind in FOUNDATION:
        steps += _made(kind, specs.get(kind, lambda _: {}))
    steps += [
        asking(
            "instance.start", "R15", lambda world: _start(world, world.place("instance").name), 202
        ),
        asking("instance.on", "R15", lambda world: _active(world, "instance"), 200),
        judging("instance.on.power", "R15", "instance.on", expect.power("on")),
    ]
    steps += [asking(f"{kind}.delete", "R16", _deleting(kind), 202) for kind in DELETION]
    steps += [asking(f"{kind}.gone", "R16", _going(kind), 404) for kind in DELETION]
    return Scenario("FoundationProviders", tuple(steps))


def _made(kind: str, more: Callable[[World], Spec]) -> list[Step]:
    def put(world: World) -> Exchange:
        spec = BY_NAME[kind].spec(world) | more(world)
        return world.put(world.place(kind), world.body(kind, spec=spec))

    return [
        asking(f"{kind}.put", "R1", put, *ACCEPTED),
        judging(f"{kind}.put.metadata", "R2-R4", f"{kind}.put", expect.metadata(kind, "PUT")),
        judging(f"{kind}.put.echo", "R7 R8", f"{kind}.put", expect.echo(f"{kind}.put")),
        asking(f"{kind}.get", "R5", lambda world: _active(world, kind), 200),
        judging(f"{kind}.get.metadata", "R2-R4", f"{kind}.get", expect.metadata(kind, "GET")),
        judging(f"{kind}.get.conditions", "R5", f"{kind}.get", expect.conditions(0)),
    ]


def _active(world: World, kind: str, name: str | None = None) -> Exchange:
    if world.place(kind, name) not in world.made:
        world.recall(f"{kind}.put")
    return world.get_active(world.place(kind, name))


def _start(world: World, name: str) -> Exchange:
    return world.act(world.place("instance", name), "start")


def _deleting(kind: str) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        world.recall(f"{kind}.put")
        return world.delete(world.place(kind))

    return run


def _going(kind: str) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        world.recall(f"{kind}.delete")
        return world.await_gone(world.place(kind))

    return run


def _zones() -> Scenario:
    """An instance with its own subnet, card and volume in each of two zones; one zone will do."""

    def zone(world: World, number: int) -> str:
        zones = world.cloud.zones
        return zones[min(number, len(zones)) - 1]

    def make(world: World, number: int) -> Exchange:
        world.ensure("routing-table")
        names = {
            kind: f"{world.place(kind).name}-{number}" for kind in ("subnet", "nic", "instance")
        }
        volume = f"{world.place('block-storage').name}-{number}"
        subnet = BY_NAME["subnet"].spec(world) | {
            "cidr": {"ipv4": world.cloud.subnet_cidr(number)},
            "zone": zone(world, number),
        }
        world.make(world.place("subnet", names["subnet"]), spec=subnet)
        first = world.cloud.subnet_cidr(number).partition("/")[0]
        card = {
            "addresses": [first[: first.rindex(".")] + ".9"],
            "subnetRef": world.ref("subnet", names["subnet"]),
        }
        world.make(world.place("nic", names["nic"]), spec=card)
        world.make(world.place("block-storage", volume))
        machine = BY_NAME["instance"].spec(world) | {
            "zone": zone(world, number),
            "antiAffinityGroup": world.place("workspace").name,
            "bootVolume": {"deviceRef": world.ref("block-storage", volume)},
            "primaryNicRef": world.ref("nic", names["nic"]),
        }
        return world.make(world.place("instance", names["instance"]), spec=machine)

    def name(world: World, number: int) -> str:
        return f"{world.place('instance').name}-{number}"

    steps: list[Step] = []
    for number in (1, 2):
        made, got = f"instance-{number}", f"instance-{number}.get"
        steps += [
            asking(made, "R20", partial(make, number=number), *ACCEPTED),
            asking(got, "R5", _getting(made, name, number), 200),
            judging(f"{got}.zone", "R8", got, _is_in_zone(zone, number)),
            asking(f"{made}.start", "R15", _starting(got, name, number), 202),
            asking(f"{made}.on", "R15", _getting(f"{made}.start", name, number), 200),
            judging(f"{made}.on.power", "R15", f"{made}.on", expect.power("on")),
        ]
    return Scenario("HaMultiZone", tuple(steps))


Named = Callable[[World, int], str]


def _getting(after: str, name: Named, number: int) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        world.recall(after)
        return world.get_active(world.place("instance", name(world, number)))

    return run


def _starting(after: str, name: Named, number: int) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        world.recall(after)
        return _start(world, name(world, number))

    return run


def _is_in_zone(zone: Named, number: int) -> Callable[[World, dict[str, Spec]], None]:
    def look(world: World, document: dict[str, Spec]) -> None:
        expect.same({"zone": zone(world, number)}, document["spec"], "spec")

    return look


def _private() -> Scenario:
    """A workspace without a public address: out only, with named rules, for one role."""

    def specs(world: World) -> dict[str, Spec]:
        ports: Spec = {"from": 22, "to": 22}
        return {
            "internet-gateway": {"egressOnly": True},
            "security-group-rule": a_rule() | {"ports": ports},
            "security-group": {"ruleRefs": [world.ref("security-group-rule")]},
            "instance": {
                "primaryNicRef": world.ref("nic"),
                "securityGroupRef": world.ref("security-group"),
                "sshKeys": [f"ssh-ed25519 {KEY} conformance"],
            },
        }

    steps: list[Step] = []
    for kind in FOUNDATION:
        if kind in ("public-ip", "image"):
            continue
        steps += _made_with(kind, specs)
    return Scenario("PrivateSecureWorkspace", tuple(steps))


KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
"""A public key from a public example; nobody has its other half."""


def _made_with(kind: str, specs: Callable[[World], dict[str, Spec]]) -> list[Step]:
    whole = ("security-group",)

    def put(world: World) -> Exchange:
        own = specs(world).get(kind, {})
        spec = own if kind in whole else BY_NAME[kind].spec(world) | own
        return world.put(world.place(kind), world.body(kind, spec=spec))

    return [
        asking(f"{kind}.put", "R1", put, *ACCEPTED),
        judging(f"{kind}.put.echo", "R7 R8", f"{kind}.put", expect.echo(f"{kind}.put")),
        asking(f"{kind}.get", "R5", lambda world: _active(world, kind), 200),
        judging(f"{kind}.get.echo", "R7 R8", f"{kind}.get", expect.echo(f"{kind}.put")),
        judging(f"{kind}.get.conditions", "R5", f"{kind}.get", expect.conditions(0)),
    ]
