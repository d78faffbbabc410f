"""What things cost of a quota, what it refuses and in which words."""

from dataclasses import replace
from datetime import UTC, datetime

from hanza.model.guest import GuestSpec
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.instance import Address, Wanted
from hanza.model.quota import NONE, UNLIMITED, Amounts, Excess, Limits, Scope
from hanza.model.volume import Disk
from hanza.plan.quota import (
    Shard,
    exceeded,
    instance_change,
    instance_cost,
    overfull,
    refusal_of,
    resource_cost,
    spread,
    used_of,
    volume_cost,
)

WEB = Wanted(
    InstanceId("in_web"),
    Address("acme", "shop", "web"),
    "DE",
    GuestSpec("web", "tiny", 2, 512, 64),
    "on",
    1,
    datetime(2026, 1, 1, tzinfo=UTC),
)
COST = Amounts(1, 2, 512, 64)


def test_an_instance_costs_its_guest_and_its_own_disk() -> None:
    assert instance_cost(WEB) == COST
    assert instance_cost(replace(WEB, boot_volume=VolumeId("vo_1"))) == Amounts(1, 2, 512)
    assert volume_cost(7) == Amounts(storage_mib=7)


def test_only_public_addresses_count_by_their_own_words() -> None:
    named = {"version": "IPv4", "address": "198.51.100.7"}
    assert resource_cost("public-ip", named) == Amounts(addresses=1)
    assert resource_cost("public-ip", {"version": "IPv4"}) == NONE
    assert resource_cost("nic", named) == NONE
    assert resource_cost("block-storage", {"sizeGB": 9}) == NONE
    assert resource_cost("workspace", {}) == NONE


def test_a_change_counts_the_difference_and_volumes_what_they_grow_by() -> None:
    data = replace(WEB, disks=(Disk("a", 100), Disk("b", 10), Disk("c", 5)))
    assert instance_change(None, WEB) == COST
    assert instance_change(WEB, WEB) == NONE
    assert instance_change(None, data) == COST + volume_cost(115)
    assert instance_change(WEB, data, {"a": 60, "b": 10, "c": 9}) == volume_cost(40)
    assert instance_change(data, WEB, {"a": 60}) == NONE
    smaller = replace(WEB, spec=replace(WEB.spec, cpus=1, memory_mib=1024))
    assert instance_change(WEB, smaller) == Amounts(cpus=-1, memory_mib=512)


def test_what_is_asked_beyond_a_limit_is_named_and_what_takes_less_never_is() -> None:
    limits, used = Limits(cpus=4, memory_mib=100), Amounts(9, 5, 100, 9, 9)
    assert exceeded(used, limits, Amounts(1, 0, 0, 1, 1)) == ()
    assert exceeded(used, limits, Amounts(1, -1, 0)) == ()
    assert exceeded(used, limits, Amounts(1, 1, 1)) == (
        Excess("cpus", 4, 5, 1),
        Excess("memory_mib", 100, 100, 1),
    )
    assert exceeded(NONE, limits, Amounts(1, 4, 100)) == ()
    assert overfull(used, limits) == ("cpus",)
    assert overfull(used, UNLIMITED) == ()


def test_a_refusal_says_whose_which_how_much_and_what_to_do() -> None:
    scope = Scope("acme", "shop")
    assert scope.both == (scope, Scope("acme"))
    assert Scope("acme").both == (Scope("acme"),)
    excess = [Excess("cpus", 4, 3, 2), Excess("memory_mib", 100, 90, 20)]
    refusal = refusal_of(scope, excess)
    assert refusal.code == "quota.exceeded"
    assert refusal.text == (
        "the quota of workspace shop of tenant acme is 4 cpus (3 used, 2 more asked for) and"
        " 100 MiB of memory (90 used, 20 more asked for); nothing was changed"
    )
    assert refusal.hint is not None
    assert "have the tenant raise the quota" in refusal.hint
    assert "the operator" in str(refusal_of(Scope("acme"), excess).hint)


def test_what_is_left_is_dealt_out_evenly_and_the_rest_to_who_asks() -> None:
    limits = Limits(instances=10)
    (one,) = spread((), limits, Amounts(3), 7)
    assert one == Shard(7, Amounts(3), limits)
    first, second = spread((one,), limits, Amounts(2), 4)
    assert (first, second) == (
        Shard(4, Amounts(2), Limits(2 + 3)),
        Shard(7, Amounts(3), Limits(3 + 2)),
    )
    assert used_of((first, second)) == Amounts(5)
    assert [one.part for one in spread((first, second), UNLIMITED, NONE, 4)] == [UNLIMITED] * 2


def test_a_quota_below_what_is_used_leaves_one_shard_that_has_everything() -> None:
    shards = (Shard(1, Amounts(4, 9)), Shard(2, Amounts(-1, 3)))
    limits = Limits(instances=2, cpus=50)
    (only,) = spread(shards, limits, NONE, 5)
    assert only == Shard(5, Amounts(3, 12), limits)
    (still,) = spread((only,), Limits(instances=1), Amounts(-1), 6)
    assert still == Shard(6, Amounts(2, 12), Limits(instances=1))
    kept = spread((still,), Limits(instances=1), Amounts(-1), 1)
    assert [one.part for one in kept] == [Limits(instances=-1 + 0), Limits(instances=2)]
