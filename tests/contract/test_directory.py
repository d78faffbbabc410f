"""Where the planes are: signed by the root, told to who can keep it, and the newer number wins."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hanza.agent.journal import Identity, Journal
from hanza.agent.session import Session as AgentSession
from hanza.agent.session import Speaker
from hanza.api import directory as api
from hanza.api.session import Session
from hanza.boot.agent import addresses_of
from hanza.boot.certificates import ensure_certificates, root_key
from hanza.kit.clock import SystemClock
from hanza.model.errors import Conflict, Invalid, Unauthenticated
from hanza.model.ids import AgentId, FederationId, SiteId
from hanza.model.report import Incarnation
from hanza.wire import agent_v1 as v1
from hanza.wire.directory_v1 import Directory, Key, check_directory, signed
from kit.agent_worlds import Memory
from kit.leagues import PIN, League, a_league

HERE, THERE = ("https://192.0.2.1:7443",), ("https://plane.example", "https://192.0.2.2:7443")
US = FederationId("fe_us")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, bytes]:
    folder = tmp_path_factory.mktemp("root")
    made = ensure_certificates(folder, ["localhost"], SystemClock().now())
    key = root_key(folder)
    assert key is not None
    return key, made.root_pem


@pytest.fixture
def journal(tmp_path: Path, root: tuple[Key, bytes]) -> Iterator[Journal]:
    journal = Journal(tmp_path / "agent")
    identity = Identity(AgentId("ag_me"), US, SiteId("si_zg"), HERE, PIN, "fake", {})
    journal.keep_identity(identity, root[1])
    yield journal
    journal.close()


def urls_of(journal: Journal) -> list[str]:
    assert journal.identity is not None
    return [one.url_of("") for one in addresses_of(journal, journal.identity)]


def test_what_the_root_signed_is_kept_and_dialled_first(
    journal: Journal, root: tuple[Key, bytes]
) -> None:
    assert journal.keep_directory(signed(US, 1, THERE, root[0]))
    both = ["wss://plane.example:443", "wss://192.0.2.2:7443", "wss://192.0.2.1:7443"]
    assert urls_of(journal) == both
    journal.close()
    again = Journal(journal.folder)
    try:
        assert urls_of(again) == both, "it is on the disk"
    finally:
        again.close()


def test_the_newer_number_wins_whatever_comes_later(
    journal: Journal, root: tuple[Key, bytes]
) -> None:
    assert journal.keep_directory(signed(US, 2, THERE, root[0]))
    assert not journal.keep_directory(signed(US, 1, ("https://old.example",), root[0]))
    assert not journal.keep_directory(signed(US, 2, ("https://other.example",), root[0]))
    assert journal.directory is not None
    assert journal.directory.urls == THERE


def test_what_the_root_did_not_sign_is_as_good_as_none(
    journal: Journal, root: tuple[Key, bytes], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    ensure_certificates(tmp_path / "other", ["localhost"], SystemClock().now())
    stranger = root_key(tmp_path / "other")
    assert stranger is not None
    good = signed(US, 3, THERE, root[0])
    for bad in (
        signed(US, 3, THERE, stranger),
        signed("fe_them", 3, THERE, root[0]),
        replace(good, number=4),
        replace(good, urls=HERE),
        replace(good, signature=b""),
    ):
        assert not journal.keep_directory(bad)
        with pytest.raises(Unauthenticated):
            check_directory(bad, US, root[1])
    assert urls_of(journal) == ["wss://192.0.2.1:7443"]


def test_a_damaged_directory_is_none(journal: Journal, root: tuple[Key, bytes]) -> None:
    journal.keep_directory(signed(US, 1, THERE, root[0]))
    (journal.folder / "directory").write_bytes(b"\x93garbage")
    journal.close()
    again = Journal(journal.folder)
    try:
        assert again.directory is None
        assert urls_of(again) == ["wss://192.0.2.1:7443"]
    finally:
        again.close()


# -- the plane --------------------------------------------------------------------------------


@pytest.fixture
def league(tmp_path: Path, root: tuple[Key, bytes]) -> Iterator[League]:
    with a_league(tmp_path) as league:
        federation = league.plane.federation
        league.plane = replace(
            league.plane, sign_directory=lambda no, urls: signed(federation, no, urls, root[0])
        )
        yield league


def put(league: League, *urls: str) -> int:
    answer = league.call(api.put_directory, json.dumps({"urls": urls}).encode())
    number: int = answer.document.number
    return number


def connected(league: League, *abilities: str) -> tuple[Session, list[v1.Down]]:
    """An agent's link, and all that it was told at first."""
    agent = league.add_site("zagreb", "HR")
    plane, key = Session(league.plane), agent.journal.key(os.urandom)
    speaker = Speaker(agent.id, "fake", PIN, key, Incarnation(99, "n"), abilities)
    heard = []
    for message in AgentSession(speaker, Memory()).receive(plane.open()):
        heard += plane.receive(message, league.clock.now())
    return plane, heard


def test_it_is_told_to_who_can_keep_it_once_and_again_when_it_changes(league: League) -> None:
    put(league, *THERE)
    plane, heard = connected(league, v1.DIRECTORY)
    (told,) = (one for one in heard if isinstance(one, v1.DirectoryDown))
    found = Directory(told.number, tuple(told.urls), told.signature)
    assert (found.number, found.urls) == (1, THERE)
    assert plane.news() == []
    assert put(league, *HERE) == 2
    assert plane.is_behind(plane.told, (), league.plane.meeting.mesh(league.clock.now()), 2)
    assert [type(one) for one in plane.news()] == [v1.DirectoryDown]


def test_an_agent_of_before_is_told_nothing_of_it(league: League) -> None:
    put(league, *THERE)
    plane, heard = connected(league)
    assert [type(one) for one in heard] == [v1.Welcome]
    assert not plane.is_behind(plane.told, (), league.plane.meeting.mesh(league.clock.now()), 1)


def test_the_same_addresses_again_are_the_same_directory(league: League) -> None:
    assert [put(league, *THERE), put(league, *THERE), put(league, *HERE)] == [1, 1, 2]
    shown = league.call(api.get_directory).document
    assert (shown.number, shown.urls) == (2, list(HERE))


@pytest.mark.parametrize("urls", [[], ["http://a"], ["https://a", "https://a"], ["https://a\n"]])
def test_what_no_agent_could_dial_is_refused(league: League, urls: list[str]) -> None:
    with pytest.raises(Invalid):
        put(league, *urls)
    assert league.call(api.get_directory).document.number == 0


def test_a_plane_without_the_roots_key_signs_none(tmp_path: Path) -> None:
    with a_league(tmp_path) as league, pytest.raises(Conflict, match="no key"):
        put(league, *THERE)
