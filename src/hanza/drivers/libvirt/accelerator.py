"""Whether guests may run on KVM: proved by booting one, never believed from a device file.

On many rented machines `/dev/kvm` opens and no guest ever boots on it.  Promises: `kvm` only
when a guest of ours said on its serial port that it is up, within `PATIENCE_S`; the guest of the
proof is always ended; the result is kept in the proof file until the host boots again, or QEMU
or the kernel of the proof changes.  It says nothing about speed.
"""

import fcntl
import hashlib
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from hanza.model.errors import Invalid

Accelerator: TypeAlias = Literal["kvm", "tcg"]
Wanted: TypeAlias = Literal["auto", "kvm", "tcg"]

PATIENCE_S = 10.0
_NOT_BY_HAND = re.compile(r"[0-9a-f]{64}|\..*", re.ASCII)
SIGN_OF_LIFE = b" is up"
"""What the tiny image prints from its own userspace.  A kernel's words before it prove nothing."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where on a host to look."""

    emulator: str = "qemu-system-x86_64"
    device: Path = Path("/dev/kvm")
    boot_id: Path = Path("/proc/sys/kernel/random/boot_id")
    patience_s: float = PATIENCE_S


THIS_HOST = Host()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found, and for which host, QEMU and kernel."""

    boot_id: str
    emulator: str
    kernel: str
    accelerator: Accelerator


def choose_accelerator(
    wanted: Wanted, images: Path, proof: Path, host: Host = THIS_HOST
) -> Accelerator:
    """Raises `Invalid` when KVM is insisted on and does not work here."""
    if wanted == "tcg":
        return "tcg"
    image = _image_for_proof(images)
    found: Accelerator = "tcg"
    if host.device.exists() and image is not None:
        found = _proved(host, image, proof)
    if wanted == "kvm" and found != "kvm":
        raise Invalid(
            "no guest boots with KVM on this host",
            field="options.accelerator",
            hint="auto falls back to emulation",
        )
    return found


def _image_for_proof(images: Path) -> Path | None:
    found = (folder for folder in images.glob("*") if (folder / "kernel").is_file())
    # What a stranger's kernel says proves nothing: only what the provider laid there by hand.
    folders = (folder for folder in found if not _NOT_BY_HAND.fullmatch(folder.name))
    # The tiny image first: it is known to say that it is up.
    return min(folders, key=lambda folder: (folder.name != "tiny", folder.name), default=None)


def _proved(host: Host, image: Path, path: Path) -> Accelerator:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        known = _read(path)
        now = Proof(
            boot_id=host.boot_id.read_text().strip(),
            emulator=_version_of(host.emulator),
            kernel=_digest(image / "kernel"),
            accelerator="tcg" if known is None else known.accelerator,
        )
        if known == now:
            return known.accelerator
        found = Proof(now.boot_id, now.emulator, now.kernel, _try(host, image))
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps(asdict(found)))
        os.replace(beside, path)
        return found.accelerator


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Several agents may start on one host at once; one of them finds out."""
    with path.with_name(path.name + ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> Proof | None:
    try:
        return Proof(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # A proof that nobody can read is no proof.
        return None


def _version_of(emulator: str) -> str:
    try:
        return subprocess.run(
            (emulator, "--version"), capture_output=True, text=True, timeout=10, check=False
        ).stdout.splitlines()[0]
    except (FileNotFoundError, subprocess.TimeoutExpired, IndexError):
        return "none"


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _try(host: Host, image: Path) -> Accelerator:
    command = (
        *(host.emulator, "-accel", "kvm", "-M", "pc", "-cpu", "host", "-m", "128"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"),
        *("-kernel", str(image / "kernel"), "-initrd", str(image / "initrd")),
        *("-append", (image / "cmdline").read_text().strip()),
    )
    try:
        guest = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return "tcg"
    assert guest.stdout is not None, "a pipe was asked for"
    with guest.stdout as serial:
        try:
            return "kvm" if _says_it_is_up(serial.fileno(), host.patience_s) else "tcg"
        finally:
            guest.kill()
            guest.wait()


def _says_it_is_up(serial: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    said = b""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([serial], [], [], left)
        if not ready:
            continue
        more = os.read(serial, 4096)
        if not more:
            return False
        said = said[-4096:] + more
        if SIGN_OF_LIFE in said:
            return True
    return False
