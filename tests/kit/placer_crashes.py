"""Kills a placer at each of its statements while another is at work, and looks what is left.

    python -m kit.placer_crashes URL FOLDER EACH

Runs as a program of its own, because it forks.  At each EACH-th statement of a round of placing one
is killed and the next begins where that has left off; at some a second is at work at that
moment, which thinks that the first has gone.  Then all that was placed ends, and the same is done
to those who give the room back.  At last two race: both have decided on the same hosts before
either holds anything.  After each the books have to agree, and in the end nothing may be held.
Prints one JSON object.
"""

import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from hanza.engine.loop import Engine
from hanza.engine.place import place_batch
from hanza.kit.clock import ManualClock
from hanza.kit.ids import Ids
from hanza.model.capacity import Capacity
from hanza.model.guest import GuestSpec, Mark, Port
from hanza.model.ids import AgentId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.manifest import Version
from hanza.model.quota import Limits, Scope
from hanza.model.report import Report, Seen
from hanza.model.terms import Terms
from hanza.plan.placement.fleet import Fleet
from hanza.plan.quota import instance_cost
from hanza.store import schema
from hanza.store.agents import believed_starts, note_heard
from hanza.store.instances import end_instance, insert_instance
from hanza.store.inventory import Inventory
from hanza.store.quotas import count
from hanza.store.reports import record_report
from hanza.store.terms import set_terms
from hanza.store.tx import Store, Tx
from hanza.store.work import LEASE_FOR, Kind, hint, take_due
from kit.laws import check_books
from kit.leagues import SECOND, START, League, fresh_folder
from kit.statements import STILL_S, Between, Counting, Order

ROUND = timedelta(hours=2)
BEYOND = LEASE_FOR + timedelta(seconds=5)
"""Where the clock of the second is: the first's role and leases are over, and hosts are heard."""
DUELS = 8
RACES = 5
PATIENCE_S = 60
SIZE = Capacity(3, 256, 64)
"""Two of them fill a host."""
TEAM = ("a", "b")
SINGLES = ("c", "d", "e", "f")
IN_BERLIN = frozenset("abcd")
"""Where two of them have room."""
IN_ZAGREB = frozenset("ef")
"""Which takes one instance of a tenant."""
HAS_PORT = frozenset("ac")
LATER = frozenset("abf")
"""Due a moment after the others, so that who comes in between finds those alone."""
PORT = 8080
PLACING: tuple[Kind, ...] = ("place",)
SETTLING: tuple[Kind, ...] = ("settle", "place")


@dataclass
class Scene:
    url: str
    folder: Path
    number: int = 0

    @property
    def later(self) -> datetime:
        """When all are due."""
        return self.now + SECOND

    @property
    def server(self) -> Path:
        """Where PostgreSQL's socket is."""
        return Path(str(sa.make_url(self.url).query["host"]))

    @property
    def url_between(self) -> str:
        """The same database, by way of who stands between."""
        url = sa.make_url(self.url).update_query_dict({"host": str(self.folder)})
        return url.render_as_string(hide_password=False)

    @property
    def now(self) -> datetime:
        return START + ROUND * (self.number + 1)

    def instances(self) -> list[InstanceId]:
        return [InstanceId(f"in_{self.number}{letter}") for letter in TEAM + SINGLES]


def found(scene: Scene) -> None:
    """Two sites with a host each, of which one takes one instance of a tenant."""
    league = League(scene.folder, url=scene.url)
    try:
        for site, country in (("zagreb", "HR"), ("berlin", "DE")):
            league.add_site(site, country)
        for _ in range(3):
            league.step()
        terms = Terms(each=Limits(instances=1), total=Limits(cpus=30))
        league.store.write(set_terms, "zagreb", terms, league.clock.now())
    finally:
        league.close()


def wish(scene: Scene) -> None:
    with closing(Store(scene.url)) as store:
        store.write(_wish, scene)


def _wish(tx: Tx, scene: Scene) -> None:
    note_heard(tx, _agents(tx), scene.now + ROUND)
    for letter, instance in zip(TEAM + SINGLES, scene.instances(), strict=True):
        ports = (Port(PORT, 80),) if letter in HAS_PORT else ()
        spec = GuestSpec(letter, "tiny", SIZE.cpus, SIZE.memory_mib, SIZE.disk_mib, ports=ports)
        team = {"app": f"app{scene.number}", "component": letter} if letter in TEAM else {}
        country = "DE" if letter in IN_BERLIN else "HR"
        address = Address("acme", "shop", f"{scene.number}{letter}")
        wanted = Wanted(instance, address, country, spec, "on", 1, scene.now, **team)
        insert_instance(tx, wanted)
        count(tx, Scope("acme", "shop"), instance_cost(wanted))
        hint(tx, "place", instance, scene.later if letter in LATER else scene.now)


def _agents(tx: Tx) -> list[AgentId]:
    return [AgentId(one) for one in tx.scalars(sa.select(schema.agents.c.id))]


def _engine(store: Store, now: datetime) -> Engine:
    clock = ManualClock(now)
    return Engine(store, clock, Ids(clock))


def work(url: str, now: datetime, kinds: Sequence[Kind]) -> None:
    """What an engine of one plane does in a round; the other's is none of its business."""
    with closing(Store(url)) as store:
        _engine(store, now).run_round(kinds)


class Meeting(Inventory):
    """Whoever has decided on it waits until another has decided too."""

    def __init__(self, store: Store, says: int, hears: int) -> None:
        super().__init__(store)
        self._says, self._hears = says, hears

    @contextmanager
    def fleet(self, now: datetime) -> Iterator[Fleet]:
        with super().fleet(now) as fleet:
            yield fleet
        os.write(self._says, b"!")
        assert select.select([self._hears], [], [], PATIENCE_S)[0], "the other never decided"


def race(scene: Scene) -> None:
    """Two have decided on the same hosts before either holds anything; neither asks for a role."""
    ways = [os.pipe(), os.pipe()]

    def place(name: str, says: int, hears: int) -> None:
        with closing(Store(scene.url)) as store:
            batch = store.write(take_due, "place", len(LATER), name, scene.later)
            place_batch(store, Meeting(store, says, hears), batch, scene.later)

    # Whoever is first has those that are due first, and the other the rest.
    one = fork(lambda: place("one", ways[0][1], ways[1][0]))
    other = fork(lambda: place("other", ways[1][1], ways[0][0]))
    codes = [ended(one), ended(other)]
    for end in (*ways[0], *ways[1]):
        os.close(end)
    assert codes == [0, 0], "see above"


def finish(store: Store, now: datetime, kinds: Sequence[Kind]) -> None:
    store.write(lambda tx: note_heard(tx, _agents(tx), now))
    engine = _engine(store, now)
    while engine.run_round(kinds):
        pass
    store.read(check_books)


def look_and_end(scene: Scene, now: datetime) -> None:
    """All or none of the team is placed and nobody waits who fits; then all are to end, and their
    sites say that they have."""
    with closing(Store(scene.url)) as store:
        finish(store, now, ("place", "publish"))
        held = store.read(_held)
        team = [one for one in held if one[-1] in TEAM]
        assert len(team) in (0, len(TEAM)), f"a part of a team is placed: {held}"
        there = [len([one for one in held if one[-1] in at]) for at in (IN_BERLIN, IN_ZAGREB)]
        assert there == [2, 1], f"what has room and is allowed is placed, not {held}"
        store.write(_end_all, scene, now)
        engine = _engine(store, now)
        engine.run_round(SETTLING)
        store.write(_say_gone, scene, now)


def _held(tx: Tx) -> list[str]:
    return sorted(tx.scalars(sa.select(schema.holds.c.instance_id)))


def _end_all(tx: Tx, scene: Scene, now: datetime) -> None:
    for instance in scene.instances():
        end_instance(tx, instance)
        hint(tx, "settle", instance, now)


def _say_gone(tx: Tx, scene: Scene, now: datetime) -> None:
    ids = Ids(ManualClock(now))
    holds = schema.holds
    for agent, start in believed_starts(tx, _agents(tx)).items():
        rows = tx.execute(sa.select(holds).where(holds.c.agent_id == agent)).all()
        assert all(row.is_ending for row in rows), "what is to end has a tombstone"
        seen = tuple(
            Seen(Mark(InstanceId(row.instance_id), row.run_epoch), "end", "absent") for row in rows
        )
        number = 1000 * (scene.number + 1)
        report = Report(start, number, Version(1, 1), False, seen, (), None, None, None)
        assert record_report(tx, agent, report, ids, now)


def look_that_nothing_is_left_and_wish(scene: Scene, now: datetime) -> None:
    with closing(Store(scene.url)) as store:
        finish(store, now, ("settle", "place", "publish"))
        assert not store.read(_held), "a hold is leaked"
        left = store.read(lambda tx: list(tx.scalars(sa.select(schema.instances.c.id))))
        assert not left, f"not forgotten: {left}"
        held = sa.select(sa.func.sum(schema.hosts.c.held_cpus))
        assert store.read(lambda tx: tx.scalar(held)) == 0
        store.write(_wish, scene)


# -- processes ------------------------------------------------------------------------------------


def fork(act: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001 -- whatever it was is what the test has to tell
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def done(act: Callable[[], object]) -> None:
    assert ended(fork(act)) == 0, "see above"


@dataclass(frozen=True, slots=True)
class Duel:
    """One that is killed at a statement of its own, and one that begins when that is about to be:
    its clock says that the first's role and leases are over, and it does the same work."""

    scene: Scene
    kinds: Sequence[Kind]
    now: datetime
    is_alone: bool = False

    def fight(self, at: int) -> tuple[bool, int]:
        """Whether the first was killed, and how many statements it passed.  Zero kills nobody."""
        said, says = os.pipe()
        counted, counts = os.pipe()
        order = Order(at, says, 0.0 if self.is_alone else STILL_S)
        second = fork(lambda: self._second(said, says)) if at and not self.is_alone else None
        leaves: tuple[int, ...] = ()
        between = None
        if self.scene.url.startswith("sqlite"):
            first = fork(lambda: self._counted(order, counts))
        else:
            stands = Between(self.scene.folder, self.scene.server, order)
            leaves = os.pipe()
            between = fork(lambda: self._stand_between(stands, leaves, counts))
            stands.close()
            first = fork(lambda: work(self.scene.url_between, self.now, self.kinds))
        os.close(says)
        code = ended(first)
        for end in leaves:
            os.close(end)
        ends = [ended(one) for one in (between, second) if one is not None]
        os.close(counts)
        passed = int(os.read(counted, 16) or b"0")
        os.close(said)
        os.close(counted)
        assert code in (0, -signal.SIGKILL), "the first failed: see above"
        assert not any(ends), "the second failed: see above"
        return code != 0, passed

    def _counted(self, order: Order, counts: int) -> None:
        counting = Counting(order)
        work(self.scene.url, self.now, self.kinds)
        os.write(counts, str(counting.passed).encode())

    def _stand_between(self, between: Between, leaves: Sequence[int], counts: int) -> None:
        os.close(leaves[1])
        os.write(counts, str(between.serve(leaves[0])).encode())

    def _second(self, said: int, says: int) -> None:
        os.close(says)
        with closing(Store(self.scene.url)) as store:
            engine = _engine(store, self.now + BEYOND)
            os.read(said, 1)
            engine.run_round(self.kinds)


@dataclass
class Run:
    scene: Scene
    each: int
    killed: int = 0
    most: dict[str, int] = field(default_factory=dict)

    def whole(self) -> dict[str, object]:
        self._warm()
        gc.freeze()  # a child that collects would copy every page of what is here
        done(lambda: found(self.scene))
        done(lambda: wish(self.scene))
        lengths = self._round()
        self.most = dict(zip(("place", "settle"), lengths, strict=True))
        self._kill_in_a_row(lengths)
        for at in range(1, max(lengths) + 1, max(lengths) // DUELS):
            self._round(at)
        for _ in range(RACES):
            done(lambda: race(self.scene))
            now = self._look_and_end(self.scene.now + 2 * BEYOND)
            done(lambda now=now: work(self.scene.url, now, SETTLING))
            self._look_that_nothing_is_left(now)
        return {"killed": self.killed, "races": RACES, "statements": self.most}

    def _kill_in_a_row(self, lengths: tuple[int, int]) -> None:
        """One at each statement, the next where that has left off; what one has done whole is
        asked for anew, since the next would find nothing to do."""
        place, settle = 1, 1
        while place <= lengths[0] or settle <= lengths[1]:
            place, now = self._kill_until_done(PLACING, place, lengths[0], self.scene.later)
            now = self._look_and_end(now)
            settle, now = self._kill_until_done(SETTLING, settle, lengths[1], now)
            self._look_that_nothing_is_left(now)

    def _kill_until_done(
        self, kinds: Sequence[Kind], at: int, most: int, now: datetime
    ) -> tuple[int, datetime]:
        """The next statement at which one is to die, and the time."""
        while at <= most:
            is_killed, _ = Duel(self.scene, kinds, now, is_alone=True).fight(at)
            now += BEYOND
            self.killed += is_killed
            at += self.each
            if not is_killed:
                break
        return at, now

    def _look_and_end(self, now: datetime) -> datetime:
        done(lambda: look_and_end(self.scene, now + BEYOND))
        return now + 2 * BEYOND

    def _look_that_nothing_is_left(self, now: datetime) -> None:
        self.scene.number += 1
        done(lambda: look_that_nothing_is_left_and_wish(self.scene, now + BEYOND))

    def _warm(self) -> None:
        """Once here, so that no child has to import and read what all of them need."""
        folder = fresh_folder(self.scene.folder, "warm")
        scene = Scene(f"sqlite:///{folder}/hanza.db", folder)
        found(scene)
        wish(scene)
        after = scene.now + BEYOND
        look_and_end(scene, after)
        work(scene.url, after + BEYOND, SETTLING)
        scene.number += 1
        look_that_nothing_is_left_and_wish(scene, after + 4 * BEYOND)

    def _round(self, at: int = 0) -> tuple[int, int]:
        """Place, end and give back, with the first of two killed at this statement of each."""
        placed = Duel(self.scene, PLACING, self.scene.later).fight(at)
        after = self._look_and_end(self.scene.now + 2 * BEYOND)
        settled = Duel(self.scene, SETTLING, after).fight(at)
        self._look_that_nothing_is_left(after + 2 * BEYOND)
        self.killed += placed[0] + settled[0]
        return placed[1], settled[1]


if __name__ == "__main__":
    place = Path(sys.argv[2])
    run = Run(Scene(sys.argv[1], fresh_folder(place, "league")), int(sys.argv[3]))
    print(json.dumps(run.whole()))
