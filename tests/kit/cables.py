"""Sites with real cables and fake engines: a lab without libvirt, for what needs no real guest.

The plane is the demo's own, the namespaces and wires are the lab's; only the engine is the fake
one, so a site is there in a second and its cable can really be pulled.
"""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hanza.boot.demo import plane
from hanza.boot.demo.settings import Demo
from hanza.boot.lab import lab, network
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import run, spawn
from kit.images import a_qcow2
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
        disk = folder / "tiny.qcow2"
        disk.write_bytes(a_qcow2())
        plane.call(demo, "image", "add", "tiny", "--disk", str(disk))
        plane.apply(demo, demo.app)
        yield demo
    finally:
        lab.down(demo.place)


def serve_page(site: Site, port: int, html: str) -> None:
    """Stand in for a guest's web server at its site's address; `lab.down` ends it."""
    folder = site.folder / f"page-{port}"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(html)
    words = [sys.executable, "-m", "http.server", "--directory", f"{folder}"]
    command = network.inside(site, [*words, "--bind", f"{site.address}", f"{port}"])
    spawn(
        site.place.prefix, f"{site.name}.page", command, site.place.logs / f"{site.name}.page.log"
    )


def _start(site: Site, token: str) -> None:
    state = ("--state", str(site.folder / "agent"))
    site.folder.mkdir(parents=True, exist_ok=True)
    options = {"state": f"{site.folder / 'engine'}", "address": f"{site.address}"}
    pairs = [word for pair in options.items() for word in ("--option", "=".join(pair))]
    fake = ("--driver", "fake", *pairs)
    run(network.inside(site, [*plane.HANZA, "agent", "join", "-", *state, *fake]), given=token)
    log = site.place.logs / f"{site.name}.agent.log"
    command = network.inside(site, [*plane.HANZA, "agent", "run", *state])
    spawn(site.place.prefix, f"{site.name}.agent", command, log)
