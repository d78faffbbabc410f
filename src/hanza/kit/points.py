"""Numbered points: the places where a crash must do no harm.

Every store commit, driver call and message passes a point just before and just after it.
In production a point does nothing.  The crash tests pass a counter that ends the process at
the n-th one, so that "killed anywhere" is a loop over numbers and not a matter of luck.
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import TypeAlias

Point: TypeAlias = Callable[[str], None]
"""Called with the name of the point, such as `driver.create.before`."""


def pass_by(name: str) -> None:
    """The point that does nothing."""


def from_environment(environ: Mapping[str, str]) -> Point:
    """The point of a real process.

    `HANZA_KILL_AT` names the point at which the process kills itself as a power cut would; it
    is obeyed only where `HANZA_TESTING` is 1, so that no site dies of a forgotten variable.
    """
    fatal = environ.get("HANZA_KILL_AT")
    if environ.get("HANZA_TESTING") != "1" or not fatal:
        return pass_by

    def kill_there(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill_there
