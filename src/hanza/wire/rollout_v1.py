"""Releases and rollouts as documents of `hanza.federation/v1`; bytes travel as base64."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from hanza.model.release import Consent
from hanza.wire.mastery_v1 import Text, WhereDoc
from hanza.wire.release_v1 import SIGNATURE_BYTES, SignedDoc

RINGS_MAX = 20
Shown: TypeAlias = Literal["running", "halted", "done"]
Seconds = Annotated[float, Meta(ge=1, le=30 * 86400)]


class ReleaseKeyDoc(Struct, rename="camel"):
    """A public key whose signatures of releases count; one that is revoked never counts again."""

    key: str
    is_revoked: bool = False


class RevocationSpec(Struct, forbid_unknown_fields=True):
    """The key's own signature that it counts no more."""

    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class RevocationPost(Struct, forbid_unknown_fields=True):
    spec: RevocationSpec


class ReleasePost(Struct, forbid_unknown_fields=True):
    """The archive is sent first, as a blob."""

    spec: SignedDoc


class ReleaseDoc(Struct, rename="camel"):
    version: str
    tag: str
    sha256: str
    size: int
    key: str
    expires_at: datetime


class RingDoc(Struct, forbid_unknown_fields=True):
    """Whose agents: of these sites, or with `all` of all that are in no ring before."""

    where: WhereDoc = msgspec.field(default_factory=WhereDoc)
    all: bool = False


class RolloutSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    """`soakSeconds`: a ring keeps its links for so long before the next begins.
    `backWithinSeconds`: from being asked to being linked with the release.  `atOnce`: of a ring.
    `failingMax`: the share of a ring that may fail."""

    release: Text
    rings: Annotated[list[RingDoc], Meta(min_length=1, max_length=RINGS_MAX)]
    soak_seconds: Seconds = 3600
    back_within_seconds: Seconds = 1200
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 10
    failing_max: Annotated[float, Meta(ge=0, le=1)] = 0.02
    dry_run: bool = False


class RolloutPost(Struct, forbid_unknown_fields=True):
    spec: RolloutSpec


class RolloutActSpec(Struct, forbid_unknown_fields=True):
    act: Literal["halt", "resume"]
    why: Text = ""


class RolloutActPost(Struct, forbid_unknown_fields=True):
    spec: RolloutActSpec


class UpdatingDoc(Struct, rename="camel"):
    """`untried` is who is asked in its turn; `none` who is not, and `why`."""

    agent: str
    site: str
    provider: str
    ring: int
    release: str
    condition: Literal["none", "untried", "under_way", "good", "failed"]
    why: str


class RingCountDoc(Struct, rename="camel"):
    ring: int
    none: int
    untried: int
    under_way: int
    good: int
    failed: int


class RolloutDoc(Struct, rename="camel"):
    release: str
    state: Shown
    """`done`: everybody who may and can have the release has it; who can later gets it later."""
    why: str
    by: str
    attempt: int
    since: datetime
    rings: list[RingCountDoc]
    agents: list[UpdatingDoc]


class OwnRolloutDoc(Struct):
    release: str
    state: Shown
    agents: list[UpdatingDoc]


class UpdatePolicySpec(Struct, forbid_unknown_fields=True):
    consent: Consent


class UpdatePolicyPut(Struct, forbid_unknown_fields=True):
    spec: UpdatePolicySpec


class UpdateWordSpec(Struct, forbid_unknown_fields=True):
    release: Text


class UpdateWordPost(Struct, forbid_unknown_fields=True):
    spec: UpdateWordSpec


class UpdatePolicyDoc(Struct):
    """`rollout` is the one that was started last, as far as the provider's own agents go."""

    provider: str
    consent: Consent
    words: list[str]
    rollout: OwnRolloutDoc | None = None
