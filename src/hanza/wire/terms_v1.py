"""Providers' own terms as documents of `hanza.federation/v1`: caps, denials, and what is taken."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hanza.model.quota import NONE, Amounts, Limits
from hanza.model.terms import Terms
from hanza.plan.admission import check_name, check_word
from hanza.plan.countries import countries_of
from hanza.plan.placement.terms import ALL

Limit = Annotated[int, Meta(ge=0, le=10**12)] | None
_NAMES = {"memory_mib": "memoryMiB", "storage_mib": "storageMiB"}


class CapsDoc(Struct, forbid_unknown_fields=True, rename=_NAMES):
    """The most of each; what is left out or null is without limit."""

    instances: Limit = None
    cpus: Limit = None
    memory_mib: Limit = None
    storage_mib: Limit = None


Words = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=300)]


class DenyDoc(Struct, forbid_unknown_fields=True, rename="camel"):
    """`tenantCountries` are codes, or names of sets such as EU; who is of no known country, or
    does not say which classes of data it handles, is denied where one is named."""

    tenants: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=10_000)] = []
    tenant_countries: Words = []
    data_classes: Words = []


class TermsSpec(Struct, forbid_unknown_fields=True):
    """`each` bounds what one tenant has there, `total` all tenants together; nothing new is taken
    of whom it denies."""

    each: CapsDoc = msgspec.field(default_factory=CapsDoc)
    total: CapsDoc = msgspec.field(default_factory=CapsDoc)
    deny: DenyDoc = msgspec.field(default_factory=DenyDoc)


class TermsPut(Struct, forbid_unknown_fields=True):
    """All of them at once: what is not named is not bounded afterwards."""

    spec: TermsSpec = msgspec.field(default_factory=TermsSpec)


class TermsMetadata(Struct, rename="camel"):
    """`generation` is 0 and `changedAt` null where a provider has no terms."""

    provider: str
    generation: int
    changed_at: datetime | None


class TakenDoc(Struct, rename=_NAMES):
    instances: int
    cpus: int
    memory_mib: int
    storage_mib: int


class TermsStatus(Struct):
    """What is there, in all and of each tenant; counted only while there are terms."""

    total: TakenDoc
    tenants: dict[str, TakenDoc]


class TermsDoc(Struct):
    metadata: TermsMetadata
    spec: TermsSpec
    status: TermsStatus


def terms_from_spec(spec: TermsSpec) -> Terms:
    """Raises `Invalid` naming what could be no tenant's name, no country or no word."""
    deny = spec.deny
    denied = (check_name(name, f"spec.deny.tenants[{n}]") for n, name in enumerate(deny.tenants))
    classes = (
        check_word(word, f"spec.deny.dataClasses[{n}]") for n, word in enumerate(deny.data_classes)
    )
    return Terms(
        _limits(spec.each),
        _limits(spec.total),
        frozenset(denied),
        countries_of(deny.tenant_countries, "spec.deny.tenantCountries"),
        frozenset(classes),
    )


def terms_to_doc(
    provider: str,
    terms: Terms,
    taken: Mapping[str, Amounts],
    version: int,
    changed_at: datetime | None,
) -> TermsDoc:
    deny = DenyDoc(sorted(terms.denied), sorted(terms.tenant_countries), sorted(terms.data_classes))
    spec = TermsSpec(_caps(terms.each), _caps(terms.total), deny)
    tenants = {name: _taken(taken[name]) for name in sorted(taken) if name != ALL}
    status = TermsStatus(_taken(taken.get(ALL, NONE)), tenants)
    return TermsDoc(TermsMetadata(provider, version, changed_at), spec, status)


def _limits(caps: CapsDoc) -> Limits:
    return Limits(caps.instances, caps.cpus, caps.memory_mib, caps.storage_mib)


def _caps(limits: Limits) -> CapsDoc:
    return CapsDoc(limits.instances, limits.cpus, limits.memory_mib, limits.storage_mib)


def _taken(amounts: Amounts) -> TakenDoc:
    return TakenDoc(amounts.instances, amounts.cpus, amounts.memory_mib, amounts.storage_mib)
