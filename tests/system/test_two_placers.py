"""Two placers at once, one of them killed at any of its statements: nothing is held twice, beyond
what there is, or for ever.  On both databases at once, so that both cores have something to do.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

STATEMENTS_AT_LEAST = 100
EACH_OF_SQLITE, EACH_OF_POSTGRES = 1, 3
"""Transactions are the same ones; each kill on PostgreSQL costs twice as much."""


@pytest.mark.timeout(900)
def test_killed_at_any_statement_no_placer_leaves_a_hold_too_many(postgres: str) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        os.chmod(folder, 0o755)
        urls = {f"sqlite:///{folder}/hanza.db": EACH_OF_SQLITE, postgres: EACH_OF_POSTGRES}
        runners = [
            _start(url, Path(folder) / f"{n}", each) for n, (url, each) in enumerate(urls.items())
        ]
        said = [runner.communicate() for runner in runners]
    for runner, (out, err), each in zip(runners, said, urls.values(), strict=True):
        assert runner.returncode == 0, f"{out}\n{err}"
        found = json.loads(out)
        statements = found["statements"].values()
        assert min(statements) >= STATEMENTS_AT_LEAST, found
        assert found["killed"] >= 0.9 * sum(statements) / each, found
        assert found["races"], found


def _start(url: str, folder: Path, each: int) -> subprocess.Popen[str]:
    folder.mkdir()
    tests = Path(__file__).parents[1]
    source = tests.parent / "src"
    return subprocess.Popen(
        [sys.executable, "-m", "kit.placer_crashes", url, str(folder), f"{each}"],
        cwd=tests,
        # The code beside these tests, whatever else is installed.
        env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{tests}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
