"""The count of quotas in a store: the same for both databases, and for planes that share one."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial

import pytest
import sqlalchemy as sa

from hanza.api.instances import write_end, write_wish
from hanza.model.errors import QuotaExceeded, StoreUnavailable
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.instance import Address
from hanza.model.quota import NONE, UNLIMITED, Amounts, Limits, Scope
from hanza.model.volume import VolumeWanted
from hanza.plan.admission import InstanceWish
from hanza.plan.quota import SHARDS
from hanza.store import database, instances, quotas, schema, volumes
from hanza.store.events import list_events
from hanza.store.migrate import migrate
from hanza.store.tx import Store, Tx
from kit.quotas import check_quotas

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACME, SHOP = Scope("acme"), Scope("acme", "shop")
ONE = Amounts(1, 1, 64, 10)


def a_wish(name: str, workspace: str = "shop", cpus: int = 1) -> InstanceWish:
    return InstanceWish(Address("acme", workspace, name), "DE", "blank", cpus, 64, 10, "on")


def admit(store: Store, name: str, workspace: str = "shop", cpus: int = 1) -> None:
    wish = a_wish(name, workspace, cpus)
    store.write(write_wish, wish, InstanceId(f"in_{workspace}_{name}"), NOW)


def forget(store: Store, name: str, workspace: str = "shop") -> None:
    store.write(instances.forget_instance, InstanceId(f"in_{workspace}_{name}"))


def used(store: Store, scope: Scope) -> Amounts:
    return store.read(quotas.get_quota, scope).used


def pick(below: int, *words: object) -> int:
    """As good as chance, and the same each time."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:4]) % below


def count_as(tx: Tx, writer: int, scope: Scope, change: Amounts) -> None:
    """As the plane that has drawn this number does."""
    drawn = database.writer_of(tx)
    tx.execution_options(hanza_writer=writer)
    try:
        quotas.count(tx, scope, change)
    finally:
        tx.execution_options(hanza_writer=drawn)


def test_everything_is_counted_before_any_quota_is_set_and_until_it_is_gone(store: Store) -> None:
    admit(store, "a")
    admit(store, "b", "lab", cpus=3)
    volume = VolumeWanted(VolumeId("vo_1"), "acme", "shop", "data", 100, NOW)
    store.write(volumes.insert_volume, volume)
    store.write(quotas.count, SHOP, Amounts(storage_mib=100))
    assert used(store, SHOP) == ONE + Amounts(storage_mib=100)
    assert used(store, ACME) == Amounts(2, 4, 128, 120)
    store.read(check_quotas)
    store.write(write_end, Address("acme", "shop", "a"), NOW)
    assert used(store, SHOP).instances == 1, "what was asked to end counts until it is gone"
    for _ in range(2):
        forget(store, "a")
        store.write(volumes.forget_volume, VolumeId("vo_1"))
        assert used(store, SHOP) == NONE
    assert used(store, ACME) == Amounts(1, 3, 64, 10)
    store.read(check_quotas)


def test_either_quota_refuses_and_nothing_of_it_is_there(store: Store) -> None:
    store.write(quotas.set_quota, ACME, Limits(instances=3, cpus=100), NOW)
    store.write(quotas.set_quota, SHOP, Limits(instances=2), NOW)
    admit(store, "a")
    admit(store, "b")
    with pytest.raises(QuotaExceeded, match="workspace shop of tenant acme is 2 instances"):
        admit(store, "c")
    admit(store, "c", "lab")
    with pytest.raises(QuotaExceeded, match=r"quota of tenant acme is 3 instances \(3 used, 1"):
        admit(store, "d", "lab")
    with pytest.raises(QuotaExceeded, match=r"100 cpus \(3 used, 98 more asked for\)"):
        admit(store, "c", "lab", cpus=99)
    admit(store, "c", "lab", cpus=98)
    admit(store, "c", "lab", cpus=1)
    assert used(store, ACME) == Amounts(3, 3, 192, 30)
    store.read(check_quotas)
    forget(store, "a")
    admit(store, "d", "lab")
    store.read(check_quotas)


def test_a_quota_below_what_is_used_ends_nothing_and_lets_it_become_less(store: Store) -> None:
    for name in ("a", "b", "c"):
        admit(store, name, cpus=2)
    store.write(quotas.set_quota, SHOP, Limits(instances=1, cpus=5), NOW)
    assert used(store, SHOP).instances == 3
    with pytest.raises(QuotaExceeded):
        admit(store, "d")
    admit(store, "a", cpus=1)
    with pytest.raises(QuotaExceeded):
        admit(store, "a", cpus=2)
    for name in ("a", "b"):
        forget(store, name)
        store.read(check_quotas)
        with pytest.raises(QuotaExceeded):
            admit(store, "d")
    forget(store, "c")
    admit(store, "d")
    store.read(check_quotas)


def test_setting_the_same_is_once_and_clearing_lets_everything_in(store: Store) -> None:
    limits = Limits(instances=0)
    first, is_new = store.write(quotas.set_quota, SHOP, limits, NOW)
    assert (first.version, is_new) == (1, True)
    assert store.write(quotas.set_quota, SHOP, limits, NOW) == (first, False)
    other, is_new = store.write(quotas.set_quota, SHOP, Limits(), NOW)
    assert (other.version, is_new) == (2, False)
    assert store.write(quotas.clear_quota, SHOP, NOW)
    assert not store.write(quotas.clear_quota, SHOP, NOW)
    admit(store, "a")
    assert store.read(quotas.get_quota, SHOP) == quotas.Quota(SHOP, UNLIMITED, ONE)
    said = [one.text for one in store.read(list_events, 0, 99) if one.kind.startswith("quota.")]
    was = "the quota of workspace shop of tenant acme was"
    assert said == [f"{was} set", f"{was} set", f"{was} cleared"]
    store.read(check_quotas)


@pytest.mark.parametrize("seed", range(3))
def test_many_writers_shards_decide_as_one_counter(store: Store, seed: int) -> None:
    there, limit = list[int](), 12
    store.write(quotas.set_quota, ACME, Limits(instances=limit), NOW)
    for turn in range(120):
        writer = pick(SHARDS, seed, turn, "writer")
        if there and pick(100, seed, turn, "kind") < 45:
            store.write(count_as, writer, SHOP, Amounts(-there.pop()))
        else:
            asked = pick(3, seed, turn, "asked") + 1
            is_allowed = sum(there) + asked <= limit
            take = partial(store.write, count_as, writer, SHOP, Amounts(asked))
            assert is_done(take) is is_allowed
            there += [asked] if is_allowed else []
        assert used(store, ACME) == used(store, SHOP) == Amounts(sum(there))
    rows = sa.select(sa.func.count()).select_from(schema.quota_shards)
    assert (store.read(lambda tx: tx.scalar(rows)) or 0) > 4, "it was really spread"


@pytest.fixture
def planes(database_url: str) -> Iterator[list[Store]]:
    """Two planes on one database, each with its own writer."""
    with ExitStack() as open_ones:
        yield [open_ones.enter_context(closing(Store(database_url))) for _ in range(2)]


def all_at_once(asks: list[Callable[[], bool]], threads: int = 8) -> list[bool]:
    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(ask) for ask in asks]]


def is_done(fn: Callable[[], object]) -> bool:
    """Whether it was not refused by a quota; a store that is too busy is asked again."""
    while True:
        try:
            fn()
        except QuotaExceeded:
            return False
        except StoreUnavailable:
            continue
        return True


def test_two_planes_admit_all_that_a_quota_allows_and_no_more(planes: list[Store]) -> None:
    planes[0].write(quotas.set_quota, ACME, Limits(instances=40), NOW)
    asks = [
        lambda plane=planes[n % 2], n=n: is_done(lambda: admit(plane, f"i{n}", f"w{n % 3}"))
        for n in range(60)
    ]
    outcomes = all_at_once(asks)
    assert outcomes.count(True) == 40
    assert used(planes[1], ACME).instances == 40
    planes[0].read(check_quotas)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_planes_that_count_at_once_are_not_in_each_others_way(database_url: str) -> None:
    engines = [database.writer_engine(database_url) for _ in range(2)]
    with ExitStack() as open_ones:
        for number, engine in enumerate(engines):
            open_ones.callback(engine.dispose)
            with engine.begin() as tx:
                count_as(tx, number, SHOP, ONE)
        with engines[0].begin() as tx:
            quotas.set_quota(tx, ACME, Limits(instances=100), NOW)
        with engines[0].connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            # Now the planner knows how small it is, and would rather read the whole table.
            plain.exec_driver_sql("ANALYZE quota_shards")
        both = [open_ones.enter_context(engine.connect()) for engine in engines]
        begun = [tx.begin() for tx in both]
        for _ in range(3):
            for number, tx in enumerate(both):
                count_as(tx, number, SHOP, ONE)
        for one in begun:
            one.commit()
        with engines[0].begin() as tx:
            assert quotas.get_quota(tx, ACME).used.instances == 8


def test_no_moment_is_beyond_a_quota_while_planes_take_give_and_set(planes: list[Store]) -> None:
    limit = 10
    planes[0].write(quotas.set_quota, ACME, Limits(instances=limit, cpus=25), NOW)
    is_over = threading.Event()

    def work(n: int) -> bool:
        plane, mine = planes[n % 2], list[str]()
        for turn in range(12):
            name = f"i{n}x{turn}"
            if mine and pick(2, n, turn):
                gone = mine.pop()
                assert is_done(lambda gone=gone: forget(plane, gone))
            elif is_done(lambda name=name: admit(plane, name, cpus=1 + pick(3, name))):
                mine.append(name)
            if n == 0 and turn % 4 == 3:
                more = Limits(instances=limit, cpus=25 + turn)
                is_done(partial(plane.write, quotas.set_quota, ACME, more, NOW))
        return True

    def watch() -> int:
        looks = 0
        while not is_over.is_set():
            planes[looks % 2].read(check_quotas)
            quota = planes[looks % 2].read(quotas.get_quota, ACME)
            assert quota.used.instances <= limit
            assert quota.used.cpus <= (quota.limits.cpus or 0)
            looks += 1
        return looks

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            all_at_once([lambda n=n: work(n) for n in range(6)])
        finally:
            is_over.set()
        assert watching.result() > 3
    planes[0].read(check_quotas)


def test_what_there_was_before_quotas_is_counted_by_the_migration(empty_url: str) -> None:
    migrate(empty_url, "0011")
    engine = sa.create_engine(empty_url)
    at = 1_767_225_600_000_000
    named = {"tenant": "acme", "workspace": "shop", "created_at": at}
    guest = {"country": "DE", "image": "blank", "cpus": 2, "memory_mib": 64, "disk_mib": 10}
    with engine.begin() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        rows = [
            named | guest | {"id": f"in_{name}", "name": name, "power": "on", "boot_volume": boot}
            for name, boot in (("a", None), ("b", "vo_1"))
        ]
        rows.append({**rows[0], "id": "in_c", "name": "c", "workspace": "lab"})
        connection.execute(sa.insert(tables.tables["instances"]), rows)
        volume = named | {"id": "vo_1", "name": "b", "size_mib": 100, "image": "blank"}
        connection.execute(sa.insert(tables.tables["volumes"]), volume)
        words = {"region": "de", "modified_at": at, "conditions": "[]", "status": "{}"}
        public = [
            named
            | words
            | {"id": f"pi_{n}", "name": f"{n}", "kind": kind, "document": b"{}"}
            | {"spec": json.dumps({"version": "IPv4"} | more, separators=(",", ":"))}
            for n, (kind, more) in enumerate(
                [
                    ("public-ip", {"address": "198.51.100.7"}),
                    ("public-ip", {"address": ""}),
                    ("public-ip", {}),
                    ("nic", {"address": "198.51.100.8"}),
                ]
            )
        ]
        connection.execute(sa.insert(tables.tables["resources"]), public)
    engine.dispose()
    migrate(empty_url)
    with closing(Store(empty_url)) as store:
        assert used(store, SHOP) == Amounts(2, 4, 128, 110, 1)
        assert used(store, Scope("acme", "lab")) == Amounts(1, 2, 64, 10)
        assert used(store, ACME) == Amounts(3, 6, 192, 120, 1)
