"""The plane's end of the link, at the real application: what strangers and hostile agents get."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hanza.agent.session import Session, Speaker
from hanza.api.link import HELLO_BYTES_MAX
from hanza.model.report import Incarnation
from hanza.wire import agent_v1 as v1
from kit.agent_worlds import Memory
from kit.apis import an_api
from kit.leagues import PIN, League, SiteAgent

LINK = "/agent/v1/link"
CROWD = 100
"""Fewer than a plane's own bound, so that they are there before the first has to have said hello,
however busy the machine is."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def hear(socket: Any) -> v1.Down:
    return v1.decode_down(socket.receive_bytes())


def say(socket: Any, *messages: v1.Up) -> None:
    for message in messages:
        socket.send_bytes(v1.encode(message))


def greet(socket: Any, agent: SiteAgent, starts: int = 99) -> Session:
    """Answer the challenge as the agent's next start would."""
    key = agent.journal.key(lambda _: b"")
    speaker = Speaker(agent.id, "fake", PIN, key, Incarnation(starts, f"n{starts}"))
    session = Session(speaker, Memory())
    say(socket, *session.receive(hear(socket)))
    return session


def test_an_agent_is_welcomed_and_its_heart_is_heard(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    with client.websocket_connect(LINK) as socket:
        greet(socket, agent)
        assert isinstance(hear(socket), v1.Welcome)
        say(socket, v1.Heartbeat(7))
        assert hear(socket) == v1.HeartbeatTaken(7)


def test_a_manifest_comes_down_once_it_is_published(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    league.step()
    with client.websocket_connect(LINK) as socket:
        greet(socket, agent)
        assert isinstance(hear(socket), v1.Welcome)
        league.put("kava", "HR")
        while league.engine.run_round():
            pass
        manifest = hear(socket)
    assert isinstance(manifest, v1.ManifestWhole)
    assert [entry.spec.name for entry in manifest.entries] == ["kava"]


def test_changes_that_come_faster_than_the_agents_word_are_deltas_of_each_other(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    league.step()
    with client.websocket_connect(LINK) as socket:
        session = greet(socket, agent)
        session.receive(hear(socket))
        told = []
        for name in ("kava", "burek", "sir"):
            league.put(name, "HR")
            while league.engine.run_round():
                pass
            told.append(hear(socket))
        answers = [answer for message in told for answer in session.receive(message)]
        assert [type(one) for one in told[1:]] == [v1.ManifestDelta, v1.ManifestDelta]
        assert [type(one) for one in answers] == [v1.Holding] * 3
        say(socket, *answers)
        league.put("vino", "HR")
        while league.engine.run_round():
            pass
        (answer,) = session.receive(hear(socket))
        assert isinstance(answer, v1.Holding), "old words did not turn the plane back"


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xc1", b"\x91\xa5hello", v1.encode(v1.Heartbeat(1)), b"\x00" * (HELLO_BYTES_MAX + 1)],
    ids=["empty", "no messagepack", "half a hello", "a heartbeat", "too long"],
)
def test_who_says_no_hello_is_refused_in_words(
    api: tuple[TestClient, League], frame: bytes
) -> None:
    client, _ = api
    with client.websocket_connect(LINK) as socket:
        assert isinstance(hear(socket), v1.Challenge)
        socket.send_bytes(frame)
        assert isinstance(hear(socket), v1.Refused)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


def test_a_text_frame_is_refused_like_any_other_nonsense(api: tuple[TestClient, League]) -> None:
    client, _ = api
    with client.websocket_connect(LINK) as socket:
        hear(socket)
        socket.send_text("hello")
        refused = hear(socket)
    assert isinstance(refused, v1.Refused)
    assert refused.code == "invalid"


def test_a_signature_for_another_challenge_is_worth_nothing(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    with client.websocket_connect(LINK) as first, client.websocket_connect(LINK) as second:
        key = agent.journal.key(lambda _: b"")
        speaker = Speaker(agent.id, "fake", PIN, key, Incarnation(99, "n"))
        (stolen,) = Session(speaker, Memory()).receive(hear(first))
        hear(second)
        say(second, stolen)
        refused = hear(second)
    assert isinstance(refused, v1.Refused)
    assert refused.code == "unauthenticated"


def test_an_older_start_is_refused_and_the_key_is_contested(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    with client.websocket_connect(LINK) as socket:
        greet(socket, agent, starts=99)
        assert isinstance(hear(socket), v1.Welcome)
        with client.websocket_connect(LINK) as twin:
            greet(twin, agent, starts=98)
            refused = hear(twin)
    assert isinstance(refused, v1.Refused)
    assert refused.code == "conflict"


def test_a_superseded_start_is_cut_off_so_that_it_is_noticed(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    with client.websocket_connect(LINK) as socket:
        greet(socket, agent, starts=98)
        assert isinstance(hear(socket), v1.Welcome)
        with client.websocket_connect(LINK) as twin:
            greet(twin, agent, starts=99)
            assert isinstance(hear(twin), v1.Welcome)
            with pytest.raises(WebSocketDisconnect):
                hear(socket)
            say(twin, v1.Heartbeat(1))
            assert hear(twin) == v1.HeartbeatTaken(1)


def test_a_crowd_of_strangers_is_turned_away_and_agents_are_not(tmp_path: Path) -> None:
    with ExitStack() as stack:
        client, league = stack.enter_context(an_api(tmp_path, strangers_max=CROWD))
        agent = league.add_site("zagreb", "HR")
        socket = stack.enter_context(client.websocket_connect(LINK))
        greet(socket, agent)
        assert isinstance(hear(socket), v1.Welcome)
        for _ in range(CROWD):
            stack.enter_context(client.websocket_connect(LINK))
        one_more = stack.enter_context(client.websocket_connect(LINK))
        with pytest.raises(WebSocketDisconnect):
            one_more.receive_bytes()
        say(socket, v1.Heartbeat(1))
        assert hear(socket) == v1.HeartbeatTaken(1)
