"""The command `hanza` in processes forked from one that has read its code already.

To read the code takes most of the time of a short command and of a plane's start, and a suite
starts thousands.  So does what libraries read only when they are first used, and what a plane
makes of its code alone (`made_before`).
A forked process is one of its own: own pid, environment, arguments, files and
exit code, and it can be killed.  It is not for what is measured (memory shared with the parent),
and what is told of a process by `/proc` (its command line, its first environment) is the parent's.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

from hanza.boot.main import main

READ_BEFORE = [
    "hanza.boot.plane",
    "hanza.boot.up",
    "hanza.boot.agent",
    "hanza.cli.app",
    "hanza.drivers.fake",
    "alembic.autogenerate",
    "anyio.streams.tls",
    "cryptography.hazmat.backends.openssl",
    "encodings.idna",
    "httpcore2",
    "typer._adapters",
    "typer._click.decorators",
    "typer.rich_utils",
    "uvicorn.lifespan.on",
    "uvloop",
    "kit.forked",
    "kit.made_before",
]


class Forks:
    """Whether forks are wanted, and the server that makes them, which starts with the first."""

    def __init__(self) -> None:
        self._context: ForkServerContext | None = None

    @property
    def are_wanted(self) -> bool:
        return self._context is not None

    def want(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(READ_BEFORE)

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], outs: tuple[Path, Path]
    ) -> "Fork":
        assert self._context is not None
        words = (tuple(arguments), dict(environ), outs, Path.cwd())
        child = self._context.Process(target=_run, args=words, daemon=True)
        child.start()
        return Fork(child)

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        with tempfile.TemporaryDirectory() as folder:
            outs = (Path(folder, "out"), Path(folder, "error"))
            child = self.start(arguments, environ, outs)
            try:
                code = child.wait(timeout)
            finally:
                child.kill()
            said = (path.read_text() if path.exists() else "" for path in outs)
            return subprocess.CompletedProcess(["hanza", *arguments], code, *said)


FORKS = Forks()


class Fork:
    """One forked process, as `subprocess` would show it."""

    def __init__(self, child: "multiprocessing.process.BaseProcess") -> None:
        self._child = child
        assert child.pid is not None
        self.pid: int = child.pid

    def poll(self) -> int | None:
        return self._child.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._child.join(timeout)
        if self._child.exitcode is None:
            raise subprocess.TimeoutExpired(f"hanza, process {self.pid}", timeout or 0)
        return self._child.exitcode

    def send_signal(self, signal: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self._child.kill()


def _run(
    arguments: Sequence[str], environ: Mapping[str, str], outs: tuple[Path, Path], folder: Path
) -> None:
    os.chdir(folder)
    for number, path in enumerate(outs, start=1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["hanza", *arguments]
    main()
