"""The store's promises, the same for both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hanza.kit.clock import ManualClock
from hanza.kit.ids import Ids
from hanza.model.capacity import Capacity
from hanza.model.errors import Bug, Conflict, NotFound, Unauthenticated
from hanza.model.guest import GuestSpec, HostFacts, Mark
from hanza.model.ids import (
    AgentId,
    FederationId,
    HostId,
    InstanceId,
    NativeId,
    ProviderId,
    SiteId,
    TokenId,
)
from hanza.model.instance import Address, Wanted
from hanza.model.manifest import GENESIS, Tombstone, Version
from hanza.model.report import Incarnation, Orphan, Problem, Report, Seen
from hanza.model.site import Provider, Site
from hanza.model.verdict import Again, Later, Settled
from hanza.plan.manifest import hash_of
from hanza.store import agents, events, holds, hosts, instances, manifests, reports, sites, work
from hanza.store.federation import found_federation
from hanza.store.migrate import EMPTY, drift, migrate, migrate_back
from hanza.store.schema import holds as holds_table
from hanza.store.schema import hosts as hosts_table
from hanza.store.schema import seen as seen_table
from hanza.store.tx import Store, Tx

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
AGENT = AgentId("ag_one")
ONE = Capacity(1, 100, 10)
FIRST = Incarnation(1, "aa")
IDS = Ids(ManualClock(NOW))


def a_wanted(name: str) -> Wanted:
    spec = GuestSpec(name, "tiny", ONE.cpus, ONE.memory_mib, ONE.disk_mib)
    return Wanted(InstanceId(f"in_{name}"), Address("t", "w", name), "DE", spec, "on", 1, NOW)


def a_league(tx: Tx, host_names: tuple[str, ...] = ("h1",), cpus: int = 10) -> None:
    """One provider, one site, one agent with hosts of 10 cpus each."""
    found_federation(tx, FederationId("fe_1"), NOW)
    sites.put_provider(tx, Provider(ProviderId("pr_1"), "p", "P"), NOW)
    place = Site(SiteId("si_1"), ProviderId("pr_1"), "s", "DE", "Berlin", 52.5, 13.4)
    sites.put_site(tx, place, NOW)
    agents.put_join_token(tx, TokenId("to_1"), place.id, b"d" * 32, NOW, NOW + timedelta(hours=1))
    joining = agents.Joining(AGENT, b"k" * 32, "fake")
    agents.use_join_token(tx, b"d" * 32, joining, NOW)
    agents.greet_agent(tx, AGENT, FIRST, NOW)
    size = Capacity(cpus, 10_000, 1_000)
    hosts.put_hosts(tx, AGENT, [HostFacts(name, size, "none") for name in host_names], IDS, NOW)


def host_ids(tx: Tx) -> list[HostId]:
    return [HostId(row.id) for row in tx.execute(sa.select(hosts_table.c.id))]


def place_one(tx: Tx, name: str = "a") -> Mark:
    instances.insert_instance(tx, a_wanted(name))
    assert holds.take_hold(tx, InstanceId(f"in_{name}"), host_ids(tx)[0], ONE, NOW)
    return Mark(InstanceId(f"in_{name}"), 1)


def a_report(*seen: Seen, number: int = 1, incarnation: Incarnation = FIRST) -> Report:
    return Report(incarnation, number, Version(1, 1), True, seen, (), (), None, None)


# -- transactions ---------------------------------------------------------------------------------


def test_what_raises_is_rolled_back_and_nothing_else(store: Store) -> None:
    def fails(tx: Tx) -> None:
        events.append_event(tx, NOW, "x.y", "s", "lost")
        raise Conflict("no")

    def works(tx: Tx) -> None:
        events.append_event(tx, NOW, "x.y", "s", "kept")

    futures = [store.submit(works), store.submit(fails), store.submit(works)]
    with pytest.raises(Conflict):
        futures[1].result()
    futures[0].result()
    futures[2].result()
    kept = store.read(events.list_events, 0, 10)
    assert [event.text for event in kept] == ["kept", "kept"]


def test_of_a_batch_each_is_there_once_whoever_else_failed(store: Store) -> None:
    blocked, go_on = threading.Event(), threading.Event()

    def hold_the_writer(_: Tx) -> None:
        blocked.set()
        go_on.wait(10)

    def refuse(_: Tx) -> None:
        raise Conflict("before anything was changed")

    def spoil(tx: Tx) -> None:
        events.append_event(tx, NOW, "x.y", "s", "lost")
        raise Conflict("afterwards")

    def keep(tx: Tx, text: str) -> None:
        events.append_event(tx, NOW, "x.y", "s", text)

    first = store.submit(hold_the_writer)
    blocked.wait(10)
    kept = [store.submit(keep, "a")]
    refused = [store.submit(refuse)]
    kept.append(store.submit(keep, "b"))
    refused.append(store.submit(spoil))
    kept.append(store.submit(keep, "c"))
    go_on.set()
    first.result(10)
    for one in kept:
        one.result(10)
    assert [type(one.exception(10)) for one in refused] == [Conflict, Conflict]
    assert [one.text for one in store.read(events.list_events, 0, 10)] == ["a", "b", "c"]


def test_a_snapshot_does_not_move_while_others_write(store: Store) -> None:
    def look_twice(tx: Tx) -> tuple[int, int]:
        before = len(events.list_events(tx, 0, 10))
        store.write(events.append_event, NOW, "x.y", "s", "t")
        return before, len(events.list_events(tx, 0, 10))

    assert store.read(look_twice) == (0, 0)
    assert len(store.read(events.list_events, 0, 10)) == 1


def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises((sa.exc.InternalError, sa.exc.OperationalError)):
        store.read(events.append_event, NOW, "x.y", "s", "t")


def test_who_no_longer_waits_for_the_answer_does_no_harm(store: Store) -> None:
    blocked, go_on = threading.Event(), threading.Event()

    def hold_the_writer(_: Tx) -> None:
        blocked.set()
        go_on.wait(10)

    first = store.submit(hold_the_writer)
    blocked.wait(10)
    abandoned = store.submit(events.append_event, NOW, "x.y", "s", "t")
    assert abandoned.cancel()
    go_on.set()
    first.result(10)
    store.submit(events.append_event, NOW, "x.y", "s", "t").result(10)


def test_a_closed_store_says_so(database_url: str) -> None:
    store = Store(database_url)
    store.close()
    with pytest.raises(Bug):
        store.write(events.append_event, NOW, "x.y", "s", "t")


def test_migrations_lead_to_the_schema_there_back_and_there_again(empty_url: str) -> None:
    migrate(empty_url)
    assert drift(empty_url) == []
    migrate_back(empty_url, EMPTY)
    migrate(empty_url)
    migrate(empty_url)
    assert drift(empty_url) == []


def test_two_planes_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: migrate(empty_url), range(2)))
    assert drift(empty_url) == []


# -- holds ----------------------------------------------------------------------------------------


def test_room_is_never_sold_twice_though_two_planes_place_at_once(
    store: Store, database_url: str
) -> None:
    """64 instances race for 40 cpus from two stores: 40 win, none is oversold."""
    store.write(a_league, ("h1", "h2", "h3", "h4"))
    ids = store.read(host_ids)
    for n in range(64):
        store.write(instances.insert_instance, a_wanted(f"i{n}"))
    other = Store(database_url)

    def decide_then_hold(n: int) -> bool:
        plane = (store, other)[n % 2]
        for attempt in range(len(ids)):
            host = ids[(n + attempt) % len(ids)]
            if plane.write(holds.take_hold, InstanceId(f"in_i{n}"), host, ONE, NOW):
                return True
        return False

    try:
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(decide_then_hold, range(64)))
    finally:
        other.close()
    assert sum(won) == 40
    sold = sa.select(holds_table.c.host_id, sa.func.sum(holds_table.c.cpus)).group_by(
        holds_table.c.host_id
    )
    sums = store.read(lambda tx: [tuple(row) for row in tx.execute(sold)])
    assert sorted(sums) == sorted((host, 10) for host in ids)


def test_a_port_of_a_host_is_given_once_though_two_planes_place_at_once(
    store: Store, database_url: str
) -> None:
    """32 race for one port of four hosts from two stores: four win, and the next when one ends."""
    store.write(a_league, ("h1", "h2", "h3", "h4"), cpus=64)
    ids = store.read(host_ids)
    for n in range(32):
        store.write(instances.insert_instance, a_wanted(f"i{n}"))
    other = Store(database_url)

    def decide_then_hold(n: int) -> bool:
        plane = (store, other)[n % 2]
        ports, instance = (8000 + n, 8080), InstanceId(f"in_i{n}")
        tries = (ids[(n + attempt) % len(ids)] for attempt in range(len(ids)))
        return any(plane.write(holds.take_hold, instance, one, ONE, NOW, ports) for one in tries)

    try:
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(decide_then_hold, range(32)))
    finally:
        other.close()
    assert sum(won) == 4
    found = store.read(hosts.list_candidates, NOW, {})
    assert all(len(one.ports) == 2 and one.free.cpus == 63 for one in found)
    winner, loser = won.index(True), won.index(False)
    assert store.write(holds.release_hold, Mark(InstanceId(f"in_i{winner}"), 1))
    assert decide_then_hold_again(store, ids, loser)


def decide_then_hold_again(store: Store, ids: list[HostId], n: int) -> bool:
    instance = InstanceId(f"in_i{n}")
    return any(store.write(holds.take_hold, instance, one, ONE, NOW, (8080,)) for one in ids)


def test_an_instance_is_never_held_twice(store: Store) -> None:
    store.write(a_league, ("h1", "h2"))
    first, second = store.read(host_ids)
    store.write(instances.insert_instance, a_wanted("a"))
    assert store.write(holds.take_hold, InstanceId("in_a"), first, ONE, NOW)
    assert not store.write(holds.take_hold, InstanceId("in_a"), second, ONE, NOW)


def test_an_over_full_host_takes_nothing_more_but_what_makes_it_no_fuller(store: Store) -> None:
    """Three cpus are held when the host shrinks to two: less is allowed, and then again no more."""
    store.write(a_league, cpus=3)
    first, second, _ = [store.write(place_one, name) for name in "abc"]
    shrunk = HostFacts("h1", Capacity(2, 10_000, 1_000), "none")
    store.write(hosts.put_hosts, AGENT, [shrunk], IDS, NOW)
    (host,) = store.read(host_ids)
    assert store.write(holds.take_room, host, Capacity(0, 0, 10)) == AGENT, "a disk that grows"
    assert store.write(holds.take_room, host, ONE) is None
    assert store.write(holds.release_hold, first), "it is less full"
    assert store.write(holds.take_room, host, ONE) is None, "and full"
    assert store.write(holds.release_hold, second)
    assert store.write(holds.take_room, host, ONE) == AGENT


def test_releasing_twice_gives_room_back_once(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    assert store.write(holds.release_hold, mark)
    assert not store.write(holds.release_hold, mark)
    (candidate,) = store.read(hosts.list_candidates, NOW, {})
    assert candidate.free == candidate.capacity


def test_every_run_bears_another_mark(store: Store) -> None:
    store.write(a_league)
    first = store.write(place_one)
    store.write(holds.release_hold, first)
    store.write(holds.take_hold, first.owner, store.read(host_ids)[0], ONE, NOW)
    hold = store.read(holds.get_hold, first.owner)
    assert hold is not None
    assert hold.mark.run_epoch == first.run_epoch + 1


def test_a_host_that_is_over_full_takes_nothing_and_may_become_less_full(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    store.write(hosts.put_hosts, AGENT, [HostFacts("h1", Capacity(0, 0, 0), "none")], IDS, NOW)
    store.write(instances.insert_instance, a_wanted("b"))
    (host,) = store.read(host_ids)
    assert not store.write(holds.take_hold, InstanceId("in_b"), host, ONE, NOW)
    assert store.write(holds.release_hold, mark)


# -- the schedule ---------------------------------------------------------------------------------


def test_work_is_taken_by_one_and_comes_back_when_its_lease_ends(store: Store) -> None:
    store.write(work.hint, "place", "a", NOW)
    (first,) = store.write(work.take_due, "place", 9, "t1", NOW)
    assert store.write(work.take_due, "place", 9, "t2", NOW) == []
    after_lease = NOW + work.LEASE_FOR
    (second,) = store.write(work.take_due, "place", 9, "t2", after_lease)
    assert not store.write(work.is_held, first)
    store.write(work.settle_work, first, Settled(), after_lease)
    assert store.write(work.is_held, second), "whoever is too late changes nothing"


def test_a_hint_during_the_pass_is_not_lost(store: Store) -> None:
    for verdict in (Settled(), Later(NOW + timedelta(hours=1)), Again()):
        store.write(work.hint, "place", "a", NOW)
        (one,) = store.write(work.take_due, "place", 9, "t", NOW)
        store.write(work.hint, "place", "a", NOW)
        store.write(work.settle_work, one, verdict, NOW)
        (again,) = store.write(work.take_due, "place", 9, "t", NOW)
        store.write(work.settle_work, again, Settled(), NOW)
        assert store.write(work.take_due, "place", 9, "t", NOW + timedelta(days=1)) == []


def test_later_is_later_unless_everybody_is_woken(store: Store) -> None:
    store.write(work.hint, "place", "a", NOW)
    (one,) = store.write(work.take_due, "place", 9, "t", NOW)
    store.write(work.settle_work, one, Later(NOW + timedelta(hours=1)), NOW)
    assert store.write(work.take_due, "place", 9, "t", NOW) == []
    store.write(work.hint_waiting, "place", NOW)
    assert len(store.write(work.take_due, "place", 9, "t", NOW)) == 1


def test_who_is_just_being_looked_at_is_woken_too(store: Store) -> None:
    store.write(work.hint, "place", "a", NOW)
    (one,) = store.write(work.take_due, "place", 9, "t", NOW)
    store.write(work.hint_waiting, "place", NOW)
    store.write(work.settle_work, one, Later(NOW + timedelta(hours=1)), NOW)
    assert len(store.write(work.take_due, "place", 9, "t", NOW)) == 1


def test_two_planes_never_take_the_same_work(store: Store, database_url: str) -> None:
    for n in range(50):
        store.write(work.hint, "place", f"r{n}", NOW)
    other = Store(database_url)
    try:
        with ThreadPoolExecutor(2) as pool:
            taken = pool.map(
                lambda plane: [
                    one.ref
                    for _ in range(10)
                    for one in plane.write(work.take_due, "place", 5, str(id(plane)), NOW)
                ],
                (store, other),
            )
            refs = [ref for refs in taken for ref in refs]
    finally:
        other.close()
    assert len(refs) == len(set(refs)) == 50


# -- manifests ------------------------------------------------------------------------------------


def test_manifests_are_numbered_and_chained(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    first = store.write(manifests.publish_manifest, AGENT, NOW)
    store.write(holds.end_hold, mark)
    second = store.write(manifests.publish_manifest, AGENT, NOW)
    assert (first.version, first.parent) == (Version(1, 1), GENESIS)
    assert (second.version, second.parent) == (Version(1, 2), hash_of(first))
    assert [entry.mark for entry in first.entries] == [mark]
    assert (second.entries, second.tombstones) == ((), (Tombstone(mark),))
    assert store.read(manifests.find_manifest, AGENT, hash_of(first)) == first


def test_what_says_nothing_new_is_not_published(store: Store) -> None:
    store.write(a_league)
    with pytest.raises(manifests.NothingNew):
        store.write(manifests.publish_manifest, AGENT, NOW)
    store.write(place_one)
    store.write(manifests.publish_manifest, AGENT, NOW)
    with pytest.raises(manifests.NothingNew):
        store.write(manifests.publish_manifest, AGENT, NOW)
    known = store.read(agents.manifest_versions, [AGENT])
    assert known[AGENT][0] == Version(1, 1)


def test_two_planes_that_publish_at_once_never_use_a_number_twice(
    store: Store, database_url: str
) -> None:
    store.write(a_league)
    other = Store(database_url)
    ready = threading.Barrier(2)

    def publish(plane: Store, names: str) -> list[Version]:
        ready.wait()
        versions = []
        for name in names:
            plane.write(place_one, name)
            try:
                versions.append(plane.write(manifests.publish_manifest, AGENT, NOW).version)
            except manifests.NothingNew:
                continue
        return versions

    try:
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(publish, store, "abcd"), pool.submit(publish, other, "efgh")]
            versions = [version for one in both for version in one.result()]
    finally:
        other.close()
    assert len(versions) == len(set(versions))
    version, digest = store.read(agents.manifest_versions, [AGENT])[AGENT]
    assert version == max(versions)
    newest = store.read(manifests.find_manifest, AGENT, digest)
    assert newest is not None
    assert len(newest.entries) == 8


# -- agents and their reports ---------------------------------------------------------------------


def test_a_token_works_once_and_again_for_the_same_key(store: Store) -> None:
    store.write(a_league)
    again = agents.Joining(AgentId("ag_two"), b"k" * 32, "fake")
    assert store.write(agents.use_join_token, b"d" * 32, again, NOW) == (AGENT, "s")
    thief = agents.Joining(AgentId("ag_two"), b"x" * 32, "fake")
    with pytest.raises(Unauthenticated):
        store.write(agents.use_join_token, b"d" * 32, thief, NOW)
    with pytest.raises(Unauthenticated):
        store.write(agents.use_join_token, b"?" * 32, thief, NOW)


def test_a_token_grows_too_old(store: Store) -> None:
    store.write(a_league)
    store.write(agents.put_join_token, TokenId("to_2"), SiteId("si_1"), b"e" * 32, NOW, LATER)
    joining = agents.Joining(AgentId("ag_two"), b"y" * 32, "fake")
    with pytest.raises(Unauthenticated):
        store.write(agents.use_join_token, b"e" * 32, joining, LATER)


def test_a_key_belongs_to_one_agent(store: Store) -> None:
    store.write(a_league)
    expires = NOW + timedelta(hours=1)
    store.write(agents.put_join_token, TokenId("to_2"), SiteId("si_1"), b"e" * 32, NOW, expires)
    joining = agents.Joining(AgentId("ag_two"), b"k" * 32, "fake")
    with pytest.raises(Unauthenticated):
        store.write(agents.use_join_token, b"e" * 32, joining, NOW)


def test_a_restart_takes_over(store: Store) -> None:
    store.write(a_league)
    assert store.write(agents.greet_agent, AGENT, Incarnation(2, "bb"), NOW) == 0
    assert store.read(hosts.list_candidates, NOW, {})[0].is_offered


@pytest.mark.parametrize("twin", [Incarnation(2, "cc"), Incarnation(1, "aa")])
def test_two_live_copies_of_a_key_offer_nothing_and_are_told_nothing(
    store: Store, twin: Incarnation
) -> None:
    store.write(a_league)
    store.write(agents.greet_agent, AGENT, Incarnation(2, "bb"), NOW)
    assert store.write(agents.greet_agent, AGENT, twin, NOW) is None
    assert not store.read(hosts.list_candidates, NOW, {})[0].is_offered
    assert store.read(agents.manifest_versions, [AGENT]) == {}
    ((agent, _, _),) = store.read(agents.list_agents)
    assert agent.is_contested
    kinds = [event.kind for event in store.read(events.list_events, 0, 99)]
    assert kinds.count("agent.contested") == 1


def test_a_person_may_say_which_copy_is_left(store: Store) -> None:
    store.write(a_league)
    store.write(agents.greet_agent, AGENT, Incarnation(7, "bb"), NOW)
    store.write(agents.greet_agent, AGENT, Incarnation(3, "cc"), NOW)
    store.write(agents.trust_agent, AGENT, NOW)
    assert store.write(agents.greet_agent, AGENT, Incarnation(3, "cc"), NOW) == 0
    assert store.read(hosts.list_candidates, NOW, {})[0].is_offered
    with pytest.raises(NotFound):
        store.write(agents.trust_agent, AgentId("ag_none"), NOW)


def test_who_was_not_heard_lately_gets_nothing_new(store: Store) -> None:
    store.write(a_league)
    late = NOW + agents.HEARD_WITHIN + timedelta(seconds=1)
    assert not store.read(hosts.list_candidates, late, {})[0].is_heard
    store.write(agents.note_heard, [AGENT], late)
    assert store.read(hosts.list_candidates, late, {})[0].is_heard


def test_an_older_report_never_overwrites_a_newer_one(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    on, off = (Seen(mark, "run", "present", power=power) for power in ("on", "off"))
    assert store.write(reports.record_report, AGENT, a_report(on, number=2), IDS, NOW)
    assert not store.write(reports.record_report, AGENT, a_report(off, number=1), IDS, NOW)
    assert not store.write(reports.record_report, AGENT, a_report(off, number=2), IDS, NOW)
    assert store.read(reports.find_seen, mark.owner) == on


def test_who_cannot_look_does_not_unsee_what_was_there(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    there = Seen(mark, "run", "present", power="on")
    blind = Seen(mark, "run", "unknown")
    store.write(reports.record_report, AGENT, a_report(there, number=1), IDS, NOW)
    store.write(reports.record_report, AGENT, a_report(blind, number=2), IDS, NOW)
    assert store.read(reports.find_seen, mark.owner) == there


def test_a_superseded_start_is_not_believed(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    store.write(agents.greet_agent, AGENT, Incarnation(2, "bb"), NOW)
    on = Seen(mark, "run", "present", power="on")
    assert not store.write(reports.record_report, AGENT, a_report(on, number=99), IDS, NOW)
    second = a_report(on, incarnation=Incarnation(2, "bb"))
    assert store.write(reports.record_report, AGENT, second, IDS, NOW)


def test_an_agent_speaks_only_for_what_was_placed_with_it(store: Store) -> None:
    store.write(a_league)
    store.write(instances.insert_instance, a_wanted("theirs"))
    alien = Seen(Mark(InstanceId("in_theirs"), 1), "end", "absent")
    unknown = Seen(Mark(InstanceId("in_unknown"), 1), "run", "present")
    assert store.write(reports.record_report, AGENT, a_report(alien, unknown), IDS, NOW)
    count = sa.select(sa.func.count()).select_from(seen_table)
    assert store.read(lambda tx: tx.scalar(count)) == 0


def test_orphans_are_kept_with_the_instant_they_were_first_seen(store: Store) -> None:
    store.write(a_league)
    orphan = Orphan("n-1", Mark(InstanceId("in_lost"), 1), "h1", "on")  # type: ignore[arg-type]
    for number, at in ((1, NOW), (2, LATER)):
        report = Report(FIRST, number, Version(1, 1), True, (), (), (orphan,), None, None)
        assert store.write(reports.record_report, AGENT, report, IDS, at)
    assert store.read(reports.list_orphans) == [(AGENT, orphan, NOW)]


def test_a_crowd_of_orphans_is_one_event(store: Store) -> None:
    store.write(a_league)
    crowd = tuple(
        Orphan(NativeId(f"n-{n}"), Mark(InstanceId("in_lost"), 1), "h1", "on") for n in range(500)
    )
    report = Report(FIRST, 1, Version(1, 1), True, (), (), crowd, None, None)
    store.write(reports.record_report, AGENT, report, IDS, NOW)
    assert len(store.read(reports.list_orphans)) == 500
    kinds = [event.kind for event in store.read(events.list_events, 0, 99)]
    assert kinds.count("orphan.found") == 1


def test_problems_survive_the_round_trip(store: Store) -> None:
    store.write(a_league)
    mark = store.write(place_one)
    problem = Problem("driver.rejected", "image\0 is not there", NOW)
    seen = Seen(mark, "run", "absent", problem=problem, serial_tail="a\0b")
    store.write(reports.record_report, AGENT, a_report(seen), IDS, NOW)
    found = store.read(reports.find_seen, mark.owner)
    assert found is not None
    assert found.problem == Problem("driver.rejected", "image is not there", NOW)
    assert found.serial_tail == "ab"


# -- members --------------------------------------------------------------------------------------


def test_a_site_keeps_its_country(store: Store) -> None:
    store.write(a_league)
    moved = Site(SiteId("si_2"), ProviderId("pr_1"), "s", "FR", "Paris", 48.9, 2.4)
    with pytest.raises(Conflict):
        store.write(sites.put_site, moved, NOW)
    renamed = Site(SiteId("si_2"), ProviderId("pr_1"), "s", "DE", "Potsdam", 52.4, 13.1)
    assert store.write(sites.put_site, renamed, NOW).id == "si_1"
    assert store.read(sites.get_site, "s").city == "Potsdam"


def test_who_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.read(sites.get_site, "nowhere")
    with pytest.raises(NotFound):
        store.read(sites.get_provider, "nobody")
    with pytest.raises(Unauthenticated):
        store.read(agents.public_key_of_agent, AgentId("ag_none"))


def test_many_hints_for_later_are_one_look_that_nobody_puts_off(store: Store) -> None:
    """However fast they come: else an agent of many words would have the engine look for ever."""
    for after_s in (0.0, 0.4, 0.8):
        later = NOW + timedelta(seconds=after_s + 1)
        store.write(work.hint_by, "rollout", "ro_1", later)
    assert not store.write(work.take_due, "rollout", 9, "t", NOW + timedelta(seconds=0.9))
    (one,) = store.write(work.take_due, "rollout", 9, "t", NOW + timedelta(seconds=1))
    assert one.hint == 3
    store.write(work.hint, "rollout", "ro_2", NOW)
    store.write(work.hint_by, "rollout", "ro_2", NOW + timedelta(seconds=1))
    assert store.write(work.take_due, "rollout", 9, "t", NOW)
