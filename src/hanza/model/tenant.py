"""Tenants: who wants things, and how their references are held to what exists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.site import Country

References: TypeAlias = Literal["strict", "deferred"]
"""`strict`: what a resource names must exist; `deferred`: it may come into being later."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Everything of theirs bears the name; nobody else is told that it exists."""

    name: str
    references: References
    created_at: datetime
    country: Country | None = None
    """Where it is at home, by the operator's word; None where nobody said."""
