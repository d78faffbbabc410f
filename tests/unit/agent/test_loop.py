"""The agent's two loops: they go on whatever happens, and end when told."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from hanza.agent.address import Address, address_of
from hanza.agent.converge import Converger
from hanza.agent.journal import Journal
from hanza.agent.link import Link
from hanza.agent.loop import LOOK_EVERY, Agent
from hanza.drivers.fake import FakeDriver, Fault
from hanza.model.guest import Survey
from hanza.model.manifest import Manifest
from hanza.model.report import View
from hanza.model.verdict import Again, Later, Settled, Verdict
from kit.agent_worlds import (
    SECOND,
    START,
    US,
    Memory,
    World,
    a_manifest,
    a_mark,
    a_session,
    an_entry,
)
from kit.waiting import until

PLANE = address_of("http://localhost:1", may_be_plain=True)


def nobody_there(address: Address) -> ClientConnection:
    raise ConnectionRefusedError(address.host)


@dataclass
class Parts:
    world: World
    journal: Journal
    link: Link
    agent: Agent
    stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.agent.run)
        thread.start()
        return thread


def parts_of(folder: Path, world: World, driver: FakeDriver) -> Parts:
    journal, stop = Journal(folder), threading.Event()
    journal.key(lambda size: bytes(size))
    link = Link(lambda: (PLANE,), a_session(Memory()), world.clock, nobody_there)
    agent = Agent(journal, Converger(driver, world.clock), link, world.clock, stop)
    return Parts(world, journal, link, agent, stop)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    world = World()
    parts = parts_of(tmp_path, world, world.driver)
    yield parts
    parts.journal.close()


def test_it_converges_on_what_it_holds_though_no_plane_answers(parts: Parts) -> None:
    parts.journal.hold(a_manifest([an_entry()]))
    thread = parts.start()
    until(lambda: parts.world.guests() == [(a_mark(), "on")], "the guest runs")
    parts.stop.set()
    thread.join()
    assert parts.world.guests() == [(a_mark(), "on")], "stopping leaves guests alone"
    assert parts.agent.bugs == 0


def test_a_hint_wakes_the_pass(parts: Parts) -> None:
    thread = parts.start()
    parts.journal.hold(a_manifest([an_entry()]))
    parts.link.on_message()
    until(lambda: parts.world.guests() == [(a_mark(), "on")], "the guest runs", within_s=5)
    parts.stop.set()
    thread.join()


class Mad(FakeDriver):
    """Fails in a way no driver may, a few times."""

    passes = 0

    def survey(self) -> Survey:
        self.passes += 1
        if self.passes == 1:
            raise ZeroDivisionError
        return super().survey()


def test_a_bug_is_counted_and_survived(tmp_path: Path) -> None:
    world = World()
    parts = parts_of(tmp_path, world, Mad(world.site, US))
    parts.journal.hold(a_manifest([an_entry()]))
    thread = parts.start()
    until(lambda: parts.world.guests() == [(a_mark(), "on")], "the guest runs")
    parts.stop.set()
    thread.join()
    parts.journal.close()
    assert parts.agent.bugs == 1


class Told(Converger):
    """Ends its passes as told."""

    def __init__(self, world: World, verdict: Verdict) -> None:
        super().__init__(world.driver, world.clock)
        self._told = verdict

    def run_pass(self, manifest: Manifest | None) -> tuple[View, Verdict]:
        return super().run_pass(manifest)[0], self._told


@pytest.mark.parametrize(
    ("verdict", "pause"),
    [
        (Again(), timedelta(0)),
        (Later(START + 3 * SECOND), 3 * SECOND),
        (Later(START - SECOND), timedelta(0)),
        (Later(START + timedelta(hours=1)), LOOK_EVERY),
        (Settled(), LOOK_EVERY),
    ],
)
def test_the_next_pass_comes_when_the_verdict_says_and_at_latest_soon(
    parts: Parts, verdict: Verdict, pause: timedelta
) -> None:
    world = parts.world
    agent = Agent(parts.journal, Told(world, verdict), parts.link, world.clock, parts.stop)
    assert agent.run_pass() == pause


def test_a_driver_error_is_no_bug(parts: Parts) -> None:
    parts.world.site.order(Fault("survey"))
    assert parts.agent.run_pass() == SECOND
