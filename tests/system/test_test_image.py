"""`hanza agent test-image` on a machine that lacks what it takes."""

import os
import subprocess
from pathlib import Path

from kit.processes import hanza


def test_what_is_missing_is_named_and_nothing_is_left_half_done(tmp_path: Path) -> None:
    images, nowhere = tmp_path / "images", tmp_path / "nowhere"
    environ = os.environ | {"PATH": str(nowhere)}
    command = hanza("agent", "test-image", str(images))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 1
    assert "apt-cache is not installed" in done.stderr
    assert list(images.iterdir()) == []
