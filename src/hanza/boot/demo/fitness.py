"""What must be so before the demo starts anything: looked up here, decided by a pure function.

Promises: every refusal is one sentence that says what is missing, with both numbers where there
are numbers, and what would help; nothing has been started or installed when it is said.
"""

import errno
import os
import platform
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from hanza.boot.demo import packages
from hanza.boot.demo.settings import Demo
from hanza.boot.lab.process import LabError, run
from hanza.model.errors import Refusal
from hanza.wire.app_v1 import app_from_yaml

TRIED = ("Debian 12",)
FAMILY = {"debian", "ubuntu"}
GUEST_MIB = 210
SITE_MIB = 130
PLANE_MIB = 250
STATE_MIB = 600
PACKAGES_MIB = 1500


@dataclass(frozen=True, slots=True)
class Needs:
    memory_mib: int
    disk_mib: int
    port: int


@dataclass(frozen=True, slots=True)
class Found:
    """The machine as it is."""

    is_root: bool
    system: str
    """What the machine calls itself, such as `Debian 12`."""
    families: frozenset[str]
    machine: str
    has_apt: bool
    has_namespaces: bool
    is_port_free: bool
    memory_mib: int
    disk_mib: int
    disk_at: str


def needs_for(guests: int, sites: int, *, port: int, is_installed: bool) -> Needs:
    memory = guests * GUEST_MIB + sites * SITE_MIB + PLANE_MIB
    disk = STATE_MIB + (0 if is_installed else PACKAGES_MIB)
    return Needs(memory_mib=memory, disk_mib=disk, port=port)


def refusals(found: Found, needs: Needs) -> list[str]:
    """Why the demo cannot run here, a sentence each; empty when it can."""
    if not found.is_root:
        return [NOT_ROOT]
    rules = [
        (found.machine == "x86_64", _of_machine(found)),
        (bool(found.families & FAMILY) and found.has_apt, _of_system(found)),
        (found.has_namespaces, NO_NAMESPACES),
        (found.is_port_free, _of_port(needs)),
        (found.memory_mib >= needs.memory_mib, _of_memory(found, needs)),
        (found.disk_mib >= needs.disk_mib, _of_disk(found, needs)),
    ]
    return [sentence for is_so, sentence in rules if not is_so]


NOT_ROOT = (
    "The demo needs root, because it makes network namespaces and starts libvirtd: "
    "run it as root or with sudo."
)
NO_NAMESPACES = (
    "This machine does not let root make network, mount and UTS namespaces, and every site of "
    "the demo lives in its own: a container needs to be privileged for that."
)


def _of_machine(found: Found) -> str:
    return f"The demo's guests are x86_64 machines; this is {found.machine}, which is untried."


def _of_system(found: Found) -> str:
    return (
        f"This is {found.system or 'an unknown system'}; the demo installs what it needs with apt "
        f"from Debian or Ubuntu, and anything but {', '.join(TRIED)} is untried."
    )


def _of_port(needs: Needs) -> str:
    return (
        f"Port {needs.port} or {needs.port + 1} is taken by another program: name another with "
        "--port (make demo ARGS='--port N')."
    )


def _of_memory(found: Found, needs: Needs) -> str:
    return (
        f"The demo needs {needs.memory_mib} MiB of free memory, and there are "
        f"{found.memory_mib} MiB."
    )


def _of_disk(found: Found, needs: Needs) -> str:
    return (
        f"The demo needs {needs.disk_mib} MiB of free disk at {found.disk_at}, and there are "
        f"{found.disk_mib} MiB."
    )


def is_root() -> bool:
    return os.geteuid() == 0


def refusals_here(demo: Demo) -> list[str]:
    """Looks and decides; a wrong example is a refusal too."""
    if not demo.app.is_file():
        return [f"There is no {demo.app}: name what to run with --app."]
    found = look(demo.place.state, demo.port)
    installed = found.has_apt and not packages.list_missing()
    try:
        guests = len(app_from_yaml(demo.app.read_bytes(), demo.app.name).components)
    except Refusal as refusal:
        return [f"{refusal}"]
    needs = needs_for(guests, len(demo.sites), port=demo.port, is_installed=installed)
    return refusals(found, needs)


def look(state: Path, port: int) -> Found:
    system, families = system_of(_text(Path("/etc/os-release")))
    at = next(path for path in (state, *state.parents) if path.exists())
    root = is_root()
    return Found(
        is_root=root,
        system=system,
        families=families,
        machine=platform.machine(),
        has_apt=shutil.which("apt-get") is not None,
        has_namespaces=root and _can_make_namespaces(),
        is_port_free=_is_free(port) and _is_free(port + 1),
        memory_mib=memory_mib_of(_text(Path("/proc/meminfo"))),
        disk_mib=shutil.disk_usage(at).free // 2**20,
        disk_at=str(at),
    )


def system_of(os_release: str) -> tuple[str, frozenset[str]]:
    """What the system calls itself, and the families it says it belongs to."""
    pairs = (line.partition("=") for line in os_release.splitlines())
    fields = {name: value.strip().strip('"') for name, _, value in pairs}
    families = frozenset({fields.get("ID", ""), *fields.get("ID_LIKE", "").split()} - {""})
    name = fields.get("NAME", "").removesuffix(" GNU/Linux")
    return f"{name} {fields.get('VERSION_ID', '')}".strip(), families


def memory_mib_of(meminfo: str) -> int:
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


def _can_make_namespaces() -> bool:
    try:
        run(["unshare", "--net", "--mount", "--uts", "true"])
    except LabError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
