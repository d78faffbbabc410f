"""Whatever is wished of volumes, cut, killed or full: bytes are once, with one guest, and kept.

Each volume is marked the moment a guest has it, as that would write to it; the mark has to stay
until the volume's own end was asked for, and the bytes have to be gone before that is told.  In
fair weather everything that was accepted is done.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.drivers.fake.faults import Fault
from hanza.model.ids import VolumeId
from hanza.store.hosts import list_hosts
from hanza.store.tx import Tx
from hanza.store.volumes import list_volumes
from kit.laws import check_ends, check_laws
from kit.leagues import SiteAgent
from kit.standard import Asker, a_storage, an_instance, askers, ref

SITES = ("berlin", "dresden")
DISKS, INSTANCES = ("x", "y", "z"), ("one", "two")
CALLS = ("create", "create_volume", "attach_volume", "detach_volume", "delete_volume", "destroy")
FAULTS = ("lost", "silent", "mute", "exhausted", "unavailable")
WISHES = st.lists(
    st.one_of(
        st.tuples(st.just("storage"), st.sampled_from(DISKS), st.integers(1, 2)),
        st.tuples(st.just("end_storage"), st.sampled_from(DISKS)),
        st.tuples(
            st.just("instance"),
            st.sampled_from(INSTANCES),
            st.sampled_from(DISKS),
            st.lists(st.sampled_from(DISKS), max_size=2, unique=True),
        ),
        st.tuples(st.just("power"), st.sampled_from(INSTANCES), st.sampled_from(["start", "stop"])),
        st.tuples(st.just("end_instance"), st.sampled_from(INSTANCES)),
        st.tuples(st.just("use"), st.sampled_from(INSTANCES), st.sampled_from(DISKS)),
        st.tuples(st.just("use_up"), st.sampled_from(INSTANCES), st.sampled_from(DISKS)),
        st.tuples(st.just("live"), st.integers(1, 4)),
        st.tuples(st.just("live"), st.integers(1, 4)),
        st.tuples(st.just("line"), st.sampled_from(SITES)),
        st.tuples(st.just("anew"), st.sampled_from(SITES)),
        st.tuples(
            st.just("fault"),
            st.sampled_from(SITES),
            st.sampled_from(CALLS),
            st.sampled_from(FAULTS),
        ),
    ),
    max_size=30,
)
PATIENCE = 420
"""Seconds: a host that said it is full is left alone for five minutes."""


class World:
    """What was accepted, and what lies where, kept beside the league by the simplest means."""

    def __init__(self, ana: Asker) -> None:
        self.ana = ana
        self.instances: set[str] = set()
        self.storages: set[str] = set()
        self.there: dict[str, set[VolumeId]] = {}
        self.marks: set[VolumeId] = set()

    def wish(self, verb: str, *words: Any) -> None:
        getattr(self, verb)(*words)

    # -- tenants --------------------------------------------------------------------------------

    def storage(self, name: str, size_gb: int) -> None:
        answer = self.ana.put(self._storage(name), a_storage() | {"sizeGB": size_gb})
        if answer.status_code in (200, 201):
            self.storages.add(name)

    def end_storage(self, name: str) -> None:
        if self.ana.ask("DELETE", self._storage(name)).status_code == 202:
            self.storages.discard(name)

    def instance(self, name: str, boot: str, data: list[str]) -> None:
        volumes = [{"deviceRef": ref(f"block-storages/{one}")} for one in data]
        spec = an_instance(boot) | {"dataVolumes": volumes}
        if self.ana.put(self._instance(name), spec).status_code in (200, 201):
            self.instances.add(name)

    def power(self, name: str, action: str) -> None:
        self.ana.ask("POST", f"{self._instance(name)}/{action}")

    def end_instance(self, name: str) -> None:
        if self.ana.ask("DELETE", self._instance(name)).status_code == 202:
            self.instances.discard(name)

    def use(self, name: str, boot: str) -> None:
        """Have it attached, as far as the weather lets us, and let go of it."""
        self.instance(name, boot, [])
        self.live(5)
        self.end_instance(name)
        self.live(4)

    def use_up(self, name: str, boot: str) -> None:
        self.use(name, boot)
        self.end_storage(boot)

    # -- the world ------------------------------------------------------------------------------

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.ana.league.step()
            self.look()

    def line(self, site: str) -> None:
        link = self.ana.league.agents[site].link
        link.is_cut = not link.is_cut

    def anew(self, site: str) -> None:
        self.ana.league.agents[site].close()
        self.ana.league.agents[site] = SiteAgent(self.ana.league, site)

    def fault(self, site: str, call: str, kind: str) -> None:
        order = Fault(call, 1, kind)  # type: ignore[arg-type]
        self.ana.league.agents[site].site.order(order)

    # -- the laws -------------------------------------------------------------------------------

    def look(self) -> None:
        league = self.ana.league
        check_laws(league)
        self.there = check_ends(self.there, league)
        known = {one.wanted.id: one.wanted for one in league.store.read(_all)}
        there = {row.owner for row in self._rows()}
        for one in self.marks & known.keys():
            assert one in there or known[one].is_ended, "gone, though nobody asked for its end"
        for agent in league.agents.values():
            with agent.site.open() as inside:
                for row in inside.state.volumes.values():
                    assert row.owner in known, "told to be gone, and is there"
                    assert row.owner not in self.marks or row.content, "begun anew"
                    if row.attached_to is not None:
                        row.content = b"mine"
                        self.marks.add(row.owner)

    def settle(self) -> None:
        for agent in self.ana.league.agents.values():
            agent.link.is_cut = False
            agent.site.forget_faults()
        for _ in range(PATIENCE):
            if self._is_done():
                break
            self.live(1)
        assert self._is_done(), "it does not settle"
        held = sum(host.held.disk_mib for host, _ in self.ana.league.store.read(list_hosts))
        assert held == sum(row.size_mib for row in self._rows()), "room is held for nothing"
        records = {one.wanted.id: one for one in self.ana.league.store.read(_all)}
        for agent in self.ana.league.agents.values():
            owners = {guest.native: guest.owner for guest in agent.own_guests()}
            for row in agent.own_volumes():
                holder = None if row.attached_to is None else owners[row.attached_to]
                assert holder == records[row.owner].instance, "the books say another"

    def _is_done(self) -> bool:
        """Nothing is on its way: what was deleted is gone, what could be placed is."""
        league = self.ana.league
        names = {one.wanted.name for one in league.store.read(_all)}
        if names != self.storages or league.shown().keys() != self.instances:
            return False
        has = {row.owner: row.size_mib for row in self._rows()}
        for one in league.store.read(_all):
            is_full = has.get(one.wanted.id, 0) == (one.wanted.size_mib if one.stay else 0)
            if one.is_leaving or not is_full:
                return False
        return all(
            state in ("active", "pending") and self._is_sure(name)
            for name, (state, _, _) in league.shown().items()
        )

    def _is_sure(self, name: str) -> bool:
        """At rest, or it waits for a reason that lies in what was wished."""
        status = self.ana.get(self._instance(name)).json()["status"]
        message = str(status["conditions"][0].get("message", ""))
        reasons = ("attached to", "without its volume", "at another host", "lets go")
        if any(reason in message for reason in reasons):
            return True
        return bool(status["state"] == "active") and self._is_plugged(name)

    def _is_plugged(self, name: str) -> bool:
        spec = self.ana.get(self._instance(name)).json()["spec"]
        wanted = {spec["bootVolume"]["deviceRef"]["resource"]}
        wanted |= {one["deviceRef"]["resource"] for one in spec.get("dataVolumes") or []}
        shown = {disk: self.ana.get(self._storage(disk)).json() for disk in self.storages}
        has = {
            f"block-storages/{disk}"
            for disk, one in shown.items()
            if one["status"].get("attachedTo", {}).get("resource") == f"instances/{name}"
        }
        natives = {row.owner for row in self._rows() if row.attached_to is not None}
        ids = {one.wanted.name: one.wanted.id for one in self.ana.league.store.read(_all)}
        return has == wanted and all(ids[one.split("/")[1]] in natives for one in wanted)

    def _rows(self) -> Iterator[Any]:
        for agent in self.ana.league.agents.values():
            yield from agent.own_volumes()

    def _storage(self, name: str) -> str:
        return f"{self.ana.storages()}/{name}"

    def _instance(self, name: str) -> str:
        return f"{self.ana.instances()}/{name}"


def _all(tx: Tx) -> list[Any]:
    return list(list_volumes(tx))


@settings(max_examples=25, deadline=None)
@given(wishes=WISHES)
def test_bytes_are_once_with_one_guest_and_end_by_their_own_tombstone_only(
    wishes: list[tuple[Any, ...]],
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        askers(Path(folder), dict.fromkeys(SITES, "DE")) as (ana, _),
    ):
        ana.add_workspace()
        world = World(ana)
        for name in DISKS:
            world.storage(name, 1)
        for wish in wishes:
            world.wish(*wish)
            world.look()
        world.settle()
