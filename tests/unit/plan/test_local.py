"""A provider's stop holds until the site or the plane says otherwise, and is told as the reason."""

from dataclasses import replace

import pytest

from hanza.model.local import LocalStop
from hanza.model.manifest import Manifest
from hanza.model.problem import Problem
from hanza.model.report import Seen
from hanza.plan.local import heeding, problem_of, standing, telling
from kit.agent_worlds import START, a_manifest, a_mark, a_tombstone, a_view, an_entry

STOP = LocalStop(a_mark(), START, "ana", "the rack is hot")


@pytest.mark.parametrize(
    ("manifest", "holds"),
    [
        (a_manifest([an_entry()]), True),
        (a_manifest([an_entry()], [a_tombstone("in_b", run=9)]), True),
        (a_manifest([an_entry(cpus=4)], number=7), True),
        (a_manifest([an_entry(power="off")]), False),
        (a_manifest([an_entry(run=2)], [a_tombstone()]), False),
        (a_manifest([an_entry()], [a_tombstone()]), False),
        (a_manifest([]), False),
        (None, False),
    ],
)
def test_it_holds_while_the_plane_wants_that_run_on(
    manifest: Manifest | None, *, holds: bool
) -> None:
    assert standing(manifest, [STOP]) == ((STOP,) if holds else ())


def test_what_is_stopped_is_wanted_off_and_nothing_else_is_changed() -> None:
    manifest = a_manifest([an_entry("in_a"), an_entry("in_b")])
    heeded = heeding(manifest, [STOP])
    assert heeded == a_manifest([an_entry("in_a", power="off"), an_entry("in_b")])
    assert heeding(manifest, []) is manifest
    assert heeding(None, [STOP]) is None


def test_it_is_told_as_the_reason_unless_there_is_another() -> None:
    mine, other = Seen(a_mark(), "run", "present"), Seen(a_mark("in_b"), "run", "present")
    told = telling(a_view([mine, other]), [STOP])
    assert told.seen == (replace(mine, problem=problem_of(STOP)), other)
    assert problem_of(STOP).text == "stopped at its site by ana: the rack is hot"
    assert problem_of(replace(STOP, reason="")).text == "stopped at its site by ana"
    sick = replace(mine, problem=Problem("driver.rejected", "no", START))
    for seen in (sick, replace(mine, role="end")):
        assert telling(a_view([seen]), [STOP]).seen == (seen,)
    view = a_view([mine])
    assert telling(view, []) is view
