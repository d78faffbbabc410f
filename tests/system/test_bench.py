"""The benchmarks run, tell what they say they tell, and judge themselves by their own bounds."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_latency_bench_tells_and_judges_its_numbers() -> None:
    few = ("--alone", "2", "--row", "2", "--bursts", "1", "--burst-of", "3")
    done = subprocess.run(
        [sys.executable, "-m", "bench.latency", *few],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
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
