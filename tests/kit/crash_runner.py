"""Kills a whole league at its n-th point, starts it again, and looks whether it ends the same.

    python -m kit.crash_runner FOLDER FIRST STRIDE

Runs as a program of its own, because it forks: a child lives through the journey and is killed
(SIGKILL) at point FIRST, FIRST + STRIDE, ...; another child starts from the same folders and has
to reach the same end.  Prints one JSON object; ends when a journey has fewer points than asked.
"""

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from hanza.drivers.fake import FakeSite
from hanza.drivers.fake.state import VolumeRow
from hanza.kit.points import Point
from hanza.model import kinds
from hanza.model.errors import NotFound
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from kit import standard_calls as standard
from kit.laws import check_laws
from kit.leagues import START, League, fresh_folder

AFTER_THE_CRASH = START + timedelta(minutes=10)
POINTS_MAX = 5000
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
        league.run_until(lambda: league.shown() == END and league.guests() == GUESTS)
        check_laws(league)
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
    league.run_until(lambda: _are_on(league, {"kava", "db"}) and _are_attached(league, 2))
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
    league.run_until(lambda: set(league.shown()) <= {"kava", "web", "again"})
    standard.delete(league, kinds.BLOCK_STORAGE, "data")
    standard.put(league, kinds.INSTANCE, "again")
    league.run_until(lambda: len(_volumes(league)) == 1 and _are_attached(league, 1))
    (row,) = league.agents["frankfurt"].own_volumes()
    assert (row.content, row.size_mib) == (b"mine", 2048), "the bytes are not what they were"


def _end_disks(league: League) -> None:
    standard.delete(league, kinds.INSTANCE, "again")
    standard.delete(league, kinds.BLOCK_STORAGE, "boot")
    league.run_until(lambda: not _volumes(league))


STEPS: tuple[Callable[[League], None], ...] = (_put_all, _stop_one_end_one, _end_disks)


def _volumes(league: League) -> list[VolumeRow]:
    check_laws(league)
    return [row for agent in league.agents.values() for row in agent.own_volumes()]


def _are_attached(league: League, count: int) -> bool:
    return sum(row.attached_to is not None for row in _volumes(league)) == count


def _are_on(league: League, names: set[str]) -> bool:
    check_laws(league)
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


def _live(folder: Path, fatal: int | None, start: datetime) -> int:
    """Fork, live, and return how the child ended: 0 well, 1 badly, -9 killed at its point."""
    pid = os.fork()
    if pid == 0:
        os._exit(_child(folder, fatal, start))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(folder: Path, fatal: int | None, start: datetime) -> int:
    passed = 0

    def point(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == fatal:
            (folder / "killed-at").write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        journey(folder, point, start)
    except Exception:  # noqa: BLE001 -- whatever it was is what the test has to tell
        (folder / "failure").write_text(traceback.format_exc())
        return 1
    return 0


def run(base: Path, first: int, stride: int) -> dict[str, object]:
    """Every point of this runner's share; says how many, and which ended differently."""
    killed, wrong, names = 0, [], set()
    for fatal in range(first, POINTS_MAX, stride):
        folder = fresh_folder(base, f"point-{fatal}")
        ended = _live(folder, fatal, START)
        if ended != -signal.SIGKILL:
            if ended:
                wrong.append(f"{fatal}: {(folder / 'failure').read_text()}")
            break
        killed += 1
        name = (folder / "killed-at").read_text()
        names.add(name)
        if _live(folder, None, AFTER_THE_CRASH) != 0:
            failure = folder / "failure"
            wrong.append(f"{fatal} {name}: {failure.read_text() if failure.exists() else 'killed'}")
        else:
            fresh_folder(base, f"point-{fatal}").rmdir()
    else:
        wrong.append(f"the journey has more than {POINTS_MAX} points: not all were tried")
    return {"killed": killed, "wrong": wrong, "names": sorted(names)}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
