"""Agents and planes of different releases: each hears only what it knew, and all of it works.

A whole life of a site is passed through the language of the other's release: what that does not
know is lost on the way, and what it would not understand ends the test.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import msgspec
import pytest

from hanza.agent.session import Session as AgentSession
from hanza.agent.session import Speaker
from hanza.api import instances
from hanza.api.session import Session
from hanza.model.errors import Refusal, UnknownProtocol
from hanza.model.report import Incarnation
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import sign_link
from kit import releases
from kit.agent_worlds import Memory, a_session
from kit.leagues import PIN, League, a_league

GOLDEN = Path(__file__).parent / "golden" / "agent_v1"
NAMES = [one.name for one in pkgutil.iter_modules(releases.__path__)]
PLACE = {"tenant": "acme", "workspace": "shop"}


@pytest.fixture(params=NAMES)
def then(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"kit.releases.{request.param}")


@pytest.fixture
def league(tmp_path: Path, then: ModuleType) -> Iterator[League]:
    """One whose every frame is read and written anew by the other release."""
    with a_league(tmp_path) as league:
        league.up = lambda frame: then.encode(then.decode_up(frame))
        league.down = lambda frame: then.encode(then.decode_down(frame))
        yield league


def put(league: League, name: str, size_mib: int, power: str = "on") -> None:
    spec = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64, "country": "HR"}
    spec |= {"power": power, "volumes": [{"name": "data", "sizeMiB": size_mib}]}
    body = json.dumps({"spec": spec}).encode()
    league.call(instances.put_instance, body, **PLACE, instance=name)


def test_a_site_lives_its_life_between_the_releases(league: League) -> None:
    agent = league.add_site("zagreb", "HR")
    put(league, "kava", 64)
    league.run_until(lambda: league.shown()["kava"][:2] == ("active", "on"))
    put(league, "kava", 64, power="off")
    league.run_until(lambda: league.shown()["kava"][1] == "off")
    put(league, "kava", 128, power="off")
    put(league, "burek", 64)
    league.run_until(lambda: league.shown()["burek"][0] == "active")
    league.run_until(lambda: max(one.size_mib for one in agent.own_volumes()) == 128)
    league.delete("kava")
    league.run_until(lambda: "kava" not in league.shown())
    assert [guest[1] for guest in league.guests()] == ["burek"]


def test_every_message_of_then_is_understood_now(then: ModuleType) -> None:
    """By its golden bytes, which are those of then: see `test_agent_v1_golden`."""
    for kinds, decode, old in (
        (get_args(then.Up), v1.decode_up, then.decode_up),
        (get_args(then.Down), v1.decode_down, then.decode_down),
    ):
        known = {kind.__struct_config__.tag for kind in kinds}
        seen = set()
        for file in sorted(GOLDEN.iterdir()):
            frame = bytes.fromhex(file.read_text())
            tag = msgspec.msgpack.decode(frame)[0]
            if tag in known:
                seen.add(tag)
                said = then.encode(old(frame))
                assert type(decode(said)).__struct_config__.tag == tag
        assert seen == known, "a message of then has no bytes here any more"


def test_whoever_knows_more_loses_nothing_of_what_both_know() -> None:
    """A member more at the end, as a later release would send it, is left aside."""
    for file in sorted(GOLDEN.iterdir()):
        words = msgspec.msgpack.decode(bytes.fromhex(file.read_text()))
        later = msgspec.msgpack.encode([*words, {"of": "tomorrow"}])
        for decode in (v1.decode_up, v1.decode_down):
            try:
                today = decode(bytes.fromhex(file.read_text()))
            except Refusal:
                continue
            if len(words) == _length(today):  # else it is of before a member that is there now
                assert decode(later) == today


def _length(message: msgspec.Struct) -> int:
    """With its tag."""
    return len(message.__struct_fields__) + 1


def test_a_plane_of_then_is_never_told_what_it_does_not_know(then: ModuleType) -> None:
    """Whatever this agent says by itself, without being asked for anything new."""
    session = a_session(Memory())
    ups = session.receive(v1.decode_down(then.encode(then.Challenge(bytes(32)))))
    ups += session.receive(v1.decode_down(then.encode(then.Welcome(0))))
    for message in ups:
        then.decode_up(v1.encode(message))


@pytest.mark.parametrize("protocol", [0, 2, 99])
def test_a_version_that_is_not_spoken_here_is_refused_with_what_to_do(
    tmp_path: Path, protocol: int
) -> None:
    with a_league(tmp_path) as league:
        agent = league.add_site("zagreb", "HR")
        plane, key = Session(league.plane), agent.journal.key(lambda _: b"")
        nonce = plane.open().nonce
        claims = v1.encode(v1.Claims(protocol, agent.id, 9, "n", "fake", None, None))
        hello = v1.Hello(claims, sign_link(key, nonce, PIN, claims))
        with pytest.raises(UnknownProtocol) as refused:
            plane.receive(hello, league.clock.now())
        assert f"and this agent {protocol}" in refused.value.text
        older = protocol < v1.PROTOCOL
        assert refused.value.hint == ("update the agent" if older else "update the planes first")


def test_an_agent_that_is_refused_says_why(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:
        agent = league.add_site("zagreb", "HR")
        key = agent.journal.key(lambda _: b"")
        session = AgentSession(Speaker(agent.id, "fake", PIN, key, Incarnation(9, "n")), Memory())
        session.receive(v1.Challenge(bytes(32)))
        session.receive(v1.Refused("agent.protocol", "update the planes first"))
        assert session.refused == v1.Refused("agent.protocol", "update the planes first")
