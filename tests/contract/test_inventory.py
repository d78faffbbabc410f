"""The hosts in memory are the hosts of the store, whatever was done to it and by whom."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hanza.api import members
from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target, Trip
from hanza.model.report import Incarnation
from hanza.plan.tail import GAP_FOR
from hanza.store import changes
from hanza.store.agents import greet_agent, note_heard, revoke_agent, trust_agent
from hanza.store.change_tables import host_changes
from hanza.store.holds import give_room, take_room
from hanza.store.hosts import list_candidates, refuse_host
from hanza.store.inventory import Inventory
from hanza.store.probes import GOOD_FOR, put_probe, record_trips, remove_probe
from hanza.store.roles import ROLE_FOR, leave_role, take_role
from hanza.store.tx import Store, Tx
from hanza.wire.places import load_carbon
from kit.leagues import START, League, a_league

ONE = Capacity(1, 64, 64)
PROBE = Probe(Target("near", "probe.example", 443), Point("Zagreb", 45.81, 15.98))
Act = Callable[[League], object]


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as league:
        league.add_site("zagreb", "HR", hosts=3)
        league.add_site("berlin", "DE", hosts=2)
        yield league


def hosts_of(league: League, site: str) -> list[HostId]:
    now, carbon = league.clock.now(), load_carbon()
    found = league.store.read(list_candidates, now, carbon)
    return [one.host for one in found if one.ground.name == site]


def steps(league: League) -> None:
    for _ in range(3):
        league.step()


def live_on(league: League, *acts: Callable[[], object]) -> None:
    for act in acts:
        act()
        steps(league)


def price(league: League) -> None:
    prices = {"cpuHour": 100, "gibHour": 10, "diskGibHour": 1}
    spec = json.dumps({"spec": {"title": "Zagreb", "prices": prices}}).encode()
    league.call(members.put_provider, spec, provider="zagreb")


def contest(league: League) -> None:
    agent = league.agents["berlin"].id
    league.store.write(greet_agent, agent, Incarnation(0, "other"), league.clock.now())


def measure(league: League) -> None:
    trips = [Trip("near", 7.5)]
    now = league.clock.now()
    league.store.write(record_trips, league.agents["zagreb"].id, trips, now)


ACTS: dict[str, Act] = {
    "nothing was there yet": lambda _: None,
    "agents told of their hosts": steps,
    "an instance got a place": lambda league: live_on(league, lambda: league.put("web", "HR")),
    "two more": lambda league: live_on(
        league, lambda: league.put("a", "DE"), lambda: league.put("b", "DE")
    ),
    "room was taken by another plane": lambda league: league.store.write(
        take_room, hosts_of(league, "zagreb")[0], ONE
    ),
    "and given back": lambda league: league.store.write(
        give_room, hosts_of(league, "zagreb")[0], ONE
    ),
    "an instance ended": lambda league: live_on(league, lambda: league.delete("web"), lambda: None),
    "an engine said that it is full": lambda league: league.store.write(
        refuse_host, hosts_of(league, "zagreb")[1], league.clock.now() + timedelta(minutes=5)
    ),
    "and is not any more": lambda league: league.clock.advance(timedelta(minutes=6)),
    "heard again": lambda league: league.store.write(
        note_heard, [one.id for one in league.agents.values()], league.clock.now()
    ),
    "a provider told its prices": price,
    "a probe was put": lambda league: league.store.write(put_probe, PROBE, league.clock.now()),
    "somebody measured": measure,
    "that became too old": lambda league: league.clock.advance(GOOD_FOR),
    "somebody measured again": measure,
    "the probe went": lambda league: league.store.write(remove_probe, "near"),
    "a site came": lambda league: live_on(league, lambda: league.add_site("wien", "AT", hosts=1)),
    "a key is alive twice": contest,
    "a person looked": lambda league: league.store.write(
        trust_agent, league.agents["berlin"].id, league.clock.now()
    ),
    "an agent was revoked": lambda league: league.store.write(
        revoke_agent, league.agents["berlin"].id, league.clock.now()
    ),
}


def assert_same(league: League, *inventories: Inventory) -> None:
    now = league.clock.now()
    expected = league.store.read(list_candidates, now, load_carbon())
    for one in inventories:
        with one.fleet(now) as fleet:
            assert list(fleet.candidates(now)) == expected


def test_it_follows_all_that_is_done(league: League) -> None:
    """One reads along, one reads all of it at the end, one was read once and then at the end."""
    along, early = Inventory(league.store), Inventory(league.store)
    for name, act in ACTS.items():
        act(league)
        assert_same(league, along)
        if name == "two more":
            assert_same(league, early)
    assert_same(league, along, early, Inventory(league.store))


def test_what_is_only_hoped_for_is_looked_at_again(league: League) -> None:
    steps(league)
    inventory, now = Inventory(league.store), league.clock.now()
    host = hosts_of(league, "zagreb")[0]
    with inventory.fleet(now) as fleet:
        fleet.take(host, ONE)
        inventory.doubt([host])
        assert fleet.candidate(host, now).free.cpus == 7
    assert_same(league, inventory)


def test_who_missed_too_much_reads_everything(league: League) -> None:
    steps(league)
    inventory = Inventory(league.store)
    assert_same(league, inventory)
    host = hosts_of(league, "berlin")[0]
    league.store.write(take_room, host, ONE)

    def forget(tx: Tx) -> None:
        tx.execute(sa.delete(host_changes).where(host_changes.c.serial < 10**9))
        changes.note_change(tx, "host", "ho_none")

    league.store.write(forget)
    assert_same(league, inventory)


def test_a_number_that_comes_late_is_read_when_it_comes(league: League) -> None:
    """Another plane took its number earlier and commits later."""
    steps(league)
    inventory = Inventory(league.store)
    assert_same(league, inventory)
    host = hosts_of(league, "berlin")[0]

    def taken_late(tx: Tx) -> int:
        take_room(tx, host, ONE)
        last = changes.last_serial(tx)
        tx.execute(sa.update(host_changes).where(host_changes.c.serial == last).values(ref="later"))
        changes.note_change(tx, "host", "ho_none")
        tx.execute(sa.delete(host_changes).where(host_changes.c.serial == last))
        return last

    late = league.store.write(taken_late)
    inventory.refresh(league.clock.now())
    row = {"serial": late, "kind": "host", "ref": host}
    league.store.write(lambda tx: tx.execute(sa.insert(host_changes).values(row)))
    assert_same(league, inventory)
    league.clock.advance(GAP_FOR)
    league.store.write(note_heard, [a.id for a in league.agents.values()], league.clock.now())
    assert_same(league, inventory)


def test_old_entries_are_forgotten_and_it_is_told_when(store: Store) -> None:
    def many(tx: Tx) -> None:
        for _ in range(changes.KEPT // 10 + 1):
            changes.note_change(tx, "host", "ho_none")

    inventory = Inventory(store)
    assert not inventory.refresh(START)
    store.write(many)
    assert inventory.refresh(START)
    assert not inventory.refresh(START)
    store.write(changes.forget_changes)
    assert store.read(changes.is_kept, 0)


def test_decisions_of_two_threads_do_not_meet(store: Store) -> None:
    inventory = Inventory(store)
    inside: list[int] = []

    def look() -> None:
        for _ in range(50):
            with inventory.fleet(START):
                inside.append(1)
                assert sum(inside) == 1
                inside.append(-1)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(inside) == 400


def test_one_has_a_role_until_it_leaves_or_is_not_heard(store: Store) -> None:
    assert store.write(take_role, "placer", "a", START)
    assert not store.write(take_role, "placer", "b", START)
    assert store.write(take_role, "placer", "a", START + ROLE_FOR / 2)
    assert not store.write(take_role, "placer", "b", START + ROLE_FOR)
    assert store.write(take_role, "placer", "b", START + ROLE_FOR * 1.5)
    store.write(leave_role, "placer", "a", START)
    assert not store.write(take_role, "placer", "a", START + ROLE_FOR * 2)
    store.write(leave_role, "placer", "b", START + ROLE_FOR * 2)
    assert store.write(take_role, "placer", "a", START + ROLE_FOR * 2)
