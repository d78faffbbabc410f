"""The demo's plane: any plane, with the demo's desk beside its API and the page by plain HTTP.

A program of its own, so that it can be ended and found like any process of the demo:
`python -m hanza.boot.demo.serve PREFIX STATE ADDRESS PORT SITE...`.  The page has the next port.
"""

import os
import sys
from ipaddress import IPv4Address
from pathlib import Path

from hanza.boot.demo.desk import Desk
from hanza.boot.lab import lab
from hanza.boot.lab.names import Place
from hanza.boot.plane import run_plane
from hanza.boot.settings import PlaneSettings, log_form, parse_address
from hanza.kit.log import log_to
from hanza.kit.points import from_environment
from hanza.model.errors import Refusal

LOOPBACK = "127.0.0.1"


def arguments(place: Place, port: int, sites: tuple[str, ...]) -> list[str]:
    """What this program is called with."""
    return [place.prefix, str(place.state), str(place.plane), str(port), *sites]


def settings_of(place: Place, port: int) -> PlaneSettings:
    folder = place.state / "plane"
    return PlaneSettings(
        state=folder,
        listen=(parse_address(f"{LOOPBACK}:{port}"), parse_address(f"{place.plane}:{port}")),
        database=f"sqlite:///{folder}/hanza.db",
        insecure_http=False,
        web=parse_address(f"{LOOPBACK}:{port + 1}"),
    )


def main() -> None:
    prefix, state, address, port, *names = sys.argv[1:]
    place = Place(prefix, Path(state), IPv4Address(address))
    log_to(form=log_form(os.environ))
    desk = Desk(lab.sites(place, names))
    try:
        settings = settings_of(place, int(port))
        run_plane(settings, from_environment(os.environ), lambda _: None, desk.routes())
    except Refusal as refusal:
        sys.exit(f"{refusal}")


if __name__ == "__main__":
    main()
