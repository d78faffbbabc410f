"""Tenants: who wants things, and how their references are held to what exists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

References: TypeAlias = Literal["strict", "deferred"]
"""`strict`: what a resource names must exist; `deferred`: it may come into being later."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Everything of theirs bears the name; nobody else is told that it exists."""

    name: str
    references: References
    created_at: datetime
