"""How long it takes to join: `make bench-join`, as root.

First a chain of twenty stores, with real planes and agents over TLS on loopback and the fake
driver, one store after another; from `hanza provider invite` until every host is offered.  Then one
site with a libvirt of its own: from `hanza site invite`, over the doctor that boots a guest before
the token is spent, until the first guest that was asked for has said from its own user space that
it is up.  The machine's first look at its QEMU and the image's making are not counted: they are had
before there is a token.
"""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from hanza.boot import tiny_image
from hanza.boot.lab.process import run
from hanza.drivers.contract.patience import until
from kit.fleets import JOINED_WITHIN_S, join_fleet
from kit.libvirtd import Libvirtd
from kit.processes import LocalLeague, a_local_league

PLACED_WITHIN_S = 60
"""From token to first placement, and here also until it runs."""
SITE = "first-1"
CACHE = Path(__file__).parents[1] / ".cache" / "engines"
GUEST = {"name": "first", "image": "tiny", "country": "SI", "memory": "96Mi", "disk": "64Mi"}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, a_local_league(Path(folder)) as league:
        stores, chain_s = join_fleet(league)
    with tempfile.TemporaryDirectory() as folder, a_local_league(Path(folder)) as league:
        joined_s, placed_s, booted_s = join_first(league)
    for metric, value, unit, most in (
        ("stores joined", stores, "stores", None),
        ("all joined and offered", round(chain_s, 1), "s", JOINED_WITHIN_S),
        ("per store", round(chain_s / stores, 2), "s", None),
        ("token to joined, with the doctor, libvirt", round(joined_s, 1), "s", None),
        ("token to first placement, libvirt", round(placed_s, 1), "s", PLACED_WITHIN_S),
        ("token to first guest up, libvirt", round(booted_s, 1), "s", PLACED_WITHIN_S),
    ):
        record = {"bench": "join", "metric": metric, "value": value, "unit": unit, "at_most": most}
        print(json.dumps(record))
    return 0 if chain_s <= JOINED_WITHIN_S and booted_s <= PLACED_WITHIN_S else 1


def join_first(league: LocalLeague) -> tuple[float, float, float]:
    """Seconds from the invitation until it has joined, a guest has its place, and that is up."""
    image = tiny_image.build(CACHE / "cache", CACHE / "images")
    add_image(league, image)
    place = ("--country", "SI", "--city", "Ljubljana", "--latitude", "46", "--longitude", "14.5")
    league.ask("provider", "add", SITE, "--title", "First")
    league.ask("site", "add", SITE, "--provider", SITE, *place)
    app = league.folder / "app.yaml"
    app.write_text(
        yaml.safe_dump({"apiVersion": "hanza.app/v1", "workspace": "shop", "components": [GUEST]})
    )
    libvirtd = Libvirtd()
    with closing(libvirtd):
        libvirtd.start()
        probe(libvirtd)
        began = time.monotonic()
        token = league.ask("site", "invite", SITE)["token"]
        join(league, libvirtd, image.parent, token)
        joined_s = time.monotonic() - began
        league.start_agent(SITE)
        league.ask("apply", str(app))
        until(lambda: bool(first_of(league)["site"]), "it is placed", PLACED_WITHIN_S)
        placed_s = time.monotonic() - began
        until(lambda: first_of(league)["boot"] == "seen", "it is up", PLACED_WITHIN_S)
        return joined_s, placed_s, time.monotonic() - began


def add_image(league: LocalLeague, folder: Path) -> None:
    parts = {"--disk": "disk.qcow2", "--kernel": "kernel", "--initrd": "initrd"}
    words = [word for option, file in parts.items() for word in (option, str(folder / file))]
    league.ask(
        "image", "add", "tiny", *words, "--cmdline", (folder / "cmdline").read_text().strip()
    )


def probe(libvirtd: Libvirtd) -> None:
    """What libvirt finds out about the machine's QEMU once, it keeps."""
    run(["virsh", "-c", libvirtd.uri, "domcapabilities"], timeout_s=PLACED_WITHIN_S)


def join(league: LocalLeague, libvirtd: Libvirtd, images: Path, token: str) -> None:
    options = {
        "uri": libvirtd.uri,
        "images": str(images),
        "pool": str(libvirtd.folder / "pool"),
        "serial": str(libvirtd.folder / "serial"),
        "proof": str(libvirtd.folder / "proof"),
        "host": SITE,
    }
    given = [word for pair in options.items() for word in ("--option", "=".join(pair))]
    state = ("--state", str(league.folder / SITE))
    done = league.run("agent", "join", token, *state, "--driver", "libvirt", *given)
    assert done.returncode == 0, done.stderr


def first_of(league: LocalLeague) -> Mapping[str, Any]:
    """The one guest as `hanza status` tells it."""
    (row,) = league.ask("status")
    found: Mapping[str, Any] = row
    return found


if __name__ == "__main__":
    sys.exit(main())
