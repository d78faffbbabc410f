"""What the site's own people ask and do: kept, told, not undone, and over a door of their own."""

import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

import pytest

from hanza.agent.converge import Converger
from hanza.agent.diary import Diary
from hanza.agent.door import SOCKET, Door, ask
from hanza.agent.here import Here
from hanza.agent.journal import Identity, Journal
from hanza.agent.link import Link
from hanza.agent.local import Answer, Known, Local, Request, entry_of, explanation_of, status_of
from hanza.agent.loop import Agent, Beside
from hanza.agent.telling import Telling
from hanza.model.errors import Conflict, NotFound, Unavailable
from hanza.model.guest import Power
from hanza.model.ids import SiteId
from hanza.model.local import STOPPED
from hanza.model.manifest import Manifest
from kit.agent_worlds import (
    ME,
    PIN,
    US,
    World,
    a_manifest,
    a_session,
    a_tombstone,
    an_entry,
    nobody_there,
)

IDENTITY = Identity(ME, US, SiteId("si_zg"), ("https://plane.example",), PIN, "fake", {})
pytestmark = pytest.mark.enable_socket


class Site:
    """An agent without a plane, which is run pass by pass and may be started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World()
        with closing(Journal(folder)) as journal:
            journal.key(lambda size: bytes(size))
            journal.keep_identity(IDENTITY, None)
        self.begin()

    def begin(self) -> None:
        self.journal = Journal(self.folder)
        clock = self.world.clock
        self.diary = Diary(self.journal, clock.now())
        self.diary.begin(clock.now(), "boot-1")
        self.telling = Telling(self.diary)
        link = Link((), a_session(self.journal, telling=self.telling), clock, nobody_there)
        self.local = Local(self.journal, self.diary, clock, link)
        self.door = Door(self.folder, self.local.answer)
        strangers = self.world.driver.strangers
        self.here = Here(self.diary, self.local, self.door, self.telling, strangers, clock)
        converger = Converger(self.world.driver, clock)
        stop = threading.Event()
        self.agent = Agent(self.journal, converger, link, clock, stop, Beside(here=self.here))

    def close(self) -> None:
        self.here.close()
        self.journal.close()

    def hold(self, *manifests: Manifest) -> None:
        for manifest in manifests:
            self.journal.hold(manifest)
            self.settle()

    def settle(self) -> None:
        for _ in range(6):
            self.agent.run_pass()

    def do(self, do: str, guest: str = "", reason: str = "") -> Answer:
        line = json.dumps({"do": do, "guest": guest, "reason": reason}).encode()
        return self.local.answer(line, "ana")

    def power(self) -> list[Power]:
        return [power for _, power in self.world.guests()]

    def diary_texts(self) -> list[str]:
        return [one.happening.text for one in self.diary.waiting(100)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / ("deep" * 30) / "state")
    yield site
    site.close()


def record(answer: Answer) -> dict[str, Any]:
    assert answer.record is not None, answer.text
    return answer.record


def test_a_stop_is_not_undone_by_convergence_nor_by_a_restart_of_the_agent(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    assert site.power() == ["on"]
    stopped = record(site.do("stop", "in_a", "the rack is\nhot"))["stopped"]
    assert stopped == "stopped at its site by ana: the rack is hot"
    site.settle()
    assert site.power() == ["off"]
    site.close()
    site.begin()
    site.settle()
    assert site.power() == ["off"]
    assert site.local.view is not None
    (seen,) = site.local.view.seen
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.text) == (STOPPED, stopped)


def test_a_stop_is_lifted_at_the_site(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    site.do("stop", "web")
    site.do("stop", "web", "again")
    assert len(site.journal.stops) == 1
    site.settle()
    assert record(site.do("start", "in_a"))["stopped"] is None
    site.settle()
    assert site.power() == ["on"]
    record(site.do("start", "in_a"))
    told = [text for text in site.diary_texts() if "was " in text]
    assert told == [
        "guest in_a was stopped at its site by ana",
        "guest in_a was found off",
        "guest in_a was started again at its site by ana",
    ]


def test_the_planes_word_ends_a_stop(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    site.do("stop", "in_a")
    site.hold(a_manifest([an_entry(cpus=1), an_entry("in_b")], number=2))
    assert site.power() == ["off", "on"], "news of others is no word about this one"
    site.hold(a_manifest([an_entry(power="off")], number=3), a_manifest([an_entry()], number=4))
    assert site.power() == ["on", "on"]
    assert site.journal.stops == ()


def test_what_cannot_be_done_is_refused_with_what_would_help(site: Site) -> None:
    off, other = an_entry("in_b", power="off"), an_entry("in_c")
    site.hold(a_manifest([an_entry(), off, other], [a_tombstone("in_d")]))
    for do, guest, code in (
        ("stop", "in_z", "not_found"),
        ("stop", "in_b", "conflict"),
        ("start", "in_b", "conflict"),
        ("explain", "web", "conflict"),
        ("destroy", "in_a", "invalid"),
    ):
        answer = site.do(do, guest)
        assert (answer.record, answer.code) == (None, code), do
    assert site.local.answer(b"\xff", "ana").code == "invalid"
    assert site.journal.stops == ()


def test_a_stop_that_cannot_be_kept_is_not_taken(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    (site.folder / "stops.new").mkdir()
    answer = site.do("stop", "in_a")
    assert (answer.record, answer.code) == (None, "conflict")
    assert "nothing was changed" in answer.text
    site.settle()
    assert site.power() == ["on"]


def test_status_and_explanation_tell_what_is_and_why(site: Site) -> None:
    site.hold(a_manifest([an_entry(), an_entry("in_b", host="elsewhere")]))
    site.do("stop", "in_a")
    site.settle()
    status = record(site.do("status"))
    assert (status["running"], status["linked"], status["engine"]) == (True, False, "well")
    first, second = status["guests"]
    assert (first["wanted"], first["power"], first["presence"]) == ("on", "off", "present")
    assert (second["power"], second["problem"]) == (None, "no such host at this site")
    why = record(site.do("explain", "in_a"))["why"]
    assert why[1].startswith("stopped at its site by ana, since")
    assert "no plane is there: the site goes on with this manifest" in why
    assert "driver.rejected" in "".join(record(site.do("explain", "in_b"))["why"])
    assert "user_data" not in json.dumps(record(site.do("status")))


def test_status_tells_of_endings_that_are_held_back(site: Site) -> None:
    site.agent.converger.brake.few = 0
    site.hold(a_manifest([an_entry()]))
    assert record(site.do("status"))["heldEndings"] == 0
    site.hold(a_manifest(tombstones=[a_tombstone()], number=2))
    status = record(site.do("status"))
    assert (status["heldEndings"], status["guests"]) == (1, [])
    assert site.power() == ["on"], "it is held back"


def test_without_an_agent_only_what_is_on_the_disk_is_told() -> None:
    known = Known(IDENTITY, a_manifest([an_entry()]), ())
    status = status_of(known)
    assert (status["running"], status["linked"], status["engine"]) == (False, None, None)
    assert status["guests"][0]["presence"] == "unknown"
    why = explanation_of(known, entry_of(known, "in_a"))["why"]
    assert "whether it runs now is unknown: nobody can look" in why
    nothing = Known(IDENTITY, None, ())
    assert status_of(nothing)["guests"] == []
    with pytest.raises(NotFound):
        entry_of(nothing, "in_a")
    two = Known(IDENTITY, a_manifest([an_entry(), an_entry("in_b")]), ())
    with pytest.raises(Conflict, match="in_a, in_b"):
        entry_of(two, "web")


def test_what_happens_without_a_plane_is_in_the_diary_in_order(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    (native,) = (guest.native for guest in site.world.driver.survey().guests)
    site.world.touch(native, "off")
    site.settle()
    assert site.power() == ["on"], "what has crashed is started again"
    site.close()
    site.begin()
    assert [text.partition(";")[0] for text in site.diary_texts()] == [
        "guest in_a is there",
        "guest in_a runs",
        "guest in_a was found off",
        "guest in_a runs",
        "the agent began again",
    ]


def test_while_a_plane_is_there_the_diary_is_silent(site: Site) -> None:
    site.journal.hold(a_manifest([an_entry()]))
    view, _ = Converger(site.world.driver, site.world.clock).run_pass(site.journal.manifest)
    off, _ = Converger(site.world.driver, site.world.clock).run_pass(
        a_manifest([an_entry(power="off")])
    )
    for one, is_linked in ((view, True), (off, True), (off, False), (off, True), (view, True)):
        site.here.note(one, is_linked=is_linked)
    assert site.diary_texts() == ["no plane is there", "a plane is there again"]


def test_a_full_disk_is_told_once_and_so_is_its_end(site: Site) -> None:
    site.journal.hold(a_manifest([an_entry()]))
    view, _ = Converger(site.world.driver, site.world.clock).run_pass(site.journal.manifest)
    for why in ("", "No space left", "No space left", "", ""):
        site.here.trouble_of_disk = lambda why=why: why
        site.here.note(view, is_linked=True)
    assert site.diary_texts() == [
        "the agent's disk takes nothing (No space left): it goes on with what it was told before",
        "the agent's disk takes what it has to keep again",
    ]


# -- the door ---------------------------------------------------------------------------------


def test_the_door_answers_over_a_path_that_is_too_long_for_sockets(site: Site) -> None:
    site.hold(a_manifest([an_entry()]))
    thread = threading.Thread(target=site.door.run_once)
    thread.start()
    answer = ask(site.folder, Request("stop", "in_a", "hot"))
    thread.join()
    assert answer.record is not None
    assert "hot" in str(answer.record["stopped"])
    assert stat.S_IMODE((site.folder / SOCKET).stat().st_mode) == 0o600


@pytest.mark.parametrize("word", [b"", b"x" * 20_000])
def test_who_comes_and_says_nothing_of_use_keeps_nobody_waiting(
    tmp_path: Path, word: bytes
) -> None:
    heard: list[bytes] = []

    def answer(line: bytes, _by: str) -> Answer:
        heard.append(line)
        return Answer()

    door = Door(tmp_path, answer)
    thread = threading.Thread(target=door.run_once)
    thread.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire, chdir(tmp_path):
        wire.connect(SOCKET)
        wire.sendall(word)
    thread.join(5)
    assert not thread.is_alive()
    assert all(len(line) <= len(word) for line in heard)
    door.close()


def test_a_door_that_nobody_keeps_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no agent runs"):
        ask(tmp_path, Request("status"))
    Door(tmp_path, lambda *_: Answer()).close()
    with pytest.raises(Unavailable):
        ask(tmp_path, Request("status"))
