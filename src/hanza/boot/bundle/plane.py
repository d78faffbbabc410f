"""What a support bundle tells of a plane: from its folder, its database, and itself if it runs."""

import json
import re
import ssl
from contextlib import closing
from pathlib import Path

import httpx2

from hanza.boot.bundle.parts import Part, as_json, as_lines, recent_log
from hanza.boot.plane import SETTINGS
from hanza.cli.client import read_context
from hanza.kit.clock import SystemClock
from hanza.model.errors import Refusal
from hanza.store.agents import list_agents
from hanza.store.census import count_rows, take_census
from hanza.store.database import password_of
from hanza.store.events import list_last_events
from hanza.store.health import is_lost, newest_revision, revision_of
from hanza.store.signing_keys import list_keys
from hanza.store.tx import Store, Tx

EVENTS = 500
ASK_WITHIN_S = 5.0
OUR_ID = re.compile(r"[a-z]{2}_[0-9a-z]{26}")
SECRET_FILES = ("operator.token", "metrics.token", "root.key", "server.key")
UNANSWERED = "the plane does not answer"


def plane_parts(folder: Path, url: str) -> dict[str, Part]:
    settings = folder / SETTINGS
    return {
        "settings.json": settings.read_bytes() if settings.exists() else "no plane has started",
        "log.jsonl": recent_log(folder),
        **_of_database(url),
        **_of_process(folder),
    }


def plane_secrets(folder: Path, url: str) -> set[bytes]:
    """Everything that must never be in a bundle, as it would look there."""
    found = {password_of(url).encode()}
    for name in SECRET_FILES:
        path = folder / name
        if path.exists():
            lines = path.read_bytes().splitlines()
            found |= {line.strip() for line in lines if not line.startswith(b"-----")}
    return (found | _signing_secrets(url)) - {b""}


def _signing_secrets(url: str) -> set[bytes]:
    """The private parts of the keys that sign tokens; none where the database says nothing."""
    if is_lost(url):
        return set()
    with closing(Store(url)) as store:
        keys = store.try_read(list_keys)
    return {str(json.loads(one.jwk)["d"]).encode() for one in keys or ()}


def _of_database(url: str) -> dict[str, Part]:
    names = ("schema.json", "counts.json", "agents.json", "events.jsonl")
    if is_lost(url):
        return dict.fromkeys(names, "there is no database")
    with closing(Store(url)) as store:
        found = store.try_read(_look)
    return found or dict.fromkeys(names, "the database does not answer, or is of another release")


def _look(tx: Tx) -> dict[str, Part]:
    census = take_census(tx, SystemClock().now())
    return {
        "schema.json": as_json({"database": revision_of(tx), "release": newest_revision()}),
        "counts.json": as_json({"rows": count_rows(tx), "instances": dict(census.instances)}),
        "agents.json": as_json(
            [
                {
                    "id": agent.id,
                    "site": site,
                    "driver": agent.driver,
                    "heardAt": agent.heard_at,
                    "isContested": agent.is_contested,
                    "hosts": hosts,
                }
                for agent, site, hosts in list_agents(tx)
            ]
        ),
        "events.jsonl": as_lines(
            {
                "serial": one.serial,
                "at": one.at,
                "kind": one.kind,
                # The words of an event have names in them, and a subject may be one.
                "subject": one.subject if OUR_ID.fullmatch(one.subject) else None,
            }
            for one in list_last_events(tx, EVENTS)
        ),
    }


def _of_process(folder: Path) -> dict[str, Part]:
    """What only the running plane knows, asked with the token that opens nothing else."""
    token = folder / "metrics.token"
    try:
        context = read_context(folder / "context.json")
        verify = ssl.create_default_context(cafile=context.ca) if context.ca else True
        headers = {"authorization": f"Bearer {token.read_text().strip()}"}
        with httpx2.Client(
            base_url=context.url, verify=verify, timeout=ASK_WITHIN_S, trust_env=False
        ) as client:
            ready = client.get("/readyz")
            numbers = client.get("/metrics", headers=headers)
    except (Refusal, OSError, httpx2.TransportError):
        return dict.fromkeys(("ready.json", "metrics.txt"), UNANSWERED)
    return {
        "ready.json": ready.content,
        "metrics.txt": numbers.content if numbers.is_success else "the plane gives no numbers",
    }
