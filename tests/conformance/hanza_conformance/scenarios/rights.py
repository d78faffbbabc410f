"""Who is let in, how refusals are told, and changes that were made from an old document."""

from collections.abc import Callable

from hanza_conformance import expect
from hanza_conformance.cloud import new_name
from hanza_conformance.exchange import Exchange, Failed
from hanza_conformance.steps import Scenario, Step, asking, judging
from hanza_conformance.world import ACCEPTED, World


def rights() -> tuple[Scenario, ...]:
    return (_tokens(), _problems(), _versions())


def _tokens() -> Scenario:
    def ask(token: str) -> Callable[[World], Exchange]:
        def run(world: World) -> Exchange:
            url = world.collection_url(world.place("workspace"))
            return world.cloud.ask("GET", url, headers={"authorization": token})

        return run

    return Scenario(
        "Tokens",
        (
            asking("none", "2.10", ask(""), 401),
            Step("none.challenge", "2.10", _has_challenge),
            asking("nonsense", "2.10", ask("Bearer nonsense"), 401),
        ),
    )


def _has_challenge(world: World) -> Exchange:
    found = world.recall("none")
    if "www-authenticate" not in found.headers:
        raise Failed("a header WWW-Authenticate", expect.words(sorted(found.headers)), found)
    return found


def _problems() -> Scenario:
    def missing(world: World) -> Exchange:
        return world.get(world.place("workspace", new_name("never-made")))

    def wrong(world: World) -> Exchange:
        place = world.place("workspace")
        return world.put(place, world.body("workspace", labels={"k": "v" * 64}))

    steps: list[Step] = []
    for name, status, ask in (("not-found", 404, missing), ("refused", 412, wrong)):
        steps += [
            asking(name, "2.8", ask, status),
            Step(f"{name}.type", "2.8", _is_json(name)),
            judging(f"{name}.problem", "2.8", name, expect.problem(status)),
        ]
    return Scenario("Problems", tuple(steps))


def _is_json(of: str) -> Callable[[World], Exchange]:
    def run(world: World) -> Exchange:
        found = world.recall(of)
        kind = found.headers.get("content-type", "")
        if "json" not in kind:
            raise Failed("a Content-Type with json in it", kind or "none", found)
        return found

    return run


def _versions() -> Scenario:
    """`if-unmodified-since` with a `resourceVersion`."""

    def make(world: World) -> Exchange:
        world.make(world.place("workspace"))
        return world.get_active(world.place("workspace"))

    def put(world: World, offset: int) -> Exchange:
        version = world.recall("make").document()["metadata"]["resourceVersion"]
        place = world.place("workspace")
        headers = {"if-unmodified-since": str(version + offset)}
        return world.cloud.ask("PUT", world.url(place), world.body("workspace"), headers=headers)

    def grows(world: World) -> Exchange:
        before = world.recall("make").document()["metadata"]["resourceVersion"]
        found = world.recall("current")
        after = found.document()["metadata"]["resourceVersion"]
        if after <= before:
            raise Failed(f"a resourceVersion above {before}", str(after), found)
        return found

    return Scenario(
        "Versions",
        (
            asking("make", "2.7", make, 200),
            asking("unknown", "2.7", lambda world: put(world, 1000), 412),
            asking("current", "2.7", lambda world: put(world, 0), *ACCEPTED),
            Step("current.grows", "2.7", grows),
            asking("outdated", "2.7", lambda world: put(world, 0), 412),
        ),
    )
