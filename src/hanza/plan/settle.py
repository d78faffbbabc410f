"""What a report means for a placement: keep it, withdraw it, or give its room back.

Room is given back only when the site has said, under a tombstone, that the run is gone: until
then the instance is never placed a second time, whatever else is true.
"""

from dataclasses import dataclass
from typing import TypeAlias

from hanza.model.guest import Mark
from hanza.model.report import Seen


@dataclass(frozen=True, slots=True)
class Placed:
    """The one run of an instance that has a hold."""

    mark: Mark
    is_ending: bool


@dataclass(frozen=True, slots=True)
class Forget:
    """It was to end and holds no room: nothing is left of it."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Have the site end this run.  `is_full` when the site itself said that it has no room."""

    mark: Mark
    is_full: bool


@dataclass(frozen=True, slots=True)
class Release:
    """The site says that the run is gone: give its room back."""

    mark: Mark


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to change."""


Settlement: TypeAlias = Forget | Withdraw | Release | Keep


def next_settlement(is_ended: bool, placed: Placed | None, seen: Seen | None) -> Settlement:
    """Choose what to do.  `is_ended`: the tenant asked for its end; `seen` may be an older run."""
    if placed is None:
        return Forget() if is_ended else Keep()
    word = seen if seen is not None and seen.mark == placed.mark else None
    if placed.is_ending:
        is_gone = word is not None and (word.role, word.presence) == ("end", "absent")
        return Release(placed.mark) if is_gone else Keep()
    if is_ended:
        return Withdraw(placed.mark, is_full=False)
    if word is not None and word.presence == "absent" and _is_full(word):
        return Withdraw(placed.mark, is_full=True)
    return Keep()


def _is_full(word: Seen) -> bool:
    return word.problem is not None and word.problem.code == "driver.exhausted"
