"""What is told to a fleet of a host, and of a replica that has its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, InstanceId, SiteId

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Host:
    """One host as the store knows it: facts only, nothing that depends on the time of day."""

    host: HostId
    name: str
    agent: AgentId
    site: SiteId
    capacity: Capacity
    free: Capacity
    is_offered: bool = True
    """And no second copy of its agent's key is alive."""
    heard_at: datetime | None = None
    """When its agent was last heard; of all that is told of an agent the latest counts."""
    refuses_until: datetime | None = None
    ports: Mapping[int, InstanceId | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica of the component that has its place already; a host the fleet does not have is
    passed over."""

    component: str
    host: HostId


def microseconds(at: datetime) -> int:
    """Since 1970.  Takes aware times only: others raise `TypeError`."""
    return (at - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """The way back."""
    return EPOCH + at * MICROSECOND
