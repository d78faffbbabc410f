"""One site and its volumes under any order of wishes, faults and losses: it settles, and safely.

The laws, looked at before and after every call to the driver: a volume is never with two guests,
never deleted without its tombstone nor while it is attached, never begun anew; and what nobody
ordered is left.  Left in peace, the site is as the manifest says.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hanza.agent.converge import Converger
from hanza.drivers.fake import Fault
from hanza.drivers.fake.faults import Kind
from hanza.drivers.fake.state import VolumeRow
from hanza.model.guest import Mark, Power, Volume
from hanza.model.ids import InstanceId, NativeId, VolumeId
from hanza.model.manifest import Entry, Manifest, Tombstone
from hanza.model.verdict import Again, Later, Settled
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone
from hanza.plan.steps import DeleteVolume, GrowVolume, MakeVolume
from hanza.plan.volumes import VolumeWish, next_volume_step
from kit.agent_worlds import HOST, START, US, World, a_manifest, a_spec

INSTANCES = [InstanceId("in_a"), InstanceId("in_b")]
DISKS = [VolumeId("vo_x"), VolumeId("vo_y"), VolumeId("vo_z")]
STRAY = VolumeId("vo_stray")
instances, disks = st.sampled_from(INSTANCES), st.sampled_from(DISKS)
powers: st.SearchStrategy[Power] = st.sampled_from(["on", "off"])
CALLS = ["survey", "create", "destroy", "set_power", "create_volume", "delete_volume"]
CALLS += ["grow_volume", "attach_volume", "detach_volume"]
PASSING: list[Kind] = ["lost", "silent", "mute", "unavailable", "exhausted"]
STEPS = 40
EXHAUSTED_WAITS = timedelta(minutes=20)


@dataclass(frozen=True)
class Disk:
    """What the plane wants of one volume: a stay, unless it was ended."""

    stay: int
    size_mib: int
    is_ended: bool = False
    is_made: bool = False


@dataclass(frozen=True)
class Run:
    run: int
    power: Power
    boot: VolumeId
    data: tuple[VolumeId, ...] = ()
    is_ended: bool = False


class Site(RuleBasedStateMachine):
    """The plane's part is played by the book: it attaches what is free, and asks before it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(cpus=64)
        self.disks: dict[VolumeId, Disk] = {}
        self.runs: dict[InstanceId, Run] = {}
        self.known: dict[VolumeId, VolumeRow] = {}
        self.ended: set[VolumeId] = set()
        self.number = 0
        with self.world.site.open() as site:
            site.add_volume(US, STRAY, HOST, 8)
            site.add_volume("fe_them", DISKS[0], HOST, 8)
        self.restart()

    # -- the plane ------------------------------------------------------------------------------

    @rule(disk=disks, size_mib=st.sampled_from([8, 16]))
    def wants_disk(self, disk: VolumeId, size_mib: int) -> None:
        before = self.disks.get(disk)
        if before is None or (before.is_ended and not self.row_of(disk)):
            stay = 1 if before is None else before.stay + 1
            self.disks[disk] = Disk(stay, size_mib)
            self.known.pop(disk, None)
            self.ended.discard(disk)
        elif not before.is_ended:
            self.disks[disk] = replace(before, size_mib=max(size_mib, before.size_mib))

    @rule(disk=disks)
    def ends_disk(self, disk: VolumeId) -> None:
        if disk in self.disks and disk not in self.taken():
            self.disks[disk] = replace(self.disks[disk], is_ended=True)
            self.ended.add(disk)

    @rule(owner=instances, power=powers, boot=disks, data=st.none() | disks)
    def wants_run(
        self, owner: InstanceId, power: Power, boot: VolumeId, data: VolumeId | None
    ) -> None:
        before = self.runs.get(owner)
        if before is not None and not before.is_ended:
            self.runs[owner] = replace(before, power=power)
            return
        if any(mark.owner == owner for mark, _ in self.world.guests()):
            return  # the run before has a tombstone until its site says that it is gone
        wanted = {boot} if data is None else {boot, data}
        free = {name for name, one in self.disks.items() if not one.is_ended} - self.taken()
        if wanted <= free and data != boot:
            run = 1 if before is None else before.run + 1
            self.runs[owner] = Run(run, power, boot, tuple(sorted(wanted - {boot})))

    @rule(owner=instances, data=st.none() | disks)
    def wants_other_data(self, owner: InstanceId, data: VolumeId | None) -> None:
        run = self.runs.get(owner)
        if run is None or run.is_ended:
            return
        is_free = data in self.disks and data not in self.taken()
        if data is None or (is_free and not self.disks[data].is_ended):
            self.runs[owner] = replace(run, data=() if data is None else (data,))

    @rule(owner=instances)
    def ends_run(self, owner: InstanceId) -> None:
        if owner in self.runs:
            self.runs[owner] = replace(self.runs[owner], is_ended=True)

    def taken(self) -> set[VolumeId]:
        """By a run that goes on, or that its site has not let go of yet."""
        with self.world.site.look() as site:
            held = {row.owner for row in site.state.volumes.values() if row.attached_to}
        going = [run for run in self.runs.values() if not run.is_ended]
        return held | {disk for run in going for disk in (run.boot, *run.data)}

    def manifest(self) -> Manifest:
        entries, tombstones = [], []
        for owner, run in self.runs.items():
            if run.is_ended:
                tombstones.append(Tombstone(Mark(owner, run.run)))
                continue
            spec = replace(a_spec(), boot_volume=run.boot)
            entries.append(Entry(Mark(owner, run.run), HOST, spec, run.power, run.data))
        others: list[VolumeEntry | VolumeTombstone] = []
        for name, disk in self.disks.items():
            stay = Stay(name, disk.stay)
            if disk.is_ended:
                others.append(VolumeTombstone(stay))
            else:
                others.append(VolumeEntry(stay, HOST, disk.size_mib, "blank", disk.is_made))
        self.number += 1
        return a_manifest(entries, tombstones, number=self.number, others=others)

    # -- the agent ------------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        self.converger = Converger(self.world.driver, self.world.clock, self.watch)

    @rule()
    def run_pass(self) -> None:
        view, _ = self.converger.run_pass(self.manifest())
        for one in view.volumes:
            disk = self.disks[one.stay.volume]
            if one.presence == "present" and one.role == "keep":
                self.disks[one.stay.volume] = replace(disk, is_made=True)
        if view.trouble is None:
            assert {one.volume for one in view.orphan_volumes} == {STRAY} | self.unsaid()

    def unsaid(self) -> set[VolumeId]:
        with self.world.site.look() as site:
            rows = site.state.volumes.values()
            return {row.owner for row in rows if row.federation == US} - {*self.disks, STRAY}

    def watch(self, _point: str) -> None:
        self.safe()

    # -- the world ------------------------------------------------------------------------------

    @rule(call=st.sampled_from([*CALLS, "*"]), nth=st.integers(1, 3), kind=st.sampled_from(PASSING))
    def something_fails(self, call: str, nth: int, kind: Kind) -> None:
        # Of a guest that has no room the plane would have another place; there is none here.
        is_no_room = kind == "exhausted" and call in ("create", "*")
        self.world.site.order(Fault(call, nth, "lost" if is_no_room else kind))

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule(pick=st.integers(0, 9))
    @precondition(lambda self: self.natives())
    def someone_takes_a_guest_away(self, pick: int) -> None:
        natives = self.natives()
        self.world.remove(natives[pick % len(natives)])

    @rule(power=powers)
    def someone_touches_every_guest(self, power: Power) -> None:
        for native in self.natives():
            self.world.touch(native, power)

    def natives(self) -> list[NativeId]:
        with self.world.site.look() as site:
            return [row.native for row in site.state.guests.values() if row.federation == US]

    def row_of(self, disk: VolumeId) -> VolumeRow | None:
        with self.world.site.look() as site:
            return site.volume_of(US, disk)

    # -- the laws -------------------------------------------------------------------------------

    @invariant()
    def safe(self) -> None:
        with self.world.site.open() as site:
            boots = [row.spec.boot_volume for row in site.state.guests.values()]
            boots = [boot for boot in boots if boot is not None]
            assert len(boots) == len(set(boots)), "two boot from one volume"
            for disk, before in list(self.known.items()):
                row = site.volume_of(US, disk)
                if row is None:
                    assert disk in self.ended, "deleted without its tombstone"
                    assert before.attached_to not in site.state.guests, "deleted under its guest"
                    del self.known[disk]
            for row in site.state.volumes.values():
                if row.federation == US and row.owner != STRAY:
                    assert row.owner not in self.known or row.content, "begun anew"
                    row.content = b"mine"
                    self.known[row.owner] = replace(row)
            assert site.volume_of(US, STRAY), "an orphan was not left"
            assert site.volume_of("fe_them", DISKS[0]), "another's was touched"

    def teardown(self) -> None:
        """Left in peace, it settles, and everything is as wanted."""
        self.world.site.forget_faults()
        for _ in range(80):
            _, verdict = self.converger.run_pass(self.manifest())
            for name, disk in self.disks.items():
                is_made = self.row_of(name) is not None and not disk.is_ended
                self.disks[name] = replace(disk, is_made=is_made)
            match verdict:
                case Settled():
                    break
                case Later(at):
                    self.world.clock.set(at)
                case Again():
                    pass
        else:
            raise AssertionError("it does not settle when left in peace")
        self._is_as_wanted()

    def _is_as_wanted(self) -> None:
        for name, disk in self.disks.items():
            row = self.row_of(name)
            assert (row is None) == (disk.is_ended and name not in self._in_use())
            assert row is None or disk.is_ended or row.size_mib == disk.size_mib
        going = {owner: run for owner, run in self.runs.items() if not run.is_ended}
        guests = {mark.owner: power for mark, power in self.world.guests()}
        assert guests == {owner: run.power for owner, run in going.items()}
        with self.world.site.look() as site:
            names = {row.native: row.owner for row in site.state.guests.values()}
            for row in site.state.volumes.values():
                holder = None if row.attached_to is None else names[row.attached_to]
                wanted = [o for o, run in going.items() if row.owner in (run.boot, *run.data)]
                if row.federation == US and row.owner not in self._in_use():
                    assert [holder] == (wanted or [None])

    def _in_use(self) -> set[VolumeId]:
        """What a guest that is on was told to let go of: it does so when it is next off."""
        found = set()
        with self.world.site.look() as site:
            for row in site.state.volumes.values():
                holder = site.state.guests.get(row.attached_to) if row.attached_to else None
                if holder is not None and holder.power == "on":
                    run = self.runs[holder.owner]
                    found |= {row.owner} - {run.boot, *run.data}
        return found


Site.TestCase.settings = settings(max_examples=150, stateful_step_count=STEPS, deadline=None)
TestSite = Site.TestCase


# -- the plan alone -----------------------------------------------------------------------------

stays = st.builds(Stay, st.just(DISKS[0]), st.integers(1, 3))
hosts = st.sampled_from([HOST, "host-2"])
sizes = st.integers(1, 3)
entries = st.builds(VolumeEntry, stays, hosts, sizes, st.just("blank"), st.booleans())
seen = st.builds(
    Volume,
    st.just(NativeId("n-1")),
    st.just(DISKS[0]),
    hosts,
    sizes,
    st.none() | st.just(NativeId("n-7")),
)
wishes = st.builds(VolumeWish, st.none() | entries, st.none() | st.builds(VolumeTombstone, stays))


@given(wishes, st.none() | seen)
def test_only_a_tombstone_ends_bytes_and_only_what_nobody_has_attached(
    wish: VolumeWish, seen: Volume | None
) -> None:
    step = next_volume_step(wish, seen, None, START)
    if isinstance(step, DeleteVolume):
        assert wish.tombstone is not None
        assert seen is not None
        assert seen.attached_to is None
        kept = wish.entry is not None and wish.entry.stay.number > wish.tombstone.stay.number
        assert not kept


@given(wishes, st.none() | seen)
def test_bytes_are_made_where_there_are_none_and_were_none_and_only_grow(
    wish: VolumeWish, seen: Volume | None
) -> None:
    step = next_volume_step(wish, seen, None, START)
    if isinstance(step, MakeVolume):
        assert seen is None
        assert wish.entry is not None
        assert not wish.entry.is_made
    if isinstance(step, GrowVolume):
        assert seen is not None
        assert step.size_mib > seen.size_mib
