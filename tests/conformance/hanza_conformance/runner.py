"""Runs scenarios side by side and keeps what became of each step.

A step that fails does not end its scenario: what builds on it is told as blocked.  Whatever a
scenario made is deleted when it ends, and that is a check as well.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hanza_conformance.cloud import Cloud
from hanza_conformance.exchange import Blocked, Exchange, Failed, Unanswered
from hanza_conformance.steps import Outcome, Policy, Scenario, Side, Step
from hanza_conformance.world import ACCEPTED, World

Wanted: TypeAlias = Literal["strict", "deferred", "auto"]
CLEAN_UP = "clean-up"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one step."""

    id: str
    rule: str
    outcome: Outcome
    seconds: float
    expected: str = ""
    got: str = ""
    exchange: Exchange | None = None
    side: Side | None = None

    @property
    def name(self) -> str:
        return self.id.partition("/")[0]

    @property
    def is_bad(self) -> bool:
        return self.outcome in ("failed", "blocked")


def selected(scenarios: Sequence[Scenario], only: str | None) -> list[Scenario]:
    """Those whose id `Scenario/step` matches, with the steps that they build on."""
    if only is None:
        return list(scenarios)
    found = []
    for scenario in scenarios:
        wanted = [
            number
            for number, step in enumerate(scenario.steps)
            if re.search(only, f"{scenario.name}/{step.name}")
        ]
        if not wanted:
            continue
        needed = range(max(wanted) + 1) if scenario.is_sequence else sorted({0, *wanted})
        found.append(replace(scenario, steps=tuple(scenario.steps[one] for one in needed)))
    return found


def run(
    cloud: Cloud,
    scenarios: Sequence[Scenario],
    policy: Wanted,
    jobs: int,
    tell: Callable[[list[Result]], None],
) -> list[Result]:
    """`tell` is called as each scenario ends; results come in the order of the scenarios."""

    def one(scenario: Scenario) -> list[Result]:
        found = run_scenario(cloud, scenario)
        tell(found)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        results = [result for part in pool.map(one, scenarios) for result in part]
    return by_policy(results, policy)


def run_scenario(cloud: Cloud, scenario: Scenario) -> list[Result]:
    world = World(cloud)
    results = [_run_step(world, scenario.name, step) for step in scenario.steps]
    if world.made:
        results.append(_run_step(world, scenario.name, Step(CLEAN_UP, "R16", _clean_up)))
    return results


def _run_step(world: World, scenario: str, step: Step) -> Result:
    began = time.monotonic()
    base = Result(f"{scenario}/{step.name}", step.rule, "passed", 0.0, side=step.side)
    try:
        found = step.act(world)
        if found is not None:
            world.memo[step.name] = found
    except Failed as failed:
        base = replace(
            base,
            outcome="failed",
            expected=failed.expected,
            got=failed.got,
            exchange=failed.exchange,
        )
    except Blocked as blocked:
        base = replace(base, outcome="blocked", got=str(blocked))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        # A document that lacks what every check has to read, or has it in another shape.
        base = replace(
            base,
            outcome="failed",
            expected="a document of the standard's shape",
            got=f"{type(error).__name__}: {error}",
        )
    except Unanswered as silent:
        told = Exchange(silent.method, silent.url, None, 0, {}, silent.reason)
        base = replace(
            base, outcome="failed", expected="an answer", got=silent.reason, exchange=told
        )
    return replace(base, seconds=time.monotonic() - began)


def _clean_up(world: World) -> None:
    stuck = world.clean_up()
    if stuck:
        places = ", ".join(one.url for one in stuck)
        raise Failed("202 or 404 for all that was made", f"left there: {places}", stuck[0])


def by_policy(results: Sequence[Result], wanted: Wanted) -> list[Result]:
    """Of each pair only the half of one policy can pass; the other half is no failure."""
    chosen: dict[str, Policy] = {}
    for pair in {one.side.pair for one in results if one.side}:
        chosen[pair] = _policy_of(results, pair) if wanted == "auto" else wanted
    return [
        replace(one, outcome="other-policy")
        if one.side and one.side.policy != chosen[one.side.pair] and _is_opposite(one)
        else one
        for one in results
    ]


def _is_opposite(result: Result) -> bool:
    """Whether it failed by the very answer that the other half of its pair demands."""
    if result.outcome != "failed" or result.side is None or result.exchange is None:
        return False
    status = result.exchange.status
    return status == 412 if result.side.policy == "deferred" else status in ACCEPTED


def _policy_of(results: Sequence[Result], pair: str) -> Policy:
    """What the cloud was seen to do: deferred if it accepted what is not there yet."""
    accepts = any(one.outcome == "passed" and one.side == Side(pair, "deferred") for one in results)
    return "deferred" if accepts else "strict"
