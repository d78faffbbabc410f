"""The demo's plane and agents, worked with the commands and the API that anybody has.

Promises: nothing here reaches inside, every call has a timeout, and an error carries the words of
the command or of the plane.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from hanza.boot.demo import scenario, serve
from hanza.boot.demo.scenario import Member
from hanza.boot.demo.settings import Demo
from hanza.boot.demo.steps import Tell
from hanza.boot.lab import host
from hanza.boot.lab.names import Site
from hanza.boot.lab.process import LabError, Process, is_alive, last_words, run, spawn
from hanza.boot.lab.waiting import is_soon
from hanza.cli.client import BASE, Client, page_of, read_context
from hanza.cli.options import TENANT
from hanza.cli.render import last_line, reach
from hanza.model.errors import Refusal

HANZA = (sys.executable, "-m", "hanza.boot.main")
ROLE = "plane"
START_S = 60.0
CALL_S = 60.0
JOIN_S = 90.0
LOOK_EVERY_S = 0.3

ACCELERATORS = {"tcg": "emulated", "kvm": "kvm"}

Row: TypeAlias = Mapping[str, object]
Rows: TypeAlias = list[Row]


def log_of(demo: Demo) -> Path:
    return demo.place.logs / f"{ROLE}.log"


def start(demo: Demo, env: Mapping[str, str] | None = None) -> Process:
    names = tuple(site.name for site in demo.sites)
    program = [sys.executable, "-m", "hanza.boot.demo.serve"]
    command = [*program, *serve.arguments(demo.place, demo.port, names)]
    return spawn(demo.place.prefix, ROLE, command, log_of(demo), env)


def await_start(demo: Demo, process: Process) -> None:
    is_soon(lambda: demo.context.exists() or not is_alive(process), START_S)
    if not (demo.context.exists() and is_alive(process)):
        raise LabError(f"the plane did not start: {last_words(log_of(demo))}")


def call(demo: Demo, *words: str) -> object:
    """One command as a client of the plane; what it answers, read as JSON."""
    said = run(
        [*HANZA, *words, "--output", "json"],
        timeout_s=CALL_S,
        env={"HANZA_CONTEXT": str(demo.context)},
    )
    try:
        answer: object = json.loads(said)
    except ValueError as wrong:
        raise LabError(f"hanza {' '.join(words)} did not answer with JSON: {said!r}") from wrong
    return answer


@contextmanager
def client(demo: Demo, base: str = BASE) -> Iterator[Client]:
    try:
        with Client(read_context(demo.context), base) as one:
            yield one
    except Refusal as refusal:
        raise LabError(f"{refusal}") from refusal


def web_of(demo: Demo) -> str:
    """Where a browser opens the page, with the operator's token."""
    try:
        return page_of(read_context(demo.context))
    except Refusal as refusal:
        raise LabError(f"{refusal}") from refusal


def register(demo: Demo, member: Member) -> str:
    """Make the provider and its site known; gives the token that lets one agent join."""
    spec = {
        "provider": member.provider,
        "country": member.country,
        "city": member.city,
        "latitude": member.latitude,
        "longitude": member.longitude,
    }
    prices = {
        "cpuHour": member.prices.cpu_hour,
        "gibHour": member.prices.gib_hour,
        "diskGibHour": member.prices.disk_gib_hour,
    }
    provider = {"title": member.title, "prices": prices}
    with client(demo) as one:
        one.put(f"/providers/{member.provider}", {"spec": provider})
        one.put(f"/sites/{member.site}", {"spec": spec})
        return str(one.post(f"/sites/{member.site}/join-tokens")["token"])


def join(demo: Demo, site: Site, token: str) -> None:
    """Make the agent's key at the site and register it; the token is then used up."""
    pairs = [word for pair in options(demo, site).items() for word in ("--option", "=".join(pair))]
    state = ["--state", str(site.folder / "agent")]
    command = [*HANZA, "agent", "join", "-", *state, "--driver", "libvirt", *pairs]
    run(host.entering(site, command), timeout_s=CALL_S, given=token)


def start_agent(site: Site, env: Mapping[str, str] | None = None) -> Process:
    command = [*HANZA, "agent", "run", "--state", str(site.folder / "agent")]
    return host.spawn_at(site, "agent", command, env)


def await_hosts(demo: Demo, tell: Tell) -> None:
    """Until every site's host is offered, so that what is applied finds a place at once."""
    wanted, offered = len(demo.members), 0

    def is_done() -> bool:
        nonlocal offered
        with client(demo) as one:
            offered = sum(host["status"]["isOffered"] for host in one.items("/hosts"))
        tell(f"{offered} of {wanted} heard")
        return offered >= wanted

    if not is_soon(is_done, JOIN_S, LOOK_EVERY_S):
        raise LabError(f"only {offered} of {wanted} hosts were offered within {JOIN_S:.0f} s")


def options(demo: Demo, site: Site) -> dict[str, str]:
    """What the libvirt driver is told at the site."""
    return {
        "uri": site.uri,
        "host": f"{site.name}-h1",
        "images": str(site.folder / "images"),
        "pool": str(site.folder / "pool"),
        "serial": str(site.folder / "serial"),
        "address": str(site.address),
        "accelerator": "auto",
        "proof": str(demo.proof),
        "offer_cpus": str(scenario.OFFER_CPUS),
        "offer_memory_mib": str(scenario.OFFER_MEMORY_MIB),
        "offer_disk_mib": str(scenario.OFFER_DISK_MIB),
    }


def add_image(demo: Demo, folder: Path) -> None:
    """Give the plane the image that a folder holds, under the folder's name."""
    parts = {"--disk": "disk.qcow2", "--kernel": "kernel", "--initrd": "initrd"}
    words = [word for option, file in parts.items() for word in (option, str(folder / file))]
    cmdline = (folder / "cmdline").read_text().strip()
    call(demo, "image", "add", folder.name, *words, "--cmdline", cmdline)


def apply(demo: Demo, path: Path) -> None:
    call(demo, "apply", str(path))


def destroy(demo: Demo, *names: str) -> None:
    """Order the end of the named; it is not waited for, because a site may be away."""
    call(demo, "destroy", *names, "--yes", "--no-wait")


def rows(demo: Demo) -> Rows:
    """What runs where, a row per instance."""
    with client(demo) as one:
        return [row_of(document) for document in one.items(f"/tenants/{TENANT}/instances")]


def explained(demo: Demo, rows: Sequence[Row]) -> Rows:
    """The same rows with why each is where it is, as the plane would choose now."""
    with client(demo) as one:
        paths = [
            f"/tenants/{TENANT}/workspaces/{row['workspace']}/instances/{row['name']}/placement"
            for row in rows
        ]
        lines = [one.get(path) for path in paths]
    return [{**row, "because": reason_of(line)} for row, line in zip(rows, lines, strict=True)]


def reason_of(line: Mapping[str, Any]) -> str:
    """`nearest of 2 that may, ~11 ms Ljubljana`; pure."""
    trips = [
        f"{'' if one['isMeasured'] else '~'}{one['ms']:.0f} ms {one['to'].partition(',')[0]}"
        for one in line["roundTrips"]
    ]
    return ", ".join([line["because"], *trips])


def row_of(document: Mapping[str, Any]) -> Row:
    """From the API's document to what the demo shows; pure."""
    status = document["status"]
    place = status["placement"] or {}
    return {
        "name": document["metadata"]["name"],
        "workspace": document["metadata"]["workspace"],
        "country": document["spec"]["country"],
        "law": status["law"],
        "site": place.get("site"),
        "city": place.get("city"),
        "provider": place.get("provider"),
        "runs": "off"
        if status["power"] == "off"
        else ACCELERATORS.get(place.get("accelerator", "")),
        "heardAt": place.get("heardAt"),
        "isHeard": place.get("isHeard", True),
        "boot": status["boot"],
        "serial": last_line(status["serialTail"]),
        "reach": reach(place.get("address"), document["spec"].get("ports", [])),
    }


def count(rows: Sequence[Row], boot: str) -> int:
    return sum(row.get("boot") == boot for row in rows)
