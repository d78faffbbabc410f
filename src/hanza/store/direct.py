"""PostgreSQL's statements by libpq's own calls, past the cursor of its driver.

The driver's cursor looks each statement up, takes it apart and waits in Python; for a row by its
key that is twice what sending and reading it takes.  Here a statement is prepared once for each
connection and then run by its name.  Values are made into text and rows out of it by the driver's
own adapters, so types and errors are the cursor's.  Who waits here holds up no other thread.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

Driver: TypeAlias = "psycopg.Connection[Any]"
NUMBERED = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
"""As which a statement is compiled: PostgreSQL counts its parameters."""
_KEPT = "hanza.direct"
_DONE = {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}
_SIZED = {psycopg.adapters.types[name].oid for name in ("int2", "int4", "int8", "numeric")}
"""Types of whole numbers by how large they are: the next one's may be another."""
_FOUND_IN_TEXT = 0
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Answer:
    """How many rows a statement changed or found, and those that it found."""

    rowcount: int
    rows: list[Sequence[Any]]

    def fetchall(self) -> list[Sequence[Any]]:
        return self.rows


class Direct:
    """One statement with numbered parameters, for every connection there is."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._name = f"hanza_{next(_numbers)}".encode()

    def execute(self, tx: sa.Connection, values: Sequence[Any]) -> Answer:
        """Raises what the driver's cursor does."""
        kept = _kept_of(tx)
        kept.begin()
        texts: Any = kept.adapt.dump_sequence(values, [PyFormat.TEXT] * len(values))
        if self._name not in kept.prepared:  # the driver itself keeps none: see `database`
            types = [_FOUND_IN_TEXT if one in _SIZED else one for one in kept.adapt.types or ()]
            kept.check(kept.wire.prepare(self._name, self._text, types))
            kept.prepared.add(self._name)
        found = kept.check(kept.wire.exec_prepared(self._name, texts))
        if not found.nfields:
            return Answer(found.command_tuples or 0, [])
        kept.adapt.set_pgresult(found, set_loaders=True)
        rows = kept.adapt.load_rows(0, found.ntuples, _as_it_is)
        return Answer(found.ntuples, rows)


def _as_it_is(values: Sequence[Any]) -> Sequence[Any]:
    return values


class _Kept:
    """What belongs to one connection of the driver, for as long as it lives."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.wire = driver.pgconn
        self.adapt = Transformer(driver)
        self.prepared: set[bytes] = set()

    def begin(self) -> None:
        """As the driver does it before the first statement of a transaction."""
        if self.wire.transaction_status == pq.TransactionStatus.IDLE:
            self.check(self.wire.exec_(_opening(self._driver)))

    def check(self, result: "pq.abc.PGresult") -> "pq.abc.PGresult":
        if result.status not in _DONE:
            raise error_from_result(result)
        return result


def _opening(driver: Driver) -> bytes:
    words = ["BEGIN"]
    if driver.isolation_level is not None:
        words.append(f"ISOLATION LEVEL {driver.isolation_level.name.replace('_', ' ')}")
    if driver.read_only is not None:
        words.append("READ ONLY" if driver.read_only else "READ WRITE")
    return " ".join(words).encode()


def _kept_of(tx: sa.Connection) -> _Kept:
    found: _Kept | None = tx.info.get(_KEPT)
    if found is None:
        found = tx.info[_KEPT] = _Kept(cast(Driver, tx.connection.dbapi_connection))
    return found
