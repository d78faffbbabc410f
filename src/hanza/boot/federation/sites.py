"""The sites of a federation file: an agent with a fake engine for each, as threads.

Promises: an agent joins once and is the same one whenever the folder is used again; what its
engine has outlives the process; `close` ends all of them and returns when they are.
"""

import os
import threading
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from hanza.agent.join import JoinOrder, join
from hanza.agent.journal import Identity, Journal
from hanza.boot.agent import agent_of
from hanza.boot.federation.file import SiteEntry
from hanza.cli.client import Client
from hanza.drivers import registry
from hanza.kit.points import pass_by
from hanza.model.errors import Unavailable
from hanza.model.ids import FederationId

DRIVER = "fake"
HEARD_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
STOP_WITHIN_S = 10.0


class Sites:
    """The running agents."""

    def __init__(self, folder: Path, stop: threading.Event) -> None:
        self._folder = folder
        self._stop = stop
        self._stack = ExitStack()
        self._threads: list[threading.Thread] = []

    def start(self, site: SiteEntry, client: Client, urls: tuple[str, ...]) -> None:
        """Join unless it has, and run.  `urls` are where the plane listens this time."""
        folder = self._folder / site.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = self._stack.enter_context(closing(Journal(folder / "agent")))
        options = site.engine.options | {"state": str(folder / "engine.json")}
        known = journal.identity or _join(site, client, journal, options)
        identity = replace(known, urls=urls, options=options)
        driver = registry.open(DRIVER, identity.federation, options)
        self._stack.enter_context(closing(driver))
        agent = agent_of(journal, identity, driver, pass_by, self._stop)
        thread = threading.Thread(target=agent.run, name=f"agent of {site.name}")
        thread.start()
        self._threads.append(thread)

    def await_heard(self, client: Client, sites: tuple[SiteEntry, ...]) -> None:
        """Until every host is offered.  Raises `Unavailable` with the sites that were not heard."""
        looks = int(HEARD_WITHIN_S / LOOK_EVERY_S)
        silent: list[str] = []
        for _ in range(looks):
            offered = [one["spec"]["site"] for one in client.items("/hosts") if _is_offered(one)]
            silent = [one.name for one in sites if offered.count(one.name) < one.engine.hosts]
            if not silent or self._stop.wait(LOOK_EVERY_S):
                return
        raise Unavailable(
            f"not heard within {HEARD_WITHIN_S:.0f} s: {', '.join(silent)}; does "
            f"{self._folder} belong to this database?"
        )

    def close(self) -> None:
        """To be called once they were told to stop."""
        for thread in self._threads:
            thread.join(STOP_WITHIN_S)
        self._stack.close()


def _join(site: SiteEntry, client: Client, journal: Journal, options: dict[str, str]) -> Identity:
    token = str(client.post(f"/sites/{site.name}/join-tokens")["token"])
    order = JoinOrder(token, DRIVER, options, may_be_plain=True)
    identity, _ = join(order, journal, os.urandom, partial(_try_out, options=options))
    return identity


def _try_out(federation: FederationId, options: dict[str, str]) -> None:
    registry.try_out(DRIVER, federation, options)


def _is_offered(host: dict[str, dict[str, object]]) -> bool:
    return bool(host["status"]["isOffered"])
