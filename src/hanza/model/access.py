"""Who may do what: permissions, roles, and whom a role is assigned to within which bounds.

The nouns of SECA's authorisation.  Deciding by them is `plan/access`.
"""

from dataclasses import dataclass

EVERYTHING = "*"
ASSIGNED_ROLES_MAX = 32
USERS_OF_A_TENANT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Permission:
    """Verbs on resources of one provider, such as `get` on `images/*` of `seca.storage/v1`."""

    provider: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A name for permissions."""

    name: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an assignment or a token is bounded to.  An empty member bounds nothing."""

    tenants: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    workspaces: frozenset[str] = frozenset()


UNBOUNDED = Scope()


@dataclass(frozen=True, slots=True)
class Assignment:
    """These subjects have these roles, within any one of these scopes.  `*` is every user."""

    subjects: frozenset[str]
    roles: tuple[str, ...]
    scopes: tuple[Scope, ...] = (UNBOUNDED,)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as roles see it.  Region and workspace are empty where its path has none."""

    provider: str
    resource: str
    verb: str
    tenant: str
    region: str = ""
    workspace: str = ""
    is_common: bool = False
    """Whether it reads what everybody in the tenant needs, whatever workspace they are bound to:
    SKUs, images and the tenant itself."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a user has without an assignment: given with the user, or as the one who made
    the workspace.  The empty workspace is all of them."""

    role: str
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whom a tenant knows.  `subject` is a token's, with its issuer's name in front
    where that is not this federation: `corp:248289761001`."""

    tenant: str
    subject: str
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantAccess:
    """Everything that decides what the users of one tenant may do, as it is at one moment."""

    tenant: str
    users: frozenset[str] = frozenset()
    roles: tuple[Role, ...] = ()
    """The tenant's own."""
    assignments: tuple[Assignment, ...] = ()
