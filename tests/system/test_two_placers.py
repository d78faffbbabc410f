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


@pytest.mark.timeout(900)
def test_killed_at_any_statement_no_placer_leaves_a_hold_too_many(postgres: str) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        os.chmod(folder, 0o755)
        urls = (f"sqlite:///{folder}/hanza.db", postgres)
        runners = [_start(url, Path(folder) / f"{n}") for n, url in enumerate(urls)]
        said = [runner.communicate() for runner in runners]
    for runner, (out, err) in zip(runners, said, strict=True):
        assert runner.returncode == 0, f"{out}\n{err}"
        found = json.loads(out)
        statements = found["statements"].values()
        assert min(statements) >= STATEMENTS_AT_LEAST, found
        assert found["killed"] >= 0.9 * sum(statements), found
        assert found["races"], found


def _start(url: str, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    tests = Path(__file__).parents[1]
    source = tests.parent / "src"
    return subprocess.Popen(
        [sys.executable, "-m", "kit.placer_crashes", url, str(folder)],
        cwd=tests,
        # The code beside these tests, whatever else is installed.
        env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{tests}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
