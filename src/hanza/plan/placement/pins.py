"""What binds an instance to a place before placement chooses: its zone, and its boot volume."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.ids import HostId
from hanza.plan.placement.choose import Candidate


@dataclass(frozen=True, slots=True)
class Pin:
    """`site` is the zone it was asked for; `host` is where its boot volume is."""

    site: str | None = None
    host: HostId | None = None
    taken_by: str | None = None
    """The other instance that has the boot volume attached."""


FREE = Pin()


def within(pin: Pin, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that the pin leaves."""
    return [
        one for one in candidates if pin.site in (None, one.site) and pin.host in (None, one.host)
    ]


def sentence_of(pin: Pin) -> str:
    """Why none was left, in words; empty when the pin leaves all."""
    if pin.taken_by is not None:
        return f"its boot volume is attached to {pin.taken_by}"
    if pin.host is not None:
        return "the host that has its boot volume is not in its zone, or not there any more"
    return "" if pin.site is None else f"there is no host at {pin.site} yet"
