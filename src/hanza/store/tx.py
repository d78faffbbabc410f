"""A transaction is a plain function from a connection to a value.

Functions queue to one writer thread, run each as if alone, commit together and are answered after
the commit: one fsync serves a whole batch.  What a function that fails has changed is taken back:
by a savepoint, or where savepoints are dear by running the others again.  A function is also run
again when the database says that the world moved, so it must not touch anything but `tx`.  There
is no `await` in it, so no network call can creep inside.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from hanza.kit.metrics import Metrics
from hanza.kit.points import Point, pass_by
from hanza.model.errors import Bug, Refusal, StoreUnavailable
from hanza.store.database import (
    does_not_serve,
    has_moved,
    reader_engine,
    rows_changed,
    writer_engine,
)
from hanza.store.glances import Glances
from hanza.store.lines import Lines
from hanza.store.near import Busy, Near
from hanza.store.prepared import Prepared

P = ParamSpec("P")
R = TypeVar("R")
Tx: TypeAlias = sa.Connection
Job: TypeAlias = tuple[Callable[[Tx], Any], "Future[Any]"]
_SAVE = Prepared(sa.text("SAVEPOINT job"))
_KEEP = Prepared(sa.text("RELEASE SAVEPOINT job"))
_BACK = Prepared(sa.text("ROLLBACK TO SAVEPOINT job"))
_SAVE_TRIAL = Prepared(sa.text("SAVEPOINT trial"))
_KEEP_TRIAL = Prepared(sa.text("RELEASE SAVEPOINT trial"))
_BACK_TRIAL = Prepared(sa.text("ROLLBACK TO SAVEPOINT trial"))
BATCH_MAX = 128
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, BATCH_MAX)
ATTEMPTS_MAX = 12
PAUSE_FIRST_S = 0.002
GIVE_UP_AFTER_S = 6.0
"""Whoever waits for a store that others hold is told so, and may ask again."""


class Store:
    """One database.  Any number of threads may call it; any number of planes may share it."""

    def __init__(self, url: str, point: Point = pass_by, metrics: Metrics | None = None) -> None:
        self.url = url
        self.metrics = metrics or Metrics()
        """Of the process that has this store; whoever works on the store counts here too."""
        self._batches = self.metrics.histogram(
            "hanza_store_batch_size", "Transactions that shared a commit.", buckets=BATCH_SIZES
        )
        self._commits = self.metrics.histogram(
            "hanza_store_commit_seconds", "From a batch's begin to its commit, attempts included."
        )
        self._retries = self.metrics.counter(
            "hanza_store_retries", "Batches that were run again since the world had moved."
        )
        self._point = point
        readers = reader_engine(url)
        self._writers, self._readers = Lines(writer_engine(url)), Lines(readers)
        is_near = readers.dialect.name == "sqlite"
        self._near = Near(url) if is_near else None
        self._glances = None if is_near else Glances(readers, told)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._door = threading.Lock()
        self._writer = threading.Thread(target=self._write_until_closed, name="store-writer")
        self._writer.start()

    def close(self) -> None:
        """Finish what is queued, then stop.  Calls that come later raise `Bug`."""
        with self._door:
            self._closed.set()
            self._jobs.put(None)
        self._writer.join()
        self._writers.close()
        if self._glances is not None:
            self._glances.close()
        self._readers.close()
        if self._near is not None:
            self._near.close()

    def submit(
        self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[R]":
        """Queue `fn`; the future is answered after the commit, with what it returned or raised."""
        answer: Future[R] = Future()
        with self._door:  # so that nothing is queued behind the end, and never answered
            self._refuse_closed()
            self._jobs.put((lambda tx: fn(tx, *args, **kwargs), answer))
        return answer

    def _refuse_closed(self) -> None:
        if self._closed.is_set():
            raise Bug("the store is closed")

    def write(self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn` in a transaction; return after the commit.

        What `fn` raises is raised here, its own changes rolled back and nobody else's.
        """
        return self.submit(fn, *args, **kwargs).result()

    def read(self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn` on one consistent snapshot, in the calling thread."""
        try:
            with self._readers.begin() as tx:
                return fn(tx, *args, **kwargs)
        except exc.DBAPIError as error:
            raise told(error) from error

    async def write_soon(
        self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `write`, for whoever runs on an event loop."""
        return await asyncio.wrap_future(self.submit(fn, *args, **kwargs))

    async def glance(
        self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `read`, for a few rows that are found by their keys, from an event loop.

        SQLite is asked in the loop itself, which takes less than to hand it to a thread would.
        PostgreSQL is asked by one thread, for all that come together.
        """
        self._refuse_closed()
        if self._glances is not None:
            with self._door:
                self._refuse_closed()
                answer = self._glances.ask(lambda tx: fn(tx, *args, **kwargs))
            return await asyncio.wrap_future(answer)
        if self._near is not None:
            try:
                return self._near.read(fn, *args, **kwargs)
            except Busy:
                pass
            except exc.DBAPIError as error:
                raise told(error) from error
        return await asyncio.to_thread(lambda: self.read(fn, *args, **kwargs))

    def try_read(
        self, fn: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R | None:
        """As `read`; None when the database does not answer: for who only wants to show it."""
        try:
            return self.read(fn, *args, **kwargs)
        except (exc.SQLAlchemyError, StoreUnavailable):
            return None

    def _write_until_closed(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < BATCH_MAX and not self._jobs.empty():
                if (job := self._jobs.get()) is None:
                    self._jobs.put(None)
                    break
                batch.append(job)
            self._batches.observe(len(batch))
            began = time.perf_counter()
            outcomes = self._commit(batch)
            self._commits.observe(time.perf_counter() - began)
            self._answer(batch, outcomes)

    def _commit(self, batch: list[Job]) -> list[Any]:
        """Run a batch until the database takes it; one outcome for each job."""
        give_up_at = time.monotonic() + GIVE_UP_AFTER_S
        for attempt in range(ATTEMPTS_MAX):
            run = _run_alone if attempt else _run_boldly
            try:
                with self._writers.begin() as tx:
                    outcomes = [run(tx, fn) for fn, _ in batch]
                    self._point("store.commit.before")
                self._point("store.commit.after")
            except _Spoilt:
                continue
            except exc.DBAPIError as error:
                is_early = attempt + 1 < ATTEMPTS_MAX and time.monotonic() < give_up_at
                if is_early and has_moved(error):
                    self._retries.inc()
                    self._closed.wait(PAUSE_FIRST_S * 2 ** min(attempt, 7))
                    continue
                return [told(error)] * len(batch)
            return outcomes
        raise Bug("unreachable: the last attempt returns")

    def _answer(self, batch: list[Job], outcomes: list[Any]) -> None:
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if not answer.set_running_or_notify_cancel():
                continue  # nobody waits any more; what was committed stays committed
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


def attempt(tx: Tx, fn: Callable[[], R]) -> R:
    """What `fn` returns; what it changed is taken back when that is False or None."""
    _SAVE_TRIAL.run(tx, {})
    outcome = fn()
    if outcome is None or outcome is False:
        _BACK_TRIAL.run(tx, {})
    _KEEP_TRIAL.run(tx, {})
    return outcome


def told(error: exc.DBAPIError) -> Exception:
    """The refusal of a store that does not serve now; any other error is a fault of ours."""
    if not does_not_serve(error):
        return error
    return StoreUnavailable(
        "the plane's store does not serve now: it is locked, full or gone; nothing was written",
        hint="ask again in a while; the operator finds more at /readyz",
    )


class _Spoilt(Exception):
    """A job failed after it had changed something, and no savepoint was set before it."""


def _run_boldly(tx: Tx, fn: Callable[[Tx], Any]) -> Any:
    """As `_run_alone`; where the database counts changes, a savepoint is set only if need be.

    Few jobs fail, and most of those before they have changed anything.  Raises `_Spoilt`.
    """
    before = rows_changed(tx)
    if before is None:
        return _run_alone(tx, fn)
    try:
        return fn(tx)
    except Exception as error:
        if isinstance(error, exc.DBAPIError) and does_not_serve(error):
            raise
        if tx.in_nested_transaction() or rows_changed(tx) != before:
            raise _Spoilt from error
        return error


def _run_alone(tx: Tx, fn: Callable[[Tx], Any]) -> Any:
    """A refusal rolls back its own savepoint; a moved world ends the whole batch."""
    _SAVE.run(tx, {})
    try:
        value = fn(tx)
    except Refusal as refusal:
        _take_back(tx)
        return refusal
    except Exception as error:
        if isinstance(error, exc.DBAPIError) and does_not_serve(error):
            raise
        _take_back(tx)
        return error
    _KEEP.run(tx, {})
    return value


def _take_back(tx: Tx) -> None:
    """To where the job began, whatever it had begun within."""
    while (inner := tx.get_nested_transaction()) is not None:
        inner.rollback()
    _BACK.run(tx, {})
    _KEEP.run(tx, {})
