"""What a reference names: short forms are completed from where they stand, full ones are read."""

from collections.abc import Mapping
from dataclasses import dataclass

from hanza.model.errors import Invalid
from hanza.model.kinds import BY_NAME, Kind
from hanza.model.resource import Path

SHARED_TENANTS = frozenset({"public", "seca"})
"""Names that stand for what all tenants may use; nobody can be called so."""


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that is meant.  `workspace` is empty where its kind has none."""

    kind: Kind
    tenant: str
    workspace: str
    name: str

    @property
    def is_shared(self) -> bool:
        return self.tenant in SHARED_TENANTS


def target_of(reference: Mapping[str, object], kind_name: str, at: Path, field: str) -> Target:
    """Resolve a well-shaped reference that stands in the resource at `at`.

    Raises `Invalid` when it cannot name such a kind, or names another tenant's or region's.
    """
    kind = BY_NAME[kind_name]
    said = {key: value for key, value in reference.items() if isinstance(value, str) and value}
    if any("\0" in value for value in said.values()):
        raise Invalid("a reference is made of names", field=field)
    if said.get("region", at.region) != at.region:
        raise Invalid("what is in another region cannot be used here", field=field)
    words = said["resource"].strip("/").split("/")
    provider = said.get("provider", "")
    if len(words) > 2 and "." in words[0]:
        provider, words = f"{words[0]}/{words[1]}", words[2:]
    if provider.split("/")[0] not in ("", kind.provider):
        raise Invalid(f"a {kind.name} of {kind.provider} is needed here", field=field)
    pairs, name = _pairs(words, field)
    tenant = pairs.get("tenants", said.get("tenant", at.tenant))
    workspace = pairs.get("workspaces", said.get("workspace", at.workspace))
    target = Target(kind, tenant, workspace if kind.scope == "workspace" else "", name)
    if target.tenant != at.tenant and not target.is_shared:
        raise Invalid(f"there is no {kind.name} {name[:128]!r} to refer to", field=field)
    return target


def _pairs(words: list[str], field: str) -> tuple[dict[str, str], str]:
    """`tenants/t/workspaces/w/block-storages/b` by its parts; the last part is the name.

    The word before the name is not held to anything: clients write several.
    """
    if not all(words):
        raise Invalid("a reference has no empty parts", field=field)
    *front, name = words
    if front:
        front.pop()
    if len(front) % 2:
        raise Invalid("a reference goes by pairs such as workspaces/w", field=field)
    return dict(zip(front[::2], front[1::2], strict=True)), name
