"""The demo desk: what a visitor of the demo may do to the machine below it, as routes of its plane.

Pulling a site's cable and visiting a guest from inside its site are acts on the lab, which no real
plane has; so they are mounted only by the demo's own plane (`boot.demo.serve`), and only the
operator may do them.  Promises: a cable is pulled and plugged by the kernel, never pretended; what
was so already changes nothing and is not told; each act is an event, so that every page follows.
"""

import json
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from hanza.api.calls import Answer, Call
from hanza.api.route import OPERATOR, Route
from hanza.boot.lab import network
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import LabError, run
from hanza.cli.options import TENANT
from hanza.kit.text import meant_by
from hanza.model.errors import Conflict, NotFound
from hanza.store.events import append_event
from hanza.store.instances import list_overviews
from hanza.store.tx import Tx

T = TypeVar("T")
BASE = "/demo/v1"
VISIT_S = 15.0
"""More than a visitor takes at most, who has limits of its own."""
PULLED, PLUGGED = "demo.cable_pulled", "demo.cable_plugged"
WORDS = {
    PULLED: "the cable of {site} was pulled: it hears nobody, and nobody hears it",
    PLUGGED: "the cable of {site} was plugged in again",
}


class Desk:
    """The acts on one lab's sites."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self._sites = {site.name: site for site in sites}
        self._one_at_a_time = threading.Lock()

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", f"{BASE}/cables", self.list_cables, OPERATOR),
            Route("POST", f"{BASE}/cables/{{site}}/pull", self.pull, OPERATOR),
            Route("POST", f"{BASE}/cables/{{site}}/plug", self.plug, OPERATOR),
            Route("GET", f"{BASE}/visits/{{instance}}", self.visit, OPERATOR),
        )

    def list_cables(self, _: Call) -> Answer:
        """Every site of the lab, and whether its cable is in."""
        return Answer(200, {"items": [_document(site) for site in self._sites.values()]})

    def pull(self, call: Call) -> Answer:
        return self._turn(call, network.cut, PULLED)

    def plug(self, call: Call) -> Answer:
        return self._turn(call, network.plug, PLUGGED)

    def visit(self, call: Call) -> Answer:
        """The page that a guest serves, as a visitor at its own site gets it just now."""
        name = call.path["instance"]
        overviews = call.plane.store.read(list_overviews, TENANT)
        found = [one for one in overviews if one.wanted.address.name == name]
        if not found:
            raise NotFound(f"there is no instance {name!r} in this demo", field="instance")
        place, ports = found[0].place, found[0].wanted.spec.ports
        site = None if place is None else self._sites.get(place.site)
        if place is None or site is None:
            raise Conflict(f"{name} runs nowhere yet")
        if not ports or place.address != str(site.address):
            raise Conflict(f"{name} publishes no port at its site", hint="see ports in its app")
        said = _in_the_lab(partial(_visit, port=ports[0].port), site)
        reach = f"{site.address}:{ports[0].port}"
        about = {"instance": name, "site": site.name, "reach": reach, "at": call.plane.clock.now()}
        return Answer(200, about | said)

    def _turn(self, call: Call, act: Callable[[Site], None], kind: str) -> Answer:
        site = self._find(call)
        with self._one_at_a_time:
            before = _document(site)
            if before["isPlugged"] != (kind == PLUGGED):
                _in_the_lab(act, site)
                plane = call.plane
                plane.store.write(_tell, plane.clock.now(), kind, site.name)
            after = _document(site)
        return Answer(200, after | {"changed": before != after})

    def _find(self, call: Call) -> Site:
        name = call.path["site"]
        if name not in self._sites:
            meant = meant_by(name, self._sites)
            known = f"the sites are {', '.join(sorted(self._sites))}"
            hint = known if meant is None else f"perhaps {meant}; {known}"
            raise NotFound(f"there is no site {name!r} in this demo", field="site", hint=hint)
        return self._sites[name]


def _document(site: Site) -> dict[str, object]:
    is_plugged = _in_the_lab(network.is_plugged, site)
    state = "up" if is_plugged else "down"
    return {"site": site.name, "isPlugged": is_plugged, "wire": f"{site.wire} is {state}"}


def _visit(site: Site, port: int) -> dict[str, object]:
    words = [sys.executable, "-m", "hanza.boot.demo.visitor", str(site.address), str(port)]
    said: dict[str, object] = json.loads(run(network.inside(site, words), timeout_s=VISIT_S))
    return said


def _in_the_lab(act: Callable[[Site], T], site: Site) -> T:
    """Raises `Conflict` in the words of what failed."""
    try:
        return act(site)
    except LabError as error:
        hint = "the demo may have been ended: make demo"
        raise Conflict(f"the lab at {site.name} did not do it: {error}", hint=hint) from error


def _tell(tx: Tx, now: datetime, kind: str, site: str) -> None:
    append_event(tx, now, kind, site, WORDS[kind].format(site=site))
