"""A plane that stands still in the middle of a transaction: PostgreSQL alone knows several."""

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from hanza.model.errors import StoreUnavailable
from hanza.store.database import writer_engine
from hanza.store.tx import Store, Tx
from kit import databases
from kit.waiting import until

SCORE = "UPDATE access_generation SET value = value + 1"


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    yield databases.create(postgres, name, is_empty=False)
    databases.drop(postgres, name)


def setting(tx: Tx, name: str) -> str:
    return str(tx.scalar(sa.text(f"SHOW {name}")))


def changed(tx: Tx) -> int:
    """Raises what whoever waits too long is told; here that is soon."""
    tx.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
    return tx.execute(sa.text(SCORE)).rowcount


def test_it_holds_up_others_for_a_while_and_not_for_ever(url: str) -> None:
    still = writer_engine(url)
    with closing(Store(url)) as store, still.connect() as frozen:
        assert store.write(setting, "lock_timeout") == "6s"
        assert store.write(setting, "idle_in_transaction_session_timeout") == "20s"
        frozen.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
        assert frozen.execute(sa.text(SCORE)).rowcount
        with pytest.raises(StoreUnavailable):
            store.write(changed)

        def goes_on() -> bool:
            try:
                return store.write(changed) > 0
            except StoreUnavailable:
                return False

        until(goes_on, "the other goes on", 10)
        with pytest.raises(sa.exc.DBAPIError):
            frozen.execute(sa.text(SCORE))
    still.dispose()
