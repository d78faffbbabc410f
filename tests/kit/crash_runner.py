"""Ends a whole league at its n-th point, starts it again, and looks whether it ends the same.

    python -m kit.crash_runner FOLDER SHARES

Runs as a program of its own, because it forks.  One child lives through the journey; at each point
it stands still while what its files hold just then is copied, which is what a SIGKILL would leave.
Points that leave the same bytes are one; those that differ are shared out to so many at once.  At
each `KILLED_EACH`th another child is really killed instead.  From either a further child starts,
and has to reach the same end.  Prints one JSON object.
"""

import contextlib
import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hanza.drivers.fake import FakeSite
from hanza.drivers.fake.state import VolumeRow
from hanza.kit.points import Point, pass_by
from hanza.model import kinds
from hanza.model.errors import NotFound
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from kit import standard_calls as standard
from kit.laws import check_laws
from kit.leagues import START, League, fresh_folder

AFTER_THE_CRASH = START + timedelta(minutes=10)
KILLED_EACH = 20
FOREIGN = Mark(InstanceId("in_foreign"), 1)
END = {"kava": ("active", "off", "zagreb"), "web": ("active", "on", "zagreb")}
GUESTS = [("zagreb", "kava", "off"), ("zagreb", "web", "on")]


def journey(folder: Path, point: Point, start: datetime) -> None:
    """Join, run four, stop one, end two, start others: each step may be repeated."""
    league = League(folder, point=point, start=start)
    try:
        for site, country in (("zagreb", "HR"), ("frankfurt", "DE")):
            agent = league.add_site(site, country)
            _add_foreign_guest(agent.site)
        for number, step in enumerate(STEPS):
            if number < _steps_done(folder):
                continue
            step(league)
            _note_done(folder, number + 1)
        _live_until(league, lambda: league.shown() == END and league.guests() == GUESTS)
        for agent in league.agents.values():
            with agent.site.look() as site:
                others = [g for g in site.state.guests.values() if g.federation is None]
            assert len(others) == 1, "what bears no mark was touched"
    finally:
        league.close()


def _put_all(league: League) -> None:
    """Two of our own API, and one of the standard's with two disks, which is written to."""
    league.put("kava", "HR")
    league.put("db", "DE")
    standard.put(league, kinds.WORKSPACE, "shop")
    for disk in ("boot", "data"):
        standard.put(league, kinds.BLOCK_STORAGE, disk)
    standard.put(league, kinds.INSTANCE, "disks", data=("data",))
    _live_until(league, lambda: _are_on(league, {"kava", "db"}) and _are_attached(league, 2))
    for agent in league.agents.values():
        with agent.site.open() as site:
            for row in site.state.volumes.values():
                row.content = b"mine"


def _stop_one_end_one(league: League) -> None:
    """A guest with disks ends, and one of them; the other, grown, has the next guest's start."""
    league.put("kava", "HR", power="off")
    with contextlib.suppress(NotFound):  # it was ended before the crash
        league.delete("db")
    league.put("web", "HR")
    standard.put(league, kinds.BLOCK_STORAGE, "boot", size_gb=2)
    standard.delete(league, kinds.INSTANCE, "disks")
    _live_until(league, lambda: set(league.shown()) <= {"kava", "web", "again"})
    standard.delete(league, kinds.BLOCK_STORAGE, "data")
    standard.put(league, kinds.INSTANCE, "again")
    _live_until(league, lambda: len(_volumes(league)) == 1 and _are_attached(league, 1))
    (row,) = league.agents["frankfurt"].own_volumes()
    assert (row.content, row.size_mib) == (b"mine", 2048), "the bytes are not what they were"


def _end_disks(league: League) -> None:
    standard.delete(league, kinds.INSTANCE, "again")
    standard.delete(league, kinds.BLOCK_STORAGE, "boot")
    _live_until(league, lambda: not _volumes(league))


STEPS: tuple[Callable[[League], None], ...] = (_put_all, _stop_one_end_one, _end_disks)


def _live_until(league: League, is_so: Callable[[], bool]) -> None:
    """Under the laws, looked at after every step."""

    def is_so_by_the_laws() -> bool:
        check_laws(league)
        return is_so()

    league.run_until(is_so_by_the_laws)


def _volumes(league: League) -> list[VolumeRow]:
    return [row for agent in league.agents.values() for row in agent.own_volumes()]


def _are_attached(league: League, count: int) -> bool:
    return sum(row.attached_to is not None for row in _volumes(league)) == count


def _are_on(league: League, names: set[str]) -> bool:
    shown = league.shown()
    return names == {
        name for name, (state, power, _) in shown.items() if (state, power) == ("active", "on")
    }


def _add_foreign_guest(site: FakeSite) -> None:
    with site.open() as inside:
        if not any(g.federation is None for g in inside.state.guests.values()):
            inside.add_guest(None, FOREIGN, "host-1", GuestSpec("theirs", "x", 1, 64, 1))


def _steps_done(folder: Path) -> int:
    slip = folder / "steps"
    return int(slip.read_text()) if slip.exists() else 0


def _note_done(folder: Path, number: int) -> None:
    (folder / "steps.new").write_text(str(number))
    (folder / "steps.new").rename(folder / "steps")


def _live(folder: Path, point: Point, start: datetime) -> int:
    """Fork, live, and return how the child ended: 0 well, 1 badly, -9 killed at its point."""
    pid = os.fork()
    if pid == 0:
        os._exit(_child(folder, point, start))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(folder: Path, point: Point, start: datetime) -> int:
    try:
        journey(folder, point, start)
    except Exception:  # noqa: BLE001 -- whatever it was is what the test has to tell
        (folder / "failure").write_text(traceback.format_exc())
        return 1
    return 0


def digest_of(folder: Path) -> bytes:
    """Of all that a start from it would read: SQLite makes the index of its log anew."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith("-shm"):
            found.update(f"{path.relative_to(folder)}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.digest()


@dataclass
class Run:
    """One run, and what it or its share of one found."""

    base: Path
    ended: int = 0
    started: int = 0
    wrong: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def whole(self, shares: int) -> dict[str, object]:
        # Once unharmed and here, so that no child has to import and read what all of them need.
        journey(fresh_folder(self.base, "unharmed"), pass_by, START)
        gc.freeze()  # a child that collects would copy every page of what is here
        folder = fresh_folder(self.base, "journey")
        if _live(folder, self._copying(folder), START) != 0:
            self.wrong.append(f"unharmed: {(folder / 'failure').read_text()}")
        copies = sorted(self.base.glob("point-*"))
        with ThreadPoolExecutor(shares) as threads:
            found = [*threads.map(self._share, (copies[n::shares] for n in range(shares)))]
        return {
            "killed": sum(one["killed"] for one in found),
            "started": sum(one["started"] for one in found),
            "wrong": self.wrong + [text for one in found for text in one["wrong"]],
            "names": sorted({name for one in found for name in one["names"]}),
        }

    def _share(self, copies: Sequence[Path]) -> dict[str, Any]:
        """By a child of its own, so that each processor has something to do."""
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(ours)
                os.write(theirs, json.dumps(self._begin_from(copies)).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        with open(ours, "rb") as said:
            found: dict[str, Any] = json.loads(said.read())
        os.waitpid(pid, 0)
        return found

    def _begin_from(self, copies: Sequence[Path]) -> dict[str, Any]:
        for number, copy in enumerate(copies):
            if number % KILLED_EACH == 0:
                self._kill_at(copy)
            self._start_again(copy)
        return {
            "killed": self.ended,
            "started": self.started,
            "wrong": self.wrong,
            "names": sorted(self.names),
        }

    def _copying(self, folder: Path) -> Point:
        """Passes every point of the journey, and copies what is new."""
        passed, found = 0, dict[bytes, Path]()

        def point(name: str) -> None:
            nonlocal passed
            passed += 1
            left = digest_of(folder)
            if left not in found:
                found[left] = self.base / f"point-{passed:04}"
                shutil.copytree(folder, found[left])
            with (found[left] / "killed-at").open("a") as names:
                names.write(f"{name}\n")

        return point

    def _kill_at(self, copy: Path) -> None:
        """Put what a child really killed at the same point left in the place of the copy."""
        name, fatal = (copy / "killed-at").read_text(), int(copy.name.removeprefix("point-"))
        passed = 0

        def point(_: str) -> None:
            nonlocal passed
            passed += 1
            if passed == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

        folder = fresh_folder(self.base, copy.name)
        if _live(folder, point, START) != -signal.SIGKILL:
            self.wrong.append(f"{fatal} {name}: the journey has fewer points the second time")
        (folder / "killed-at").write_text(name)

    def _start_again(self, folder: Path) -> None:
        names = (folder / "killed-at").read_text().split()
        name = names[0]
        self.ended += len(names)
        self.started += 1
        self.names.update(names)
        if _live(folder, pass_by, AFTER_THE_CRASH) != 0:
            failure = folder / "failure"
            text = failure.read_text() if failure.exists() else "killed"
            self.wrong.append(f"{folder.name} {name}: {text}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    print(json.dumps(Run(Path(sys.argv[1])).whole(int(sys.argv[2]))))
