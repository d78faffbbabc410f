"""PostgreSQL by libpq's own calls: what its driver's cursor does, also after errors and losses."""

import asyncio
import threading

import psycopg
import pytest
import sqlalchemy as sa

from hanza.model.errors import StoreUnavailable
from hanza.store.prepared import Prepared
from hanza.store.tx import Store, Tx

ECHO = Prepared(
    sa.select(
        sa.bindparam("number", type_=sa.BigInteger).label("number"),
        sa.bindparam("text", type_=sa.Text).label("text"),
        sa.bindparam("flag", type_=sa.Boolean).label("flag"),
        sa.bindparam("bytes", type_=sa.LargeBinary).label("bytes"),
        sa.bindparam("tree", type_=sa.JSON).label("tree"),
    )
)
ONE = Prepared(sa.select(sa.literal(1).label("one")))
DIVIDED = Prepared(sa.select((1 // sa.bindparam("by", type_=sa.BigInteger)).label("it")))
WHO = Prepared(sa.select(sa.func.pg_backend_pid().label("pid")))
SLOW = Prepared(sa.select(sa.func.pg_sleep(sa.bindparam("seconds", type_=sa.Float)).label("it")))


pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.mark.parametrize(
    "values",
    [
        {"number": 1, "text": "a", "flag": True, "bytes": b"\0\xff", "tree": {"a": [1, None]}},
        {"number": -(2**63), "text": "ž'\\\n\"", "flag": False, "bytes": b"", "tree": []},
        {"number": None, "text": None, "flag": None, "bytes": None, "tree": "\\u0000"},
    ],
)
def test_values_of_every_type_go_and_come(store: Store, values: dict[str, object]) -> None:
    row = store.read(ECHO.first, values)
    assert row is not None
    assert row._asdict() == values


def test_an_error_rolls_back_and_the_statement_is_still_known(store: Store) -> None:
    assert store.read(DIVIDED.all, {"by": 1}) == [(1,)]
    for _ in range(3):
        with pytest.raises(sa.exc.DataError, match="division by zero"):
            store.read(DIVIDED.all, {"by": 0})
        assert store.read(DIVIDED.all, {"by": 1}) == [(1,)]

    def fail_and_go_on(tx: Tx) -> object:
        with pytest.raises(sa.exc.DataError):
            DIVIDED.all(tx, {"by": 0})
        return ONE.all(tx, {})

    with pytest.raises(sa.exc.InternalError, match="current transaction is aborted"):
        store.read(fail_and_go_on)


def test_the_isolation_is_the_engines_from_the_first_statement(store: Store) -> None:
    level = Prepared(sa.select(sa.func.current_setting("transaction_isolation").label("it")))
    locked = Prepared(sa.select(sa.func.current_setting("transaction_read_only").label("it")))
    assert store.read(level.all, {}) == [("repeatable read",)]
    assert store.read(locked.all, {}) == [("on",)]
    assert store.write(level.all, {}) == [("serializable",)]
    assert store.write(locked.all, {}) == [("off",)]


def end_connection(url: str, pid: int) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_a_connection_that_is_lost_in_the_middle_is_replaced(store: Store) -> None:
    def lose_it(tx: Tx) -> object:
        row = WHO.first(tx, {})
        assert row is not None
        end_connection(store.url, row.pid)
        return ONE.all(tx, {})

    for ask in (store.read, store.write):
        with pytest.raises(StoreUnavailable):
            ask(lose_it)
        assert ask(ONE.all, {}) == [(1,)]


def test_who_waits_for_an_answer_holds_up_no_other_thread(store: Store) -> None:
    began = threading.Event()

    def wait(tx: Tx) -> None:
        began.set()
        SLOW.all(tx, {"seconds": 2.0})

    slow = threading.Thread(target=store.read, args=(wait,))
    slow.start()
    assert began.wait(10)
    assert store.read(ONE.all, {}) == [(1,)]
    assert slow.is_alive()
    slow.join()


def test_a_connection_that_was_lost_between_glances_is_replaced_unnoticed(store: Store) -> None:
    for _ in range(3):
        (row,) = asyncio.run(store.glance(WHO.all, {}))
        end_connection(store.url, row.pid)
        assert asyncio.run(store.glance(ONE.all, {})) == [(1,)]


def test_a_connection_that_is_lost_in_each_glance_is_told(store: Store) -> None:
    def lose_it(tx: Tx) -> object:
        row = WHO.first(tx, {})
        assert row is not None
        end_connection(store.url, row.pid)
        return ONE.all(tx, {})

    with pytest.raises(StoreUnavailable):
        asyncio.run(store.glance(lose_it))
    assert asyncio.run(store.glance(ONE.all, {})) == [(1,)]
