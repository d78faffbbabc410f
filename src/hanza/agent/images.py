"""Images at a site: fetched once, laid for the driver, and taken away when nobody needs them.

    <images>/<bundle id>/{disk.qcow2,kernel,initrd,cmdline}    whole, under a name that is its hash
    <images>/.blobs/<sha256>[.part]                            the same files, and what is coming
    <images>/.laying-<bundle id>/                              being put together

Promises: a bundle's folder is there whole or not at all; a blob is fetched once, however many
bundles and guests need it, and goes on where a crash or a cut left it; nothing is believed but by
its hash; what the manifest or any guest of ours names is never taken away, nor anything whose name
is not a bundle's.  One thread fetches and tidies, another one asks.  It knows no network: see
`agent.fetch`.
"""

import errno
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from hanza.agent.fetch import Fetch
from hanza.kit.backoff import delay_after
from hanza.kit.blobs import Blobs, TooLong, WrongContent, sync_folder
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.errors import Exhausted, HanzaError, Invalid, Rejected, Unavailable
from hanza.model.image import Blob, Bundle
from hanza.plan.converge import IMAGE_FETCHING, Blocked
from hanza.plan.image import is_as_named, is_digest
from hanza.wire.qcow2 import HEADER_BYTES, disk_mib_of

UNAVAILABLE = "image.unavailable"
KEEP_UNUSED_FOR = timedelta(hours=1)
LOOK_EVERY = timedelta(minutes=5)
CEILING = timedelta(seconds=60)
ROOM_KEPT_BYTES = 64 * 2**20
MIB = 2**20
_LAYING = ".laying-"
_log = Log("hanza.agent.images")


class Images:
    def __init__(
        self, folder: Path, fetch: Fetch, clock: Clock, hint: Callable[[], None] = lambda: None
    ) -> None:
        """`hint` is called when a bundle has come, or its troubles have changed."""
        self._folder = folder
        self._fetch = fetch
        self._clock = clock
        self.hint = hint
        self._blobs = Blobs(folder / ".blobs")
        for stale in folder.glob(f"{_LAYING}*"):
            shutil.rmtree(stale, ignore_errors=True)
        self._lock = threading.Lock()
        self._wanted: dict[str, Bundle] = {}
        self._used: frozenset[str] = frozenset()
        self._laid: set[str] = set()
        self._troubles: dict[str, HanzaError] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, datetime] = {}
        self._arrived: dict[str, int] = {}
        self._unused_since: dict[str, datetime] = {}
        self._has_asked = False
        self.wake = threading.Event()
        self._is_closed = threading.Event()

    # -- what the pass asks ---------------------------------------------------------------------

    def want(self, bundles: Iterable[Bundle], used: Collection[str]) -> None:
        """Have these here, and take away neither them nor what `used` names."""
        wanted: dict[str, Bundle] = {bundle.id: bundle for bundle in bundles}
        with self._lock:
            is_new = wanted.keys() - self._wanted.keys() or not self._has_asked
            self._wanted, self._used = wanted, frozenset(used)
            self._has_asked = True
            self._laid = {one.id for one in wanted.values() if self._is_laid(one)}
        if is_new:
            self.wake.set()

    def lacking(self, image: str) -> Blocked | None:
        """Why a guest cannot start from the image yet; None when it can, or it is not ours."""
        with self._lock:
            bundle = self._wanted.get(image)
            if bundle is None or image in self._laid:
                return None
            trouble = self._troubles.get(image)
            arrived = self._arrived.get(image, 0) // MIB
        if trouble is None:
            total = -(-bundle.size // MIB)
            return Blocked(IMAGE_FETCHING, f"the image is on its way: {arrived} of {total} MiB")
        code = UNAVAILABLE if isinstance(trouble, Unavailable) else trouble.code
        return Blocked(code, f"the image could not be had: {trouble}")

    def close(self) -> None:
        """What is being fetched stops at its next bytes, and goes on at the next start."""
        self._is_closed.set()
        self.wake.set()

    # -- what the fetching thread does ----------------------------------------------------------

    def run_once(self) -> timedelta:
        """Fetch whatever is due, then tidy; how long until there is something to do again."""
        with self._lock:
            wanted, has_asked = list(self._wanted.values()), self._has_asked
        for bundle in sorted(wanted, key=lambda one: (one.size, one.id)):
            if not self._is_laid(bundle) and self._is_due(bundle) and not self._is_closed.is_set():
                self._try(bundle)
                self.hint()
        if has_asked:
            self._tidy()
        return self._pause()

    def _is_due(self, bundle: Bundle) -> bool:
        return self._not_before.get(bundle.id, self._clock.now()) <= self._clock.now()

    def _try(self, bundle: Bundle) -> None:
        try:
            self._have(bundle)
        except HanzaError as error:
            failures = self._failures.get(bundle.id, 0) + 1
            self._failures[bundle.id] = failures
            self._not_before[bundle.id] = self._clock.now() + delay_after(failures, ceiling=CEILING)
            with self._lock:
                self._troubles[bundle.id] = error
            _log.warning("image.failed", bundle=bundle.id, code=error.code, text=str(error))
            return
        for memory in (self._failures, self._not_before, self._arrived):
            memory.pop(bundle.id, None)
        with self._lock:
            self._troubles.pop(bundle.id, None)
            self._laid.add(bundle.id)
        _log.info("image.laid", bundle=bundle.id, bytes=bundle.size)

    def _have(self, bundle: Bundle) -> None:
        if not is_as_named(bundle):
            raise Rejected("its parts are not those that its name says")
        missing = [blob for _, blob in bundle.blobs() if self._blobs.find(blob.id) is None]
        self._refuse_full(sum(blob.size for blob in missing))
        try:
            for blob in missing:
                self._fetch_blob(bundle, blob)
            self._lay(bundle)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise Exhausted("the site's disk is full") from error
            raise Unavailable(f"it cannot be kept here: {error.strerror}") from error

    def _refuse_full(self, more: int) -> None:
        free = self._blobs.free_bytes()
        if free - more < ROOM_KEPT_BYTES:
            raise Exhausted(
                f"the site's disk has {free // MIB} MiB free, and it has {-(-more // MIB)} MiB"
            )

    def _fetch_blob(self, bundle: Bundle, blob: Blob) -> None:
        had = sum(one.size for _, one in bundle.blobs() if self._blobs.find(one.id))
        with self._blobs.begin(blob.id, blob.size) as part:
            try:
                # A part that is whole was cut only just before it got its name.
                for chunk in self._fetch(blob, part.size) if part.size < blob.size else ():
                    part.write(chunk)
                    self._arrived[bundle.id] = had + part.size
                    if self._is_closed.is_set():
                        raise Unavailable("the agent is stopping")
                if part.size < blob.size:
                    raise Unavailable("it was cut short")
                part.keep()
            except (TooLong, WrongContent) as error:
                part.drop()
                raise Unavailable("what came is not what its SHA-256 says") from error

    def _lay(self, bundle: Bundle) -> None:
        """Put the folder together beside, then give it its name."""
        files = {name: self._blobs.find(blob.id) for name, blob in bundle.blobs()}
        disk = files.get("disk.qcow2")
        if disk is not None:
            _refuse_reaching_disk(disk)
        laying = self._folder / f"{_LAYING}{bundle.id}"
        shutil.rmtree(laying, ignore_errors=True)
        laying.mkdir()
        for name, path in files.items():
            if path is None:
                raise Unavailable("a part of it was taken away")
            os.link(path, laying / name)
        if bundle.kernel is not None:
            (laying / "cmdline").write_text(f"{bundle.cmdline}\n")
        sync_folder(laying)
        whole = self._folder / bundle.id
        if whole.exists():
            shutil.rmtree(whole)
        laying.replace(whole)
        sync_folder(self._folder)

    def _is_laid(self, bundle: Bundle) -> bool:
        """Its folder has its name last, so this is quick and still true after a crash."""
        if not is_digest(bundle.id):
            return False
        folder = self._folder / bundle.id
        try:
            return all((folder / name).stat().st_size == b.size for name, b in bundle.blobs())
        except FileNotFoundError:
            return False

    # -- tidying --------------------------------------------------------------------------------

    def _tidy(self) -> None:
        now = self._clock.now()
        with self._lock:
            named = self._wanted.keys() | self._used
            blobs = {blob.id for one in self._wanted.values() for _, blob in one.blobs()}
        unused = {path.name for path in self._folder.iterdir() if is_digest(path.name)} - named
        self._unused_since = {name: self._unused_since.get(name, now) for name in unused}
        for name, since in list(self._unused_since.items()):
            if now - since >= KEEP_UNUSED_FOR:
                self._take_away(name)
                del self._unused_since[name]
        for name in list(self._blobs.names()):
            path = self._blobs.find(name)
            # A blob that a bundle's folder has too costs nothing to keep.
            if name not in blobs and path is not None and path.stat().st_nlink == 1:
                path.unlink()
        self._blobs.sweep_parts(blobs)
        for memory in (self._failures, self._not_before, self._arrived):
            for stale in memory.keys() - named:
                del memory[stale]
        with self._lock:
            for stale in self._troubles.keys() - named:
                del self._troubles[stale]

    def _take_away(self, name: str) -> None:
        gone = self._folder / f"{_LAYING}{name}"
        with self._lock:
            # Under the lock, so that it is not called laid in the same moment.
            if name in self._wanted or name in self._used:
                return
            (self._folder / name).replace(gone)
        shutil.rmtree(gone, ignore_errors=True)
        _log.info("image.removed", bundle=name)

    def _pause(self) -> timedelta:
        waits = [at - self._clock.now() for at in self._not_before.values()]
        return max(min([LOOK_EVERY, *waits]), timedelta(seconds=1))


def _refuse_reaching_disk(path: Path) -> None:
    """The plane looked at it too; a site does not rely on that."""
    with path.open("rb") as file:
        try:
            disk_mib_of(file.read(HEADER_BYTES), "disk")
        except Invalid as error:
            raise Rejected(str(error)) from error
