"""Makes a front of the process that was called as `hanza up`, and a plane of a fork of it.

The plane's code is read by then, so the first plane begins without reading it again; the front is
this very process, for whoever started it, with a small program in place of the large one.
"""

import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

from hanza.boot.front.front import LOCK, STATUS, Spec, spec_to_text
from hanza.boot.front.handover import Handover
from hanza.boot.listening import listen
from hanza.boot.settings import Address, PlaneSettings
from hanza.model.errors import Conflict

BIND_WITHIN_S = 2.0
"""A front that was killed leaves a plane behind, which ends at once but not sooner."""
LOCKED_WITHIN_S = 0.5
"""Who asks for the status has the lock for a moment, and is no front."""


def begin(settings: PlaneSettings, form: str, module: str = "hanza.boot.main") -> Handover:
    """Returns in the process that becomes the plane.  Raises `Conflict`.

    `module` with this process's arguments is what the planes after it are.
    """
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = sole_front(settings.state)
    wanted = (*settings.listen, *settings.plain)
    listeners = tuple(_patiently(one) for one in wanted)
    is_tls = tuple(not settings.insecure_http and one in settings.listen for one in wanted)
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.close(lock)
        return Handover(theirs, listeners)
    theirs.close()
    spec = Spec(
        state=str(settings.state),
        command=(sys.executable, "-m", module, *sys.argv[1:]),
        listeners=tuple(one.fileno() for one in listeners),
        tls=is_tls,
        lock=lock,
        first=(pid, ours.fileno()),
        form=form,
    )
    return _become(spec)


def _become(spec: Spec) -> NoReturn:
    for number in (*spec.listeners, spec.lock, spec.first[1]):
        os.set_inheritable(number, True)
    words = [sys.executable, "-m", "hanza.boot.front.front", spec_to_text(spec)]
    os.execv(sys.executable, words)


def sole_front(state: Path) -> int:
    """One front for a state folder; the lock ends with the process.  Raises `Conflict`."""
    lock = os.open(state / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + LOCKED_WITHIN_S
    while not _is_locked(lock):
        if time.monotonic() >= until:
            os.close(lock)
            raise Conflict(
                f"another plane runs from {state}",
                hint="`hanza plane restart` brings a new process to its addresses",
            )
        time.sleep(0.02)
    (state / STATUS).unlink(missing_ok=True)  # the word of one that is gone
    return lock


def _is_locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _patiently(address: Address) -> socket.socket:
    until = time.monotonic() + BIND_WITHIN_S
    while True:
        try:
            return listen(address)
        except Conflict:
            if time.monotonic() >= until:
                raise
        time.sleep(0.05)
