"""Manifests: hashed, judged, shortened, restored."""

from dataclasses import replace

import pytest

from hanza.model.errors import Conflict
from hanza.model.guest import Port
from hanza.model.ids import AgentId, VolumeId
from hanza.model.manifest import GENESIS, Manifest
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone
from hanza.plan.manifest import (
    Judgement,
    apply_delta,
    delta_between,
    hash_of,
    is_empty,
    judge,
    manifest_of,
    says_the_same,
)
from kit.agent_worlds import ME, a_bundle, a_manifest, a_tombstone, an_entry

FIRST = a_manifest([an_entry("in_a"), an_entry("in_b")], others=[a_bundle("a"), a_bundle("b")])
A_VOLUME = VolumeEntry(Stay(VolumeId("vo_a"), 1), "host-1", 64, "tiny")
SECOND = a_manifest(
    [an_entry("in_b", power="off"), an_entry("in_c")],
    [a_tombstone("in_a")],
    number=2,
    parent=hash_of(FIRST),
    others=[a_bundle("c"), a_bundle("b")],
)


def judged(held: Manifest | None, offered: Manifest) -> Judgement:
    return judge(held, offered.version, offered.parent, hash_of(offered))


def test_content_is_in_canonical_order_whatever_order_it_came_in() -> None:
    entries = [an_entry("in_b"), an_entry("in_a", 2), an_entry("in_a", 1)]
    assert a_manifest(entries) == a_manifest(reversed(entries))


def test_the_hash_is_the_same_on_every_machine_for_ever() -> None:
    assert hash_of(FIRST).hex() == (
        "fd8fe004addd6079748b90b6ed9779de14af157368b0a03293b9f94e277cd4d0"
    )
    # As it was before there were bundles, seeds and ports.
    assert hash_of(replace(FIRST, bundles=())).hex() == (
        "a2e97b3e28c91d55a9a130719b23a9a821cb804c90dab61db4a32d2fec6ce2a8"
    )


def told(**change: object) -> Manifest:
    first, *others = FIRST.entries
    spec = replace(first.spec, **change)  # type: ignore[arg-type]
    return replace(FIRST, entries=(replace(first, spec=spec), *others))


@pytest.mark.parametrize(
    "other",
    [
        replace(FIRST, agent=AgentId("ag_other")),
        replace(FIRST, version=replace(FIRST.version, number=2)),
        replace(FIRST, parent=bytes(31) + b"\x01"),
        replace(FIRST, entries=FIRST.entries[:1]),
        replace(FIRST, tombstones=(a_tombstone("in_z"),)),
        replace(FIRST, bundles=FIRST.bundles[:1]),
        replace(FIRST, volumes=(A_VOLUME,)),
        replace(FIRST, volume_tombstones=(VolumeTombstone(A_VOLUME.stay),)),
        replace(FIRST, entries=(replace(FIRST.entries[0], volumes=(VolumeId("vo_a"),)),)),
        told(hostname="web"),
        told(ssh_keys=("ssh-ed25519 AAAA",)),
        told(user_data="#!/bin/sh"),
        told(ports=(Port(8080, 80),)),
    ],
)
def test_the_hash_changes_when_anything_does(other: Manifest) -> None:
    assert hash_of(other) != hash_of(FIRST)


def test_a_name_that_is_no_valid_unicode_still_hashes() -> None:
    entry = replace(an_entry(), spec=replace(an_entry().spec, name="\ud800"))
    assert len(hash_of(a_manifest([entry]))) == 32


def test_saying_the_same_is_about_content_only() -> None:
    assert says_the_same(FIRST, replace(FIRST, version=SECOND.version, parent=GENESIS))
    assert not says_the_same(FIRST, SECOND)


def test_without_a_manifest_any_is_taken() -> None:
    assert judged(None, SECOND) == "take"


def test_the_next_one_is_taken() -> None:
    assert judged(FIRST, SECOND) == "take"


def test_a_later_one_is_taken_though_some_were_skipped() -> None:
    assert judged(FIRST, a_manifest(number=9, parent=hash_of(SECOND))) == "take"


def test_a_next_one_that_follows_something_else_is_forked() -> None:
    assert judged(FIRST, replace(SECOND, parent=GENESIS)) == "forked"


def test_a_higher_epoch_is_taken_whatever_it_follows() -> None:
    assert judged(SECOND, a_manifest(epoch=2, number=1)) == "take"


def test_the_one_that_is_held_is_known() -> None:
    assert judged(FIRST, FIRST) == "held"


def test_other_content_under_the_held_version_is_forked() -> None:
    assert judged(FIRST, replace(FIRST, entries=())) == "forked"


def test_an_older_one_is_older_even_when_its_epoch_has_more_publications() -> None:
    held = a_manifest(epoch=2, number=1)
    assert judged(held, a_manifest(epoch=1, number=99)) == "older"
    assert judged(SECOND, FIRST) == "older"


def test_a_delta_leads_from_one_to_the_other() -> None:
    assert apply_delta(FIRST, delta_between(FIRST, SECOND)) == SECOND


def test_a_delta_back_drops_what_the_other_put() -> None:
    assert apply_delta(SECOND, delta_between(SECOND, FIRST)) == FIRST


def test_a_delta_says_only_what_changed() -> None:
    delta = delta_between(FIRST, replace(FIRST, version=SECOND.version))
    assert (delta.put_entries, delta.drop_entries) == ((), ())
    assert (delta.put_tombstones, delta.drop_tombstones) == ((), ())


def test_a_delta_from_another_base_does_not_fit() -> None:
    delta = delta_between(FIRST, SECOND)
    for base in (None, SECOND, replace(FIRST, agent=AgentId("ag_other"))):
        with pytest.raises(Conflict, match="not held"):
            apply_delta(base, delta)


def test_a_forged_delta_does_not_add_up() -> None:
    delta = replace(delta_between(FIRST, SECOND), drop_entries=())
    with pytest.raises(Conflict, match="does not lead"):
        apply_delta(FIRST, delta)


def test_a_manifest_names_its_agent() -> None:
    assert manifest_of(ME, FIRST.version, GENESIS, (), ()).agent == ME


def test_a_delta_says_no_more_of_images_than_what_changed() -> None:
    delta = delta_between(FIRST, SECOND)
    assert delta.put_bundles == (a_bundle("c"),)
    assert delta.drop_bundles == (a_bundle("a").id,)
    assert not says_the_same(FIRST, replace(FIRST, bundles=()))


def test_volumes_come_change_and_go_by_deltas() -> None:
    one, two = A_VOLUME, replace(A_VOLUME, stay=Stay(VolumeId("vo_b"), 2))
    first = a_manifest(others=[two, one])
    assert first.volumes == (one, two)
    grown = replace(one, size_mib=128)
    ended = VolumeTombstone(two.stay)
    second = a_manifest(number=2, parent=hash_of(first), others=[ended, grown])
    delta = delta_between(first, second)
    assert (delta.put_volumes, delta.drop_volumes) == ((grown,), (two.stay,))
    assert delta.put_volume_tombstones == (ended,)
    assert apply_delta(first, delta) == second
    third = a_manifest(number=3, parent=hash_of(second), others=[grown])
    delta = delta_between(second, third)
    assert delta.drop_volume_tombstones == (two.stay,)
    assert apply_delta(second, delta) == third
    assert not says_the_same(first, second)


def test_a_manifest_that_wants_and_ends_nothing_is_empty() -> None:
    assert is_empty(a_manifest())
    for said in ([an_entry()], []):
        others = [] if said else [VolumeTombstone(A_VOLUME.stay)]
        assert not is_empty(a_manifest(said, others=others))
    assert not is_empty(a_manifest(tombstones=[a_tombstone()]))
    assert not is_empty(a_manifest(others=[A_VOLUME]))
