"""What a provider takes: how much of each tenant and in all, and whose it refuses.

A provider's own word, above whatever tenants may ask.  It bounds what comes; what stands already
stays, and counts.
"""

from dataclasses import dataclass

from hanza.model.quota import UNLIMITED, Limits
from hanza.model.site import Country


@dataclass(frozen=True, slots=True)
class Terms:
    """`each` bounds what one tenant has there, `total` all tenants together; `denied` by name."""

    each: Limits = UNLIMITED
    total: Limits = UNLIMITED
    denied: frozenset[str] = frozenset()
    tenant_countries: frozenset[Country] = frozenset()
    """Nothing is taken of tenants from there, nor of whom no country is known."""
    data_classes: frozenset[str] = frozenset()
    """Nothing is taken that handles data of these classes, nor what does not say which."""
