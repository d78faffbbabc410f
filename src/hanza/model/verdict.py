"""How a pass ends.  There is no fourth way: waiting is a row in the schedule, never a thread."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Again:
    """There is more to do at once."""


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing more to do before this instant."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to do until someone changes their mind or the world drifts."""


Verdict: TypeAlias = Again | Later | Settled
