"""The roles that every tenant has and nobody changes, as data.

The five of the standard, each with what it means in the federation's own API beside it, and one
of the federation's: `hanza.auditor` reads, also who may what, and asks for nothing.
"""

from hanza.model.access import EVERYTHING, Permission, Role

AUTHORIZATION = "seca.authorization/v1"
COMPUTE = "seca.compute/v1"
FEDERATION = "hanza.federation/v1"
NETWORK = "seca.network/v1"
STORAGE = "seca.storage/v1"
WORKSPACE = "seca.workspace/v1"

ALL = (EVERYTHING,)
READ = ("get", "list")
WRITE = (*READ, "put", "delete", "post")
_THINGS = ("apps", "instances", "volumes")
_WITHIN = (COMPUTE, NETWORK, STORAGE)


def _over(verbs: tuple[str, ...]) -> tuple[Permission, ...]:
    """These verbs on everything that lives in workspaces, and on what it is made of."""
    return tuple(Permission(provider, ALL, verbs) for provider in _WITHIN)


ASK = Permission(FEDERATION, ("quotes", "rebalance"), ("post",))
"""What something would cost, where it would run, and what might move: questions, though POSTs."""
LOOK = Permission(
    FEDERATION,
    (*_THINGS, "clients", "events", "policy", "quota", "tenants", "usage", "violations"),
    READ,
)
RUN = Permission(FEDERATION, _THINGS, WRITE)

ADMIN = Role("seca.admin", (Permission(EVERYTHING, ALL, ALL),))
"""All that is the tenant's, with its users, roles and assignments."""

REGION_ADMIN = Role(
    "seca.region-admin",
    (
        *_over(ALL),
        Permission(WORKSPACE, ALL, ALL),
        Permission(AUTHORIZATION, ALL, READ),
        Permission(FEDERATION, ("clients", "policy"), WRITE),
        RUN,
        LOOK,
        ASK,
    ),
)
"""All but who may what; meant to be bounded to regions."""

WORKSPACE_ADMIN = Role(
    "seca.workspace-admin",
    (
        *_over(ALL),
        Permission(WORKSPACE, ("workspaces",), (*READ, "put", "delete")),
        Permission(FEDERATION, ("policy",), WRITE),
        RUN,
        LOOK,
        ASK,
    ),
)
"""A workspace and everything in it, its policy and its end included."""

WORKSPACE_EDITOR = Role(
    "seca.workspace-editor",
    (*_over(WRITE), Permission(WORKSPACE, ("workspaces",), READ), RUN, LOOK, ASK),
)
"""Everything in a workspace; the workspace itself and its policy stay as they are."""

WORKSPACE_VIEWER = Role(
    "seca.workspace-viewer",
    (*_over(READ), Permission(WORKSPACE, ("workspaces",), READ), LOOK, ASK),
)
"""Looks, and asks what something would cost."""

AUDITOR = Role("hanza.auditor", (Permission(EVERYTHING, ALL, READ),))
"""Reads all that is the tenant's, also who may what."""

SYSTEM_ROLES = (ADMIN, REGION_ADMIN, WORKSPACE_ADMIN, WORKSPACE_EDITOR, WORKSPACE_VIEWER, AUDITOR)
SYSTEM_ROLE_NAMES = frozenset(role.name for role in SYSTEM_ROLES)
DEFAULT_ROLE = ADMIN.name
"""Of a user who is added without a word on roles."""
