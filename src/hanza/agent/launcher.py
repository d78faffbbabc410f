"""What init starts at a site: it runs the agent from its slot, tries a new one, and goes back.

    slots/launcher.json    what is started, what is being tried, what was given up (written here)
    slots/staged.json      a slot that an agent has laid and wants tried (written by the agent)
    slots/good.json        that what is tried has kept its link (written by the agent on trial)
    slots/{a,b}/           releases; the slot `0` is what is installed

Promises: what is on the disk at any moment leads to an agent that was good before; what is tried
is given up when it ends, or has not kept its link in time, or was cut `TRIES_MAX` times; on a disk
that is full nothing is tried, and what was good runs; an agent never outlives its launcher, and
two never run at once.  It knows Python's own library and nothing of the releases: it comes with
what is installed, and is never updated by what it starts.  These files are its word with releases
to come: members are only added.
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

SLOTS, RECORD, STAGED, GOOD, LOCK = "slots", "launcher.json", "staged.json", "good.json", "lock"
INSTALLED = "0"
NAMES = (INSTALLED, "a", "b")
SLOT_VARIABLE, TRIAL_VARIABLE = "HANZA_SLOT", "HANZA_SLOT_TRIAL"
KEEP_VARIABLE = "HANZA_SLOT_KEEP_S"
TRIES_MAX = 2
"""How often a trial is begun that the machine, and not the release, has cut."""
LOOK_EVERY_S = 0.2
PR_SET_PDEATHSIG = 1


class Launcher:
    def __init__(
        self, state: Path, back_within_s: float, keep_for_s: float, flags: list[str]
    ) -> None:
        """`back_within_s`: from a trial's start to its link being kept for `keep_for_s`."""
        self._state = state
        self._slots = state / SLOTS
        self._slots.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._back_within_s = back_within_s
        self._keep_for_s = keep_for_s
        self._flags = flags
        self._installed = metadata.version("hanza")
        self._is_stopping = self._is_full = False
        self._child: subprocess.Popen[bytes] | None = None
        # The agent has it open too, so it is free only once both have ended.
        self._lock = os.open(self._slots / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def run(self) -> int:
        """The exit code of the agent that ended without wanting anything tried, as shells say."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while True:
            record = self._fit(self._record())
            is_kept = self._is_trial_noted(record)
            is_trial = is_kept and record.get("trial") is not None
            code = self._try(record) if is_trial else self._start(record["current"]).wait()
            is_wanted = code is None or (is_kept and (self._slots / STAGED).exists())
            if self._is_stopping or not is_wanted:
                return 128 - code if code is not None and code < 0 else code or 0

    def _record(self) -> dict[str, Any]:
        """Where it is damaged, nothing is known but what is installed."""
        read = self._read(RECORD)
        if read is not None and _is_sound(read):
            return read
        fresh = {"form": 1, "current": INSTALLED}
        if read is not None:
            self._is_written(fresh)
        return fresh

    def _fit(self, record: dict[str, Any]) -> dict[str, Any]:
        """What is current can be started by this Python, and is not older than a new install."""
        slot = record["current"]
        told = self._told_of(slot)
        was = record.get("installed", self._installed)
        is_outdone = self._installed != was and _parts(self._installed) > _parts(told["version"])
        if slot != INSTALLED and (told["tag"] != _tag() or is_outdone):
            _say(f"slot {slot} ({told['version']}) gives way to the installed {self._installed}")
            # Now, since an agent may lay another release into a slot that does not run.
            record |= {"current": INSTALLED, "installed": self._installed}
            self._is_written(record)
        return record

    def _told_of(self, slot: str) -> dict[str, Any]:
        if slot == INSTALLED:
            return {"version": self._installed, "tag": _tag()}
        told = self._read(f"{slot}/release.json") or {}
        return {"version": str(told.get("version", "0")), "tag": told.get("tag", "")}

    def _is_trial_noted(self, record: dict[str, Any]) -> bool:
        """Whether the disk knows what is to be tried, if anything is, and how often it was.

        Where it cannot be told so, what was good runs and nothing is tried.
        """
        staged = self._read(STAGED) or {}
        slot = staged.get("slot")
        is_new = slot in NAMES[1:] and slot != record["current"] and (self._slots / slot).is_dir()
        if record.get("trial") is None and is_new:
            record["trial"] = {**staged, "digest": str(staged.get("digest")), "tries": 0}
            _say(f"{staged.get('version')} is tried in slot {slot}")
        trial = record.get("trial")
        if trial is not None and trial["tries"] < TRIES_MAX:
            trial["tries"] += 1
            if not self._is_written(record):
                return False
        elif trial is not None:
            self._go_back(record, f"its trial was cut {TRIES_MAX} times")
        # Also the word of what is tried already: it is not to be tried once more.
        (self._slots / STAGED).unlink(missing_ok=True)
        return True

    def _try(self, record: dict[str, Any]) -> int | None:
        """None when it was given up, else the exit code of what was tried and good, or stopped."""
        trial = record["trial"]
        (self._slots / GOOD).unlink(missing_ok=True)
        until = time.monotonic() + self._back_within_s
        child = self._start(trial["slot"], trial["digest"])
        is_good = False
        while is_good or time.monotonic() < until or self._is_stopping:
            code = _ended(child)
            is_good = is_good or (self._read(GOOD) or {}).get("digest") == trial["digest"]
            if is_good and self._is_kept(record):
                return child.wait()
            if code is not None and (is_good or self._is_stopping):
                trial["tries"] -= 1  # nobody's fault
                self._is_written(record)
                return code
            if code is not None:
                why = f"it ended with the exit code {code} while it was tried"
                self._go_back(record, why)
                return None
        child.kill()
        child.wait()
        self._go_back(record, f"its link was not kept within {self._back_within_s:g} s")
        return None

    def _is_kept(self, record: dict[str, Any]) -> bool:
        trial = record["trial"]
        kept = {"current": trial["slot"], "installed": self._installed, "trial": None}
        if not self._is_written({**record, **kept}):
            return False
        _say(f"{trial.get('version')} is good, in slot {trial['slot']}")
        return True

    def _go_back(self, record: dict[str, Any], why: str) -> None:
        trial = record["trial"]
        _say(f"{trial.get('version')} is given up: {why}; back to slot {record['current']}")
        number = (record.get("returned") or {}).get("number", 0) + 1
        at = datetime.now(UTC).isoformat()  # noqa: TID251 -- nothing of ours is loaded here
        named = {name: trial.get(name) for name in ("version", "digest", "attempt")}
        record["returned"] = {**named, "number": number, "why": why, "at": at}
        record["trial"] = None
        self._is_written(record)

    def _start(self, slot: str, trial: str = "") -> "subprocess.Popen[bytes]":
        environ = {**os.environ, SLOT_VARIABLE: slot, TRIAL_VARIABLE: trial}
        environ[KEEP_VARIABLE] = f"{self._keep_for_s:g}"
        if slot != INSTALLED:
            ways = (str(self._slots / slot), environ.get("PYTHONPATH", ""))
            environ["PYTHONPATH"] = os.pathsep.join(way for way in ways if way)
        mine = os.getpid()
        command = [sys.executable, "-P", "-m", "hanza.boot.main", "agent", "run"]
        self._child = subprocess.Popen(
            [*command, "--state", str(self._state), *self._flags],
            env=environ,
            pass_fds=(self._lock,),
            preexec_fn=lambda: _die_with(mine),
        )
        if self._is_stopping:
            self._child.terminate()
        return self._child

    def _stop(self, *_: object) -> None:
        self._is_stopping = True
        if self._child is not None:
            self._child.terminate()

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self._slots / name).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _is_written(self, record: dict[str, Any]) -> bool:
        """Its old self or its new self, and on the disk; a full disk ends nothing."""
        fresh = self._slots / f"{RECORD}.new"
        try:
            with open(fresh, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                json.dump(record, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._slots / RECORD)
            folder = os.open(self._slots, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            if not self._is_full:
                _say(f"the disk does not take {RECORD}: {error.strerror}")
            self._is_full = True
            return False
        self._is_full = False
        return True


def _is_sound(record: dict[str, Any]) -> bool:
    trial, returned = record.get("trial"), record.get("returned") or {}
    return (
        record.get("current") in NAMES
        and isinstance(record.get("installed", ""), str)
        and (trial is None or _is_trial(trial))
        and isinstance(returned, dict)
        and isinstance(returned.get("number", 0), int)
    )


def _is_trial(trial: object) -> bool:
    return (
        isinstance(trial, dict)
        and trial.get("slot") in NAMES[1:]
        and isinstance(trial.get("digest"), str)
        and isinstance(trial.get("tries"), int)
    )


def _ended(child: "subprocess.Popen[bytes]") -> int | None:
    try:
        return child.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return None


def _die_with(launcher: int) -> None:
    """In the child: should its launcher be killed, the kernel kills it as well."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:
        os.kill(os.getpid(), signal.SIGKILL)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split(".") if word.isdecimal())


def _tag() -> str:
    return str(sysconfig.get_config_var("SOABI"))


def _say(text: str) -> None:
    print(f"hanza-launcher: {text}", file=sys.stderr, flush=True)


def main() -> NoReturn:
    """Arguments: the state folder, two durations in seconds, and flags of `hanza agent run`."""
    folder, back_within_s, keep_for_s, *flags = sys.argv[1:]
    sys.exit(Launcher(Path(folder), float(back_within_s), float(keep_for_s), flags).run())


if __name__ == "__main__":
    main()
