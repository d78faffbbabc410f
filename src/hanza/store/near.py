"""Reading SQLite from the event loop itself: a few rows by their keys, in microseconds.

Promises: what was committed before a read began is seen by it, as with any other read; the loop
never waits for a lock.  When another thread reads here, or the file is locked, `Busy` says so and
the caller reads in a thread instead.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from hanza.store.database import has_moved, impatient_engine

R = TypeVar("R")


class Busy(Exception):
    """It would have to be waited for."""


class Near:
    """One connection that is kept open, and holds no snapshot between reads."""

    def __init__(self, url: str) -> None:
        self._engine = impatient_engine(url)
        self._door = threading.Lock()
        self._connection: sa.Connection | None = None

    def read(self, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Run `fn` on one consistent snapshot.  Raises `Busy`, or what `fn` and the driver do."""
        with self._sole():
            if self._connection is None:
                self._connection = self._engine.connect()
            try:
                with self._connection.begin():
                    return fn(self._connection, *args, **kwargs)
            except exc.DBAPIError as error:
                self._drop()
                if has_moved(error):
                    raise Busy from error
                raise

    def close(self) -> None:
        with self._door:
            self._drop()
            self._engine.dispose()

    @contextlib.contextmanager
    def _sole(self) -> Iterator[None]:
        if not self._door.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._door.release()

    def _drop(self) -> None:
        """After an error nothing is taken for granted: the next read opens it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
