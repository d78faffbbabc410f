"""The lab's one door to other programs: run one to its end, start one that stays, find ours.

Promises: arguments are lists, never a shell's text; whatever stays is detached from the terminal,
writes to a log, and carries the lab's mark; only what carries it (or is in a lab's namespace) is
ever ended.  It is not a supervisor: nothing is started again by itself.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hanza.boot.lab.names import MARK, ROLE
from hanza.boot.lab.waiting import is_soon

PROC = Path("/proc")
FAREWELL_S = 3.0
"""How long a process may take to end by itself before it is killed."""
LONGEST_S = 1800.0
TOLD_LINES = 6


class LabError(Exception):
    """Something the lab needs did not work; the text is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    role: str


def run(
    argv: Sequence[str],
    *,
    timeout_s: float = 30.0,
    env: Mapping[str, str] | None = None,
    accept: Container[int] = (0,),
    given: str = "",
) -> str:
    """Run to the end and give what it printed; `LabError` with its last words otherwise.

    `given` is what it reads: secrets go there, since everybody may read a command line.
    """
    try:
        done = subprocess.run(
            argv,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            env=_environ(env),
        )
    except FileNotFoundError as missing:
        raise LabError(f"{argv[0]} is not installed") from missing
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{called(argv)} did not end within {timeout_s:.0f} s") from late
    if done.returncode not in accept:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-TOLD_LINES:]
        raise LabError(f"{called(argv)} failed ({done.returncode}): {' / '.join(words)}")
    return done.stdout


def run_through(argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run to the end even when interrupted meanwhile: what must not be stopped half-way."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environ(env),
            start_new_session=True,
        )
    interrupted: KeyboardInterrupt | None = None
    while child.returncode is None:
        try:
            child.wait(timeout=LONGEST_S)
        except KeyboardInterrupt as stop:
            interrupted = stop
        except subprocess.TimeoutExpired as late:
            raise LabError(f"{argv[0]} did not end within {LONGEST_S:.0f} s") from late
    if interrupted is not None:
        raise interrupted
    if child.returncode != 0:
        raise LabError(f"{called(argv)} failed: {last_words(log)}")


def called(argv: Sequence[str]) -> str:
    """The program and its subcommand, for an error; the words after them are nobody's business."""
    words = list(argv)
    if "--" in words:  # what runs at a site, see `host.entering`
        words = words[words.index("--") + 1 :]
    if words[1:2] == ["-m"]:
        words = words[2:]
    return " ".join([Path(words[0]).name, *(word for word in words[1:2] if word[:1] != "-")])


def spawn(
    prefix: str, role: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Process:
    """Start what stays: own session, marked, no input, output appended to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    marked = _environ(env) | {MARK: prefix, ROLE: role}
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawnp(
        "env",
        ["env", "-C", "/", *argv],
        marked,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Process(pid, role)


def which(name: str) -> str | None:
    """Where a program is, wherever root's programs are."""
    return shutil.which(name, path=_environ(None)["PATH"])


def is_alive(process: Process) -> bool:
    """Whether it still runs; a child that has ended is collected on the way."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    try:
        stat = (PROC / str(process.pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def allow_processors(process: Process, processors: Iterable[int]) -> None:
    """Let every thread of it run on these processors."""
    allowed = set(processors)
    for task in (PROC / str(process.pid) / "task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), allowed)


def marked(prefix: str) -> Iterator[Process]:
    """Every running process that carries the lab's mark, this one and its parents excepted."""
    spared = set(_line_of(os.getpid()))
    for folder in PROC.iterdir():
        if not folder.name.isdigit() or int(folder.name) in spared:
            continue
        environment = _environment(folder)
        if environment.get(MARK) == prefix:
            process = Process(int(folder.name), environment.get(ROLE, ""))
            if is_alive(process):
                yield process


def end(processes: Iterable[Process], *, farewell_s: float = FAREWELL_S) -> None:
    """Ask each to end, wait a little, and kill what is still there."""
    waiting = [process for process in processes if is_alive(process)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in waiting:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        is_soon(partial(_is_over, waiting), farewell_s)
        waiting = [process for process in waiting if is_alive(process)]


def last_words(log: Path, lines: int = TOLD_LINES) -> str:
    """The end of a log, for an error that says why something died."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return "it wrote nothing"
    return " / ".join(text.strip().splitlines()[-lines:]) or "it wrote nothing"


def _environ(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Ours and what is added; with the folders of root's programs, which `su` leaves out."""
    path = os.environ.get("PATH", os.defpath)
    return dict(os.environ) | {"PATH": f"{path}:/usr/sbin:/sbin"} | dict(extra or {})


def _is_over(processes: Iterable[Process]) -> bool:
    return not any(map(is_alive, processes))


def _environment(folder: Path) -> dict[str, str]:
    try:
        raw = (folder / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in raw.split(b"\0"))
    return {name: value for name, _, value in pairs}


def _line_of(pid: int) -> Iterator[int]:
    """The process itself and its parents."""
    while pid > 1:
        yield pid
        stat = (PROC / str(pid) / "stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
