"""Sites with real cables and fake engines: a lab without libvirt, for what needs no real guest.

The plane is the demo's own, the namespaces and wires are the lab's; only the engine is the fake
one, so a site is there in a second and its cable can really be pulled.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hanza.boot.demo import plane
from hanza.boot.demo.settings import Demo
from hanza.boot.lab import lab, network
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import run, spawn
from kit.labs import a_demo


@contextlib.contextmanager
def a_cabled_league(folder: Path, sites: int, app: str) -> Iterator[Demo]:
    """A demo's plane with so many of its sites, each in a namespace of its own, and an app."""
    demo = replace(a_demo(folder, sites, {}), app=folder / "app.yaml")
    demo.app.write_text(app)
    lab.claim_folder(demo.place)
    try:
        for site in demo.sites:
            network.make(site)
        plane.await_start(demo, plane.start(demo))
        for member, site in zip(demo.members, demo.sites, strict=True):
            _start(site, plane.register(demo, member))
        plane.await_hosts(demo, lambda _: None)
        plane.apply(demo, demo.app)
        yield demo
    finally:
        lab.down(demo.place)


def inside(site: Site, *words: str) -> list[str]:
    return ["ip", "netns", "exec", site.namespace, *words]


def _start(site: Site, token: str) -> None:
    state = ("--state", str(site.folder / "agent"))
    site.folder.mkdir(parents=True, exist_ok=True)
    fake = ("--driver", "fake", "--option", f"state={site.folder / 'engine'}")
    run(inside(site, *plane.HANZA, "agent", "join", "-", *state, *fake), given=token)
    log = site.place.logs / f"{site.name}.agent.log"
    command = inside(site, *plane.HANZA, "agent", "run", *state)
    spawn(site.place.prefix, f"{site.name}.agent", command, log)
