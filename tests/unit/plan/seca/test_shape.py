"""Documents are held to their kind's table, and what is fixed stays."""

import re
from typing import Any

import pytest

from hanza.model.errors import Conflict, Invalid
from hanza.model.fields import (
    Address,
    Block,
    Flag,
    Many,
    Member,
    Record,
    Shape,
    Text,
    Values,
    Version,
    Whole,
)
from hanza.model.kinds import BLOCK_STORAGE, INSTANCE, WORKSPACE
from hanza.plan.seca.shape import check_kept, check_shape, references_in, without_nulls

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


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Flag(), True),
        (Block(4, 9, 18), "0.0.0.0/0"),
        (Block(4, 9, 18), "10.0.0.1/16"),
        (Block(6, 4, 43), "::/0"),
        (Block(6, 4, 43), "::ffff:10.0.0.0/104"),
        (Block(None, 1, 43), "10.0.0.0/8"),
        (Block(None, 1, 43), "FD00::/8"),
        (Address(1, 39), "0.0.0.0"),
        (Address(1, 39), "2001:db8::1"),
        (Values(2), {"a": "bb"}),
        (Record((Member("a", Text()),), is_never_empty=True), {"a": "b"}),
    ],
)
def test_what_is_well_formed_is_taken(shape: Shape, value: object) -> None:
    check_shape(value, shape, "f")


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Flag(), 1),
        (Flag(), "true"),
        (Block(4, 9, 18), "fd00:0::/8"),
        (Block(4, 9, 18), "10.0.0.0/33"),
        (Block(4, 9, 18), "10.0.0.0"),
        (Block(4, 9, 30), "10.0.0.0/255.0.0.0"),
        (Block(4, 9, 18), "10.0.0.0/8\n"),
        (Block(4, 9, 18), "010.0.0.0/8"),
        (Block(4, 9, 18), "1.1.1.1"),
        (Block(6, 4, 43), "10.0.0.0/8"),
        (Block(6, 4, 43), "fe80::1%eth0/64"),
        (Block(6, 4, 43), "::/129"),
        (Block(6, 4, 43), 4),
        (Block(None, 1, 43), ""),
        (Block(None, 1, 43), "::/1280"),
        (Address(1, 39), ""),
        (Address(1, 39), "10.0.0.0/8"),
        (Address(1, 39), "fe80::1%eth0"),
        (Address(1, 39), "10.0.0"),
        (Address(1, 39), 1),
        (Values(2), {"a": "bbb"}),
        (Values(2), {"a": None}),
        (Values(2), []),
        (Record((Member("a", Text()),), is_never_empty=True), {}),
        (Record((Member("a", Text()),), is_never_empty=True), {"a": None}),
    ],
)
def test_what_is_not_well_formed_is_refused(shape: Shape, value: object) -> None:
    with pytest.raises(Invalid):
        check_shape(value, shape, "f")


def test_a_range_looks_as_its_pattern_says() -> None:
    texts: dict[Version | None, str] = {4: "10.0.0.0/8", 6: "fd00::/8", None: "fd00::/8"}
    for version, text in texts.items():
        assert re.match(Block(version, 1, 43).pattern, text)


def test_null_says_nothing_and_is_not_kept() -> None:
    nulls = GOOD | {
        "dataVolumes": [{"deviceRef": {"resource": "block-storages/d", "tenant": None}}],
        "sshKeys": None,
        "bootVolume": {"deviceRef": {"resource": "block-storages/b"}, "type": None},
    }
    said = without_nulls(nulls, INSTANCE.spec)
    assert said == {
        "skuRef": {"resource": "skus/hanza.xs"},
        "zone": "any",
        "bootVolume": {"deviceRef": {"resource": "block-storages/b"}},
        "dataVolumes": [{"deviceRef": {"resource": "block-storages/d"}}],
    }


@pytest.mark.parametrize(
    "wrong",
    [{"unknown": None}, {"bootVolume": 3}, {"dataVolumes": "x"}, {"skuRef": [None]}],
)
def test_what_has_another_shape_is_left_for_the_check(wrong: dict[str, Any]) -> None:
    said = without_nulls(GOOD | wrong, INSTANCE.spec)
    assert isinstance(said, dict)
    assert said.items() >= wrong.items()
    with pytest.raises(Invalid):
        check_shape(said, INSTANCE.spec, "spec")
