"""Real planes and agents as processes, on loopback, for tests and benches that want them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hanza.boot.demo.scenario import Member
from hanza.drivers.contract.patience import until
from kit.databases import bring_to_head
from kit.forked import FORKS, Fork
from kit.images import a_qcow2

SECONDS_MAX = 60


def hanza(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hanza.boot.main", *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(
    command: list[str], log: Path, environ: Mapping[str, str], *, is_forked: bool
) -> "subprocess.Popen[bytes] | Fork":
    if is_forked:
        return FORKS.start(command[len(hanza()) :], environ, (log, log))
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ
        )


class Process:
    """A child that ends with the test, whatever happens."""

    def __init__(
        self, command: list[str], log: Path, *, is_forked: bool = False, **environ: str
    ) -> None:
        self.log = log
        self._child = start(command, log, {**os.environ, **environ}, is_forked=is_forked)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    @property
    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self._child.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the process is gone")

    def kill(self) -> None:
        self._child.kill()
        self._child.wait(SECONDS_MAX)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self._child.wait(SECONDS_MAX)

    def stop(self) -> int:
        self._child.send_signal(signal.SIGTERM)
        return self._child.wait(SECONDS_MAX)


class LocalLeague:
    """A plane process and agents with the fake driver, driven by the command line alone."""

    def __init__(
        self,
        folder: Path,
        *,
        web: bool = False,
        flags: Sequence[str] = (),
        is_forked: bool | None = None,
        has_front: bool = False,
    ) -> None:
        """With `web`, the page is served by plain HTTP too, for browsers; `flags` are more for
        `hanza up`.  Its processes are forked where that is wanted of all, if not said here.
        Without a front, the process that is started is the plane itself."""
        self.folder = folder
        self.is_forked = FORKS.are_wanted if is_forked is None else is_forked
        self.state = folder / "plane"
        self.port = free_port()
        self.web = free_port() if web else None
        self.flags = flags
        self.has_front = has_front
        if self.is_forked:
            self._prepare()
        self.agents: dict[str, Process] = {}
        self.plane = self._start_plane()

    def _prepare(self) -> None:
        """A database at head, as the plane itself would make it; those not forked begin at none."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        bring_to_head(f"sqlite:///{self.state}/hanza.db")
        (self.state / "hanza.db").chmod(0o600)

    def _start_plane(self) -> Process:
        command = hanza("up", "--state", str(self.state), "--listen", f"127.0.0.1:{self.port}")
        command += [] if self.has_front else ["--no-front"]
        if self.web is not None:
            command += ["--web", f"127.0.0.1:{self.web}"]
        command += self.flags
        return Process(command, self.folder / "plane.log", is_forked=self.is_forked)

    def restart_plane(self) -> None:
        self.plane = self._start_plane()
        self.wait_for_plane()

    def wait_for_plane(self) -> None:
        def is_up() -> bool:
            assert self.plane.is_alive, (self.folder / "plane.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return (self.state / "context.json").exists()
            return False

        until(is_up, "the plane listens", SECONDS_MAX)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environ: Mapping[str, str] = {
            **os.environ,
            "HANZA_CONTEXT": str(self.state / "context.json"),
        }
        if self.is_forked:
            return FORKS.run(arguments, environ, SECONDS_MAX)
        return subprocess.run(
            hanza(*arguments),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            env=environ,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def ask(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def add_image(self, name: str) -> None:
        disk = self.folder / f"{name}.qcow2"
        disk.write_bytes(a_qcow2())
        self.ask("image", "add", name, "--disk", str(disk))

    def add_site(self, name: str, country: str, *, anyway: bool = False, **options: str) -> None:
        """`options` are the fake driver's; an empty `state` keeps the site in memory.

        `anyway` joins whatever the doctor finds, for engines with faults.
        """
        self.ask("provider", "add", name, "--title", name.title())
        place = ("--city", name.title(), "--latitude", "50", "--longitude", "10")
        self.ask("site", "add", name, "--provider", name, "--country", country, *place)
        self._join(name, anyway=anyway, **options)

    def _join(self, name: str, *, anyway: bool = False, **options: str) -> None:
        token = self.ask("site", "invite", name)["token"]
        options = {"state": str(self.folder / f"{name}.engine"), **options}
        given = [pair for pair in options.items() if pair[1]]
        flags = [word for pair in given for word in ("--option", "=".join(pair))]
        flags += ["--anyway"] if anyway else []
        folder = ("--state", str(self.folder / name))
        done = self.run("agent", "join", token, *folder, "--driver", "fake", *flags)
        assert done.returncode == 0, done.stderr
        self.start_agent(name)

    def add_member(self, member: Member) -> None:
        """A site of the demo's, with a fake engine."""
        self.ask("provider", "add", member.provider, "--title", member.title)
        place = ("--latitude", f"{member.latitude}", "--longitude", f"{member.longitude}")
        where = ("--country", member.country, "--city", member.city, *place)
        self.ask("site", "add", member.site, "--provider", member.provider, *where)
        self._join(member.site)

    def start_agent(self, name: str, *flags: str) -> None:
        command = hanza("agent", "run", "--state", str(self.folder / name), *flags)
        log = self.folder / f"{name}.log"
        self.agents[name] = Process(command, log, is_forked=self.is_forked)

    def close(self) -> None:
        for process in (*self.agents.values(), self.plane):
            process.kill()


@contextlib.contextmanager
def a_local_league(
    folder: Path,
    *,
    web: bool = False,
    flags: Sequence[str] = (),
    is_forked: bool | None = None,
    has_front: bool = False,
) -> Iterator[LocalLeague]:
    league = LocalLeague(folder, web=web, flags=flags, is_forked=is_forked, has_front=has_front)
    try:
        league.wait_for_plane()
        yield league
    finally:
        league.close()
