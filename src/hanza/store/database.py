"""Where SQLite and PostgreSQL differ, and the only place that knows it.

SQLite: write-ahead log, full synchronisation, one writer, `BEGIN IMMEDIATE` for writes.
PostgreSQL: SERIALIZABLE for writes, one repeatable-read snapshot for reads.
"""

import functools
import os
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite

from hanza.model.errors import Invalid
from hanza.store.prepared import Prepared

OnConflict: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""From the row that was to be inserted to what changes in the one that is there."""
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOVED_SQLITE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED}
_UNSERVING_SQLITE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
_WRITER = "hanza_writer"
_IS_SECRET = True
"""What a statement carries may be a tenant's or a secret; an error that is logged is neither."""
PATIENCE_MS = 4000
"""How long who finds SQLite's file locked waits."""
LOCKED_MAX_S, IDLE_MAX_S = 6, 20
"""For PostgreSQL: how long a writer waits for a row, and may stand still in a transaction."""
_MOVED_POSTGRES = {"40001", "40P01"}


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970 in a 64-bit integer."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else (value - _ORIGIN) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _ORIGIN + value * _MICROSECOND


def check_url(url: str) -> str:
    """Raises `Invalid` for what names no database of ours; it is not quoted, for its password."""
    hint = "such as postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    try:
        kind = sa.make_url(url).get_dialect().name
    except (exc.ArgumentError, ValueError) as error:
        raise Invalid("that is no database's URL", field="database", hint=hint) from error
    if kind not in ("sqlite", "postgresql"):
        raise Invalid("a database is SQLite's or PostgreSQL's", field="database", hint=hint)
    return url


def shown_url(url: str) -> str:
    """Which database, fit to be shown: without the password, and without any parameters."""
    return sa.make_url(url).set(query={}).render_as_string(hide_password=True)


def password_of(url: str) -> str:
    """What must not be shown of a URL; empty when there is none."""
    return str(sa.make_url(url).password or "")


def writer_engine(url: str) -> sa.Engine:
    """For the one writer: it takes its lock when the transaction begins."""
    engine = _engine(url, "BEGIN IMMEDIATE", {"isolation_level": "SERIALIZABLE"})
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _read_by_index)
        event.listen(engine, "connect", _outlive_others)
    return engine.execution_options(**{_WRITER: int.from_bytes(os.urandom(2))})


def writer_of(tx: sa.Connection) -> int:
    """A number that this writer has drawn: two writers rarely have the same.

    Who spreads what is written over several rows takes one by it, to be seldom in another's way.
    """
    number: int = tx.get_execution_options().get(_WRITER, 0)
    return number


def reader_engine(url: str) -> sa.Engine:
    """For reads: one consistent snapshot, and no way to write."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return _engine(url, "BEGIN", options, query_only=True)


def impatient_engine(url: str) -> sa.Engine:
    """As `reader_engine`, for SQLite: what is locked is not waited for."""
    return _engine(url, "BEGIN", {}, query_only=True, patience_ms=0)


def schema_engine(url: str) -> sa.Engine:
    """For changes of the schema: whoever waited for the lock sees what its holder has done."""
    return _engine(url, "BEGIN IMMEDIATE", {"isolation_level": "READ COMMITTED"})


def _engine(
    url: str,
    begin: str,
    postgres_options: dict[str, Any],
    *,
    query_only: bool = False,
    patience_ms: int = PATIENCE_MS,
) -> sa.Engine:
    if not url.startswith("sqlite"):
        return _postgres_engine(url).execution_options(**postgres_options)
    engine = sa.create_engine(url, hide_parameters=_IS_SECRET)

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "synchronous=FULL",
            f"busy_timeout={patience_ms}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"query_only={int(query_only)}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    opening = Prepared(sa.text(begin))

    @event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        opening.run(connection, {})

    return engine


def _postgres_engine(url: str) -> sa.Engine:
    """The driver prepares nothing: after a rollback it would forget what `direct` prepared too."""
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=_IS_SECRET,
        connect_args={"prepare_threshold": None},
    )


def _read_by_index(connection: Any, _: object) -> None:
    """Under SERIALIZABLE a sequential scan counts as having read the whole table.

    Planners choose it for small tables, and then every two planes are in each other's way there.
    What has no index is scanned all the same, at a cost for which alone it would be compiled.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET jit = off")
    connection.commit()


def _outlive_others(connection: Any, _: object) -> None:
    """A plane that stands still in the middle of a transaction holds up no other for long.

    Who waits for it is told that the store does not serve; after a while the database ends what
    nobody goes on with.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCKED_MAX_S}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_MAX_S}s'")
    connection.commit()


def has_moved(error: exc.DBAPIError) -> bool:
    """Whether the database says that others were faster and the work is to be run again."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", None) in _MOVED_SQLITE
    return getattr(error.orig, "sqlstate", None) in _MOVED_POSTGRES


def does_not_serve(error: exc.DBAPIError) -> bool:
    """Whether nothing can be done with the database now, whatever is asked of it.

    Others hold it, its disk is full, its file cannot be read, or the connection is lost.
    """
    is_operational = isinstance(error, exc.OperationalError)
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return has_moved(error) or (is_operational and code in _UNSERVING_SQLITE)
    return has_moved(error) or is_operational or error.connection_invalidated


def rows_changed(tx: sa.Connection) -> int | None:
    """How many rows this connection has changed in its life, also those that were rolled back.

    None for PostgreSQL: there a statement that fails ends its transaction, changed or not.
    """
    driver = tx.connection.dbapi_connection
    return driver.total_changes if isinstance(driver, sqlite3.Connection) else None


def lock_schema(connection: sa.Connection) -> None:
    """Let only one process at a time change the schema; the lock ends with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7021954)")


def upsert_many(
    tx: sa.Connection, table: sa.Table, key: tuple[str, ...], rows: list[dict[str, Any]]
) -> None:
    """As `upsert` for each row, which all have the same members, in one statement's round trip."""
    if rows:
        tx.execute(_upsert(tx.dialect.name, table, key, tuple(rows[0]), None), rows)


def upsert(
    tx: sa.Connection,
    table: sa.Table,
    key: tuple[str, ...],
    values: dict[str, Any],
    on_conflict: OnConflict | None = None,
) -> None:
    """Insert a row, or change the one that has the same key.

    What changes is every value outside the key (an `id` stays as it is), unless `on_conflict`, a
    function of a module, says otherwise.
    """
    _upsert_one(tx.dialect.name, table, key, tuple(values), on_conflict).run(tx, values)


@functools.cache
def _upsert_one(
    dialect: str,
    table: sa.Table,
    key: tuple[str, ...],
    names: tuple[str, ...],
    on_conflict: OnConflict | None,
) -> Prepared:
    given: dict[str, Any] = {name: sa.bindparam(name) for name in names}
    return Prepared(_upsert(dialect, table, key, names, on_conflict).values(given))


@functools.cache
def _upsert(
    dialect: str,
    table: sa.Table,
    key: tuple[str, ...],
    names: tuple[str, ...],
    on_conflict: OnConflict | None,
) -> sa.Insert:
    """Kept, since to build a statement costs more than to run it."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    new = insert.excluded
    if on_conflict is None:
        changed = {name: new[name] for name in names if name not in {*key, "id"}}
    else:
        changed = dict(on_conflict(new))
    statement: sa.Insert = insert.on_conflict_do_update(index_elements=key, set_=changed)
    return statement
