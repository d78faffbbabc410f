"""The plane's half of the link, without any network: messages in, messages out.

One object serves one connection.  It blocks on the store, so whoever drives it gives it a thread.
Order it keeps: nothing but a signed hello is heard from a stranger; a report is answered after
the commit; a manifest is sent once and then waited for, until it is held or outdated.
"""

from dataclasses import dataclass
from datetime import datetime

from hanza.api.calls import Plane
from hanza.model.errors import Conflict, Invalid, Unauthenticated
from hanza.model.ids import AgentId
from hanza.model.manifest import Hash, Version
from hanza.model.report import Incarnation
from hanza.plan.manifest import delta_between
from hanza.store.agents import greet_agent, manifest_versions, public_key_of_agent
from hanza.store.manifests import find_manifest
from hanza.store.reports import record_report
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import delta_to_wire, manifest_to_wire, report_from_wire
from hanza.wire.credentials import CHALLENGE_BYTES, check_link


@dataclass(slots=True)
class _Peer:
    agent: AgentId
    incarnation: Incarnation
    holds: Hash | None
    sent: Version | None = None


class Session:
    """One agent's connection to this plane.  Refusals are raised; the connection then ends."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._nonce = plane.ids.secret(CHALLENGE_BYTES)
        self._peer: _Peer | None = None

    @property
    def agent(self) -> AgentId | None:
        """Who is at the other end; None before the hello was found good."""
        return self._peer.agent if self._peer else None

    @property
    def sent(self) -> Version | None:
        """The version of the last manifest sent on this connection."""
        return self._peer.sent if self._peer else None

    def open(self) -> v1.Challenge:
        return v1.Challenge(self._nonce)

    def receive(self, message: v1.Up, now: datetime) -> list[v1.Down]:
        """Answer one message.  Raises a `Refusal` that ends the connection."""
        if isinstance(message, v1.Hello):
            return self._greet(message, now)
        peer = self._peer
        if peer is None:
            raise Unauthenticated("say hello first")
        match message:
            case v1.Heartbeat(count):
                return [v1.HeartbeatTaken(count)]
            case v1.Holding(hash=held):
                peer.holds = held
                return []
            case v1.NeedWhole():
                peer.holds, peer.sent = None, None
                return self.news()
            case v1.ReportUp():
                return self._take(peer, message, now)

    def news(self) -> list[v1.Down]:
        """The manifest in force, if this connection has not been sent it yet."""
        peer = self._peer
        return self._plane.store.read(_news, peer) if peer else []

    def _greet(self, hello: v1.Hello, now: datetime) -> list[v1.Down]:
        if self._peer is not None:
            raise Invalid("one hello is enough")
        claims = v1.decode_claims(hello.claims)
        if claims.protocol != v1.PROTOCOL:
            raise Invalid(f"this plane speaks version {v1.PROTOCOL} of the agents' protocol")
        agent = AgentId(claims.agent)
        store = self._plane.store
        key = store.read(public_key_of_agent, agent)
        check_link(key, self._nonce, self._plane.pin, hello.claims, hello.signature)
        incarnation = Incarnation(claims.starts, claims.nonce)
        taken = store.write(greet_agent, agent, incarnation, now)
        self._peer = _Peer(agent, incarnation, claims.holds_hash)
        self._plane.wake()
        return [v1.Welcome(taken), *self.news()]

    def _take(self, peer: _Peer, message: v1.ReportUp, now: datetime) -> list[v1.Down]:
        report = report_from_wire(message, peer.incarnation)
        plane = self._plane
        if not plane.store.write(record_report, peer.agent, report, plane.ids, now):
            raise Conflict("a newer start of this agent, or a newer report, is known here")
        plane.wake()
        return [v1.ReportTaken(message.number)]


def _news(tx: Tx, peer: _Peer) -> list[v1.Down]:
    known = manifest_versions(tx, [peer.agent]).get(peer.agent)
    if known is None or known[0].number == 0:
        return []
    version, digest = known
    if peer.holds == digest or (peer.sent is not None and peer.sent >= version):
        return []
    manifest = find_manifest(tx, peer.agent, digest)
    if manifest is None:
        return []
    base = find_manifest(tx, peer.agent, peer.holds) if peer.holds else None
    peer.sent = version
    if base is None:
        return [manifest_to_wire(manifest)]
    return [delta_to_wire(delta_between(base, manifest))]
