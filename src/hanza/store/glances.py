"""Small reads that come together share a snapshot, as writes share a commit.

For a database that is asked over a connection: to begin a transaction there costs as much as a
read by a key, and so does handing it to a thread.  Promises: a read sees what was committed
before it was asked for, since its snapshot begins after that; what one raises is its own.  The
connection is kept; where it was lost between reads, they are asked once more on a new one.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import exc

Job: TypeAlias = tuple[Callable[[sa.Connection], Any], "Future[Any]"]
BATCH_MAX = 64


class Glances:
    """One thread with a connection, and what waits for it."""

    def __init__(self, engine: sa.Engine, told: Callable[[exc.DBAPIError], Exception]) -> None:
        self._engine = engine
        self._told = told
        self._connection: sa.Connection | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read_until_closed, name="store-glance")
        self._thread.start()

    def ask(self, fn: Callable[[sa.Connection], Any]) -> "Future[Any]":
        answer: Future[Any] = Future()
        self._jobs.put((fn, answer))
        return answer

    def close(self) -> None:
        """Finish what is queued, then stop; nothing may be asked from then on."""
        self._jobs.put(None)
        self._thread.join()

    def _read_until_closed(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < BATCH_MAX and not self._jobs.empty():
                if (job := self._jobs.get()) is None:
                    self._jobs.put(None)
                    break
                batch.append(job)
            while batch:
                batch = self._read(batch)
        self._drop()

    def _read(self, batch: list[Job]) -> list[Job]:
        """Answer them from one snapshot; those after an error are left for the next."""
        left, was_kept = list(batch), self._connection is not None
        try:
            tx = self._opened()
            with tx.begin():
                while left:
                    _answer(*left[0], tx)
                    del left[0]
        except Exception as error:  # noqa: BLE001 -- whoever asked is told, and the thread goes on
            is_lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
            self._drop()
            if was_kept and is_lost:
                return left
            if left:
                self._tell(left[0][1], error)
        return left[1:]

    def _opened(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop(self) -> None:
        """After an error nothing is taken for granted: the next read opens it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, answer: "Future[Any]", error: Exception) -> None:
        if answer.running() or answer.set_running_or_notify_cancel():
            answer.set_exception(self._told(error) if isinstance(error, exc.DBAPIError) else error)


def _answer(fn: Callable[[sa.Connection], Any], answer: "Future[Any]", tx: sa.Connection) -> None:
    if not (answer.running() or answer.set_running_or_notify_cancel()):
        return  # nobody waits any more
    try:
        value = fn(tx)
    except exc.DBAPIError:
        raise  # the snapshot is of no more use
    except Exception as error:  # noqa: BLE001 -- whoever asked is told
        answer.set_exception(error)
    else:
        answer.set_result(value)
