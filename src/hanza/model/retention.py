"""How much a plane remembers of what happened: said by its operator, kept by the store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of what happened is kept: no more events, and none that is older."""

    events: int = 1_000_000
    days: int = 400
