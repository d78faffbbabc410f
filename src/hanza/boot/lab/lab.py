"""A whole lab: made, looked at, ended.

Promises: `down` ends and removes all of a lab from its prefix alone, however it was left, and
says what it could not end; a folder that does not bear the lab's mark is never removed.
"""

import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hanza.boot.lab import network
from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, Process, end, marked
from hanza.boot.lab.waiting import is_soon

GONE_S = 5.0
ROUNDS = 2
"""What a process started while it was being ended is found the second time."""


@dataclass(frozen=True, slots=True)
class Left:
    """What there is of a lab."""

    processes: tuple[Process, ...]
    namespaces: tuple[str, ...]
    wires: tuple[str, ...]
    folder: bool

    @property
    def is_nothing(self) -> bool:
        return not (self.processes or self.namespaces or self.wires or self.folder)

    def lines(self) -> list[str]:
        """Each thing that is left, in words."""
        return [
            *(f"process {process.pid} ({process.role})" for process in self.processes),
            *(f"network namespace {name}" for name in self.namespaces),
            *(f"network device {name}" for name in self.wires),
            *(["the lab's folder"] if self.folder else []),
        ]


def sites(place: Place, names: Sequence[str]) -> tuple[Site, ...]:
    """The sites of a lab, numbered in the order of their names given."""
    return tuple(Site(place, name, number) for number, name in enumerate(names, start=1))


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """One command at a time for one lab; the lock is a name in the kernel and dies with us."""
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0hanza-lab-{place.prefix}")
        except OSError as taken:
            raise LabError(
                "another command is at work on this demo: wait for it, or end it"
            ) from taken
        yield


def claim_folder(place: Place) -> None:
    """Make the lab's folder, or refuse one that holds somebody else's things."""
    if place.state.is_dir() and any(place.state.iterdir()) and not place.marker.exists():
        raise LabError(f"{place.state} holds things that are not a lab's: name another folder")
    place.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.marker.write_text(f"{place.prefix}\n")


def look(place: Place) -> Left:
    namespaces = tuple(network.list_namespaces(place))
    inside = [process for name in namespaces for process in network.list_inside(name)]
    found = {process.pid: process for process in (*inside, *marked(place.prefix))}
    return Left(
        processes=tuple(sorted(found.values(), key=lambda process: process.pid)),
        namespaces=namespaces,
        wires=tuple(network.list_wires(place)),
        folder=place.marker.exists(),
    )


def down(place: Place) -> Left:
    """End and remove everything; gives what there was, and fails with what is left."""
    was = look(place)
    for _ in range(ROUNDS):
        end(look(place).processes)
    network.remove(place)
    if was.folder:
        _remove_folder(place)
    is_soon(lambda: look(place).is_nothing, GONE_S)
    left = look(place)
    if not left.is_nothing:
        raise LabError("something is left: " + ", ".join(left.lines()))
    return was


def _remove_folder(place: Place) -> None:
    """The marker goes last: were we stopped half-way, the rest could still be removed."""
    for path in place.state.iterdir():
        if path == place.marker:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    place.marker.unlink()
    place.state.rmdir()
