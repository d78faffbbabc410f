"""One libvirtd per site, in the site's namespaces, with folders of its own.

Promises: nothing of the machine's own libvirt is read, changed or needed; whatever runs at a
site sees the site's folders where libvirt's are looked for, and the site's name as host name.
The folders are bound anew for every program that enters: the bindings die with it, and a second
libvirtd finds what the first left.  It is not a security boundary: all of it runs as root.
"""

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from hanza.boot.lab.names import Site
from hanza.boot.lab.process import (
    LabError,
    Process,
    allow_processors,
    is_alive,
    last_words,
    run,
    spawn,
)
from hanza.boot.lab.waiting import is_soon

BINDINGS = {
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "run": "/run/libvirt",
    "log": "/var/log/libvirt",
    "cache": "/var/cache/libvirt",
}
"""What a site has of its own, and where its programs see it."""

PEOPLE = {"passwd": "/etc/passwd", "group": "/etc/group"}
"""The machine's, and libvirt's user beside them: without it no libvirtd of Debian starts, and
only the package that starts the machine's own libvirtd would make it."""
LIBVIRT_USER = {
    "passwd": "libvirt-qemu:x:64055:64055:a lab's libvirt:/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\n",
}

ENTER = """
set -e
name=$1 folder=$2; shift 2
hostname "$name"
while [ "$1" != -- ]; do
    [ -e "$2" ] || mkdir -p "$2"
    mount --bind "$folder/$1" "$2"
    shift 2
done
shift
exec "$@"
"""

DAEMON = """\
unix_sock_dir = "{folder}/sock"
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "{uuid}"
log_level = 3
log_outputs = "3:stderr"
"""

QEMU = """\
user = "root"
group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""

START_S = 30.0
PROBE_S = 60.0
CAPABILITIES = Path("qemu/capabilities")
"""Below libvirt's cache: what it found out about QEMU, which costs seconds to find out anew."""


def entering(site: Site, argv: Sequence[str]) -> list[str]:
    """The arguments that run a program at the site instead of here."""
    pairs = [word for pair in (BINDINGS | PEOPLE).items() for word in pair]
    enter = ["sh", "-c", ENTER, "enter", site.name, str(site.folder), *pairs, "--"]
    return ["ip", "netns", "exec", site.namespace, "unshare", "--mount", "--uts", *enter, *argv]


def spawn_at(
    site: Site, role: str, argv: Sequence[str], env: Mapping[str, str] | None = None
) -> Process:
    """Start what stays, at the site; its log is named for it."""
    log = site.place.logs / f"{site.name}.{role}.log"
    return spawn(site.place.prefix, f"{site.name}.{role}", entering(site, argv), log, env)


def furnish(site: Site, capabilities: Path | None = None) -> None:
    """Make the site's folders and libvirt's settings; twice is once."""
    for name in (*BINDINGS, "sock", "images", "pool", "serial", "agent"):
        (site.folder / name).mkdir(parents=True, exist_ok=True)
    daemon = DAEMON.format(folder=site.folder, uuid=site.host_uuid)
    (site.folder / "etc" / "libvirtd.conf").write_text(daemon)
    (site.folder / "etc" / "qemu.conf").write_text(QEMU)
    for name, path in PEOPLE.items():
        people = Path(path).read_text()
        known = any(line.startswith("libvirt-qemu:") for line in people.splitlines())
        (site.folder / name).write_text(people + ("" if known else LIBVIRT_USER[name]))
    if capabilities is not None and capabilities.is_dir():
        shutil.copytree(capabilities, site.folder / "cache" / CAPABILITIES, dirs_exist_ok=True)


def start(site: Site) -> Process:
    """Start the site's libvirtd; `await_start` says when it answers.

    It starts on one processor, always the same: what libvirt knows of QEMU is kept under what
    the processor says of itself, and on some machines each says something else.
    """
    pid_file = site.folder / "run" / "libvirtd.pid"
    first = min(os.sched_getaffinity(0))
    return spawn_at(
        site, "libvirtd", ["taskset", "-c", f"{first}", "libvirtd", "-p", f"{pid_file}"]
    )


def await_start(site: Site, process: Process) -> None:
    def is_decided() -> bool:
        return _answers(site.socket) or not is_alive(process)

    if not (is_soon(is_decided, START_S) and _answers(site.socket)):
        words = last_words(site.place.logs / f"{site.name}.libvirtd.log")
        raise LabError(f"libvirtd of site {site.name} did not start: {words}")
    allow_processors(process, os.sched_getaffinity(0))


def probe(site: Site, keep: Path) -> None:
    """Let a running libvirtd find out about QEMU, and keep what it found for other sites."""
    run(["virsh", "-c", site.uri, "domcapabilities", "--virttype", "qemu"], timeout_s=PROBE_S)
    found = site.folder / "cache" / CAPABILITIES
    if found.is_dir():
        shutil.copytree(found, keep, dirs_exist_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(str(path))
        except OSError:
            return False
    return True
