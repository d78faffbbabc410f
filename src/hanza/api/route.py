"""What a route is: method and path lead to a handler, for those who may.

Who may is one of six words.  For `BY_ROLE` the path says the rest: `right_of` reads provider,
resource and verb from it, as SECA's roles name them, so no second table can forget a route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from hanza.api.calls import Handler
from hanza.model.access import Ask
from hanza.model.errors import Bug

PUBLIC = "public"
"""No token: these prove the caller in another way, or tell only what all may know."""
KNOWN = "known"
"""Whoever has a good token: what no tenant owns and every tenant needs, such as regions."""
OPERATOR = "operator"
"""The federation's operator and nobody else."""
WATCHER = "watcher"
"""Whoever reads the numbers, and the operator."""
OF_PROVIDER = "provider"
"""Whoever acts for the path's provider: to look as viewer, to change as admin; and the operator."""
BY_ROLE = "role"
"""Whoever has a role for it in the path's tenant."""
AUDIENCES = frozenset({PUBLIC, KNOWN, OPERATOR, WATCHER, OF_PROVIDER, BY_ROLE})

Names: TypeAlias = Mapping[str, str]
_ACCESS = frozenset(
    {
        "issuers",
        "role-assignments",
        "roles",
        "signing-keys",
        "tenants",
        "tokens",
        "users",
        "workspaces",
    }
)
"""What decides who may do what, or is made by somebody who then may do more in it."""
_ITEM_VERBS = {"GET": "get", "PUT": "put", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Right:
    """What a role must allow, with the names of the path still to be filled in."""

    provider: str
    resource: str
    verb: str
    is_common: bool = False
    names_workspace: bool = False
    """Whether the resource is a workspace, and so lies within itself."""

    def ask(self, names: Names) -> Ask:
        workspace = names["name"] if self.names_workspace else names.get("workspace", "")
        return Ask(
            self.provider,
            self.resource.format_map(names),
            self.verb,
            names["tenant"],
            names.get("region", ""),
            workspace,
            self.is_common,
        )

    def __str__(self) -> str:
        return f"{self.verb} `{self.resource}` of {self.provider}"


@dataclass(frozen=True, slots=True)
class Route:
    """One that does not say who may call it does not construct."""

    method: str
    path: str
    handler: Handler
    permission: str
    may_stream: bool = False
    """Whether who asks for `text/event-stream` gets events as they happen instead."""
    streams: bool = False
    """Whether its body may be large, and is handed on as it comes."""
    is_shared: bool = False
    """Whether what the tenants `public` and `seca` have is shown to those of any tenant."""
    is_common: bool = False
    """Whether users that are bound to workspaces read it too, though it is in none."""
    verb: str = ""
    """The verb of the right, where method and path do not say it."""

    def __post_init__(self) -> None:
        if self.permission not in AUDIENCES:
            raise Bug(f"{self.method} {self.path} says nothing of who may call it")
        if self.permission == BY_ROLE and "/tenants/{tenant}" not in self.path:
            raise Bug(f"{self.method} {self.path} is in no tenant, and roles are a tenant's")

        if self.permission == OF_PROVIDER and "/providers/{provider}/" not in self.path:
            raise Bug(f"{self.method} {self.path} is of no provider")

    @property
    def changes_access(self) -> bool:
        """Whether afterwards somebody may do what they could not, or can no longer."""
        return self.method != "GET" and not _ACCESS.isdisjoint(self.path.split("/")[-3:])

    @property
    def right(self) -> Right | None:
        """What a role must allow; None where roles do not decide."""
        return right_of(self) if self.permission == BY_ROLE else None


def right_of(route: Route) -> Right:
    """From `…/providers/P/v1/tenants/{tenant}[/workspaces/{workspace}]/RESOURCE`."""
    head, _, below = route.path.partition("/tenants/{tenant}")
    provider = head.partition("/providers/")[2]
    inside = below.removeprefix("/workspaces/{workspace}")
    resource = inside.removeprefix("/") or "tenants/{tenant}"
    last = resource.rpartition("/")[2]
    is_item = last.startswith("{")
    if route.method == "POST":
        verb = "post" if "/" not in resource else f"post.{last}"
        resource = resource if "/" not in resource else resource.removesuffix("/" + last)
    else:
        verb = _ITEM_VERBS[route.method] if is_item or route.method != "GET" else "list"
    names_workspace = resource == "workspaces/{name}"
    return Right(provider, resource, route.verb or verb, route.is_common, names_workspace)
