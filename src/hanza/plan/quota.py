"""What things cost of a quota, what a quota refuses, and how a count is kept in parts.

So that planes which admit at the same moment do not wait for one row, the count of a scope is
spread over *shards*.  Each has a part of what is used and a part of what is allowed, and takes
what fits by itself; only what does not is decided on all of them (`spread`), so nothing is refused
that the sum allows.  Always:

- used amounts and parts of all shards sum up to what is used and to the limits;
- no shard uses more than its part, or there is but one shard.

The second is what makes one shard's word enough: what fits a shard fits the sum.  A quota that was
lowered below what is used has one shard until it is kept again.  What is used in one shard may be
negative: what was counted in one is given back in another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hanza.model.errors import QuotaExceeded
from hanza.model.instance import Wanted
from hanza.model.quota import (
    DIMENSIONS,
    NONE,
    UNLIMITED,
    WORDS,
    Amounts,
    Dimension,
    Excess,
    Limits,
    Scope,
)
from hanza.model.volume import Disk

SHARDS = 16
"""How many a scope has at most; one is made when a plane first counts there."""
PUBLIC_IP = "public-ip"


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a scope's count; `part` is what of the limits it may use up."""

    number: int
    used: Amounts = NONE
    part: Limits = UNLIMITED


def instance_cost(wanted: Wanted) -> Amounts:
    """Its guest and the disk that ends with it; volumes count by themselves."""
    spec = wanted.spec
    disk_mib = 0 if wanted.boot_volume is not None else spec.disk_mib
    return Amounts(1, spec.cpus, spec.memory_mib, disk_mib)


def volume_cost(size_mib: int) -> Amounts:
    return Amounts(storage_mib=size_mib)


def resource_cost(kind: str, spec: Mapping[str, object]) -> Amounts:
    """What a stored resource of the standard counts by its own words.

    Instances and block storages count nothing here: they are counted as the instances and volumes
    that they lead to, whichever API asked.  A public address counts once it has one: without any
    it is a name for what nobody gave it yet.
    """
    has_address = kind == PUBLIC_IP and bool(spec.get("address"))
    return Amounts(addresses=1) if has_address else NONE


def instance_change(
    known: Wanted | None, wanted: Wanted, volumes: Mapping[str, int] | None = None
) -> Amounts:
    """What having this instead counts more: negative where it takes less.

    `volumes` are the sizes of those that there are, by the names that its disks have.
    """
    before = NONE if known is None else instance_cost(known)
    return instance_cost(wanted) - before + _growth(wanted.disks, volumes or {})


def _growth(disks: Iterable[Disk], volumes: Mapping[str, int]) -> Amounts:
    """Volumes are made and grow with their instance, and never shrink or end with it."""
    more = (max(disk.size_mib - volumes.get(disk.name, 0), 0) for disk in disks)
    return volume_cost(sum(more))


def exceeded(used: Amounts, limits: Limits, change: Amounts) -> tuple[Excess, ...]:
    """Where the change asks for more than may be; what takes less is never in the way."""
    found = []
    for one in DIMENSIONS:
        limit, asked = limits.of(one), change.of(one)
        if limit is not None and asked > 0 and used.of(one) + asked > limit:
            found.append(Excess(one, limit, used.of(one), asked))
    return tuple(found)


def refusal_of(scope: Scope, excess: Sequence[Excess]) -> QuotaExceeded:
    """Says which quota, whose, its limit, what is used and asked, and what would help."""
    parts = [
        f"{one.limit} {WORDS[one.dimension]} ({one.used} used, {one.asked} more asked for)"
        for one in excess
    ]
    who = "the tenant" if scope.workspace else "the operator"
    return QuotaExceeded(
        f"the quota of {scope.words} is {' and '.join(parts)}; nothing was changed",
        hint=f"end or shrink something, or have {who} raise the quota; what was asked to end"
        " counts until its site has said that it is gone",
    )


def overfull(used: Amounts, limits: Limits) -> tuple[Dimension, ...]:
    """Of what there is more than may be, since the quota was lowered."""
    pairs = ((one, limits.of(one)) for one in DIMENSIONS)
    return tuple(one for one, most in pairs if most is not None and used.of(one) > most)


def used_of(shards: Iterable[Shard]) -> Amounts:
    return sum((one.used for one in shards), NONE)


def spread(
    shards: Sequence[Shard], limits: Limits, change: Amounts, mine: int
) -> tuple[Shard, ...]:
    """All shards after a change that the limits allow, counted in the shard of this number.

    What is left of each limit is dealt out evenly, what cannot be to this shard.  Where more is
    used than may be there is one shard left, with everything.
    """
    known = {one.number: one for one in shards}
    own = known.get(mine, Shard(mine))
    known[mine] = replace(own, used=own.used + change)
    used = used_of(known.values())
    if overfull(used, limits):
        return (Shard(mine, used, limits),)
    return tuple(
        replace(one, part=_part(one, used, limits, len(known), is_mine=number == mine))
        for number, one in sorted(known.items())
    )


def _part(shard: Shard, used: Amounts, limits: Limits, shards: int, *, is_mine: bool) -> Limits:
    parts: list[int | None] = []
    for one in DIMENSIONS:
        limit = limits.of(one)
        if limit is None:
            parts.append(None)
            continue
        share, rest = divmod(limit - used.of(one), shards)
        parts.append(shard.used.of(one) + share + (rest if is_mine else 0))
    return Limits(*parts)
