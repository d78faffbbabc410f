"""Small labs for tests with real engines: a few sites, a plane and agents, ended by the fixture.

Each test process has a prefix, addresses and a port of its own, so several may run at once.
What is dear to make (image, libvirt's knowledge of QEMU, the proof of KVM) is kept between runs in
the repository's `.cache`.
"""

import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import yaml

from hanza.boot.demo import plane
from hanza.boot.demo.scenario import MEMBERS
from hanza.boot.demo.settings import Demo
from hanza.boot.demo.steps import Steps
from hanza.boot.demo.up import up
from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, run
from hanza.boot.lab.waiting import is_soon

CACHE = Path(__file__).parents[2] / ".cache" / "engines"
FIRST_PORT = 20000
PORTS = 5000
"""Each test process has two: the plane's, and the next one for its page."""
FIRST_GUEST_PORT = 8080


def a_place(folder: Path) -> Place:
    number = os.getpid()
    return Place(
        prefix=f"hzt{number}"[:10],
        state=folder / "lab",
        plane=IPv4Address("10.214.0.1") + 256 * (number % 250),
    )


def a_port() -> int:
    return FIRST_PORT + 2 * (os.getpid() % PORTS)


def a_demo(folder: Path, sites: int, guests: Mapping[str, str]) -> Demo:
    """A demo of the first so many sites, and guests by name and country."""
    path = folder / "app.yaml"
    path.write_text(an_app(guests))
    return Demo(a_place(folder), CACHE, a_port(), path, MEMBERS[:sites])


def an_app(guests: Mapping[str, str]) -> str:
    components = [
        {"name": name, "image": "tiny", "country": country}
        | {"cpus": 1, "memory": "96Mi", "disk": "64Mi", "ports": [{"port": port, "to": 80}]}
        for port, (name, country) in enumerate(guests.items(), start=FIRST_GUEST_PORT)
    ]
    return yaml.safe_dump(
        {"apiVersion": "hanza.app/v1", "workspace": "demo", "components": components}
    )


@dataclass(frozen=True, slots=True)
class World:
    """A demo that is up, as a test looks at it: from outside Hanza where it matters."""

    demo: Demo
    took: Mapping[str, float]
    """Seconds by the words of each step of bringing it up."""

    @property
    def sites(self) -> tuple[Site, ...]:
        return self.demo.sites

    def apply(self, guests: Mapping[str, str]) -> None:
        self.demo.app.write_text(an_app(guests))
        plane.apply(self.demo, self.demo.app)

    def rows(self) -> dict[str, Mapping[str, object]]:
        return {str(row["name"]): row for row in plane.rows(self.demo)}

    def boots(self) -> dict[str, str]:
        return {name: str(row["boot"]) for name, row in self.rows().items()}

    def await_boots(self, names: set[str], timeout_s: float) -> None:
        def are_seen() -> bool:
            boots = self.boots()
            return all(boots.get(name) == "seen" for name in names)

        until(are_seen, timeout_s, lambda: f"{names} wanted, {self.boots()} booted")


def bring_up(demo: Demo) -> World:
    told = io.StringIO()
    up(demo, Steps(told))
    steps = re.findall(r"^  ok  (.+?) +([0-9.]+) s$", told.getvalue(), re.MULTILINE)
    return World(demo, {words: float(seconds) for words, seconds in steps})


def domains(site: Site) -> list[str]:
    """What libvirt itself says it has at the site, on or off."""
    return run(["virsh", "-c", site.uri, "list", "--all", "--name"]).split()


def running(site: Site) -> list[str]:
    return run(["virsh", "-c", site.uri, "list", "--name"]).split()


def until(is_so: Callable[[], bool], timeout_s: float, told: Callable[[], object]) -> None:
    """Waits, and fails with what was seen last."""

    def is_so_now() -> bool:
        try:
            return is_so()
        except LabError:
            return False  # a plane that is being restarted answers nothing

    assert is_soon(is_so_now, timeout_s, every_s=0.5), told()
