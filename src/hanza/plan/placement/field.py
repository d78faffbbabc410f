"""Where things may be placed, as it is and as it would be: all that a quote asks.

The engine's columns are one (`fleet.Trial`).  What is taken of it or given back is on trial:
`undo` puts it back.
"""

from collections.abc import Sequence
from typing import Protocol

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.explain import Explanation
from hanza.plan.placement.fleet.group import Stuck
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.proof import Proof

Mark = int


class Field(Protocol):
    """Hosts as they would be now."""

    def candidate(self, host: HostId) -> Candidate | None:
        """None for one that is not there."""

    def place(self, demands: Sequence[Demand], standing: Sequence[Standing]) -> Placed | Stuck:
        """As `choose.place_group`, or beyond its numbers as `fleet.large`; takes nothing."""

    def proof(
        self, demands: Sequence[Demand], standing: Sequence[Standing], placed: Placed
    ) -> Proof | None:
        """How near to the best that is, before it is taken; None where it is known to be that."""

    def refusal(self, demands: Sequence[Demand], stuck: Stuck) -> str:
        """Why nothing of it was placed, in words."""

    def explain(self, demand: Demand, standing: Sequence[Standing]) -> Explanation:
        """As `placement.explain`."""

    def may(self, demand: Demand, host: HostId) -> bool:
        """Whether no rule refuses this host, whoever stands beside it."""

    def points(
        self, demand: Demand, standing: Sequence[Standing], host: HostId
    ) -> tuple[int | None, int]:
        """Those of this host, None where it may not run it, and the most that any has."""

    def take(self, host: HostId, demand: Demand) -> None:
        """Its room, its ports, and what its provider counts."""

    def leave(self, host: HostId, instance: InstanceId, tenant: str, room: Capacity) -> None:
        """This instance has left the host, with its ports."""

    def mark(self) -> Mark:
        """Where `undo` goes back to."""

    def undo(self, mark: Mark) -> None:
        """Everything is as it was then."""
