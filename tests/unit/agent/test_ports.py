"""Ports at the agent: what may be dialled for others, and what never is, whoever asks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hanza.agent.address import Address
from hanza.agent.ports import PORTS_MAX, Ports
from hanza.model.guest import Port
from hanza.model.manifest import Manifest
from hanza.wire import agent_v1 as v1
from kit.agent_worlds import World, a_manifest, an_entry
from kit.waiting import until

PLANE = Address("127.0.0.1", 1, "", False)


class Cut(OSError):
    """The plane was called, which is as far as it goes here."""


@dataclass
class Site:
    """An engine with one guest that publishes port 80, and somebody who listens there."""

    ports: Ports
    listener: socket.socket
    manifest: Manifest
    refused: list[v1.ConsoleRefused] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    """Whether the plane answers yet."""

    def ask(self, port: int, run: int = 1) -> str:
        """What became of it: a code, or `called` when the plane was called back."""
        before, called = len(self.refused) + len(self.calls), len(self.calls)
        self.ports.open(PLANE, v1.PortWanted(bytes(32), v1.MarkW("in_a", run), port))
        until(lambda: len(self.refused) + len(self.calls) > before, "there is an answer", 5)
        return "called" if len(self.calls) > called else self.refused[-1].code


@contextmanager
def a_site(address: str = "127.0.0.1", power: str = "on") -> Iterator[Site]:
    world = World()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        published = listener.getsockname()[1]
        entry = an_entry("in_a")
        entry = replace(entry, spec=replace(entry.spec, ports=(Port(published, 80),)))
        world.driver.create(entry.mark, "host-1", entry.spec)
        native = world.driver.survey().guests[0].native
        if power == "on":
            world.driver.set_power(native, "on")

        class Engine:
            """The fake one, which says where ports are published."""

            def survey(self) -> Any:
                survey = world.driver.survey()
                hosts = tuple(replace(one, address=address) for one in survey.hosts)
                return replace(survey, hosts=hosts)

        manifest = a_manifest([entry])
        engine: Any = Engine()

        def dial(*call: Any) -> Any:
            site.gate.wait(5)
            site.calls.append(call)
            raise Cut("no plane here")

        ports = Ports(engine, dial, lambda refused: site.refused.append(refused), lambda: manifest)
        site = Site(ports, listener, manifest)
        site.gate.set()
        yield site
        ports.close()


def test_what_the_run_publishes_is_dialled_and_the_plane_is_called_back() -> None:
    with a_site() as site:
        site.listener.settimeout(5)
        assert site.ask(80) == "called"
        near, _ = site.listener.accept()
        near.close()


@pytest.mark.parametrize(
    ("port", "run"), [(22, 1), (0, 1), (80, 2)], ids=["another", "none", "of another run"]
)
def test_nothing_else_is_dialled(port: int, run: int) -> None:
    with a_site() as site:
        assert site.ask(port, run) == "not_offered"
        assert site.ask(site.listener.getsockname()[1]) == "not_offered", "nor by the site's number"
        site.listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            site.listener.accept()


def test_a_guest_that_is_off_and_a_site_without_an_address_say_so() -> None:
    with a_site(power="off") as site:
        assert site.ask(80) == "not_running"
    with a_site(address="") as site:
        assert site.ask(80) == "not_offered"


def test_nobody_listens_there() -> None:
    with a_site() as site:
        site.listener.close()
        assert site.ask(80) == "not_running"


def test_there_are_only_so_many_and_none_after_the_end() -> None:
    with a_site() as site:
        site.gate.clear()
        for _ in range(PORTS_MAX):
            site.ports.open(PLANE, v1.PortWanted(bytes(32), v1.MarkW("in_a", 1), 80))
        assert site.ask(80) == "busy"
        site.gate.set()
        until(lambda: len(site.refused) > PORTS_MAX, "all of them have ended", 5)
        site.ports.close()
        assert site.ask(80) == "busy"
