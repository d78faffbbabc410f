"""For each kind that is done as soon as it is written down: where it is, and a spec of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanza.model import kinds
from hanza.model.kinds import Kind
from kit.standard import Asker


@dataclass(frozen=True)
class Case:
    """One kind, with a spec that is good and another one that it can be changed to."""

    kind: Kind
    good: Mapping[str, Any]
    other: Mapping[str, Any]

    def collection(self, asker: Asker) -> str:
        kind = self.kind
        region = f"/r/{asker.region}" if kind.is_regional else ""
        return f"{region}/providers/{kind.provider}/v1/tenants/{asker.tenant}/{kind.collection}"

    def path(self, asker: Asker, name: str) -> str:
        return f"{self.collection(asker)}/{name}"


def a_role(verb: str = "GET", provider: str = "seca.compute/v1") -> dict[str, Any]:
    return {"permissions": [{"provider": provider, "resources": ["*"], "verb": [verb]}]}


def an_assignment(role: str = "seca.workspace-viewer", sub: str = "ana") -> dict[str, Any]:
    scope = {"tenants": ["acme"], "regions": ["de"], "workspaces": ["later"]}
    return {"roles": [role], "subs": [sub], "scopes": [scope]}


CASES = (
    Case(kinds.ROLE, a_role(), a_role("post.start")),
    Case(kinds.ROLE_ASSIGNMENT, an_assignment(), an_assignment(sub="*")),
)
