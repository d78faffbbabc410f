"""What may be at a site without being seen: made by an order that nobody answered, or left behind.

Kept in memory only.  What is forgotten in a crash is found by the next survey, and swept again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from hanza.agent.volumes import volumes_by_owner
from hanza.kit.clock import Clock
from hanza.model.errors import DriverError, OutcomeUnknown
from hanza.model.guest import Mark, Survey
from hanza.model.ids import InstanceId, VolumeId
from hanza.plan.steps import Create, MakeVolume

GRACE = timedelta(seconds=60)
"""How long a guest may appear after an order to make it that nobody answered."""
K = TypeVar("K", Mark, VolumeId)


class Doubts:
    """One site's.  `runs` and `volumes` may appear until the time that stands with them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.runs: dict[Mark, datetime] = {}
        self.volumes: dict[VolumeId, datetime] = {}
        self._swept: set[Mark] = set()

    def forget(self, ended: frozenset[Mark], survey: Survey, now: datetime) -> None:
        """What was found after all, what can no longer appear, and what nobody asks for."""
        found, there = {guest.mark for guest in survey.guests}, volumes_by_owner(survey)
        self.volumes = {v: end for v, end in self.volumes.items() if v not in there and now < end}
        self.runs = {m: end for m, end in self.runs.items() if m not in found and now < end}
        self._swept &= ended - found

    def unswept(self, ended: frozenset[Mark]) -> dict[InstanceId, Mark]:
        """For each instance the first ended run of which something may be left.

        Not while it is doubted: a guest that may yet appear may yet leave something.
        """
        unswept: dict[InstanceId, Mark] = {}
        for mark in sorted(ended - self._swept, key=lambda one: -one.run_epoch):
            doubts = (doubt for doubt in self.runs if doubt.owner == mark.owner)
            if not any(doubt.run_epoch <= mark.run_epoch for doubt in doubts):
                unswept[mark.owner] = mark
        return unswept

    def note_swept(self, mark: Mark) -> None:
        """Remembered for as long as we run: sweeping again does no harm."""
        self._swept.add(mark)

    def make(self, order: Create | MakeVolume, give: Callable[[], None]) -> None:
        """Have the order given; raises what `give` raises."""
        match order:
            case Create(mark):
                self._make(self.runs, mark, give)
            case MakeVolume(volume):
                self._make(self.volumes, volume, give)

    def _make(self, doubts: dict[K, datetime], made: K, give: Callable[[], None]) -> None:
        """Until it is answered for sure, what is made may appear at any moment."""
        earlier = doubts.get(made)
        doubts[made] = self._clock.now() + GRACE
        try:
            give()
        except OutcomeUnknown:
            doubts[made] = self._clock.now() + GRACE
            raise
        except DriverError:
            # This order made nothing; an earlier one may still.
            del doubts[made]
            if earlier is not None:
                doubts[made] = earlier
            raise
        del doubts[made]
