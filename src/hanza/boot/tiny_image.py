"""Builds `tiny`, the image of the demo and the tests: Debian's kernel and a shell, 10 MB.

It boots to its one line of serial output in about three seconds even when emulated, with
96 MiB of memory.  Promises: the image folder appears whole or not at all, two builders at once
do the work once, and what was downloaded or built before is used again.  It is not a system
for tenants: no package manager, no network set-up, and whoever has its console has a shell.
"""

import fcntl
import gzip
import hashlib
import io
import lzma
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from hanza.model.errors import Refusal

NAME = "tiny"
METAPACKAGE = "linux-image-cloud-amd64"
BUSYBOX = Path("/bin/busybox")
CMDLINE = "console=ttyS0 quiet panic=1 net.ifnames=0\n"
DISK_SIZE = "16M"
MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "virtio_scsi", "sd_mod")
"""Each is loaded after what it depends on.  A kernel that has one built in lacks its file."""
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")

FORMAT = "2"
"""Raised when this module builds something else from the same parts."""


def build(cache: Path, into: Path) -> Path:
    """Make `into/tiny/` with kernel, initrd, cmdline and disk.qcow2; the folder's path.

    Raises `Refusal` when the kernel's package cannot be had or a tool is missing.
    """
    cache.mkdir(parents=True, exist_ok=True)
    into.mkdir(parents=True, exist_ok=True)
    image = into / NAME
    with _alone(cache):
        package = _kernel_package(cache)
        recipe = _digest_of(package)
        built = cache / f"{NAME}-{recipe}"
        if not built.is_dir():
            _build(package, built)
        if _recipe_of(image) != recipe:
            _install(built, image)
    return image


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=300
        ).stdout
    except FileNotFoundError as error:
        raise Refusal(f"{command[0]} is not installed") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Refusal(f"{' '.join(command[:2])} failed") from error


def _kernel_package(cache: Path) -> Path:
    """The newest kernel's package, downloaded once; any we have when the archive is away."""
    had = sorted(cache.glob("linux-image-*.deb"), key=lambda path: path.stat().st_mtime)
    try:
        name = _kernel_name()
        fitting = [path for path in had if path.name.startswith(f"{name}_")]
        return fitting[-1] if fitting else _download(name, cache)
    except Refusal:
        if had:
            return had[-1]
        raise


def _kernel_name() -> str:
    """The metapackage only depends on the kernel of the day, whose name has its version."""
    depends = _run("apt-cache", "depends", METAPACKAGE)
    found = re.search(r"Depends: (linux-image-\d\S+)", depends)
    if found is None:
        raise Refusal(f"{METAPACKAGE} names no kernel", hint="apt-get update")
    return found[1]


def _download(name: str, cache: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _run("apt-get", "download", name, cwd=Path(folder))
        (package,) = Path(folder).glob("*.deb")
        return package.replace(cache / package.name)


def _digest_of(package: Path) -> str:
    """Names what is built by all that goes into it."""
    digest = hashlib.sha256()
    parts = (FORMAT.encode(), CMDLINE.encode(), DISK_SIZE.encode(), " ".join(MODULES).encode())
    for part in (*parts, package.name.encode(), _init(), _busybox()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _init() -> bytes:
    return files("hanza.boot").joinpath("tiny_init").read_bytes()


def _busybox() -> bytes:
    try:
        return BUSYBOX.read_bytes()
    except FileNotFoundError as error:
        raise Refusal(f"{BUSYBOX} is missing", hint="install busybox-static") from error


def _recipe_of(image: Path) -> str | None:
    try:
        return (image / "recipe").read_text()
    except FileNotFoundError:
        return None


def _build(package: Path, built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        tree, image = Path(folder, "tree"), Path(folder, "image")
        image.mkdir()
        _run("dpkg-deb", "-x", str(package), str(tree))
        (kernel,) = (tree / "boot").glob("vmlinuz-*")
        shutil.copyfile(kernel, image / "kernel")
        (image / "initrd").write_bytes(_initrd(tree))
        (image / "cmdline").write_text(CMDLINE)
        _run("qemu-img", "create", "-q", "-f", "qcow2", str(image / "disk.qcow2"), DISK_SIZE)
        (image / "recipe").write_text(built.name.removeprefix(f"{NAME}-"))
        image.replace(built)


def _install(built: Path, image: Path) -> None:
    """Copy beside, then rename: who looks sees the old image, for an instant none, or the new."""
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=f".{NAME}-") as folder:
        copy = Path(folder, "new")
        shutil.copytree(built, copy)
        if image.exists():
            image.replace(Path(folder, "old"))
        copy.replace(image)


def _initrd(tree: Path) -> bytes:
    modules = _modules(tree)
    archive = io.BytesIO()
    for folder in ("bin", "dev", "lib", "lib/modules"):
        _pack(archive, folder, 0o40755)
    _pack(archive, "init", 0o100755, _init())
    _pack(archive, "bin/busybox", 0o100755, _busybox())
    _pack(archive, "dev/console", 0o20600, device=(5, 1))
    order = "".join(f"{name}.ko\n" for name in modules)
    _pack(archive, "lib/modules/order", 0o100644, order.encode())
    for name, text in modules.items():
        _pack(archive, f"lib/modules/{name}.ko", 0o100644, text)
    _pack(archive, "TRAILER!!!", 0)
    return gzip.compress(archive.getvalue(), compresslevel=6, mtime=0)


def _modules(tree: Path) -> dict[str, bytes]:
    """The modules that we want and all that they need, in an order in which they load."""
    files_by_name = {
        path.name.split(".")[0].replace("-", "_"): path for path in tree.rglob("*.ko*")
    }
    loaded: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in loaded or name not in files_by_name:
            return
        text = files_by_name[name].read_bytes()
        if files_by_name[name].suffix == ".xz":
            text = lzma.decompress(text)
        needs = _DEPENDS.search(text)
        for needed in needs[1].decode().split(",") if needs else ():
            add(needed.replace("-", "_"))
        loaded[name] = text

    for name in MODULES:
        add(name)
    return loaded


def _pack(
    archive: io.BytesIO, name: str, mode: int, text: bytes = b"", device: tuple[int, int] = (0, 0)
) -> None:
    """One member of a cpio archive in the `newc` form, see the kernel's buffer-format document."""
    member = name.encode() + b"\0"
    links = 2 if mode & 0o40000 else 1
    fields = (archive.tell() + 1, mode, 0, 0, links, 0, len(text), 0, 0, *device, len(member), 0)
    archive.write(b"070701" + b"".join(b"%08X" % field for field in fields) + member)
    archive.write(bytes(-archive.tell() % 4))
    archive.write(text)
    archive.write(bytes(-archive.tell() % 4))
