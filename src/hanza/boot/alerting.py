"""The thread that sends a plane's alerts, and the only place that posts to addresses of others.

Promises: a hook that is not private is reached by HTTPS at a public address only, and at the very
address that was looked at; no redirect is followed; an answer is not read; nobody is waited for
longer than `WITHIN_S` a step.  A disk that fills is told before it is full.
"""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx2

from hanza.agent.measure import may_dial
from hanza.api.calls import Plane
from hanza.engine.alerting import Post, send_due
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.errors import StoreUnavailable
from hanza.store.events import append_event
from hanza.store.tx import Store
from hanza.wire.alert_v1 import SIGNATURE

log = Log("hanza.alerts")
WITHIN_S = 5.0
LOOK_EVERY_S = 1.0
DISK_EVERY = 60
"""Looks between two at the disk."""
FULL_FROM = 0.9
"""Of the disk; below `CALM_BELOW` it is told anew when it fills again."""
CALM_BELOW = 0.85


class Alerting:
    """Sends until it is stopped."""

    def __init__(
        self, store: Store, clock: Clock, federation: str, state: Path, post: Post | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._federation = federation
        self._disk = DiskWatch(state)
        self._post = post or post_alert

    def run_until(self, stop: threading.Event) -> None:
        looks = 0
        while not stop.wait(LOOK_EVERY_S):
            # A store that is away says so elsewhere; what was to be sent is still in it then.
            with suppress(StoreUnavailable):
                if looks % DISK_EVERY == 0:
                    self._disk.look(self._store, self._clock.now())
                send_due(self._store, self._clock, self._federation, self._post)
            looks += 1


@contextmanager
def sending_alerts(plane: Plane, state: Path) -> Iterator[None]:
    """Send them for as long as this lasts."""
    alerting = Alerting(plane.store, plane.clock, str(plane.federation), state)
    stop = threading.Event()
    thread = threading.Thread(target=alerting.run_until, args=(stop,), name="alerts")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class DiskWatch:
    """Tells once that the disk of a folder fills."""

    def __init__(self, folder: Path, usage: Callable[[Path], float] | None = None) -> None:
        self._folder = folder
        self._usage = usage or used_share
        self._is_told = False

    def look(self, store: Store, now: datetime) -> None:
        share = self._usage(self._folder)
        if share < CALM_BELOW:
            self._is_told = False
        if share < FULL_FROM or self._is_told:
            return
        text = f"the disk of the plane's state is {share:.0%} full"
        store.write(append_event, now, "plane.disk_filling", "plane", text)
        self._is_told = True


def used_share(folder: Path) -> float:
    usage = shutil.disk_usage(folder)
    return 1 - usage.free / usage.total


def post_alert(url: str, body: bytes, signature: str, is_private: bool) -> str | None:
    """Why it did not arrive, in a few words that tell no answer's content; None when it did."""
    try:
        parts = urlsplit(url)
        address = _address_of(parts, is_private=is_private)
        headers = {
            "host": parts.netloc,
            "content-type": "application/json",
            SIGNATURE: signature,
        }
        target = parts._replace(netloc=address).geturl()
        with (
            httpx2.Client(timeout=WITHIN_S, trust_env=False) as http,
            http.stream(
                "POST",
                target,
                content=body,
                headers=headers,
                extensions={"sni_hostname": parts.hostname or ""},
            ) as answer,
        ):
            return None if answer.is_success else f"answered {answer.status_code}"
    except (OSError, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return type(error).__name__ if not isinstance(error, NotPublic) else str(error)


class NotPublic(ValueError):
    """An address that only a private hook may have."""


def _address_of(parts: SplitResult, *, is_private: bool) -> str:
    """Where to connect: what was looked at and nothing else, so no name changes in between."""
    default = 443 if parts.scheme == "https" else 80
    port = parts.port or default
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    for *_, where in found:
        address = str(where[0])
        if not may_dial(address, "any" if is_private else "public"):
            raise NotPublic("its address is not public; only a private hook may have one")
    address = str(found[0][4][0])
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
