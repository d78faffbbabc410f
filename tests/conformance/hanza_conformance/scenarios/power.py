"""Power of instances: each accepted action is a change, and what is so already is refused."""

from hanza_conformance import expect
from hanza_conformance.exchange import Exchange
from hanza_conformance.steps import Scenario, Step, asking, judging
from hanza_conformance.world import World

KIND = "instance"


def power() -> Scenario:
    return Scenario(
        "InstancePower",
        (
            asking("create", "R1", _create, 200, 201),
            *_settled("create", "off", 0),
            asking("stop-when-off", "R15", lambda world: _act(world, "stop"), 412),
            asking("restart-when-off", "R15", lambda world: _act(world, "restart"), 412),
            asking("start", "R1 R15", lambda world: _act(world, "start"), 202),
            asking("start-at-once-again", "R15", lambda world: _act(world, "start"), 412),
            *_settled("start", "on", 1),
            asking("restart", "R1 R15", lambda world: _act(world, "restart"), 202),
            *_settled("restart", "on", 2),
            asking("stop", "R1 R15", lambda world: _act(world, "stop"), 202),
            asking("stop-at-once-again", "R15", lambda world: _act(world, "stop"), 412),
            *_settled("stop", "off", 3),
        ),
    )


def _create(world: World) -> Exchange:
    world.prepare(KIND)
    return world.put(world.place(KIND), world.body(KIND))


def _act(world: World, action: str) -> Exchange:
    world.recall("create")
    return world.act(world.place(KIND), action)


def _settled(after: str, expected: str, changes: int) -> list[Step]:
    step = f"{after}.get"

    def get(world: World) -> Exchange:
        world.recall(after)
        return world.get_active(world.place(KIND))

    return [
        asking(step, "R5", get, 200),
        judging(f"{step}.power", "R15", step, expect.power(expected)),
        judging(f"{step}.conditions", "R5", step, expect.conditions(changes)),
    ]
