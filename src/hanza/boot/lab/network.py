"""A lab's network: one namespace per site, and one wire from it to the plane.

Promises: a site reaches the plane's address over its own wire and nothing else, neither another
site nor the world; cutting the wire cuts exactly that site; everything is found by the prefix.
The plane's address sits on the plane's end of every wire, so it is there as long as one wire is.
"""

import json
from collections.abc import Iterator, Sequence

from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, Process, is_alive, run, which

INSIDE = "plane0"
"""What the wire is called at the site."""


def make(site: Site) -> None:
    plane, own, wire = f"{site.place.plane}/32", f"{site.address}/32", site.wire
    run(["ip", "netns", "add", site.namespace])
    run(["ip", "link", "add", wire, "type", "veth", "peer", INSIDE, "netns", site.namespace])
    run(["ip", "link", "set", wire, "addrgenmode", "none"])
    run(["ip", "address", "add", plane, "peer", own, "dev", wire])
    inside = ["ip", "-n", site.namespace]
    run([*inside, "link", "set", INSIDE, "addrgenmode", "none"])
    run([*inside, "address", "add", own, "peer", plane, "dev", INSIDE])
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "link", "set", INSIDE, "up"])
    plug(site)


def cut(site: Site) -> None:
    """Pull the wire: the site hears nothing more, and nobody hears it."""
    run(["ip", "link", "set", site.wire, "down"])


def plug(site: Site) -> None:
    run(["ip", "link", "set", site.wire, "up"])


def inside(site: Site, words: Sequence[str]) -> list[str]:
    """The arguments that run a program in the site's network alone."""
    return ["ip", "netns", "exec", site.namespace, *words]


def is_plugged(site: Site) -> bool:
    """Whether the plane's end of the wire is up, as the kernel says."""
    words = ["ip", "-json", "link", "show", "dev", site.wire]
    (link,) = json.loads(run(words))
    return "UP" in link["flags"]


def list_namespaces(place: Place) -> list[str]:
    return [name for name in _names(["netns", "list"], "name") if _is_of(place, name)]


def list_wires(place: Place) -> list[str]:
    return [name for name in _names(["link", "show"], "ifname") if _is_of(place, name)]


def list_inside(namespace: str) -> Iterator[Process]:
    """Every process in the namespace."""
    for word in run(["ip", "netns", "pids", namespace]).split():
        process = Process(int(word), namespace)
        if is_alive(process):
            yield process


def remove(place: Place) -> None:
    """Take away every wire and namespace of the lab; what was in them must have ended."""
    for wire in list_wires(place):
        run(["ip", "link", "delete", wire])
    for namespace in list_namespaces(place):
        run(["ip", "netns", "delete", namespace])


def _is_of(place: Place, name: str) -> bool:
    return name.startswith(f"{place.prefix}-")


def _names(words: list[str], key: str) -> list[str]:
    if which("ip") is None:
        return []  # then no lab was ever made here
    said = run(["ip", "-json", *words])
    rows = json.loads(said or "[]")
    if not isinstance(rows, list):
        raise LabError(f"ip {' '.join(words)} answered with something that is not a list")
    return sorted(str(row[key]) for row in rows if key in row)
