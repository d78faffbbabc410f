"""A plane with as many members as are asked for, and a crowd of agents that are connected to it.

The members are put into the store as joining puts them there, but all at once; the crowd's keys
are real, and what it says to the plane is what agents say.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import msgspec

from bench.crowd import Crowd
from hanza.boot.front.status import Status, status_of
from hanza.drivers.contract.patience import until
from hanza.kit.clock import SystemClock
from hanza.kit.ids import Ids
from hanza.model.ids import AgentId, ProviderId, SiteId, TokenId
from hanza.model.site import Provider, Site
from hanza.store.agents import Joining, put_join_token, use_join_token
from hanza.store.sites import put_provider, put_site
from hanza.store.tx import Store, Tx
from hanza.wire.credentials import digest_of_secret, new_agent_key, public_key_of
from kit.processes import LocalLeague

TENANT = "acme"
COME_WITHIN_S = 300
PROVIDERS = 20


class CrowdProcess:
    """`bench.crowd` as a process, and what it has told."""

    def __init__(self, crowd: Crowd, folder: Path) -> None:
        file = folder / "crowd.json"
        file.write_bytes(msgspec.json.encode(crowd))
        self.welcome = 0
        self.history: list[tuple[float, int]] = []
        self.reasons: dict[str, int] = {}
        self.entries: dict[str, float] = {}
        self._log = (folder / "crowd.log").open("ab")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.crowd", str(file)],
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_for(self, is_so: Callable[[], bool], seconds: float) -> None:
        def check() -> bool:
            assert self._child.poll() is None, Path(self._log.name).read_text()
            return is_so()

        until(check, f"the crowd has it; {self.welcome} connected, {self.reasons}", seconds)

    def when_welcome_again(self, count: int, since: float) -> float:
        """When the last of them was welcomed again, after some had been lost."""

        def is_back() -> bool:
            after = [(at, found) for at, found in self.history if at > since]
            return any(found < count for _, found in after) and self.welcome >= count

        self.wait_for(is_back, 120)
        return self.history[-1][0]

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        self._reader.join()
        self._log.close()

    def _read(self) -> None:
        assert self._child.stdout is not None, "it is piped"
        for line in self._child.stdout:
            said = json.loads(line)
            if "entry" in said:
                self.entries[said["entry"]] = said["at"]
            else:
                self.welcome, self.reasons = said["welcome"], said["reasons"]
                self.history.append((said["at"], said["welcome"]))


class CrowdedLeague(LocalLeague):
    """As any local league, with a crowd."""

    size = 0
    came_within_s = 0.0
    crowd: CrowdProcess

    @property
    def plane_pid(self) -> int:
        """The process behind the front, once it serves."""
        until(lambda: self._status().phase == "serving", "the plane serves", COME_WITHIN_S)
        pid = self._status().plane
        assert pid is not None, "it serves"
        return pid

    def _status(self) -> Status:
        status = status_of(self.state)
        assert status is not None, "the front is alive"
        return status


@contextmanager
def a_crowded_league(folder: Path, size: int) -> Iterator[CrowdedLeague]:
    league = CrowdedLeague(folder, has_front=True)
    try:
        league.wait_for_plane()
        league.add_image("tiny")
        league.ask("tenant", "add", TENANT)
        pin = sha256(PEM_cert_to_DER_cert((league.state / "root.pem").read_text())).digest()
        league.plane.stop()
        agents = _members(f"sqlite:///{league.state}/hanza.db", size)
        league.restart_plane()
        crowd = Crowd(league.port, str(league.state / "root.pem"), pin, agents)
        began = time.monotonic()
        league.size, league.crowd = size, CrowdProcess(crowd, folder)
        try:
            league.crowd.wait_for(lambda: league.crowd.welcome == size, COME_WITHIN_S)
            league.came_within_s = time.monotonic() - began
            yield league
        finally:
            league.crowd.close()
    finally:
        league.close()


def _members(url: str, size: int) -> list[tuple[str, bytes]]:
    store = Store(url)
    try:
        return store.write(_put_members, size)
    finally:
        store.close()


def _put_members(tx: Tx, size: int) -> list[tuple[str, bytes]]:
    clock = SystemClock()
    ids, now, agents = Ids(clock), clock.now(), []
    owners = [
        put_provider(tx, Provider(ProviderId(ids.new("pr")), f"owner-{n}", f"Owner {n}"), now)
        for n in range(PROVIDERS)
    ]
    for nth in range(size):
        owner, seed, secret = owners[nth % PROVIDERS], ids.secret(), ids.secret()
        place = (f"site-{nth}", "HR", "Zagreb", 45.8, 15.9)
        site = put_site(tx, Site(SiteId(ids.new("si")), owner.id, *place), now)
        digest, token = digest_of_secret(secret), TokenId(ids.new("jt"))
        put_join_token(tx, token, site.id, digest, now, now + timedelta(hours=1))
        key = public_key_of(new_agent_key(seed))
        agent, _ = use_join_token(tx, digest, Joining(AgentId(ids.new("ag")), key, "fake"), now)
        agents.append((agent, seed))
    return agents
