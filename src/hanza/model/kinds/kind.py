"""What a kind of resource is, and the limits that all kinds share: those of SECA v1.7."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.fields import Free, Member, Record, Text

Scope: TypeAlias = Literal["global", "global-tenant", "tenant", "workspace", "network"]
"""What a resource is inside of: all but the two global ones are in a region, too."""
Action: TypeAlias = Literal["start", "stop", "restart"]

VERSION = "v1"
INSIDE: dict[Scope, str] = {
    "global": "",
    "global-tenant": "/tenants/{tenant}",
    "tenant": "/tenants/{tenant}",
    "workspace": "/tenants/{tenant}/workspaces/{workspace}",
    "network": "/tenants/{tenant}/workspaces/{workspace}/networks/{network}",
}
"""The path from the version to the collection."""
NAME_CHARACTERS_MAX = 128
ID_CHARACTERS_MAX = 64
URN_CHARACTERS_MAX = 255
LABEL_CHARACTERS_MAX = 63
ANNOTATION_CHARACTERS_MAX = 1024
WORDS_MAX = 64
"""How many labels a resource has, or annotations, or extensions; the standard leaves it to us.
A selector looks at every label of every resource, so they are what a look costs."""
KEY_CHARACTERS_MAX = 256
CONDITIONS_MAX = 32
NAME_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"

NOTHING = Record(())
ZONE = Text(1, 32)
PLACEMENT = Record(
    tuple(
        Member(name, Text(), is_required=True) for name in ("city", "country", "provider", "site")
    )
)
"""Where a thing is; ours, beside what the standard shows."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource."""

    name: str
    provider: str
    collection: str
    scope: Scope
    spec: Record | Free
    status: Record
    """Members beyond state and conditions."""
    version: str = VERSION
    is_writable: bool = True
    actions: tuple[Action, ...] = ()
    keeps_parent: bool = False
    """The workspace or network that holds one of these is not deleted."""
    reserved: tuple[str, ...] = ()
    """Names that begin so are the federation's own: tenants neither write nor delete them."""

    is_log: bool = False
    """It is listed, and none is ever asked for by its name."""

    @property
    def urn_provider(self) -> str:
        return f"{self.provider}/{self.version}"

    @property
    def is_regional(self) -> bool:
        return self.scope not in ("global", "global-tenant")
