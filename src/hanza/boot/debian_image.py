"""Builds a Debian 12 with cloud-init: a disk that boots by itself, as a provider would offer it.

    python -m hanza.boot.debian_image CACHE INTO

Needs root, mmdebstrap and GRUB's files, takes minutes, and is kept in the cache under a digest of
its recipe.  Promises: `INTO/debian-12.qcow2` appears whole or not at all; nothing of this machine
is in it, no key and no machine id.  No loop device and no mount is used: the file system is made
from a folder, and the boot loader's first sectors are written here.
"""

import fcntl
import hashlib
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hanza.boot.lab.process import LabError, run

NAME = "debian-12.qcow2"
SUITE = "bookworm"
PACKAGES = (
    "ca-certificates",
    "cloud-guest-utils",
    "cloud-init",
    "dbus",
    "e2fsprogs",
    "fdisk",
    "iproute2",
    "linux-image-cloud-amd64",
    "netbase",
    "openssh-server",
    "sudo",
    "systemd-sysv",
    "udev",
)
GRUB = Path("/usr/lib/grub/i386-pc")
GRUB_MODULES = (
    *("biosdisk", "part_msdos", "ext2", "serial", "terminal"),
    *("linux", "normal", "boot", "configfile", "echo"),
)
DISK_MIB = 1200
FIRST_SECTOR = 2048
SECTOR = 512
MIB = 2**20
LONGEST_S = 1800.0

CLOUD_INIT = """\
datasource_list: [ NoCloud ]
locale: false
cloud_init_modules:
  [ write-files, growpart, resizefs, set_hostname, update_hostname, users-groups, ssh ]
cloud_config_modules: [ runcmd ]
cloud_final_modules: [ scripts-user, final-message ]
system_info: { network: { renderers: [ networkd ] } }
"""
"""Only what a guest needs: each module more is seconds where guests are emulated."""

WAIT_ONLINE = """\
[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=20
"""
"""A guest without a network is a guest too, and not one that boots two minutes later."""

GRUB_CFG = """\
serial --unit=0 --speed=115200
terminal_output serial console
linux /boot/vmlinuz-{kernel} root=/dev/vda1 rw console=ttyS0 quiet net.ifnames=0 no_timer_check
initrd /boot/initrd.img-{kernel}
boot
"""
GRUB_FIRST = """\
set root=(hd0,msdos1)
set prefix=(hd0,msdos1)/boot/grub
normal
"""
FILES = {
    "etc/cloud/cloud.cfg.d/90_hanza.cfg": CLOUD_INIT,
    "etc/systemd/system/systemd-networkd-wait-online.service.d/any.conf": WAIT_ONLINE,
    "etc/fstab": "/dev/vda1 / ext4 defaults,noatime 0 1\n",
    "etc/machine-id": "",
}


def build(cache: Path, into: Path) -> Path:
    """The image's file.  Raises `LabError` in words."""
    cache.mkdir(parents=True, exist_ok=True)
    into.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        kept = cache / f"debian-12-{_recipe()}.qcow2"
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as folder:
                _make(Path(folder)).replace(kept)
    beside = into / f".{NAME}"
    beside.unlink(missing_ok=True)
    try:
        os.link(kept, beside)
    except OSError:
        shutil.copyfile(kept, beside)
    return beside.replace(into / NAME)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _recipe() -> str:
    parts = (SUITE, *PACKAGES, *GRUB_MODULES, str(DISK_MIB), GRUB_CFG, GRUB_FIRST, *FILES.values())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _make(folder: Path) -> Path:
    tree, raw, disk = folder / "tree", folder / "disk.raw", folder / "disk.qcow2"
    words = ["--variant=apt", f"--include={','.join(PACKAGES)}"]
    words += [f"--dpkgopt=path-exclude=/usr/share/{it}/*" for it in ("man", "locale", "doc")]
    run(["mmdebstrap", *words, SUITE, str(tree)], timeout_s=LONGEST_S)
    _furnish(tree)
    with raw.open("wb") as file:
        file.truncate(DISK_MIB * MIB)
    offset = FIRST_SECTOR * SECTOR
    features = ["-O", "^metadata_csum,^64bit", "-E", f"offset={offset}", "-L", "root"]
    size = f"{DISK_MIB - offset // MIB}M"
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(tree), *features, str(raw), size],
        timeout_s=LONGEST_S)  # fmt: skip
    _make_bootable(raw, _boot_loader(folder))
    run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(disk)], timeout_s=LONGEST_S)
    return disk


def _furnish(tree: Path) -> None:
    kernels = [path.name.removeprefix("vmlinuz-") for path in (tree / "boot").glob("vmlinuz-*")]
    if len(kernels) != 1:
        raise LabError("the Debian that was made has no kernel, or several")
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "boot" / "grub").mkdir(parents=True, exist_ok=True)
    (tree / "boot" / "grub" / "grub.cfg").write_text(GRUB_CFG.format(kernel=kernels[0]))
    run(["chroot", str(tree), "systemctl", "enable", "systemd-networkd"])
    for key in (tree / "etc" / "ssh").glob("ssh_host_*"):
        key.unlink()
    for package in (tree / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        package.unlink()


def _boot_loader(folder: Path) -> bytes:
    first, core = folder / "first.cfg", folder / "core.img"
    first.write_text(GRUB_FIRST)
    where = ["-p", "(hd0,msdos1)/boot/grub", "-c", str(first), "-o", str(core)]
    run(["grub-mkimage", "-O", "i386-pc", *where, *GRUB_MODULES])
    return core.read_bytes()


def _make_bootable(raw: Path, core: bytes) -> None:
    """The first sector, with one partition, and GRUB's core between it and the partition.

    GRUB's files come ready for exactly this place: its core is looked for in the second sector.
    """
    if len(core) > (FIRST_SECTOR - 1) * SECTOR:
        raise LabError("the boot loader is larger than the room before the partition")
    boot = (GRUB / "boot.img").read_bytes()[:440]
    anywhere = b"\xfe\xff\xff"
    sectors = DISK_MIB * MIB // SECTOR - FIRST_SECTOR
    entry = struct.pack("<B3sB3sII", 0x80, anywhere, 0x83, anywhere, FIRST_SECTOR, sectors)
    with raw.open("r+b") as file:
        file.write(boot.ljust(446, b"\0") + entry.ljust(64, b"\0") + b"\x55\xaa" + core)


def main() -> None:
    cache, into = map(Path, sys.argv[1:])
    try:
        print(build(cache, into))
    except LabError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
