"""A manifest never goes back, however its deliveries are ordered, doubled, cut or forged.

Session and journal are the real ones, on a real disk; a crash is a process that ends between
any two of the journal's points and another that starts from the same folder.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hanza.agent.journal import Identity, Journal, load_manifest
from hanza.agent.session import Session, Speaker
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId, SiteId
from hanza.model.manifest import Manifest, Version
from hanza.model.report import Incarnation
from hanza.plan.manifest import delta_between, hash_of
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import delta_to_wire, manifest_to_wire
from kit.agent_worlds import KEY, ME, PIN, US, a_manifest, a_tombstone, an_entry

IDENTITY = Identity(ME, US, SiteId("si_zg"), ("https://plane.example",), PIN, "fake", {})
picks = st.integers(0, 99)


class Crash(BaseException):
    """The process ends here."""


class ManifestOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hanza-test-"))
        self.published: list[Manifest] = []
        self.highest: Manifest | None = None
        self.fatal: str | None = None
        self.starts = 0
        self.journal = Journal(self.folder)
        self.journal.key(bytes)
        self.journal.keep_identity(IDENTITY, None)
        self.begin()

    # -- the plane ----------------------------------------------------------------------------

    @initialize()
    def the_first(self) -> None:
        self.published.append(a_manifest([an_entry("in_a")]))

    @rule(owner=st.sampled_from(["in_a", "in_b", "in_c"]), ends=st.booleans())
    def publish(self, owner: str, *, ends: bool) -> None:
        last = self.published[-1]
        content = a_manifest(
            [e for e in last.entries if e.mark.owner != owner]
            + ([] if ends else [an_entry(owner)]),
            [t for t in last.tombstones if t.mark.owner != owner]
            + ([a_tombstone(owner)] if ends else []),
        )
        version = replace(last.version, number=last.version.number + 1)
        self.published.append(replace(content, version=version, parent=hash_of(last)))

    @rule()
    def begin_another_epoch(self) -> None:
        last = self.published[-1]
        self.published.append(
            replace(last, version=Version(last.version.epoch + 1, 1), parent=hash_of(last))
        )

    # -- what the network does ----------------------------------------------------------------

    @rule(pick=picks)
    def deliver_a_whole(self, pick: int) -> None:
        self.deliver(manifest_to_wire(self.pick(pick)))

    @rule(base=picks, new=picks)
    def deliver_a_delta(self, base: int, new: int) -> None:
        self.deliver(delta_to_wire(delta_between(self.pick(base), self.pick(new))))

    @rule(new=picks)
    def deliver_a_delta_from_what_is_held(self, new: int) -> None:
        held = self.journal.manifest or self.published[0]
        self.deliver(delta_to_wire(delta_between(held, self.pick(new))))

    @rule()
    def deliver_the_latest(self) -> None:
        self.deliver(manifest_to_wire(self.published[-1]))

    @rule(pick=picks, flaw=st.sampled_from(["hash", "content", "agent", "fork"]))
    def deliver_a_forgery(self, pick: int, flaw: str) -> None:
        manifest = self.pick(pick)
        forged = manifest_to_wire(manifest)
        if flaw == "fork":
            # A valid manifest nobody published, under a version that somebody did.
            if self.journal.manifest is None or manifest.version > self.journal.manifest.version:
                return
            forged = manifest_to_wire(replace(manifest, entries=(), parent=bytes(31) + b"\x01"))
        elif flaw == "hash":
            forged.hash = bytes(32)
        elif flaw == "content":
            forged.entries = []
            forged.tombstones = [v1.MarkW("in_victim", 1)]
        else:
            forged.agent = AgentId("ag_other")
        self.deliver(forged)

    @rule()
    def cut(self) -> None:
        self.connect()

    # -- what the machine does ----------------------------------------------------------------

    @rule()
    def crash(self) -> None:
        self.begin()

    @rule(when=st.sampled_from(["before", "after"]))
    def crash_at_the_next_write(self, when: str) -> None:
        self.fatal = f"journal.manifest.{when}"

    @rule(pick=picks)
    @precondition(lambda self: self.fatal is None)
    def something_is_left_half_written(self, pick: int) -> None:
        content = v1.encode(manifest_to_wire(self.pick(pick)))
        (self.folder / "manifest.new").write_bytes(content[: len(content) // 2])
        self.begin()

    # -- inside -------------------------------------------------------------------------------

    def begin(self) -> None:
        self.journal.close()
        self.starts += 1
        self.journal = Journal(self.folder, self.pass_point)
        incarnation = Incarnation(self.starts, "cafe")
        self.session = Session(Speaker(ME, "fake", PIN, KEY, incarnation), self.journal)
        self.connect()

    def connect(self) -> None:
        self.session.open()
        self.session.receive(v1.Challenge(bytes(32)))
        self.session.receive(v1.Welcome(0))

    def pass_point(self, name: str) -> None:
        if name == self.fatal:
            self.fatal = None
            raise Crash

    def pick(self, number: int) -> Manifest:
        return self.published[number % len(self.published)]

    def deliver(self, message: v1.Down) -> None:
        message = v1.decode_down(v1.encode(message))
        try:
            ups = self.session.receive(message)
        except Invalid:
            self.connect()
            return
        except Crash:
            self.begin()
            return
        for up in ups:
            if isinstance(up, v1.Holding):
                assert up.hash == hash_of(self.held_on_disk()), "held means on the disk"

    def held_on_disk(self) -> Manifest:
        found = load_manifest(self.folder, IDENTITY)
        assert found is not None
        assert found == self.journal.manifest
        return found

    # -- the laws -----------------------------------------------------------------------------

    @invariant()
    def it_never_goes_back(self) -> None:
        held = self.journal.manifest
        if self.highest is not None:
            assert held is not None
            assert held.version >= self.highest.version
        self.highest = held

    @invariant()
    def what_is_held_was_published(self) -> None:
        assert self.journal.manifest is None or self.journal.manifest in self.published

    def teardown(self) -> None:
        """Left in peace, it holds the latest."""
        self.fatal = None
        if self.published:
            self.deliver(manifest_to_wire(self.published[-1]))
            self.deliver(manifest_to_wire(self.published[-1]))
            assert self.journal.manifest == self.published[-1]
        self.journal.close()
        shutil.rmtree(self.folder)


ManifestOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestManifestOrder = ManifestOrder.TestCase
