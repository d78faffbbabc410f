"""Clause 17: any driver, compared step by step with the fake.

    compare_with_fake(open_world, FULL)       sixty runs of thirty steps, for quick sites
    walk_beside_fake(open_world, seed=1)      one run of thirty steps, for real engines

`open_world()` gives a driver at an empty site and cleans up after it.  After each step the
outcome (which of the five errors, or none) and the whole survey must be the same on both.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hanza.drivers.contract.words import ABSENT
from hanza.drivers.fake import FakeDriver, FakeSite
from hanza.drivers.spi import Driver
from hanza.model.errors import DriverError, OutcomeUnknown, Unavailable
from hanza.model.guest import GuestSpec, Mark, Power
from hanza.model.ids import FederationId, InstanceId, NativeId, VolumeId

Choice = TypeVar("Choice")
OpenWorld: TypeAlias = Callable[[], AbstractContextManager[Driver]]

FULL = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MARKS = st.builds(
    Mark,
    st.sampled_from([InstanceId("in_01machinea"), InstanceId("in_01machineb")]),
    st.integers(1, 2),
)
OWNERS = st.sampled_from([VolumeId("vo_01machinea"), VolumeId("vo_01machineb")])
SPECS = st.builds(
    GuestSpec,
    name=st.sampled_from(["web", "<db>", "ž\x00"]),
    image=st.just("tiny"),
    cpus=st.sampled_from([1, 2]),
    memory_mib=st.sampled_from([96, 112]),
    disk_mib=st.sampled_from([64, 80, 96]),
)
SIZES = st.sampled_from([8, 16, 24])
FAR_TOO_MUCH = 10**9
WRONG = st.sampled_from(
    [
        GuestSpec("none", "tiny", 0, 96, 64),
        GuestSpec("huge", "tiny", 1, 96, FAR_TOO_MUCH),
        GuestSpec("astray", "../tiny", 1, 96, 64),
    ]
)
PICKS = st.integers(0, 3)
"""Which of the guests or volumes that there are, so that few steps ask for what is not there."""
TRIES = 4


@dataclass(frozen=True)
class View:
    """A survey without native ids, which differ by design."""

    guests: dict[Mark, tuple[str, GuestSpec, Power]]
    volumes: dict[VolumeId, tuple[str, int, Mark | None]]


def view_of(driver: Driver) -> View:
    survey = driver.survey()
    marks = {guest.native: guest.mark for guest in survey.guests}
    assert len(set(marks.values())) == len(survey.guests), "two guests with one mark"
    return View(
        guests={guest.mark: (guest.host, guest.spec, guest.power) for guest in survey.guests},
        volumes={
            volume.owner: (
                volume.host,
                volume.size_mib,
                None if volume.attached_to is None else marks[volume.attached_to],
            )
            for volume in survey.volumes
        },
    )


def guest_native(driver: Driver, mark: Mark) -> NativeId:
    found = (guest.native for guest in driver.survey().guests if guest.mark == mark)
    return next(found, ABSENT)


def volume_native(driver: Driver, owner: VolumeId) -> NativeId:
    found = (volume.native for volume in driver.survey().volumes if volume.owner == owner)
    return next(found, ABSENT)


def outcome_of(driver: Driver, call: Callable[[Driver], None]) -> type[DriverError] | None:
    """Asks again when the site did not answer in time: every call may be repeated."""
    for last in range(TRIES):
        try:
            call(driver)
        except (Unavailable, OutcomeUnknown):
            if last == TRIES - 1:
                raise
        except DriverError as error:
            return type(error)
        else:
            break
    return None


class Machine(RuleBasedStateMachine):
    """Same calls to the driver and to a fake of the same hosts; both must end the same."""

    open_world: OpenWorld

    def __init__(self) -> None:
        super().__init__()
        self._world = type(self).open_world()
        self._driver = self._world.__enter__()
        survey = self._driver.survey()
        self._host = survey.hosts[0].name
        self._model = FakeDriver(
            FakeSite(survey.hosts), FederationId("fe_model"), self._driver.capabilities()
        )

    def teardown(self) -> None:
        self._world.__exit__(None, None, None)

    def _both(self, call: Callable[[Driver], None]) -> None:
        assert outcome_of(self._driver, call) == outcome_of(self._model, call)

    def _guest(self, pick: int) -> Mark:
        marks = sorted(view_of(self._model).guests, key=lambda mark: (mark.owner, mark.run_epoch))
        return marks[pick % len(marks)]

    def _volume(self, pick: int) -> VolumeId:
        owners = sorted(view_of(self._model).volumes)
        return owners[pick % len(owners)]

    def _has_guests(self) -> bool:
        return bool(view_of(self._model).guests)

    def _has_volumes(self) -> bool:
        return bool(view_of(self._model).volumes)

    def _has_both(self) -> bool:
        return self._has_guests() and self._has_volumes()

    @initialize()
    def there_is_something_to_begin_with(self) -> None:
        spec = GuestSpec("first", "tiny", 1, 96, 64)
        for letter in ("a", "b"):
            self.create(Mark(InstanceId(f"in_01machine{letter}"), 1), spec)
            self.create_volume(VolumeId(f"vo_01machine{letter}"), 8)

    @rule(mark=MARKS, spec=SPECS | WRONG)
    def create(self, mark: Mark, spec: GuestSpec) -> None:
        self._both(lambda driver: driver.create(mark, self._host, spec))

    @precondition(_has_volumes)
    @rule(mark=MARKS, spec=SPECS, pick=PICKS)
    def create_from_volume(self, mark: Mark, spec: GuestSpec, pick: int) -> None:
        self.create(mark, replace(spec, boot_volume=self._volume(pick)))

    @precondition(_has_guests)
    @rule(pick=PICKS)
    def destroy(self, pick: int) -> None:
        mark = self._guest(pick)
        self._both(lambda driver: driver.destroy(guest_native(driver, mark)))

    @precondition(_has_guests)
    @rule(pick=PICKS, power=st.sampled_from(["on", "off"]))
    def set_power(self, pick: int, power: Power) -> None:
        mark = self._guest(pick)
        self._both(lambda driver: driver.set_power(guest_native(driver, mark), power))

    @precondition(_has_guests)
    @rule(pick=PICKS, spec=SPECS | WRONG)
    def resize(self, pick: int, spec: GuestSpec) -> None:
        mark = self._guest(pick)
        self._both(lambda driver: driver.resize(guest_native(driver, mark), spec))

    @rule(owner=OWNERS, size_mib=SIZES | st.sampled_from([0, FAR_TOO_MUCH]))
    def create_volume(self, owner: VolumeId, size_mib: int) -> None:
        self._both(lambda driver: driver.create_volume(owner, self._host, size_mib))

    @precondition(_has_volumes)
    @rule(pick=PICKS, size_mib=SIZES | st.just(FAR_TOO_MUCH))
    def grow_volume(self, pick: int, size_mib: int) -> None:
        owner = self._volume(pick)
        self._both(lambda driver: driver.grow_volume(volume_native(driver, owner), size_mib))

    @precondition(_has_volumes)
    @rule(pick=PICKS)
    def delete_volume(self, pick: int) -> None:
        owner = self._volume(pick)
        self._both(lambda driver: driver.delete_volume(volume_native(driver, owner)))

    @precondition(_has_both)
    @rule(volume_pick=PICKS, guest_pick=PICKS)
    def attach_volume(self, volume_pick: int, guest_pick: int) -> None:
        owner, mark = self._volume(volume_pick), self._guest(guest_pick)
        self._both(
            lambda driver: driver.attach_volume(
                volume_native(driver, owner), guest_native(driver, mark)
            )
        )

    @precondition(_has_volumes)
    @rule(pick=PICKS)
    def detach_volume(self, pick: int) -> None:
        owner = self._volume(pick)
        self._both(lambda driver: driver.detach_volume(volume_native(driver, owner)))

    @rule(mark=MARKS)
    def sweep(self, mark: Mark) -> None:
        self._both(lambda driver: driver.sweep(mark))

    @rule(spec=SPECS)
    def ask_for_the_absent(self, spec: GuestSpec) -> None:
        self._both(lambda driver: driver.destroy(ABSENT))
        self._both(lambda driver: driver.set_power(ABSENT, "on"))
        self._both(lambda driver: driver.resize(ABSENT, spec))
        self._both(lambda driver: driver.delete_volume(ABSENT))
        self._both(lambda driver: driver.detach_volume(ABSENT))
        self._both(lambda driver: driver.grow_volume(ABSENT, spec.disk_mib))
        self._both(lambda driver: driver.attach_volume(ABSENT, ABSENT))

    def take_a_step(self, dice: "Dice") -> None:
        pick, size_mib = dice.throw(4), dice.one_of(8, 16, 24, 32)
        spec = GuestSpec(dice.one_of("a", "<b>"), "tiny", dice.one_of(1, 2), 96, 48 + size_mib * 2)
        mark = Mark(InstanceId(dice.one_of("in_01machinea", "in_01machineb")), dice.one_of(1, 2))
        owner = VolumeId(dice.one_of("vo_01machinea", "vo_01machineb"))
        steps: list[Callable[[], None]] = [
            lambda: self.create(mark, spec),
            lambda: self.create_volume(owner, size_mib),
            lambda: self.sweep(mark),
        ]
        if self._has_guests():
            steps += [
                lambda: self.destroy(pick),
                lambda: self.set_power(pick, "on"),
                lambda: self.set_power(pick, "on"),
                lambda: self.set_power(pick, "off"),
                lambda: self.resize(pick, spec),
                lambda: self.resize(pick, spec),
            ]
        if self._has_volumes():
            steps += [
                lambda: self.grow_volume(pick, size_mib),
                lambda: self.delete_volume(pick),
                lambda: self.detach_volume(pick),
                lambda: self.create_from_volume(mark, spec, pick),
            ]
        if self._has_both():
            steps += [lambda: self.attach_volume(pick, dice.throw(4))] * 2
        dice.one_of(*steps)()

    @invariant()
    def both_sites_are_the_same(self) -> None:
        assert view_of(self._driver) == view_of(self._model)


def compare_with_fake(open_world: OpenWorld, how: settings = FULL) -> None:
    """Raises `AssertionError` with the shortest steps that tell the driver from the fake."""
    run_state_machine_as_test(_machine_for(open_world), settings=how)


def _machine_for(open_world: OpenWorld) -> type[Machine]:
    return type("Compared", (Machine,), {"open_world": staticmethod(open_world)})


class Dice:
    """The same throws for the same seed, on every version of everything."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._thrown = 0

    def throw(self, sides: int) -> int:
        self._thrown += 1
        digest = hashlib.sha256(f"{self._seed}/{self._thrown}".encode()).digest()
        return int.from_bytes(digest[:8]) % sides

    def one_of(self, *choices: Choice) -> Choice:
        return choices[self.throw(len(choices))]


def walk_beside_fake(open_world: OpenWorld, seed: int, steps: int = 30) -> None:
    """One seeded run.  Its steps are drawn evenly, where a search would dwell on few."""
    machine, dice = _machine_for(open_world)(), Dice(seed)
    try:
        machine.there_is_something_to_begin_with()
        for _ in range(steps):
            machine.take_a_step(dice)
            machine.both_sites_are_the_same()
    finally:
        machine.teardown()
