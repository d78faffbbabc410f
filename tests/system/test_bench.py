"""The benchmarks run, tell what they say they tell, and judge themselves by their own bounds."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


GET_TIMES_MAX = 2 * 12
"""Twice what the bench itself allows: other tests run beside this one."""


def run_bench(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_an_authorised_get_costs_a_bounded_multiple_of_an_empty_one() -> None:
    few = ("--stores", "sqlite", "--gets", "3000", "--puts", "100", "--lists", "5", "--rounds", "1")
    done = run_bench("bench.api", *few)
    numbers = {one["metric"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert "sqlite: PUT per CPU second" in numbers, done.stderr
    assert numbers["sqlite: PUT per CPU second"]["at_least"] == 1000
    assert 1 < numbers["sqlite: limit over GET"]["value"] <= GET_TIMES_MAX, done.stdout
    kept = [
        one.get("at_most") is None or one["value"] <= one["at_most"] for one in numbers.values()
    ] + [one["value"] >= one.get("at_least", 0) for one in numbers.values()]
    assert done.returncode == (0 if all(kept) else 1)


def test_the_latency_bench_tells_and_judges_its_numbers() -> None:
    few = ("--sites", "2", "--alone", "2", "--row", "2", "--bursts", "1", "--burst-of", "3")
    done = run_bench("bench.latency", *few)
    numbers = {one["metric"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert numbers["alone: accepted to ordered, p50"]["value"] > 0, done.stderr
    assert numbers["burst of 3: instances"]["value"] == 3
    assert numbers["at rest: pss of the plane"]["at_most"] == 250
    broken = [
        one
        for one in numbers.values()
        if one["at_most"] is not None and one["value"] > one["at_most"]
    ]
    assert done.returncode == (1 if broken else 0)


def test_a_big_batch_is_placed_whole_and_proven_near_to_the_best() -> None:
    """How near does not depend on the machine; how fast is told and not judged here."""
    done = run_bench("bench.batch", "--runs", "1")
    numbers = {one["metric"]: one for one in map(json.loads, done.stdout.splitlines())}
    big = "batch: 5,000 x 1,000, "
    assert big + "gap" in numbers, done.stderr
    assert numbers[big + "gap"]["value"] <= numbers[big + "gap"]["at_most"] == 1.5
    assert numbers[big + "unplaced"]["value"] == numbers[big + "unplaced"]["at_most"] == 0
    assert numbers[big + "answer"]["at_most"] == 0.5
    assert numbers[big + "proof"]["at_most"] == 1.5


def test_what_a_placement_costs_follows_the_change_and_not_the_league() -> None:
    """Processor time over processor time of one run; twice what the bench itself allows."""
    done = run_bench("bench.durable", "--ratios")
    numbers = {one["metric"]: one for one in map(json.loads, done.stdout.splitlines())}
    larger = numbers["a placement, 4,000 hosts over 400"]
    assert larger["at_most"] == 1.2, done.stderr
    assert 0 < larger["value"] <= 1.4, done.stdout
    bare = numbers["a placement over a bare hold, 4,000 hosts"]
    assert 1 < bare["value"] <= 2 * bare["at_most"], done.stdout
