"""The plane's half of consoles, at the real application: who is refused, how, and every limit."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from hanza.agent.session import Session, Speaker
from hanza.api.relay import Limits
from hanza.api.routes import BASE
from hanza.model.report import Incarnation
from hanza.store.events import list_last_events
from hanza.wire import agent_v1 as v1
from hanza.wire.console_v1 import AGENT_PATH, FRAME_BYTES_MAX, End, ticket_to_header
from kit.agent_worlds import Memory
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import PIN, League, SiteAgent
from kit.waiting import until

LIMITS = Limits(consoles=3, of_a_tenant=2, answer_s=2.0, idle_s=1.0, open_s=3.0, stuck_s=1.0)
SECONDS_MAX = 20


def path_of(name: str, tenant: str = "acme", query: str = "") -> str:
    return f"{BASE}/tenants/{tenant}/workspaces/shop/instances/{name}/console{query}"


@dataclass
class World:
    client: TestClient
    league: League
    agent: SiteAgent
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.ana = bearer(self.league, "ana", "acme")

    def connect(self, *abilities: str, starts: int = 99) -> Any:
        """The agent's link, after all that is said at first."""
        link = self.stack.enter_context(self.client.websocket_connect("/agent/v1/link"))
        key = self.agent.journal.key(lambda _: b"")
        incarnation = Incarnation(starts, f"n{starts}")
        speaker = Speaker(self.agent.id, "fake", PIN, key, incarnation, abilities)
        for message in Session(speaker, Memory()).receive(v1.decode_down(link.receive_bytes())):
            link.send_bytes(v1.encode(message))
        assert isinstance(v1.decode_down(link.receive_bytes()), v1.Welcome)
        return link

    def ask(self, name: str = "kava", by: Any = None, query: str = "") -> "Asking":
        return Asking(self, path_of(name, query=query), self.ana if by is None else by)

    def refused(self, path: str, by: Any) -> tuple[int, str]:
        with pytest.raises(WebSocketDenialResponse) as denied:
            self.client.websocket_connect(path, headers=by).__enter__()
        return denied.value.status_code, denied.value.json()["code"]

    def await_end(self) -> tuple[str, str]:
        """The event of the end, once it is written down."""
        until(lambda: self.told()[-1:] != self.told()[:1], "the end is written down")
        return self.told()[-1]

    def told(self) -> list[tuple[str, str]]:
        found = self.league.store.read(list_last_events, 20)
        return [(one.kind, one.text) for one in found if one.kind.startswith("console.")]


class Asking:
    """Somebody asks for a console, in a thread, since the answer is the agent's."""

    def __init__(self, world: World, path: str, by: dict[str, str]) -> None:
        self._world = world
        self.socket: Any = None
        self.problem: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._ask, args=(path, by))
        self._thread.start()

    def _ask(self, path: str, by: dict[str, str]) -> None:
        try:
            session = self._world.client.websocket_connect(path, headers=by)
            self.socket = session.__enter__()
        except WebSocketDenialResponse as denied:
            self.problem = denied.json()

    def answered(self) -> Any:
        self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive()
        if self.socket is not None:
            self._world.stack.push(self.socket.__exit__)
        return self.socket

    def code(self) -> str:
        assert self.answered() is None
        return str(self.problem["code"])


def wanted(link: Any) -> v1.ConsoleWanted:
    while True:
        message = v1.decode_down(link.receive_bytes())
        if isinstance(message, v1.ConsoleWanted):
            return message


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as found:
        yield found


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """An instance that runs at a site, whose agent is not connected yet."""
    with an_api(folder, limits=LIMITS) as (client, league):
        agent = league.add_site("zagreb", "HR")
        league.step()
        league.put("kava", "HR")
        league.run_until(lambda: league.shown()["kava"][:2] == ("active", "on"))
        world = World(client, league, agent)
        with world.stack:
            yield world


def opened(world: World, link: Any, by: Any = None) -> tuple[Any, Any]:
    """Both ends of a console: the user's and the agent's."""
    asking = world.ask(by=by)
    header = {"authorization": ticket_to_header(wanted(link).ticket)}
    agent = world.stack.enter_context(world.client.websocket_connect(AGENT_PATH, headers=header))
    user = asking.answered()
    assert user is not None, asking.problem
    return user, agent


def closed(socket: Any) -> int:
    try:
        while True:
            socket.receive_bytes()
    except WebSocketDisconnect as ended:
        return ended.code


def test_bytes_go_both_ways_and_it_is_written_down_who_had_it(world: World) -> None:
    user, agent = opened(world, world.connect(v1.CONSOLE))
    assert world.told() == [("console.opened", "ana opened the console of kava at zagreb")]
    user.send_bytes(b"\x00uname\r")
    assert agent.receive_bytes() == b"\x00uname\r"
    agent.send_bytes(b"Linux\xff\r\n")
    assert user.receive_bytes() == b"Linux\xff\r\n"
    user.close()
    assert closed(agent) == End.left
    text = "ana had the console of kava at zagreb open for 0 s: left"
    assert world.await_end() == ("console.closed", text)


def test_who_may_not_is_told_before_any_agent_hears_of_it(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    bob, mallory = bearer(world.league, "bob", "rival"), {"authorization": "Bearer a.b.c"}
    assert world.refused(path_of("kava"), {}) == (401, "unauthenticated")
    assert world.refused(path_of("kava"), mallory) == (401, "unauthenticated")
    assert world.refused(path_of("kava"), bob) == (404, "not_found")
    assert world.refused(path_of("kava", "rival"), bob) == (404, "not_found")
    assert world.refused(path_of("nobody"), world.ana) == (404, "not_found")
    assert world.refused(path_of("ka%00va"), world.ana) == (404, "not_found")
    assert world.refused(path_of("kava", query="?takeOver=yes"), world.ana) == (400, "bad_query")
    page = world.client.get(path_of("kava"), headers=world.ana)
    assert (page.status_code, page.json()["code"]) == (400, "bad_query")
    assert world.told() == []
    link.send_bytes(v1.encode(v1.Heartbeat(1)))
    heard = [v1.decode_down(link.receive_bytes()) for _ in range(2)]
    assert not [one for one in heard if isinstance(one, v1.ConsoleWanted)]


def test_a_browser_proves_itself_and_is_refused_in_its_own_way(world: World) -> None:
    """It can send no header and reads no answer of HTTP to an upgrade."""
    token = world.ana["authorization"].removeprefix("Bearer ")
    offers = ["hanza.console.v1", f"hanza.bearer.{token}"]
    with world.client.websocket_connect(path_of("nobody"), subprotocols=offers) as socket:
        assert socket.accepted_subprotocol == "hanza.console.v1"
        with pytest.raises(WebSocketDisconnect) as refused:
            socket.receive_bytes()
    assert refused.value.code == End.refused
    assert refused.value.reason.startswith("not_found: there is no instance 'nobody'")
    for wrong in ([offers[0]], [offers[0], "hanza.bearer.a.b.c"], [*offers, offers[1] + "x"]):
        asking = world.client.websocket_connect(path_of("kava"), subprotocols=wrong)
        with asking as socket, pytest.raises(WebSocketDisconnect) as refused:
            socket.receive_bytes()
        assert refused.value.reason.startswith("unauthenticated: ")
    assert world.told() == []


def test_what_runs_nowhere_has_no_console(world: World) -> None:
    world.connect(v1.CONSOLE)
    world.league.put("caj", "DE")
    assert world.refused(path_of("caj"), world.ana) == (412, "not_running")
    world.league.delete("kava")
    world.league.engine.run_round()
    assert world.refused(path_of("kava"), world.ana) == (412, "not_running")


def test_only_the_plane_that_has_the_agents_link_reaches_it(world: World) -> None:
    asking = world.ask()
    assert asking.code() == "not_here"
    assert "another plane" in asking.problem["detail"]
    world.league.clock.advance(timedelta(minutes=2))
    asking = world.ask(by=OPERATOR)
    assert asking.code() == "not_here"
    assert "zagreb is not connected" in asking.problem["detail"]


def test_an_agent_that_knows_no_consoles_is_not_asked_for_one(world: World) -> None:
    world.connect()
    assert world.refused(path_of("kava"), world.ana) == (412, "not_offered")


def test_a_start_that_was_superseded_gets_nobodys_keys(world: World) -> None:
    old = world.connect(v1.CONSOLE, starts=99)
    new = world.connect(v1.CONSOLE, starts=100)
    asking = world.ask()
    header = {"authorization": ticket_to_header(wanted(new).ticket)}
    world.stack.enter_context(world.client.websocket_connect(AGENT_PATH, headers=header))
    assert asking.answered() is not None
    del old


def test_an_agent_that_does_not_come_is_not_waited_for_for_ever(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    asking = world.ask()
    late = wanted(link).ticket
    assert asking.code() == "not_here"
    header = {"authorization": ticket_to_header(late)}
    assert world.refused(AGENT_PATH, header) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("in_use", "in_use"),
        ("busy", "busy"),
        ("not_running", "not_running"),
        ("driver.rejected", "not_running"),
        ("driver.unsupported", "not_offered"),
        ("driver.unavailable", "not_here"),
        ("no such code", "not_here"),
    ],
)
def test_why_an_agent_refuses_is_told_and_can_do_no_harm(
    world: World, code: str, told: str
) -> None:
    link = world.connect(v1.CONSOLE)
    asking = world.ask()
    ticket = wanted(link).ticket
    for refusal in (
        v1.ConsoleRefused(bytes(32), code, "of nobody's"),
        v1.ConsoleRefused(ticket, code, "\x1b]0;pwned\x07 why" + "y" * 500),
        v1.ConsoleRefused(ticket, code, "twice"),
    ):
        link.send_bytes(v1.encode(refusal))
    assert asking.code() == told
    said = asking.problem["detail"]
    assert "\x1b" not in said
    assert "\x07" not in said
    assert len(said) < 300
    assert world.told() == []


def test_who_has_it_already_is_named(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    opened(world, link)
    asking = world.ask(by=bearer(world.league, "eve", "acme"))
    link.send_bytes(v1.encode(v1.ConsoleRefused(wanted(link).ticket, "in_use", "-")))
    assert asking.code() == "in_use"
    assert "ana has had the console of kava open since" in asking.problem["detail"]
    assert asking.problem["hint"] == "--force takes it over"


def test_taking_over_is_asked_of_the_agent(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    asking = world.ask(query="?takeOver=true")
    message = wanted(link)
    assert message.takes_over
    link.send_bytes(v1.encode(v1.ConsoleRefused(message.ticket, "busy", "-")))
    assert asking.code() == "busy"


@pytest.mark.parametrize("header", ["", "Hanza-Ticket xx", ticket_to_header(bytes(32)), "Bearer x"])
def test_a_ticket_that_nobody_gave_opens_nothing(world: World, header: str) -> None:
    answer = world.refused(AGENT_PATH, {"authorization": header})
    assert answer == (401, "unauthenticated")


def test_a_ticket_is_good_once(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    asking = world.ask()
    header = {"authorization": ticket_to_header(wanted(link).ticket)}
    world.stack.enter_context(world.client.websocket_connect(AGENT_PATH, headers=header))
    asking.answered()
    assert world.refused(AGENT_PATH, header) == (401, "unauthenticated")


def test_nobody_takes_all_the_consoles_there_are(world: World) -> None:
    link = world.connect(v1.CONSOLE)
    first = world.ask()
    wanted(link)
    second = world.ask()
    wanted(link)
    assert world.refused(path_of("kava"), world.ana) == (429, "busy")
    assert {first.code(), second.code()} == {"not_here"}
    opened(world, link)


def test_who_types_nothing_is_hung_up_on(world: World) -> None:
    user, agent = opened(world, world.connect(v1.CONSOLE))
    agent.send_bytes(b"tick")
    assert user.receive_bytes() == b"tick"
    assert closed(user) == End.idle
    assert closed(agent) == End.idle


def test_no_console_is_open_for_ever(world: World) -> None:
    user, _ = opened(world, world.connect(v1.CONSOLE))
    stop = threading.Event()

    def type_on() -> None:
        while not stop.wait(0.3):
            user.send_bytes(b"x")

    thread = threading.Thread(target=type_on)
    thread.start()
    assert closed(user) == End.expired
    stop.set()
    thread.join()


@pytest.mark.parametrize("frame", [b"", b"x" * (FRAME_BYTES_MAX + 1), "text"])
def test_a_frame_that_breaks_the_rules_ends_it(world: World, frame: bytes | str) -> None:
    user, _ = opened(world, world.connect(v1.CONSOLE))
    user.send_text(frame) if isinstance(frame, str) else user.send_bytes(frame)
    assert closed(user) == End.unruly


@pytest.mark.parametrize("end", [End.ended, End.taken, End.deaf, End.lost])
def test_how_the_site_ended_it_is_passed_on(world: World, end: End) -> None:
    user, agent = opened(world, world.connect(v1.CONSOLE))
    agent.close(end)
    assert closed(user) == end
    assert world.await_end()[1].endswith(f": {end.name}")


def test_nothing_typed_goes_on_to_an_agent_that_is_revoked(world: World) -> None:
    user, agent = opened(world, world.connect(v1.CONSOLE))
    revoked = world.client.post(f"{BASE}/agents/{world.agent.id}/revoke", headers=OPERATOR)
    assert revoked.status_code == 200
    assert closed(agent) == End.lost
    assert closed(user) == End.lost


def test_a_hostile_agent_sends_no_frame_that_is_too_long(world: World) -> None:
    user, agent = opened(world, world.connect(v1.CONSOLE))
    agent.send_bytes(b"x" * (FRAME_BYTES_MAX + 1))
    assert closed(user) == End.lost
