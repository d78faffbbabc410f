"""An agent of bad will, with a good key of its own: it neither sees nor changes what is another's.

For every message that an agent can say there is one here that names another's things.  What is
compared is all rows of the store in which anything of the other is named.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import sqlalchemy as sa

from hanza.agent.session import Session as AgentSession
from hanza.agent.session import Speaker
from hanza.api import instances
from hanza.api.session import Session
from hanza.model.errors import Refusal
from hanza.model.report import Incarnation
from hanza.store.releases import find_runs
from hanza.store.schema import metadata
from hanza.store.told import list_strangers
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_site_v1 import FindingW, LineW, StrangerW
from hanza.wire.credentials import sign_link
from kit.agent_worlds import Memory
from kit.leagues import PIN, League, SiteAgent, a_league

PLACE = {"tenant": "acme", "workspace": "shop"}
ABLE = (v1.CONSOLE, v1.PORTS, v1.MEASURE, v1.MESH, v1.DIARY, v1.NUMBERS)
VERSION = v1.VersionW(1, 99)


@dataclass
class World:
    league: League
    mine: SiteAgent
    other: SiteAgent
    guest: v1.MarkW
    """The other's."""
    volume: v1.StayW
    theirs: set[str]
    """Every id and name that is the other's."""
    heard: list[bytes] = field(default_factory=list)

    def connected(self) -> Session:
        """The agent's own link, at its next start."""
        plane, key = Session(self.league.plane, "192.0.2.7"), self.mine.journal.key(lambda _: b"")
        speaker = Speaker(self.mine.id, "fake", PIN, key, Incarnation(99, "n"), ABLE, 7445)
        for message in AgentSession(speaker, Memory()).receive(plane.open()):
            self.say(plane, message)
        return plane

    def say(self, plane: Session, message: v1.Up) -> None:
        try:
            answers = plane.hear(v1.encode(message), self.league.clock.now())[1]
        except Refusal as refusal:
            self.heard.append(str(refusal).encode())
        else:
            self.heard += [v1.encode(one) for one in answers]

    def rows(self) -> list[str]:
        return self.league.store.read(_rows, self.theirs)


def _rows(tx: Tx, names: set[str]) -> list[str]:
    """Whatever names one of them, in any table."""
    return sorted(
        f"{table.name} {row._mapping!r}"
        for table in metadata.sorted_tables
        for row in tx.execute(sa.select(table))
        if any(isinstance(value, str) and value in names for value in row)
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_league(tmp_path) as league:
        mine, other = league.add_site("zagreb", "HR"), league.add_site("ljubljana", "SI")
        spec = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
        for name, country in (("own", "HR"), ("theirs", "SI")):
            disk = {"volumes": [{"name": "data", "sizeMiB": 64}]}
            body = json.dumps({"spec": {**spec, **disk, "country": country}}).encode()
            league.call(instances.put_instance, body, **PLACE, instance=name)
        league.run_until(lambda: all(one[0] == "active" for one in league.shown().values()))
        for _ in range(5):
            league.step()
        yield _world(league, mine, other)


def _world(league: League, mine: SiteAgent, other: SiteAgent) -> World:
    manifest = other.journal.manifest
    assert manifest is not None
    (entry,), (volume,) = manifest.entries, manifest.volumes
    theirs: set[str] = {other.id, "ljubljana", entry.mark.owner, volume.stay.volume}
    guest = v1.MarkW(entry.mark.owner, entry.mark.run_epoch)
    stay = v1.StayW(volume.stay.volume, volume.stay.number)
    return World(league, mine, other, guest, stay, theirs)


def a_report(**more: Any) -> v1.ReportUp:
    said = {"seen": [], "gone": [], "orphans": None, "hosts": None, "trouble": None}
    return v1.ReportUp(number=1, version=VERSION, is_whole=True, **{**said, **more})


def absent(world: World, role: str) -> v1.ReportUp:
    problem = v1.ProblemW("driver.exhausted", "no room", 1)
    guest = v1.SeenW(world.guest, role, "absent", None, None, "unknown", "", problem)
    keep = "keep" if role == "run" else "end"
    volume = v1.SeenVolumeW(world.volume, keep, "absent", None, problem)
    return a_report(seen=[guest], volumes=[volume])


def hello_as_the_other(world: World) -> v1.Hello:
    """With its own key, in the other's name."""
    key = world.mine.journal.key(lambda _: b"")
    claims = v1.encode(v1.Claims(1, world.other.id, 999, "n", "fake", None, None))
    return v1.Hello(claims, sign_link(key, bytes(32), PIN, claims))


ID = bytes(32)
HOSTILE: Mapping[str, tuple[type[v1.Up], Callable[[World], v1.Up]]] = {
    "a hello in its name": (v1.Hello, hello_as_the_other),
    "its manifest is held here": (
        v1.Holding,
        lambda w: v1.Holding(
            v1.VersionW(1, w.other.journal.manifest.version.number + 5), bytes(range(32))
        ),
    ),
    "the whole manifest": (v1.NeedWhole, lambda _: v1.NeedWhole()),
    "its guest could not be made": (v1.ReportUp, lambda w: absent(w, "run")),
    "its guest has ended": (v1.ReportUp, lambda w: absent(w, "end")),
    "its guest is here": (
        v1.ReportUp,
        lambda w: a_report(
            seen=[v1.SeenW(w.guest, "run", "present", "x", "off", "seen", "owned", None)]
        ),
    ),
    "its guest and volume are forgotten": (
        v1.ReportUp,
        lambda w: a_report(gone=[w.guest], gone_volumes=[w.volume]),
    ),
    "a heartbeat": (v1.Heartbeat, lambda _: v1.Heartbeat(1)),
    "its console cannot be had": (
        v1.ConsoleRefused,
        lambda _: v1.ConsoleRefused(ID, "not_running", "no"),
    ),
    "how far its site is": (v1.Measured, lambda _: v1.Measured([v1.TripW("ljubljana", 999.0)])),
    "it answers here": (v1.Answering, lambda _: v1.Answering(7445)),
    "a diary of what befell it": (
        v1.Diary,
        lambda w: v1.Diary([LineW(1, 1_767_225_600_000_000, "guest.off", w.guest.owner, "off")]),
    ),
    "a checkup": (
        v1.Checkup,
        lambda w: v1.Checkup(1, 1, [FindingW("clock", "poor", w.other.id, "")]),
    ),
    "its guest is a stranger here": (
        v1.Strangers,
        lambda w: v1.Strangers([StrangerW("x", w.guest.owner, "host-1", 1, 1, 1, "on")]),
    ),
    "what it runs": (
        v1.Running,
        lambda w: v1.Running(
            "9.9.9", "cp311", "always", [w.other.id], [ID], True, "failed", w.guest.owner, 1, "x"
        ),
    ),
    "what it counts": (v1.NumbersUp, lambda _: v1.NumbersUp({"guests_on": 9.0})),
    "a meeting with it that nobody asked for": (
        v1.Met,
        lambda w: v1.Met(0, [v1.TripW(w.other.id, 999.0)]),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_another_is_changed_or_told(world: World, name: str) -> None:
    plane, before = world.connected(), world.rows()
    kind, message_of = HOSTILE[name]
    world.say(plane, message_of(world))
    assert kind is not v1.ReportUp or v1.encode(v1.ReportTaken(1)) in world.heard, "it was taken"
    while world.league.engine.run_round():
        pass
    after = world.rows()
    claims = [row for row in after if row not in before]
    assert set(before) <= set(after)
    of_its_own = ("strangers ", "agent_releases ")
    assert all(row.startswith(of_its_own) and world.mine.id in row for row in claims), claims
    for frame in world.heard:
        assert not any(word.encode() in frame for word in world.theirs), frame


def test_there_is_one_for_every_message() -> None:
    assert {kind for kind, _ in HOSTILE.values()} == set(get_args(v1.Up))


def test_what_moves_a_cursor_or_no_store_takes_is_no_name(world: World) -> None:
    for message in (
        v1.Strangers([StrangerW("a\0", "n", "host-1", 1, 1, 1, "on")]),
        v1.Strangers([StrangerW("\x1b[31m", "n", "host-1", 1, 1, 1, "on")]),
        v1.Strangers([StrangerW("a", "n", "host\n1", 1, 1, 1, "on")]),
        v1.Diary([LineW(9, 1, "guest.off", "in_\0", "off")]),
        a_report(hosts=[v1.HostW("a\0", 1, 1, 1, "none")]),
    ):
        plane = world.connected()
        world.heard.clear()
        world.say(plane, message)
        assert world.heard == [b"a name in a frame is not printable"]


@pytest.mark.parametrize("at", [1, 3, 4])
def test_nor_is_it_one_of_a_caller_that_nobody_knows_yet(at: int) -> None:
    claims = [1, "ag_x", 1, "n", "fake", None, None]
    claims[at] = "ag_x\0"
    with pytest.raises(Refusal, match="not printable"):
        v1.decode_claims(msgspec.msgpack.encode(claims))


def test_names_and_words_of_others_stay_on_one_line(world: World) -> None:
    plane = world.connected()
    running = v1.Running("1\n2", "c\tp\x1b", "always", ["3\n"], [], True, "failed", "4", 0, "a\nb")
    world.say(plane, running)
    world.say(plane, v1.Strangers([StrangerW("x", "na\nme\u202e", "host-1", 1, 1, 1, "on")]))
    runs = world.league.store.read(find_runs, world.mine.id)
    assert runs is not None
    assert (runs.version, runs.tag, runs.words, runs.why) == ("1 2", "c p", {"3"}, "a b")
    (stranger,) = world.league.store.read(list_strangers, "zagreb")
    assert stranger.stranger.name == "na me"


def test_orphans_that_are_anothers_are_noted_as_this_ones_and_nobody_elses(world: World) -> None:
    """It may claim to have anything: that is then a claim of its own."""
    plane, before = world.connected(), world.rows()
    orphan = v1.OrphanW("native", world.guest, "host-1", "on")
    volume = v1.OrphanVolumeW("native", world.volume.volume, "host-1", 64)
    world.say(plane, a_report(orphans=[orphan], orphan_volumes=[volume]))
    while world.league.engine.run_round():
        pass
    fresh = set(world.rows()) - set(before)
    assert {row.split()[0] for row in fresh} == {"orphans", "orphan_volumes"}
    assert all(world.mine.id in row for row in fresh)
    assert set(before) <= set(world.rows())
