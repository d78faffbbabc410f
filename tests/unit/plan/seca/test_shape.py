"""Documents are held to their kind's table, and what is fixed stays."""

from typing import Any

import pytest

from hanza.model.errors import Conflict, Invalid
from hanza.model.fields import Many, Member, Record, Text, Whole
from hanza.model.kinds import BLOCK_STORAGE, INSTANCE, WORKSPACE
from hanza.plan.seca.shape import check_kept, check_shape, references_in

GOOD: dict[str, Any] = {
    "skuRef": {"resource": "skus/hanza.xs"},
    "zone": "any",
    "bootVolume": {"deviceRef": {"resource": "block-storages/b"}, "type": "virtio"},
    "sshKeys": ["k"],
    "userData": None,
    "dataVolumes": [{"deviceRef": {"resource": "block-storages/d"}}],
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": ""}, "spec.zone"),
        ({"zone": "z" * 33}, "spec.zone"),
        ({"zone": 1}, "spec.zone"),
        ({"zone": None}, "spec.zone"),
        ({"sshKeys": [""]}, "spec.sshKeys.0"),
        ({"sshKeys": ["k"] * 33}, "spec.sshKeys"),
        ({"sshKeys": ["k" * 4097]}, "spec.sshKeys.0"),
        ({"sshKeys": "k"}, "spec.sshKeys"),
        ({"userData": "u" * 65537}, "spec.userData"),
        ({"antiAffinityGroup": "a" * 65}, "spec.antiAffinityGroup"),
        ({"dataVolumes": [GOOD["bootVolume"]] * 65}, "spec.dataVolumes"),
        ({"bootVolume": []}, "spec.bootVolume"),
        ({"bootVolume": {"deviceRef": "b"}}, "spec.bootVolume.deviceRef"),
        ({"bootVolume": {"deviceRef": {}}}, "spec.bootVolume.deviceRef.resource"),
        (
            {"bootVolume": {**GOOD["bootVolume"], "type": "ide"}},
            "spec.bootVolume.type",
        ),
        ({"surprise": 1}, "spec"),
    ],
)
def test_what_breaks_a_limit_is_refused_by_its_place(change: dict[str, Any], field: str) -> None:
    check_shape(GOOD, INSTANCE.spec, "spec")
    with pytest.raises(Invalid) as refused:
        check_shape(GOOD | change, INSTANCE.spec, "spec")
    assert refused.value.field == field


@pytest.mark.parametrize("size", [0, -1, 1_000_001, "20", 1.5, True])
def test_a_size_that_is_none_is_refused(size: object) -> None:
    spec = {"sizeGB": size, "skuRef": {"resource": "hanza.local"}}
    with pytest.raises(Invalid):
        check_shape(spec, BLOCK_STORAGE.spec, "spec")


def test_a_number_may_have_no_upper_limit() -> None:
    check_shape(10**9, Whole(1), "n")


def test_what_is_free_may_be_anything_but_must_be_an_object() -> None:
    check_shape({"a": [1, {"b": None}]}, WORKSPACE.spec, "spec")
    with pytest.raises(Invalid):
        check_shape([], WORKSPACE.spec, "spec")


def test_what_is_fixed_is_kept_and_what_grows_never_shrinks() -> None:
    old = {"sizeGB": 20, "skuRef": {"resource": "a"}}
    check_kept(old, old | {"sizeGB": 30}, BLOCK_STORAGE.spec, "spec")
    for change in ({"sizeGB": 19}, {"skuRef": {"resource": "b"}}, {"sourceImageRef": {}}):
        with pytest.raises(Conflict):
            check_kept(old, old | change, BLOCK_STORAGE.spec, "spec")
    moved = {**GOOD, "bootVolume": {"deviceRef": {"resource": "block-storages/other"}}}
    with pytest.raises(Conflict) as refused:
        check_kept(GOOD, moved, INSTANCE.spec, "spec")
    assert refused.value.field == "spec.bootVolume.deviceRef"
    check_kept(GOOD, {**GOOD, "zone": "zagreb"}, INSTANCE.spec, "spec")


def test_every_reference_is_found_where_it_stands() -> None:
    found = {field: shape.kind for field, shape, _ in references_in(GOOD, INSTANCE.spec, "spec")}
    assert found == {
        "spec.skuRef": "instance-sku",
        "spec.bootVolume.deviceRef": "block-storage",
        "spec.dataVolumes.0.deviceRef": "block-storage",
    }


def test_a_list_that_is_too_short_is_refused() -> None:
    shape = Record((Member("names", Many(Text(), 2, 1)),))
    with pytest.raises(Invalid):
        check_shape({"names": []}, shape, "spec")
