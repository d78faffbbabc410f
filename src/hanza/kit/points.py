"""Numbered points: the places where a crash must do no harm.

Every store commit, driver call and message passes a point just before and just after it.
In production a point does nothing.  The crash tests pass a counter that ends the process at
the n-th one, so that "killed anywhere" is a loop over numbers and not a matter of luck.
"""

from collections.abc import Callable
from typing import TypeAlias

Point: TypeAlias = Callable[[str], None]
"""Called with the name of the point, such as `driver.create.before`."""


def pass_by(name: str) -> None:
    """The point that does nothing."""
