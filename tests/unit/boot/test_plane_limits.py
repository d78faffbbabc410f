"""A plane takes as many open files as it may have: each of its agents is one."""

import subprocess
import sys

WORDS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
from hanza.boot.plane import _allow_connections
_allow_connections()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORDS], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "512 512\n", done.stderr
