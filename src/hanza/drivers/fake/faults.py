"""Faults as data: what shall go wrong, at which call.

    Fault("create", nth=2, kind="silent")      the second create acts, and no answer comes

Promises: the n-th call is counted from when the fault was ordered, per name of call, and a
fault strikes once.  It is not chance: nothing fails that was not ordered.
"""

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.errors import (
    DriverError,
    Exhausted,
    Invalid,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    Unsupported,
)

Kind: TypeAlias = Literal[
    "lost", "silent", "mute", "exhausted", "rejected", "unavailable", "unsupported"
]

_ERRORS: dict[Kind, type[DriverError]] = {
    "lost": Unavailable,
    "silent": OutcomeUnknown,
    "mute": OutcomeUnknown,
    "exhausted": Exhausted,
    "rejected": Rejected,
    "unavailable": Unavailable,
    "unsupported": Unsupported,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`lost` never arrives; `silent` acts and is not answered; `mute` does neither."""

    call: str
    """The name of a driver's method, or `*` for any."""
    nth: int = 1
    kind: Kind = "lost"

    @property
    def acts(self) -> bool:
        return self.kind == "silent"

    def error(self) -> DriverError:
        return _ERRORS[self.kind](f"ordered fault: {self.kind} at {self.call}")


def faults_from_text(text: str) -> tuple[Fault, ...]:
    """Reads `create:2:silent,destroy:1:lost`.  Raises `Invalid` for anything else."""
    faults = []
    for part in filter(None, text.split(",")):
        match part.split(":"):
            case [call, nth, kind] if nth.isdigit() and kind in _ERRORS:
                faults.append(Fault(call, int(nth), kind))
            case _:
                raise Invalid(
                    f"{part!r} is not a fault such as create:2:silent", field="options.faults"
                )
    return tuple(faults)


class FaultBook:
    """The faults that are still to come, counted down by the calls that pass."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._coming: list[tuple[Fault, int]] = [(fault, fault.nth) for fault in faults]

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._coming.append((fault, fault.nth))

    def clear(self) -> None:
        with self._lock:
            self._coming = []

    def next_for(self, call: str) -> Fault | None:
        """Count this call; the fault that strikes it, if any."""
        with self._lock:
            struck: Fault | None = None
            coming: list[tuple[Fault, int]] = []
            for fault, left in self._coming:
                counted = left - 1 if fault.call in (call, "*") else left
                if counted == 0 and struck is None:
                    struck = fault
                else:
                    coming.append((fault, max(counted, 1)))
            self._coming = coming
            return struck
