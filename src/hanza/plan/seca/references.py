"""What a reference names: short forms are completed from where they stand, full ones are read."""

from collections.abc import Mapping
from dataclasses import dataclass

from hanza.model.errors import Invalid
from hanza.model.kinds import BY_NAME, KINDS, Kind
from hanza.model.resource import Path

SHARED_TENANTS = frozenset({"public", "seca"})
"""Names that stand for what all tenants may use; nobody can be called so."""


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that is meant.  `workspace` and `network` are empty where its kind has none."""

    kind: Kind
    tenant: str
    workspace: str
    name: str
    network: str = ""

    @property
    def is_shared(self) -> bool:
        return self.tenant in SHARED_TENANTS


def target_of(reference: Mapping[str, object], kind_name: str, at: Path, field: str) -> Target:
    """Resolve a well-shaped reference that stands in the resource at `at`.

    Raises `Invalid` when it cannot name such a kind, or names another tenant's or region's.
    """
    kind, named = BY_NAME[kind_name], _named(reference, at, field)
    if named.provider not in ("", kind.provider):
        raise Invalid(f"a {kind.name} of {kind.provider} is needed here", field=field)
    return _target(kind, named, at, field)


def target_near(reference: Mapping[str, object], at: Path, field: str) -> Target | None:
    """Resolve a reference that can name any kind; None when that is another provider's.

    Raises `Invalid` as `target_of`, or when it does not say which kind is meant.
    """
    named, own = _named(reference, at, field), at.kind.provider
    meant = {kind.provider: kind for kind in _NAMEABLE if kind.collection == named.collection}
    provider = named.provider or (own if own in meant or not meant else next(iter(meant)))
    if provider != own:
        _check_tenant(named, named.collection, at, field)
        return None
    if own not in meant:
        text = f"{named.collection[:64]!r} is no kind that can be meant here"
        raise Invalid(text, field=field, hint="write KIND/NAME, such as internet-gateways/one")
    return _target(meant[own], named, at, field)


_NAMEABLE = tuple(kind for kind in KINDS if kind.is_writable)


@dataclass(frozen=True, slots=True)
class _Named:
    """A reference by its parts.  `provider` and `collection` are empty where it says none."""

    provider: str
    collection: str
    tenant: str
    workspace: str
    network: str
    name: str


def _named(reference: Mapping[str, object], at: Path, field: str) -> _Named:
    said = {key: value for key, value in reference.items() if isinstance(value, str) and value}
    if any("\0" in value for value in said.values()):
        raise Invalid("a reference is made of names", field=field)
    if at.kind.is_regional and said.get("region", at.region) != at.region:
        raise Invalid("what is in another region cannot be used here", field=field)
    words = said["resource"].strip("/").split("/")
    provider = said.get("provider", "")
    if len(words) > 2 and "." in words[0]:
        provider, words = words[0], words[2:]
    if not all(words):
        raise Invalid("a reference has no empty parts", field=field)
    *front, name = words
    collection = front.pop() if front else ""
    if len(front) % 2:
        raise Invalid("a reference goes by pairs such as workspaces/w", field=field)
    pairs = dict(zip(front[::2], front[1::2], strict=True))
    return _Named(
        provider=provider.split("/")[0],
        collection=collection,
        tenant=pairs.get("tenants", said.get("tenant", at.tenant)),
        workspace=pairs.get("workspaces", said.get("workspace", at.workspace)),
        network=pairs.get("networks", at.network),
        name=name,
    )


def _target(kind: Kind, named: _Named, at: Path, field: str) -> Target:
    """The word before the name is not held to anything: clients write several."""
    _check_tenant(named, kind.name, at, field)
    is_inside = kind.scope in ("workspace", "network")
    network = named.network if kind.scope == "network" else ""
    if kind.scope == "network" and not network:
        text = f"a {kind.name} is named with its network"
        hint = f"write networks/NETWORK/{kind.collection}/{named.name[:64]}"
        raise Invalid(text, field=field, hint=hint)
    return Target(kind, named.tenant, named.workspace if is_inside else "", named.name, network)


def _check_tenant(named: _Named, what: str, at: Path, field: str) -> None:
    if named.tenant not in (at.tenant, *SHARED_TENANTS):
        raise Invalid(f"there is no {what[:64]} {named.name[:128]!r} to refer to", field=field)
