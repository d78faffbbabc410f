"""What Hanza adds to a guest's start: `make bench-boot`, as root.

One site with a real libvirt.  A pair is the same guest twice: by `hanza apply`, from the start of
the command, and bare by `virsh start`, from the start of that command, of a domain that is defined
already and whose disk is made already, with Hanza's own XML but for name, id, mark and files.
Either ends when the guest's own user space has said on its serial port that it is up, read from
the port's file.  Both are warm (libvirt knows its QEMU), they alternate, and the median of
the five ratios counts.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hanza.boot.demo import plane
from hanza.boot.lab import lab
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import run
from kit.labs import World, a_demo, an_app, bring_up, domains, until

AT_MOST = 1.3
SIGN_OF_LIFE = b" is up"
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.005
SETTLE_S = 60.0
QUIET_S = 1.0
BARE = "bare"


@dataclass(frozen=True, slots=True)
class Ours:
    """Seconds from the start of `hanza apply` until user space spoke, and until it was shown."""

    up: float
    shown: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/boot.py")
    parser.add_argument("--pairs", type=int, default=5, help="of which the median counts")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo = a_demo(Path(folder), sites=1, guests={"warm": "HR"})
        try:
            world = bring_up(demo)
            accelerator = str(world.rows()["warm"]["runs"])
            make_bare(world)
            ratio = compare(world, accelerator, chosen.pairs)
        finally:
            lab.down(demo.place)
    return 0 if ratio <= AT_MOST else 1


def compare(world: World, accelerator: str, how_many: int) -> float:
    """The median of the pairs' ratios: the two of a pair are side by side in time."""
    end(world)
    pairs = [pair_of(world, number) for number in range(1, how_many + 1)]
    for number, (ours, bare) in enumerate(pairs, start=1):
        tell(f"pair {number}, apply to user space", ours.up, "s")
        tell(f"pair {number}, virsh start to user space", bare, "s")
    median = statistics.median
    tell(f"apply to user space, {accelerator}", median(ours.up for ours, _ in pairs), "s")
    tell(f"virsh start to user space, {accelerator}", median(bare for _, bare in pairs), "s")
    tell(f"apply until it is shown, {accelerator}", median(ours.shown for ours, _ in pairs), "s")
    ratio = median(ours.up / bare for ours, bare in pairs)
    tell(f"apply over virsh start, {accelerator}", ratio, "times", AT_MOST)
    return ratio


def pair_of(world: World, number: int) -> tuple[Ours, float]:
    """Each begins as often as the other."""
    if number % 2:
        return by_hanza(world, number), by_virsh(world)
    bare = by_virsh(world)
    return by_hanza(world, number), bare


def tell(metric: str, value: float, unit: str, at_most: float | None = None) -> None:
    rounded = round(value, 3)
    print(
        json.dumps(
            {"bench": "boot", "metric": metric, "value": rounded, "unit": unit, "at_most": at_most}
        ),
        flush=True,
    )


def by_hanza(world: World, number: int) -> Ours:
    demo, site = world.demo, world.sites[0]
    name = f"guest{number}"
    demo.app.write_text(an_app({name: "HR"}))
    known = set(serial_logs(site))
    time.sleep(QUIET_S)
    began = time.monotonic()
    command = [*plane.HANZA, "apply", str(demo.app), "--wait"]
    environ = {**os.environ, "HANZA_CONTEXT": str(demo.context)}
    child = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    await_sign(lambda: [path for path in serial_logs(site) if path not in known], began, child)
    up = time.monotonic() - began
    if child.wait(PATIENCE_S) != 0:
        raise RuntimeError("hanza apply failed")
    shown = time.monotonic() - began
    end(world)
    return Ours(up, shown)


def by_virsh(world: World) -> float:
    site = world.sites[0]
    log_of(site).unlink(missing_ok=True)
    time.sleep(QUIET_S)
    began = time.monotonic()
    child = subprocess.Popen(["virsh", "-q", "-c", site.uri, "start", BARE])
    await_sign(lambda: [log_of(site)], began, child)
    took = time.monotonic() - began
    if child.wait(PATIENCE_S) != 0:
        raise RuntimeError("virsh start failed")
    run(["virsh", "-c", site.uri, "destroy", BARE])
    return took


def await_sign(
    logs: Callable[[], Iterable[Path]], began: float, child: "subprocess.Popen[bytes]"
) -> None:
    while not any(has_sign(path) for path in logs()):
        if child.poll() or time.monotonic() - began > PATIENCE_S:
            raise RuntimeError("the guest did not come up")
        time.sleep(LOOK_EVERY_S)


def has_sign(path: Path) -> bool:
    try:
        return SIGN_OF_LIFE in path.read_bytes()
    except FileNotFoundError:
        return False


def serial_logs(site: Site) -> list[Path]:
    return list((site.folder / "serial").glob("*.log"))


def end(world: World) -> None:
    """Nothing of ours runs, and nothing is left to be done."""
    plane.destroy(world.demo, *world.rows())
    site = world.sites[0]
    until(
        lambda: not world.rows() and set(domains(site)) <= {BARE},
        SETTLE_S,
        lambda: (world.rows(), domains(site)),
    )


def make_bare(world: World) -> None:
    """Define the twin of Hanza's guest, with files of its own: a disk over the same image."""
    site = world.sites[0]
    (ours,) = domains(site)
    tree = ET.fromstring(run(["virsh", "-c", site.uri, "dumpxml", "--inactive", ours]))
    for element in [tree.find("metadata"), tree.find("name"), tree.find("uuid")]:
        if element is not None:
            tree.remove(element)
    ET.SubElement(tree, "name").text = BARE
    ET.SubElement(tree, "uuid").text = str(uuid.uuid4())
    for number, source in enumerate(tree.iterfind("devices/disk/source[@file]")):
        source.set("file", str(twin_of(Path(source.attrib["file"]), site, number)))
    for port in (*tree.iterfind("devices/serial"), *tree.iterfind("devices/console")):
        give_port(port, site)
    definition = site.folder / f"{BARE}.xml"
    definition.write_text(ET.tostring(tree, encoding="unicode"))
    run(["virsh", "-c", site.uri, "define", str(definition)])


def twin_of(file: Path, site: Site, number: int) -> Path:
    """A fresh disk over what the guest's lies over, or a copy of what is not a disk."""
    twin = site.folder / f"{BARE}-{number}{file.suffix}"
    info = json.loads(run(["qemu-img", "info", "-U", "--output=json", str(file)]))
    if "full-backing-filename" not in info:
        shutil.copyfile(file, twin)
        return twin
    over = ("-b", str(info["full-backing-filename"]), "-F", str(info["backing-filename-format"]))
    run(["qemu-img", "create", "-q", "-f", "qcow2", *over, str(twin), str(info["virtual-size"])])
    return twin


def give_port(port: ET.Element, site: Site) -> None:
    """What the guest writes goes to the twin's log, whether as the port itself or beside it."""
    source, log = port.find("source"), port.find("log")
    assert source is not None, "the serial port leads somewhere"
    if log is not None:
        log.set("file", str(log_of(site)))
    source.set("path", str(log_of(site) if log is None else site.folder / f"{BARE}.sock"))


def log_of(site: Site) -> Path:
    return site.folder / "serial" / f"{BARE}.log"


if __name__ == "__main__":
    sys.exit(main())
