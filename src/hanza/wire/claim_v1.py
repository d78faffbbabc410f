"""Until when providers and sites claim something; part of `hanza.federation/v1`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.site import Claim
from hanza.plan.admission import check_attribute, check_name, check_value

Text = Annotated[str, Meta(max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class ClaimSpec(Struct, forbid_unknown_fields=True):
    """A value of an attribute of a provider or a site; it counts until then, or for ever."""

    attribute: Text
    value: Text
    provider: Text | None = None
    site: Text | None = None
    until: Moment | None = None


class ClaimPost(Struct, forbid_unknown_fields=True):
    spec: ClaimSpec


class ClaimStatus(Struct):
    """What has ended is not known any more, as if nobody had claimed it."""

    state: Literal["stands", "ended"]


class ClaimDoc(Struct):
    spec: ClaimSpec
    status: ClaimStatus = msgspec.field(default_factory=lambda: ClaimStatus("stands"))


def claim_from_spec(spec: ClaimSpec) -> Claim:
    """Raises `Invalid` naming the member that is wrong."""
    if (spec.provider is None) == (spec.site is None):
        raise Invalid("name one provider or one site", field="spec.provider")
    kind: Literal["provider", "site"] = "site" if spec.provider is None else "provider"
    member = check_name(spec.provider or spec.site or "", f"spec.{kind}")
    attribute = check_attribute(spec.attribute, "spec.attribute")
    return Claim(kind, member, attribute, check_value(spec.value, "spec.value"), spec.until)


def claim_to_doc(one: Claim) -> ClaimDoc:
    names = {one.kind: one.member}
    spec = ClaimSpec(one.attribute, one.value, until=one.until, **names)
    return ClaimDoc(spec, ClaimStatus("ended" if one.has_ended else "stands"))
