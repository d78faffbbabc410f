"""Builds one plane and runs it in the foreground: store, engine, API and the agents' link.

Start, restart and recovery are the same path: migrate, read, serve.  When it listens, it writes
`context.json` into its state folder, which is what the command line reads.
"""

import contextlib
import fcntl
import gc
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from starlette.routing import BaseRoute

from hanza.api import openapi
from hanza.api.app import Beside, build_app
from hanza.api.calls import Plane
from hanza.api.gate import CallLimits, Gate, build_gate
from hanza.api.identity import OperatorToken, WatcherToken
from hanza.api.images import sweep_blobs
from hanza.api.link import Hub
from hanza.api.route import Route
from hanza.boot.alerting import sending_alerts
from hanza.boot.certificates import Certificates, ensure_certificates, root_key, write_secret
from hanza.boot.compiling import Compiling, keep_code_in
from hanza.boot.front.handover import Handover
from hanza.boot.listening import listen
from hanza.boot.numbers import served
from hanza.boot.serving import serve
from hanza.boot.settings import PlaneSettings
from hanza.engine.loop import Engine
from hanza.kit.blobs import Blobs
from hanza.kit.clock import SystemClock
from hanza.kit.ids import Ids
from hanza.kit.log import Log, keep_recent
from hanza.kit.metrics import Metrics
from hanza.kit.points import Point
from hanza.model.errors import Conflict
from hanza.model.ids import FederationId
from hanza.store.absence import tell_absence
from hanza.store.database import shown_url
from hanza.store.federation import found_federation
from hanza.store.inventory import Inventory
from hanza.store.migrate import migrate
from hanza.store.signing_keys import found_keys, list_keys
from hanza.store.tx import Store
from hanza.web import pages, reference
from hanza.wire.directory_v1 import Directory, signed
from hanza.wire.tokens import (
    SEED_BYTES,
    Issuer,
    Keys,
    keys_from_json,
    keys_from_seed,
    keys_of,
    signing_keys_of,
)

log = Log("hanza.plane")
TOKEN_BYTES = 32
SETTINGS = "settings.json"
"""In the state folder: how the plane was started last, without any secret."""
Ready: TypeAlias = Callable[[PlaneSettings], None]
"""Called once the plane listens and its context can be read."""
COLLECT_AFTER = 10_000
"""Objects made more than freed, between two looks of the collector at the newest."""
LEFT_BEHIND_S = 6.0


@dataclass(frozen=True, slots=True)
class _Parts:
    plane: Plane
    token: str
    watcher_token: str
    certificates: Certificates | None


def run_plane(
    settings: PlaneSettings,
    point: Point,
    ready: Ready,
    more: Sequence[Route] = (),
    front: Handover | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, `more` routes beside the plane's own: those of a demo's desk.

    Behind a `front` its sockets are served, from when it says so.  Raises `Conflict` when a port
    or the folder is taken, and `FrontGone`.
    """
    _get_ready(settings, front)
    with _sole_owner(settings.state, front), contextlib.ExitStack() as stack:
        keep_recent(settings.state)
        sockets = _sockets(settings, front, stack)
        migrate(settings.database)
        metrics = Metrics()
        store = stack.enter_context(contextlib.closing(Store(settings.database, point, metrics)))
        wake = threading.Event()
        keep_code_in(settings.state)
        compiling = stack.enter_context(contextlib.closing(Compiling()))
        parts = _build(settings, store, wake, compiling)
        sweep_blobs(parts.plane)
        hub = Hub(parts.plane)
        store.write(tell_absence, str(parts.plane.federation), parts.plane.clock.now())
        engine = _engine(parts.plane, point, hub)
        engine.keep = settings.keep
        stack.enter_context(sending_alerts(parts.plane, settings.state))
        with _running(engine, wake):
            stack.enter_context(served(metrics, settings.metrics_listen))
            _spare_collector()
            beside = Beside(more, _pages(has_desk=bool(more)))
            gate = _gate(parts, settings)
            app = build_app(parts.plane, gate, hub, pulse=engine.pulse, beside=beside)
            told = partial(_say_ready, settings, parts.token, ready)
            serve(app, parts.certificates, sockets, told, front)


def _engine(plane: Plane, point: Point, hub: Hub) -> Engine:
    """With the hosts in memory a second time: no question of the API keeps it waiting."""
    inventory = Inventory(plane.store, plane.may_compile)
    return Engine(plane.store, plane.clock, plane.ids, point, hub.hint_published, inventory)


@contextlib.contextmanager
def _running(engine: Engine, wake: threading.Event) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=engine.run_until, args=(stop, wake), name="engine")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        wake.set()
        thread.join()
        log.info("plane.stopped")


def _get_ready(settings: PlaneSettings, front: Handover | None) -> None:
    """Returns when this process may begin."""
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    _allow_connections()
    if front is not None:
        front.await_go()


def _sockets(
    settings: PlaneSettings, front: Handover | None, stack: contextlib.ExitStack
) -> tuple[Sequence[socket.socket], Sequence[socket.socket]]:
    """Those for everybody, and those for this machine's browsers."""
    wanted = (*settings.listen, *settings.plain)
    count = len(settings.listen)
    if front is not None and len(front.listeners) != len(wanted):
        raise Conflict(
            "the addresses are others than this plane's front holds",
            hint="stop and start it: a restart keeps the addresses",
        )
    found = [listen(one) for one in wanted] if front is None else list(front.listeners)
    for one in found:
        stack.callback(one.close)
    return found[:count], found[count:]


def _allow_connections() -> None:
    """Each agent is an open file; the usual soft limit is for programs that use `select`."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _spare_collector() -> None:
    """What is there by now stays for good: the collector need not go through it time and again.

    Requests leave next to nothing that only it could free, so it may come a tenth as often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _build(
    settings: PlaneSettings, store: Store, wake: threading.Event, compiling: Compiling
) -> _Parts:
    clock = SystemClock()
    ids = Ids(clock)
    federation = store.write(found_federation, FederationId(ids.new("fe")), clock.now())
    certificates = None
    if not settings.insecure_http:
        names = ["localhost", *(one.host for one in settings.listen)]
        certificates = ensure_certificates(settings.state, names, clock.now())
    plane = Plane(
        store=store,
        clock=clock,
        ids=ids,
        federation=federation.id,
        urls=settings.urls,
        pin=certificates.pin if certificates else b"",
        root_pem=certificates.root_pem if certificates else b"",
        token_valid_for=settings.token_valid_for,
        issuer=Issuer(
            federation.id, _issuer_keys(store, settings.state, ids, clock), settings.issuer_url
        ),
        wake=wake.set,
        blobs=_blobs(settings),
        blob_bytes_max=settings.blob_bytes_max,
        sign_directory=_signer(settings, federation.id),
        may_compile=compiling.is_there,
    )
    operator, watcher = (
        _token(settings.state / name, ids) for name in ("operator.token", "metrics.token")
    )
    return _Parts(plane, operator, watcher, certificates)


def _signer(
    settings: PlaneSettings, federation: str
) -> Callable[[int, tuple[str, ...]], Directory] | None:
    key = None if settings.insecure_http else root_key(settings.state)
    if key is None:
        return None
    return lambda number, urls: signed(federation, number, urls, key)


def _blobs(settings: PlaneSettings) -> Blobs:
    """Nobody else has the folder, so every part in it was left by a plane that died."""
    blobs = Blobs(settings.state / "blobs")
    blobs.sweep_parts()
    return blobs


def _token(path: Path, ids: Ids) -> str:
    """What is in the file, made at the first start."""
    if not path.exists():
        write_secret(path, ids.secret(TOKEN_BYTES).hex().encode())
    return path.read_text().strip()


def _issuer_keys(store: Store, state: Path, ids: Ids, clock: SystemClock) -> Keys:
    """The keys that sign tenants' tokens, made at the first start of the first plane.

    A plane of before had them in a file: they go on verifying, and the file goes.
    """
    path = state / "issuer.jwks"
    known, now = store.read(list_keys), clock.now()
    if path.exists():
        store.write(found_keys, signing_keys_of(keys_from_json(path.read_bytes()), now))
        path.unlink()
    elif not known:
        store.write(found_keys, signing_keys_of(keys_from_seed(ids.secret(SEED_BYTES)), now))
    return keys_of(store.read(list_keys))


def _gate(parts: _Parts, settings: PlaneSettings) -> Gate:
    own = (OperatorToken(parts.token), WatcherToken(parts.watcher_token))
    limits = CallLimits(settings.requests_rate, settings.failures_rate)
    return build_gate(parts.plane, *own, limits=limits)


def _pages(*, has_desk: bool) -> list[BaseRoute]:
    return pages.routes({**pages.read_bundle(has_desk=has_desk), **published()})


@cache
def published() -> Mapping[str, pages.File]:
    """The API's documents and their pages, by path: always the same of the same code."""
    documents = openapi.documents().items()
    return reference.bundle_of({openapi.file_name(name, one): one for name, one in documents})


def _say_ready(settings: PlaneSettings, token: str, ready: Ready) -> None:
    root = "" if settings.insecure_http else str((settings.state / "root.pem").resolve())
    context = {
        "url": settings.local_url,
        "token": token,
        "ca": root,
        "web": settings.web_url,
    }
    write_secret(settings.state / "context.json", json.dumps(context).encode())
    write_secret(settings.state / SETTINGS, json.dumps(settings_shown(settings)).encode())
    log.info("plane.ready", version=version("hanza"), urls=" ".join(settings.urls))
    ready(settings)


def settings_shown(settings: PlaneSettings) -> dict[str, object]:
    """The settings without any secret: what a support bundle tells of them."""
    numbers = settings.metrics_listen
    return {
        "database": shown_url(settings.database),
        "insecureHttp": settings.insecure_http,
        "listen": [one.url("tcp") for one in settings.listen],
        "metricsListen": None if numbers is None else numbers.url("tcp"),
        "web": [one.url("http") for one in settings.plain],
        "tokenValidForSeconds": settings.token_valid_for.total_seconds(),
    }


@contextlib.contextmanager
def _sole_owner(state: Path, front: Handover | None) -> Iterator[None]:
    """Two planes never share a state folder; the lock ends with the process.

    Behind a front the one that a killed front has left behind is given time to end.
    """
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + (0 if front is None else LEFT_BEHIND_S)
    try:
        while not _has_locked(descriptor):
            if time.monotonic() >= until:
                raise Conflict(f"another plane runs from {state}")
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _has_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
