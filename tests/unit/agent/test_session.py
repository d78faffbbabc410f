"""The protocol of one agent, told by hand: no wire, no threads."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hanza.agent.session import Session, Speaker
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId
from hanza.model.manifest import Manifest, Version
from hanza.model.report import Incarnation, Seen
from hanza.plan.manifest import delta_between, hash_of
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import delta_to_wire, manifest_to_wire
from hanza.wire.credentials import check_link, public_key_of
from hanza.wire.directory_v1 import Directory
from kit.agent_worlds import (
    KEY,
    ME,
    PIN,
    START,
    Memory,
    a_manifest,
    a_mark,
    a_session,
    a_tombstone,
    a_view,
    an_entry,
)

CHALLENGE = v1.Challenge(bytes(32))
FIRST = a_manifest([an_entry("in_a")], number=1)
SECOND = a_manifest([an_entry("in_b")], [a_tombstone("in_a")], number=2, parent=hash_of(FIRST))
THIRD = a_manifest([], [a_tombstone("in_a")], number=3, parent=hash_of(SECOND))
A, B = Seen(a_mark("in_a"), "run", "present"), Seen(a_mark("in_b"), "run", "absent")
TICK = timedelta(seconds=1)


def welcomed(keeper: Memory | None = None, number: int = 0) -> Session:
    session = a_session(keeper or Memory())
    session.receive(CHALLENGE)
    session.receive(v1.Welcome(number))
    return session


def reconnect(session: Session, number: int) -> list[v1.Up]:
    session.open()
    session.receive(CHALLENGE)
    return session.receive(v1.Welcome(number))


def delta(base: Manifest, new: Manifest) -> v1.ManifestDelta:
    return delta_to_wire(delta_between(base, new))


def holding(manifest: Manifest) -> list[v1.Up]:
    version = v1.VersionW(manifest.version.epoch, manifest.version.number)
    return [v1.Holding(version, hash_of(manifest))]


def reports(ups: list[v1.Up]) -> list[v1.ReportUp]:
    return [up for up in ups if isinstance(up, v1.ReportUp)]


# -- who speaks -------------------------------------------------------------------------------


def test_the_hello_proves_the_key_and_tells_what_is_held() -> None:
    (hello,) = a_session(Memory(FIRST), starts=4).receive(CHALLENGE)
    assert isinstance(hello, v1.Hello)
    check_link(public_key_of(KEY), CHALLENGE.nonce, PIN, hello.claims, hello.signature)
    assert v1.decode_claims(hello.claims) == v1.Claims(
        1, "ag_me", 4, "cafe", "fake", v1.VersionW(1, 1), hash_of(FIRST)
    )


def test_without_a_manifest_the_hello_says_so() -> None:
    (hello,) = a_session(Memory()).receive(CHALLENGE)
    assert isinstance(hello, v1.Hello)
    claims = v1.decode_claims(hello.claims)
    assert (claims.holds_version, claims.holds_hash) == (None, None)


@pytest.mark.parametrize(
    "message", [v1.Welcome(0), manifest_to_wire(FIRST), v1.ReportTaken(1), v1.HeartbeatTaken(1)]
)
def test_nothing_is_heard_before_the_introduction(message: v1.Down) -> None:
    with pytest.raises(Invalid, match="out of turn"):
        a_session(Memory()).receive(message)


@pytest.mark.parametrize("message", [CHALLENGE, v1.Welcome(0)])
def test_nobody_is_introduced_twice(message: v1.Down) -> None:
    with pytest.raises(Invalid, match="out of turn"):
        welcomed().receive(message)


def test_a_refusal_is_kept_for_whoever_asks_and_nothing_more_is_said() -> None:
    session = welcomed()
    refusal = v1.Refused("forbidden", "two of you")
    assert session.receive(refusal) == []
    assert (session.refused, session.is_welcome) == (refusal, False)
    assert session.offer(a_view()) == []


# -- manifests --------------------------------------------------------------------------------


def test_a_manifest_is_held_before_it_is_said_to_be() -> None:
    keeper = Memory()
    assert welcomed(keeper).receive(manifest_to_wire(FIRST)) == holding(FIRST)
    assert keeper.manifest == FIRST


def test_what_could_not_be_kept_is_not_said_to_be_held() -> None:
    """Nor is it a reason to leave: it is tried again with each beat."""

    class FullDisk(Memory):
        is_full = True

        def hold(self, manifest: Manifest) -> None:
            if self.is_full:
                raise OSError("no space left")
            super().hold(manifest)

        def keep_directory(self, directory: Directory) -> bool:  # noqa: ARG002
            raise OSError("no space left")

    keeper = FullDisk()
    speaker = Speaker(ME, "fake", PIN, KEY, Incarnation(1, "cafe"), (v1.DIRECTORY,))
    session = Session(speaker, keeper)
    reconnect(session, 0)
    session.beat(START)
    assert session.receive(manifest_to_wire(FIRST)) == []
    assert session.receive(v1.DirectoryDown(1, ["https://plane.example"], bytes(64))) == []
    assert session.beat(START + 10 * TICK) == [v1.Heartbeat(1)]
    assert session.receive(delta(FIRST, SECOND)) == [v1.NeedWhole()]
    assert session.receive(manifest_to_wire(SECOND)) == []
    session.beat(START + 20 * TICK)
    keeper.is_full = False
    assert session.beat(START + 40 * TICK) == [*holding(SECOND), v1.Heartbeat(2)]
    assert keeper.manifest == SECOND
    assert session.beat(START + 60 * TICK) == [v1.Heartbeat(3)]


def test_a_delta_that_fits_is_taken() -> None:
    keeper = Memory(FIRST)
    assert welcomed(keeper).receive(delta(FIRST, SECOND)) == holding(SECOND)
    assert keeper.manifest == SECOND


def test_a_delta_that_does_not_fit_is_answered_by_asking_for_the_whole() -> None:
    keeper = Memory(FIRST)
    session = welcomed(keeper)
    assert session.receive(delta(SECOND, THIRD)) == [v1.NeedWhole()]
    assert keeper.manifest == FIRST
    assert session.receive(manifest_to_wire(THIRD)) == holding(THIRD)


def test_a_whole_that_is_not_its_hash_is_asked_for_once_more_and_then_refused() -> None:
    session, forged = welcomed(), manifest_to_wire(FIRST)
    forged.hash = bytes(32)
    assert session.receive(forged) == [v1.NeedWhole()]
    with pytest.raises(Invalid, match="does not add up"):
        session.receive(forged)


@pytest.mark.parametrize("message", [manifest_to_wire(FIRST), delta(SECOND, FIRST)])
def test_an_older_one_is_answered_with_what_is_held(message: v1.Down) -> None:
    keeper = Memory(SECOND)
    assert welcomed(keeper).receive(message) == holding(SECOND)
    assert keeper.manifest == SECOND


def test_the_held_one_said_again_is_confirmed_again() -> None:
    assert welcomed(Memory(SECOND)).receive(delta(FIRST, SECOND)) == holding(SECOND)


def test_a_fork_is_answered_with_what_is_held() -> None:
    keeper = Memory(SECOND)
    fork = replace(SECOND, entries=())
    assert welcomed(keeper).receive(manifest_to_wire(fork)) == holding(SECOND)
    assert keeper.manifest == SECOND


def test_a_higher_epoch_is_taken_though_its_number_is_lower() -> None:
    keeper = Memory(SECOND)
    new = replace(FIRST, version=Version(2, 1))
    assert welcomed(keeper).receive(manifest_to_wire(new)) == holding(new)


@pytest.mark.parametrize("message", [manifest_to_wire(FIRST), delta(FIRST, SECOND)])
def test_a_manifest_for_another_agent_is_refused(
    message: v1.ManifestWhole | v1.ManifestDelta,
) -> None:
    keeper = Memory()
    meant = replace_agent(message, "ag_other")
    with pytest.raises(Invalid, match="another agent"):
        welcomed(keeper).receive(meant)
    assert keeper.manifest is None


def replace_agent(
    message: v1.ManifestWhole | v1.ManifestDelta, agent: str
) -> v1.ManifestWhole | v1.ManifestDelta:
    copy = v1.decode_down(v1.encode(message))
    assert isinstance(copy, v1.ManifestWhole | v1.ManifestDelta)
    copy.agent = AgentId(agent)
    return copy


# -- reports ----------------------------------------------------------------------------------


def test_the_first_report_is_whole_and_later_ones_are_changes() -> None:
    session = welcomed(number=4)
    (whole,) = reports(session.offer(a_view([A, B])))
    assert (whole.number, whole.is_whole, len(whole.seen)) == (5, True, 2)
    assert session.receive(v1.ReportTaken(5)) == []
    (change,) = reports(session.offer(a_view([A])))
    assert (change.number, change.is_whole, change.seen) == (6, False, [])
    assert change.gone == [v1.MarkW("in_b", 1)]


def test_a_view_from_before_the_welcome_is_reported_with_it() -> None:
    session = a_session(Memory())
    assert session.offer(a_view([A])) == []
    session.receive(CHALLENGE)
    (whole,) = reports(session.receive(v1.Welcome(0)))
    assert (whole.number, whole.is_whole) == (1, True)


def test_one_report_at_a_time_and_the_next_says_all_that_changed_since() -> None:
    session = welcomed()
    session.offer(a_view([]))
    assert session.offer(a_view([A])) == []
    assert session.offer(a_view([A, B])) == []
    (change,) = reports(session.receive(v1.ReportTaken(1)))
    assert (change.number, change.is_whole, len(change.seen)) == (2, False, 2)


def test_an_equal_view_says_nothing() -> None:
    session = welcomed()
    session.offer(a_view([A]))
    session.receive(v1.ReportTaken(1))
    assert session.offer(a_view([A])) == []


def test_after_a_cut_the_first_report_is_whole_again_under_a_new_number() -> None:
    session = welcomed()
    session.offer(a_view([A]))
    (whole,) = reports(reconnect(session, number=0))
    assert (whole.number, whole.is_whole) == (2, True), "the first may still arrive"


def test_numbers_go_on_after_the_last_that_the_plane_took() -> None:
    (whole,) = reports(reconnect_with_view(welcomed(), number=41))
    assert whole.number == 42


def reconnect_with_view(session: Session, number: int) -> list[v1.Up]:
    session.offer(a_view([A]))
    return reconnect(session, number)


def test_an_older_confirmation_changes_nothing() -> None:
    session = welcomed(number=4)
    assert session.receive(v1.ReportTaken(4)) == []
    session.offer(a_view([A]))
    assert session.receive(v1.ReportTaken(4)) == []
    assert session.offer(a_view([B])) == [], "the fifth is still on its way"


def test_a_confirmation_of_what_was_never_sent_is_refused() -> None:
    session = welcomed()
    session.offer(a_view([A]))
    with pytest.raises(Invalid, match="never sent"):
        session.receive(v1.ReportTaken(2))


# -- beats ------------------------------------------------------------------------------------


def test_a_heartbeat_comes_after_ten_seconds_of_silence_and_every_ten_more() -> None:
    session = welcomed()
    beats = [(s, up) for s in range(31) for up in session.beat(START + s * TICK)]
    assert beats == [(10, v1.Heartbeat(1)), (20, v1.Heartbeat(2)), (30, v1.Heartbeat(3))]


def test_whoever_has_spoken_needs_no_heartbeat() -> None:
    session = welcomed()
    session.beat(START)
    session.offer(a_view([A]))
    assert session.beat(START + 9 * TICK) == []
    assert session.beat(START + 18 * TICK) == []
    assert session.beat(START + 19 * TICK) == [v1.Heartbeat(1)]


def test_before_the_welcome_there_is_no_heartbeat() -> None:
    session = a_session(Memory())
    assert [up for s in range(40) for up in session.beat(START + s * TICK)] == []
    assert session.is_lost(START + 40 * TICK), "a plane that never begins is left as well"


def test_two_beats_without_an_answer_and_the_plane_is_lost() -> None:
    session = welcomed()
    assert not session.is_lost(START)
    for s in range(30):
        session.beat(START + s * TICK)
        assert not session.is_lost(START + s * TICK)
    assert session.is_lost(START + 30 * TICK)


def test_an_answer_keeps_the_plane() -> None:
    session = welcomed()
    session.beat(START)
    session.beat(START + 10 * TICK)
    assert session.receive(v1.HeartbeatTaken(1)) == []
    session.beat(START + 11 * TICK)
    assert not session.is_lost(START + 40 * TICK)
    assert session.is_lost(START + 41 * TICK)


def test_a_new_connection_has_its_patience_anew() -> None:
    session = welcomed()
    session.beat(START)
    session.open()
    assert not session.is_lost(START + 60 * TICK)
