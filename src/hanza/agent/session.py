"""The agent's half of the protocol, without a wire: messages in, messages out.

    open()                  a connection was made; the plane speaks first
    receive(message)        what to answer
    offer(view)             what to say of a pass
    beat(now)               what to say after a silence; call it about once a second

Promises: a manifest never goes back, and is held (safe on the disk) before it is said to be; at
most one report is on its way, numbers are never used twice by one incarnation, and whatever the
plane has not taken is in the next report.  A cut or a crash at any moment costs one repetition.
It is not safe for two threads: whoever has several holds a lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hanza.agent.numbers import NumbersTold
from hanza.agent.peers import Meeting, Peer
from hanza.agent.telling import Telling
from hanza.kit.log import Log
from hanza.model.errors import Conflict, Invalid
from hanza.model.ids import AgentId
from hanza.model.manifest import Hash, Manifest
from hanza.model.probe import Target, Trip
from hanza.model.report import Incarnation, View
from hanza.plan.manifest import apply_delta, hash_of, judge
from hanza.plan.report import report_of
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import (
    delta_from_wire,
    manifest_from_wire,
    report_to_wire,
    version_from_wire,
    version_to_wire,
)
from hanza.wire.credentials import sign_link
from hanza.wire.directory_v1 import Directory

BEAT_EVERY = timedelta(seconds=v1.HEARTBEAT_EVERY_S)
BEATS_UNANSWERED_MAX = 2
_log = Log("hanza.agent.session")


class Keeper(Protocol):
    """Who remembers the manifest; `journal.Journal` on a real disk."""

    @property
    def manifest(self) -> Manifest | None: ...

    def hold(self, manifest: Manifest) -> None:
        """Returns when it is safe."""

    def keep_directory(self, directory: Directory) -> bool:
        """Whether it is the root's, and newer than what was kept; then it is safe."""


class OfItself(Protocol):
    """What is told of the agent itself; `updates.Updates`."""

    def open(self) -> None: ...

    def hear(self, message: v1.UpdateWanted) -> list[v1.Running]: ...

    def say(self) -> list[v1.Running]: ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and what proves it."""

    agent: AgentId
    driver: str
    pin: bytes
    key: Ed25519PrivateKey
    incarnation: Incarnation
    abilities: tuple[str, ...] = ()
    answers_at: int | None = None
    """The port at which it answers other agents."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A report on its way, and the view that the plane has once it is taken."""

    number: int
    view: View


class Session:
    def __init__(
        self,
        speaker: Speaker,
        keeper: Keeper,
        telling: Telling | None = None,
        updates: OfItself | None = None,
    ) -> None:
        """Without `telling` nothing is said of the site besides its guests, without `updates`
        nothing of the agent."""
        self._speaker = speaker
        self._updates = updates
        self._telling = telling
        self.numbers: NumbersTold | None = None
        """What the agent counts, where somebody does."""
        self._keeper = keeper
        self._view: View | None = None
        self._last_number = 0
        self._beats = 0
        self.open()

    def open(self) -> None:
        """Forget what only the last connection knew."""
        self.is_welcome = False
        self._unheld: tuple[v1.ManifestWhole | v1.ManifestDelta, Callable[[], Manifest]] | None
        """What the disk did not take; tried again with each beat."""
        self._unheld = None
        self.refused: v1.Refused | None = None
        self.targets: tuple[Target, ...] = ()
        self.meeting = Meeting()
        self._has_introduced_itself = False
        self._has_asked_for_whole = False
        self._sent: _Sent | None = None
        self._taken: View | None = None
        self._has_spoken = self._has_heard = True
        self._spoke_at: datetime | None = None
        self._heard_at: datetime | None = None
        if self._telling is not None:
            self._telling.open()
        if self.numbers is not None:
            self.numbers.open()
        if self._updates is not None:
            self._updates.open()

    # -- what may be called -------------------------------------------------------------------

    def receive(self, message: v1.Down) -> list[v1.Up]:
        """Raises `Invalid` for what no honest plane says: end the connection then."""
        self._has_heard = True
        return self._said(self._answer(message))

    def offer(self, view: View) -> list[v1.Up]:
        """What a pass saw; said now, or as soon as the report on its way has been taken."""
        self._view = view
        told = [] if self._telling is None else self._telling.say()
        running = [] if self._updates is None else self._updates.say()
        return self._said([*self._report(), *told, *running])

    def offer_trips(self, trips: Sequence[Trip]) -> list[v1.Up]:
        """What was measured; lost when nobody is there, since the next round says it anew."""
        known = {one.probe for one in self.targets}
        said = [v1.TripW(one.probe, one.ms) for one in trips if one.probe in known]
        return self._said([v1.Measured(said)] if said and self.is_welcome else [])

    def offer_meetings(self, number: int, trips: Sequence[Trip]) -> list[v1.Up]:
        """What other agents took to answer in a round; lost when nobody is there."""
        said = [v1.TripW(one.probe, one.ms) for one in trips]
        return self._said([v1.Met(number, said)] if said and self.is_welcome else [])

    def beat(self, now: datetime) -> list[v1.Up]:
        if self._has_heard or self._heard_at is None:
            self._has_heard, self._heard_at = False, now
        if self._has_spoken or self._spoke_at is None:
            self._has_spoken, self._spoke_at = False, now
        if self.is_welcome and self.numbers is not None and (due := self.numbers.due(now)):
            return self._said(due)
        if not self.is_welcome or now - self._spoke_at < BEAT_EVERY:
            return []
        self._spoke_at = now
        self._beats += 1
        again = [] if self._unheld is None else self._take(*self._unheld)
        return [*again, v1.Heartbeat(self._beats)]

    def is_lost(self, now: datetime) -> bool:
        """Whether the plane has left two beats unanswered, or never began to speak."""
        patience = BEAT_EVERY * (BEATS_UNANSWERED_MAX + 1)
        return self._heard_at is not None and now - self._heard_at >= patience

    # -- inside -------------------------------------------------------------------------------

    def _said(self, messages: list[v1.Up]) -> list[v1.Up]:
        self._has_spoken = self._has_spoken or bool(messages)
        return messages

    def _answer(self, message: v1.Down) -> list[v1.Up]:
        match message:
            case v1.Refused():
                self.refused = message
                self.is_welcome = False
                return []
            case v1.Challenge() if not self._has_introduced_itself:
                return [self._hello(message.nonce)]
            case v1.Welcome() if self._has_introduced_itself and not self.is_welcome:
                return self._begin(message.report_number)
            case v1.ManifestWhole() if self.is_welcome:
                return self._take_whole(message)
            case v1.ManifestDelta() if self.is_welcome:
                return self._take_delta(message)
            case v1.ReportTaken() if self.is_welcome:
                return self._go_on(message.number)
            case v1.HeartbeatTaken() | v1.ConsoleWanted() | v1.PortWanted() | v1.LogWanted() if (
                self.is_welcome
            ):
                return []  # who wants a console is told by whoever opens them, see `console`
            case v1.Probes() | v1.Peers() | v1.Answers() | v1.DirectoryDown() if self.is_welcome:
                return self._take_by_ability(message)
            case v1.DiaryTaken() | v1.UpdateWanted() | v1.NumbersWanted() if self.is_welcome:
                return self._take_of_site(message)
        raise _out_of_turn(message)

    def _take_directory(self, message: v1.DirectoryDown) -> list[v1.Up]:
        """What another than the root signed is no reason to leave: it is left aside, and logged.

        So is what the disk does not take; it is offered again on the next connection.
        """
        found = Directory(message.number, tuple(message.urls), message.signature)
        try:
            is_kept = self._keeper.keep_directory(found)
        except OSError:
            is_kept = False
        _log.info("directory.offered", number=message.number, kept=is_kept)
        return []

    def _take_by_ability(
        self, message: v1.Probes | v1.Peers | v1.Answers | v1.DirectoryDown
    ) -> list[v1.Up]:
        """Only what this agent said that it can."""
        able = self._speaker.abilities
        match message:
            case v1.DirectoryDown() if v1.DIRECTORY in able:
                return self._take_directory(message)
            case v1.Probes() if v1.MEASURE in able:
                self.targets = tuple(Target(one.name, one.host, one.port) for one in message.probes)
                return []
            case v1.Peers() if v1.MESH in able:
                return self._take_peers(message)
            case v1.Answers() if self._speaker.answers_at is not None:
                self.meeting = replace(self.meeting, key=message.key)
                return []
        raise _out_of_turn(message)

    def _take_of_site(
        self, message: v1.DiaryTaken | v1.UpdateWanted | v1.NumbersWanted
    ) -> list[v1.Up]:
        """Only who can tell is asked."""
        match message:
            case v1.DiaryTaken() if self._telling is not None:
                return self._telling.hear(message)
            case v1.UpdateWanted() if self._updates is not None:
                return [*self._updates.hear(message)]
            case v1.NumbersWanted() if self.numbers is not None:
                return self.numbers.hear(message)
        raise _out_of_turn(message)

    def _hello(self, challenge: bytes) -> v1.Hello:
        self._has_introduced_itself = True
        speaker, held = self._speaker, self._keeper.manifest
        claims = v1.encode(
            v1.Claims(
                protocol=v1.PROTOCOL,
                agent=speaker.agent,
                starts=speaker.incarnation.starts,
                nonce=speaker.incarnation.nonce,
                driver=speaker.driver,
                holds_version=version_to_wire(held.version) if held else None,
                holds_hash=hash_of(held) if held else None,
                abilities=list(speaker.abilities),
            )
        )
        return v1.Hello(claims, sign_link(speaker.key, challenge, speaker.pin, claims))

    def _begin(self, number: int) -> list[v1.Up]:
        # A report of an earlier connection may still arrive: its number is not used again.
        self._last_number = max(self._last_number, number)
        self.is_welcome = True
        return self._report()

    def _take_peers(self, message: v1.Peers) -> list[v1.Up]:
        """A plane that speaks of peers knows what `Answering` is; others would end the link."""
        is_first = self.meeting.number is None
        peers = (Peer(AgentId(one.agent), one.host, one.port, one.key) for one in message.peers)
        self.meeting = replace(self.meeting, number=message.number, peers=tuple(peers))
        port = self._speaker.answers_at
        return [v1.Answering(port)] if is_first and port is not None else []

    # -- manifests ----------------------------------------------------------------------------

    def _take_whole(self, message: v1.ManifestWhole) -> list[v1.Up]:
        def read() -> Manifest:
            manifest = manifest_from_wire(message)
            if hash_of(manifest) != message.hash:
                raise Conflict("the manifest is not what its hash names")
            return manifest

        return self._take(message, read)

    def _take_delta(self, message: v1.ManifestDelta) -> list[v1.Up]:
        return self._take(
            message, lambda: apply_delta(self._keeper.manifest, delta_from_wire(message))
        )

    def _take(
        self, message: v1.ManifestWhole | v1.ManifestDelta, read: Callable[[], Manifest]
    ) -> list[v1.Up]:
        if message.agent != self._speaker.agent:
            raise Invalid("a manifest for another agent is refused", field="manifest.agent")
        held, version = self._keeper.manifest, version_from_wire(message.version)
        judgement = judge(held, version, message.parent, message.hash)
        if judgement == "take":
            return self._hold(message, read)
        assert held is not None, "without a manifest every other one is taken"
        if judgement != "held":
            _log.warning(
                "manifest.refused",
                judgement=judgement,
                epoch=version.epoch,
                number=version.number,
            )
        # Whatever was offered, the answer is what is held: that shows older and forked alike.
        return [_holding(held, hash_of(held))]

    def _hold(
        self, message: v1.ManifestWhole | v1.ManifestDelta, read: Callable[[], Manifest]
    ) -> list[v1.Up]:
        try:
            manifest = read()
        except Conflict as error:
            if isinstance(message, v1.ManifestWhole) and self._has_asked_for_whole:
                # It was asked for and is wrong again: asking for ever would only make heat.
                raise Invalid("the whole manifest does not add up", field="manifest") from error
            self._has_asked_for_whole = True
            return [v1.NeedWhole()]
        self._has_asked_for_whole = False
        try:
            self._keeper.hold(manifest)
        except OSError as error:
            # No reason to leave: what is said of it has to reach the plane.
            self._unheld = (message, read)
            _log.warning("manifest.unwritten", reason=str(error))
            return []
        self._unheld = None
        _log.info(
            "manifest.held",
            epoch=manifest.version.epoch,
            number=manifest.version.number,
            entries=len(manifest.entries),
            tombstones=len(manifest.tombstones),
        )
        return [_holding(manifest, message.hash)]

    # -- reports ------------------------------------------------------------------------------

    def _report(self) -> list[v1.Up]:
        if not self.is_welcome or self._sent is not None or self._view is None:
            return []
        number = self._last_number + 1
        report = report_of(self._speaker.incarnation, number, self._view, self._taken)
        if report is None:
            return []
        self._last_number = number
        self._sent = _Sent(number, self._view)
        return [report_to_wire(report)]

    def _go_on(self, number: int) -> list[v1.Up]:
        if self._sent is None or number < self._sent.number:
            return []
        if number > self._sent.number:
            raise Invalid("a report was taken that was never sent", field="taken.number")
        self._taken, self._sent = self._sent.view, None
        return self._report()


def _holding(manifest: Manifest, held_hash: Hash) -> v1.Holding:
    return v1.Holding(version_to_wire(manifest.version), held_hash)


def _out_of_turn(message: v1.Down) -> Invalid:
    return Invalid(f"the plane said {type(message).__name__} out of turn", field="frame")
