"""Calls to a daemon that may be slow, stopped, killed and restarted at any moment.

Promises: a call ends within `DEADLINE_S`; it ends as `Unavailable` only when nothing happened
and nothing will, and as `OutcomeUnknown` when an order was under way; the next call connects
again.  The work is done by a thread of its own, because libvirt's calls cannot be interrupted;
keepalive frees those threads when a daemon stays silent.
"""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from hanza.drivers.libvirt import door
from hanza.model.errors import Bug, DriverError, Exhausted, OutcomeUnknown, Unavailable

DEADLINE_S = 4.0
FIRST_CONTACT_S = 30.0

Result = TypeVar("Result")


class Lock(Protocol):
    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...
    def release(self) -> None: ...


class _Abandoned(Exception):
    """The caller has gone with `Unavailable`: whatever was still to be done must not be."""


class Call:
    """How far one call has come, as its caller and its worker both see it."""

    def __init__(self, deadline_s: float) -> None:
        self._until = time.monotonic() + deadline_s
        self._lock = threading.Lock()
        self._abandoned = False
        self._touched = False
        self._acted = False

    @property
    def left_s(self) -> float:
        return max(self._until - time.monotonic(), 0.0)

    @property
    def has_touched(self) -> bool:
        """An order was sent; nobody knows more until it is answered."""
        return self._touched

    @property
    def has_acted(self) -> bool:
        """An order was sent and answered with success."""
        return self._acted

    @contextmanager
    def act(self) -> Iterator[None]:
        """Around each order to the site.  Refuses to begin once the caller has gone."""
        self.go_on()
        with self._lock:
            if self._abandoned:
                raise _Abandoned
            self._touched = True
        yield
        self._acted = True

    def go_on(self) -> None:
        if self._abandoned:
            raise _Abandoned

    @contextmanager
    def holding(self, lock: Lock) -> Iterator[None]:
        if not lock.acquire(timeout=self.left_s):
            raise Unavailable("another call takes too long")
        try:
            self.go_on()
            yield
        finally:
            lock.release()

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True


class _Work(Generic[Result]):
    """One call's worker: a daemon thread, so that a silent site never keeps the process."""

    def __init__(self, call: Call, work: Callable[[Call], Result]) -> None:
        self._call = call
        self._work = work
        self._done = threading.Event()
        self._results: list[Result] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._results.append(self._work(self._call))
        except (DriverError, door.EngineError, OSError, _Abandoned) as error:
            self._error = error
        finally:
            self._done.set()

    def result(self) -> Result:
        threading.Thread(target=self.run, name="libvirt-call", daemon=True).start()
        if not self._done.wait(self._call.left_s):
            self._call.abandon()
            if self._call.has_touched:
                raise OutcomeUnknown("the host did not answer in time")
            raise Unavailable("the host does not answer")
        if self._error is not None:
            told = _told(self._call, self._error)
            raise told from (None if told is self._error else self._error)
        if not self._results:
            raise Bug("a call to libvirt ended without a result")
        return self._results[0]


def _told(call: Call, error: Exception) -> DriverError:
    """What to tell the caller: never the engine's own words."""
    if isinstance(error, OSError):
        # Of several files some may be changed already, so an order that failed is half done.
        file = told_of_file(error)
        is_told = isinstance(file, Exhausted) or not call.has_touched
        return file if is_told else OutcomeUnknown(*file.args)
    if isinstance(error, DriverError):
        return OutcomeUnknown(*error.args) if _is_half_done(call, error) else error
    if not isinstance(error, door.EngineError):
        return Unavailable("the call was given up")
    if door.is_lost(error):
        if call.has_touched:
            return OutcomeUnknown("the connection was lost in mid-call")
        return Unavailable("the connection was lost")
    told = door.kind_of(error)("libvirt refused the order")
    return OutcomeUnknown(*told.args) if _is_half_done(call, told) else told


def told_of_file(error: OSError) -> DriverError:
    """Which of the five a file's trouble is: its number is told, its path is not."""
    kind: type[DriverError] = Exhausted if error.errno in door.FULL else Unavailable
    return kind(f"a file could not be used: {errno.errorcode.get(error.errno or 0, '?')}")


def _is_half_done(call: Call, error: DriverError) -> bool:
    return isinstance(error, Unavailable) and call.has_acted


class Connection:
    """One connection, made again whenever it is gone.  Any number of threads may use it."""

    def __init__(self, uri: str, deadline_s: float = DEADLINE_S) -> None:
        self._uri = uri
        self._deadline_s = deadline_s
        self._changed = threading.Condition()
        self._conn: door.Conn | None = None
        self._opening = False
        self._failures = 0
        self._closed = False

    def run(self, work: Callable[[door.Conn, Call], Result]) -> Result:
        """Raises only `DriverError`s, within the deadline, whatever the site does."""
        return _Work(Call(self._deadline_s), lambda call: work(self._get(call), call)).result()

    def warm_up(self) -> None:
        """The first contact may take long and may fail: then calls are `Unavailable`."""
        try:
            _Work(Call(FIRST_CONTACT_S), self._get).result()
        except Unavailable:
            return

    def close(self) -> None:
        with self._changed:
            self._closed = True
            conn, self._conn = self._conn, None
        if conn is not None:
            # In a thread of its own, because closing says good-bye to a daemon that may be deaf.
            threading.Thread(target=_close, args=(conn,), daemon=True).start()

    def _get(self, call: Call) -> door.Conn:
        with self._changed:
            if self._closed:
                raise Unavailable("the driver is closed")
            if self._conn is not None and self._conn.isAlive():
                return self._conn
            self._conn = None
            failures = self._failures
            if not self._opening:
                self._opening = True
                threading.Thread(target=self._open, name="libvirt-open", daemon=True).start()
            self._changed.wait_for(
                lambda: self._conn is not None or self._failures > failures, call.left_s
            )
            if self._conn is None:
                raise Unavailable("the host's libvirt cannot be reached")
            return self._conn

    def _open(self) -> None:
        """At most one at a time: against a stopped daemon it stays here until it runs again."""
        conn = None
        try:
            conn = door.open_connection(self._uri)
        except door.EngineError:
            # Told by the absence of a connection; why is libvirt's own log to say.
            conn = None
        finally:
            with self._changed:
                self._opening = False
                self._conn = conn
                self._failures += conn is None
                self._changed.notify_all()


def _close(conn: door.Conn) -> None:
    try:
        conn.close()
    except door.EngineError:
        # It was closed already, by the daemon's death.
        return
