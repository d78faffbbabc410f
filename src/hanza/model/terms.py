"""What a provider takes: how much of each tenant and in all, and whose it refuses.

A provider's own word, above whatever tenants may ask.  It bounds what comes; what stands already
stays, and counts.
"""

from dataclasses import dataclass

from hanza.model.quota import UNLIMITED, Limits


@dataclass(frozen=True, slots=True)
class Terms:
    """`each` bounds what one tenant has there, `total` all tenants together; `denied` by name."""

    each: Limits = UNLIMITED
    total: Limits = UNLIMITED
    denied: frozenset[str] = frozenset()
