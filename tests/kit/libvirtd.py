"""A libvirtd of the tests' own: in its own mount namespace, with its own folders and socket.

Promises: no file of the host is touched, nothing is left running, guests' emulators included,
and it can be stopped, killed and started again like the real one.  Needs root, libvirtd and
QEMU; where one is missing it fails with a sentence, because an untried engine is not a passed
test.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from kit.waiting import until

NEEDED = ("libvirtd", "unshare", "qemu-system-x86_64", "qemu-img", "qemu-io")
PRIVATE = {
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "run": "/run/libvirt",
    "log": "/var/log/libvirt",
    "cache": "/var/cache/libvirt",
}
PEOPLE = {
    "passwd": "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:64055:\n",
}
"""Debian's libvirtd does not start without its user, which only its service's package makes."""
LIBVIRTD_CONF = """\
unix_sock_dir = "{folder}/sock"
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "{host_uuid}"
log_level = 3
log_outputs = "3:file:{folder}/log/libvirtd.log"
"""
QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""


class Libvirtd:
    def __init__(self) -> None:
        missing = [tool for tool in NEEDED if shutil.which(tool) is None]
        if missing or os.geteuid() != 0:
            raise AssertionError(
                f"libvirt cannot be tested here: missing {', '.join(missing) or 'root'}"
            )
        # Short, because a unix socket's path may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="hz-", dir="/tmp"))
        for name in (*PRIVATE, "sock"):
            (self.folder / name).mkdir()
        (self.folder / "etc" / "libvirtd.conf").write_text(
            LIBVIRTD_CONF.format(
                folder=self.folder, host_uuid="00000001-1111-4222-8333-444444444441"
            )
        )
        (self.folder / "etc" / "qemu.conf").write_text(QEMU_CONF)
        for name, line in PEOPLE.items():
            known = Path("/etc", name).read_text()
            is_there = known.startswith("libvirt-qemu:") or "\nlibvirt-qemu:" in known
            (self.folder / name).write_text(known if is_there else known + line)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self._socket}"

    @property
    def _socket(self) -> Path:
        return self.folder / "sock" / "libvirt-sock"

    def start(self) -> None:
        """Return when it listens.  What ran before goes on: guests outlive their libvirtd."""
        self._socket.unlink(missing_ok=True)
        steps = ["set -e"]
        for name, path in PRIVATE.items():
            steps += [f"mkdir -p {path}", f"mount --bind {self.folder / name} {path}"]
        steps += [f"mount --bind {self.folder / name} /etc/{name}" for name in PEOPLE]
        steps.append(f"exec libvirtd -p {self.folder}/libvirtd.pid")
        log = self.folder / "libvirtd.out"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ("unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(steps)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        until(self._socket.exists, "libvirtd listens on its socket", 20)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def emulators(self) -> list[int]:
        """The guests that run, by what the engine itself calls them, ours or not."""
        ours = re.compile(re.escape(f"{self.folder}/"))
        return [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _is_emulator(folder, ours)
        ]

    def close(self) -> None:
        """Leave nothing: the daemon first, so that it starts nothing more."""
        self.kill()
        for pid in self.emulators():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.emulators(), "the guests' emulators are gone", 20)
        shutil.rmtree(self.folder)


def _is_emulator(folder: Path, ours: re.Pattern[str]) -> bool:
    try:
        command = (folder / "cmdline").read_bytes().decode(errors="replace")
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    program = command.split("\0")[0]
    return "qemu-system" in program and ours.search(command) is not None and state != "Z"
