"""The plane's half of nearness: whom an agent is to measure to, and what it says of round trips.

What light could not do is not kept, and it is told once for each connection and subject.
"""

import ipaddress
from collections.abc import Mapping
from datetime import datetime

from hanza.api.calls import Plane
from hanza.api.meeting import Mesh
from hanza.model.ids import AgentId
from hanza.model.probe import Probe, Trip
from hanza.store.events import append_event
from hanza.store.mesh import note_answering, record_meetings, site_of
from hanza.store.probes import list_probes, record_trips
from hanza.wire import agent_v1 as v1
from hanza.wire.mesh_v1 import KEY_BYTES


class NearTold:
    """One connection's."""

    def __init__(self, plane: Plane, address: str) -> None:
        """`address` is where the agent was seen to come from."""
        self._plane = plane
        self._address = _plain(address)
        self._doubted: set[str] = set()
        """Probes and sites to which it has said here what cannot be."""
        self._peers: v1.Peers | None = None
        """Whom it was last told to ask."""
        self.probes: tuple[Probe, ...] = ()
        """What it was last told to measure to."""
        self.mesh: Mesh | None = None
        """What it was last told whom to ask by."""

    def probe_news(self) -> list[v1.Down]:
        """What to measure to, where that is another than was told."""
        probes = self._plane.store.read(list_probes)
        if probes == self.probes:
            return []
        self.probes = probes
        targets = [one.target for one in probes]
        return [v1.Probes([v1.ProbeW(one.probe, one.host, one.port) for one in targets])]

    def peer_news(self, agent: AgentId) -> list[v1.Down]:
        """Whom to ask, where those are others than were told."""
        mesh = self._plane.meeting.mesh(self._plane.clock.now())
        if mesh is self.mesh:
            return []
        self.mesh, told = mesh, self._peers
        site = self._plane.store.read(site_of, agent)
        self._peers = mesh.peers_for(agent, site)
        return [] if self._peers == told else [self._peers]

    def take(
        self,
        agent: AgentId,
        message: v1.Measured | v1.Answering | v1.Met,
        now: datetime,
        *,
        may_answer: bool,
    ) -> list[v1.Down]:
        match message:
            case v1.Measured():
                return self._note_measured(agent, message, now)
            case v1.Answering(port):
                return self._note_answering(agent, port, now) if may_answer else []
            case v1.Met():
                return self._note_met(agent, message, now)

    def _note_measured(self, agent: AgentId, message: v1.Measured, now: datetime) -> list[v1.Down]:
        trips = [Trip(one.probe, one.ms) for one in message.trips]
        self._doubt(agent, self._plane.store.write(record_trips, agent, trips, now), now)
        self._plane.wake()
        return []

    def _note_answering(self, agent: AgentId, port: int, now: datetime) -> list[v1.Down]:
        """Where it answers is where it was seen to come from; a plane that cannot see that is
        told nothing by others, since nobody is sent anywhere on an agent's word."""
        if not self._address:
            return []
        fresh = self._plane.ids.secret(KEY_BYTES)
        address = (self._address, port)
        key = self._plane.store.write(note_answering, agent, address, fresh, now)
        self._plane.meeting.forget()
        return [v1.Answers(key)]

    def _note_met(self, agent: AgentId, message: v1.Met, now: datetime) -> list[v1.Down]:
        """Only of those that it was told to ask, in the round that it was told last."""
        if self._peers is None or message.number != self._peers.number:
            return []
        asked = {one.agent for one in self._peers.peers}
        trips = [Trip(one.probe, one.ms) for one in message.trips if one.probe in asked]
        self._doubt(agent, self._plane.store.write(record_meetings, agent, trips, now), now)
        return []

    def _doubt(
        self, agent: AgentId, refused: Mapping[str, tuple[float, float]], now: datetime
    ) -> None:
        for name, (ms, least) in refused.items():
            if name not in self._doubted:
                self._doubted.add(name)
                text = f"{agent} says {ms:.1f} ms to {name}; light in fibre needs {least:.1f} ms"
                self._plane.store.write(append_event, now, "trip.refused", agent, text)


def _plain(address: str) -> str:
    """An IPv4 address as such, also where it was seen through an IPv6 socket; else as it is."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""  # a test's client, or a socket of the machine
    mapped = known.ipv4_mapped if known.version == 6 else None
    return str(mapped or known)
