"""Kept policies and what violates them, as documents of `hanza.federation/v1`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from hanza.model.errors import Invalid
from hanza.model.policy import Policy
from hanza.plan.admission import refuse_strangers
from hanza.plan.placement.violations import Violation
from hanza.wire.policy_shape import PolicyDoc
from hanza.wire.policy_v1 import FindCity, policy_from_doc, policy_to_doc


class PolicyPut(Struct, forbid_unknown_fields=True):
    """What a tenant keeps for itself or for a workspace."""

    spec: PolicyDoc


class KeptMetadata(Struct, rename="camel"):
    """`generation` grows with each change; `If-Match` is held against it."""

    tenant: str
    workspace: str
    generation: int
    changed_at: datetime


class ViolationDoc(Struct):
    """One broken rule: whose place breaks it, whose words it is, how, and since when it is known.

    `since` is null until it was noted, which is a moment after it began.
    """

    workspace: str
    name: str
    site: str
    level: str
    rule: str
    text: str
    sentence: str
    since: datetime | None


class KeptStatus(Struct, rename="camel"):
    """`effective` is what holds: this, tightened by what stands above it; `warnings` tell what was
    said and is most likely a slip."""

    effective: PolicyDoc
    violations: list[ViolationDoc]
    warnings: list[str]


class KeptDoc(Struct):
    metadata: KeptMetadata
    spec: PolicyDoc
    status: KeptStatus


def policy_from_put(put: PolicyPut, find_city: FindCity) -> Policy:
    """Raises `Invalid` naming the member."""
    try:
        policy = policy_from_doc(put.spec, find_city)
        refuse_strangers(policy, "with", ())
        return policy
    except Invalid as error:
        raise Invalid(error.text, field=f"spec.{error.field}", hint=error.hint) from error


def kept_to_doc(
    metadata: KeptMetadata,
    policy: Policy,
    effective: Policy,
    violations: list[ViolationDoc],
    warnings: Sequence[str],
) -> KeptDoc:
    status = KeptStatus(policy_to_doc(effective), violations, list(warnings))
    return KeptDoc(metadata, policy_to_doc(policy), status)


def violation_to_doc(one: Violation, since: datetime | None) -> ViolationDoc:
    address = one.address
    words: dict[str, Any] = {"rule": one.rule, "text": one.text, "sentence": one.sentence}
    return ViolationDoc(address.workspace, address.name, one.site, one.level, since=since, **words)
