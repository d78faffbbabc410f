"""Passes over a fake site: what is done, what is told, when to look again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hanza.agent.converge import DOING_AT_MOST, LOOK_WHILE_BOOTING, Converger
from hanza.agent.doubts import GRACE
from hanza.drivers.fake import FakeDriver, Fault
from hanza.model.errors import Rejected
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import NativeId
from hanza.model.manifest import Manifest
from hanza.model.report import Seen, View
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.boot import PATIENCE
from kit.agent_worlds import (
    SECOND,
    THEM,
    US,
    World,
    a_manifest,
    a_mark,
    a_tombstone,
    an_entry,
)


def settle(converger: Converger, manifest: Manifest | None) -> View:
    for _ in range(10):
        view, verdict = converger.run_pass(manifest)
        if not isinstance(verdict, Again):
            return view
    raise AssertionError("it does not settle")


def only(view: View) -> Seen:
    (seen,) = view.seen
    return seen


class Worlds:
    def __init__(self, boot_after: timedelta = timedelta(0)) -> None:
        self.world = World(boot_after=boot_after)
        self.points: list[str] = []
        self.converger = Converger(self.world.driver, self.world.clock, self._pass)

    def _pass(self, name: str) -> None:
        """Keep the points of orders; every pass looks."""
        if name.split(".")[1] not in ("survey", "serial_tail"):
            self.points.append(name)


@pytest.fixture
def at() -> Worlds:
    return Worlds()


def test_a_wanted_guest_is_made_then_started_then_at_rest(at: Worlds) -> None:
    manifest = a_manifest([an_entry()])
    verdicts: list[Verdict] = [at.converger.run_pass(manifest)[1] for _ in range(3)]
    assert verdicts == [Again(), Again(), Settled()]
    assert at.world.guests() == [(a_mark(), "on")]


def test_every_order_passes_a_point_before_and_after(at: Worlds) -> None:
    settle(at.converger, a_manifest([an_entry()]))
    settle(at.converger, a_manifest([an_entry(power="off")], number=2))
    settle(at.converger, a_manifest([an_entry(power="off", cpus=2)], number=3))
    settle(at.converger, a_manifest([], [a_tombstone()], number=4))
    names = ["create", "set_power", "set_power", "resize", "destroy", "sweep"]
    assert at.points == [f"driver.{n}.{when}" for n in names for when in ("before", "after")]


def test_without_a_manifest_nothing_is_done_and_all_of_ours_are_orphans(at: Worlds) -> None:
    native = at.world.add(a_mark())
    view, verdict = at.converger.run_pass(None)
    assert [orphan.native for orphan in view.orphans] == [native]
    assert (view.seen, verdict, at.points) == ((), Settled(), [])


def test_what_is_not_mentioned_is_an_orphan_and_left(at: Worlds) -> None:
    at.world.add(a_mark("in_lost"))
    at.world.add(a_mark("in_a", run=7))
    view = settle(at.converger, a_manifest([an_entry("in_b")], [a_tombstone("in_a", run=6)]))
    assert [orphan.mark for orphan in view.orphans] == [a_mark("in_a", 7), a_mark("in_lost")]
    assert len(at.world.guests()) == 3


def test_what_others_made_is_neither_seen_nor_touched(at: Worlds) -> None:
    at.world.add(a_mark(), federation=THEM)
    at.world.add(a_mark(), federation=None)
    view = settle(at.converger, a_manifest([], [a_tombstone()]))
    assert (only(view).presence, view.orphans) == ("absent", ())
    assert len(at.world.guests(THEM)) == len(at.world.guests(None)) == 1


def test_a_tombstone_ends_every_earlier_run(at: Worlds) -> None:
    at.world.add(a_mark(run=1))
    at.world.add(a_mark(run=2))
    view = settle(at.converger, a_manifest([], [a_tombstone(run=2)]))
    assert at.world.guests() == []
    assert (only(view).role, only(view).presence) == ("end", "absent")


def test_room_is_freed_before_it_is_taken(at: Worlds) -> None:
    settle(at.converger, a_manifest([an_entry("in_z", cpus=8)]))
    at.points.clear()
    manifest = a_manifest([an_entry("in_a", cpus=8)], [a_tombstone("in_z")], number=2)
    view = settle(at.converger, manifest)
    assert at.world.guests() == [(a_mark("in_a"), "on")]
    assert at.points[0] == "driver.destroy.before"
    assert not any(seen.problem for seen in view.seen)


def test_a_running_guest_is_told_with_its_last_words(at: Worlds) -> None:
    seen = only(settle(at.converger, a_manifest([an_entry()])))
    assert (seen.role, seen.presence, seen.power) == ("run", "present", "on")
    assert (seen.boot, seen.serial_tail) == ("seen", "hanza fake guest web is up\n")
    assert seen.native == "fake-guest-1"


def test_a_booting_guest_is_looked_at_again_soon() -> None:
    at = Worlds(boot_after=timedelta(seconds=5))
    settle(at.converger, a_manifest([an_entry()]))
    view, verdict = at.converger.run_pass(a_manifest([an_entry()]))
    assert only(view).boot == "pending"
    assert verdict == Later(at.world.clock.now() + LOOK_WHILE_BOOTING)


def test_a_guest_that_never_speaks_is_silent_and_waited_for_no_longer() -> None:
    at = Worlds(boot_after=timedelta(days=1))
    settle(at.converger, a_manifest([an_entry()]))
    at.world.clock.advance(PATIENCE)
    view, verdict = at.converger.run_pass(a_manifest([an_entry()]))
    assert (only(view).boot, verdict) == ("silent", Settled())


def test_a_lost_order_is_told_and_given_again_after_a_pause(at: Worlds) -> None:
    at.world.site.order(Fault("create"))
    at.world.site.order(Fault("create"))
    now, manifest = at.world.clock.now(), a_manifest([an_entry()])
    view, verdict = at.converger.run_pass(manifest)
    problem = only(view).problem
    assert problem is not None
    assert (problem.code, problem.since) == ("driver.unavailable", now)
    assert verdict == Later(now + SECOND)

    assert at.converger.run_pass(manifest) == (view, verdict), "nothing before its time"

    at.world.clock.advance(SECOND)
    view, verdict = at.converger.run_pass(manifest)
    assert only(view).problem == problem, "the same trouble, since it began"
    assert verdict == Later(now + 3 * SECOND), "the pause grows"

    at.world.clock.advance(2 * SECOND)
    assert only(settle(at.converger, manifest)).problem is None
    assert at.world.guests() == [(a_mark(), "on")]


def test_one_instance_waiting_does_not_hold_up_another(at: Worlds) -> None:
    at.world.site.order(Fault("create"))
    settle(at.converger, a_manifest([an_entry("in_a"), an_entry("in_b")]))
    assert at.world.guests() == [(a_mark("in_b"), "on")]


@pytest.mark.parametrize("kind", ["exhausted", "rejected", "unsupported"])
def test_what_asking_again_cannot_change_is_not_asked_again(at: Worlds, kind: str) -> None:
    at.world.site.order(Fault("create", kind=kind))  # type: ignore[arg-type]
    manifest = a_manifest([an_entry()])
    settle(at.converger, manifest)
    at.world.clock.advance(timedelta(days=1))
    view, verdict = at.converger.run_pass(manifest)
    problem = only(view).problem
    assert problem is not None
    assert problem.code == f"driver.{kind}"
    assert verdict == Settled()
    settle(at.converger, a_manifest([an_entry(power="off")], number=2))
    assert at.world.guests() == [(a_mark(), "off")], "another wish is tried"


def test_a_withdrawn_instance_is_forgotten_with_its_trouble(at: Worlds) -> None:
    at.world.site.order(Fault("create", kind="exhausted"))
    settle(at.converger, a_manifest([an_entry()]))
    view = settle(at.converger, a_manifest([], [a_tombstone()], number=2))
    assert (only(view).presence, only(view).problem) == ("absent", None)
    view = settle(at.converger, a_manifest([an_entry(run=2)], number=3))
    assert only(settle(at.converger, a_manifest([an_entry(run=2)], number=3))).power == "on"


def test_an_unanswered_create_that_worked_is_found_by_looking(at: Worlds) -> None:
    at.world.site.order(Fault("create", kind="silent"))
    manifest = a_manifest([an_entry()])
    at.converger.run_pass(manifest)
    view = settle(at.converger, manifest)
    assert at.world.guests() == [(a_mark(), "on")]
    assert only(view).problem is None


def test_after_an_unanswered_create_absence_is_doubted_for_a_while(at: Worlds) -> None:
    at.world.site.order(Fault("create", kind="mute"))
    at.converger.run_pass(a_manifest([an_entry()]))
    ended = a_manifest([], [a_tombstone()], number=2)
    end_of_doubt = at.world.clock.now() + GRACE
    view, verdict = at.converger.run_pass(ended)
    assert only(view).presence == "unknown"
    assert verdict == Later(end_of_doubt)
    at.world.clock.set(end_of_doubt)
    assert "driver.sweep.before" not in at.points, "what may yet appear may yet leave something"
    assert only(at.converger.run_pass(ended)[0]).presence == "absent"
    assert at.converger.run_pass(ended)[1] == Settled()


def test_what_a_vanished_guest_left_is_swept_once_it_is_ended_and_only_once(at: Worlds) -> None:
    native = only(settle(at.converger, a_manifest([an_entry()]))).native
    assert native is not None
    at.world.remove(native)
    assert at.world.lost_disks() == 1
    ended = a_manifest([], [a_tombstone()], number=2)
    for _ in range(2):
        assert only(settle(at.converger, ended)).presence == "absent"
    assert at.world.lost_disks() == 0
    assert at.points.count("driver.sweep.after") == 1


def test_every_ended_run_is_swept_the_earliest_first(at: Worlds) -> None:
    natives = [at.world.add(a_mark(run=run)) for run in (1, 2)]
    for native in natives:
        at.world.remove(native)
    manifest = a_manifest([an_entry(run=3)], [a_tombstone(run=1), a_tombstone(run=2)])
    at.world.site.order(Fault("sweep", nth=2))
    view, _ = at.converger.run_pass(manifest)
    assert at.world.lost_disks() == 1
    assert [seen.presence for seen in view.seen] == ["absent", "unknown", "absent"]
    view, _ = at.converger.run_pass(manifest)
    assert view.seen[1].problem is not None
    at.world.clock.advance(SECOND)
    view = settle(at.converger, manifest)
    assert at.world.lost_disks() == 0
    assert [seen.presence for seen in view.seen] == ["absent", "absent", "present"]


@pytest.mark.parametrize("kind", ["lost", "rejected"])
def test_a_run_is_not_called_absent_before_it_was_swept(at: Worlds, kind: str) -> None:
    at.world.remove(at.world.add(a_mark()))
    at.world.site.order(Fault("sweep", kind=kind))  # type: ignore[arg-type]
    now, ended = at.world.clock.now(), a_manifest([], [a_tombstone()])
    view, verdict = at.converger.run_pass(ended)
    assert (only(view).presence, verdict) == ("unknown", Later(now + SECOND))
    assert only(view).problem is not None
    assert at.converger.run_pass(ended) == (view, verdict), "nothing before its time"
    at.world.clock.advance(SECOND)
    seen = only(settle(at.converger, ended))
    assert (seen.presence, seen.problem, at.world.lost_disks()) == ("absent", None, 0)


def test_a_run_that_comes_back_and_vanishes_is_swept_again(at: Worlds) -> None:
    ended = a_manifest([], [a_tombstone()])
    settle(at.converger, ended)
    native = at.world.add(a_mark())
    at.world.site.order(Fault("destroy"))
    at.converger.run_pass(ended)
    at.world.remove(native)
    assert only(settle(at.converger, ended)).presence == "absent"
    assert at.world.lost_disks() == 0


def test_a_guest_that_appears_late_is_ended_and_then_surely_absent(at: Worlds) -> None:
    at.world.site.order(Fault("create", kind="mute"))
    at.converger.run_pass(a_manifest([an_entry()]))
    at.world.add(a_mark())
    view = settle(at.converger, a_manifest([], [a_tombstone()], number=2))
    assert (only(view).presence, at.world.guests()) == ("absent", [])


def test_a_later_clear_refusal_does_not_end_the_doubt_about_an_earlier_order(at: Worlds) -> None:
    at.world.site.order(Fault("create", nth=1, kind="mute"))
    at.world.site.order(Fault("create", nth=2, kind="exhausted"))
    for _ in range(2):
        at.converger.run_pass(a_manifest([an_entry()]))
        at.world.clock.advance(SECOND)
    view, _ = at.converger.run_pass(a_manifest([], [a_tombstone()], number=2))
    assert only(view).presence == "unknown"


def test_a_clear_refusal_leaves_no_doubt(at: Worlds) -> None:
    at.world.site.order(Fault("create", kind="exhausted"))
    at.converger.run_pass(a_manifest([an_entry()]))
    view, _ = at.converger.run_pass(a_manifest([], [a_tombstone()], number=2))
    assert only(view).presence == "absent"


def test_a_guest_gone_between_look_and_order_is_made_again() -> None:
    world = World()
    converger = Converger(world.driver, world.clock, lambda _: None)
    manifest = a_manifest([an_entry()])
    converger.run_pass(manifest)

    def vanish(point: str) -> None:
        if point == "driver.set_power.before" and len(world.guests()) == 1:
            world.remove(NativeId("fake-guest-1"))

    converger = Converger(world.driver, world.clock, vanish)
    converger.run_pass(manifest)
    assert world.guests() == []
    converger = Converger(world.driver, world.clock)
    settle(converger, manifest)
    assert world.guests() == [(a_mark(), "on")]


def test_an_order_made_wrong_by_the_site_blocks_nothing_but_itself(at: Worlds) -> None:
    manifest = a_manifest([an_entry()])
    at.converger.run_pass(manifest)
    at.world.site.order(Fault("set_power", kind="rejected"))
    at.converger.run_pass(manifest)
    at.world.remove(NativeId("fake-guest-1"))
    settle(at.converger, manifest)
    assert at.world.guests() == [(a_mark(), "on")]


def test_what_only_a_person_can_mend_is_told_since_it_began(at: Worlds) -> None:
    manifest = a_manifest([an_entry(run=2)])
    at.world.add(a_mark(run=1))
    began = at.world.clock.now()
    at.converger.run_pass(manifest)
    at.world.clock.advance(SECOND)
    view, verdict = at.converger.run_pass(manifest)
    problem = only(view).problem
    assert problem is not None
    assert (problem.code, problem.since) == ("converge.other_run", began)
    assert verdict == Settled()


def test_a_blind_agent_tells_its_last_good_look_and_why(at: Worlds) -> None:
    manifest = a_manifest([an_entry()])
    good = settle(at.converger, manifest)
    began = at.world.clock.now()
    for _ in range(2):
        at.world.site.order(Fault("survey"))
        at.world.site.order(Fault("survey", nth=2))
    newer = a_manifest([], [a_tombstone()], number=2)
    view, verdict = at.converger.run_pass(newer)
    assert view.trouble is not None
    assert (view.trouble.code, view.trouble.since) == ("driver.unavailable", began)
    assert replace(view, trouble=None) == good
    assert verdict == Later(began + SECOND)
    at.world.clock.advance(SECOND)
    again, verdict = at.converger.run_pass(newer)
    assert (again, verdict) == (view, Later(began + 3 * SECOND))
    assert len(at.world.guests()) == 1, "nothing is done blindly"


def test_sight_regained_ends_the_trouble(at: Worlds) -> None:
    at.world.site.order(Fault("survey"))
    at.converger.run_pass(a_manifest([an_entry()]))
    assert settle(at.converger, a_manifest([an_entry()])).trouble is None


@pytest.mark.parametrize("has_manifest", [True, False])
def test_an_agent_blind_from_the_start_says_that_it_knows_nothing(
    at: Worlds, *, has_manifest: bool
) -> None:
    at.world.site.order(Fault("survey"))
    manifest = a_manifest([an_entry("in_b")], [a_tombstone("in_a")]) if has_manifest else None
    view, _ = at.converger.run_pass(manifest)
    told = [(seen.mark.owner, seen.role, seen.presence) for seen in view.seen]
    both = [("in_a", "end", "unknown"), ("in_b", "run", "unknown")]
    assert told == (both if has_manifest else [])
    assert view.trouble is not None


class Broken(FakeDriver):
    """Breaks its contract for one instance."""

    def __init__(self, world: World) -> None:
        super().__init__(world.site, US)
        self.is_broken = True

    def create(self, mark: Mark, host: str, spec: GuestSpec) -> None:
        if mark.owner == "in_a" and self.is_broken:
            raise KeyError(host)
        super().create(mark, host, spec)


def test_a_driver_that_breaks_its_contract_for_one_does_not_starve_the_rest() -> None:
    world = World()
    driver = Broken(world)
    converger = Converger(driver, world.clock)
    manifest = a_manifest([an_entry("in_a"), an_entry("in_b")])
    with pytest.raises(KeyError):
        converger.run_pass(manifest)
    view = settle(converger, manifest)
    assert world.guests() == [(a_mark("in_b"), "on")]
    problem = view.seen[0].problem
    assert problem is not None
    assert problem.code == "bug"
    view, _ = converger.run_pass(a_manifest([], [a_tombstone("in_a")], number=2))
    assert only(view).presence == "unknown", "nobody knows what became of that order"


def test_a_crowd_is_served_in_portions_between_which_there_is_a_look() -> None:
    world = World()

    def take_a_while(point: str) -> None:
        if point.endswith("before"):
            world.clock.advance(DOING_AT_MOST / 2)

    converger = Converger(world.driver, world.clock, take_a_while)
    manifest = a_manifest([an_entry("in_a"), an_entry("in_b"), an_entry("in_c")])
    view, verdict = converger.run_pass(manifest)
    assert (len(world.guests()), len(view.seen), verdict) == (2, 3, Again())
    settle(converger, manifest)
    assert len(world.guests()) == 3


def test_a_portion_that_failed_as_a_whole_does_not_end_the_serving() -> None:
    world = World()
    world.site.order(Fault("create"))

    def take_too_long(_point: str) -> None:
        world.clock.advance(DOING_AT_MOST)

    converger = Converger(world.driver, world.clock, take_too_long)
    assert converger.run_pass(a_manifest([an_entry("in_a"), an_entry("in_b")]))[1] == Again()


def test_an_unaltered_world_gives_the_very_same_view(at: Worlds) -> None:
    manifest = a_manifest([an_entry("in_a"), an_entry("in_b")], [a_tombstone("in_c")])
    at.world.add(a_mark("in_o"))
    first = settle(at.converger, manifest)
    at.world.clock.advance(timedelta(hours=1))
    assert at.converger.run_pass(manifest)[0] == first


def test_a_fresh_converger_sees_what_the_old_one_saw(at: Worlds) -> None:
    manifest = a_manifest([an_entry()])
    view = settle(at.converger, manifest)
    assert Converger(at.world.driver, at.world.clock).run_pass(manifest)[0] == view


class Mumbling(FakeDriver):
    """Refuses in bytes that are no text."""

    def create(self, mark: Mark, host: str, spec: GuestSpec) -> None:  # noqa: ARG002
        raise Rejected("no such image: \udcff")


def test_words_that_could_not_travel_are_mended() -> None:
    world = World()
    converger = Converger(Mumbling(world.site, US), world.clock)
    problem = only(settle(converger, a_manifest([an_entry()]))).problem
    assert problem is not None
    assert problem.text == "no such image: ?"
