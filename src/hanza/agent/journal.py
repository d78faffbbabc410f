"""What an agent remembers on disk: who it is, what it holds, and how often it has started.

Promises: a file is either its old self or its new self, never half of each, and what was said
to be kept is on the disk, also where the disk is full; what the agent acts on by itself (the
manifest, what was stopped at the site, its diary) is sealed with a key of its own, and what is
damaged or was tampered with is found out when read, told, and treated as not there; one process at
a time uses a folder.  The key and the driver's options are readable by nobody else.
It is not a cache: what is not worth a crash is not kept here.  An older manifest is never gone
back to: what it names may run elsewhere by now.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hanza.agent.disk import write_whole
from hanza.agent.seal import opened, sealed, sealing_key
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.kit.points import Point, pass_by
from hanza.model.errors import Conflict, HanzaError, Invalid, NotFound
from hanza.model.guest import Mark
from hanza.model.ids import AgentId, FederationId, NativeId, SiteId
from hanza.model.local import LocalStop
from hanza.model.manifest import Manifest
from hanza.model.report import Incarnation
from hanza.plan.local import standing
from hanza.plan.manifest import hash_of
from hanza.wire import agent_v1
from hanza.wire.agent_words import manifest_from_wire, manifest_to_wire
from hanza.wire.credentials import agent_key_to_bytes, new_agent_key
from hanza.wire.directory_v1 import Directory, check_directory

KEY, IDENTITY, ROOT, MANIFEST, STARTS, STOPS, ALLOWED, LOCK, DIRECTORY = (
    "key.ed25519",
    "identity.json",
    "root.pem",
    "manifest",
    "starts",
    "stops",
    "allowed",
    "lock",
    "directory",
)
KEY_BYTES = 32
NONCE_BYTES = 8
_log = Log("hanza.agent.journal")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an agent is since it has joined.  Options may hold a provider's credentials."""

    agent: AgentId
    federation: FederationId
    site: SiteId
    urls: tuple[str, ...]
    pin: bytes
    driver: str
    options: Mapping[str, str] = field(repr=False)
    may_be_plain: bool = False
    token_digest: bytes = b""
    """Which token it came by: joining again with the same one is no mistake."""


class Journal:
    """One agent's state folder, locked while open."""

    def __init__(self, folder: Path, point: Point = pass_by) -> None:
        """Raises `Conflict` while another process has the folder, `Invalid` if it cannot be."""
        self.folder = folder
        self._point = point
        self._turn = threading.Lock()
        self._uncounted: int | None = None
        self._unwritten: dict[str, str] = {}
        self._lock = _locked(folder)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self.identity = load_identity(folder)
            self.manifest = load_manifest(folder, self.identity)
            self.directory = load_directory(folder, self.identity)
            # A cut between the manifest and this leaves a stop that the plane has ended.
            self.stops = standing(self.manifest, load_stops(folder))
            self.allowed = _load_allowed(folder)
            undo.pop_all()

    def close(self) -> None:
        self._lock.close()

    @property
    def root_path(self) -> Path:
        return self.folder / ROOT

    def key(self, entropy: Callable[[int], bytes]) -> Ed25519PrivateKey:
        """The agent's key, made and kept at the first call.

        A damaged key is refused and not replaced: the plane knows the agent by it.
        """
        seed = _seed_in(self.folder)
        if seed is not None:
            return new_agent_key(seed)
        key = new_agent_key(entropy(KEY_BYTES))
        self._write(KEY, agent_key_to_bytes(key))
        return key

    def keep_identity(self, identity: Identity, root_pem: bytes | None) -> None:
        """Written last when joining, so that whoever finds it finds all the rest."""
        if root_pem is not None:
            self._write(ROOT, root_pem)
        self._write(STARTS, b"0\n")
        self._write(IDENTITY, msgspec.json.format(msgspec.json.encode(identity)))
        self.identity = identity

    def hold(self, manifest: Manifest) -> None:
        """Returns when the manifest is safe on the disk."""
        with self._turn:
            self.save(MANIFEST, agent_v1.encode(manifest_to_wire(manifest)))
            self.manifest = manifest
            stops = standing(manifest, self.stops)
            if stops != self.stops:
                self._keep_stops(stops)

    def add_stop(self, stop: LocalStop) -> None:
        """Returns when what is stopped at the site is safe on the disk."""
        with self._turn:
            self._keep_stops((*self.stops, stop))

    def lift_stop(self, mark: Mark) -> None:
        with self._turn:
            self._keep_stops(tuple(one for one in self.stops if one.mark != mark))

    def _keep_stops(self, stops: tuple[LocalStop, ...]) -> None:
        self.save(STOPS, msgspec.json.encode(stops))
        self.stops = stops

    def allow(self, native: NativeId, *, is_allowed: bool) -> None:
        """Whether a guest that is not ours may be adopted; returns when that is on the disk."""
        with self._turn:
            allowed = self.allowed | {native} if is_allowed else self.allowed - {native}
            self.save(ALLOWED, msgspec.json.encode(sorted(allowed)))
            self.allowed = allowed

    def load(self, name: str) -> bytes | None:
        """None when nothing was saved, or when it is not as this agent wrote it."""
        return load_sealed(self.folder, name)

    def save(self, name: str, content: bytes) -> None:
        """Sealed.  Raises `OSError` where it cannot be kept; the file is then as it was."""
        self._write(name, sealed(_sealing_key_in(self.folder), name, content))

    def keep_directory(self, directory: Directory) -> bool:
        """Whether it is the root's, and newer than what was kept; then it is on the disk."""
        if self.directory is not None and directory.number <= self.directory.number:
            return False
        if not _is_signed(self.folder, self.identity, directory):
            return False
        said = [directory.number, list(directory.urls), directory.signature]
        self._write(DIRECTORY, msgspec.msgpack.encode(said))
        self.directory = directory
        return True

    def begin(self, clock: Clock, entropy: Callable[[int], bytes]) -> Incarnation:
        """Count this start; `count_start` has it on the disk before anything is said to a plane.

        A disk that takes nothing keeps no guest waiting: it is tried again by who dials.  A damaged
        count goes on from the seconds of the clock, which no honest count reaches:
        the plane takes no report of a start that it believes to be an old one.
        """
        starts = load_starts(self.folder)
        if starts is None:
            starts = int(clock.now().timestamp())
            _log.warning("starts.lost", folder=str(self.folder), continued_from=starts)
        self._uncounted = starts + 1
        try:
            self.count_start()
        except OSError as error:
            _log.warning("starts.unwritten", reason=str(error))
        return Incarnation(starts + 1, entropy(NONCE_BYTES).hex())

    def count_start(self) -> None:
        """Returns when this start is counted on the disk.  Raises `OSError`."""
        if self._uncounted is not None:
            self._write(STARTS, b"%d\n" % self._uncounted)
            self._uncounted = None

    @property
    def trouble(self) -> str:
        """Why the disk takes nothing; empty when all that was to be kept is kept."""
        return next(iter(dict(self._unwritten).values()), "")

    def _write(self, name: str, content: bytes) -> None:
        noun = name.partition(".")[0]
        self._point(f"journal.{noun}.before")
        try:
            write_whole(self.folder, name, content)
        except OSError as error:
            self._unwritten[name] = error.strerror or str(error)
            raise
        self._unwritten.pop(name, None)
        self._point(f"journal.{noun}.after")


def _locked(folder: Path) -> BinaryIO:
    """The folder's lock; it is let go by closing the file, or by the end of the process."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Invalid(f"cannot keep state in {folder}: {error.strerror}") from error
    lock = open(descriptor, "r+b")  # noqa: SIM115 -- stays open as long as the journal
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise Conflict(
            f"another agent process is using {folder}", hint="end it, or use another folder"
        ) from error
    return lock


def load_identity(folder: Path) -> Identity | None:
    """None before joining; `Invalid` when damaged, for nobody can guess who it was."""
    try:
        content = (folder / IDENTITY).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Identity)
    except msgspec.DecodeError as error:
        raise Invalid(
            f"the agent's identity in {folder} is damaged", hint="join anew in another folder"
        ) from error


def load_manifest(folder: Path, identity: Identity | None) -> Manifest | None:
    """The manifest held; None when there is none, or none that can be trusted."""
    frame = load_sealed(folder, MANIFEST)
    if frame is None:
        return None
    try:
        whole = agent_v1.decode_down(frame)
        if not isinstance(whole, agent_v1.ManifestWhole):
            raise Invalid("not a manifest")
        manifest = manifest_from_wire(whole)
        if hash_of(manifest) != whole.hash or identity is None or manifest.agent != identity.agent:
            raise Invalid("not this agent's manifest, or not as it was written")
    except HanzaError as error:
        _log.warning("manifest.lost", folder=str(folder), reason=str(error))
        return None
    return manifest


def load_directory(folder: Path, identity: Identity | None) -> Directory | None:
    """The planes' addresses as they were kept; None when there is nothing that can be trusted."""
    try:
        kept = (folder / DIRECTORY).read_bytes()
    except FileNotFoundError:
        return None
    try:
        number, urls, signature = msgspec.msgpack.decode(kept, type=tuple[int, list[str], bytes])
    except msgspec.DecodeError:
        _log.warning("directory.lost", folder=str(folder))
        return None
    directory = Directory(number, tuple(urls), signature)
    return directory if _is_signed(folder, identity, directory) else None


def _is_signed(folder: Path, identity: Identity | None, directory: Directory) -> bool:
    """By the root that was pinned when joining."""
    try:
        root = (folder / ROOT).read_bytes()
        check_directory(directory, "" if identity is None else identity.federation, root)
    except (OSError, ValueError, HanzaError) as error:
        _log.warning("directory.refused", number=directory.number, kind=type(error).__name__)
        return False
    return True


def load_stops(folder: Path) -> tuple[LocalStop, ...]:
    """What was stopped at the site; nothing where that cannot be trusted, which is logged."""
    content = load_sealed(folder, STOPS)
    return () if content is None else msgspec.json.decode(content, type=tuple[LocalStop, ...])


def _load_allowed(folder: Path) -> frozenset[NativeId]:
    content = load_sealed(folder, ALLOWED)
    names = [] if content is None else msgspec.json.decode(content, type=list[str])
    return frozenset(NativeId(name) for name in names)


def load_sealed(folder: Path, name: str) -> bytes | None:
    """What the agent kept under this name; None when nothing, or nothing that is as it wrote it."""
    try:
        file = (folder / name).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return opened(_sealing_key_in(folder), name, file)
    except HanzaError as error:
        _log.warning("state.tampered", folder=str(folder), file=name, reason=str(error))
        return None


def _sealing_key_in(folder: Path) -> bytes:
    seed = _seed_in(folder)
    if seed is None:
        raise Invalid(f"there is no agent's key in {folder}", hint="run: hanza agent join")
    return sealing_key(seed)


def _seed_in(folder: Path) -> bytes | None:
    """The agent's secret; None before it was made."""
    try:
        seed = (folder / KEY).read_bytes()
    except FileNotFoundError:
        return None
    if len(seed) != KEY_BYTES:
        raise Invalid(f"the agent's key in {folder} is damaged", hint="join anew")
    return seed


def load_starts(folder: Path) -> int | None:
    """How often the agent has started; None when that was lost."""
    try:
        return int((folder / STARTS).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def identity_of(folder: Path) -> Identity:
    """Raises `NotFound` when nobody has joined with this folder."""
    identity = load_identity(folder)
    if identity is None:
        raise NotFound(
            f"no agent has joined with the folder {folder}", hint="run: hanza agent join"
        )
    return identity
