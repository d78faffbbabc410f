"""Prepared statements and glances: as any other statement and read, on both databases."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from hanza.model.errors import Bug, NotFound
from hanza.store.prepared import AMONG_MAX, Among, Prepared, changing, inserting
from hanza.store.schema import instances, tenants, work
from hanza.store.tenants import find_tenant, get_tenant, put_tenant
from hanza.store.tx import Store, Tx
from hanza.store.work import hint

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
NAMES = ("name", "reference_policy", "created_at")
BY_NAME = sa.select(tenants).where(tenants.c.name == sa.bindparam("name"))

BY_POLICY = sa.select(tenants.c.name).where(tenants.c.reference_policy == "deferred")


def add(tx: Tx, name: str) -> None:
    Prepared(inserting(tenants, *NAMES)).run(
        tx, {"name": name, "reference_policy": "strict", "created_at": NOW}
    )


def test_values_come_back_as_the_types_of_their_columns(store: Store) -> None:
    store.write(add, "acme")
    row = store.read(Prepared(BY_NAME).first, {"name": "acme"})
    assert (row.name, row.created_at) == ("acme", NOW)
    assert row == tuple(store.read(lambda tx: tx.execute(BY_NAME, {"name": "acme"}).one()))
    assert store.read(Prepared(BY_NAME).first, {"name": "none"}) is None
    flag = Prepared(sa.select(sa.literal(True).label("is"), sa.literal(False).label("no")))
    assert store.read(flag.all, {}) == [(True, False)]


def test_numbers_with_a_point_come_back_as_such(store: Store) -> None:
    half = Prepared(sa.select(sa.literal(0.5, sa.Float).label("half")))
    assert store.read(half.all, {}) == [(0.5,)]


def test_what_is_part_of_the_statement_need_not_be_given(store: Store) -> None:
    store.write(add, "acme")
    said = Prepared(sa.select(tenants.c.name).where(tenants.c.created_at == NOW).limit(1))
    assert store.read(said.all, {}) == [("acme",)]
    one = Prepared(changing(tenants, "reference_policy").where(tenants.c.name == "acme"))
    assert store.write(one.run, {"reference_policy": "deferred"}) == 1
    none = Prepared(changing(tenants, "reference_policy").where(tenants.c.name == "none"))
    assert store.write(none.run, {"reference_policy": "deferred"}) == 0
    found = store.read(find_tenant, "acme")
    assert found is not None
    assert found.references == "deferred"


@pytest.mark.parametrize("names", [[], ["a"], ["a", "c"], ["a", "b", "none"]])
def test_rows_among_some_values(store: Store, names: list[str]) -> None:
    for name in ("a", "b", "c"):
        store.write(add, name)
    query = Among(sa.select(tenants.c.name), tenants.c.name)
    found = store.read(query.among, names)
    assert sorted(row.name for row in found) == [one for one in names if one != "none"]


@pytest.mark.parametrize("some", [0, 1, 3, AMONG_MAX, AMONG_MAX + 3])
def test_a_change_among_some_values(store: Store, some: int) -> None:
    names = [f"t{k}" for k in range(AMONG_MAX + 5)]

    def add_all(tx: Tx) -> None:
        for name in names:
            add(tx, name)

    store.write(add_all)
    change = Among(changing(tenants, "reference_policy"), tenants.c.name)
    store.write(change.run, names[:some], {"reference_policy": "deferred"})
    found = store.read(Among(BY_POLICY, tenants.c.name).among, names)
    assert {row.name for row in found} == set(names[:some])


def test_an_error_is_sqlalchemys_and_tells_no_values(store: Store) -> None:
    store.write(add, "s3cret")
    with pytest.raises(exc.IntegrityError) as raised:
        store.write(add, "s3cret")
    assert "[SQL: INSERT INTO tenants" in str(raised.value)
    assert "parameters" not in str(raised.value).replace("hide_parameters", "")
    with pytest.raises((KeyError, exc.ProgrammingError)):
        store.read(Prepared(BY_NAME).first, {})


def test_a_read_only_snapshot_cannot_be_written_to(store: Store) -> None:
    with pytest.raises(exc.DBAPIError):
        store.read(add, "acme")
    with pytest.raises(exc.DBAPIError):
        asyncio.run(store.glance(add, "acme"))
    assert asyncio.run(store.glance(find_tenant, "acme")) is None


def test_a_refusal_takes_back_its_own_job_and_nobody_elses(store: Store) -> None:
    def refused(tx: Tx) -> None:
        add(tx, "gone")
        tx.begin_nested()
        add(tx, "gone too")
        get_tenant(tx, "none")

    jobs = [store.submit(add, "a"), store.submit(refused), store.submit(add, "b")]
    jobs[0].result()
    jobs[2].result()
    with pytest.raises(NotFound):
        jobs[1].result()
    names = store.read(lambda tx: set(tx.scalars(sa.select(tenants.c.name))))
    assert names == {"a", "b"}


def test_a_glance_sees_what_was_committed_before_it(store: Store) -> None:
    async def write_and_look() -> None:
        for number in range(50):
            await store.write_soon(put_tenant, f"t{number}", None, NOW)
            found = await store.glance(find_tenant, f"t{number}")
            assert found is not None

    asyncio.run(write_and_look())


def test_a_glance_is_one_snapshot(store: Store) -> None:
    """Somebody writes between its two statements."""

    def look(tx: Tx) -> tuple[object, object]:
        before = find_tenant(tx, "late")
        store.write(put_tenant, "late", None, NOW)
        return before, find_tenant(tx, "late")

    assert asyncio.run(store.glance(look)) == (None, None)
    assert asyncio.run(store.glance(find_tenant, "late")) is not None


def test_glances_that_come_together_are_each_answered_with_their_own(store: Store) -> None:
    store.write(put_tenant, "acme", None, NOW)

    def fail(tx: Tx) -> None:
        tx.exec_driver_sql("SELECT nonsense")

    async def all_at_once() -> list[object]:
        looks: list[Callable[[Tx], object]] = []
        for _ in range(40):
            looks += [
                lambda tx: find_tenant(tx, "acme"),
                lambda tx: get_tenant(tx, "none"),
                fail,
            ]
        return await asyncio.gather(*map(store.glance, looks), return_exceptions=True)

    found = asyncio.run(all_at_once())
    assert {type(one).__name__ for one in found[::3]} == {"Tenant"}
    assert {type(one) for one in found[1::3]} == {NotFound}
    assert all(isinstance(one, exc.DBAPIError) for one in found[2::3])


def test_a_glance_does_not_wait_for_a_writer(store: Store) -> None:
    """A writer is in the middle of its transaction for as long as the glance takes."""
    store.write(put_tenant, "acme", None, NOW)
    began, may_end = threading.Event(), threading.Event()

    def write_slowly(tx: Tx) -> None:
        hint(tx, "settle", "x", NOW)
        began.set()
        assert may_end.wait(10)

    slow = store.submit(write_slowly)
    assert began.wait(10)
    assert asyncio.run(store.glance(find_tenant, "acme")) is not None
    counted = sa.select(sa.func.count()).select_from(work)
    assert asyncio.run(store.glance(lambda tx: tx.scalar(counted))) == 0
    may_end.set()
    slow.result()
    assert asyncio.run(store.glance(lambda tx: tx.scalar(counted))) == 1


def test_threads_that_glance_at_once_are_all_answered(store: Store) -> None:
    store.write(put_tenant, "acme", None, NOW)
    found: list[object] = []

    def look() -> None:
        found.extend(asyncio.run(store.glance(find_tenant, "acme")) for _ in range(20))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 80
    assert None not in found


def test_a_closed_store_is_not_glanced_at(store: Store) -> None:
    store.close()
    with pytest.raises(Bug):
        asyncio.run(store.glance(find_tenant, "acme"))


def test_a_flag_and_a_count_are_what_they_are(store: Store) -> None:
    query = sa.select(instances.c.is_ended).where(instances.c.id == sa.bindparam("id"))
    assert store.read(Prepared(query).all, {"id": "none"}) == []
