"""Agents ask and answer each other over real sockets, and never beyond what they may."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hanza.agent.peers import ANSWERED, EACH_WAY, EVERY, Allowance, Answerer, Asker, Meeting, Peer
from hanza.model.ids import AgentId
from hanza.model.probe import Trip
from hanza.plan.mesh import BUDGET_BYTES_A_DAY, TRIES
from hanza.wire.mesh_v1 import ask, pair_key

ME, OTHER = AgentId("ag_me"), AgentId("ag_other")
KEY = bytes(range(32))


class Line:
    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        self.said: list[tuple[int, tuple[Trip, ...]]] = []

    def offer_meetings(self, number: int, trips: tuple[Trip, ...]) -> None:
        self.said.append((number, trips))


def plenty() -> Allowance:
    return Allowance(lambda: 0.0)


class Answering:
    """An answerer at work in a thread."""

    def __init__(self, allowance: Allowance) -> None:
        self.line = Line(Meeting(7, (), KEY))
        self.answerer = Answerer(self.line, 0, allowance)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.answerer.run_once()

    @property
    def peer(self) -> Peer:
        return Peer(OTHER, "127.0.0.1", self.answerer.port, pair_key(KEY, 7, ME))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.answerer.close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    one = Answering(plenty())
    yield one
    one.close()


def an_asker(line: Line, allowance: Allowance | None = None, **changed: object) -> Asker:
    said = {"me": ME, "scope": "any", "chance": bytes, "stop": threading.Event()} | changed
    return Asker(line, allowance=allowance or plenty(), **said)  # type: ignore[arg-type]


def test_a_peer_is_asked_and_what_it_took_is_told(answering: Answering) -> None:
    line = Line(Meeting(7, (answering.peer,)))
    assert an_asker(line).run_once() == EVERY
    ((number, (trip,)),) = line.said
    assert (number, trip.probe) == (7, OTHER)
    assert 0 < trip.ms < 1000


def test_who_does_not_prove_itself_counts_as_nobody(answering: Answering) -> None:
    stranger = replace(answering.peer, key=bytes(32))
    line = Line(Meeting(7, (stranger,)))
    asker = an_asker(line)
    asker.run_once()
    assert line.said == []


def test_wrong_answers_are_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))

        def echo() -> None:
            datagram, where = wire.recvfrom(100)
            for said in (datagram, b"", bytes(200)):
                wire.sendto(said, where)

        thread = threading.Thread(target=echo)
        thread.start()
        peer = Peer(OTHER, "127.0.0.1", wire.getsockname()[1], KEY)
        line = Line(Meeting(7, (peer,)))
        an_asker(line).run_once()
        thread.join()
    assert line.said == []


def test_addresses_that_may_not_be_dialled_and_names_are_not_asked(answering: Answering) -> None:
    for host, scope in (("127.0.0.1", "public"), ("localhost", "any"), ("10.0.0.1", "public")):
        line = Line(Meeting(7, (replace(answering.peer, host=host),)))
        allowance = Allowance(lambda: 0.0, 0)
        an_asker(line, allowance, scope=scope).run_once()
        assert line.said == []


def test_nobody_asks_or_answers_beyond_the_budget() -> None:
    allowance = Allowance(lambda: 0.0, 2 * EACH_WAY)
    one = Answering(plenty())
    try:
        line = Line(Meeting(7, (one.peer, replace(one.peer, agent=AgentId("ag_third")))))
        an_asker(line, allowance).run_once()
        ((_, trips),) = line.said
        assert [trip.probe for trip in trips] == [OTHER], "one try, and then no more today"
    finally:
        one.close()
    poor = Answering(Allowance(lambda: 0.0, 2 * EACH_WAY))
    try:
        assert [len(answers_of(poor, n)) for n in (1, 2)] == [1, 0]
    finally:
        poor.close()


def answers_of(answering: Answering, times: int, number: int = 7) -> list[bytes]:
    """What comes back to a burst that is asked rightly."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", answering.answerer.port))
        wire.settimeout(0.5)
        for n in range(times):
            wire.send(ask(answering.peer.key, number, ME, n.to_bytes(8)))
        try:
            while True:
                found.append(wire.recv(100))
        except TimeoutError:
            return found


def test_one_address_is_not_answered_as_often_as_it_likes(answering: Answering) -> None:
    assert ANSWERED.burst <= len(answers_of(answering, 3 * ANSWERED.burst)) < 2 * ANSWERED.burst


def test_without_a_plane_nothing_is_answered(answering: Answering) -> None:
    for meeting in (Meeting(), Meeting(7), Meeting(None, (), KEY), Meeting(40, (), KEY)):
        answering.line.meeting = meeting
        assert answers_of(answering, 1) == []
    answering.line.meeting = Meeting(8, (), KEY)
    assert len(answers_of(answering, 1)) == 1


def test_a_day_has_a_budget_and_the_next_has_it_again() -> None:
    now = [0.0]
    allowance = Allowance(lambda: now[0], 100)
    assert [allowance.take(60), allowance.take(60), allowance.take(40)] == [True, False, True]
    now[0] = 86_399
    assert not allowance.take(1)
    now[0] = 86_400
    assert allowance.take(100)
    assert Allowance(lambda: 0.0).take(BUDGET_BYTES_A_DAY)


def test_a_new_round_or_other_peers_are_asked_at_once(answering: Answering) -> None:
    line = Line(Meeting(7, (answering.peer,)))
    asker = an_asker(line)
    asker.look()
    assert asker.wake.is_set()
    asker.wake.clear()
    asker.run_once()
    asker.look()
    assert not asker.wake.is_set()
    stranger = replace(answering.peer, agent=AgentId("ag_third"))
    line.meeting = Meeting(7, (stranger, answering.peer), KEY)
    asker.look()
    assert asker.wake.is_set()
    asker.run_once()
    asker.wake.clear()
    said = [[trip.probe for trip in trips] for _, trips in line.said]
    assert said == [[OTHER], ["ag_third"]], "nobody is asked twice in a round"
    line.meeting = Meeting(7, (answering.peer,))
    asker.look()
    assert not asker.wake.is_set()
    line.meeting = replace(line.meeting, number=8)
    asker.look()
    assert asker.wake.is_set()


def test_who_is_told_to_stop_asks_no_more(answering: Answering) -> None:
    stop = threading.Event()
    stop.set()
    line = Line(Meeting(7, (answering.peer,) * TRIES))
    an_asker(line, stop=stop).run_once()
    an_asker(Line(Meeting())).run_once()
    assert line.said == []


def test_a_port_that_is_taken_is_told(answering: Answering) -> None:
    with pytest.raises(OSError, match="in use"):
        Answerer(answering.line, answering.answerer.port, plenty())


def test_a_key_is_not_shown() -> None:
    assert "key=..." in repr(Peer(OTHER, "192.0.2.1", 7, KEY))
