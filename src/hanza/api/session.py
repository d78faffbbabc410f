"""The plane's half of the link, without any network: messages in, messages out.

One object serves one connection.  It blocks on the store, so whoever drives it gives it a thread.
Order it keeps: nothing but a signed hello is heard from a stranger; a report is answered after
the commit; a manifest is sent once and then waited for, until it is held or outdated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hanza.api.calls import Plane
from hanza.api.meeting import Mesh
from hanza.api.near_told import NearTold
from hanza.api.site_told import SiteTold
from hanza.api.update_told import UpdateTold
from hanza.model.errors import Bug, Conflict, Invalid, Unauthenticated, UnknownProtocol
from hanza.model.ids import AgentId
from hanza.model.manifest import Hash, Version
from hanza.model.probe import Probe
from hanza.model.report import Incarnation
from hanza.plan.link import is_news
from hanza.plan.manifest import delta_between
from hanza.plan.report import refuse_nonsense
from hanza.store.agents import (
    greet_agent,
    manifest_versions,
    mark_refused,
    public_key_of_agent,
)
from hanza.store.directory import find_directory
from hanza.store.events import append_event
from hanza.store.manifests import find_manifest
from hanza.store.reports import record_report
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import (
    delta_to_wire,
    manifest_to_wire,
    report_from_wire,
    version_from_wire,
)
from hanza.wire.credentials import CHALLENGE_BYTES, check_link

REFUSED_CHARACTERS_MAX = 300
NUMBERS_EVERY_S = 900
"""A few hundred bytes each time: some 30 kB of an idle site's day."""


@dataclass(slots=True)
class _Peer:
    agent: AgentId
    incarnation: Incarnation
    holds: Hash | None
    """What it holds once it has taken everything that was sent to it here."""
    held: Version | None = None
    """What it has said it holds."""
    told: Version | None = None
    abilities: frozenset[str] = frozenset()
    is_ahead: bool = False
    directory: int = 0
    """The number of the directory that it was told last."""


class Session:
    """One agent's connection to this plane.  Refusals are raised; the connection then ends."""

    def __init__(self, plane: Plane, address: str = "") -> None:
        """`address` is where the agent was seen to come from."""
        self._plane = plane
        self._near_told = NearTold(plane, address)
        self._site_told = SiteTold(plane)
        self._update_told = UpdateTold(plane)
        self._nonce = plane.ids.secret(CHALLENGE_BYTES)
        self._peer: _Peer | None = None

    @property
    def agent(self) -> AgentId | None:
        """Who is at the other end; None before the hello was found good."""
        return self._peer.agent if self._peer else None

    @property
    def incarnation(self) -> Incarnation | None:
        """Which start of the agent speaks here."""
        return self._peer.incarnation if self._peer else None

    def can(self, ability: str) -> bool:
        """Whether the agent said that this may be asked of it."""
        return self._peer is not None and ability in self._peer.abilities

    @property
    def held(self) -> Version | None:
        """The version that the agent has said it holds."""
        return self._peer.held if self._peer else None

    @property
    def told(self) -> Version | None:
        """The newest version that the agent has been sent here, or was found to hold."""
        return self._peer.told if self._peer else None

    def open(self) -> v1.Challenge:
        return v1.Challenge(self._nonce)

    def hear(self, frame: bytes, now: datetime) -> tuple[v1.Up, list[v1.Down]]:
        """Read one message and answer it.  Raises a `Refusal` that ends the connection."""
        try:
            message = v1.decode_up(frame)
        except Invalid as refusal:
            self._note_refused(refusal, now)
            raise
        return message, self.receive(message, now)

    def take_beat(self, frame: bytes) -> v1.HeartbeatTaken | None:
        """The answer to a heartbeat of who is known here; None for any other frame.

        It asks no store and never waits, so that thousands of idle agents cost next to nothing.
        """
        if self._peer is None or len(frame) > v1.HEARTBEAT_BYTES_MAX:
            return None
        count = v1.count_of_heartbeat(frame)
        return None if count is None else v1.HeartbeatTaken(count)

    def receive(self, message: v1.Up, now: datetime) -> list[v1.Down]:
        """Answer one message.  Raises a `Refusal` that ends the connection."""
        try:
            return self._answer(message, now)
        except Invalid as refusal:
            self._note_refused(refusal, now)
            raise

    def _answer(self, message: v1.Up, now: datetime) -> list[v1.Down]:
        if isinstance(message, v1.Hello):
            return self._greet(message, now)
        peer = self._peer
        if peer is None:
            raise Unauthenticated("say hello first")
        match message:
            case v1.Heartbeat(count):
                return [v1.HeartbeatTaken(count)]
            case v1.Holding():
                return self._note_held(peer, message, now)
            case v1.NeedWhole():
                peer.holds, peer.told = None, None
                return self.news()
            case v1.ReportUp():
                return self._take(peer, message, now)
            case v1.ConsoleRefused():
                return []  # for whoever asked, see `console`
            case v1.Measured() | v1.Answering() | v1.Met():
                return self._near_told.take(peer.agent, message, now, may_answer=self.can(v1.MESH))
            case v1.Diary() | v1.Checkup() | v1.Strangers() | v1.NumbersUp() | v1.Running():
                return self._note_site(peer, message, now)

    def news(self) -> list[v1.Down]:
        """What this connection has not been told yet: the manifest, the probes, whom to ask."""
        return [
            *self._manifest_news(),
            *self._nearness_news(),
            *self._directory_news(),
            *self._update_news(),
        ]

    def is_behind(
        self,
        published: Version | None,
        probes: tuple[Probe, ...],
        mesh: Mesh,
        directory: int = 0,
        rollouts: int = 0,
    ) -> bool:
        """Whether there is news, given what was published for it, the probes, the mesh, and the
        numbers of the directory and of the last change of rollouts."""
        peer = self._peer
        if peer is None or published is None:
            return False
        has_probes = self.can(v1.MEASURE) and probes != self._near_told.probes
        has_directory = self.can(v1.DIRECTORY) and directory > peer.directory
        has_peers = self.can(v1.MESH) and mesh is not self._near_told.mesh
        has_update = self.can(v1.UPDATES) and self._update_told.is_behind(rollouts)
        return published != peer.told or has_probes or has_peers or has_directory or has_update

    def _nearness_news(self) -> list[v1.Down]:
        peer, near = self._peer, self._near_told
        if peer is None:
            return []
        probes = near.probe_news() if self.can(v1.MEASURE) else []
        return probes + (near.peer_news(peer.agent) if self.can(v1.MESH) else [])

    def _directory_news(self) -> list[v1.Down]:
        peer = self._peer
        if peer is None or not self.can(v1.DIRECTORY):
            return []
        found = self._plane.store.read(find_directory)
        if found is None or found.number <= peer.directory:
            return []
        peer.directory = found.number
        return [v1.DirectoryDown(found.number, list(found.urls), found.signature)]

    def _update_news(self) -> list[v1.Down]:
        peer = self._peer
        if peer is None or not self.can(v1.UPDATES):
            return []
        return self._update_told.news(peer.agent)

    def _manifest_news(self) -> Sequence[v1.ManifestWhole | v1.ManifestDelta]:
        """The manifest in force, if this connection has not been told it yet.

        It counts as told from here on: who cannot send it ends the connection, and the next one
        begins with what the agent holds.
        """
        peer = self._peer
        if peer is None:
            return []
        version, messages = self._plane.store.read(_news, peer.agent, peer.holds, peer.told)
        peer.told = version
        for message in messages:
            # The next change starts here, said or not yet: who could not take it asks for the
            # whole.  To wait for its word would make each of two quick changes a whole.
            peer.holds = message.hash
        return messages

    def _greet(self, hello: v1.Hello, now: datetime) -> list[v1.Down]:
        if self._peer is not None:
            raise Invalid("one hello is enough")
        claims = v1.decode_claims(hello.claims)
        _refuse_protocol(claims.protocol)
        agent = AgentId(claims.agent)
        store = self._plane.store
        key = store.read(public_key_of_agent, agent)
        check_link(key, self._nonce, self._plane.pin, hello.claims, hello.signature)
        incarnation = Incarnation(claims.starts, claims.nonce)
        taken = store.write(greet_agent, agent, incarnation, now)
        if taken is None:
            raise Conflict("another copy of this agent's key is alive, or was started later")
        abilities = frozenset(claims.abilities)
        held = claims.holds_version
        self._peer = _Peer(
            agent,
            incarnation,
            claims.holds_hash,
            held=version_from_wire(held) if held else None,
            abilities=abilities,
        )
        self._plane.wake()
        asked = self._site_told.open(agent) if v1.DIARY in abilities else []
        asked += [v1.NumbersWanted(NUMBERS_EVERY_S)] if v1.NUMBERS in abilities else []
        return [v1.Welcome(taken), *asked, *self.news()]

    def _note_held(self, peer: _Peer, message: v1.Holding, now: datetime) -> list[v1.Down]:
        """An agent that holds more than was ever published here knows a plane that forgot."""
        peer.held = held = version_from_wire(message.version)
        if peer.told is None or held >= peer.told:  # else it is a word of before the last change
            peer.holds = message.hash
        if peer.told is not None and held > peer.told and not peer.is_ahead:
            peer.is_ahead = True
            text = f"it holds manifest {held.number}; {peer.told.number} is the newest known here"
            self._plane.store.write(append_event, now, "agent.ahead", peer.agent, text)
        return []

    def _note_site(
        self,
        peer: _Peer,
        message: v1.Diary | v1.Checkup | v1.Strangers | v1.NumbersUp | v1.Running,
        now: datetime,
    ) -> list[v1.Down]:
        if isinstance(message, v1.Running):
            return self._update_told.take(peer.agent, message, now)
        return self._site_told.take(peer.agent, message, now)

    def _note_refused(self, refusal: Invalid, now: datetime) -> None:
        """Mark who is known and says what cannot be; its next good report clears that."""
        if self._peer is not None:
            peer, text = self._peer, refusal.text[:REFUSED_CHARACTERS_MAX]
            self._plane.store.write(mark_refused, peer.agent, peer.incarnation, text, now)

    def _take(self, peer: _Peer, message: v1.ReportUp, now: datetime) -> list[v1.Down]:
        report = report_from_wire(message, peer.incarnation)
        refuse_nonsense(report)
        plane = self._plane
        if not plane.store.write(record_report, peer.agent, report, plane.ids, now):
            raise Conflict("a newer start of this agent, or a newer report, is known here")
        plane.wake()
        return [v1.ReportTaken(message.number)]


def _news(
    tx: Tx, agent: AgentId, holds: Hash | None, told: Version | None
) -> tuple[Version | None, list[v1.ManifestWhole | v1.ManifestDelta]]:
    """The version in force, and what has to be said for the agent to have it."""
    known = manifest_versions(tx, [agent]).get(agent)
    if known is None:
        return told, []
    version, digest = known
    if not is_news(version, digest, told, holds):
        return version, []
    manifest = find_manifest(tx, agent, digest)
    if manifest is None:
        raise Bug(f"the manifest in force of {agent} is not kept")
    base = find_manifest(tx, agent, holds) if holds else None
    if base is None:
        return version, [manifest_to_wire(manifest)]
    assert holds is not None, "what is held has a hash"
    return version, [delta_to_wire(delta_between(base, manifest, (holds, digest)))]


def _refuse_protocol(protocol: int) -> None:
    """Raises `UnknownProtocol`, saying which side is to be updated."""
    if not v1.PROTOCOL_OLDEST <= protocol <= v1.PROTOCOL:
        spoken = f"{v1.PROTOCOL_OLDEST} to {v1.PROTOCOL}"
        raise UnknownProtocol(
            f"this plane speaks versions {spoken} of the protocol, and this agent {protocol}",
            hint="update the agent" if protocol < v1.PROTOCOL else "update the planes first",
        )
