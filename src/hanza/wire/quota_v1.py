"""Quotas as documents of `hanza.federation/v1`: limits are `spec`, what is used is `status`."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hanza.model.quota import DIMENSIONS, Amounts, Dimension, Limits, Scope
from hanza.plan.quota import overfull

NAMES: dict[Dimension, str] = {
    "instances": "instances",
    "cpus": "cpus",
    "memory_mib": "memoryMiB",
    "storage_mib": "storageMiB",
    "addresses": "addresses",
}
Limit = Annotated[int, Meta(ge=0, le=10**12)] | None


class QuotaSpec(Struct, forbid_unknown_fields=True, rename=NAMES):
    """The most of each; what is left out or null is without limit."""

    instances: Limit = None
    cpus: Limit = None
    memory_mib: Limit = None
    storage_mib: Limit = None
    addresses: Limit = None


class QuotaPut(Struct, forbid_unknown_fields=True):
    """All limits at once: what is not named has none afterwards."""

    spec: QuotaSpec = msgspec.field(default_factory=QuotaSpec)


class QuotaMetadata(Struct, rename="camel"):
    """`generation` is 0 and `changedAt` null where no quota was set; `workspace` is empty for the
    whole tenant's."""

    tenant: str
    workspace: str
    generation: int
    changed_at: datetime | None


class UsedDoc(Struct, rename=NAMES):
    instances: int
    cpus: int
    memory_mib: int
    storage_mib: int
    addresses: int


class QuotaStatus(Struct, rename="camel"):
    """`overfull` names that of which there is more than may be: nothing more of it is admitted
    until there is less."""

    used: UsedDoc
    overfull: list[str]


class QuotaDoc(Struct):
    metadata: QuotaMetadata
    spec: QuotaSpec
    status: QuotaStatus


def limits_from_doc(spec: QuotaSpec) -> Limits:
    return Limits(*(getattr(spec, one) for one in DIMENSIONS))


def quota_to_doc(
    scope: Scope, limits: Limits, used: Amounts, version: int, changed_at: datetime | None
) -> QuotaDoc:
    return QuotaDoc(
        QuotaMetadata(scope.tenant, scope.workspace, version, changed_at),
        QuotaSpec(*(limits.of(one) for one in DIMENSIONS)),
        QuotaStatus(
            UsedDoc(*(used.of(one) for one in DIMENSIONS)),
            [NAMES[one] for one in overfull(used, limits)],
        ),
    )
