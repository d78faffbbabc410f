"""A whole league in one process: a plane, its agents at fake sites, and time moved by hand.

Every message is encoded and decoded as on the wire, every byte that must last is on a disk, and
nothing runs but what the test runs: the same parts as in production, only without a network.
"""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from hanza.agent.converge import Converger
from hanza.agent.journal import Identity, Journal
from hanza.agent.session import OfItself, Speaker
from hanza.agent.session import Session as AgentSession
from hanza.agent.telling import Telling
from hanza.api import instances, joining, members
from hanza.api.calls import Answer, Call, Handler, Plane
from hanza.api.session import Session as PlaneSession
from hanza.drivers.fake import FakeDriver, FakeSite
from hanza.drivers.fake.site import some_hosts
from hanza.drivers.fake.state import GuestRow, VolumeRow
from hanza.engine.loop import Engine
from hanza.kit.blobs import Blobs
from hanza.kit.clock import ManualClock
from hanza.kit.ids import Ids
from hanza.kit.points import Point, pass_by
from hanza.model.capacity import Capacity
from hanza.model.errors import Refusal
from hanza.model.ids import AgentId, FederationId
from hanza.store.agents import note_heard
from hanza.store.federation import found_federation
from hanza.store.images import put_image
from hanza.store.signing_keys import found_keys
from hanza.store.tx import Store
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import join_token_from_text, public_key_of, sign_join
from hanza.wire.tokens import Issuer, keys_from_seed, signing_keys_of
from kit.databases import bring_to_head
from kit.images import an_image

START = datetime(2026, 1, 1, tzinfo=UTC)
PIN = bytes(range(32))
SIZE = Capacity(8, 4096, 4096)
SECOND = timedelta(seconds=1)
BLOB_BYTES_MAX = 2**20


class Link:
    """One connection between an agent's session and the plane's, or none when it is cut."""

    def __init__(self, league: "League", agent: "SiteAgent") -> None:
        self._league = league
        self._agent = agent
        self._plane_side: PlaneSession | None = None
        self.is_cut = False

    def pump(self) -> None:
        """Deliver whatever there is to say, in both directions."""
        if self.is_cut:
            self._plane_side = None
            return
        try:
            if self._plane_side is None:
                self._plane_side = PlaneSession(self._league.plane)
                self._agent.session.open()
                self._down([self._plane_side.open()])
            self._down(self._plane_side.news())
        except Refusal:
            self._plane_side = None

    def say(self, messages: list[v1.Up]) -> None:
        """Agent to plane, and every answer back, until nobody has more to say."""
        if self._plane_side is None:
            return
        try:
            for message in messages:
                kind = type(message).__name__.lower()
                self._league.point(f"message.{kind}.before")
                received = v1.decode_up(self._league.up(v1.encode(message)))
                answers = self._plane_side.receive(received, self._league.clock.now())
                self._league.point(f"message.{kind}.after")
                self._down(answers)
        except Refusal:
            self._plane_side = None

    def _down(self, messages: list[v1.Down]) -> None:
        for message in messages:
            kind = type(message).__name__.lower()
            self._league.point(f"message.{kind}.before")
            frame = self._league.down(v1.encode(message))
            answers = self._agent.session.receive(v1.decode_down(frame))
            self._league.point(f"message.{kind}.after")
            self.say(answers)


class SiteAgent:
    """An agent with its journal on disk and a fake engine that outlives it."""

    def __init__(
        self, league: "League", name: str, hosts: int = 1, boot_after: timedelta = timedelta(0)
    ) -> None:
        self.name = name
        self.league = league
        folder = league.folder / name
        folder.mkdir(exist_ok=True)
        self.site = FakeSite(
            some_hosts(hosts, SIZE),
            clock=league.clock,
            path=folder / "engine.state",
            boot_after=boot_after,
        )
        self.journal = Journal(folder / "agent", league.point)
        identity = self.journal.identity or self._join(league)
        self.federation = FederationId(identity.federation)
        self.driver = FakeDriver(self.site, self.federation)
        self.id = AgentId(identity.agent)
        self.converger = Converger(self.driver, league.clock, league.point)
        incarnation = self.journal.begin(league.clock, os.urandom)
        key = self.journal.key(os.urandom)
        self._speaker = Speaker(self.id, "fake", PIN, key, incarnation)
        self.session = AgentSession(self._speaker, self.journal)
        self.link = Link(league, self)

    def run_pass(self) -> None:
        view, _ = self.converger.run_pass(self.journal.manifest)
        self.link.say(self.session.offer(view))

    def tell_site(self, telling: Telling) -> None:
        """From the next connection on it tells of its site besides its guests."""
        speaker = replace(self._speaker, abilities=(v1.DIARY,))
        self.session = AgentSession(speaker, self.journal, telling)
        self.link = Link(self.league, self)

    def be_updated(self, of_itself: OfItself) -> None:
        """From the next connection on it tells what it runs, and hears what is wanted."""
        speaker = replace(self._speaker, abilities=(v1.UPDATES,))
        self.session = AgentSession(speaker, self.journal, None, of_itself)
        self.link = Link(self.league, self)

    def own_guests(self) -> list[GuestRow]:
        """What bears our mark at the site, seen by the backdoor and not by the driver."""
        with self.site.look() as inside:
            rows = inside.state.guests.values()
            return [row for row in rows if row.federation == self.federation]

    def own_volumes(self) -> list[VolumeRow]:
        """As `own_guests`: copies, by the time each was made."""
        with self.site.look() as inside:
            rows = inside.state.volumes.values()
            return [replace(row) for row in rows if row.federation == self.federation]

    def close(self) -> None:
        self.journal.close()

    def _join(self, league: "League") -> Identity:
        """As `agent.join` does: the key first, then the token, then the identity."""
        key = self.journal.key(os.urandom)
        token = join_token_from_text(league.token_for(self.name))
        request = v1.JoinRequest(
            token.secret, public_key_of(key), sign_join(key, token.secret), "fake"
        )
        answer = league.call(joining.join, body=msgspec.json.encode(request)).document
        identity = Identity(
            agent=answer.agent,
            federation=answer.federation,
            site=answer.site,
            urls=token.urls,
            pin=token.pin,
            driver="fake",
            options={},
            may_be_plain=False,
        )
        self.journal.keep_identity(identity, b"")
        return identity


class League:
    """A plane over one store, and agents by the name of their site."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        point: Point = pass_by,
        start: datetime = START,
    ) -> None:
        self.folder = folder
        self.point = point
        self.clock = ManualClock(start)
        url = url or f"sqlite:///{folder}/hanza.db"
        bring_to_head(url)
        self.store = Store(url, point)
        ids = Ids(self.clock)
        self.plane = Plane(
            store=self.store,
            clock=self.clock,
            ids=ids,
            federation=self._federation(ids),
            urls=("https://plane.test:7443",),
            pin=PIN,
            root_pem=b"",
            token_valid_for=timedelta(hours=1),
            issuer=Issuer(self._federation(ids), keys_from_seed(bytes(32))),
            wake=lambda: None,
            blobs=Blobs(folder / "blobs"),
            blob_bytes_max=BLOB_BYTES_MAX,
        )
        self.store.write(put_image, an_image("tiny", self.plane.blobs))
        keys = signing_keys_of(keys_from_seed(bytes(32)), start)
        self.store.write(found_keys, keys)
        self.engine = Engine(self.store, self.clock, ids, point)
        self.agents: dict[str, SiteAgent] = {}
        self.up: Callable[[bytes], bytes] = lambda frame: frame
        self.down: Callable[[bytes], bytes] = lambda frame: frame
        """What happens to frames on their way."""

    def _federation(self, ids: Ids) -> FederationId:
        new_id = FederationId(ids.new("fe"))
        return self.store.write(found_federation, new_id, self.clock.now()).id

    def close(self) -> None:
        for agent in self.agents.values():
            agent.close()
        self.store.close()

    def call(self, handler: Handler, body: bytes = b"", **path: str) -> Answer:
        answer = handler(Call(self.plane, path, {}, body))
        return answer if isinstance(answer, Answer) else asyncio.run(answer)

    def add_site(
        self, name: str, country: str, hosts: int = 1, boot_after: timedelta = timedelta(0)
    ) -> SiteAgent:
        """A provider, its site and an agent that has joined; again after a restart."""
        provider = {"spec": {"title": name.title()}}
        self.call(members.put_provider, json.dumps(provider).encode(), provider=name)
        spec = {
            "provider": name,
            "country": country,
            "city": name.title(),
            "latitude": 50.0,
            "longitude": 10.0,
        }
        self.call(members.put_site, json.dumps({"spec": spec}).encode(), site=name)
        agent = SiteAgent(self, name, hosts, boot_after)
        self.agents[name] = agent
        return agent

    def token_for(self, site: str) -> str:
        """Kept beside the agent, as a person would who has it on a slip of paper."""
        slip = self.folder / site / "token"
        if not slip.exists():
            answer = self.call(members.invite_agent, site=site)
            slip.with_suffix(".new").write_text(answer.document.token)
            slip.with_suffix(".new").rename(slip)
        return slip.read_text()

    def put(
        self, name: str, country: str, *, power: str = "on", memory_mib: int = 128, disk: str = ""
    ) -> Answer:
        """`disk` names a volume that it brings along."""
        spec = {
            "country": country,
            "image": "tiny",
            "cpus": 1,
            "memoryMiB": memory_mib,
            "diskMiB": 64,
            "power": power,
            "volumes": [{"name": disk, "sizeMiB": 8}] if disk else [],
        }
        path = {"tenant": "acme", "workspace": "shop", "instance": name}
        return self.call(instances.put_instance, json.dumps({"spec": spec}).encode(), **path)

    def delete(self, name: str) -> None:
        path = {"tenant": "acme", "workspace": "shop", "instance": name}
        self.call(instances.delete_instance, **path)

    def shown(self) -> dict[str, tuple[str, str | None, str | None]]:
        """State, power and site of every instance."""
        answer = self.call(instances.list_instances, tenant="acme", workspace="shop")
        return {
            one.metadata.name: (
                one.status.state,
                one.status.power,
                one.status.placement.site if one.status.placement else None,
            )
            for one in answer.document["items"]
        }

    def step(self) -> None:
        """One second of everybody's life."""
        while self.engine.run_round():
            pass
        heard = [agent.id for agent in self.agents.values() if not agent.link.is_cut]
        for agent in self.agents.values():
            agent.link.pump()
            agent.run_pass()
        if heard:
            self.store.write(note_heard, heard, self.clock.now())
        self.clock.advance(SECOND)

    def run_until(self, is_so: Callable[[], bool], steps: int = 60) -> None:
        """Live on until something is so; fails after a minute."""
        for _ in range(steps):
            if is_so():
                return
            self.step()
        raise AssertionError(f"not so after {steps} steps; shown: {self.shown()}")

    def guests(self) -> list[tuple[str, str, str]]:
        """Site, name and power of every guest of ours, as the engines have them."""
        return sorted(
            (agent.name, row.spec.name, row.power)
            for agent in self.agents.values()
            for row in agent.own_guests()
        )


@contextlib.contextmanager
def a_league(folder: Path, *, url: str | None = None) -> Iterator[League]:
    league = League(folder, url=url)
    try:
        yield league
    finally:
        league.close()


def fresh_folder(base: Path, name: str) -> Path:
    folder = base / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
