"""Ranges of addresses: what lies in what, and which one is given to who asks for any.

`0.0.0.0/16` asks for any range of that size, `::/64` likewise.  What is asked for by itself is
taken as it is, also when another has it already: who keeps ranges apart is the tenant.
"""

import hashlib
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeAlias

from hanza.model.errors import Invalid, NoRoom

Range: TypeAlias = IPv4Network | IPv6Network
PRIVATE_4 = ip_network("10.0.0.0/8")
PRIVATE_6 = ip_network("fd00::/8")
GLOBAL_ID_BITS = 40
FAMILIES = ("ipv4", "ipv6")


def private_of(seed: str) -> tuple[Range, ...]:
    """Where a new network's ranges are taken from: RFC 1918, and a /48 of its own by RFC 4193.

    The same seed always has the same ones.
    """
    own = int.from_bytes(hashlib.sha256(seed.encode()).digest()[: GLOBAL_ID_BITS // 8])
    prefixlen = PRIVATE_6.prefixlen + GLOBAL_ID_BITS
    at = int(PRIVATE_6.network_address) | own << (PRIVATE_6.max_prefixlen - prefixlen)
    return PRIVATE_4, IPv6Network((at, prefixlen))


def ranges_of(cidr: Any) -> dict[str, Range]:
    """The ranges of a well-shaped `{ipv4, ipv6}`, by family; bits beside the prefix are cut."""
    said = {family: cidr.get(family) for family in FAMILIES}
    return {family: ip_network(text, strict=False) for family, text in said.items() if text}


def is_range(text: object) -> bool:
    """Whether it is an IP address, or a range of them."""
    try:
        return isinstance(text, str) and bool(ip_network(text, strict=False))
    except ValueError:
        return False


def is_any(wish: Range) -> bool:
    """Whether it asks for any range of its size.  The whole of all addresses is just that."""
    return int(wish.network_address) == 0


def given(
    cidr: Any, pools: Sequence[Range], taken: Iterable[Range], before: Any, field: str
) -> dict[str, str]:
    """A `{ipv4, ipv6}` with a range of its own for each that asks for any.

    `before` is what was given last time; it stays while it still is what is asked for.  Raises
    `Invalid` for a size that no pool can have, `NoRoom` when there is none left.
    """
    others, kept = list(taken), ranges_of(before)
    found: dict[str, str] = {}
    for family, wish in ranges_of(cidr).items():
        old = kept.get(family)
        if not is_any(wish):
            chosen = wish
        elif old is not None and old.prefixlen == wish.prefixlen and _in_any(old, pools):
            chosen = old
        else:
            chosen = _first_free(wish, pools, others, f"{field}.{family}")
        found[family] = str(chosen)
    return found


def check_inside(cidr: Any, outer: Sequence[Range], field: str) -> None:
    """Raises `Invalid` for a range that is in none of the outer ones."""
    for family, wish in ranges_of(cidr).items():
        if not is_any(wish) and not _in_any(wish, outer):
            there = ", ".join(str(one) for one in outer)
            raise Invalid(f"{wish} is outside of its network's {there}", field=f"{field}.{family}")


def _in_any(inner: Range, outer: Iterable[Range]) -> bool:
    return any(
        inner.version == one.version
        and _ends(one)[0] <= _ends(inner)[0]
        and _ends(inner)[1] <= _ends(one)[1]
        for one in outer
    )


def _first_free(wish: Range, pools: Sequence[Range], taken: list[Range], field: str) -> Range:
    fitting = [
        one for one in pools if one.version == wish.version and one.prefixlen <= wish.prefixlen
    ]
    if not fitting:
        raise Invalid(f"no range of size /{wish.prefixlen} can be given here", field=field)
    size = 2 ** (wish.max_prefixlen - wish.prefixlen)
    for pool in fitting:
        start, end = int(pool.network_address), int(pool.broadcast_address)
        others = [one for one in taken if one.version == pool.version]
        for first, last in sorted(map(_ends, others)):
            if last < start:
                continue
            if first >= start + size:
                break
            start = -(-(last + 1) // size) * size
        if start + size - 1 <= end:
            kind = IPv4Network if wish.version == 4 else IPv6Network
            return kind((start, wish.prefixlen))
    raise NoRoom(f"no range of size /{wish.prefixlen} is left", field=field)


def _ends(one: Range) -> tuple[int, int]:
    return int(one.network_address), int(one.broadcast_address)
