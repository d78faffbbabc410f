"""Killed at any point, a league starts again and ends as if nothing had happened.

Every store commit, driver call, journal write and message is a point; the runner starts a league
from what each of them leaves behind, in two shares so that both cores have something to do.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SHARES = 2
DRIVER = ("driver.create", "driver.destroy", "driver.sweep", "driver.set_power", "driver.survey")
VOLUMES = tuple(f"driver.{order}_volume" for order in ("create", "grow", "delete", "attach"))
KINDS = ("store.commit", *DRIVER, *VOLUMES, "journal.manifest")
MESSAGES = ("hello", "welcome", "manifestwhole", "manifestdelta", "holding", "reportup")


@pytest.mark.timeout(1800)
def test_killed_at_any_point_it_reaches_the_same_end() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        found = json.loads(_start(Path(folder)).communicate()[0])
    assert not found["wrong"], "\n".join(found["wrong"])
    names = set(found["names"])
    wanted = {*KINDS, *(f"message.{kind}" for kind in MESSAGES)}
    missed = {f"{kind}.{side}" for kind in wanted for side in ("before", "after")} - names
    assert not missed, f"the journey never passed {sorted(missed)}"
    killed, started = found["killed"], found["started"]
    print(f"killed at {killed} points, which leave {started} different things to start from")


def _start(folder: Path) -> subprocess.Popen[str]:
    tests = Path(__file__).parents[1]
    source = tests.parent / "src"
    return subprocess.Popen(
        [sys.executable, "-m", "kit.crash_runner", str(folder), str(SHARES)],
        cwd=tests,
        # The code beside these tests, whatever else is installed.
        env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{tests}"},
        stdout=subprocess.PIPE,
        text=True,
    )
