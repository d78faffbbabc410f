"""Brings the demo up, step by step, each told as it is done.

Promises: what can run side by side does; every wait ends with success, a reason or its time;
when it returns, each guest's own serial output has been seen.  It cleans up nothing: whoever
calls it does, on interruption.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hanza.boot.demo import packages, plane
from hanza.boot.demo.settings import IMAGE, Demo
from hanza.boot.demo.steps import Steps, Tell
from hanza.boot.lab import host, lab, network
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import LabError, Process, is_alive, last_words, spawn
from hanza.boot.lab.waiting import is_soon

SIDE_BY_SIDE = 3
IMAGE_S = 600.0
BOOT_S = 600.0
LOOK_EVERY_S = 0.5


def up(demo: Demo, steps: Steps) -> plane.Rows:
    count = len(demo.members)
    lab.claim_folder(demo.place)
    install(demo, steps)
    image = start_image(demo)
    with steps.step(f"{count} sites wired, each in namespaces of its own"):
        for site in demo.sites:
            network.make(site)
    process = plane.start(demo)
    start_hosts(demo, steps)
    with steps.step("plane up"):
        plane.await_start(demo, process)
    with steps.step(f"{count} providers and their sites registered") as tell:
        tokens = side_by_side(count, lambda at: plane.register(demo, demo.members[at]), tell)
    with steps.step("guests' image built and added, and KVM tried"):
        await_image(demo, image)
        plane.add_image(demo, demo.images / IMAGE)
    with steps.step(f"{count} agents joined with one-time tokens") as tell:
        side_by_side(count, lambda at: start_agent(demo, demo.sites[at], tokens[at]), tell)
        plane.await_hosts(demo, tell)
    with steps.step(f"{demo.app.name} applied"):
        plane.apply(demo, demo.app)
    with steps.step("every guest booted, as its own serial output shows") as tell:
        rows = await_boots(demo, tell)
    demo.ready.touch()
    return rows


def side_by_side(count: int, work: Callable[[int], str], tell: Tell) -> list[str]:
    """The same for every member, a few at a time; on an interruption no further one begins."""
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    try:
        futures = [pool.submit(work, at) for at in range(count)]
        results = []
        for future in futures:
            results.append(future.result())
            tell(f"{len(results)} of {len(futures)}")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return results


def install(demo: Demo, steps: Steps) -> None:
    missing = packages.list_missing()
    log = demo.place.logs / "apt.log"
    if missing:
        with steps.step(f"{len(missing)} packages installed: {' '.join(missing)}"):
            packages.install(missing, log)
    elif not packages.has_lists():
        with steps.step("package lists fetched"):
            packages.update(log)


def start_image(demo: Demo) -> Process:
    demo.cache.mkdir(parents=True, exist_ok=True)
    demo.images.mkdir(parents=True, exist_ok=True)
    places = [str(path) for path in (demo.cache, demo.images, demo.proof)]
    command = [sys.executable, "-m", "hanza.boot.demo.image", *places]
    return spawn(demo.place.prefix, "image", command, demo.place.logs / "image.log")


def await_image(demo: Demo, process: Process) -> None:
    is_soon(lambda: not is_alive(process), IMAGE_S)
    folder = demo.images / IMAGE
    if is_alive(process) or not folder.is_dir():
        words = last_words(demo.place.logs / "image.log")
        raise LabError(f"the guests' image could not be built: {words}")
    for site in demo.sites:
        give_image(folder, site.folder / "images" / IMAGE)


def give_image(folder: Path, into: Path) -> None:
    """Each site has the image under a name of its own; the bytes are there once if they can be."""
    into.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        target = into / path.name
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except OSError:
            shutil.copy2(path, target)


def start_hosts(demo: Demo, steps: Steps) -> None:
    """The first libvirtd finds out about QEMU, once per machine; the others are told."""
    first, *others = demo.sites
    if not demo.capabilities.is_dir():
        with steps.step("libvirt looked at this machine's QEMU (once)"):
            host.furnish(first)
            host.await_start(first, host.start(first))
            host.probe(first, demo.capabilities)
    else:
        others = list(demo.sites)
    with steps.step(f"{len(demo.sites)} libvirtd up, one per site"):
        start_all(demo, others)


def start_all(demo: Demo, sites: Sequence[Site]) -> None:
    for site in sites:
        host.furnish(site, demo.capabilities)
    for site, process in [(site, host.start(site)) for site in sites]:
        host.await_start(site, process)


def start_agent(demo: Demo, site: Site, token: str) -> str:
    plane.join(demo, site, token)
    plane.start_agent(site)
    return site.name


def await_boots(demo: Demo, tell: Tell) -> plane.Rows:
    rows: plane.Rows = []

    def is_done() -> bool:
        rows[:] = plane.rows(demo)
        tell(f"{plane.count(rows, 'seen')} of {len(rows)}")
        return bool(rows) and plane.count(rows, "seen") == len(rows)

    if not is_soon(is_done, BOOT_S, LOOK_EVERY_S):
        quiet = [str(row.get("name")) for row in rows if row.get("boot") != "seen"]
        raise LabError(f"not booted within {BOOT_S:.0f} s: {', '.join(quiet) or 'nothing runs'}")
    return rows
